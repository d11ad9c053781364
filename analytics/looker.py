"""Looks at many pictures in one batch, and does not look again where nothing has moved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.bodies import Look, find
from analytics.looking import (
    DETECTOR_FAILING,
    Observation,
    WatchedView,
    blind,
    crops_of,
    looks_at,
    observe,
    seen_through_crops,
)
from analytics.people import Box, DetectorUnavailable, Image, Person, PersonDetector
from analytics.pictures import Picture
from analytics.seen_score import SEEN_SCORE
from analytics.zones import cut

Work = Sequence[tuple[Picture, Sequence[WatchedView]]]
"""Pictures, at most one of each camera, with the views of that camera."""

_THUMBNAIL = (48, 48)
# The noise of a sensor averages out below this in a thumbnail; whatever a person does moves one cell further.
_MOVED_MAX, _MOVED_MEAN = 10, 1.5

_AGREED = 2
"""Looks that must have agreed with the one before: three then, as many as it takes to believe that nobody is there.
With fewer, what is remembered would itself make somebody vanish who was missed twice in a row."""

Crop = tuple[str, Box]


@dataclass(slots=True)
class _Seen:
    """The last real look through one crop."""

    thumbnail: NDArray[np.uint8]
    wall: datetime
    people: tuple[Person, ...]
    agreed: int
    """Successive looks that counted the same number of people."""


class Looker:
    """Wraps a detector. People who sit still are looked at anew every `recheck`: nothing is ever gated on motion.

    A crop that looks as it did at the last real look keeps that look's result, but only when three looks in a row
    agreed, so that what is repeated would be believed without being repeated.
    """

    def __init__(
        self,
        detector: PersonDetector,
        threshold: float = SEEN_SCORE,
        recheck: timedelta = timedelta(seconds=5),
        *,
        goes_on: bool = False,
    ) -> None:
        """`recheck` of zero looks at everything. `goes_on`: a picture on which the detector fails tells nothing; else
        DetectorUnavailable is raised, with what it said.
        """
        self.detector = detector
        self.threshold = threshold
        self.looks = 0
        """Crops that the detector has looked at so far."""
        self.failing: dict[str, Exception] = {}
        """Cameras on whose last picture the detector failed, and with what; only where it goes on."""
        self._goes_on = goes_on
        self._recheck = recheck
        self._seen: dict[Crop, _Seen] = {}

    def look(self, work: Work) -> list[Observation]:
        """One observation for each picture and view, in order."""
        try:
            told = self._look(work)
        except Exception as error:  # what runtimes raise shares no base class
            if not self._goes_on:
                raise self._in_words((picture for picture, _views in work), error) from error
            return self._without_the_one(work, error)
        self._works(picture for picture, _views in work)
        return told

    def look_back(self, picture: Picture, view: WatchedView) -> Observation:
        """One look by itself at what was shown in the past; it says nothing about what is shown now."""
        try:
            return observe(view, picture.wall, self._found_in(picture, view), self.threshold)
        except Exception as error:
            if not self._goes_on:
                raise self._in_words([picture], error) from error
            return self._failed(picture, [view], error)[0]

    def found_in(self, picture: Picture, view: WatchedView) -> list[tuple[Person, ...]]:
        """Who is found through each of the view's crops, however unsure. Raises DetectorUnavailable."""
        try:
            return self._found_in(picture, view)
        except Exception as error:  # what runtimes raise shares no base class
            raise self._in_words([picture], error) from error

    def people(self, camera_id: str, views: Sequence[WatchedView]) -> list[Box]:
        """Everybody who may be seen in these views, however unsure, at the last look."""
        crops = dict.fromkeys((camera_id, box) for view in views for box in crops_of(view))
        return [person.box for crop in crops if crop in self._seen for person in self._seen[crop].people]

    def shows_nothing(self, camera_id: str) -> None:
        """No picture comes, or none that can be looked at: that is told, and not that looks fail."""
        self.failing.pop(camera_id, None)

    def forget(self, camera_id: str) -> None:
        self.failing.pop(camera_id, None)
        self._seen = {crop: seen for crop, seen in self._seen.items() if crop[0] != camera_id}

    def _found_in(self, picture: Picture, view: WatchedView) -> list[tuple[Person, ...]]:
        people = seen_through_crops(self._detect, picture, [view], self.threshold)
        return [people[crop] for crop in crops_of(view)]

    def _look(self, work: Work) -> list[Observation]:
        fresh = self._look_where_needed(work)
        return [
            observe(
                view, picture.wall, [fresh[picture.camera_id, crop].people for crop in crops_of(view)], self.threshold
            )
            for picture, views in work
            for view in views
        ]

    def _without_the_one(self, work: Work, error: Exception) -> list[Observation]:
        """The detector failed: one picture may have made it, and must not hide what the others show."""
        if len(work) > 1:
            return [told for one in work for told in self.look([one])]
        return [told for picture, views in work for told in self._failed(picture, views, error)]

    def _failed(self, picture: Picture, views: Sequence[WatchedView], error: Exception) -> list[Observation]:
        self.failing[picture.camera_id] = error
        return [blind(view, picture.wall, DETECTOR_FAILING) for view in views]

    def _in_words(self, pictures: Iterable[Picture], error: Exception) -> DetectorUnavailable:
        cameras = ", ".join(sorted({picture.camera_id for picture in pictures}))
        return DetectorUnavailable(f"detector {self.detector.name}: it fails on pictures of {cameras} ({error})")

    def _works(self, pictures: Iterable[Picture]) -> None:
        for picture in pictures:
            self.failing.pop(picture.camera_id, None)

    def _look_where_needed(self, work: Work) -> dict[Crop, _Seen]:
        current: dict[Crop, _Seen] = {}
        wanted: list[tuple[Crop, datetime, NDArray[np.uint8], Look]] = []
        for picture, views in work:
            for through in looks_at(picture, views):
                crop, thumbnail = (picture.camera_id, through.crop), _thumbnail(cut(picture.image, through.crop))
                before = self._seen.get(crop)
                if before and self._still(before, thumbnail, picture.wall):
                    current[crop] = before
                else:
                    wanted.append((crop, picture.wall, thumbnail, through))
        found = find(self._detect, [through for *_, through in wanted], self.threshold)
        for (crop, wall, thumbnail, _), people in zip(wanted, found, strict=True):
            current[crop] = self._remember(crop, wall, thumbnail, people)
        return current

    def _detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        people = self.detector.detect(images)
        self.looks += len(images)
        return people

    def _remember(self, crop: Crop, wall: datetime, thumbnail: NDArray[np.uint8], people: tuple[Person, ...]) -> _Seen:
        before = self._seen.get(crop)
        agreed = before.agreed + 1 if before and self._count(before.people) == self._count(people) else 0
        seen = _Seen(thumbnail, wall, people, agreed)
        self._seen[crop] = seen
        return seen

    def _still(self, before: _Seen, thumbnail: NDArray[np.uint8], wall: datetime) -> bool:
        if before.agreed < _AGREED or not timedelta(0) <= wall - before.wall < self._recheck:
            return False
        difference = cv2.absdiff(before.thumbnail, thumbnail)
        return bool(difference.max() <= _MOVED_MAX and difference.mean() <= _MOVED_MEAN)

    def _count(self, people: Sequence[Person]) -> int:
        return sum(1 for person in people if person.score >= self.threshold)


def _thumbnail(image: Image) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(cv2.resize(image, _THUMBNAIL, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    return np.asarray(grey, dtype=np.uint8)
