"""Keyframes to pictures, without keeping a decoder busy with the frames between them; and those, where it must be."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from analytics.people import Image

_START_CODE = b"\0\0\0\1"
_TELLING = {"err_detect": "explode"}
"""For a decoder of H.265, which tells of damage in no other way."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


class UndecodableFrame(Exception):
    """The frame cannot be decoded; a later keyframe may."""


class KeyframeDecoder:
    """Decodes single keyframes of H.264 or HEVC given as Annex B."""

    def __init__(self, codec: str, extradata: bytes = b"") -> None:
        """`codec` is h264 or hevc; `extradata` holds the parameter sets as Annex B, avcC or hvcC. Raises ValueError."""
        self._context = _context(codec)
        self.tells_what_is_missing = codec == "h264"
        """Whether a picture without one of its slices is refused; else the decoder leaves out of it what was there."""
        self._parameters = annex_b_parameters(codec, extradata)

    def decode(self, data: bytes) -> Image:
        """The picture, height × width × 3 blue-green-red, whole. Raises UndecodableFrame.

        What is missing of a damaged one the decoder makes up from what is around it, and nobody is found there. Of
        H.265 it tells so of half of them, and never when a whole slice is missing.
        """
        try:
            frames = self._context.decode(av.Packet(self._parameters + data))
            frames += self._context.decode(None)
        except av.FFmpegError as error:
            raise UndecodableFrame(str(error)) from error
        finally:
            self._context.flush_buffers()
        if not frames:
            raise UndecodableFrame("the keyframe gave no picture")
        if frames[-1].is_corrupt:
            raise UndecodableFrame("a part of the keyframe is missing or damaged")
        return image_of(frames[-1])


@dataclass(frozen=True, slots=True)
class ShownFrame:
    wall: datetime
    frame: VideoFrame

    def image(self) -> Image:
        """Height × width × 3 blue-green-red. Raises UndecodableFrame where a part of it is missing."""
        if self.frame.is_corrupt:
            raise UndecodableFrame("a part of the picture, or of what it rests on, is missing or damaged")
        return image_of(self.frame)


class GroupDecoder:
    """Decodes one group of pictures, a keyframe and what follows it, of H.264 or HEVC given as Annex B."""

    def __init__(self, codec: str, extradata: bytes = b"") -> None:
        """As for a KeyframeDecoder."""
        self._context = _context(codec)
        if parameters := annex_b_parameters(codec, extradata):
            self._context.extradata = parameters

    def decode(self, data: bytes, wall: datetime, *, is_wanted: bool = True) -> list[ShownFrame]:
        """What can be shown with this one, taken at `wall`, in the order of showing. Raises UndecodableFrame.

        One that is not wanted is decoded only where others may rest on it.
        """
        packet = av.Packet(data)
        packet.pts, packet.time_base = (wall - _EPOCH) // _US, Fraction(1, 1_000_000)
        self._context.skip_frame = "DEFAULT" if is_wanted else "NONREF"
        try:
            frames = self._context.decode(packet)
        except av.FFmpegError as error:
            raise UndecodableFrame(str(error)) from error
        return [ShownFrame(_EPOCH + frame.pts * _US, frame) for frame in frames if frame.pts is not None]


def _context(codec: str) -> VideoCodecContext:
    if codec not in ("h264", "hevc"):
        raise ValueError(f"pictures of {codec} streams are not decoded; set the camera to H.264 or H.265")
    context = av.CodecContext.create(codec, "r")
    assert isinstance(context, VideoCodecContext)
    if codec == "hevc":
        context.options = _TELLING
    # Many cameras share few cores: a thread of their own per decoder would only add switching.
    context.thread_count = 1
    return context


def image_of(frame: VideoFrame) -> Image:
    """Rows, columns and the colours blue, green, red. By this thread alone: sharing one picture out costs more."""
    return np.asarray(frame.to_ndarray(format="bgr24", threads=1), dtype=np.uint8)


def annex_b_parameters(codec: str, extradata: bytes) -> bytes:
    """Parameter sets with start codes, from Annex B (returned as they are), avcC or hvcC. Raises ValueError."""
    if not extradata or extradata.startswith((_START_CODE, _START_CODE[1:])):
        return extradata
    try:
        units = _avcc_units(extradata) if codec == "h264" else _hvcc_units(extradata)
    except IndexError as error:
        raise ValueError(f"{codec} parameter sets of {len(extradata)} bytes are cut off") from error
    return b"".join(_START_CODE + unit for unit in units)


def _avcc_units(data: bytes) -> list[bytes]:
    """ISO 14496-15, AVCDecoderConfigurationRecord: sequence sets, then picture sets."""
    sequence_sets, position = _units(data, 6, data[5] & 0x1F)
    picture_sets, _ = _units(data, position + 1, data[position])
    return sequence_sets + picture_sets


def _hvcc_units(data: bytes) -> list[bytes]:
    """ISO 14496-15, HEVCDecoderConfigurationRecord: arrays of parameter sets of one type each."""
    units: list[bytes] = []
    position = 23
    for _ in range(data[22]):
        count = int.from_bytes(data[position + 1 : position + 3], "big")
        found, position = _units(data, position + 3, count)
        units += found
    return units


def _units(data: bytes, position: int, count: int) -> tuple[list[bytes], int]:
    units = []
    for _ in range(count):
        size = int.from_bytes(data[position : position + 2], "big")
        if size == 0 or position + 2 + size > len(data):
            raise IndexError(position)
        units.append(data[position + 2 : position + 2 + size])
        position += 2 + size
    return units, position
