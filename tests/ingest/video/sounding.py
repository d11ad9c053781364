"""Sound that can be told apart: a beep at each full second, so that where it is in a file shows how exact it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO

import av
import numpy as np

from ingest.simulator.clock_code import read_clock
from ingest.simulator.microphone import SoundCodec, SoundEncoder
from ingest.simulator.sound import SoundStream, SoundUnit
from ingest.video.audio import Audio, AudioFormat, AudioFrame
from ingest.video.frames import from_us, to_us
from ingest.video.rtsp.audio_descriptions import audio_track
from ingest.video.segmenter import Gop
from tests.ingest.video.encoded import START, read_picture

EXACT_S = 0.03
"""A step of the measurement, and what sound is not moved for."""
_LOUD, _QUIET = 0.1, 0.02
_STEP_S, _HOLE_S = 0.005, 0.05


def described(stream: SoundStream) -> str:
    """Of a stream with this sound alone."""
    return "\r\n".join(["v=0", "t=0 0", *stream.lines(), ""])


@cache
def heard(codec: SoundCodec, start: datetime, seconds: float) -> tuple[AudioFormat, tuple[SoundUnit, ...]]:
    """Frames without the headers of RTP."""
    encoder = SoundEncoder(codec, start)
    units: list[SoundUnit] = []
    while not units or units[-1].wall < start + timedelta(seconds=seconds):
        units += encoder.next()
    header = 4 if codec == "aac" else 0
    plain = tuple(SoundUnit(unit.payload[header:], unit.wall) for unit in units)
    return audio_track(described(encoder.stream)).format, plain


def with_beeps(some: list[Gop], codec: SoundCodec) -> list[Gop]:
    """As the recorder makes them of a camera that hears."""
    start, end = from_us(some[0].wall_us), from_us(some[-1].end_us)
    audio, units = heard(codec, start, (end - start).total_seconds())
    return [_sounding(gop, audio, units) for gop in some]


def _sounding(gop: Gop, audio: AudioFormat, units: tuple[SoundUnit, ...]) -> Gop:
    inside = [unit for unit in units if gop.wall_us <= to_us(unit.wall) < gop.end_us]
    frames = tuple(AudioFrame(unit.payload, round((unit.wall - START).total_seconds() * audio.hz)) for unit in inside)
    return replace(gop, audio=Audio(audio, frames, to_us(inside[0].wall) - gop.wall_us) if frames else None)


def beeps_in(video: bytes) -> list[float]:
    """Media times at which a player begins to play a beep, in seconds; not of one whose beginning is not there."""
    found: list[float] = []
    loud, since, ends = True, 0.0, -1.0
    with av.open(BytesIO(video), "r") as container:
        for frame in container.decode(audio=0):
            samples = frame.to_ndarray().reshape(-1).astype(np.float64)
            samples /= 32_768 if frame.format.name.startswith("s16") else 1
            begins = frame.time or 0.0
            if begins - ends > _HOLE_S:
                loud, since = True, begins
            ends = begins + len(samples) / frame.sample_rate
            for at in range(0, len(samples), step := max(int(frame.sample_rate * _STEP_S), 1)):
                level = np.abs(samples[at : at + step]).max()
                now = begins + at / frame.sample_rate
                # Where sound begins, a decoder of AAC fades it in.
                if level > _LOUD and not loud and now - since > 2 * _HOLE_S:
                    found.append(now)
                loud = level > _LOUD or (loud and level > _QUIET)
    return found


def pictures_in(video: bytes) -> list[tuple[float, int]]:
    """Media time in seconds and number of each picture that a player shows."""
    with av.open(BytesIO(video), "r") as container:
        return [
            (frame.time or 0.0, read_picture(frame.to_ndarray(format="bgr24").astype(np.uint8)))
            for frame in container.decode(video=0)
        ]


def off_the_pictures(video: bytes) -> list[float]:
    """By how many seconds each beep is off the full second, by the numbers of the pictures (25 a second from START)."""
    pictures = [(time, number / 25) for time, number in pictures_in(video)]
    return [_off(at - time + wall) for at in beeps_in(video) for time, wall in [_shown(pictures, at)]]


def off_the_clock(video: bytes) -> list[float]:
    """The same by the clock that is burnt into the pictures."""
    shown: list[tuple[float, float]] = []
    with av.open(BytesIO(video), "r") as container:
        for frame in container.decode(video=0):
            wall = read_clock(frame.to_ndarray(format="bgr24").astype(np.uint8))
            if wall is not None:
                shown.append((frame.time or 0.0, wall.astimezone(UTC).timestamp()))
    return [_off(at - time + wall) for at in beeps_in(video) for time, wall in [_shown(shown, at)]]


def assert_sounds_as_it_looks(video: bytes, beeps: int, within_s: float = EXACT_S) -> None:
    """So many beeps at least, each at a full second by the numbers of the pictures."""
    off = off_the_pictures(video)
    assert len(off) >= beeps
    assert max(map(abs, off), default=0.0) < within_s


def _shown(pictures: list[tuple[float, float]], at: float) -> tuple[float, float]:
    return max((picture for picture in pictures if picture[0] <= at), default=pictures[0])


def _off(wall: float) -> float:
    return (wall + 0.5) % 1.0 - 0.5


def codecs_of(video: bytes) -> list[str]:
    with av.open(BytesIO(video), "r") as container:
        return [stream.codec_context.name for stream in container.streams]
