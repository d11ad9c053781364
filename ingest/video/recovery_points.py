"""H.264 pictures without IDR from which decoding can begin all the same: some cameras send no other keyframes."""

from collections.abc import Iterator

from ingest.video.annexb import SHORT_START_CODE, h264_kind, join_units, split_units
from ingest.video.bits import Bits
from ingest.video.parameter_sets import unescape

_SLICE, _SEI = 1, 6
_RECOVERY_POINT = 6
_INTRA = (2, 4, 7, 9)
"""Kinds of slice that refer to no other picture (H.264 table 7-6)."""
_HEAD_BYTES = 32


def recovery_frames(data: bytes) -> int | None:
    """After how many pictures all is right for a decoder that begins with this one (Annex B); None if it does not say.

    0 is believed only if the picture is intra coded (H.264 D.2.8).
    """
    frames = next((count for unit in _sei_units(data) if (count := _announced(unescape(unit))) is not None), None)
    return None if frames == 0 and not _is_intra_picture(data) else frames


def frames_until_recovery(head: bytes) -> int:
    """The same of a keyframe as an MP4 holds it, of which only the beginning need be known; 0 if it does not say."""
    return recovery_frames(join_units(_prefixed_units(head))) or 0


def _prefixed_units(head: bytes) -> Iterator[bytes]:
    position = 0
    while position + 4 < len(head):
        size = int.from_bytes(head[position : position + 4], "big")
        yield head[position + 4 : position + 4 + size]
        position += 4 + size


def _sei_units(data: bytes) -> Iterator[bytes]:
    """Those before the first slice, which is not looked at."""
    start = data.find(SHORT_START_CODE) + 3
    while 3 <= start < len(data) and data[start] & 0x1F != _SLICE:
        end = data.find(SHORT_START_CODE, start)
        if data[start] & 0x1F == _SEI:
            yield data[start : end if end >= 0 else len(data)].rstrip(b"\x00")
        start = end + 3


def _announced(message: bytes) -> int | None:
    position = 1
    while position + 2 < len(message):
        kind, position = _extended(message, position)
        size, position = _extended(message, position)
        if kind == _RECOVERY_POINT:
            return _number(message[position : position + size])
        position += size
    return None


def _extended(message: bytes, position: int) -> tuple[int, int]:
    """A number that goes on for as long as its bytes are 255, and where it ends."""
    number = 0
    while position < len(message):
        number += message[position]
        position += 1
        if message[position - 1] != 0xFF:
            break
    return number, position


def _number(data: bytes) -> int | None:
    try:
        return Bits(data).golomb()
    except ValueError:
        return None


def _is_intra_picture(data: bytes) -> bool:
    slices = [unit for unit in split_units(data) if h264_kind(unit) == _SLICE]
    return bool(slices) and all(_is_intra(unescape(unit[:_HEAD_BYTES])) for unit in slices)


def _is_intra(head: bytes) -> bool:
    bits = Bits(head[1:])
    try:
        bits.golomb()
        return bits.golomb() in _INTRA
    except ValueError:
        return False
