"""A camera that sends a keyframe only every twenty seconds is looked at in between."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from analytics.pictures import Picture
from analytics.sampling import Sampler
from tests.analytics.encoded import Packet, Parameters, annex_b
from tests.analytics.scenes import START, a_picture, at

FPS, GOP_S = {"h264": 4, "hevc": 2}, 20


@cache
def filmed(codec: str = "h264", b_frames: int = 0, seconds: int = 26) -> Sequence[Parameters | Packet]:
    """Somebody goes from left to right, a little further each second."""
    fps = FPS[codec]
    pictures = [a_picture(0.1 + 0.015 * (number // fps)) for number in range(seconds * fps)]
    return tuple(annex_b(pictures, START, codec, fps, GOP_S * fps, b_frames))


def looked_at(stream: Sequence[Parameters | Packet], sampler: Sampler | None = None) -> Iterator[Picture]:
    sampler = sampler or a_sampler()
    for part in stream:
        if isinstance(part, Parameters):
            sampler.begin(part)
        else:
            yield from sampler.take(part)


def a_sampler() -> Sampler:
    return Sampler("cam", at(1) - at(0))


def seconds_of(pictures: Sequence[Picture]) -> list[float]:
    return [(picture.wall - START).total_seconds() for picture in pictures]


@pytest.mark.parametrize(("codec", "b_frames"), [("h264", 0), ("h264", 2), ("hevc", 0)])
def test_between_rare_keyframes_each_second_is_looked_at_and_shows_its_moment(codec: str, b_frames: int) -> None:
    pictures = list(looked_at(filmed(codec, b_frames)))
    apart = np.diff(seconds_of(pictures))
    assert apart.min() >= 0.8
    assert apart.max() <= 1.6
    assert seconds_of(pictures)[-1] >= 24
    for picture in pictures:
        shown = a_picture(0.1 + 0.015 * int((picture.wall - START).total_seconds()))
        assert np.abs(picture.image.astype(int) - shown).mean() < 8


def test_it_is_told_how_rare_the_keyframes_are_and_what_that_costs() -> None:
    sampler = a_sampler()
    list(looked_at(filmed(), sampler))
    assert sampler.rare is not None
    assert sampler.rare.apart_s == GOP_S
    assert sampler.rare.times > 0
    keyframes = [replace(part, wall=at(60 + n)) for n, part in enumerate(frames_of()) if part.keyframe]
    list(looked_at(keyframes, sampler))
    assert sampler.rare is None


def frames_of(codec: str = "h264") -> list[Packet]:
    return [part for part in filmed(codec) if isinstance(part, Packet)]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_after_a_loss_nothing_is_told_until_the_next_keyframe(codec: str) -> None:
    lost = at(7)
    stream = [
        replace(part, after_loss=True) if isinstance(part, Packet) and part.wall == lost else part
        for part in filmed(codec)
    ]
    pictures = list(looked_at(stream))
    damaged = [picture for picture in pictures if picture.damaged]
    assert seconds_of(damaged) == list(range(7, GOP_S))
    assert all(picture.image.size == 0 for picture in damaged)
    assert all(picture.image.size for picture in pictures if not picture.damaged)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_wrong_bytes_between_keyframes_are_no_picture_either(codec: str) -> None:
    stream = list(filmed(codec))
    hit = next(n for n, part in enumerate(stream) if isinstance(part, Packet) and part.wall == at(7))
    part = stream[hit]
    assert isinstance(part, Packet)
    stream[hit] = replace(part, data=part.data[:12])
    pictures = list(looked_at(stream))
    assert [second for second in seconds_of([p for p in pictures if p.damaged]) if second < GOP_S]
    assert not any(picture.damaged for picture in pictures if picture.wall >= at(GOP_S))


def test_a_keyframe_of_which_a_part_may_be_lost_spoils_what_rests_on_it() -> None:
    stream = [replace(frame, after_loss=frame.keyframe) for frame in frames_of("hevc")]
    assert all(picture.damaged for picture in looked_at([Parameters("hevc", b""), *stream]))
