"""How much may come together before a stream is looked at, and when what came together arrived."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.video.gathering import (
    AT_ONCE,
    FIRST_S,
    GATHER_S,
    GATHER_WITH_SOUND_S,
    MAX_BYTES,
    MEASURED_S,
    Gathering,
    Patience,
    arrivals,
)

INTERVAL_US = 40_000


def patience_after(seconds: float, rate: int, room: int | None = None, largest: int = 0) -> Patience:
    gathering = Gathering(100.0, room)
    patience = gathering.patience([largest], 100.0)
    for tenth in range(1, round(seconds * 10) + 1):
        patience = gathering.patience([rate // 10], 100.0 + tenth / 10)
    return patience


def test_at_first_every_picture_is_seen_as_it_comes() -> None:
    assert patience_after(FIRST_S - 1, 250_000) == AT_ONCE


@given(st.integers(0, 5_000_000))
def test_then_as_much_is_left_to_come_as_comes_in_a_moment(rate: int) -> None:
    patience = patience_after(FIRST_S + 2 * MEASURED_S, rate)
    assert 1 <= patience.size <= MAX_BYTES
    assert abs(patience.size - min(max(rate * GATHER_S, 1), MAX_BYTES)) <= max(rate * GATHER_S * 0.03, 10)
    assert patience.rest_s <= GATHER_S


@given(st.integers(0, 5_000_000), st.integers(0, 1_000_000), st.integers(0, 500_000))
def test_no_more_lies_in_the_system_than_it_has_room_for(rate: int, room: int, largest: int) -> None:
    patience = patience_after(FIRST_S + 2 * MEASURED_S, rate, room, largest)
    assert patience == AT_ONCE or rate * patience.rest_s * 0.97 + largest <= room + 10


def test_datagrams_rest_as_long_as_bytes_are_waited_for() -> None:
    assert patience_after(FIRST_S + 2 * MEASURED_S, 250_000, 2_000_000).rest_s > 0.99 * GATHER_S
    assert patience_after(FIRST_S + 2 * MEASURED_S, 250_000, 60_000, 40_000).rest_s < 0.1


def test_with_sound_less_is_left_to_come() -> None:
    gathering = Gathering(100.0, longest_s=GATHER_WITH_SOUND_S)
    for tenth in range(300):
        patience = gathering.patience([25_000], 100.0 + tenth / 10)
    assert abs(patience.size - 250_000 * GATHER_WITH_SOUND_S) < 2_000


def test_a_stream_that_has_become_thin_is_not_waited_for() -> None:
    gathering = Gathering(0.0)
    for tenth in range(1, 400):
        patience = gathering.patience([25_000] if tenth < 250 else [], tenth / 10)
    assert patience == AT_ONCE


@given(st.integers(1, 20), st.integers(0, 400_000), st.integers(0, 30_000))
def test_pictures_taken_together_were_as_long_on_their_way_as_the_last(count: int, delay_us: int, kept_us: int) -> None:
    media_us = [number * INTERVAL_US for number in range(count)]
    seen_us = [media_us[-1] + delay_us + kept_us] * count
    reckoned = arrivals(seen_us, media_us)
    assert reckoned == [media + delay_us + kept_us for media in media_us]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=20))
def test_no_picture_arrives_after_it_was_seen(pairs: list[tuple[int, int]]) -> None:
    seen_us = sorted(seen for seen, _ in pairs)
    reckoned = arrivals(seen_us, [media for _, media in pairs])
    assert len(reckoned) == len(seen_us)
    assert reckoned[-1:] == seen_us[-1:]
    assert all(at <= seen for at, seen in zip(reckoned, seen_us, strict=True))


def test_pictures_seen_one_by_one_arrived_when_they_were_seen() -> None:
    seen_us = [0, 41_000, 79_000, 120_000]
    assert all(before < after for before, after in pairwise(arrivals(seen_us, [0, 40_000, 80_000, 120_000])))


def test_a_leap_of_the_timestamps_puts_no_picture_an_hour_back() -> None:
    hour_us = 3_600_000_000
    assert arrivals([1_000_000, 1_000_100], [0, hour_us]) == [1_000_000, 1_000_100]
    assert arrivals([1_000_000, 1_000_100], [hour_us, 0]) == [1_000_000, 1_000_100]
