"""When nobody is absent from a counter: closures, roster, leave, a colleague signed in, a paired clerk."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, or_, select

from analytics.runs import CLOSED, COVERED, OFF_DUTY, UNKNOWN, Excuse, PresenceSpan
from analytics.seen import written_presence
from storage.hours import day_span, off_duty
from storage.intervals import Span, intersect, merge, subtract
from storage.models import Closure, Counter, CounterPair, Cover, Hall, StaffState


def excuses(session: Session, spans: Mapping[str, Span]) -> dict[str, tuple[Excuse, ...]]:
    """Of each counter within its span, which may lie ahead of now in part."""
    found: dict[str, list[Excuse]] = defaultdict(list)
    for cover in _covers(session, spans):
        whole = spans[cover.counter_id]
        span = Span(max(cover.start, whole.start), min(cover.end or whole.end, whole.end))
        found[cover.counter_id].append(Excuse(span, COVERED))
    for counter_id, day in _closures(session, spans):
        found[counter_id] += [Excuse(span, CLOSED) for span in intersect([day], [spans[counter_id]])]
    for counter_id, off in off_duty(session, spans).items():
        found[counter_id] += [Excuse(span, OFF_DUTY) for span in off]
    for counter_id, other_id, held in _pairs(session, spans):
        found[counter_id] += by_pair(written_presence(session, other_id, held), held)
    return {counter_id: tuple(sorted(found[counter_id], key=lambda excuse: excuse.span)) for counter_id in spans}


def paired_with(session: Session, counter_id: str, at: datetime) -> list[str]:
    """The counters whose clerks cover this one at that moment."""
    moment = Span(at, at + timedelta(microseconds=1))
    return [other_id for _, other_id, _ in _pairs(session, {counter_id: moment})]


def covered_by(session: Session, counter_id: str, span: Span) -> list[tuple[str, Span]]:
    """The counters that this one's clerk covers, each with when in the span."""
    return [(other_id, held) for _, other_id, held in _pairs(session, {counter_id: span})]


def by_pair(presence: Sequence[PresenceSpan], held: Span) -> Iterator[Excuse]:
    """Where the other counter was staffed its clerk covers; where it is not known, nobody can say that nobody covers.

    Its last state is taken to go on: it is asked again every few seconds.
    """
    alone = _lasting((s for s in presence if s.staff is StaffState.UNSTAFFED), held)
    staffed = _lasting((s for s in presence if s.staff is StaffState.STAFFED), held)
    yield from (Excuse(span, COVERED) for span in staffed)
    yield from (Excuse(span, UNKNOWN) for span in subtract([held], [*alone, *staffed]))


def _lasting(spans: Iterable[PresenceSpan], held: Span) -> list[Span]:
    return intersect(merge(Span(s.start, s.end or max(s.start, held.end)) for s in spans), [held])


def _covers(session: Session, spans: Mapping[str, Span]) -> list[Cover]:
    if not spans:
        return []
    first, last = min(span.start for span in spans.values()), max(span.end for span in spans.values())
    end = col(Cover.end)
    query = select(Cover).where(
        col(Cover.counter_id).in_(spans),
        col(Cover.withdrawn_at).is_(None),
        Cover.start < last,
        or_(end.is_(None), end > first),
    )
    rows = session.exec(query.order_by(col(Cover.start)))
    return [row for row in rows if _meets(spans[row.counter_id], row.start, row.end)]


def _closures(session: Session, counters: Iterable[str]) -> Iterator[tuple[str, Span]]:
    """No open time is told of these days, either; but hours are asked for less often than whether somebody covers."""
    standing = select(Counter.id, Hall.timezone, col(Closure.day)).join(Hall, col(Hall.id) == col(Counter.hall_id))
    standing = standing.join(Closure, col(Closure.hall_id) == col(Hall.id)).where(col(Closure.withdrawn_at).is_(None))
    for counter_id, timezone, day in session.exec(standing.where(col(Counter.id).in_(counters))):
        yield counter_id, day_span(day, ZoneInfo(timezone))


def _pairs(session: Session, spans: Mapping[str, Span]) -> Iterator[tuple[str, str, Span]]:
    """A counter, the one that covers it, and when."""
    of = or_(col(CounterPair.one_id).in_(spans), col(CounterPair.other_id).in_(spans))
    for pair in session.exec(select(CounterPair).where(of)).all():
        for counter_id, other_id in ((pair.one_id, pair.other_id), (pair.other_id, pair.one_id)):
            whole = spans.get(counter_id)
            if whole and _meets(whole, pair.valid_from, pair.valid_to):
                start, end = max(whole.start, pair.valid_from), min(whole.end, pair.valid_to or whole.end)
                yield counter_id, other_id, Span(start, end)


def _meets(span: Span, start: datetime, end: datetime | None) -> bool:
    return start < span.end and (end is None or end > span.start) and start != end
