"""When a camera that failed is tried again."""

import random
import threading
from contextlib import AbstractContextManager
from itertools import accumulate, repeat
from typing import Any

import pytest

from ingest.simulator.rtsp_messages import Credentials
from ingest.simulator.rtsp_server import RtspServer
from ingest.video.camera import FIRST_WAIT_S, LONGEST_WAIT_S, PROVEN_S, REFUSED_WAIT_S, CameraWorker, next_wait
from ingest.video.hub import Hub
from ingest.video.rtsp.failures import refused
from ingest.video.source import RtspSource
from tests.ingest.video.fast_camera import FastCamera
from tests.ingest.video.timed import FakeServer
from tests.servers import LIMIT_S, wait_until


def test_a_camera_that_fails_is_tried_ever_more_seldom() -> None:
    waits = list(accumulate(repeat(0, 8), lambda wait, _: next_wait(wait, 0.1, refused=False), initial=FIRST_WAIT_S))
    assert waits == [0.5, 1, 2, 4, 8, *[LONGEST_WAIT_S] * 4]


def test_after_a_good_connection_it_is_tried_soon() -> None:
    assert next_wait(LONGEST_WAIT_S, PROVEN_S + 1, refused=False) == FIRST_WAIT_S


def test_after_a_refused_password_a_camera_is_left_alone_for_long() -> None:
    assert next_wait(FIRST_WAIT_S, 0.1, refused=True) == REFUSED_WAIT_S > 10 * LONGEST_WAIT_S


def test_a_password_that_was_taken_before_is_tried_once_more_soon() -> None:
    """Cameras that are just starting refuse everybody."""
    server, is_starting = FakeServer(), False
    camera = FastCamera(server, [], random.Random(1), 5_000_000)

    def open_stream(*asked: Any) -> AbstractContextManager[RtspSource]:
        if is_starting:
            raise refused("401 Unauthorized")
        return camera.open(*asked)

    worker = CameraWorker("cam", "", "tcp", Hub(), None, server.clock, open_stream=open_stream)
    worker.attempt(FIRST_WAIT_S)
    is_starting = True
    assert [worker.attempt(FIRST_WAIT_S) for _ in range(3)] == [LONGEST_WAIT_S, REFUSED_WAIT_S, REFUSED_WAIT_S]


def test_a_refused_password_is_known_as_such_and_a_stop_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()

    def noting(before_s: float, lasted_s: float, refused: bool) -> float:
        if refused:
            told.set()
        return next_wait(before_s, lasted_s, refused)

    monkeypatch.setattr("ingest.video.camera.next_wait", noting)
    with RtspServer(credentials=Credentials("viewer", "right")) as server:
        server.mount("/main")
        worker = CameraWorker("cam", server.url("/main").replace("//", "//viewer:wrong@"), "tcp", Hub())
        worker.start()
        wait_until(told.is_set)
        worker.ask_to_stop()
        assert worker.join(LIMIT_S)
