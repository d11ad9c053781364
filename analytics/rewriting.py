"""Puts what was seen again in the place of what was said before: presence, and the absences that follow from it.

Every function works inside the caller's transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, not_, or_, select

from analytics import neighbours
from analytics.absence import CHANGED, SOUGHT, WITHDRAWN, FoundAbsence, find_events, lasts, sought_as
from analytics.covers import excuses
from analytics.going_on import ENDLESS, SAME, Before, GoesOn, apart_from, going_on, length, span_of
from analytics.plan import CounterPlan
from analytics.presence import Transition
from analytics.recording import (
    begin_absence,
    by_rule,
    end_absence,
    evidence_of,
    go_on,
    resolve_alert,
    take_turns,
    write_people,
)
from analytics.recording import span_of as presence_of
from analytics.rule import Rule
from analytics.runs import PresenceSpan
from analytics.spoken import DECIDED_STATES, UNDECIDED, decided_in, dispute_goes_on, disputed_in, say_of_both
from storage.intervals import Span, intersect, merge
from storage.models import Absence, CustomerState, EventKind, Presence, StaffState
from storage.presence_now import watched_to

AS_DECIDED = "as_decided"
"""The decision reaches no further."""
_AHEAD = timedelta(days=2)
_BEFORE = timedelta(days=1)
"""So far back the hours are read, so that the true beginning of an opening is known."""


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
                staff_count=state.staff_count,
                staff_most=state.staff_most,
                customer_count=state.customer_count,
                confidence=round(state.confidence, 3),
                reason=state.reason,
                frames=[list(frame) for frame in state.frames],
                source=source,
            )
        )
        session.flush()


def known_in(session: Session, counter_id: str, piece: Span) -> list[Span]:
    """The parts of the piece of which something else than unknown is said."""
    unknown = and_(col(Presence.staff) == StaffState.UNKNOWN, col(Presence.customer) == CustomerState.UNKNOWN)
    rows = session.exec(select(Presence).where(*_touching(counter_id, piece), not_(unknown)))
    return intersect(merge(Span(row.start, row.end or max(row.start, piece.end)) for row in rows), [piece])


def rejudge(session: Session, plan: CounterPlan, span: Span, now: datetime) -> None:
    """Makes the absences and other events that rest on the span what follows from the presence that is stored now.

    The rule is the plan's. What reaches beyond the span is judged as a whole.
    """
    for sought in SOUGHT:
        _rejudge(session, plan, sought, span, now)
    session.flush()


def _rejudge(session: Session, plan: CounterPlan, sought: EventKind, span: Span, now: datetime) -> None:
    span = _reached_into(session, plan.counter_id, sought, span)
    history, whole = _history(session, plan, sought, span, now)
    rule = plan.rule or Rule()
    found = _found(session, plan, plan.rule, sought, history, now) if history and plan.rule else []
    before = _absences(session, plan.counter_id, sought, whole)
    decided = [(row, its) for row, its in decided_in(session, plan.counter_id, whole) if sought_as(row.kind) is sought]
    for row, its in decided:
        _keep_decided(session, rule, row, its, found, whole, now)
    undecided = [part for each in found for part in apart_from(each, [its for _, its in decided], now)]
    rows = {row.id: row for row in before if row.id is not None and row.dispute not in DECIDED_STATES}
    disputed = _disputed(session, plan.counter_id, sought, whole)
    told, merged = going_on([_as_said(row) for row in rows.values()], undecided, disputed)
    for share in told:
        if _concerns(rule, share.found):
            _say(session, plan, rule, share, rows.get(share.id) if share.id else None, now)
    past = _parts_of(rows.values(), [share.found for share in told if not _concerns(rule, share.found)])
    touched = {share.id for share in told if share.id is not None}
    for row_id, row in rows.items():
        if row_id in touched or row.ended_by == WITHDRAWN:
            continue
        if row_id in merged:
            if row_id not in past:
                end_absence(session, row, row.start, WITHDRAWN, now)
        elif row.start >= whole.start:
            _end_by(session, rule, row, now)


def _say(session: Session, plan: CounterPlan, rule: Rule, share: GoesOn, row: Absence | None, now: datetime) -> None:
    """What is found now, of the one that it was before or as a new one."""
    found = share.found
    if rule.until and _outlasts(found.end, rule.until):
        if row is not None and row.ended_by != WITHDRAWN and _outlasts(row.end, rule.until):
            return
        found = _cut(found, rule.until)
    if row is None:
        row = begin_absence(session, plan.hall_id, plan.counter_id, found, now)
    else:
        _correct(session, row, found, now)
    if share.spoken_of is not None and share.spoken_of != row.id:
        say_of_both(session, share.spoken_of, row, now)


def _keep_decided(
    session: Session, rule: Rule, row: Absence, its: Span, found: Sequence[FoundAbsence], whole: Span, now: datetime
) -> None:
    """What a supervisor has decided on stays so for the time that was decided on, as far as it is one by now."""
    parts = [(event, intersect([its], [span_of(event)])) for event in found]
    event, part = max(
        ((event, part) for event, (part,) in ((e, p) for e, p in parts if p)),
        key=lambda pair: pair[1].duration,
        default=(None, None),
    )
    if event is None or part is None:
        if row.ended_by != WITHDRAWN and row.start >= whole.start:
            _end_by(session, rule, row, now)
    elif _concerns(rule, event) and not (rule.until and _outlasts(row.end, rule.until)):
        _go_on_as_decided(session, row, event, part, now)


def _go_on_as_decided(session: Session, row: Absence, event: FoundAbsence, part: Span, now: datetime) -> None:
    if part.end == ENDLESS:
        row.start = part.start
        return
    if row.end != part.end or row.ended_by == WITHDRAWN:
        row.ended_by = event.ended_by if part.end == event.end else AS_DECIDED
    row.start, row.end, row.said_until, row.judged_at = part.start, part.end, None, row.judged_at or now
    resolve_alert(session, row, now)


def _parts_of(rows: Iterable[Absence], found: Sequence[FoundAbsence]) -> set[int | None]:
    return {row.id for row in rows if any(length(_said(row), span_of(event)) for event in found)}


def _disputed(session: Session, counter_id: str, sought: EventKind, whole: Span) -> list[tuple[int, Span]]:
    """The time that was said to be disputed, and what has become of the absence since."""
    spoken = [pair for pair in disputed_in(session, counter_id, whole) if sought_as(pair[0].kind) is sought]
    return [(row.id, span) for row, its in spoken for span in (its, _said(row)) if row.id is not None]


def _as_said(row: Absence) -> Before:
    assert row.id is not None
    return Before(row.id, _said(row), row.ended_by == WITHDRAWN, row.dispute in UNDECIDED)


def _said(row: Absence) -> Span:
    return Span(row.start, row.said_until or row.end or ENDLESS)


def _concerns(rule: Rule, found: FoundAbsence) -> bool:
    """Whether it was one, by this rule, while that held."""
    return not found.is_older_than_its_rule and (rule.until is None or found.due < rule.until)


def _outlasts(end: datetime | None, moment: datetime) -> bool:
    return end is None or end >= moment


def _cut(found: FoundAbsence, moment: datetime) -> FoundAbsence:
    """As it was when its rule was changed."""
    spans = tuple(replace(s, end=min(s.end or moment, moment)) for s in found.spans if s.start < moment)
    return replace(found, end=moment, ended_by=CHANGED, spans=spans)


def _end_by(session: Session, rule: Rule, row: Absence, now: datetime) -> None:
    """It is none by this rule; what it was by one that held before or after stands."""
    if rule.since and row.start < rule.since:
        if row.ended_by not in (CHANGED, WITHDRAWN) and (row.end is None or row.end > rule.since):
            end_absence(session, row, rule.since, CHANGED, now)
    elif rule.until is None or row.start < rule.until:
        end_absence(session, row, row.start, WITHDRAWN, now)


def _ending_at(session: Session, counter_id: str, moment: datetime) -> Presence | None:
    query = select(Presence).where(Presence.counter_id == counter_id, col(Presence.end) == moment)
    return session.exec(query).first()


def _says_the_same(row: Presence, state: Transition, source: str) -> bool:
    said = (row.staff_count, row.staff_most, row.customer_count, row.staff, row.customer, row.reason)
    says = (state.staff_count, state.staff_most, state.customer_count, state.staff, state.customer, state.reason)
    return said == says and row.source == source


def _cut_out(session: Session, row: Presence, piece: Span) -> None:
    if row.end is None or row.end > piece.end:
        session.add(Presence(**row.model_dump(exclude={"id", "start"}), start=piece.end))
    if row.start < piece.start:
        row.end = piece.start
    else:
        session.delete(row)


def _found(
    session: Session, plan: CounterPlan, rule: Rule, sought: EventKind, history: Sequence[PresenceSpan], now: datetime
) -> list[FoundAbsence]:
    start, known = history[0].start, _known_to(session, plan.counter_id, history, now)
    openings = plan.hours.judged(start - _BEFORE, known + _AHEAD)
    excused = excuses(session, {plan.counter_id: Span(start, known + _AHEAD)})[plan.counter_id]
    return find_events(sought, history, openings, rule, known, excused)


def _known_to(session: Session, counter_id: str, history: Sequence[PresenceSpan], now: datetime) -> datetime:
    """Up to where the last state was seen, if it lasts."""
    last = history[-1]
    return last.end or max(last.start, watched_to(session, [counter_id], now).get(counter_id, last.start))


def _history(
    session: Session, plan: CounterPlan, sought: EventKind, span: Span, now: datetime
) -> tuple[list[PresenceSpan], Span]:
    """The presence of the span, and what goes on of it before and after; and the time in which that has begun."""

    def lasting(row: Presence) -> bool:
        return lasts(sought, plan.rule, presence_of(row))

    touching = select(Presence).where(*_touching(plan.counter_id, span)).order_by(col(Presence.start))
    rows = list(session.exec(touching))
    if not rows:
        return [], span
    before = neighbours.before(session, rows[0], lasting) if lasting(rows[0]) else []
    after = neighbours.after(session, rows[-1], lasting) if lasting(rows[-1]) else []
    all_rows = [*reversed(before), *rows, *after]
    first = next(row for row in all_rows if row is rows[0] or lasting(row))
    history = [presence_of(row) for row in all_rows if row.end != row.start]
    return history, Span(min(span.start, first.start), max(_end_of(history, now), span.end))


def _end_of(history: Sequence[PresenceSpan], now: datetime) -> datetime:
    return max((span.end or now for span in history[-1:]), default=datetime.min.replace(tzinfo=now.tzinfo))


def _absences(session: Session, counter_id: str, sought: EventKind, whole: Span) -> list[Absence]:
    """That reach into it, or begin so near that one found may be the same; those taken back before, too.

    As they stand in the counter's turn: who speaks about one of them takes that, too.
    """
    until = func.coalesce(Absence.said_until, Absence.end)
    near = or_(until.is_(None), until >= whole.start, col(Absence.start) >= whole.start - SAME)
    query = select(Absence).where(Absence.counter_id == counter_id, Absence.start < whole.end, near)
    session.flush()
    rows = session.exec(query.order_by(col(Absence.start)).execution_options(populate_existing=True))
    return [row for row in rows if sought_as(row.kind) is sought]


def _reached_into(session: Session, counter_id: str, sought: EventKind, span: Span) -> Span:
    """With the whole of every absence of before that reaches into it or ends there, which may rest on less by now or
    have ended otherwise; and with all that was decided on together."""
    rows = [row for row in _absences(session, counter_id, sought, span) if row.ended_by != WITHDRAWN]
    decided = [its for row, its in decided_in(session, counter_id, span) if sought_as(row.kind) is sought]
    reach = [said for said in [*map(_said, rows), *decided] if length(said, span) or said.end == span.start]
    ends = [said.end for said in reach if said.end != ENDLESS]
    wide = Span(min([span.start, *(said.start for said in reach)]), max([span.end, *ends]))
    return span if wide == span else _reached_into(session, counter_id, sought, wide)


def _correct(session: Session, row: Absence, found: FoundAbsence, now: datetime) -> None:
    """It is the same event: whoever was told of it is not told again, but may dispute what is said of it now."""
    said_before = row.start, row.end, row.ended_by
    row.said_until = None
    row.start, row.customer_waiting = found.start, found.customer_waiting
    write_people(row, found)
    row.evidence = evidence_of(found)
    if found.end is None:
        go_on(session, row, found)
    else:
        row.threshold_s, row.rule_id, row.rule_version = by_rule(found)
        row.end, row.ended_by = found.end, found.ended_by
        if said_before != (row.start, row.end, row.ended_by):
            row.judged_at = now
        resolve_alert(session, row, now)
    dispute_goes_on(session, row, now)


def _touching(counter_id: str, span: Span) -> tuple[ColumnElement[bool], ...]:
    end = col(Presence.end)
    return col(Presence.counter_id) == counter_id, col(Presence.start) < span.end, or_(end.is_(None), end > span.start)
