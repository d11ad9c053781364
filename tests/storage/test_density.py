"""Shares of days: every moment counts once, on its day and for its cause."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from storage.density import Density, densities
from storage.footage import NOT_BEGUN, NOT_YET, Coverage, Missing
from storage.intervals import Span, intersect, merge, subtract, total

FIRST = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CAUSES = ("disk_full", "camera_stalled")
DAYS = [Span(FIRST + n * 24 * HOUR, FIRST + (n + 1) * 24 * HOUR) for n in range(3)]
MONTH = Span(DAYS[0].start, DAYS[-1].end)

moments = st.integers(0, 72 * 60).map(lambda minute: FIRST + timedelta(minutes=minute))
spans = st.lists(st.tuples(moments, moments).map(lambda pair: Span(min(pair), max(pair))), max_size=8)


@given(spans)
def test_each_day_has_what_of_it_was_recorded_and_what_was_not(some: list[Span]) -> None:
    covered = merge(some)
    holes = enumerate(subtract([MONTH], covered))
    missing = [Missing(hole.start, hole.end, CAUSES[number % 2]) for number, hole in holes]
    found = densities(Coverage(tuple(covered), tuple(missing)), DAYS)
    for day, density in zip(DAYS, found, strict=True):
        assert density.recorded == total(intersect(covered, [day]))
        assert density.recorded + sum(density.missing.values(), timedelta()) == 24 * HOUR
        for cause, length in density.missing.items():
            assert length == total(intersect([Span(m.start, m.end) for m in missing if m.cause == cause], [day]))


def test_a_hole_over_midnight_counts_on_both_days() -> None:
    hole = Missing(DAYS[1].start - HOUR, DAYS[1].start + 2 * HOUR, "disk_full")
    found = densities(Coverage((), (hole,)), DAYS)
    assert [density.missing for density in found] == [{"disk_full": HOUR}, {"disk_full": 2 * HOUR}, {}]


def test_the_share_is_of_the_time_in_which_there_could_have_been_footage() -> None:
    assert Density(18 * HOUR, {NOT_BEGUN: 4 * HOUR, "disk_full": 2 * HOUR}).share == 0.9
    assert Density(0 * HOUR, {NOT_YET: 24 * HOUR}).share is None
    assert Density(0 * HOUR, {"disk_full": HOUR}).share == 0
