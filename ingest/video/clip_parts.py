"""The heads of the fragments that make a clip: all that its tables need, and none of the pictures."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from ingest.video.boxes import BadBox, MovieFragment, box_size, read_movie_fragment, whole_boxes
from ingest.video.clip_plan import ClipPlan, Piece
from ingest.video.fragmented import Initial, read_initial, read_summary
from ingest.video.recovery_points import frames_until_recovery
from storage.footage import Footage
from storage.fragments import Fragment, decodable_from, unpack_fragments
from storage.models import Segment

HEAD_BYTES = 8192
"""Enough for `prft` and `moof` of 500 frames; longer ones are read in a second step."""
KEYFRAME_HEAD_BYTES = 2048
"""What stands before the coded picture is shorter."""
READERS = 8


@dataclass(frozen=True, slots=True)
class Part:
    """A fragment with all that its head says."""

    segment: Segment
    initial: Initial
    fragment: Fragment
    moof: MovieFragment
    moof_offset: int
    """In the segment's bytes."""

    @property
    def data_offset(self) -> int:
        """Of the first sample, in the segment's bytes."""
        return self.moof_offset + self.moof.data_offset


def load_parts(footage: Footage, plan: ClipPlan) -> list[Part]:
    """In order. Raises StoreError, or BadBox if a segment is not what its row says."""
    with ThreadPoolExecutor(READERS) as readers:
        of_pieces = list(readers.map(lambda piece: load_piece(footage, piece), plan.pieces))
    return [part for parts in of_pieces for part in parts]


def load_piece(footage: Footage, piece: Piece) -> list[Part]:
    """The piece's parts, and earlier ones of the segment if they hold the keyframe that the first needs."""
    segment, fragments = piece.segment, unpack_fragments(piece.segment.fragments)
    ends = fragments[-1].byte_offset + fragments[-1].byte_size
    if ends < segment.size:
        initial, heads = read_summary(footage.read(segment, ends, segment.size - ends))
        head_of = dict(zip(fragments, heads, strict=True)).__getitem__
    else:
        initial = read_initial(footage.read(segment, 0, segment.init_size))
        head_of = partial(read_head, footage, segment)
    wanted = fragments.index(piece.fragments[0])
    leading = fragments[decodable_from(fragments, wanted) : wanted]
    return [part_of(segment, initial, fragment, head_of(fragment)) for fragment in (*leading, *piece.fragments)]


def pictures_until_whole(footage: Footage, part: Part) -> int:
    """After how many pictures a decoder that begins with this part has all of one. Raises StoreError."""
    if part.initial.codec != "h264":
        return 0
    size = min(part.moof.samples[0].size, KEYFRAME_HEAD_BYTES)
    return frames_until_recovery(footage.read(part.segment, part.data_offset, size))


def part_of(segment: Segment, initial: Initial, fragment: Fragment, head: bytes) -> Part:
    moof = next((found for found in whole_boxes(head) if found.kind == b"moof"), None)
    if moof is None:
        raise BadBox(f"{segment.key}: no moof at {fragment.byte_offset}")
    read = read_movie_fragment(head[moof.start : moof.end])
    if not read.samples:
        raise BadBox(f"{segment.key}: no samples at {fragment.byte_offset}")
    return Part(segment, initial, fragment, read, fragment.byte_offset + moof.start)


def read_head(footage: Footage, segment: Segment, fragment: Fragment) -> bytes:
    head = footage.read(segment, fragment.byte_offset, min(HEAD_BYTES, fragment.byte_size))
    needed = _head_size(head)
    return head if needed <= len(head) else footage.read(segment, fragment.byte_offset, needed)


def _head_size(head: bytes) -> int:
    """Bytes up to the end of the second box, as far as these bytes tell."""
    first = box_size(head[:16]) or 0
    return first + (box_size(head[first : first + 16]) or 0)
