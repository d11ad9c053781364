"""Absences and other events with their counter, footage and alert: six queries for any number of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select

from analytics.runs import UNKNOWN
from storage.models import Absence, Alert, AlertState, DisputeState, EventKind, FootageLink, Presence, StaffState
from storage.presence_now import seen_until
from web.pages.dispute_rows import overdue
from web.pages.places import CounterRef, counters_by_id
from web.pages.step_rows import Clip, clip_of


@dataclass(frozen=True)
class AbsenceRow:
    id: int
    kind: EventKind
    people_rule: int | None
    """Of a rule about their number: required, or too many from the next on."""
    people_seen: int | None
    """The fewest, or the most."""
    counter: CounterRef
    start: datetime
    end: datetime | None
    """None while it lasts."""
    seen_until: datetime
    """Its end; while it lasts, the last moment in which somebody watched."""
    ended_by: str
    said_until: datetime | None
    """Of one that was taken back: until when it had been said to last."""
    unknown_why: str
    """Where it ended because nobody knows more: why, as of presence; empty where that is not known either."""
    threshold_s: int
    customer_waiting: bool
    clip: Clip | None
    alert_id: int | None
    alert_state: AlertState | None
    dispute: DisputeState | None
    """None: nobody has disputed it."""
    is_overdue: bool
    """It is disputed, and nobody has decided on that in time."""


def absence_rows(session: Session, absences: Sequence[Absence], now: datetime) -> tuple[AbsenceRow, ...]:
    ids = [absence.id for absence in absences]
    found = session.exec(select(FootageLink).where(col(FootageLink.absence_id).in_(ids)))
    links = {link.absence_id: link for link in found}
    alerts = {a.absence_id: a for a in session.exec(select(Alert).where(col(Alert.absence_id).in_(ids)))}
    counters = counters_by_id(session, (absence.counter_id for absence in absences))
    why = _why_unknown(session, ids)
    until, late = seen_until(session, absences, now), overdue(session, absences, now)
    return tuple(
        _row(
            a,
            until[a.id],
            why.get(a.id, ""),
            counters[a.counter_id],
            links.get(a.id),
            alerts.get(a.id),
            is_overdue=a.id in late,
        )
        for a in absences
        if a.id is not None
    )


def _why_unknown(session: Session, ids: Sequence[int | None]) -> dict[int | None, str]:
    """What is said of the counter from the end of each on that ended as unknown."""
    goes_on = or_(col(Presence.end).is_(None), col(Presence.end) > col(Absence.end))
    found = session.exec(
        select(Absence.id, Presence.reason)
        .join(Presence, col(Presence.counter_id) == col(Absence.counter_id))
        .where(col(Absence.id).in_(ids), Absence.ended_by == UNKNOWN, Presence.staff == StaffState.UNKNOWN)
        .where(col(Presence.start) <= col(Absence.end), goes_on)
    )
    return dict(found.all())


def _row(
    absence: Absence,
    until: datetime,
    why: str,
    counter: CounterRef,
    link: FootageLink | None,
    alert: Alert | None,
    *,
    is_overdue: bool,
) -> AbsenceRow:
    assert absence.id is not None
    return AbsenceRow(
        id=absence.id,
        kind=absence.kind,
        people_rule=absence.people_rule,
        people_seen=absence.people_seen,
        counter=counter,
        start=absence.start,
        end=absence.end,
        seen_until=until,
        ended_by=absence.ended_by,
        said_until=absence.said_until,
        unknown_why=why,
        threshold_s=absence.threshold_s,
        customer_waiting=absence.customer_waiting,
        clip=clip_of(link),
        alert_id=alert.id if alert else None,
        alert_state=alert.state if alert else None,
        dispute=absence.dispute,
        is_overdue=is_overdue,
    )
