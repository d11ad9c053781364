"""The server's clock is counted on through its own steps, and a step that stands is believed in the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.video.server_clock import HOLD_US, SMALL_STEP_US
from tests.ingest.video.timed import EPOCH, SECOND, FakeServer

LARGE = st.one_of(st.integers(SMALL_STEP_US + 1, 10**12), st.integers(-(10**12), -SMALL_STEP_US - 1))


def test_without_a_step_it_is_the_servers_own_time() -> None:
    server = FakeServer()
    for second in (0, 1, 3_600, 10**6):
        server.now_us = second * SECOND
        counted_us, reading = server.clock.read()
        assert (counted_us, reading.step_us) == (EPOCH + second * SECOND, 0)
        assert counted_us - reading.ahead_us == server.booted_us + server.now_us


@given(LARGE)
def test_a_large_step_is_told_and_not_followed_until_it_has_stood(step: int) -> None:
    server = FakeServer()
    server.off_us = step
    for since_us in (0, SECOND, HOLD_US - 1):
        server.now_us = since_us
        counted_us, reading = server.clock.read()
        assert (counted_us, reading.step_us) == (EPOCH + since_us, step)
    server.now_us = HOLD_US
    counted_us, reading = server.clock.read()
    assert (counted_us, reading.step_us) == (EPOCH + HOLD_US + step, 0)


@given(LARGE, st.integers(0, HOLD_US - 1))
def test_a_step_that_is_taken_back_has_never_been(step: int, after_us: int) -> None:
    server = FakeServer()
    server.off_us = step
    server.clock.read()
    server.now_us, server.off_us = after_us, 0
    counted_us, reading = server.clock.read()
    assert (counted_us, reading.step_us) == (EPOCH + after_us, 0)
    server.off_us = step
    server.clock.read()
    server.now_us += HOLD_US - 1
    assert server.clock.read()[1].step_us == step


@given(st.integers(-SMALL_STEP_US, SMALL_STEP_US))
def test_a_small_step_is_followed_at_once(step: int) -> None:
    server = FakeServer()
    server.off_us = step
    counted_us, reading = server.clock.read()
    assert abs(counted_us - EPOCH - step) <= 1_000
    assert reading.step_us == 0


def test_a_further_step_has_to_stand_anew() -> None:
    server = FakeServer()
    server.off_us = 10 * SECOND
    server.clock.read()
    server.now_us, server.off_us = HOLD_US - SECOND, 20 * SECOND
    server.clock.read()
    server.now_us = HOLD_US + SECOND
    assert server.clock.read()[1].step_us == 20 * SECOND


@pytest.mark.parametrize("interrupted_us", [300_000, 30_000_000])
def test_being_interrupted_between_the_two_clocks_is_no_step(interrupted_us: int) -> None:
    server = FakeServer()

    def wall_ns() -> int:
        looks.append(1)
        if len(looks) % 4 == 1:
            server.now_us += interrupted_us
        return (EPOCH + server.now_us) * 1000

    looks: list[int] = []
    clock = type(server.clock)(wall_ns, lambda: (server.booted_us + server.now_us) * 1000)
    for _ in range(20):
        assert clock.read()[1].step_us == 0
