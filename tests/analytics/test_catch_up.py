from collections.abc import Iterator
from datetime import datetime, timedelta

from analytics.catch_up import COARSEST, CatchUp, pace
from analytics.pictures import Picture
from tests.analytics.scenes import START, a_picture, at

SECOND = timedelta(seconds=1)
IMAGE = a_picture()


class Shelf:
    """Recorded pictures of each camera, by second."""

    def __init__(self, **seconds: list[float]) -> None:
        self.seconds = seconds

    def pictures(self, camera_id: str, start: datetime, end: datetime, step: timedelta) -> Iterator[Picture]:
        for second in self.seconds[camera_id]:
            if start <= at(second) < end:
                yield Picture(camera_id, at(second), IMAGE)


def batches(catch_up: CatchUp, live_from: dict[str, datetime], limit: int = 4) -> list[list[tuple[str, float]]]:
    found = []
    while pictures := catch_up.next_pictures(at(100), live_from, limit):
        found.append([(p.camera_id, (p.wall - START).total_seconds()) for p in pictures])
    return found


def test_pictures_of_all_cameras_come_in_the_order_of_time() -> None:
    shelf = Shelf(a=[1, 2, 3], b=[1.5, 2.5])
    catch_up = CatchUp(shelf, {"a": at(0), "b": at(0)}, SECOND)
    told = [picture for batch in batches(catch_up, {}) for picture in batch]
    assert told == [("a", 1), ("b", 1.5), ("a", 2), ("b", 2.5), ("a", 3)]


def test_a_batch_holds_one_picture_of_each_camera_and_loses_none() -> None:
    shelf = Shelf(a=[1, 2, 3, 4], b=[9])
    catch_up = CatchUp(shelf, {"a": at(0), "b": at(0)}, SECOND)
    assert [len({camera for camera, _ in batch}) for batch in batches(catch_up, {})] == [1, 1, 1, 2]


def a_catch_up(shelf: Shelf, **until: float) -> CatchUp:
    """Of what was not watched since second 0; `until`: up to where each camera has been recorded."""
    return CatchUp(shelf, dict.fromkeys(shelf.seconds, at(0)), SECOND, lambda c: at(until[c]), timedelta(seconds=60))


def look_at_all(catch_up: CatchUp, now: float, live_from: dict[str, datetime]) -> list[float]:
    """The seconds of all pictures that there are by now."""
    found = []
    while pictures := catch_up.next_pictures(at(now), live_from, 4):
        found += [(picture.wall - START).total_seconds() for picture in pictures]
    catch_up.next_pictures(at(now), live_from, 4)
    return found


def test_it_is_done_when_the_first_live_pictures_are_reached() -> None:
    catch_up, live_from = a_catch_up(Shelf(a=[1, 2, 3, 4, 5]), a=5.9), {"a": at(4)}
    assert catch_up.behind_at(at(100)) == {"a"}
    assert look_at_all(catch_up, 100, live_from) == [1, 2, 3]
    assert catch_up.behind_at(at(100)) == frozenset()


def test_one_that_comes_seldom_is_done_as_soon_as_what_is_before_its_first_live_picture_is_recorded() -> None:
    catch_up, live_from = a_catch_up(Shelf(a=[0, 8, 16, 24]), a=31.96), {"a": at(32)}
    assert look_at_all(catch_up, 33, live_from) == [0, 8, 16, 24]
    assert catch_up.behind_at(at(33)) == frozenset()


def test_footage_that_is_recorded_meanwhile_is_waited_for_but_not_for_ever() -> None:
    shelf, until = Shelf(a=[1]), {"a": 2.0}
    catch_up = CatchUp(shelf, {"a": at(0)}, SECOND, lambda c: at(until[c]), timedelta(seconds=60))
    live_from = {"a": at(10)}
    look_at_all(catch_up, 11, live_from)
    assert catch_up.behind_at(at(12)) == {"a"}
    shelf.seconds["a"] += [8, 9]
    assert look_at_all(catch_up, 12, live_from) == []
    assert look_at_all(catch_up, 14, live_from) == [8, 9]
    assert catch_up.behind_at(at(14)) == {"a"}
    look_at_all(catch_up, 29, live_from)
    assert catch_up.behind_at(at(29)) == {"a"}
    look_at_all(catch_up, 31, live_from)
    assert catch_up.behind_at(at(31)) == frozenset()


def test_a_camera_that_sends_nothing_is_given_up_after_the_time_that_one_takes_to_start() -> None:
    catch_up, live_from = a_catch_up(Shelf(a=[1, 2], dead=[]), a=4, dead=0), {"a": at(3)}
    look_at_all(catch_up, 100, live_from)
    assert catch_up.behind_at(at(100)) == {"dead"}
    look_at_all(catch_up, 114, live_from)
    assert catch_up.behind_at(at(114)) == {"dead"}
    look_at_all(catch_up, 117, live_from)
    assert catch_up.behind_at(at(117)) == frozenset()


def test_when_its_time_is_up_or_the_clock_is_set_back_nothing_is_behind_any_more() -> None:
    catch_up = a_catch_up(Shelf(a=[1, 2, 3, 4]), a=5)
    catch_up.next_pictures(at(100), {"a": at(90)}, 1)
    assert [catch_up.behind_at(at(second)) for second in (100, 159)] == [{"a"}, {"a"}]
    assert [catch_up.behind_at(at(second)) for second in (99, 160)] == [frozenset(), frozenset()]


def test_a_long_stop_is_watched_more_coarsely_and_a_very_long_one_in_part() -> None:
    budget = timedelta(seconds=30)
    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    assert pace(minute, 1, 0.1, budget, SECOND) == (SECOND, minute)
    assert pace(hour, 1, 0.05, budget, SECOND) == (6 * SECOND, hour)
    assert pace(hour, 4, 0.25, budget, SECOND) == (COARSEST, timedelta(minutes=5))
