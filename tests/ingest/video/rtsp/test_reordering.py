"""Datagrams back into their order."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.video.rtsp.reordering import MAX_HELD, MAX_WAIT_S, Reordering

JUST_BEFORE = MAX_WAIT_S - 0.01


def packet(number: int, what: bytes = b"") -> bytes:
    return b"\x80\x60" + (number % 2**16).to_bytes(2, "big") + what


def take(order: Reordering, *numbers: int, now: float = 0.0) -> list[int]:
    """As they come one by one."""
    return [number_of(one) for number in numbers for one in order.take([memoryview(packet(number))], now)]


def overdue(order: Reordering, now: float) -> list[int]:
    return [number_of(one) for one in order.overdue(now)]


def number_of(one: memoryview) -> int:
    return int.from_bytes(one[2:4], "big")


def test_what_is_in_order_does_not_wait() -> None:
    assert take(Reordering(), 65_534, 65_535, 0, 1) == [65_534, 65_535, 0, 1]


def test_a_late_packet_is_waited_for() -> None:
    order = Reordering()
    assert take(order, 1, 3, 4) == [1]
    assert overdue(order, JUST_BEFORE) == []
    assert take(order, 2, now=JUST_BEFORE) == [2, 3, 4]


def test_a_lost_packet_is_given_up_in_time() -> None:
    order = Reordering()
    assert take(order, 1, 3, 5) == [1]
    assert take(order, 6, now=0.1) == []
    assert overdue(order, MAX_WAIT_S) == [3, 5, 6]
    assert take(order, 2, 4) == []


def test_many_losses_are_not_waited_for_one_after_the_other() -> None:
    order = Reordering()
    given_up = take(order, 0)
    for number in range(2, 200, 2):
        now = number / 100
        given_up += take(order, number, now=now) + overdue(order, now)
    assert given_up[-1] >= 198 - 2 - MAX_WAIT_S * 100


def test_a_second_gap_is_waited_for_as_long_as_the_first() -> None:
    order = Reordering()
    assert take(order, 1, 3) == [1]
    assert take(order, 5, now=0.2) == []
    assert overdue(order, MAX_WAIT_S) == [3]
    assert overdue(order, 0.4) == []
    assert take(order, 4, now=0.44) == [4, 5]


def test_no_packet_comes_twice() -> None:
    assert take(Reordering(), 1, 1, 3, 3, 2, 2, 3) == [1, 2, 3]


def test_a_stream_that_begins_anew_is_followed_and_what_waited_is_not_lost() -> None:
    assert take(Reordering(), 100, 102, 40_000, 40_001, 102) == [100, 102, 40_000, 40_001, 102]


def test_what_waits_is_bounded() -> None:
    order = Reordering()
    assert take(order, 0, *range(2, MAX_HELD + 2)) == [0]
    assert len(take(order, MAX_HELD + 2)) == MAX_HELD + 1


def test_what_has_no_number_is_no_packet() -> None:
    assert Reordering().take([memoryview(b"\x80\x60\x00")], 0) == []


@given(st.lists(st.lists(st.integers(0, 30), max_size=8), max_size=8))
def test_what_comes_together_is_ordered_as_one_by_one_though_it_is_overwritten_afterwards(
    batches: list[list[int]],
) -> None:
    together, single, came = Reordering(), Reordering(), list[int]()
    for batch in batches:
        room = [bytearray(packet(number)) for number in batch]
        came += [number_of(one) for one in together.take([memoryview(one) for one in room], 0.0)]
        for one in room:
            one[:] = packet(9_999)
    rest = [number_of(one) for one in together.overdue(MAX_WAIT_S)]
    assert came == [number for batch in batches for number in take(single, *batch)]
    assert rest == overdue(single, MAX_WAIT_S)


@given(st.data(), st.integers(0, 2**16 - 1), st.integers(1, 60))
def test_any_order_with_losses_and_repeats_comes_out_in_order(data: st.DataObject, first: int, count: int) -> None:
    sent = data.draw(st.lists(st.integers(1, count), max_size=2 * count))
    order = Reordering()
    came = take(order, *((first + number) for number in [0, *sent])) + overdue(order, MAX_WAIT_S)
    assert came == [(first + number) % 2**16 for number in sorted({0, *sent})]


@given(st.lists(st.tuples(st.integers(0, 2**16 - 1), st.floats(0, 0.2)), max_size=80))
def test_nothing_waits_longer_than_it_may(arrivals: list[tuple[int, float]]) -> None:
    order, now, sent, came = Reordering(), 0.0, 0, 0
    for number, pause in arrivals:
        now += pause
        sent += 1
        came += len(take(order, number, now=now)) + len(overdue(order, now))
    assert came + len(overdue(order, now + MAX_WAIT_S)) <= sent
    assert overdue(order, now + MAX_WAIT_S) == []
