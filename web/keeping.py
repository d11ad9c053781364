"""Writes how long footage is kept, as declared, by file or by page. A deletion names the version that it went by."""

from datetime import datetime

from sqlmodel import Session, col, func, select

from storage.models import FootageKind, RetentionRule
from web.declarations import RetentionDeclaration


def retention_in_force(
    session: Session, hall_id: str | None, counter_id: str | None, kind: FootageKind
) -> list[RetentionRule]:
    found = session.exec(
        select(RetentionRule).where(
            RetentionRule.hall_id == hall_id,
            RetentionRule.counter_id == counter_id,
            RetentionRule.kind == kind,
            col(RetentionRule.valid_to).is_(None),
        )
    )
    return list(found)


def put_retention(session: Session, declared: RetentionDeclaration, now: datetime) -> RetentionRule:
    """A new version from now on; the same number of days again changes nothing."""
    for rule in retention_in_force(session, declared.hall, declared.counter, declared.kind):
        if rule.days == declared.days:
            return rule
        end_retention(session, rule, now)
    rule = RetentionRule(
        hall_id=declared.hall,
        counter_id=declared.counter,
        kind=declared.kind,
        version=_last_version(session, declared) + 1,
        days=declared.days,
        valid_from=now,
    )
    session.add(rule)
    session.flush()
    return rule


def end_retention(session: Session, rule: RetentionRule, now: datetime) -> None:
    rule.valid_to = now
    session.add(rule)


def _last_version(session: Session, declared: RetentionDeclaration) -> int:
    """Also of one that has ended: a version names one rule for ever."""
    newest = select(func.max(RetentionRule.version)).where(
        RetentionRule.hall_id == declared.hall,
        RetentionRule.counter_id == declared.counter,
        RetentionRule.kind == declared.kind,
    )
    return session.exec(newest).one() or 0
