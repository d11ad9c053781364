"""The heads of the fragments that make a clip: all that its tables need, and none of the pictures."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ingest.video.boxes import BadBox, MovieFragment, box_size, read_movie_fragment, whole_boxes
from ingest.video.clip_plan import ClipPlan, Piece
from ingest.video.fragmented import Initial, read_initial
from storage.footage import Footage
from storage.fragments import Fragment, unpack_fragments
from storage.models import Segment

HEAD_BYTES = 8192
"""Enough for `prft` and `moof` of 500 frames; longer ones are read in a second step."""
READERS = 8


@dataclass(frozen=True, slots=True)
class Part:
    """A fragment with all that its head says."""

    segment: Segment
    initial: Initial
    fragment: Fragment
    moof: MovieFragment
    data_offset: int
    """Of the first sample, in the segment's bytes."""


def load_parts(footage: Footage, plan: ClipPlan) -> list[Part]:
    """In order. Raises StoreError, or BadBox if a segment is not what its row says."""
    with ThreadPoolExecutor(READERS) as readers:
        loaded = list(readers.map(lambda piece: _load_initial(footage, piece), plan.pieces))
        wanted = [
            (piece.segment, initial, fragment)
            for piece, initial in zip(plan.pieces, loaded, strict=True)
            for fragment in piece.fragments
        ]
        parts = list(readers.map(lambda one: _load_part(footage, *one), wanted))
    return _up_to_keyframe(footage, parts[0]) + parts


def _up_to_keyframe(footage: Footage, first: Part) -> list[Part]:
    """Earlier parts of a GOP that was too long for one fragment."""
    earlier = [f for f in unpack_fragments(first.segment.fragments) if f.byte_offset < first.fragment.byte_offset]
    before: list[Part] = []
    while earlier and not (before or [first])[0].moof.samples[0].keyframe:
        before.insert(0, _load_part(footage, first.segment, first.initial, earlier.pop()))
    return before


def _load_initial(footage: Footage, piece: Piece) -> Initial:
    return read_initial(footage.read(piece.segment, 0, piece.segment.init_size))


def _load_part(footage: Footage, segment: Segment, initial: Initial, fragment: Fragment) -> Part:
    head = footage.read(segment, fragment.byte_offset, min(HEAD_BYTES, fragment.byte_size))
    needed = _head_size(head)
    if needed > len(head):
        head = footage.read(segment, fragment.byte_offset, needed)
    moof = next((found for found in whole_boxes(head) if found.kind == b"moof"), None)
    if moof is None:
        raise BadBox(f"{segment.key}: no moof at {fragment.byte_offset}")
    read = read_movie_fragment(head[moof.start : moof.end])
    return Part(segment, initial, fragment, read, fragment.byte_offset + moof.start + read.data_offset)


def _head_size(head: bytes) -> int:
    """Bytes up to the end of the second box, as far as these bytes tell."""
    first = box_size(head[:16]) or 0
    return first + (box_size(head[first : first + 16]) or 0)
