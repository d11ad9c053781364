"""Lanes of spans along one axis of time. Only data: where a bar stands is computed when it is drawn."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from analytics.figures import NOT_WATCHED
from analytics.runs import PresenceSpan
from storage.density import OUTSIDE
from storage.footage import Coverage, Missing
from storage.intervals import Span, merge, subtract
from storage.models import ABSENCES, CustomerState, EventKind, Presence
from web.pages.absence_rows import AbsenceRow

_STEPS = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)
)
_MAX_TICKS = 9
_SEEN = ("staffed", "unstaffed", "footage")


@dataclass(frozen=True)
class Bar:
    state: str
    """What it is: a presence state, closed, waiting, absence, event, step, footage, gap or not_recorded."""
    start: datetime
    end: datetime
    words: str = ""
    """What else to say of it, e.g. the cause of a gap or the name of a step."""
    href: str = ""
    is_moment: bool = False
    """It happened at its start; its end is there to make it seen."""


@dataclass(frozen=True)
class Lane:
    name: str
    """A key of LANE_WORDS, or a name as it is."""
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Timeline:
    start: datetime
    end: datetime
    zone: str
    ticks: tuple[datetime, ...]
    lanes: tuple[Lane, ...]

    @property
    def first_seen(self) -> datetime:
        """From when there is something to look at; its start, where nothing was seen."""
        seen = [bar.start for lane in self.lanes for bar in lane.bars if bar.state in _SEEN]
        return min(seen, default=self.start)


def timeline(start: datetime, end: datetime, zone: str, lanes: Iterable[Lane]) -> Timeline:
    """Cuts every bar to start..end and leaves out what lies outside."""
    cut = tuple(Lane(lane.name, tuple(_cut(lane.bars, start, end))) for lane in lanes)
    return Timeline(start, end, zone, ticks(start, end, zone), cut)


def _cut(bars: Iterable[Bar], start: datetime, end: datetime) -> Iterable[Bar]:
    for bar in bars:
        if bar.start < end and (bar.end > start or bar.start == bar.end >= start):
            yield replace(bar, start=max(bar.start, start), end=min(bar.end, end))


def ticks(start: datetime, end: datetime, zone: str) -> tuple[datetime, ...]:
    """Round moments of the hall's clock inside start..end, few enough to be read."""
    step = next((s for s in _STEPS if (end - start) / s <= _MAX_TICKS), _STEPS[-1])
    local = start.astimezone(ZoneInfo(zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight + step * -((midnight - local) // step)
    count = int((end - first) / step) + 1 if end >= first else 0
    return tuple((first + step * n).astimezone(start.tzinfo) for n in range(count))


def along(at: datetime, start: datetime, end: datetime) -> float:
    """How far `at` lies between start and end, in percent."""
    return round((at - start) / (end - start) * 100, 3) if end > start else 0.0


def presence_lane(spans: Iterable[Presence | PresenceSpan], asked: Span, closed: Sequence[Span]) -> Lane:
    """While the hall is closed nobody has to be there, whatever is seen. Of what nobody has looked at nothing is known;
    `asked` ends now at the latest."""
    bars = [Bar("closed", span.start, span.end) for span in closed]
    looked_at = list(closed)
    states: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for seen in spans:
        states[seen.staff.value, seen.reason].append(Span(seen.start, seen.end or asked.end))
    for (state, reason), lasted in states.items():
        # Joined where only the customers changed, or how many there were.
        bars += [Bar(state, part.start, part.end, reason) for part in subtract(merge(lasted), closed)]
        looked_at += lasted
    bars += [Bar("unknown", rest.start, rest.end, NOT_WATCHED) for rest in subtract([asked], looked_at)]
    return Lane("presence", tuple(sorted(bars, key=lambda bar: bar.start)))


def customer_lane(spans: Iterable[Presence | PresenceSpan], now: datetime) -> Lane:
    waiting = merge(Span(p.start, p.end or now) for p in spans if p.customer is CustomerState.WAITING)
    return Lane("customers", tuple(Bar("waiting", part.start, part.end) for part in waiting))


def absence_lanes(absences: Sequence[AbsenceRow]) -> Iterable[Lane]:
    """Other events lie in a lane of their own, for they may happen at once; there is none where nothing is."""
    yield _lane_of("absences", "absence", [row for row in absences if row.kind in ABSENCES])
    others = [row for row in absences if row.kind not in ABSENCES]
    if others:
        yield _lane_of("events", "event", others)


def _lane_of(name: str, state: str, rows: Iterable[AbsenceRow]) -> Lane:
    words = {row.id: "" if row.kind is EventKind.ABSENCE else row.kind.value for row in rows}
    return Lane(name, tuple(Bar(state, a.start, a.seen_until, words[a.id], f"/absences/{a.id}") for a in rows))


def footage_lane(coverage: Coverage, name: str = "footage") -> Lane:
    covered = [Bar("footage", span.start, span.end) for span in coverage.covered]
    missing = [_hole(hole) for hole in coverage.missing]
    return Lane(name, tuple(sorted(covered + missing, key=lambda bar: bar.start)))


def _hole(hole: Missing) -> Bar:
    """Before the first recording and after the newest nothing is lacking."""
    if hole.cause in OUTSIDE:
        return Bar("not_recorded", hole.start, hole.end)
    return Bar("gap", hole.start, hole.end, hole.cause)
