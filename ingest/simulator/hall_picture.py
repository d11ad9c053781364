"""The empty hall as a camera sees it: wall, plates with numbers, desks, floor. Drawn once per camera."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter, ImageFont

from ingest.simulator.clock_code import BAND_HEIGHT, Image

WIDTH, HEIGHT = 1280, 720
HALF = WIDTH // 2
"""One counter's share of the picture."""
DESK_TOP, DESK_EDGE, DESK_FOOT = 392, 424, 640
"""Where the desk's surface begins, where its front begins, and where it meets the floor."""
PILLAR = 26

_SMOOTH = 2  # drawn larger, then reduced
_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "C:/Windows/Fonts/msyh.ttc",
)
_Box = tuple[float, float, float, float]


@cache
def empty_hall(numbers: tuple[str, ...], title: str, title_en: str) -> Image:
    """1280 × 720 BGR with one or two counters of these numbers. The array is shared: copy before drawing into it."""
    canvas = Pillow.new("RGB", (WIDTH * _SMOOTH, HEIGHT * _SMOOTH), (222, 217, 206))
    pen = _Pen(ImageDraw.Draw(canvas))
    _draw_wall(pen, title, title_en)
    _draw_floor(pen)
    for slot, number in enumerate(numbers):
        _draw_counter(pen, slot * HALF, number)
    _draw_pillars(pen)
    small = canvas.resize((WIDTH, HEIGHT), Pillow.Resampling.LANCZOS)
    return _lit(np.asarray(small.filter(ImageFilter.GaussianBlur(0.5)))[:, :, ::-1])


def chinese_font_is_installed() -> bool:
    return any(Path(path).exists() for path in _FONTS)


class _Pen:
    """Draws in picture coordinates."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self._draw = draw

    def box(self, box: _Box, colour: str, *, radius: float = 0, outline: str | None = None) -> None:
        scaled = tuple(_SMOOTH * value for value in box)
        self._draw.rounded_rectangle(scaled, radius * _SMOOTH, fill=colour, outline=outline, width=_SMOOTH * 2)

    def shape(self, corners: list[tuple[float, float]], colour: str) -> None:
        self._draw.polygon([(x * _SMOOTH, y * _SMOOTH) for x, y in corners], fill=colour)

    def text(self, centre: tuple[float, float], text: str, size: float, colour: str) -> None:
        place = (centre[0] * _SMOOTH, centre[1] * _SMOOTH)
        self._draw.text(place, text, fill=colour, font=_font(round(size * _SMOOTH)), anchor="mm")


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for path in _FONTS:
        if Path(path).exists():
            return ImageFont.truetype(path, size)
    return ImageFont.load_default(size)


def _readable(chinese: str, english: str) -> str:
    """Without a Chinese font its signs would be empty boxes."""
    return chinese if chinese_font_is_installed() else english


def _draw_wall(pen: _Pen, title: str, title_en: str) -> None:
    for x in range(0, WIDTH, 160):
        pen.box((x, 0, x + 1, DESK_TOP), "#d3cdbf")
    pen.box((0, 250, WIDTH, 252), "#d3cdbf")
    pen.box((0, BAND_HEIGHT, WIDTH, 96), "#1d4f91")
    pen.box((0, 96, WIDTH, 99), "#c9a45c")
    sign = f"{title}    {title_en}" if chinese_font_is_installed() else title_en
    pen.text((WIDTH / 2, 68), sign, 27, "#ffffff")


def _draw_floor(pen: _Pen) -> None:
    pen.box((0, DESK_FOOT, WIDTH, HEIGHT), "#b9b4a8")
    for x in range(-400, WIDTH + 400, 160):
        outwards = (x - WIDTH / 2) * 0.35
        pen.shape([(x, DESK_FOOT), (x + 2, DESK_FOOT), (x + outwards + 3, HEIGHT), (x + outwards, HEIGHT)], "#a9a498")
    pen.box((0, 676, WIDTH, 678), "#a9a498")


def _draw_counter(pen: _Pen, left: float, number: str) -> None:
    _draw_plate(pen, left, number)
    _draw_back_shelf(pen, left)
    pen.box((left, DESK_TOP, left + HALF, DESK_EDGE), "#e8e2d4")
    pen.box((left, DESK_EDGE - 5, left + HALF, DESK_EDGE), "#b98d5a")
    pen.box((left, DESK_EDGE, left + HALF, DESK_FOOT), "#c79a66")
    for x in range(0, HALF, 128):
        pen.box((left + x, DESK_EDGE, left + x + 1.5, DESK_FOOT), "#b3875a")
    pen.box((left, DESK_EDGE, left + HALF, DESK_EDGE + 10), "#a97c4c")
    pen.box((left, DESK_FOOT - 22, left + HALF, DESK_FOOT), "#5d5348")
    _draw_emblem(pen, left, number)
    _draw_screen(pen, left)


def _draw_plate(pen: _Pen, left: float, number: str) -> None:
    pen.box((left + 98, 99, left + 102, 112), "#8a8a8a")
    pen.box((left + 218, 99, left + 222, 112), "#8a8a8a")
    pen.box((left + 70, 110, left + 250, 152), "#15191f", radius=5)
    pen.text((left + 160, 131), f"{number} {_readable('号窗口', 'COUNTER')}", 25, "#ff5a3c")


def _draw_back_shelf(pen: _Pen, left: float) -> None:
    """Folders on a shelf beside the clerk, away from both zones' people."""
    pen.box((left + 330, 150, left + 600, 268), "#c9bfae")
    for row in (0, 58):
        pen.box((left + 336, 156 + row, left + 594, 206 + row), "#8f8676")
        for i, colour in enumerate(("#2f6fae", "#c74b3b", "#e0b04a", "#3c8d6b", "#7d5a9c") * 3):
            x = left + 342 + i * 17
            pen.box((x, 162 + row + i % 3 * 3, x + 13, 206 + row), colour)


def _draw_screen(pen: _Pen, left: float) -> None:
    """The clerk's screen from behind."""
    pen.box((left + 362, 380, left + 402, 400), "#4a4e55")
    pen.box((left + 346, 398, left + 418, 405), "#3b3f46", radius=3)
    pen.box((left + 322, 306, left + 442, 384), "#2b2f36", radius=5)
    pen.box((left + 326, 310, left + 438, 380), "#3a3f48", radius=4)
    pen.box((left + 374, 338, left + 390, 352), "#5a606b", radius=4)


def _draw_emblem(pen: _Pen, left: float, number: str) -> None:
    pen.box((left + 60, 456, left + 260, 560), "#f2eee6", radius=8)
    pen.text((left + 160, 492), number, 52, "#1d4f91")
    pen.text((left + 160, 540), _readable("综合受理", "RECEPTION"), 20, "#1d4f91")


def _draw_pillars(pen: _Pen) -> None:
    for x in (0, HALF, WIDTH):
        pen.box((x - PILLAR / 2, 99, x + PILLAR / 2, DESK_FOOT), "#eeeae2")
        pen.box((x + PILLAR / 2 - 5, 99, x + PILLAR / 2, DESK_FOOT), "#cfc9bd")


def _lit(picture: Image) -> Image:
    """Lamps above: brighter in the middle, and a little grain as every camera has."""
    across = np.linspace(-1, 1, WIDTH, dtype=np.float32)[np.newaxis, :]
    down = np.linspace(-0.6, 1, HEIGHT, dtype=np.float32)[:, np.newaxis]
    light = 1.03 - 0.12 * across**2 - 0.12 * down**2
    grain = np.random.default_rng(7).normal(0, 1.2, (HEIGHT, WIDTH)).astype(np.float32)
    lit = picture.astype(np.float32) * light[:, :, np.newaxis] + grain[:, :, np.newaxis]
    return np.asarray(np.clip(lit, 0, 255), np.uint8)
