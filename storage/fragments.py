"""The packed index of a segment: one entry for each fragment, so that playback needs no parsing."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

_ENTRY = struct.Struct("<IIII")


@dataclass(frozen=True, slots=True)
class Fragment:
    """One `moof` + `mdat`, starting with a keyframe."""

    offset_us: int
    """Wall time of its first frame after the segment's start."""
    duration_us: int
    byte_offset: int
    """From the start of the segment's bytes."""
    byte_size: int


def pack_fragments(fragments: Iterable[Fragment]) -> bytes:
    return b"".join(_ENTRY.pack(f.offset_us, f.duration_us, f.byte_offset, f.byte_size) for f in fragments)


def unpack_fragments(packed: bytes) -> list[Fragment]:
    """Raises ValueError when the length is not a multiple of the entry size."""
    if len(packed) % _ENTRY.size:
        raise ValueError(f"fragment index of {len(packed)} bytes is cut off")
    return [Fragment(*entry) for entry in _ENTRY.iter_unpack(packed)]
