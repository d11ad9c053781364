"""A clip whose masks are filled: decoded, filled and encoded anew, one picture after the other.

Pictures alone: whoever may not be seen is not to be heard either. What is made is H.264 whatever the camera sends, with
the times of the clip's own pictures.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ingest.video.clip import Clip
from ingest.video.long_clip import LongClip
from storage.mask_pixels import GREY, Corners, Covered, blocks, covered

_NO_COLOUR = 128
_ENCODING = {
    "preset": "superfast",
    "crf": "21",
    "tune": "zerolatency",  # looks no pictures ahead, so keeps none
    "g": "50",
}
_STREAMED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
_AS_FILE = {"movflags": "faststart"}
_TRACK = {"video_track_timescale": "90000"}  # as clips have it: no picture's time is rounded


@dataclass(frozen=True)
class Cover:
    """What masks hide of pictures of one size."""

    light: Covered
    colour: Covered
    """Of every two by two pixels."""

    @classmethod
    def of(cls, polygons: Sequence[Corners], width: int, height: int) -> "Cover":
        """Both sides must be even."""
        light = covered(polygons, width, height)
        return cls(light, blocks(light))

    def filled(self, frame: VideoFrame) -> VideoFrame:
        """A copy of its own: the decoder still needs the picture for those that rest on it."""
        height, width = self.light.shape
        plain = frame.reformat(width=width, height=height, format="yuv420p", threads=1)
        planes = np.array(plain.to_ndarray(), np.uint8)
        np.copyto(planes[:height], GREY, where=self.light)
        np.copyto(planes[height:].reshape(2, height // 2, width // 2), _NO_COLOUR, where=self.colour)
        return VideoFrame.from_ndarray(planes, format="yuv420p")


class _Sent:
    """What a stream of bytes has brought, as a file that is read from its beginning."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    def read(self, size: int) -> bytes:
        while not self._left and (chunk := next(self._chunks, None)) is not None:
            self._left = chunk
        read, self._left = self._left[:size], self._left[size:]
        return read


class _Written:
    """What was written and not taken yet."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def masked_chunks(clip: Clip | LongClip, polygons: Sequence[Corners]) -> Iterator[bytes]:
    """The masked clip as fragmented MP4, as it is made. Raises StoreError when a segment cannot be read."""
    written = _Written()
    with ExitStack() as opened:
        source = opened.enter_context(_read(clip))
        target = opened.enter_context(av.open(written, "w", format="mp4", options=_STREAMED | _TRACK))
        for _ in _encoded(source, target, polygons):
            if ready := written.take():
                yield ready
    yield written.take()


def write_masked(clip: Clip | LongClip, polygons: Sequence[Corners], file: Path) -> None:
    """The masked clip as an MP4 whose tables come first, which players can seek in. Raises as `masked_chunks`."""
    with _read(clip) as source, av.open(str(file), "w", format="mp4", options=_AS_FILE | _TRACK) as target:
        for _ in _encoded(source, target, polygons):
            pass


def _read(clip: Clip | LongClip) -> InputContainer:
    return av.open(_Sent(clip.chunks()), "r", format="mp4")


def _encoded(source: InputContainer, target: OutputContainer, polygons: Sequence[Corners]) -> Iterator[None]:
    """Goes on for as long as there are pictures; what it has made so far lies in the target."""
    video = source.streams.video[0]
    width, height = video.width // 2 * 2, video.height // 2 * 2
    encoder = _encoder(target, video, width, height)
    target.metadata.update(source.metadata)
    cover = Cover.of(polygons, width, height)
    durations: dict[int, int] = {}
    first: int | None = None
    for frame in source.decode(video):
        if frame.pts is None:
            continue
        first = frame.pts if first is None else first
        made = cover.filled(frame)
        made.pts, made.time_base = frame.pts - first, video.time_base
        durations[made.pts] = frame.duration
        _mux(target, encoder, made, durations)
        yield
    _mux(target, encoder, None, durations)


def _encoder(target: OutputContainer, video: VideoStream, width: int, height: int) -> VideoStream:
    encoder = target.add_stream("libx264", rate=video.average_rate or 25, options=dict(_ENCODING))
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    assert video.time_base is not None
    encoder.codec_context.time_base = encoder.time_base = video.time_base
    encoder.codec_context.thread_count = 2
    video.codec_context.thread_count = 1
    return encoder


def _mux(target: OutputContainer, encoder: VideoStream, frame: VideoFrame | None, durations: dict[int, int]) -> None:
    for packet in encoder.encode(frame):
        if packet.pts is not None:
            packet.duration = durations.pop(packet.pts, 0)
        target.mux(packet)
