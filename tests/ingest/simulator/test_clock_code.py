"""The burnt-in clock must be readable after everything that happens to a picture, and must never lie."""

from datetime import UTC, datetime, timedelta

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.simulator.clock_code import Image, draw_clock, read_clock
from ingest.simulator.encoder import Encoder

WALLS = st.datetimes(datetime(2020, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda wall: wall.replace(microsecond=wall.microsecond // 1000 * 1000)
)
NOON = datetime(2026, 3, 2, 4, 0, 0, 123_000, UTC)


def busy_picture(width: int = 1280, height: int = 720) -> Image:
    """Structure everywhere, as a hall has."""
    small = np.random.default_rng(5).integers(40, 220, (height // 20, width // 20, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


BUSY = busy_picture()


def with_clock(wall: datetime) -> Image:
    picture = BUSY.copy()
    draw_clock(picture, wall)
    return picture


def resized(picture: Image, width: int) -> Image:
    height = round(picture.shape[0] * width / picture.shape[1])
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def through_x264(pictures: list[Image], quality: int) -> list[Image]:
    height, width = pictures[0].shape[:2]
    encoder, decoder = Encoder(width, height, fps=10, quality=quality), av.CodecContext.create("h264", "r")
    packets = [av.Packet(unit.data) for picture in pictures for unit in encoder.encode(picture, NOON)]
    frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in frames]


def through_jpeg(picture: Image, quality: int) -> Image:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


@given(WALLS)
def test_what_is_drawn_is_read(wall: datetime) -> None:
    assert read_clock(with_clock(wall)) == wall


@settings(deadline=None, max_examples=15)
@given(WALLS, st.sampled_from([25, 32, 38]))
def test_it_survives_coarse_video(wall: datetime, quality: int) -> None:
    walls = [wall + timedelta(milliseconds=100 * step) for step in range(3)]
    assert [read_clock(picture) for picture in through_x264([with_clock(w) for w in walls], quality)] == walls


@settings(deadline=None, max_examples=15)
@given(WALLS, st.sampled_from([25, 32]))
def test_it_survives_the_sub_stream(wall: datetime, quality: int) -> None:
    assert read_clock(through_x264([resized(with_clock(wall), 640)], quality)[0]) == wall


@settings(deadline=None)
@given(WALLS, st.integers(320, 1600), st.sampled_from([60, 80, 95]))
def test_it_survives_a_screenshot_of_any_size(wall: datetime, width: int, quality: int) -> None:
    coded = through_x264([with_clock(wall)], 25)[0]
    assert read_clock(through_jpeg(resized(coded, width), quality)) == wall


@pytest.mark.parametrize(("top", "left"), [(100, 0), (0, 160), (37, 61)])
def test_it_is_found_between_plain_bars(top: int, left: int) -> None:
    inner = resized(with_clock(NOON), 800)
    framed = np.zeros((inner.shape[0] + 2 * top, inner.shape[1] + 2 * left, 3), np.uint8)
    framed[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    assert read_clock(framed) == NOON


def test_a_grey_picture_will_do() -> None:
    assert read_clock(cv2.cvtColor(with_clock(NOON), cv2.COLOR_BGR2GRAY)) == NOON


@settings(deadline=None)
@given(WALLS, st.integers(0, 1279), st.integers(10, 400), st.integers(0, 255))
def test_a_covered_code_gives_no_time_or_the_true_one(wall: datetime, left: int, width: int, grey: int) -> None:
    picture = with_clock(wall)
    picture[:30, left : left + width] = grey
    assert read_clock(picture) in (None, wall)


@settings(deadline=None)
@given(WALLS, WALLS, st.floats(0.1, 0.9))
def test_two_blended_moments_give_no_wrong_time(first: datetime, second: datetime, share: float) -> None:
    blended = cv2.addWeighted(with_clock(first), share, with_clock(second), 1 - share, 0)
    assert read_clock(blended) in (None, first, second)


@pytest.mark.parametrize("picture", [np.zeros((720, 1280, 3), np.uint8), BUSY, np.full((360, 640), 255, np.uint8)])
def test_a_picture_without_clock_has_no_time(picture: Image) -> None:
    assert read_clock(picture) is None
