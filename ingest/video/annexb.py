"""Annex B (start codes) and the length-prefixed form that MP4 uses."""

from collections.abc import Iterable

START_CODE = b"\x00\x00\x00\x01"
SHORT_START_CODE = b"\x00\x00\x01"

H264_SPS, H264_PPS = 7, 8
HEVC_VPS, HEVC_SPS, HEVC_PPS = 32, 33, 34


def split_units(data: bytes) -> list[bytes]:
    """The NAL units of Annex B data, without start codes; anything before the first start code is ignored.

    A unit never ends in zero bytes (H.264 7.4.1), so those before the next start code are padding.
    """
    units = (part.rstrip(b"\x00") for part in data.split(SHORT_START_CODE)[1:])
    return [unit for unit in units if unit]


def join_units(units: Iterable[bytes]) -> bytes:
    return b"".join(START_CODE + unit for unit in units)


def length_prefixed(data: bytes) -> bytes:
    """Annex B data with each start code replaced by a length of four bytes."""
    return b"".join(length_prefixed_parts(data))


def length_prefixed_parts(data: bytes) -> list[bytes | memoryview]:
    """What `length_prefixed` consists of, the units not copied: each length, then its unit."""
    parts: list[bytes | memoryview] = []
    view, found = memoryview(data), data.find(SHORT_START_CODE)
    while found >= 0:
        start = found + 3
        found = data.find(SHORT_START_CODE, start)
        end = len(data) if found < 0 else found
        while end > start and not data[end - 1]:
            end -= 1
        if end > start:
            parts += ((end - start).to_bytes(4, "big"), view[start:end])
    return parts


def annexb(data: bytes) -> bytes:
    """The reverse of `length_prefixed`. Raises ValueError when a length leads beyond the end."""
    units: list[bytes] = []
    position = 0
    while position < len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        position += 4 + size
        if position > len(data):
            raise ValueError(f"unit of {size} bytes leads beyond the end")
        units.append(data[position - size : position])
    return join_units(units)


def h264_kind(unit: bytes) -> int:
    return unit[0] & 0x1F


def hevc_kind(unit: bytes) -> int:
    return unit[0] >> 1 & 0x3F
