"""Alerts that nothing has resolved yet, as the watches that raise and resolve them ask for them."""

from sqlmodel import Session, col, select

from storage.models import Alert, AlertKind


def lasting(session: Session, *kinds: AlertKind) -> list[Alert]:
    return list(session.exec(select(Alert).where(col(Alert.kind).in_(kinds), col(Alert.resolved_at).is_(None))))
