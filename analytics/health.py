"""Whether a camera's picture can be trusted: dark, covered, blurred or frozen pictures tell nothing about people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.aim import Aim, Small, has_moved, small
from analytics.hiding import what_hides
from analytics.looking import PERHAPS_SOMEBODY, Observation, WatchedView, staff_unseen
from analytics.people import Image
from storage.models import FaultKind

Grey = NDArray[np.uint8]

_SMALL = (320, 180)
_BLOCK = 20
# Measured on the labelled clips: usable pictures have 69 and more, a black one 0, a far too dark one 14.
_DARK_LEVEL = 30
_MOST = 0.9
# Usable pictures 6.4 and more, one so defocused that nobody is found in it 2.1, a covered lens below 1.
_SOFT_DETAIL, _FLAT_DETAIL = 3.0, 1.5
# Noise is as fine as the pixels, what a lens draws is not: softened so far, a sensor's noise of 3 levels leaves 0.13 at
# most (352 × 288), one of 5 levels 0.19; a defocused room 0.6, usable pictures 0.34 and more.
_SOFTENED, _FLAT_SOFTENED = 2.0, 0.2
_GLARE_LEVEL = 240
# Two pictures of a live camera differ by 0.6 levels on average, by the noise of its sensor; a frozen one's by 0.
_SAME_MEAN, _SAME_MAX = 0.1, 2
_REPEATS_TO_DISTRUST = 2


class PictureHealth:
    """Judges the pictures of one camera; remembers the last one, to notice that it does not change any more."""

    def __init__(self, aim: Aim | None = None) -> None:
        self.aim = aim
        """Where it should look; None while that is not known."""
        self._last: Grey | None = None
        self._repeats = 0
        self._shown: Small | None = None
        """What it shows of that, if anything."""

    def judge(self, image: Image, covered: Image | None = None) -> FaultKind | None:
        """What is wrong with this picture, or None. Call it for every picture, in order. `covered`: with its masks."""
        whole = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        grey = np.asarray(cv2.resize(whole, _SMALL, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        same, self._last = self._last is not None and _same(self._last, grey), grey
        self._repeats = self._repeats + 1 if same else 0
        self._shown = None
        if fault := _look_of(grey):
            return fault
        if self._repeats >= _REPEATS_TO_DISTRUST:
            return FaultKind.FROZEN
        if self.aim is None:
            return None
        self._shown = small(whole if covered is None or covered is image else covered)
        return FaultKind.MOVED if has_moved(self.aim, self._shown) else None

    def doubt(self, told: Observation, view: WatchedView) -> Observation:
        """What a look at the picture that was judged last told; nothing of staff where its zone cannot be seen.

        Who was seen was there; who perhaps was is found on what hides a zone, too. Nothing is doubted while there is
        no aim to tell by.
        """
        if told.staff_count != 0 and told.reason != PERHAPS_SOMEBODY:
            return told
        if self.aim is None or self._shown is None:
            return told
        hidden = what_hides(self.aim, self._shown, view.staff_zone, told.people)
        return staff_unseen(told, hidden.value) if hidden else told


def _look_of(grey: Grey) -> FaultKind | None:
    """Nine tenths of the picture decide, so that a clock drawn into it changes nothing."""
    if np.count_nonzero(grey < _DARK_LEVEL) > _MOST * grey.size:
        return FaultKind.DARK
    if grey.mean() > _GLARE_LEVEL:
        return FaultKind.OVEREXPOSED
    detail = np.percentile(_detail(grey), 90)
    if detail < _FLAT_DETAIL or _is_mere_noise(grey):
        return FaultKind.OBSTRUCTED
    return FaultKind.BLURRED if detail < _SOFT_DETAIL else None


def _is_mere_noise(grey: Grey) -> bool:
    """Whether a covered lens shows nothing but the noise of its sensor, which has detail enough for a sharp picture."""
    softened = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), _SOFTENED)
    return bool(np.percentile(_detail(np.asarray(softened, np.float32)), 90) < _FLAT_SOFTENED)


def _detail(grey: Grey | NDArray[np.float32]) -> NDArray[np.float32]:
    """How much the brightness bends, for each block of the picture."""
    edges = np.asarray(cv2.Laplacian(grey, cv2.CV_32F))
    rows, columns = grey.shape[0] // _BLOCK, grey.shape[1] // _BLOCK
    blocks = edges.reshape(rows, _BLOCK, columns, _BLOCK).transpose(0, 2, 1, 3).reshape(rows * columns, -1)
    return np.asarray(blocks.std(axis=1), dtype=np.float32)


def _same(before: Grey, after: Grey) -> bool:
    difference = cv2.absdiff(before, after)
    return bool(difference.max() <= _SAME_MAX and difference.mean() < _SAME_MEAN)


@dataclass(frozen=True, slots=True)
class FaultChange:
    """A fault of a camera has begun or ended at `at`."""

    camera_id: str
    kind: FaultKind
    at: datetime
    began: bool


class CameraFaults:
    """The faults of one camera: believed after a while, dated back to their first sign, ended as carefully."""

    def __init__(
        self, camera_id: str, begin_after: timedelta = timedelta(seconds=5), end_after: timedelta = timedelta(seconds=5)
    ) -> None:
        self._camera_id = camera_id
        self._begin_after, self._end_after = begin_after, end_after
        self._lasting: set[FaultKind] = set()
        self._turning: dict[FaultKind, datetime] = {}

    @property
    def lasting(self) -> frozenset[FaultKind]:
        return frozenset(self._lasting)

    def resume(self, kinds: Iterable[FaultKind]) -> None:
        """Goes on with faults that lasted when the last watcher stopped."""
        self._lasting = set(kinds)

    def update(self, at: datetime, signs: Iterable[FaultKind], since: datetime | None = None) -> list[FaultChange]:
        """What the signs seen at `at` change; `since` dates a sign that is older than its noticing."""
        seen = set(signs)
        changes = []
        for kind in FaultKind:
            if (kind in seen) == (kind in self._lasting):
                self._turning.pop(kind, None)
                continue
            first = self._turning.setdefault(kind, min(since or at, at))
            if at - first >= (self._begin_after if kind in seen else self._end_after):
                changes.append(self._turn(kind, first))
        return changes

    def _turn(self, kind: FaultKind, at: datetime) -> FaultChange:
        del self._turning[kind]
        began = kind not in self._lasting
        self._lasting ^= {kind}
        return FaultChange(self._camera_id, kind, at, began)
