"""Recording of one camera: GOPs into segments, failures into gaps."""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from ingest.video.fragmented import Recording
from ingest.video.frames import from_us
from ingest.video.gaps import GapChange, GapKeeper, GapOpened
from ingest.video.journal import Entry
from ingest.video.segmenter import MAX_SEGMENT_US, Gop, OpenSegment, starts_new_segment, stated_evidence
from ingest.video.settling import cause_of
from ingest.video.spool_room import SpoolRoom
from ingest.video.writer import SegmentWriter
from storage.models import GapCause

log = structlog.get_logger(__name__)


class Intake:
    """Safe to share between threads; after `close` it takes nothing more, whoever still calls."""

    def __init__(
        self,
        camera_id: str,
        spool: Path,
        segment_seconds: int,
        next_sequence: int,
        gaps: GapKeeper,
        put: Callable[[Entry], None],
        room: SpoolRoom | None = None,
        grew: Callable[[Path, bool], None] = lambda *_: None,
    ) -> None:
        """`put` takes what has to be written down and must not block. `room`: else the disk alone sets an end.

        `grew` is told of a file to which a fragment was added, and whether that is its first.
        """
        self._camera_id, self._spool, self._segment_seconds = camera_id, spool, segment_seconds
        self._first_sequence = self._next_sequence = next_sequence
        self._gaps, self._put, self._room, self._grew = gaps, put, room, grew
        self._writer: SegmentWriter | None = None
        self._lock = threading.Lock()
        self._closed = False

    def has_begun(self, number: int) -> bool:
        """Whether the segment of this number is its own, also the one whose file it is just making."""
        return self._first_sequence <= number <= self._next_sequence

    def inherit(self, known_to: datetime | None, open_gap: GapOpened | None) -> list[GapChange]:
        """As GapKeeper.inherit; what it returns is not put."""
        with self._lock:
            return self._gaps.inherit(known_to, open_gap)

    def record(self, gop: Gop, now: datetime) -> None:
        """Writes a GOP. What the disk does not take becomes a gap; the next GOP is tried anew."""
        with self._lock:
            if self._closed:
                return
            try:
                if self._room is not None:
                    self._room.take(gop.size)
                self._write(gop)
            except OSError as error:
                log.error("segment_not_written", camera=self._camera_id, error=str(error))
                self._end_segment()
                self._note(self._gaps.failed(now, cause_of(error), error.strerror or str(error)))

    def failed(self, cause: GapCause, detail: str, now: datetime) -> None:
        """The connection has ended or could not be made."""
        with self._lock:
            if not self._closed:
                self._end_segment()
                self._note(self._gaps.failed(now, cause, detail))

    def close(self, cause: GapCause, now: datetime) -> None:
        """Nothing more is recorded, on purpose."""
        self.failed(cause, "", now)
        self._closed = True

    def reopen(self) -> None:
        """Takes GOPs again; the gap since `close` ends with the first one."""
        self._closed = False

    def _write(self, gop: Gop) -> None:
        if gop.duration_us > MAX_SEGMENT_US:  # no timestamps that make sense say so, and nobody looks so far back
            log.error("pictures_last_too_long", camera=self._camera_id, seconds=gop.duration_us / 1e6)
            return
        current = self._writer.open_segment if self._writer else None
        if self._writer is None or starts_new_segment(current, gop, self._segment_seconds):
            self._end_segment()
            if not gop.frames[0].keyframe:
                # As after a full disk: nothing could be shown of it. Until the next keyframe there is a gap.
                return
            self._writer = self._new_writer(gop, current)
        self._writer.append(gop)
        self._grew(self._writer.path, self._writer.is_new)
        self._note(self._gaps.recorded(from_us(gop.wall_us), from_us(gop.end_us), gop.hole or GapCause.UNKNOWN))

    def _new_writer(self, gop: Gop, before: OpenSegment | None) -> SegmentWriter:
        evidence = stated_evidence(before, gop, self._segment_seconds)
        recording = Recording(self._camera_id, self._next_sequence, gop.wall_us, gop.source, gop.offset_us, evidence)
        writer = SegmentWriter(self._spool, recording, gop.info, gop.audio.format if gop.audio else None)
        self._next_sequence += 1
        return writer

    def _end_segment(self) -> None:
        writer, self._writer = self._writer, None
        finished = writer.close() if writer else None
        if finished is not None:
            self._put(finished)

    def _note(self, changes: list[GapChange]) -> None:
        for change in changes:
            self._put(change)
