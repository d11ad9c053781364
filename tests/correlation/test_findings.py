"""A finding is made only when nobody was there for sure."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from correlation.findings import Seen, Verdict, judge, margin_for, window
from storage.intervals import Span
from storage.models import StaffState

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MARGIN = timedelta(seconds=10)
STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def seen(start: float, end: float | None, staff: StaffState) -> Seen:
    return Seen(at(start), None if end is None else at(end), staff)


def verdict(*presence: Seen, step: tuple[float, float] = (100, 160), watched_to: float = 1000) -> Verdict:
    return judge(Span(at(step[0]), at(step[1])), presence, at(watched_to), MARGIN).verdict


def test_nobody_there_in_the_whole_window_is_a_finding() -> None:
    assert verdict(seen(0, 90, STAFFED), seen(90, 170, UNSTAFFED), seen(170, None, STAFFED)) is Verdict.UNSTAFFED


def test_somebody_there_within_the_margin_explains_it() -> None:
    assert verdict(seen(0, 91, STAFFED), seen(91, None, UNSTAFFED)) is Verdict.EXPLAINED
    assert verdict(seen(0, 169, UNSTAFFED), seen(169, None, STAFFED)) is Verdict.EXPLAINED


def test_a_moment_that_nobody_saw_forbids_a_finding() -> None:
    assert verdict(seen(0, 130, UNSTAFFED), seen(130, 131, UNKNOWN), seen(131, None, UNSTAFFED)) is Verdict.UNKNOWN
    assert verdict(seen(0, 130, UNSTAFFED), seen(131, None, UNSTAFFED)) is Verdict.UNKNOWN
    assert verdict() is Verdict.UNKNOWN


def test_a_lasting_state_counts_only_as_far_as_it_was_watched() -> None:
    assert verdict(seen(0, None, UNSTAFFED), watched_to=170) is Verdict.UNSTAFFED
    assert verdict(seen(0, None, UNSTAFFED), watched_to=169) is Verdict.UNKNOWN


def test_a_point_in_time_is_judged_by_its_margin() -> None:
    assert verdict(seen(0, None, UNSTAFFED), step=(100, 100)) is Verdict.UNSTAFFED
    assert verdict(seen(0, 105, UNSTAFFED), seen(105, None, STAFFED), step=(100, 100)) is Verdict.EXPLAINED


def test_the_margin_grows_with_the_error_of_the_clocks() -> None:
    assert margin_for([], MARGIN) == MARGIN
    assert margin_for([timedelta(seconds=-25)], MARGIN) == timedelta(seconds=25)


def test_the_evidence_says_what_was_seen_and_the_margin() -> None:
    found = judge(Span(at(100), at(160)), [seen(0, None, UNSTAFFED)], at(1000), MARGIN)
    assert found.evidence == {
        "margin_s": 10.0,
        "window": {"start": at(90).isoformat(), "end": at(170).isoformat()},
        "presence": [{"start": at(90).isoformat(), "end": at(170).isoformat(), "staff": "unstaffed"}],
    }


@st.composite
def histories(draw: st.DrawFn) -> list[Seen]:
    """States one after another, now and then with a hole."""
    cuts = sorted(draw(st.sets(st.integers(0, 300), min_size=2, max_size=8)))
    states = st.sampled_from([STAFFED, UNSTAFFED, UNSTAFFED, UNKNOWN, None])
    return [seen(start, end, staff) for start, end in pairwise(cuts) if (staff := draw(states)) is not None]


@given(histories(), st.integers(0, 300), st.integers(0, 100))
def test_a_finding_means_that_every_second_of_the_window_was_seen_unstaffed(
    history: list[Seen], start: int, length: int
) -> None:
    step = Span(at(start), at(start + length))
    found = judge(step, history, at(1000), MARGIN).verdict
    wide = window(step.start, step.end, MARGIN)
    moments = [wide.start + timedelta(seconds=s) for s in range(int(wide.duration.total_seconds()))]
    states = [next((h.staff for h in history if h.end and h.start <= m < h.end), None) for m in moments]
    assert (found is Verdict.UNSTAFFED) == all(state is UNSTAFFED for state in states)
    assert (found is Verdict.EXPLAINED) == (STAFFED in states)
