"""A wall of masked cameras shows newest stills: they are shared, and half a core is spent on them at most."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from tests.sample import a_segment
from tests.servers import LIMIT_S
from web.newest_stills import FRESH_S, NewestStills, Still

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


@dataclass
class Maker:
    """Makes stills, numbered, in so many seconds of the clock."""

    takes_s: float = 1.0
    now: float = 0.0
    made: int = 0

    def clock(self) -> float:
        return self.now

    def make(self) -> Still:
        self.made += 1
        self.now += self.takes_s
        return Still(str(self.made).encode(), NOON, a_segment("cam", NOON))


def test_all_who_watch_a_camera_get_one_still_until_the_next_is_due() -> None:
    maker = Maker()
    stills = NewestStills(maker.clock)
    assert [stills.get("cam", maker.make).jpeg for _ in range(10)] == [b"1"] * 10
    maker.now += FRESH_S
    assert stills.get("cam", maker.make).jpeg == b"2"


@pytest.mark.parametrize("cameras", [1, 4, 16])
def test_half_of_the_time_at_most_is_spent_on_them_and_no_still_becomes_old(cameras: int) -> None:
    maker = Maker(takes_s=0.4)
    stills = NewestStills(maker.clock)
    shown: dict[int, float] = {}
    while maker.now < 120:
        for camera in range(cameras):
            before = maker.made
            stills.get(camera, maker.make)
            if maker.made > before:
                assert maker.now - shown.get(camera, maker.now) <= max(4.0, 1.1 * cameras)
                shown[camera] = maker.now
        maker.now += 0.1
    assert len(shown) == cameras
    assert maker.made * maker.takes_s <= 0.5 * maker.now + maker.takes_s * cameras


def test_another_mask_is_another_still_at_once() -> None:
    maker = Maker()
    stills = NewestStills(maker.clock)
    assert [stills.get(("cam", mask), maker.make).jpeg for mask in ("", "left")] == [b"1", b"2"]


def test_who_asks_while_one_is_made_gets_the_last_and_waits_for_none() -> None:
    maker, begun, go_on = Maker(takes_s=0.0), threading.Event(), threading.Event()
    stills = NewestStills(maker.clock)
    stills.get("cam", maker.make)
    maker.now += FRESH_S

    def slow() -> Still:
        begun.set()
        assert go_on.wait(LIMIT_S)
        return maker.make()

    thread = threading.Thread(target=stills.get, args=("cam", slow))
    thread.start()
    assert begun.wait(LIMIT_S)
    assert stills.get("cam", maker.make).jpeg == b"1"
    go_on.set()
    thread.join()
    assert stills.get("cam", maker.make).jpeg == b"2"


def test_one_that_cannot_be_made_is_tried_again() -> None:
    maker = Maker()
    stills = NewestStills(maker.clock)

    def broken() -> Still:
        raise OSError("the store is away")

    with pytest.raises(OSError, match="away"):
        stills.get("cam", broken)
    assert stills.get("cam", maker.make).jpeg == b"1"
