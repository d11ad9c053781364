"""A feed whose source is broken, not only lost, says so until it sends pictures again."""

from collections.abc import Iterator
from threading import Condition, Event

import numpy as np

from analytics.feeds import CameraFeed
from analytics.pictures import Picture
from storage.failures import Failures, failures_told
from tests.analytics.scenes import START
from tests.sample import CAMERA
from tests.servers import wait_until


class BrokenOnce:
    rare = None

    def __init__(self) -> None:
        self.mended = Event()

    def pictures(self, stop: Event) -> Iterator[Picture]:
        if not self.mended.is_set():
            raise RuntimeError("no such codec")
        yield Picture(CAMERA, START, np.zeros((2, 2, 3), np.uint8))
        stop.wait()


def test_a_source_that_is_broken_is_told_until_it_sends_pictures() -> None:
    source, failures = BrokenOnce(), Failures()
    feed = CameraFeed(CAMERA, source, Condition(), lambda: START, failures)
    feed.start()
    wait_until(lambda: failures.told() != {})
    [failure] = failures_told(failures.told())
    assert (failure.job, failure.error) == (f"pictures:{CAMERA}", "RuntimeError: no such codec")
    source.mended.set()
    wait_until(lambda: failures.told() == {})
    feed.signal_stop()
    feed.join()
