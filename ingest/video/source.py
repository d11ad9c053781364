"""A camera's RTSP stream through PyAV: packets of its video, and plain words when it fails."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, cast

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from ingest.video.frames import Codec
from storage.models import GapCause

Transport = Literal["tcp", "udp"]

OPEN_TIMEOUT_S = 5
READ_TIMEOUT_S = 3
"""Longest silence of the connection. A dead camera raises after twice this time: FFmpeg gives its last picture first.

FFmpeg watches it itself: PyAV's own limit takes the interpreter's lock some fifty times for each picture.
"""
REPORT_EACH = 10
"""Packets between looks at the camera's sender report, which comes every few seconds and is costly to ask for."""
_OPTIONS = {"analyzeduration": "100000", "fpsprobesize": "0", "timeout": str(READ_TIMEOUT_S * 1_000_000)}
"""Opens in 0.2 s instead of 2.5 s (measured)."""
_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")


class SourceFailure(Exception):
    """The camera's stream cannot be had or has ended."""

    def __init__(self, cause: GapCause, detail: str) -> None:
        super().__init__(without_credentials(detail))
        self.cause = cause


@dataclass(slots=True)
class SourcePacket:
    """One coded picture as it came. Not to be changed; not frozen because that would make it twice as costly."""

    data: bytes
    """Annex B."""
    pts: int
    dts: int
    keyframe: bool
    arrival_us: int
    """Recorder's clock, microseconds since 1970."""
    report_us: int | None
    """Camera's clock by its last sender report, at this `pts`; None if there was none or it was not looked at."""


class RtspSource:
    """An open stream. Packets must be taken faster than they come."""

    def __init__(self, container: InputContainer) -> None:
        self._container = container
        if not container.streams.video:
            raise SourceFailure(GapCause.STREAM_UNSUPPORTED, "the stream has no video")
        self._stream: VideoStream = container.streams.video[0]
        context = self._stream.codec_context
        if context.name not in ("h264", "hevc"):
            raise SourceFailure(GapCause.STREAM_UNSUPPORTED, f"{context.name} video; set the camera to H.264 or H.265")
        self.codec: Codec = cast(Codec, context.name)
        self.extradata = bytes(context.extradata or b"")
        self.time_base: Fraction = self._stream.time_base or Fraction(1, 90_000)

    def packets(self) -> Iterator[SourcePacket | None]:
        """Until the stream ends; None for something that is no picture, so that the taker can look at a stop flag.

        Raises SourceFailure.
        """
        stamps, index = _Timestamps(), self._stream.index
        with _failures_named():
            for packet in self._container.demux():
                if packet.stream_index != index or not packet.size:
                    yield None
                    continue
                video = cast("av.Packet[VideoStream]", packet)
                if stamps.lack:
                    yield from stamps.complete(video)
                elif video.pts is not None:
                    yield stamps.stamped(video, video.pts, time.time_ns() // 1000)
        raise SourceFailure(GapCause.STREAM_ENDED, "the camera ended the stream")


class _Timestamps:
    """Completes what FFmpeg leaves out: the first packet has no pts, and the first few have no dts."""

    def __init__(self) -> None:
        self.lack = True
        """Nothing has had a pts yet: packets have to be completed."""
        self._first: tuple[Any, int] | None = None
        self._last_dts: int | None = None
        self._number = 0

    def complete(self, packet: "av.Packet[VideoStream]") -> Iterator[SourcePacket]:
        arrival_us = time.time_ns() // 1000
        if packet.pts is None:
            self._first = packet, arrival_us
            return
        self.lack = False
        if self._first is not None:
            first, its_arrival_us = self._first
            self._first = None
            if packet.duration:
                yield self.stamped(first, packet.pts - packet.duration, its_arrival_us)
        yield self.stamped(packet, packet.pts, arrival_us)

    def stamped(self, packet: "av.Packet[VideoStream]", pts: int, arrival_us: int) -> SourcePacket:
        dts = pts if packet.dts is None else packet.dts
        if self._last_dts is not None and dts <= self._last_dts < pts + 90_000:
            dts = self._last_dts + 1
        self._last_dts = dts
        self._number += 1
        keyframe = packet.is_keyframe
        report_us = _report_us(packet) if keyframe or self._number % REPORT_EACH == 0 else None
        return SourcePacket(bytes(packet), pts, dts, keyframe, arrival_us, report_us)


@contextmanager
def open_source(url: str, transport: Transport = "tcp") -> Iterator[RtspSource]:
    """Raises SourceFailure, whose text never shows the URL's credentials."""
    with _failures_named():
        container = av.open(url, "r", options=_OPTIONS | {"rtsp_transport": transport}, timeout=(OPEN_TIMEOUT_S, None))
    with container:
        yield RtspSource(container)


def without_credentials(text: str) -> str:
    return _CREDENTIALS.sub("", text)


def _report_us(packet: "av.Packet[VideoStream]") -> int | None:
    if not packet.has_sidedata("prft"):
        return None
    return int.from_bytes(bytes(packet.get_sidedata("prft"))[:8], "little", signed=True)


@contextmanager
def _failures_named() -> Iterator[None]:
    try:
        yield
    except av.error.HTTPUnauthorizedError as error:
        raise SourceFailure(GapCause.CAMERA_UNREACHABLE, "the camera refuses the user name or password") from error
    except (av.error.ExitError, av.error.TimeoutError) as error:
        raise SourceFailure(GapCause.CAMERA_STALLED, "no packets within the time limit") from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise SourceFailure(GapCause.CAMERA_UNREACHABLE, str(error)) from error
