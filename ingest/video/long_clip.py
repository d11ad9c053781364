"""Clips of any length: what they cost before the first byte does not grow with the pictures in them.

A long clip begins like a plain MP4 with the fragment in which its first frame lies, so that an edit list can hide
what is before that frame. The segments' own fragments follow, moved onto one time line, behind an index (`sidx`) that
is made from rows alone, so that players can seek. The last fragment is cut after the last frame. Media time is wall
time without what is missing. Where the camera's resolution or parameters change, each fragment says with which of the
descriptions it goes; where its codec changes, another clip has to begin, as no player goes on.
"""

import hashlib
import json
import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from ingest.video.boxes import MovieFragment, Sample
from ingest.video.clip_opening import Opening, opening_in
from ingest.video.clip_parts import Part, part_of, read_head
from ingest.video.clip_plan import (
    JOINED,
    LEADING,
    NothingRecorded,
    Told,
    clock_told,
    corrected,
    goes_on,
    missing_of,
    overlapping,
    parts_of,
    smeared,
    told_spans,
)
from ingest.video.fragmented import (
    AudioRows,
    Initial,
    InitialAudio,
    described,
    of_pictures,
    read_initial,
    reference_time,
    shortened_moof,
)
from ingest.video.frames import from_us, to_us
from ingest.video.movie import AudioTables, Edit, edits_of, file_type, full_box, movie
from ingest.video.retimed import TICKS_PER_S, Raw, Sound, Stretch, media_end, ticks_of
from ingest.video.sample_tables import Chunk, sample_tables
from storage.footage import Footage
from storage.fragments import Fragment, unpack_fragments
from storage.intervals import Span
from storage.models import Segment

_SLOWEST = timedelta(minutes=1)
"""In so long a camera sends a picture that can be shown."""


class FormatChanges(Exception):
    """The camera's codec changes within the span: no player shows both out of one MP4."""

    def __init__(self, parts: Sequence[Span]) -> None:
        super().__init__(f"the camera's codec changes {len(parts) - 1} times")
        self.parts = tuple(parts)


class NotLong(Exception):
    """All that can be shown lies in the fragment with which a long clip would begin: a plain one holds it."""


@dataclass(frozen=True, slots=True)
class _Bytes:
    """What is made and not recorded."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, _footage: Footage, first: int, stop: int) -> bytes:
        return self.data[first:stop]


_Part = _Bytes | Raw | Stretch


@dataclass(frozen=True, slots=True)
class LongClip:
    start: datetime
    end: datetime
    head: bytes
    parts: tuple[_Part, ...]
    footage: Footage

    @property
    def size(self) -> int:
        return len(self.head) + sum(part.size for part in self.parts)

    def chunks(self, first: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes first..stop of the file, one segment at a time. Raises StoreError when one cannot be read."""
        stop = self.size if stop is None else min(stop, self.size)
        if first < len(self.head):
            yield self.head[first:stop]
        begins = list(accumulate((part.size for part in self.parts), initial=len(self.head)))
        for number in range(max(bisect_right(begins, first) - 1, 0), len(self.parts)):
            begin, end = max(first - begins[number], 0), min(stop - begins[number], self.parts[number].size)
            if begin >= end:
                return
            yield self.parts[number].read(self.footage, begin, end)


def open_long_clip(
    footage: Footage, segments: Sequence[Segment], start: datetime, end: datetime, told: Told | None = None
) -> LongClip:
    """`segments`: those of one camera that overlap the span, two at least, in order; and those around it, if known.

    Raises NotLong, NothingRecorded, FormatChanges, StoreError, BadBox.
    """
    near, segments = segments, overlapping(segments, start, end)
    check_codec(segments, start, end)
    missing = missing_of(segments, start, end)
    audio = _audio(footage, segments)
    begins = max(start, segments[0].start)
    spans = (Span(start, start + LEADING), Span(begins, begins + LEADING), Span(begins, begins + _SLOWEST))
    opening = opening_in(footage, near, spans, audio)
    segments = [segment for segment in segments if segment.sequence >= opening.last.segment.sequence]
    if len(segments) < 2 and opening.ends_at >= end:
        raise NotLong
    places = _places(segments, to_us(start))
    origin = places[0] + opening.origin
    entries = _entries(footage, segments, opening.initial)
    numbers = {format_: number for number, format_ in enumerate(entries, 1)}
    moved = [_moved(s, ticks - origin, opening, numbers) for s, ticks in zip(segments, places, strict=True)]
    moved[0] = replace(moved[0], first=opening.stop)
    ends = moved[-1].ticks + ticks_of(to_us(min(end, segments[-1].end)) - to_us(segments[-1].start))
    groups: list[tuple[_Part, ...]] = [*((s,) for s in moved[:-1]), tuple(_cut(footage, moved[-1], near, end))]
    index = _Bytes(_index(groups, [opening.duration, *(stretch.ticks for stretch in moved[1:]), ends]))
    edit = Edit(ends + segments[-1].composition_offset - opening.hidden, opening.hidden)
    head = _head(opening, list(entries.values()), edit, _comment(segments, start, end, missing, told or {}))
    parts = (*opening.parts, index, *(part for group in groups for part in group if part.size))
    return LongClip(from_us(opening.start_us), min(end, segments[-1].end), head, parts, footage)


def _audio(footage: Footage, segments: Sequence[Segment]) -> InitialAudio | None:
    """The sound of the clip: of the first segment that has some. One track holds one format."""
    first = next((segment for segment in segments if segment.audio), None)
    return read_initial(footage.read(first, 0, first.init_size)).audio if first else None


def check_codec(segments: Sequence[Segment], start: datetime, end: datetime) -> None:
    """Raises FormatChanges."""
    if len({segment.codec for segment in segments}) > 1:
        recorded = ((Span(segment.start, segment.end), segment.codec) for segment in segments)
        raise FormatChanges([Span(part.start, part.end) for part in parts_of(recorded, start, end)])


def _entries(footage: Footage, segments: Sequence[Segment], first: Initial) -> dict[str, bytes]:
    """The sample entry of each format, in order of its number, from that of the clip's first picture on."""
    entries = {of_pictures(segments[0].parameters): first.sample_entry}
    for segment in segments:
        if (format_ := of_pictures(segment.parameters)) not in entries:
            entries[format_] = read_initial(footage.read(segment, 0, segment.init_size)).sample_entry
    return entries


def _places(segments: Sequence[Segment], start_us: int) -> list[int]:
    """Where the decoding of each segment begins in the clip, in ticks: by wall time within a piece, each piece after
    the other."""
    places: list[int] = []
    begins = to_us(segments[0].start)
    wall_at_zero = max(begins, start_us)
    ended = begins
    for segment in segments:
        begins = to_us(segment.start)
        if abs(begins - ended) > _JOINED_US:
            wall_at_zero += begins - ended
        places.append(ticks_of(begins - wall_at_zero) - segment.composition_offset)
        ended = to_us(segment.end)
    return places


_JOINED_US = JOINED // timedelta(microseconds=1)


def _moved(segment: Segment, ticks: int, opening: Opening, numbers: Mapping[str, int]) -> Stretch:
    audio_ticks = opening.audio_ticks(ticks) - opening.audio_after
    sound = Sound.MOVED if opening.audio and segment.parameters.endswith(opening.audio.digest) else Sound.HIDDEN
    description = numbers[of_pictures(segment.parameters)]
    return Stretch(segment, segment.init_size, media_end(segment), ticks, sound, audio_ticks, description)


def _cut(footage: Footage, last: Stretch, near: Sequence[Segment], end: datetime) -> Iterator[_Part]:
    """The last segment up to the last frame wanted."""
    segment = last.segment
    end_us = to_us(end) - to_us(segment.start)
    fragments = unpack_fragments(segment.fragments)
    wanted = [f for f in fragments if f.offset_us < end_us]
    if not wanted:
        raise NothingRecorded(f"no frame before {end.isoformat()}")
    final = wanted[-1]
    if final.offset_us + final.duration_us > end_us:
        if last.first < final.byte_offset:
            yield replace(last, stop=final.byte_offset)
        if last.first <= final.byte_offset:
            yield from _shortened(footage, last, _head_of(footage, segment, final), end)
    elif last.first < final.byte_offset + final.byte_size:
        yield replace(last, stop=final.byte_offset + final.byte_size)
    following = _following(last, fragments[len(wanted) :], near)
    if following is not None:
        yield from _leading(footage, *following, end)


def _following(last: Stretch, later: Sequence[Fragment], near: Sequence[Segment]) -> tuple[Stretch, Fragment] | None:
    """The fragment after the last one, and how its segment is moved."""
    if later:
        return last, later[0]
    after = next((segment for segment in near if segment.sequence > last.segment.sequence), None)
    if after is None or not goes_on(last.segment, after):
        return None
    apart = ticks_of(to_us(after.start) - to_us(last.segment.start))
    ticks = last.ticks + apart + last.segment.composition_offset - after.composition_offset
    return replace(last, segment=after, ticks=ticks, first=after.init_size), unpack_fragments(after.fragments)[0]


def _leading(footage: Footage, moved: Stretch, following: Fragment, end: datetime) -> Iterator[_Part]:
    """Pictures of the fragment that follows which are shown before its keyframe, and before the end."""
    begins = moved.segment.start + timedelta(microseconds=following.offset_us)
    if not following.keyframe or begins - end > LEADING or moved.first > following.byte_offset:
        return
    part = _head_of(footage, moved.segment, following)
    if any(wall_us < to_us(end) for wall_us in _walls(part)):
        yield from _shortened(footage, replace(moved, sound=Sound.HIDDEN), part, end)


def _walls(part: Part) -> list[int]:
    first, first_us = part.moof.shown_after, to_us(part.segment.start) + part.fragment.offset_us
    return [first_us + (time - first) * 1_000_000 // TICKS_PER_S for time in part.moof.shown()]


def _head_of(footage: Footage, segment: Segment, fragment: Fragment) -> Part:
    initial = read_initial(footage.read(segment, 0, segment.init_size))
    return part_of(segment, initial, fragment, read_head(footage, segment, fragment))


def _shortened(footage: Footage, last: Stretch, part: Part, end: datetime) -> Iterator[_Part]:
    """With the pictures that come after the end, if those before it rest on them."""
    moof, offset = part.moof, part.data_offset
    count = max((n for n, wall_us in enumerate(_walls(part), 1) if wall_us < to_us(end)), default=1)
    samples = moof.samples[:count]
    size = sum(sample.size for sample in samples)
    decode_time = moof.decode_time + last.ticks
    wall_us = to_us(last.segment.start) + part.fragment.offset_us
    head = reference_time(wall_us, max(decode_time + moof.shown_after, 0))
    until = moof.decode_time + moof.shown_after + ticks_of(to_us(end) - wall_us)
    audio = _shortened_audio(last, moof, until) if last.sound is Sound.MOVED else None
    heard = sum(size for _, size in audio[0]) if audio else 0
    head += shortened_moof(samples, 1, decode_time, audio)
    if last.description != 1:
        head = described(head, last.description)
    yield _Bytes(head + struct.pack(">I4s", heard + size + 8, b"mdat"))
    if audio and moof.audio:
        yield Raw(last.segment, offset - moof.audio.size, heard)
    yield Raw(last.segment, offset, size)


def _shortened_audio(last: Stretch, moof: MovieFragment, end: int) -> AudioRows | None:
    """The frames of sound that begin before the end, and when the first does."""
    sound, hz = moof.audio, last.segment.audio_hz
    if sound is None or last.audio_ticks is None:
        return None
    until = end * hz // TICKS_PER_S - sound.decode_time
    begins = accumulate((duration for duration, _ in sound.samples), initial=0)
    rows = [row for row, at in zip(sound.samples, begins, strict=False) if at < until]
    return (rows, max(sound.decode_time + last.audio_ticks, 0)) if rows else None


def _head(opening: Opening, entries: list[bytes], edit: Edit, comment: str) -> bytes:
    initial = opening.initial
    start = file_type(b"isom", b"iso6", b"mp41")
    data = struct.pack(">I4sQ", 1, b"mdat", 16 + sum(part.size for part in opening.parts))

    def moov(first_offset: int) -> bytes:
        return movie(
            initial.timescale,
            initial.width,
            initial.height,
            sample_tables(entries, _chunks(opening, first_offset)),
            media_duration=opening.duration,
            edit=edit,
            comment=comment,
            fragmented=True,
            audio=_audio_tables(opening, opening.audio, edit, first_offset) if opening.audio else None,
        )

    return start + moov(len(start) + len(moov(0)) + len(data)) + data


def _chunks(opening: Opening, first_offset: int) -> list[Chunk]:
    offsets = accumulate((part.size for part in opening.parts), initial=first_offset)
    return [
        Chunk(part.moof.samples, 1, offset + (sound.size if sound else 0))
        for part, sound, offset in zip(opening.fragments, opening.sounds, offsets, strict=False)
    ]


def _audio_tables(opening: Opening, audio: InitialAudio, edit: Edit, first_offset: int) -> AudioTables:
    offsets = accumulate((part.size for part in opening.parts), initial=first_offset)
    chunks = [
        Chunk(tuple(Sample(duration, size, True, 0) for duration, size in sound.samples), 1, offset)
        for sound, offset in zip(opening.sounds, offsets, strict=False)
        if sound
    ]
    duration = sum(sample.duration for chunk in chunks for sample in chunk.samples)
    late = opening.audio_after - opening.audio_ticks(edit.media_time)
    edits = edits_of(late, edit.duration, audio.timescale, opening.initial.timescale)
    return AudioTables(audio.timescale, sample_tables([audio.sample_entry], chunks, all_sync=True), duration, edits)


def _index(groups: Sequence[Sequence[_Part]], begins: Sequence[int]) -> bytes:
    """`sidx`: an entry for each segment, so that a player finds a moment without reading what is before it."""
    entries = [
        struct.pack(">III", size, max(after - before, 1), 0x90000000)
        for group, (before, after) in zip(groups, pairwise(begins), strict=True)
        if (size := sum(part.size for part in group))
    ]
    fixed = struct.pack(">IIQQHH", 1, ticks_of(1_000_000), begins[0], 0, 0, len(entries))
    return full_box(b"sidx", 1, 0, fixed, *entries)


def _comment(segments: Sequence[Segment], start: datetime, end: datetime, missing: Sequence[Span], told: Told) -> str:
    """What the clip is of; the digest tells it from one of other bytes."""
    return json.dumps(
        {
            "camera": segments[0].camera_id,
            "from": start.isoformat(),
            "to": end.isoformat(),
            "missing": told_spans(missing),
            **clock_told(segments, start, end),
            "of": hashlib.sha256("".join(segment.sha256 for segment in segments).encode()).hexdigest(),
            **corrected(segments),
            **smeared(segments, start, end),
            **told,
        }
    )
