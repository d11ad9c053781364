"""Whether what happened at a counter happened to its whole hall."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.grouping import Onset, Together, affected, one_after_another

T = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def onsets(*seconds: float) -> list[Onset]:
    return [Onset(f"c{number}", T + timedelta(seconds=second)) for number, second in enumerate(seconds)]


@pytest.mark.parametrize(
    ("seconds", "watched", "counters"),
    [
        ((0, 20, 59), 6, 3),  # half of them within a minute
        ((0, 20, 61), 6, 0),  # one of them later
        ((0, 20, 59), 7, 0),  # less than half
        ((0, 20), 2, 0),  # all of two: each is told by itself
        ((-30, 0, 30), 6, 3),
        ((-60, 0, 60), 6, 0),  # two minutes from the first to the last
        ((0, 1, 2, 3, 4000), 10, 0),
    ],
)
def test_half_of_the_hall_within_a_minute_is_the_hall(seconds: tuple[float, ...], watched: int, counters: int) -> None:
    assert len(affected(onsets(*seconds), watched, T)) == counters


@settings(max_examples=60)
@given(st.lists(st.integers(-200, 200), max_size=12), st.integers(1, 12), st.randoms(use_true_random=False))
def test_what_is_one_event_lies_within_a_minute_around_its_moment(
    seconds: list[int], watched: int, chance: object
) -> None:
    began, rule = onsets(*seconds), Together()
    found = affected(began, watched, T)
    shuffled = list(began)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert affected(shuffled, watched, T) == found, "the order in which they are told says nothing"
    if found:
        assert found[-1].at - found[0].at <= rule.within
        assert found[0].at <= T <= found[0].at + rule.within
        assert len(found) >= rule.least
        assert 2 * len(found) >= watched
        assert len(affected([*began, Onset("more", T)], watched, T)) > len(found)


@pytest.mark.parametrize(
    ("seconds", "counters"),
    [
        ((0, 25, 50, 75, 100, 125, 150), 7),
        ((150, 0, 60, 110), 4),
        ((0, 25, 86, 90), 2),  # the third more than a minute after the second
        ((60, 121), 1),
        ((61,), 0),
        ((-60, -61, 30), 2),
    ],
)
def test_who_goes_within_a_minute_of_the_one_before_goes_on_with_it(seconds: tuple[float, ...], counters: int) -> None:
    assert len(one_after_another(onsets(*seconds), T)) == counters


def test_a_rule_that_makes_no_sense_is_refused() -> None:
    for wrong in ({"share": 0}, {"share": 1.1}, {"least": 1}, {"within": timedelta(0)}):
        with pytest.raises(ValueError, match="share"):
            Together(**wrong)
