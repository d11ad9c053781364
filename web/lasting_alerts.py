"""Alerts that nothing has resolved yet, as the watches that raise and resolve them ask for them."""

from collections.abc import Iterable
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from storage.models import Alert, AlertKind, AlertState

log = structlog.get_logger(__name__)


def lasting(session: Session, *kinds: AlertKind) -> list[Alert]:
    return list(session.exec(select(Alert).where(col(Alert.kind).in_(kinds), col(Alert.resolved_at).is_(None))))


def resolve(over: Iterable[Alert], now: datetime, event: str, **told: str) -> int:
    """Returns how many. Each is logged as `event`; `told` says by which names, with which of the alert's columns."""
    count = 0
    for alert in over:
        log.info(event, **{name: getattr(alert, of) for name, of in told.items()})
        alert.state, alert.resolved_at = AlertState.RESOLVED, now
        count += 1
    return count
