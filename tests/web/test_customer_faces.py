"""Stills are made once for all who look at the same picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from analytics.looking import WatchedView
from analytics.people import Box, DetectorUnavailable, Image, Person
from analytics.pictures import Picture
from ingest.video.stills import jpeg
from web.customer_faces import CustomerFaces
from web.errors import Unavailable
from web.one_detector import OneDetector
from web.previews import Previews
from web.settings import PrivacySection, WatcherSection

HEAD = Box(0.4, 0.2, 0.6, 0.8)
STAFF = ((0.3, 0.1), (0.7, 0.1), (0.7, 0.9), (0.3, 0.9))


@dataclass
class Finder:
    """Finds somebody in the middle of each picture that it is given, and counts these."""

    name: str = "finder"
    looks: int = 0

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        self.looks += len(images)
        return [(Person(HEAD, 0.9),) for _ in images]


def a_picture(seed: int) -> Image:
    return np.random.default_rng(seed).integers(0, 255, (180, 320, 3), np.uint8)


def shown(still: bytes) -> Image:
    return np.asarray(cv2.imdecode(np.frombuffer(still, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def test_who_asks_for_the_same_picture_gets_the_same_still_without_another_look() -> None:
    finder = Finder()
    faces = CustomerFaces(PrivacySection(), OneDetector(lambda: finder))
    first = faces.still(a_picture(1), ())
    looks = finder.looks
    assert looks
    assert faces.still(a_picture(1), ()) == first
    assert finder.looks == looks
    assert np.abs(shown(first).astype(int) - shown(jpeg(a_picture(1))).astype(int)).max() > 100, "it was blurred"


def test_another_picture_or_other_zones_are_looked_at_anew() -> None:
    finder = Finder()
    faces = CustomerFaces(PrivacySection(), OneDetector(lambda: finder))
    first, looks = faces.still(a_picture(1), ()), finder.looks
    assert faces.still(a_picture(2), ()) != first
    assert finder.looks == 2 * looks
    faces.still(a_picture(1), (WatchedView("cam", "cc-1", STAFF),))
    assert finder.looks > 2 * looks


def test_where_faces_are_not_to_be_blurred_a_still_is_the_picture() -> None:
    off = PrivacySection(blur_faces=False, blur_faces_off_because="glass walls")
    faces = CustomerFaces(off, OneDetector.of(WatcherSection()))
    assert faces.still(a_picture(1), ()) == jpeg(a_picture(1))


def test_stills_and_whoever_draws_zones_share_one_detector_that_is_loaded_when_first_needed() -> None:
    loaded: list[Finder] = []

    def load() -> Finder:
        loaded.append(Finder())
        return loaded[-1]

    detector = OneDetector(load)
    faces, previews = CustomerFaces(PrivacySection(), detector), Previews(0.35, detector)
    assert loaded == []
    faces.still(a_picture(1), ())
    picture = Picture("cam", datetime(2026, 1, 5, tzinfo=UTC), a_picture(1))
    assert previews.look(picture, WatchedView("cam", "cc-1", STAFF))[0] == "finder"
    assert len(loaded) == 1


def test_without_a_detector_stills_are_coarse_and_it_is_not_looked_for_again() -> None:
    tries: list[int] = []

    def missing() -> Finder:
        tries.append(1)
        raise DetectorUnavailable("no weights")

    faces = CustomerFaces(PrivacySection(), OneDetector(missing))
    assert faces.still(a_picture(1), ()) != jpeg(a_picture(1))
    faces.still(a_picture(2), ())
    assert len(tries) == 1


class Broken(Finder):
    """A detector that fails at work, as on a GPU without memory."""

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        raise RuntimeError("out of memory")


def test_a_detector_that_fails_on_a_picture_leaves_the_still_coarse_and_the_preview_says_so() -> None:
    detector = OneDetector(Broken)
    faces, previews = CustomerFaces(PrivacySection(), detector), Previews(0.35, detector)
    without = CustomerFaces(PrivacySection(), OneDetector(missing_weights))
    assert faces.still(a_picture(1), ()) == without.still(a_picture(1), ())
    picture = Picture("cam", datetime(2026, 1, 5, tzinfo=UTC), a_picture(1))
    with pytest.raises(Unavailable, match="out of memory"):
        previews.look(picture, WatchedView("cam", "cc-1", STAFF))


def missing_weights() -> Finder:
    raise DetectorUnavailable("no weights")
