"""Writes what was seen: presence, absences, faults, alerts. Every function works inside the caller's transaction."""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from analytics import neighbours
from analytics.absence import CHANGED, WITHDRAWN, FoundAbsence, may_last, sought_as
from analytics.aim import NewAim, written
from analytics.contesting import Frames
from analytics.going_on import ENDLESS, apart_from
from analytics.health import FaultChange
from analytics.plan import WatchPlan, why_unwatched
from analytics.presence import Transition
from analytics.rule import Rule
from analytics.runs import Excuse, PresenceSpan
from analytics.spoken import decided_in, settle
from storage.intervals import Span
from storage.models import (
    ACCUSING,
    Absence,
    Alert,
    AlertKind,
    AlertState,
    CameraAim,
    CameraFault,
    Counter,
    CustomerState,
    EventKind,
    FaultKind,
    Presence,
    StaffState,
    View,
    WatchCursor,
)
from storage.models.columns import JsonObject

ALERTED_AS = {
    EventKind.ABSENCE: AlertKind.ABSENCE,
    EventKind.TOO_FEW: AlertKind.ABSENCE,
    EventKind.UNATTENDED: AlertKind.UNATTENDED,
    EventKind.QUEUE: AlertKind.QUEUE,
    EventKind.NEVER_STAFFED: AlertKind.NEVER_STAFFED,
    EventKind.LEFT_EARLY: AlertKind.LEFT_EARLY,
    EventKind.CROWD: AlertKind.CROWD,
}
MAX_EVIDENCE = 100
"""Spans that an absence keeps: the first ones made it one, the newest say how it goes on."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where a counter's presence stood when the last watcher stopped."""

    state: Transition
    history: tuple[PresenceSpan, ...]
    """Up to the open span, as far back as anything that lasts may have begun."""


def take_turns(session: Session, counter_id: str) -> None:
    """Who writes a counter's presence live and who writes its past anew wait for each other."""
    unchanged = update(Counter).where(col(Counter.id) == counter_id).values(name=Counter.name)
    session.execute(unchanged.execution_options(synchronize_session=False))


def write_transitions(session: Session, transitions: Iterable[Transition], source: str) -> None:
    """Ends each counter's open presence and begins the next; one dated at the open one's start replaces it."""
    changes = list(transitions)
    for counter_id in sorted({change.counter_id for change in changes}):
        take_turns(session, counter_id)
    for change in changes:
        current = _open_presence(session, change.counter_id)
        if current is not None and change.at <= current.start:
            _fill(current, change, source)
            continue
        if current is not None:
            current.end = change.at
            session.flush()
        session.add(_fill(Presence(counter_id=change.counter_id, start=change.at), change, source))
        session.flush()


def resumed_presence(
    session: Session, counter_id: str, rule: Rule | None, since: datetime | None = None
) -> Resumed | None:
    """The open presence of a counter, and of what goes on in it as much as reaches into `since`, or all.

    None when there is none.
    """
    row = _open_presence(session, counter_id)
    if row is None:
        return None
    state = Transition(
        counter_id,
        row.start,
        row.staff,
        row.customer,
        row.confidence,
        row.reason,
        staff_count=row.staff_count,
        staff_most=row.staff_most,
        customer_count=row.customer_count,
        frames=frames_of(row.frames),
    )
    lasting = may_last(rule, span_of(row))

    def lasts(earlier: Presence) -> bool:
        nonlocal lasting
        lasting &= may_last(rule, span_of(earlier))
        return bool(lasting) and (since is None or earlier.start > since)

    earlier = neighbours.before(session, row, lasts) if lasting else []
    return Resumed(state, tuple(span_of(each) for each in [*reversed(earlier), row]))


def span_of(row: Presence) -> PresenceSpan:
    return PresenceSpan(
        row.start,
        row.end,
        row.staff,
        row.customer,
        row.confidence,
        row.reason,
        row.staff_count,
        row.staff_most,
        row.customer_count,
        frames_of(row.frames),
    )


def frames_of(kept: Sequence[Sequence[str]]) -> Frames:
    return tuple((camera_id, taken) for camera_id, taken in kept)


def write_absences(
    session: Session,
    hall_id: str,
    counter_id: str,
    found: Iterable[FoundAbsence],
    now: datetime,
    *,
    excuses: Sequence[Excuse] = (),
    unsure: Container[FoundAbsence] = (),
) -> None:
    """Makes the counter's absences and other events what was found, by these excuses, each with its alert.

    A rule says nothing new of what was over before it held. An open one that is not found any more ends, or has been
    none where an excuse is known by now from before it was due. One that is `unsure` does not begin yet.
    """
    left = {(sought_as(row.kind), row.start): row for row in _open_absences(session, counter_id)}
    for absence, is_unsure in _undecided(session, counter_id, found, unsure, now):
        row = _lasting(left, absence) or _absence_at(session, counter_id, absence)
        if absence.is_older_than_its_rule and (row is None or row.end is not None):
            continue
        if row is None:
            if not is_unsure:
                begin_absence(session, hall_id, counter_id, absence, now)
            continue
        if row.ended_by == CHANGED:
            go_on(session, row, absence)
        if row.end is None:
            row.customer_waiting = row.customer_waiting or absence.customer_waiting
            row.evidence = evidence_of(absence, row.evidence.get("due"))
            write_people(row, absence)
            if absence.end is not None:
                end_absence(session, row, absence.end, absence.ended_by, now)
    for row in left.values():
        if _was_excused(row, excuses):
            end_absence(session, row, row.start, WITHDRAWN, now)
        else:
            end_absence(session, row, max(now, row.start), CHANGED, now)


def _undecided(
    session: Session, counter_id: str, found: Iterable[FoundAbsence], unsure: Container[FoundAbsence], now: datetime
) -> list[tuple[FoundAbsence, bool]]:
    """Without what a supervisor has decided on: what goes on beyond that counts anew."""
    events = list(found)
    if not events:
        return []
    since = Span(min(event.start for event in events), ENDLESS)
    decided = [(sought_as(r.kind), span) for r, span in decided_in(session, counter_id, since) if r.end is not None]
    return [
        (part, event in unsure)
        for event in events
        for part in apart_from(event, [span for sought, span in decided if sought is event.sought], now)
    ]


def _lasting(left: dict[tuple[EventKind, datetime], Absence], found: FoundAbsence) -> Absence | None:
    """The one that lasts as it was written: also where its beginning was said otherwise meanwhile."""
    others = (k for k, row in left.items() if k[0] is found.sought and (found.end is None or row.start < found.end))
    key = (found.sought, found.start)
    return left.pop(key if key in left else next(others, key), None)


def write_faults(session: Session, changes: Iterable[FaultChange]) -> None:
    """Begins and ends camera faults; the alerts of those that end are resolved."""
    for change in changes:
        row = _open_fault(session, change.camera_id, change.kind)
        if change.began and row is None:
            session.add(CameraFault(camera_id=change.camera_id, kind=change.kind, start=change.at))
        elif not change.began and row is not None:
            row.end = max(change.at, row.start)
            _resolve(session, select(Alert).where(Alert.fault_id == row.id), row.end)
    session.flush()


def raise_fault_alerts(session: Session, halls: Mapping[str, str], open_halls: Collection[str], now: datetime) -> None:
    """An alert for each lasting fault of these cameras (camera → hall); a hall may be dark while it is closed."""
    told = select(Alert.fault_id).where(col(Alert.fault_id).is_not(None))
    lasting = select(CameraFault).where(
        col(CameraFault.end).is_(None), col(CameraFault.camera_id).in_(halls), col(CameraFault.id).not_in(told)
    )
    for fault in session.exec(lasting):
        hall_id = halls[fault.camera_id]
        if fault.kind is not FaultKind.DARK or hall_id in open_halls:
            session.add(
                Alert(
                    kind=AlertKind.CAMERA_FAULT,
                    hall_id=hall_id,
                    camera_id=fault.camera_id,
                    fault_id=fault.id,
                    raised_at=now,
                )
            )
    session.flush()


def lasting_faults(session: Session, camera_id: str) -> set[FaultKind]:
    rows = select(CameraFault).where(CameraFault.camera_id == camera_id, col(CameraFault.end).is_(None))
    return {row.kind for row in session.exec(rows)}


def write_cursors(session: Session, watched: Mapping[str, datetime]) -> None:
    """Up to where each camera has been watched; a cursor never goes back."""
    for camera_id, wall in watched.items():
        row = session.get(WatchCursor, camera_id)
        if row is None:
            session.add(WatchCursor(camera_id=camera_id, watched_to=wall))
        else:
            row.watched_to = max(row.watched_to, wall)


def write_aims(session: Session, aims: Iterable[NewAim]) -> None:
    for found in aims:
        row = CameraAim(camera_id=found.camera_id, zones=found.zones, since=found.since, picture=written(found.aim))
        session.add(row)


def read_cursors(session: Session) -> dict[str, datetime]:
    return {row.camera_id: row.watched_to for row in session.exec(select(WatchCursor))}


def end_unwatched(session: Session, plan: WatchPlan, now: datetime) -> None:
    """What an earlier watcher left open and nobody watches any more: presence becomes unknown, faults end.

    From when on its own cameras last looked; of a counter that no camera ever showed, from when any did.
    """
    cursors = read_cursors(session)
    last: dict[str, datetime] = defaultdict(lambda: max(cursors.values(), default=now))
    views = session.exec(select(View.counter_id, View.camera_id).where(col(View.camera_id).in_(cursors)))
    for counter_id, looks in groupby(sorted(views), key=itemgetter(0)):
        last[counter_id] = max(cursors[camera_id] for _, camera_id in looks)
    open_rows = select(Presence).where(col(Presence.end).is_(None), col(Presence.counter_id).not_in(plan.counters))
    for row in list(session.exec(open_rows)):
        if row.staff is not StaffState.UNKNOWN:
            at = max(last[row.counter_id], row.start)
            why = why_unwatched(plan, row.counter_id)
            gone = Transition(row.counter_id, at, StaffState.UNKNOWN, CustomerState.UNKNOWN, reason=why)
            write_transitions(session, [gone], row.source)
    for absence in session.exec(
        select(Absence).where(col(Absence.end).is_(None), col(Absence.counter_id).not_in(plan.counters))
    ):
        end_absence(session, absence, max(last[absence.counter_id], absence.start), "unknown", now)
    faults = select(CameraFault).where(col(CameraFault.end).is_(None), col(CameraFault.camera_id).not_in(plan.cameras))
    write_faults(session, [FaultChange(row.camera_id, row.kind, now, began=False) for row in session.exec(faults)])


def _fill(row: Presence, change: Transition, source: str) -> Presence:
    row.staff, row.customer = change.staff, change.customer
    row.staff_count, row.staff_most = change.staff_count, change.staff_most
    row.customer_count = change.customer_count
    row.confidence, row.reason, row.source = round(change.confidence, 3), change.reason, source
    row.frames = [list(frame) for frame in change.frames]
    return row


def _open_presence(session: Session, counter_id: str) -> Presence | None:
    query = select(Presence).where(Presence.counter_id == counter_id, col(Presence.end).is_(None))
    return session.exec(query.order_by(col(Presence.start).desc())).first()


def _open_absences(session: Session, counter_id: str) -> list[Absence]:
    return list(session.exec(select(Absence).where(Absence.counter_id == counter_id, col(Absence.end).is_(None))))


def _absence_at(session: Session, counter_id: str, found: FoundAbsence) -> Absence | None:
    rows = session.exec(select(Absence).where(Absence.counter_id == counter_id, Absence.start == found.start))
    return next((row for row in rows if sought_as(row.kind) is found.sought), None)


def begin_absence(session: Session, hall_id: str, counter_id: str, found: FoundAbsence, now: datetime) -> Absence:
    threshold_s, rule_id, rule_version = by_rule(found)
    row = Absence(
        counter_id=counter_id,
        kind=found.kind,
        people_rule=found.people_rule,
        people_seen=found.people_seen,
        start=found.start,
        end=found.end,
        ended_by=found.ended_by,
        threshold_s=threshold_s,
        customer_waiting=found.customer_waiting,
        rule_id=rule_id,
        rule_version=rule_version,
        evidence=evidence_of(found),
        judged_at=None if found.end is None else now,
    )
    session.add(row)
    session.flush()
    over = found.end is not None
    session.add(
        Alert(
            kind=ALERTED_AS[found.kind],
            # Found late, in recorded footage, it is over already and nobody is to be called.
            state=AlertState.RESOLVED if over else AlertState.RAISED,
            hall_id=hall_id,
            counter_id=counter_id,
            absence_id=row.id,
            raised_at=now,
            resolved_at=now if over else None,
        )
    )
    session.flush()
    return row


def due_of(row: Absence) -> datetime:
    """When it became an absence."""
    told = row.evidence.get("due")
    return datetime.fromisoformat(told) if told else row.start + timedelta(seconds=row.threshold_s)


def _was_excused(row: Absence, excuses: Sequence[Excuse]) -> bool:
    """Before it was due: until then nobody was accused of anything."""
    due = due_of(row)
    return row.kind in ACCUSING and any(e.span.start < due and row.start < e.span.end for e in excuses)


def write_people(row: Absence, found: FoundAbsence) -> None:
    row.kind, row.people_rule, row.people_seen = found.kind, found.people_rule, found.people_seen


def go_on(session: Session, row: Absence, found: FoundAbsence) -> None:
    """It is the same event, so its alert is the same and nobody is told twice."""
    row.end, row.ended_by, row.judged_at, row.said_until = None, "", None, None
    row.threshold_s, row.rule_id, row.rule_version = by_rule(found)
    for alert in session.exec(select(Alert).where(Alert.absence_id == row.id)):
        alert.resolved_at = None
        alert.state = AlertState.ACKNOWLEDGED if alert.acknowledged_at else AlertState.RAISED


def by_rule(found: FoundAbsence) -> tuple[int, int | None, int]:
    return round(found.threshold.total_seconds()), found.rule.id, found.rule.version


def end_absence(session: Session, row: Absence, end: datetime, ended_by: str, now: datetime) -> None:
    """Its alert is resolved, or withdrawn with it: also one that was resolved before. So is a dispute settled then."""
    if ended_by == WITHDRAWN:
        if row.ended_by != WITHDRAWN:
            row.said_until = max(row.end or now, row.start)
        settle(session, row, now)
    row.end, row.ended_by, row.judged_at = end, ended_by, now
    over = AlertState.WITHDRAWN if ended_by == WITHDRAWN else AlertState.RESOLVED
    _resolve(session, select(Alert).where(Alert.absence_id == row.id), now, over)


def resolve_alert(session: Session, row: Absence, now: datetime) -> None:
    _resolve(session, select(Alert).where(Alert.absence_id == row.id), now)


def _resolve(
    session: Session, alerts: SelectOfScalar[Alert], now: datetime, over: AlertState = AlertState.RESOLVED
) -> None:
    for alert in session.exec(alerts):
        if alert.state is not over:
            alert.state, alert.resolved_at = over, alert.resolved_at or now


def _open_fault(session: Session, camera_id: str, kind: FaultKind) -> CameraFault | None:
    query = select(CameraFault).where(CameraFault.camera_id == camera_id, CameraFault.kind == kind)
    return session.exec(query.where(col(CameraFault.end).is_(None))).first()


def evidence_of(found: FoundAbsence, due: str | None = None) -> JsonObject:
    """`due` is when it became an absence, if that was written already: by a rule that may have changed meanwhile."""
    half = MAX_EVIDENCE // 2
    first, last = found.spans[:half], found.spans[half:][-half:]
    return {
        "due": due or found.due.isoformat(),
        "spans": [_sample(span) for span in (*first, *last)],
        "left_out": len(found.spans) - len(first) - len(last),
    }


def _sample(span: PresenceSpan) -> JsonObject:
    return {
        "from": span.start.isoformat(),
        "to": span.end.isoformat() if span.end else None,
        "staff": span.staff.value,
        "staff_count": span.staff_count,
        "staff_most": span.staff_most,
        "customer": span.customer.value,
        "customer_count": span.customer_count,
        "confidence": round(span.confidence, 3),
        "frames": [list(frame) for frame in span.frames],
    }
