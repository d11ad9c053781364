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
    catch_up = CatchUp(shelf, {"a": at(0), "b": at(0)}, SECOND, at(200))
    told = [picture for batch in batches(catch_up, {}) for picture in batch]
    assert told == [("a", 1), ("b", 1.5), ("a", 2), ("b", 2.5), ("a", 3)]


def test_a_batch_holds_one_picture_of_each_camera_and_loses_none() -> None:
    shelf = Shelf(a=[1, 2, 3, 4], b=[9])
    catch_up = CatchUp(shelf, {"a": at(0), "b": at(0)}, SECOND, at(200))
    assert [len({camera for camera, _ in batch}) for batch in batches(catch_up, {})] == [1, 1, 1, 2]


def test_it_is_done_when_the_first_live_pictures_are_reached() -> None:
    shelf = Shelf(a=[1, 2, 3, 4, 5])
    catch_up = CatchUp(shelf, {"a": at(0)}, SECOND, at(200))
    assert not catch_up.done(at(100), {})
    batches(catch_up, {"a": at(4)})
    assert catch_up.done(at(100), {"a": at(4)})


def test_footage_that_is_recorded_meanwhile_is_waited_for_but_not_for_ever() -> None:
    shelf = Shelf(a=[1])
    catch_up = CatchUp(shelf, {"a": at(0)}, SECOND, at(130))
    batches(catch_up, {"a": at(10)})
    assert not catch_up.done(at(101), {"a": at(10)})
    shelf.seconds["a"] += [8, 9]
    assert catch_up.next_pictures(at(101), {"a": at(10)}, 4) == []
    assert catch_up.next_pictures(at(103), {"a": at(10)}, 4)
    assert catch_up.done(at(130), {"a": at(10)})


def test_a_long_stop_is_watched_more_coarsely_and_a_very_long_one_in_part() -> None:
    budget = timedelta(seconds=30)
    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    assert pace(minute, 1, 0.1, budget, SECOND) == (SECOND, minute)
    assert pace(hour, 1, 0.05, budget, SECOND) == (6 * SECOND, hour)
    assert pace(hour, 4, 0.25, budget, SECOND) == (COARSEST, timedelta(minutes=5))
