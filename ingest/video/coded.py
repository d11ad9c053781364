"""Coded pictures of a segment, each with the wall time that its own fragment gives it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ingest.video.boxes import BadBox, read_movie_fragment
from ingest.video.fragmented import PRFT_SIZE, Initial, read_initial
from ingest.video.frames import to_us
from storage.footage import Footage
from storage.fragments import Fragment
from storage.models import Segment


@dataclass(frozen=True, slots=True)
class Coded:
    """One picture as the camera sent it."""

    wall_us: int
    data: bytes
    """Units with their lengths before them."""
    keyframe: bool


@dataclass(frozen=True, slots=True)
class CodedRun:
    """Fragments that follow one another, in the order of decoding; the first begins with a keyframe."""

    opening: bytes
    """The segment's initial part and its first fragment of the run: an MP4 that tells a decoder what to expect."""
    pictures: tuple[Coded, ...]
    is_reordered: bool
    """Pictures are not shown in the order of their decoding."""


def read_run(footage: Footage, segment: Segment, fragments: Sequence[Fragment]) -> CodedRun:
    """Raises StoreError, or BadBox if the segment is not what its row says."""
    begin, end = fragments[0].byte_offset, fragments[-1].byte_offset + fragments[-1].byte_size
    head, media = footage.read(segment, 0, segment.init_size), footage.read(segment, begin, end - begin)
    initial = read_initial(head)
    pictures: list[Coded] = []
    for fragment in fragments:
        start = fragment.byte_offset - begin
        pictures += _pictures(media[start : start + fragment.byte_size], segment, fragment, initial)
    shown = [picture.wall_us for picture in pictures]
    return CodedRun(head + media[: fragments[0].byte_size], tuple(pictures), shown != sorted(shown))


def _pictures(data: bytes, segment: Segment, fragment: Fragment, initial: Initial) -> Iterator[Coded]:
    moof = read_movie_fragment(data[PRFT_SIZE:])
    if not moof.samples:
        raise BadBox(f"{segment.key}: no samples at {fragment.byte_offset}")
    first_us = to_us(segment.start) + fragment.offset_us
    sizes = (sample.size for sample in moof.samples)
    places = accumulate(sizes, initial=PRFT_SIZE + moof.data_offset)
    for sample, shown, at in zip(moof.samples, moof.shown(), places, strict=False):
        wall_us = first_us + (shown - moof.shown_after) * 1_000_000 // initial.timescale
        yield Coded(wall_us, data[at : at + sample.size], sample.keyframe)
