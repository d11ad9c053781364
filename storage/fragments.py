"""The packed index of a segment: one entry for each fragment, so that playback needs no parsing."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from storage.intervals import Span, subtract
from storage.runs import FRAME_HOLE

_HOLE = struct.Struct("<II")
_LEAST_HOLE_US = FRAME_HOLE // timedelta(microseconds=1)
_ENTRY = struct.Struct("<IIII")
_CONTINUES, _CONTINUED, _SMEARED = 1 << 31, 1 << 30, 1 << 29
"""In an entry's duration: the fragment goes on with the group of pictures of the one before; the next does with its;
packets of it were lost on the way."""


_DURATION = _SMEARED - 1


@dataclass(frozen=True, slots=True)
class Fragment:
    """One `moof` + `mdat`."""

    offset_us: int
    """Wall time of its first picture shown after the segment's start."""
    duration_us: int
    byte_offset: int
    """From the start of the segment's bytes."""
    byte_size: int
    keyframe: bool = True
    """It begins with one; else it is a further part of a group of pictures."""
    continued: bool = False
    """Further pictures of its last group followed."""
    smeared: bool = False
    """Before some of its pictures others were lost, so that they, and what rests on them, may be smeared."""


def pack_fragments(fragments: Sequence[Fragment]) -> bytes:
    """Raises ValueError when one lasts longer than a segment can."""
    if any(f.duration_us > _DURATION for f in fragments):
        raise ValueError(f"a fragment lasts at most {_DURATION} µs")
    return b"".join(_ENTRY.pack(f.offset_us, f.duration_us | _flags(f), f.byte_offset, f.byte_size) for f in fragments)


def _flags(fragment: Fragment) -> int:
    flags = ((_CONTINUES, not fragment.keyframe), (_CONTINUED, fragment.continued), (_SMEARED, fragment.smeared))
    return sum(flag for flag, is_set in flags if is_set)


def unpack_fragments(packed: bytes) -> list[Fragment]:
    """Raises ValueError when the length is not a multiple of the entry size."""
    if len(packed) % _ENTRY.size:
        raise ValueError(f"fragment index of {len(packed)} bytes is cut off")
    return [
        Fragment(
            offset_us,
            word & _DURATION,
            byte_offset,
            byte_size,
            not word & _CONTINUES,
            bool(word & _CONTINUED),
            bool(word & _SMEARED),
        )
        for offset_us, word, byte_offset, byte_size in _ENTRY.iter_unpack(packed)
    ]


def pack_holes(fragments: Sequence[Fragment]) -> bytes:
    """Where no pictures came between two fragments: empty in nearly every segment."""
    ends = [(before.offset_us + before.duration_us, after.offset_us) for before, after in pairwise(fragments)]
    return b"".join(_HOLE.pack(end, begin - end) for end, begin in ends if begin - end > _LEAST_HOLE_US)


def recorded_parts(start: datetime, end: datetime, holes: bytes) -> list[Span]:
    """A segment's time without its holes. Raises ValueError when these are cut off."""
    if not holes:
        return [Span(start, end)]
    if len(holes) % _HOLE.size:
        raise ValueError(f"holes of {len(holes)} bytes are cut off")
    us = timedelta(microseconds=1)
    missing = [Span(start + at * us, start + (at + length) * us) for at, length in _HOLE.iter_unpack(holes)]
    return subtract([Span(start, end)], missing)


def decodable_from(fragments: Sequence[Fragment], number: int) -> int:
    """The number of the fragment whose keyframe the pictures of this one rest on."""
    return next((n for n in range(number, -1, -1) if fragments[n].keyframe), 0)


def groups_of_pictures(fragments: Iterable[Fragment]) -> list[list[Fragment]]:
    """Each from a keyframe to the next."""
    groups: list[list[Fragment]] = []
    for fragment in fragments:
        if fragment.keyframe or not groups:
            groups.append([])
        groups[-1].append(fragment)
    return groups
