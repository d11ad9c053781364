"""Reading the clock that the simulated cameras burn into every picture, from the picture that a video shows.

At its own size and without what a page may lay over it, such as a notice that has just come in.
"""

import base64
from datetime import UTC, datetime

import cv2
import numpy as np
from playwright.sync_api import Locator

from ingest.simulator.clock_code import read_clock
from tests.e2e.running_hall import wait_for


def shown_time(video: Locator) -> datetime:
    """The camera's wall time of the picture that the video shows."""
    found: datetime = wait_for(lambda: _read(video), 10, "a readable clock")
    return found


def seconds_behind(video: Locator) -> float:
    """How old the picture is: the middle of three looks."""
    ages = sorted((datetime.now(UTC) - shown_time(video)).total_seconds() for _ in range(3))
    return ages[1]


def _read(video: Locator) -> datetime | None:
    data = video.evaluate(_PICTURE)
    picture = None if data is None else cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    return None if picture is None else read_clock(picture)


_PICTURE = """element => {
  const video = element.video ?? element; // of a live tile
  if (!video.videoWidth) return null;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas.toDataURL("image/jpeg", 0.9).split(",")[1];
}"""
