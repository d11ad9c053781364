"""Where the time of a counter went."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from analytics.figures import NOT_WATCHED, Figures, Ledger, Seen, figures
from analytics.runs import PresenceSpan
from storage.intervals import Span, intersect, merge, total
from storage.models import CustomerState, StaffState
from tests.analytics.scenes import START, at

S, U, N = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
WAITING, NOBODY, UNSEEN = CustomerState.WAITING, CustomerState.NONE, CustomerState.UNKNOWN
HOUR = 3600.0
DAY = Span(START, at(24 * HOUR))


def seconds(length: timedelta) -> float:
    return length.total_seconds()


def of(presence: list[PresenceSpan], openings: list[Span], now: datetime, absences: Sequence[Span] = ()) -> Figures:
    return figures([DAY], Seen(presence, openings, absences), now)[0]


def span(
    start: float, end: float | None, staff: StaffState, customer: CustomerState = NOBODY, reason: str = ""
) -> PresenceSpan:
    return PresenceSpan(at(start), None if end is None else at(end), staff, customer, 0.9, reason)


def test_a_day_has_its_time_in_five_parts() -> None:
    seen = [
        span(9 * HOUR, 10 * HOUR, S, WAITING),
        span(10 * HOUR, 11 * HOUR, U, WAITING),
        span(11 * HOUR, 11.5 * HOUR, N, UNSEEN, "dark"),
        span(11.5 * HOUR, None, U),
    ]
    found = of(seen, [Span(at(9 * HOUR), at(12 * HOUR)), Span(at(13 * HOUR), at(17 * HOUR))], at(14 * HOUR))
    assert seconds(found.staffed) == HOUR
    assert seconds(found.unstaffed) == (1 + 0.5 + 1) * HOUR
    assert {reason: seconds(length) for reason, length in found.unknown_by.items()} == {"dark": 0.5 * HOUR}
    assert seconds(found.closed) == (9 + 1) * HOUR
    assert seconds(found.to_come) == 10 * HOUR
    assert (seconds(found.waiting), seconds(found.unattended), found.waits) == (2 * HOUR, HOUR, 1)


def test_open_time_of_which_nothing_was_written_is_unknown() -> None:
    found = of([span(9 * HOUR, 10 * HOUR, S)], [Span(at(8 * HOUR), at(11 * HOUR))], at(24 * HOUR))
    assert found.unknown_by == {NOT_WATCHED: timedelta(hours=2)}
    assert seconds(found.unstaffed) == 0


def test_an_absence_and_a_wait_count_where_they_begin_and_last_where_they_lie() -> None:
    hours = [Span(at(n * HOUR), at((n + 1) * HOUR)) for n in range(-1, 3)]
    away = Span(at(-60), at(HOUR + 60))
    seen = Seen([PresenceSpan(away.start, away.end, U, WAITING)], [Span(at(-HOUR), at(3 * HOUR))], [away])
    found = figures(hours[1:], seen, at(3 * HOUR))
    assert [each.absences for each in found] == [0, 0, 0]
    assert [each.waits for each in found] == [0, 0, 0]
    assert [seconds(each.absent) for each in found] == [HOUR, 60, 0]
    assert [each.absences for each in figures(hours, seen, at(3 * HOUR))] == [1, 0, 0, 0]


def test_where_rows_contradict_each_other_nobody_is_accused() -> None:
    always = [DAY]
    both = of([span(0, HOUR, U), span(0, HOUR, S)], always, at(HOUR))
    assert (seconds(both.staffed), seconds(both.unstaffed)) == (HOUR, 0)
    blind = of([span(0, HOUR, U), span(0, HOUR, N, UNSEEN, "dark"), span(0, HOUR, S)], always, at(HOUR))
    assert (blind.unknown_by, seconds(blind.unstaffed)) == ({"dark": timedelta(hours=1)}, 0)


def test_no_cells_have_no_figures() -> None:
    assert figures([], Seen([], []), START) == ()


moments = st.integers(-3600, 26 * 3600)
spans = st.lists(
    st.builds(
        lambda start, length, staff, customer, reason: span(start, start + length, staff, customer, reason),
        moments,
        st.integers(0, 4 * 3600),
        st.sampled_from(StaffState),
        st.sampled_from(CustomerState),
        st.sampled_from(["", "dark", "no_signal", NOT_WATCHED]),
    ),
    max_size=12,
)
openings = st.lists(
    st.builds(lambda start, length: Span(at(start), at(start + length)), moments, st.integers(0, 8 * 3600)), max_size=4
)


@given(spans, openings, moments, st.lists(st.integers(1, 24 * 3600 - 1), max_size=5))
def test_the_parts_of_every_cell_add_up_to_it_and_cells_to_the_day(
    presence: list[PresenceSpan], opened: list[Span], now: int, cuts: list[int]
) -> None:
    edges = sorted({0, 24 * 3600, *cuts})
    cells = [Span(at(a), at(b)) for a, b in pairwise(edges)]
    seen = Seen(presence, opened, opened)
    found = figures(cells, seen, at(now))
    for each in found:
        parts = (each.staffed, each.unstaffed, each.unknown, each.closed, each.to_come)
        assert sum(parts, timedelta()) == each.span.duration
        assert min(parts) >= timedelta()
        assert each.unattended <= min(each.waiting, each.unstaffed)
        assert max(each.waiting, each.absent) <= each.open
    (whole,) = Ledger(DAY, seen, at(now)).figures([DAY])
    assert Ledger(DAY, seen, at(now)).figures(cells) == found
    for name in ("staffed", "unstaffed", "unknown", "closed", "to_come", "waiting", "unattended", "absent"):
        assert sum((getattr(each, name) for each in found), timedelta()) == getattr(whole, name)
    assert sum(each.waits for each in found) == whole.waits
    assert sum(each.absences for each in found) == whole.absences


@given(spans, openings, moments)
def test_unknown_is_never_turned_into_unstaffed(presence: list[PresenceSpan], opened: list[Span], now: int) -> None:
    """Unstaffed is never more than was seen to be, and never where anything says unknown or staffed."""
    found = of(presence, opened, at(now))
    lasting = [(s.staff, Span(s.start, s.end or at(now))) for s in presence]
    seen = merge(each for staff, each in lasting if staff is U)
    doubted = merge(each for staff, each in lasting if staff is not U)
    known = intersect(seen, intersect(opened, [Span(DAY.start, max(DAY.start, min(DAY.end, at(now))))]))
    assert found.unstaffed == total(known) - total(intersect(known, doubted))


@given(spans, openings, moments, st.integers(0, 3600))
def test_time_that_passes_takes_from_what_is_to_come_alone(
    presence: list[PresenceSpan], opened: list[Span], now: int, later: int
) -> None:
    before, after = of(presence, opened, at(now)), of(presence, opened, at(now + later))
    for name in ("staffed", "unstaffed", "unknown", "closed", "waiting"):
        assert getattr(before, name) <= getattr(after, name)
