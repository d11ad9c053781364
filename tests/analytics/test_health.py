from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext

from analytics.aim import aim_of, small
from analytics.clip_samples import clip_pictures
from analytics.decoding import image_of
from analytics.health import CameraFaults, FaultChange, PictureHealth
from analytics.labels import load_clips
from analytics.people import Image
from storage.models import FaultKind
from tests.analytics.scenes import a_picture, at, labelled_data


def grey(level: int) -> Image:
    return np.full((360, 640, 3), level, np.uint8)


def noisy(picture: Image, levels: float) -> Image:
    """With the noise of a sensor: another one at each pixel, alike in all colours."""
    noise = np.random.default_rng(1).normal(0, levels, (*picture.shape[:2], 1))
    return np.asarray(np.clip(np.rint(picture + noise), 0, 255), np.uint8)


def covered(width: int, height: int) -> Image:
    """By a hand or a cloth: grey, and darker towards the corners."""
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.repeat(np.asarray(130 - 30 * (down**2 + across**2), np.uint8)[:, :, None], 3, axis=2)


def with_clock(picture: Image, seconds: int) -> Image:
    shown = picture.copy()
    shown[:28, :180] = a_picture(seconds=seconds)[:28, :180]
    return shown


@pytest.mark.parametrize(
    ("picture", "fault"),
    [
        (grey(0), FaultKind.DARK),
        (grey(14), FaultKind.DARK),
        (grey(120), FaultKind.OBSTRUCTED),
        (grey(252), FaultKind.OVEREXPOSED),
    ],
)
def test_pictures_that_show_nothing_are_faults_even_with_a_clock_in_them(picture: Image, fault: FaultKind) -> None:
    assert PictureHealth().judge(picture) is fault
    assert PictureHealth().judge(with_clock(picture, 5)) is fault


@pytest.mark.parametrize("size", [(352, 288), (640, 360), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_a_covered_lens_is_obstructed_though_its_sensor_is_noisy(levels: int, size: tuple[int, int]) -> None:
    assert PictureHealth().judge(noisy(covered(*size), levels)) is FaultKind.OBSTRUCTED


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_covered_lens_has_not_moved(levels: int) -> None:
    health = PictureHealth(aim_of([small(a_picture())]))
    assert health.judge(noisy(with_clock(grey(120), 5), levels)) is FaultKind.OBSTRUCTED


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_room_is_a_good_picture_though_its_sensor_is_noisy(levels: int) -> None:
    health = PictureHealth(aim_of([small(a_picture())]))
    assert health.judge(noisy(a_picture(), levels)) is None


def test_an_empty_room_is_a_good_picture() -> None:
    assert PictureHealth().judge(a_picture()) is None


def test_a_picture_that_repeats_is_frozen() -> None:
    health = PictureHealth()
    assert [health.judge(a_picture(0.5)) for _ in range(4)] == [None, None, FaultKind.FROZEN, FaultKind.FROZEN]


def test_a_still_room_with_a_running_clock_is_not_frozen() -> None:
    health = PictureHealth()
    assert {health.judge(a_picture(0.5, seconds=t)) for t in range(10)} == {None}


def test_labelled_faults_are_noticed_and_nothing_else() -> None:
    clip = next(c for c in load_clips(labelled_data()) if c.name == "counter_faults_3min")
    health, told = PictureHealth(), {}
    for picture in clip_pictures(clip.video, "cam"):
        told[round((picture.wall - at(-3600)).total_seconds())] = health.judge(picture.image)
    dark = [second for second, fault in told.items() if fault is FaultKind.DARK]
    assert dark == [*range(28, 40), *range(100, 112)]
    assert [second for second, fault in told.items() if fault is FaultKind.BLURRED] == [*range(78, 84)]
    assert [second for second, fault in told.items() if fault is FaultKind.FROZEN] == [*range(57, 64), 122]


def brightened(pictures: list[Image], gain: float) -> list[Image]:
    """As a camera sends them: clipped, encoded and decoded."""
    height, width = pictures[0].shape[:2]
    sent: list[Image] = []
    encoder, decoder = av.CodecContext.create("libx264", "w"), av.CodecContext.create("h264", "r")
    assert isinstance(encoder, VideoCodecContext)
    assert isinstance(decoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, "yuv420p", Fraction(1)
    frames = [
        av.VideoFrame.from_ndarray(np.asarray(cv2.convertScaleAbs(each, alpha=gain), np.uint8), format="bgr24")
        for each in pictures
    ]
    for packet in [*(p for frame in frames for p in encoder.encode(frame)), *encoder.encode(None)]:
        sent += [image_of(frame) for frame in decoder.decode(packet)]
    return sent + [image_of(frame) for frame in decoder.decode(None)]


def test_a_real_room_that_is_brightened_until_it_is_clipped_is_over_exposed() -> None:
    clip = next(c for c in load_clips(labelled_data()) if c.name == "one-by-one-person-detection")
    room = [picture.image for picture, _ in zip(clip_pictures(clip.video, "cam"), range(10), strict=False)]
    told = {gain: {PictureHealth().judge(each) for each in brightened(room, gain)} for gain in (1.0, 1.3, 8.0)}
    assert (told[1.0], told[1.3]) == ({None}, {None}), "bright is not over-exposed"
    assert told[8.0] == {FaultKind.OVEREXPOSED}


def test_a_fault_is_believed_after_a_while_and_dated_back() -> None:
    faults = CameraFaults("cam")
    told = [faults.update(at(t), {FaultKind.DARK} if t < 12 else set()) for t in range(3, 20)]
    assert [change for changes in told for change in changes] == [
        FaultChange("cam", FaultKind.DARK, at(3), began=True),
        FaultChange("cam", FaultKind.DARK, at(12), began=False),
    ]


def test_a_flicker_is_no_fault_and_does_not_end_one() -> None:
    faults = CameraFaults("cam")
    assert not any(faults.update(at(t), {FaultKind.DARK} if t % 3 else set()) for t in range(30))
    faults.resume({FaultKind.NO_SIGNAL})
    assert not any(faults.update(at(30 + t), {FaultKind.NO_SIGNAL} if t % 3 else set()) for t in range(30))


def test_silence_is_dated_to_the_last_sign_of_life() -> None:
    assert CameraFaults("cam").update(at(20), {FaultKind.NO_SIGNAL}, since=at(14)) == [
        FaultChange("cam", FaultKind.NO_SIGNAL, at(14), began=True)
    ]
