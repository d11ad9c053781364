"""Findings come and go with what they rest on; none is ever deleted."""

from datetime import datetime

from sqlmodel import Session

from storage.models import Finding


def raise_finding(session: Session, before: Finding | None, found: Finding) -> bool:
    """Adds the finding, or renews the one there was; returns whether it is new or was withdrawn."""
    if before is None:
        session.add(found)
        return True
    revived = before.withdrawn_at is not None
    if revived:
        before.found_at, before.withdrawn_at = found.found_at, None
    before.counter_id, before.evidence = found.counter_id, found.evidence
    return revived


def withdraw_finding(before: Finding | None, now: datetime) -> bool:
    """Returns whether there was one to withdraw."""
    if before is None or before.withdrawn_at is not None:
        return False
    before.withdrawn_at = now
    return True
