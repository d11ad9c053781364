"""Clips: exact, playable anywhere, without decoding a single picture.

A clip is a plain MP4 whose tables come first. It begins with the keyframe before its first frame; an edit list tells
players to show nothing before the wanted moment. The frames before it stay in the file: an export that must not contain
them has to be encoded anew. Tables are made from the heads of the fragments, so that the first byte leaves before the
pictures are read.
"""

import json
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, groupby
from typing import BinaryIO

from sqlmodel import Session

from ingest.video.clip_audio import ClipAudio, Place, clip_audio
from ingest.video.clip_plan import (
    LEAD_IN,
    LEADING,
    ClipPlan,
    NothingRecorded,
    Told,
    clock_told,
    corrected,
    overlapping,
    plan_clip,
    smeared,
    told_spans,
)
from ingest.video.clip_shots import TIMESCALE, Selected, Shot, decoded, shots_between, shown_after
from ingest.video.frames import from_us
from ingest.video.long_clip import FormatChanges, LongClip, NotLong, check_codec, open_long_clip
from ingest.video.movie import Edit, file_type, movie
from ingest.video.sample_tables import Chunk, sample_tables
from ingest.video.unwritten import recent_segments
from storage.footage import Footage
from storage.models import Segment

__all__ = [
    "Clip",
    "ClipPlan",
    "FormatChanges",
    "LongClip",
    "NothingRecorded",
    "clip_chunks",
    "clip_of",
    "clip_segments",
    "open_clip",
    "plan_clip",
    "prepare_clip",
    "write_clip",
]

LONG = timedelta(minutes=5)
"""Above this a clip is made from rows instead of tables of every frame."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Bytes of a segment that follow one another in the clip."""

    segment: Segment
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip whose tables are made and whose pictures are still where they were."""

    plan: ClipPlan
    start: datetime
    """Wall time of the first frame shown."""
    end: datetime
    """Wall time after the last one."""
    frames: int
    """Frames that a player shows."""
    head: bytes
    runs: tuple[_Run, ...]
    footage: Footage

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return len(self.head) + sum(run.size for run in self.runs)

    def chunks(self, first: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes first..stop of the file, piece by piece. Raises StoreError when a segment cannot be read."""
        stop = self.size if stop is None else min(stop, self.size)
        if first < len(self.head):
            yield self.head[first:stop]
        position = len(self.head)
        for runs in self._runs_read_together():
            size = sum(run.size for run in runs)
            begin, end = max(first - position, 0), min(stop - position, size)
            if begin < end:
                yield self._read(runs)[begin:end]
            position += size

    def _runs_read_together(self) -> Iterator[list[_Run]]:
        """Runs of one segment: one request to the store costs more than the few bytes between them."""
        for _, runs in groupby(self.runs, key=lambda run: run.segment.key):
            yield list(runs)

    def _read(self, runs: list[_Run]) -> bytes:
        start = runs[0].offset
        data = self.footage.read(runs[0].segment, start, runs[-1].offset + runs[-1].size - start)
        return b"".join(data[run.offset - start : run.offset - start + run.size] for run in runs)


def open_clip(
    footage: Footage, session: Session, camera_id: str, start: datetime, end: datetime, told: Told | None = None
) -> Clip | LongClip:
    """`clip_segments` and `clip_of` in one step, for who has the database alone. Raises as the latter."""
    return clip_of(footage, clip_segments(footage, session, camera_id, start, end), start, end, told)


def clip_segments(footage: Footage, session: Session, camera_id: str, start: datetime, end: datetime) -> list[Segment]:
    """What a clip of the span is made from."""
    return recent_segments(footage, session, camera_id, start - LEAD_IN, end + LEADING)


def clip_of(
    footage: Footage, segments: Sequence[Segment], start: datetime, end: datetime, told: Told | None = None
) -> Clip | LongClip:
    """Reads from the store, which may take long: not within a transaction that others wait for.

    Raises NothingRecorded, FormatChanges, StoreError, BadBox.
    """
    if end - start > LONG and len(overlapping(segments, start, end)) > 1:
        with suppress(NotLong):
            return open_long_clip(footage, segments, start, end, told)
    check_codec(overlapping(segments, start, end), start, end)
    return prepare_clip(footage, plan_clip(segments, start, end, told=told))


def clip_chunks(footage: Footage, plan: ClipPlan) -> Iterator[bytes]:
    """The clip as a stream of bytes. Raises as `prepare_clip`."""
    return prepare_clip(footage, plan).chunks()


def write_clip(footage: Footage, plan: ClipPlan, out: BinaryIO) -> None:
    """Raises as `prepare_clip`."""
    for chunk in clip_chunks(footage, plan):
        out.write(chunk)


def prepare_clip(footage: Footage, plan: ClipPlan) -> Clip:
    """Reads the heads of the fragments and makes the tables. Raises NothingRecorded, StoreError, BadBox."""
    every, selected = shots_between(footage, plan)
    if not selected.shown:
        raise NothingRecorded(f"no frame between {plan.start.isoformat()} and {plan.end.isoformat()}")
    return _assemble(footage, plan, every, selected)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Bytes of the clip: frames of a fragment, or (without) its sound."""

    run: _Run
    shots: tuple[Shot, ...] = ()


def _assemble(footage: Footage, plan: ClipPlan, every: list[Shot], selected: Selected) -> Clip:
    shots, shown = selected.shots, selected.shown
    begins = min(shot.presented for shot in shown)
    last = max(shown, key=lambda shot: shot.presented)
    ends = _ends(every, last)
    edit = Edit(ends - begins, begins - decoded(shots[0]))
    end = from_us(last.wall_us + (ends - last.presented) * 1_000_000 // TIMESCALE)
    audio = clip_audio(_places(every, shots), begins, ends, TIMESCALE)
    layout = tuple(_layout(shots, audio))
    head = _head(plan, shots, edit, audio, layout)
    start = from_us(min(shot.wall_us for shot in shown))
    return Clip(plan, start, end, len(shown), head, tuple(piece.run for piece in layout), footage)


def _ends(every: list[Shot], last: Shot) -> int:
    """A picture is seen until the next one is shown; how long it is until the next one is decoded says less."""
    following = (shot.presented for shot in every if shot.presented > last.presented)
    return min(following, default=last.presented + last.sample.duration)


def _places(every: list[Shot], chosen: list[Shot]) -> list[Place]:
    """Of the fragments from which frames were chosen."""
    parts = {id(shot.part) for shot in chosen}
    firsts = [group[0] for group in _by_part(every) if id(group[0].part) in parts]
    return [Place(first.part, decoded(first) + shown_after(first.part)) for first in firsts]


def _layout(shots: list[Shot], audio: ClipAudio | None) -> Iterator[_Piece]:
    """As segments have it: the sound of a fragment before its pictures."""
    voices = {id(voice.part): voice for voice in audio.voices} if audio else {}
    for group in _by_part(shots):
        part, size = group[0].part, sum(shot.sample.size for shot in group)
        if voice := voices.get(id(part)):
            yield _Piece(_Run(part.segment, voice.offset, voice.size))
        yield _Piece(_Run(part.segment, group[0].position, size), tuple(group))


def _head(plan: ClipPlan, shots: list[Shot], edit: Edit, audio: ClipAudio | None, layout: Sequence[_Piece]) -> bytes:
    entries = list(dict.fromkeys(shot.part.initial.sample_entry for shot in shots))
    initial = shots[0].part.initial
    duration = sum(shot.sample.duration for shot in shots)
    segments = [group[0].part.segment for group in _by_part(shots)]
    comment = _comment(plan, segments, initial.recording.camera_id)

    def moov(first_offset: int) -> bytes:
        offsets = list(accumulate((piece.run.size for piece in layout), initial=first_offset))
        placed = list(zip(layout, offsets, strict=False))
        chunks = [_chunk(piece.shots, entries, offset) for piece, offset in placed if piece.shots]
        sound = audio.tables([offset for piece, offset in placed if not piece.shots]) if audio else None
        tables = sample_tables(entries, chunks)
        return movie(
            TIMESCALE,
            initial.width,
            initial.height,
            tables,
            media_duration=duration,
            edit=edit,
            comment=comment,
            audio=sound,
        )

    start = file_type(b"isom", b"mp42")
    data_size = 16 + sum(piece.run.size for piece in layout)
    mdat = struct.pack(">I4sQ", 1, b"mdat", data_size)
    return start + moov(len(start) + len(moov(0)) + len(mdat)) + mdat


def _chunk(shots: Sequence[Shot], entries: list[bytes], offset: int) -> Chunk:
    description = entries.index(shots[0].part.initial.sample_entry) + 1
    return Chunk(tuple(shot.sample for shot in shots), description, offset)


def _by_part(shots: list[Shot]) -> list[list[Shot]]:
    groups: list[list[Shot]] = []
    for shot in shots:
        if groups and groups[-1][-1].part is shot.part:
            groups[-1].append(shot)
        else:
            groups.append([shot])
    return groups


def _comment(plan: ClipPlan, segments: list[Segment], camera_id: str) -> str:
    return json.dumps(
        {
            "camera": camera_id,
            "from": plan.start.isoformat(),
            "to": plan.end.isoformat(),
            "missing": told_spans(plan.missing),
            **clock_told(segments, plan.start, plan.end),
            **corrected(segments),
            **smeared(segments, plan.start, plan.end),
            **plan.told,
        }
    )
