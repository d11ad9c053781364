"""Several people out of two photographs: another head on the jacket, other colours, mirrored."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.simulator.clock_code import Image
from ingest.simulator.photographs import CutOut, collins, hopper

Colour = tuple[int, int, int]
"""BGR."""
_Weights = NDArray[np.float32]

_HEAD_SCALE = 1.55
_HEAD_CENTRE_FROM, _CHIN_FROM = 262, 212  # in the portrait of Collins
_HEAD_CENTRE_TO, _CHIN_TO = 258, 334  # in the portrait of Hopper
_CLOTHES_TOP = 300
_CAP_BOTTOM = 190
_NECK = [(198, 300), (336, 300), (332, 352), (300, 404), (262, 408), (226, 402), (204, 352)]
_NECKLINE = [(100, 0), (420, 0), (420, 320), (316, 346), (318, 372), (262, 468), (206, 372), (202, 346), (100, 320)]
"""What is seen of the other head and its collar, as a polygon on the jacket."""


@dataclass(frozen=True)
class Look:
    """What one person looks like."""

    cap: bool
    """The person with cap and glasses; else the one with hair."""
    jacket: Colour
    collar: Colour = (30, 30, 34)
    black_hair: bool = False
    mirrored: bool = False
    badge: bool = False
    """Name tag and ribbons, as staff wear."""


_UNIFORM: Colour = (92, 52, 30)
STAFF = (
    Look(cap=False, jacket=_UNIFORM, collar=(232, 232, 236), black_hair=True, badge=True),
    Look(cap=True, jacket=_UNIFORM, badge=True),
    Look(cap=False, jacket=_UNIFORM, collar=(70, 60, 170), mirrored=True, badge=True),
    Look(cap=True, jacket=_UNIFORM, mirrored=True, badge=True),
)
CUSTOMERS = (
    Look(cap=False, jacket=(70, 86, 140), black_hair=True),
    Look(cap=True, jacket=(78, 104, 84)),
    Look(cap=False, jacket=(150, 140, 128), collar=(60, 70, 120), mirrored=True),
    Look(cap=True, jacket=(60, 60, 128), mirrored=True),
    Look(cap=False, jacket=(60, 110, 150), collar=(220, 224, 228), black_hair=True, mirrored=True),
    Look(cap=True, jacket=(140, 116, 92)),
    Look(cap=False, jacket=(110, 96, 50)),
    Look(cap=True, jacket=(96, 130, 150), mirrored=True),
)


@cache
def bust(look: Look, height: int) -> CutOut:
    """Head and shoulders, `height` pixels high. Raises PhotographsMissingError."""
    body = _dressed(look)
    person = body if look.cap else _with_hair(body, look)
    width = round(height * person.picture.shape[1] / person.picture.shape[0])
    small = CutOut(_resized(person.picture, width, height), _resized(person.opacity, width, height))
    return _mirrored(small) if look.mirrored else small


def _resized(picture: Image, width: int, height: int) -> Image:
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _mirrored(person: CutOut) -> CutOut:
    return CutOut(np.ascontiguousarray(person.picture[:, ::-1]), np.ascontiguousarray(person.opacity[:, ::-1]))


def _dressed(look: Look) -> CutOut:
    person = _rounded_shoulder(hopper())
    picture = person.picture if look.badge else _without_badges(person.picture)
    dark = _darkness(picture, 100)
    dark[:_CLOTHES_TOP] = 0
    cv2.fillPoly(dark, [np.array(_NECK, np.int32)], 0.0)  # the shadow under the chin is no cloth
    picture = _dyed(picture, dark, look.jacket)
    cap = _darkness(picture, 70)
    cap[_CAP_BOTTOM:] = 0
    return replace(person, picture=_dyed(picture, cap, look.jacket))


def _rounded_shoulder(person: CutOut) -> CutOut:
    """The frame of the photograph cuts one shoulder; an arm gets a natural edge instead."""
    arm = np.full(person.opacity.shape, 255, np.uint8)
    corners = [(440, 340), (470, 375), (492, 410), (502, 470), (507, 600), (600, 600), (600, 340)]
    cv2.fillPoly(arm, [np.array(corners, np.int32)], 0)
    soft = cv2.GaussianBlur(arm, (0, 0), 2).astype(np.uint8, copy=False)
    return replace(person, opacity=np.minimum(person.opacity, soft))


def _without_badges(picture: Image) -> Image:
    plain = picture.copy()
    plain[480:522, 72:172] = picture[536:578, 72:172]
    plain[482:532, 318:460] = picture[538:588, 318:460]
    plain[570:600, 225:265] = picture[570:600, 180:220]
    return plain


def _darkness(picture: Image, limit: int) -> _Weights:
    """1 where the picture is dark, 0 where it is brighter than `limit`, soft between."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (0, 0), 1.5).astype(np.float32)
    return np.clip((limit - grey) / 30, 0, 1)


def _dyed(picture: Image, where: _Weights, colour: Colour) -> Image:
    """Cloth of another colour that keeps its folds."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    usual = float(np.median(grey[where > 0.5]))
    light = np.clip(0.9 + (grey - usual) / 60, 0.6, 1.5)[:, :, np.newaxis]
    cloth = np.clip(np.array(colour, np.float32) * light, 0, 255)
    return _blend(picture, cloth, where)


def _blend(under: NDArray[Any], over: NDArray[Any], weight: _Weights) -> Image:
    share = weight[:, :, np.newaxis]
    return (under.astype(np.float32) * (1 - share) + over.astype(np.float32) * share).astype(np.uint8)


def _with_hair(body: CutOut, look: Look) -> CutOut:
    """The other head on this body."""
    head = _placed(_recoloured_head(collins(), look))
    neckless = body.opacity.copy()
    neckless[: _CHIN_TO + 4] = 0
    share = head.opacity.astype(np.float32) / np.float32(255)
    return CutOut(_blend(body.picture, head.picture, share), np.maximum(neckless, head.opacity))


def _placed(head: CutOut) -> CutOut:
    move = np.array(
        [
            [_HEAD_SCALE, 0, _HEAD_CENTRE_TO - _HEAD_SCALE * _HEAD_CENTRE_FROM],
            [0, _HEAD_SCALE, _CHIN_TO - _HEAD_SCALE * _CHIN_FROM],
        ]
    )
    picture, opacity = (cv2.warpAffine(part, move, (512, 600)) for part in (head.picture, head.opacity))
    visible = np.zeros(opacity.shape, np.uint8)
    cv2.fillPoly(visible, [np.array(_NECKLINE, np.int32)], 255, cv2.LINE_AA)
    return CutOut(picture.astype(np.uint8, copy=False), np.minimum(opacity, visible).astype(np.uint8, copy=False))


def _recoloured_head(head: CutOut, look: Look) -> CutOut:
    picture = head.picture
    collar = _darkness(picture, 70)
    collar[:205] = 0
    picture = _dyed(picture, collar, look.collar)
    if look.black_hair:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)[:, :, np.newaxis]
        picture = _blend(picture, (grey * 0.33 + np.array([4, 5, 8])).astype(np.float32), _hair(picture))
    return replace(head, picture=picture)


def _hair(picture: Image) -> _Weights:
    """Everything of the head but the face."""
    outside = np.ones(picture.shape[:2], np.float32)
    cv2.ellipse(outside, (262, 150), (54, 74), 0, 0, 360, 0.0, cv2.FILLED)
    outside[215:] = 0
    hue, saturation, _ = cv2.split(cv2.cvtColor(picture, cv2.COLOR_BGR2HSV))
    brown = ((hue > 8) & (hue < 32) & (saturation > 60)).astype(np.float32)
    fringe = np.zeros_like(outside)
    cv2.ellipse(fringe, (262, 70), (70, 42), 0, 0, 360, 1.0, cv2.FILLED)
    soft = cv2.GaussianBlur(np.maximum(outside, fringe * brown), (0, 0), 3)
    return np.asarray(soft, np.float32)
