"""H.264 pictures without IDR from which decoding can begin all the same: some cameras send no other keyframes."""

from ingest.video.annexb import h264_kind, split_units
from ingest.video.bits import Bits
from ingest.video.parameter_sets import unescape

_SLICE, _SEI = 1, 6
_RECOVERY_POINT = 6
_INTRA = (2, 4, 7, 9)
"""Kinds of slice that refer to no other picture (H.264 table 7-6)."""
_HEAD_BYTES = 32


def is_recovery_point(data: bytes) -> bool:
    """Whether the picture (Annex B) is intra coded and announces that recovery is complete with it (H.264 D.2.8)."""
    units = split_units(data)
    slices = [unit for unit in units if h264_kind(unit) == _SLICE]
    announced = any(h264_kind(unit) == _SEI and _announces(unescape(unit)) for unit in units)
    return announced and bool(slices) and all(_is_intra(unescape(unit[:_HEAD_BYTES])) for unit in slices)


def _announces(message: bytes) -> bool:
    position = 1
    while position + 2 < len(message):
        kind, position = _extended(message, position)
        size, position = _extended(message, position)
        if kind == _RECOVERY_POINT and position < len(message):
            return bool(message[position] & 0x80)  # recovery_frame_cnt, an Exp-Golomb number, is 0
        position += size
    return False


def _extended(message: bytes, position: int) -> tuple[int, int]:
    """A number that goes on for as long as its bytes are 255, and where it ends."""
    number = 0
    while position < len(message):
        number += message[position]
        position += 1
        if message[position - 1] != 0xFF:
            break
    return number, position


def _is_intra(head: bytes) -> bool:
    bits = Bits(head[1:])
    try:
        bits.golomb()
        return bits.golomb() in _INTRA
    except ValueError:
        return False
