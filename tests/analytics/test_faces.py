"""Whoever is no staff has no face on a still."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.clip_samples import clip_pictures
from analytics.detectors.onnx import OnnxDetector
from analytics.faces import blurred, heads, squares, without_faces
from analytics.labels import load_clips
from analytics.looking import WatchedView
from analytics.people import Box, Image, Person
from analytics.zones import zone_of
from tests.analytics.scenes import START, a_picture, labelled_data, ssd

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
RIGHT = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
VIEW = WatchedView("cam", "c-1", LEFT, RIGHT)
FACE = (slice(165, 230), slice(490, 560))
"""Of who is at 0.8 of `a_picture`."""


def detail(part: Image) -> float:
    return float(cv2.Laplacian(part, cv2.CV_32F).std())


def test_the_face_of_a_customer_is_gone_and_the_clerk_is_as_before() -> None:
    picture = a_picture(0.2, 0.8)
    made = without_faces(picture, [VIEW], ssd())
    assert detail(made[FACE]) < 0.1 * detail(picture[FACE])
    assert (made[:, :320] == picture[:, :320]).all()


def test_who_stands_before_a_staff_zone_is_no_clerk_by_what_its_crop_shows_of_them() -> None:
    view = WatchedView("cam", "c-1", ((0.4, 0.42), (0.6, 0.42), (0.6, 0.62), (0.4, 0.62)))
    face, before, behind = (FACE[0], slice(298, 368)), a_picture(0.5), a_picture(0.5)
    cv2.rectangle(behind, (0, 245), (640, 360), (60, 90, 120), -1)
    made = [detail(without_faces(picture, [view], ssd())[face]) / detail(picture[face]) for picture in (before, behind)]
    assert made[0] < 0.1
    assert made[1] > 0.9


def test_the_clerk_of_the_next_counter_is_no_customer_of_this_one() -> None:
    picture = a_picture(0.2, 0.8)
    here, next_to_it = WatchedView("cam", "c-1", (), RIGHT), WatchedView("cam", "c-2", RIGHT)
    assert detail(without_faces(picture, [here], ssd())[FACE]) < 0.1 * detail(picture[FACE])
    assert (without_faces(picture, [here, next_to_it], ssd())[:, 320:] == picture[:, 320:]).all()


def test_a_clerk_who_is_found_with_the_desk_once_more_is_a_clerk() -> None:
    clerk, with_desk = Box(0.1, 0.2, 0.3, 0.6), Box(0.09, 0.18, 0.31, 0.95)
    view = WatchedView("cam", "c-1", ((0.0, 0.1), (0.4, 0.1), (0.4, 0.5), (0.0, 0.5)), RIGHT)
    assert list(heads([Person(clerk, 0.8), Person(with_desk, 0.9)], [view], 1.0)) == []
    (unsure,) = heads([Person(clerk, 0.3), Person(with_desk, 0.9)], [view], 1.0)
    assert unsure.y0 <= with_desk.y0
    (alone,) = heads([Person(with_desk, 0.9)], [view], 1.0)
    assert alone == unsure
    (behind,) = heads(
        [Person(clerk, 0.8), Person(Box(0.1, 0.02, 0.3, 1.0), 0.9)], [replace(view, customer_zone=())], 1.0
    )
    assert behind.y0 <= 0.02
    for_all = replace(view, customer_zone=((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)))
    assert list(heads([Person(clerk, 0.8), Person(with_desk, 0.9)], [for_all], 1.0)) == [alone]


def test_who_is_in_no_staff_zone_is_blurred_where_no_customers_are_looked_for() -> None:
    picture = a_picture(0.2, 0.8)
    made = without_faces(picture, [WatchedView("cam", "c-1", LEFT)], ssd())
    assert detail(made[FACE]) < 0.1 * detail(picture[FACE])
    assert (made[:, :320] == picture[:, :320]).all()
    nobody_is_staff = without_faces(picture, [], ssd())
    assert detail(nobody_is_staff[FACE]) < 0.1 * detail(picture[FACE])
    assert detail(nobody_is_staff[165:230, 105:175]) < 0.1 * detail(picture[165:230, 105:175])


class Blind:
    """Finds nobody."""

    name = "blind"

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        return [() for _ in images]


def test_whom_the_detector_misses_is_shown_with_few_details() -> None:
    """Which is proven on stripes: what is finer than a line in 270 is gone, and what is coarser is left."""
    fine, broad = np.zeros((1080, 1920, 3), np.uint8), np.zeros((1080, 1920, 3), np.uint8)
    fine[::2], broad[np.arange(1080) // 36 % 2 == 0] = 255, 255
    view = WatchedView("cam", "c-1", LEFT)
    for detector in (Blind(), None):
        made = without_faces(fine, [view], detector)
        assert np.ptp(made[:, 970:]) < 8
        assert (made[:, :960] == fine[:, :960]).all()
    assert np.ptp(without_faces(broad, [view], Blind())[:, 970:]) > 200
    small = a_picture(0.2)[:270, :480]
    assert without_faces(small, [view], Blind()) is small


def test_without_a_detector_only_staff_zones_are_shown_in_detail() -> None:
    picture = a_picture(0.2, 0.8)
    made = without_faces(picture, [VIEW], None)
    assert detail(made[FACE]) < 0.2 * detail(picture[FACE])
    assert (made[:, :320] == picture[:, :320]).all()


@given(st.floats(0.2, 5))
def test_the_squares_show_all_of_the_picture_and_overlap(shape: float) -> None:
    parts = squares(shape)
    assert parts[0][:2] == (0, 0)
    assert parts[-1][2:] == pytest.approx((1, 1))
    for part, later in pairwise(parts):
        shared = part.x1 - later.x0 if shape > 1 else part.y1 - later.y0
        assert shared >= 0.2 * min(shape, 1 / shape) - 1e-9
    assert all((part.x1 - part.x0) * shape == pytest.approx(part.y1 - part.y0) for part in parts)


share = st.floats(0, 1, width=32)


@given(st.tuples(share, share, share, share), st.floats(0.5, 3))
def test_at_least_the_upper_third_of_whoever_is_no_staff_is_blurred(
    corners: tuple[float, float, float, float], shape: float
) -> None:
    xs, ys = sorted(corners[::2]), sorted(corners[1::2])
    box = Box(xs[0], ys[0], xs[1], ys[1])
    view = WatchedView("cam", "c-1", (), RIGHT)
    (head,) = heads([Person(box, 0.2)], [view], shape)
    assert head.x0 <= box.x0
    assert head.x1 >= box.x1
    assert head.y0 <= box.y0
    assert head.y1 >= min(box.y0 + (box.y1 - box.y0) / 3, box.y1) - 1e-9
    assert list(heads([Person(box, 0.01)], [view], shape)) == []


@given(st.tuples(share, share, share, share))
def test_a_blurred_part_says_little_more_than_its_colours(corners: tuple[float, float, float, float]) -> None:
    xs, ys = sorted(corners[::2]), sorted(corners[1::2])
    noise = np.random.default_rng(7).integers(0, 256, (90, 120, 3), np.uint8)
    made = blurred(noise, [Box(xs[0], ys[0], xs[1], ys[1])])
    left, top, right, bottom = int(xs[0] * 120), int(ys[0] * 90), int(xs[1] * 120), int(ys[1] * 90)
    if right - left > 40 and bottom - top > 30:
        assert detail(made[top + 2 : bottom - 2, left + 2 : right - 2]) < 30 < 200 < detail(noise)
    outside = np.ones((90, 120), bool)
    outside[top : int(np.ceil(ys[1] * 90)), left : int(np.ceil(xs[1] * 120))] = False
    assert (made[outside] == noise[outside]).all()


@pytest.mark.parametrize("name", ["one-by-one-person-detection", "vtest"])
def test_everybody_in_a_customer_zone_of_real_clips_is_blurred(name: str) -> None:
    clip = next(clip for clip in load_clips(labelled_data()) if clip.name == name)
    missed = []
    for picture in clip_pictures(clip.video, clip.name, 9.0):
        second = (picture.wall - START.replace(hour=0)).total_seconds()
        for zone in clip.zones:
            if not any(a + zone.tolerance_s <= second < b - zone.tolerance_s for a, b in zone.present):
                continue
            view = WatchedView("cam", zone.id, (), zone_of(zone.polygon))
            made, coarse = (without_faces(picture.image, [view], detector) for detector in (ssd(), Blind()))
            if (made == coarse).all():
                missed.append((zone.id, second))
    assert missed == []


def test_nobody_of_a_real_clip_keeps_the_head_who_is_in_no_staff_zone() -> None:
    """Most are too small for our detector: another one, which sees more, says where they are."""
    pytest.importorskip("onnxruntime")
    clip = next(clip for clip in load_clips(labelled_data()) if clip.name == "vtest")
    another = OnnxDetector(labelled_data() / "models" / "yolo11n_640.onnx")
    lawn = WatchedView("cam", "c-1", zone_of([[0, 0.7], [0.2, 0.7], [0.2, 1], [0, 1]]))
    found = kept = 0
    for picture in clip_pictures(clip.video, clip.name, 15.0):
        made = without_faces(picture.image, [lawn], ssd())
        height, width = made.shape[:2]
        for person in another.detect([picture.image])[0]:
            x0, y0, x1, y1 = person.box
            head = np.s_[int(y0 * height) : int((y0 + (y1 - y0) / 3) * height) + 1, int(x0 * width) : int(x1 * width)]
            if person.score >= 0.4:
                found += 1
                kept += detail(made[head]) > 0.5 * detail(picture.image[head])
    assert found > 20
    assert kept == 0
