"""The wall clock in the picture: as text for people, and as black and white blocks for tests and measurements.

The code is a band along the top right: two rows of 34 blocks. The outer columns are guards with known colours; between
them stand, row by row, 40 bits of milliseconds since 2020 and 24 bits of checksum. A block is 20 × 16 pixels in a
picture 1280 wide, and everything scales with the width, so the code survives coarse x264, half size and a screenshot. A
reader finds the code in a picture that was resized or has plain bars around it; it gives no time rather than a wrong
one.
"""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""height × width × 3, BGR."""

REFERENCE_WIDTH = 1280
BAND_HEIGHT = 40
"""Of the dark band behind text and code, pixels in a picture 1280 wide."""

_ZERO = datetime(2020, 1, 1, tzinfo=UTC)
_TIME_BITS, _CHECK_BITS = 40, 24
_COLUMNS, _ROWS = 34, 2
_BLOCK_WIDTH, _BLOCK_HEIGHT = 20, 16
_LEFT, _TOP = REFERENCE_WIDTH - _COLUMNS * _BLOCK_WIDTH - 4, 4
_BACKGROUND, _INK = (24, 24, 24), (255, 255, 255)
_LEAST_CONTRAST = 50.0
_GREY = (0.36, 0.64)  # between them a block is neither black nor white
_WITHIN_BLOCK = np.array([0.3, 0.5, 0.7])
_SHIFTS = ((0.0, 0.0), (0.15, 0.0), (-0.15, 0.0), (0.0, 0.15), (0.0, -0.15), (0.25, 0.2), (-0.25, -0.2))


def draw_clock(picture: Image, wall: datetime, zone: str = "Asia/Shanghai") -> None:
    """Burn the time into the top of the picture, in place, down to the millisecond; people read it in `zone`."""
    scale = picture.shape[1] / REFERENCE_WIDTH
    cv2.rectangle(picture, (0, 0), (picture.shape[1], round(BAND_HEIGHT * scale)), _BACKGROUND, cv2.FILLED)
    local = wall.astimezone(ZoneInfo(zone))
    text = f"{local:%Y-%m-%d  %H:%M:%S}.{local.microsecond // 1000:03d}"
    place = (round(14 * scale), round(29 * scale))
    cv2.putText(
        picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.95 * scale, _INK, max(1, round(2 * scale)), cv2.LINE_AA
    )
    left, top = round(_LEFT * scale), round(_TOP * scale)
    size = (round(_COLUMNS * _BLOCK_WIDTH * scale), round(_ROWS * _BLOCK_HEIGHT * scale))
    blocks = cv2.resize(_blocks(wall), size, interpolation=cv2.INTER_NEAREST)
    picture[top : top + size[1], left : left + size[0]] = blocks[:, :, np.newaxis]


def read_clock(picture: NDArray[Any]) -> datetime | None:
    """The burnt-in time, exact to the millisecond, or None when there is none or it cannot be read.

    `picture` is BGR or grey, 8 bits, at any scale down to about 320 pixels wide.
    """
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    for x, y, width in _places(grey):
        for shift_x, shift_y in _SHIFTS:
            if (wall := _read_at(grey, x, y, width, shift_x, shift_y)) is not None:
                return wall
    return None


def _blocks(wall: datetime) -> Image:
    """The code with one pixel a block, 0 or 255."""
    number = (wall - _ZERO) // timedelta(milliseconds=1)
    bits = number << _CHECK_BITS | _checksum(number)
    field = [bits >> place & 1 for place in reversed(range(_TIME_BITS + _CHECK_BITS))]
    half = len(field) // _ROWS
    rows = [[1, *field[:half], 0], [0, *field[half:], 1]]
    return np.array(rows, dtype=np.uint8) * np.uint8(255)


def _checksum(number: int) -> int:
    return zlib.crc32(number.to_bytes(_TIME_BITS // 8, "big")) & (1 << _CHECK_BITS) - 1


def _places(grey: Image) -> Iterator[tuple[float, float, float]]:
    """Left, top and width of the picture that the clock may have been drawn into."""
    height, width = grey.shape
    yield 0, 0, width
    if height * 16 > width * 9:  # bars above and below
        yield 0, (height - width * 9 / 16) / 2, width
    else:
        yield (width - height * 16 / 9) / 2, 0, height * 16 / 9
    different = np.abs(grey.astype(np.int16) - int(grey[-1, -1])) > 20
    columns, rows = np.flatnonzero(different.any(axis=0)), np.flatnonzero(different.any(axis=1))
    if columns.size and rows.size:
        yield float(columns[0]), float(rows[0]), float(columns[-1] + 1 - columns[0])


def _read_at(grey: Image, x: float, y: float, width: float, shift_x: float, shift_y: float) -> datetime | None:
    scale = width / REFERENCE_WIDTH
    across = (np.arange(_COLUMNS)[:, np.newaxis] + _WITHIN_BLOCK + shift_x).ravel()
    down = (np.arange(_ROWS)[:, np.newaxis] + _WITHIN_BLOCK + shift_y).ravel()
    # the centre of a pixel is half a pixel from its edge
    map_x, map_y = np.meshgrid(
        x + (_LEFT + across * _BLOCK_WIDTH) * scale - 0.5, y + (_TOP + down * _BLOCK_HEIGHT) * scale - 0.5
    )
    samples = cv2.remap(grey, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR)
    return _decode(samples.reshape(_ROWS, 3, _COLUMNS, 3).mean(axis=(1, 3)))


def _decode(brightness: NDArray[np.floating]) -> datetime | None:
    white = (brightness[0, 0] + brightness[1, -1]) / 2
    black = (brightness[1, 0] + brightness[0, -1]) / 2
    if white - black < _LEAST_CONTRAST:
        return None
    level = (brightness[:, 1:-1].ravel() - black) / (white - black)
    if np.any((level > _GREY[0]) & (level < _GREY[1])):
        return None
    bits = int("".join("1" if value > 0.5 else "0" for value in level), 2)
    number = bits >> _CHECK_BITS
    if bits & (1 << _CHECK_BITS) - 1 != _checksum(number):
        return None
    return _ZERO + timedelta(milliseconds=number)
