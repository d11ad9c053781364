"""What is whole in a segment's file, read from the bytes alone: after a crash, or to make a lost row again."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.video import doubts, lasting, smears
from ingest.video.boxes import BadBox, Box, MovieFragment, read_movie_fragment, whole_boxes
from ingest.video.fragmented import Initial, fingerprint, read_initial, read_reference_time, read_summary
from ingest.video.segmenter import MAX_SEGMENT_US
from ingest.video.writer import FinishedSegment
from storage.fragments import Fragment

_HEADER = 8
"""Bytes before what is in a box of ours."""


@dataclass(frozen=True, slots=True)
class _Whole:
    wall_us: int
    start: int
    end: int
    moof: MovieFragment
    lasting: lasting.Lasting
    doubt: doubts.Doubt | None
    smears: int


def salvage(data: bytes, key: str) -> FinishedSegment:
    """The segment that the complete fragments at the start of the file make; its `size` may be less than the data's.

    Raises BadBox when it is no segment of ours or holds no complete fragment.
    """
    initial = read_initial(data)
    whole = list(_whole_fragments(data, initial))
    if not whole:
        raise BadBox("no complete fragment")
    size = whole[-1].end + _summary_size(data, whole[-1].end)
    return _segment(initial, fingerprint(data[: initial.size]), whole, key, size, _sha256(data, size))


def salvage_by_summary(tail: bytes, key: str, size: int, sha256: str) -> FinishedSegment:
    """The same of a segment that was ended in order, from its last bytes; `size` and `sha256` are of the whole file.

    Raises BadBox where these bytes do not hold all of its summary, or that tells of a file of another size. Whether the
    pictures are what they were the checksum alone can tell.
    """
    at = _summary_at(tail)
    initial, heads = read_summary(tail[at:])
    whole = list(_summed_up(heads, initial))
    if not whole or whole[-1].end != size - (len(tail) - at):
        raise BadBox("the summary is of another file")
    parameters = fingerprint(tail[at + _HEADER : at + _HEADER + initial.size])
    return _segment(initial, parameters, whole, key, size, sha256)


def _segment(
    initial: Initial, parameters: str, whole: Sequence[_Whole], key: str, size: int, sha256: str
) -> FinishedSegment:
    fragments = tuple(_entry(found, initial) for found in whole)
    end_us = whole[-1].wall_us + fragments[-1].duration_us
    return FinishedSegment(
        doubts.doubted(initial.recording, (found.doubt for found in whole if found.doubt)),
        key,
        end_us,
        size,
        sha256,
        initial.codec,
        initial.width,
        initial.height,
        initial.size,
        whole[0].moof.samples[0].composition_offset,
        fragments,
        parameters,
        initial.audio.codec if initial.audio else "",
        initial.audio.timescale if initial.audio else 0,
        sum(found.smears for found in whole),
    )


def _sha256(data: bytes, size: int) -> str:
    return hashlib.sha256(memoryview(data)[:size]).hexdigest()


def is_one_cut_off_fragment(tail: bytes) -> bool:
    """Whether what follows the whole fragments is no more than the start of the next: all that a crash cuts off.

    Anything else is damage, and whole fragments may lie behind it.
    """
    kinds = tuple(box.kind for box in whole_boxes(tail))
    starts_one = tail[4:8] == b"prft"[: len(tail[4:8])]
    return (
        starts_one
        and kinds in ((), (b"prft",), (b"prft", b"moof"))
        and max(tail.count(b"prft"), tail.count(b"moof")) <= 1
    )


def holds_no_picture(data: bytes) -> bool:
    """Whether whoever wrote the file died before its first fragment was whole."""
    try:
        return not data or is_one_cut_off_fragment(data[read_initial(data).size :])
    except BadBox:
        return False


def _whole_fragments(data: bytes, initial: Initial) -> Iterator[_Whole]:
    boxes = whole_boxes(data, initial.size)
    while True:
        three = [box for box in (next(boxes, None) for _ in range(3)) if box is not None]
        if [box.kind for box in three] != [b"prft", b"moof", b"mdat"]:
            return
        found = _whole_fragment(data, *three)
        if found is None or not _is_within(found, initial):
            return
        yield found


def _whole_fragment(data: bytes, prft: Box, moof: Box, mdat: Box) -> _Whole | None:
    try:
        found = _told(data[prft.start : moof.end], prft.start)
    except BadBox:
        return None
    if found.end != mdat.end:
        return None
    position = mdat.body + (found.moof.audio.size if found.moof.audio else 0)
    for sample in found.moof.samples:
        if not _is_written(data, position, position + sample.size):
            return None
        position += sample.size
    return found


def _summed_up(heads: Sequence[bytes], initial: Initial) -> Iterator[_Whole]:
    """One after the other from the initial part on. Raises BadBox."""
    start = initial.size
    for head in heads:
        found = _told(head, start)
        if not _is_within(found, initial):
            raise BadBox("a fragment of another time")
        yield found
        start = found.end


def _told(head: bytes, start: int) -> _Whole:
    """What `prft` and `moof` tell of the fragment that starts there. Raises BadBox."""
    boxes = list(whole_boxes(head))
    if [box.kind for box in boxes] != [b"prft", b"moof"]:
        raise BadBox("a fragment does not start with prft and moof")
    prft, moof = boxes
    told = head[moof.start : moof.end]
    movie = read_movie_fragment(told)
    if not movie.samples:
        raise BadBox("a fragment without a picture")
    size = sum(sample.size for sample in movie.samples) + (movie.audio.size if movie.audio else 0)
    return _Whole(
        read_reference_time(head[prft.body + 4 : prft.end]),
        start,
        start + len(head) + _HEADER + size,
        movie,
        lasting.read(told, movie),
        doubts.read(told),
        smears.read(told),
    )


def _is_within(found: _Whole, initial: Initial) -> bool:
    """Whether the fragment lies in the time that a segment can last; a damaged number does not."""
    start_us = initial.recording.start_us
    end_us = found.wall_us + found.lasting.ticks * 1_000_000 // initial.timescale
    return start_us <= found.wall_us <= end_us <= start_us + MAX_SEGMENT_US


def _summary_at(tail: bytes) -> int:
    """Where the box begins that ends with the file. Raises BadBox."""
    at = tail.rfind(b"skip")
    while at >= 4:
        start = at - 4
        if int.from_bytes(tail[start:at], "big") == len(tail) - start:
            return start
        at = tail.rfind(b"skip", 0, at)
    raise BadBox("no summary at its end")


def _summary_size(data: bytes, start: int) -> int:
    """Bytes of the box that closes a segment that was ended in order; 0 if it was not."""
    following = next(whole_boxes(data, start), None)
    return following.end - start if following is not None and following.kind == b"skip" else 0


def _is_written(data: bytes, start: int, end: int) -> bool:
    """Whether a sample's units fill it: after a power failure the end of a file may be zeros of the right length."""
    while start < end:
        size = int.from_bytes(data[start : start + 4], "big")
        if not size:
            return False
        start += 4 + size
    return start == end


def _entry(found: _Whole, initial: Initial) -> Fragment:
    offset_us = max(found.wall_us - initial.recording.start_us, 0)
    duration_us = found.lasting.ticks * 1_000_000 // initial.timescale
    size, keyframe = found.end - found.start, found.moof.samples[0].keyframe
    return Fragment(offset_us, duration_us, found.start, size, keyframe, found.lasting.continued, found.smears > 0)
