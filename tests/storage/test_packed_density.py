"""Days of any zone are summed up from what is kept by days in UTC, as if every half hour were looked at alone."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.density import Density
from storage.footage import NOT_BEGUN, NOT_YET, Known
from storage.intervals import Span, intersect, merge
from storage.models import GapCause
from storage.packed_days import EndedGap, PackedDay, pack_gaps
from storage.packed_density import PackedDays, packed_densities
from storage.runs import day_span, days_of, pack_runs

STEP = timedelta(minutes=30)
FIRST = datetime(2026, 3, 26, tzinfo=UTC)
STEPS = 7 * 48

steps = st.integers(0, STEPS).map(lambda number: FIRST + number * STEP)
spans = st.tuples(steps, steps).map(lambda pair: Span(min(pair), max(pair)))
causes = st.sampled_from([GapCause.CAMERA_STALLED, GapCause.PACKETS_LOST, GapCause.UNKNOWN])
ended_gaps = st.builds(lambda span, cause: EndedGap(span.start, span.end, cause), spans, causes)


class Lasting:
    end = None

    def __init__(self, start: datetime, cause: GapCause) -> None:
        self.start, self.cause = start, cause


@dataclass(frozen=True)
class Camera:
    runs: Sequence[Span]
    gaps: Sequence[EndedGap]
    lasting: Sequence[Lasting]
    known: Known


def local_days(zone: str) -> list[Span]:
    """Three of them, in Europe the middle one without an hour."""
    starts = [datetime(2026, 3, day, tzinfo=ZoneInfo(zone)).astimezone(UTC) for day in (28, 29, 30, 31)]
    return [Span(start, end) for start, end in pairwise(starts)]


def packed(runs: Sequence[Span], gaps: Sequence[EndedGap], span: Span) -> dict[date, PackedDay]:
    return {
        day: PackedDay(pack_runs(day, intersect(runs, [day_span(day)])), pack_gaps(day, gaps)) for day in days_of(span)
    }


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"])
@given(
    cameras=st.lists(
        st.builds(
            Camera,
            runs=st.lists(spans, max_size=6).map(merge),
            gaps=st.lists(ended_gaps, max_size=6),
            lasting=st.lists(st.builds(Lasting, steps, causes), max_size=2),
            known=st.builds(Known, st.none() | steps, st.none() | steps, steps),
        ),
        max_size=4,
    ),
    hours_left=st.integers(0, 72),
)
def test_each_day_is_the_sum_of_its_half_hours(zone: str, cameras: list[Camera], hours_left: int) -> None:
    """Whatever the cameras beside it have recorded."""
    cells = local_days(zone)
    span = Span(cells[0].start, max(cells[-1].end - timedelta(hours=hours_left), cells[0].start))
    found = packed_densities(
        [PackedDays(packed(c.runs, c.gaps, span), c.lasting, c.known) for c in cameras], span, cells
    )
    assert found == [tuple(counted(c.runs, [*c.gaps, *c.lasting], c.known, span, cells)) for c in cameras]


def counted(
    runs: Sequence[Span], gaps: Sequence[EndedGap | Lasting], known: Known, span: Span, cells: Sequence[Span]
) -> Iterator[Density]:
    for cell in cells:
        times: Counter[str] = Counter()
        moment = cell.start
        while moment < min(cell.end, span.end):
            times[what(moment, runs, gaps, known)] += 1
            moment += STEP
        recorded = times.pop("recorded", 0)
        yield Density(recorded * STEP, {word: count * STEP for word, count in times.items()})


def what(moment: datetime, runs: Sequence[Span], gaps: Sequence[EndedGap | Lasting], known: Known) -> str:
    if any(run.start <= moment < run.end for run in runs):
        return "recorded"
    reasons = [gap for gap in gaps if gap.start <= moment and (gap.end is None or moment < gap.end)]
    if reasons:
        return min(reasons, key=lambda gap: (gap.start, gap.cause.value)).cause.value
    if known.since is None or moment < known.since:
        return NOT_BEGUN
    arrived = known.recorded_to and max(known.recorded_to, known.awaited_from)
    return NOT_YET if arrived and moment >= arrived else GapCause.UNKNOWN.value
