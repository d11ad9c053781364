"""Pictures with people, and clips, for the tests of analytics."""

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from analytics.detectors.ssd import SsdDetector
from analytics.looking import Observation
from analytics.people import Image

START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
"""A Monday, 09:00 in Foshan."""
DATA = Path(__file__).parents[3] / "shared" / "data"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def labelled_data() -> Path:
    if not DATA.is_dir():
        pytest.skip(f"the labelled clips are not at {DATA}")
    return DATA


@cache
def ssd() -> SsdDetector:
    """Loaded once: it takes a second."""
    return SsdDetector()


@cache
def _portrait() -> Image:
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    picture = cv2.imread(str(Path(spec.origin).parent / "data" / "astronaut.png"))
    assert picture is not None
    return np.asarray(picture[:, 60:420], dtype=np.uint8)


def a_picture(*places: float, seconds: float = 0.0) -> Image:
    """A room 640 × 360 with one person around each x (0..1); it changes a little every second, as live pictures do."""
    picture = np.full((360, 640, 3), 150, np.uint8)
    picture[::40, :] = 110
    picture[:, ::40] = 110
    person = cv2.resize(_portrait(), (150, 210))
    for place in places:
        left = min(max(round(place * 640) - 75, 0), 490)
        picture[150:360, left : left + 150] = person
    cv2.putText(picture, f"{seconds:09.1f}", (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2)
    return picture


def seen(
    seconds: float, staff: int | None, customer: int | None = 0, camera: str = "cam", reason: str = ""
) -> Observation:
    return Observation("c-1", camera, at(seconds), staff, customer, confidence=0.9, reason=reason)
