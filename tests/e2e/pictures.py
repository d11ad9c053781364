"""Reading the clock that the simulated cameras burn into every picture, from what is on the screen."""

from datetime import UTC, datetime

import cv2
import numpy as np
from playwright.sync_api import Locator

from ingest.simulator.clock_code import read_clock
from tests.e2e.running_hall import wait_for


def shown_time(video: Locator) -> datetime:
    """The camera's wall time of the picture on the screen."""
    found: datetime = wait_for(lambda: _read(video), 10, "a readable clock")
    return found


def seconds_behind(video: Locator) -> float:
    """How old the picture is: the middle of three looks."""
    ages = sorted((datetime.now(UTC) - shown_time(video)).total_seconds() for _ in range(3))
    return ages[1]


def _read(video: Locator) -> datetime | None:
    picture = cv2.imdecode(np.frombuffer(video.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    return None if picture is None else read_clock(picture)
