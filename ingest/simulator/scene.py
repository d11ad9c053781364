"""What one camera sees: the hall's picture with the people who are there at a moment."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.simulator.clock_code import BAND_HEIGHT, Image
from ingest.simulator.hall_picture import DESK_TOP, HALF, HEIGHT, PILLAR, WIDTH, empty_hall
from ingest.simulator.people import CUSTOMERS, STAFF, bust

Polygon = list[list[float]]
Role = Literal["staff", "customer"]

WALK_SECONDS = 0.8
"""From outside to the place, and back."""
_POSES = 17
_MOVES_PER_S = 4
_SWAY_SECONDS = 7.0
_MARGIN = 18  # on both sides of a bust, for sway and shadow
_SHADOW = 0.3


@dataclass(frozen=True)
class Spot:
    """Where a person is in the half picture of a counter: the middle and top of the bust, and what hides it."""

    centre: int
    top: int
    height: int
    clip: tuple[int, int, int, int]
    """Left, top, right, bottom; outside them the person is behind something."""
    leaves_by: tuple[int, int]
    """Pixels to the right and down that take the person out of sight."""


_BEHIND_DESK = (PILLAR // 2, BAND_HEIGHT, HALF, DESK_TOP)
_BEFORE_DESK = (0, BAND_HEIGHT, HALF, HEIGHT)
SPOTS: dict[Role, tuple[Spot, ...]] = {
    "staff": (
        Spot(160, 158, 262, _BEHIND_DESK, (-300, 0)),
        Spot(62, 192, 200, _BEHIND_DESK, (-300, 0)),
        Spot(258, 190, 202, _BEHIND_DESK, (300, 0)),
    ),
    "customer": (
        Spot(480, 352, 380, _BEFORE_DESK, (0, 400)),
        Spot(392, 400, 240, _BEFORE_DESK, (0, 400)),
        Spot(566, 400, 240, (0, BAND_HEIGHT, HALF + 60, HEIGHT), (0, 400)),
    ),
}
"""The usual place first; those after it are for company and a little farther away."""
PLACES = range(len(SPOTS["staff"]))
_ZONES: dict[Role, tuple[int, int, int, int]] = {"staff": (26, 156, 306, 396), "customer": (340, 330, 622, 720)}


@dataclass(frozen=True)
class Seen:
    """A person to be drawn."""

    role: Role
    slot: int
    """0 or 1: which of the camera's counters."""
    look: int
    """Index into STAFF or CUSTOMERS, any number."""
    away: float = 0.0
    """0 in place, 1 out of sight; between while walking."""
    place: int = 0
    """One of PLACES."""


def zone(role: Role, slot: int) -> Polygon:
    """The corners of a counter's zone, 0..1."""
    left, top, right, bottom = _ZONES[role]
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return [[round((x + slot * HALF) / WIDTH, 4), round(y / HEIGHT, 4)] for x, y in corners]


class Scene:
    """Draws one camera's pictures, 1280 × 720; what does not move is drawn once."""

    def __init__(self, numbers: tuple[str, ...], title: str, title_en: str) -> None:
        """One or two counter numbers. Raises PhotographsMissingError before the first picture."""
        self._background = empty_hall(numbers, title, title_en)
        self._last = self._background
        self._shown: tuple[tuple[Seen, int], ...] | None = None
        for look in range(len(STAFF)):
            _figures("staff", look, 0)
        for look in range(len(CUSTOMERS)):
            _figures("customer", look, 0)

    def picture(self, people: Iterable[Seen], seconds: float) -> Image:
        """The view with these people; `seconds` of any clock moves them a little. The caller may draw into it."""
        moment = math.floor(seconds * _MOVES_PER_S) / _MOVES_PER_S
        visible = tuple((person, _pose_at(person, moment)) for person in people if person.away < 1)
        if self._shown != visible:  # people move less often than pictures are taken
            self._last = self._background.copy()
            for person, pose in visible:
                _draw(self._last, person, pose)
            self._shown = visible
        return self._last.copy()


def _pose_at(person: Seen, seconds: float) -> int:
    """Everybody sways alike, but not together."""
    lean = math.sin(2 * math.pi * (seconds / _SWAY_SECONDS + 0.37 * person.look + 0.21 * person.slot))
    return round((lean + 1) / 2 * (_POSES - 1))


@dataclass(frozen=True)
class _Figure:
    """A person in one pose, ready for blending."""

    ink: Image
    """Colour times opacity."""
    clear: Image
    """255 minus opacity, for each colour."""


def _draw(picture: Image, person: Seen, pose: int) -> None:
    spot = SPOTS[person.role][person.place]
    looks = STAFF if person.role == "staff" else CUSTOMERS
    look = person.look % len(looks)
    figure = _figures(person.role, look, person.place)[pose]
    offset = person.slot * HALF
    width = figure.clear.shape[1]
    eased = person.away * person.away * (3 - 2 * person.away)
    left = offset + spot.centre - width // 2 + round(spot.leaves_by[0] * eased)
    top = spot.top + round(spot.leaves_by[1] * eased)
    _blend(picture, figure, left, top, (offset + spot.clip[0], spot.clip[1], offset + spot.clip[2], spot.clip[3]))


def _blend(picture: Image, figure: _Figure, left: int, top: int, clip: tuple[int, int, int, int]) -> None:
    height, width = figure.clear.shape[:2]
    x0, x1 = max(left, clip[0], 0), min(left + width, clip[2], WIDTH)
    y0, y1 = max(top, clip[1], 0), min(top + height, clip[3], HEIGHT)
    if x0 >= x1 or y0 >= y1:
        return
    inside = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    target = picture[y0:y1, x0:x1]
    behind = cv2.multiply(target, figure.clear[inside], scale=1 / 255)
    cv2.add(behind, figure.ink[inside], dst=target)


@cache
def _figures(role: Role, look: int, place: int) -> list[_Figure]:
    """One person in all poses of a gentle sway, from left to right."""
    person = bust((STAFF if role == "staff" else CUSTOMERS)[look], SPOTS[role][place].height)
    opacity = _with_margin(person.opacity)
    ink = _with_margin(person.picture * (person.opacity[:, :, np.newaxis] / np.float32(255)))
    covered = np.maximum(opacity, _shadow(opacity))
    return [_leaning(ink, covered, 2 * pose / (_POSES - 1) - 1) for pose in range(_POSES)]


def _with_margin(picture: NDArray[Any]) -> Image:
    return np.pad(picture.astype(np.uint8), ((0, 0), (_MARGIN, _MARGIN), (0, 0))[: picture.ndim])


def _shadow(opacity: Image) -> Image:
    """What the lamps above leave dark behind a person, a little to the right and below."""
    shifted = cv2.warpAffine(opacity, np.array([[1.0, 0, 5], [0, 1.0, 6]]), opacity.shape[::-1])
    return (cv2.GaussianBlur(shifted, (0, 0), 7) * np.float32(_SHADOW)).astype(np.uint8)


def _leaning(ink: Image, covered: Image, lean: float) -> _Figure:
    height, width = covered.shape
    move = cv2.getRotationMatrix2D((width / 2, height), 1.4 * lean, 1 + 0.008 * lean * lean)
    move[0, 2] -= 2.0 * lean
    clear = cv2.cvtColor(255 - cv2.warpAffine(covered, move, (width, height)), cv2.COLOR_GRAY2BGR)
    return _Figure(np.asarray(cv2.warpAffine(ink, move, (width, height)), np.uint8), np.asarray(clear, np.uint8))
