"""Puts what was seen again in the place of what was said before: presence, and the absences that follow from it.

Every function works inside the caller's transaction.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from analytics.absence import WITHDRAWN, FoundAbsence, PresenceSpan, Rule, find_absences
from analytics.covers import excuses
from analytics.plan import CounterPlan
from analytics.presence import Transition
from analytics.recording import begin_absence, by_rule, end_absence, evidence_of, go_on, span_of, take_turns
from storage.hours import opening
from storage.intervals import Span
from storage.models import Absence, Alert, AlertState, Presence, StaffState
from storage.presence_now import watched_to

SAME = timedelta(seconds=5)
"""An absence that begins no further from where it was said to begin is the same one: samples lie otherwise."""
_AHEAD = timedelta(days=2)
_AT_ONCE = 200


def rewrite_presence(session: Session, counter_id: str, piece: Span, states: Sequence[Transition], source: str) -> None:
    """In the piece, these states and nothing else; what is before and after it stays as it was said.

    `states` in order, the first from the piece's start on.
    """
    take_turns(session, counter_id)
    for row in list(session.exec(select(Presence).where(*_touching(counter_id, piece)))):
        _cut_out(session, row, piece)
    session.flush()
    ends = [*(state.at for state in states[1:]), piece.end]
    for state, end in zip(states, ends, strict=True):
        before = _ending_at(session, counter_id, state.at)
        if before is not None and _says_the_same(before, state, source):
            before.end = end
            continue
        session.add(
            Presence(
                counter_id=counter_id,
                start=state.at,
                end=end,
                staff=state.staff,
                customer=state.customer,
                confidence=round(state.confidence, 3),
                reason=state.reason,
                source=source,
            )
        )
        session.flush()


def is_known(session: Session, counter_id: str, piece: Span) -> bool:
    """Whether something else than unknown is said of any of the piece."""
    known = select(Presence.id).where(*_touching(counter_id, piece), Presence.staff != StaffState.UNKNOWN)
    return session.exec(known).first() is not None


def rejudge(session: Session, plan: CounterPlan, span: Span, now: datetime) -> None:
    """Makes the absences that rest on the span what follows from the presence that is stored now.

    The rule is the plan's. Absences that reach beyond the span are judged as a whole.
    """
    history = _history(session, plan.counter_id, span)
    found = _found(session, plan, plan.rule, history, now) if history and plan.rule else []
    whole = Span(min([span.start, *(s.start for s in history[:1])]), max(_end_of(history, now), span.end))
    left = _absences(session, plan.counter_id, whole)
    for absence in found:
        row = _same(left, absence)
        if row is None:
            begin_absence(session, plan.hall_id, plan.counter_id, absence, now)
        else:
            left.remove(row)
            _correct(session, row, absence, now)
    for row in left:
        if row.start >= whole.start:
            end_absence(session, row, row.start, WITHDRAWN, now)
    session.flush()


def _ending_at(session: Session, counter_id: str, moment: datetime) -> Presence | None:
    query = select(Presence).where(Presence.counter_id == counter_id, col(Presence.end) == moment)
    return session.exec(query).first()


def _says_the_same(row: Presence, state: Transition, source: str) -> bool:
    return (row.staff, row.customer, row.reason, row.source) == (state.staff, state.customer, state.reason, source)


def _cut_out(session: Session, row: Presence, piece: Span) -> None:
    if row.end is None or row.end > piece.end:
        session.add(Presence(**row.model_dump(exclude={"id", "start"}), start=piece.end))
    if row.start < piece.start:
        row.end = piece.start
    else:
        session.delete(row)


def _found(
    session: Session, plan: CounterPlan, rule: Rule, history: Sequence[PresenceSpan], now: datetime
) -> list[FoundAbsence]:
    known = _known_to(session, plan.counter_id, history, now)
    openings = opening(plan.hours, plan.zone, history[0].start, known + _AHEAD).spans
    excused = excuses(session, {plan.counter_id: Span(history[0].start, known + _AHEAD)})[plan.counter_id]
    return find_absences(history, openings, rule, known, excused)


def _known_to(session: Session, counter_id: str, history: Sequence[PresenceSpan], now: datetime) -> datetime:
    """Up to where the last state was seen, if it lasts."""
    last = history[-1]
    return last.end or max(last.start, watched_to(session, [counter_id], now).get(counter_id, last.start))


def _history(session: Session, counter_id: str, span: Span) -> list[PresenceSpan]:
    """The presence of the span, and the unstaffed time that goes on before and after it."""
    rows = list(session.exec(select(Presence).where(*_touching(counter_id, span)).order_by(col(Presence.start))))
    if not rows:
        return []
    before = _while_unstaffed(session, rows[0], backwards=True)
    after = _while_unstaffed(session, rows[-1], backwards=False)
    return [span_of(row) for row in [*reversed(before), *rows, *after] if row.end != row.start]


def _while_unstaffed(session: Session, row: Presence, *, backwards: bool) -> list[Presence]:
    found: list[Presence] = []
    start = col(Presence.start)
    while True:
        last = found[-1] if found else row
        query = select(Presence).where(Presence.counter_id == row.counter_id)
        query = query.where(start < last.start) if backwards else query.where(start > last.start)
        rows = session.exec(query.order_by(start.desc() if backwards else start).limit(_AT_ONCE)).all()
        for each in rows:
            joins = each.end == last.start if backwards else last.end == each.start
            if not joins or each.staff is not StaffState.UNSTAFFED:
                # What ends the unstaffed time tells why it ended.
                return found if backwards or not joins else [*found, each]
            found.append(each)
            last = each
        if len(rows) < _AT_ONCE:
            return found


def _end_of(history: Sequence[PresenceSpan], now: datetime) -> datetime:
    return max((span.end or now for span in history[-1:]), default=datetime.min.replace(tzinfo=now.tzinfo))


def _absences(session: Session, counter_id: str, whole: Span) -> list[Absence]:
    """That begin within, or so little before that one found may be the same; those withdrawn before, too."""
    query = select(Absence).where(
        Absence.counter_id == counter_id, Absence.start >= whole.start - SAME, Absence.start < whole.end
    )
    return list(session.exec(query.order_by(col(Absence.start))))


def _same(rows: Iterable[Absence], found: FoundAbsence) -> Absence | None:
    near = [row for row in rows if abs(row.start - found.start) <= SAME]
    return min(near, key=lambda row: abs(row.start - found.start), default=None)


def _correct(session: Session, row: Absence, found: FoundAbsence, now: datetime) -> None:
    """It is the same event: whoever was told of it is not told again, but may dispute what is said of it now."""
    said_before = row.start, row.end, row.ended_by
    row.start, row.customer_waiting = found.start, found.customer_waiting
    row.evidence = evidence_of(found)
    if found.end is None:
        go_on(session, row, found)
        return
    row.threshold_s, row.rule_id, row.rule_version = by_rule(found)
    row.end, row.ended_by = found.end, found.ended_by
    if said_before != (row.start, row.end, row.ended_by):
        row.judged_at = now
    for alert in session.exec(select(Alert).where(Alert.absence_id == row.id)):
        if alert.state is not AlertState.RESOLVED:
            alert.state, alert.resolved_at = AlertState.RESOLVED, alert.resolved_at or now


def _touching(counter_id: str, span: Span) -> tuple[ColumnElement[bool], ...]:
    end = col(Presence.end)
    return col(Presence.counter_id) == counter_id, col(Presence.start) < span.end, or_(end.is_(None), end > span.start)
