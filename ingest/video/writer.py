"""Segments on the recorder's disk.

While it grows a segment is called `….mp4.part`. Bytes, fsync, rename, fsync of the directory, and only then the row.
"""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import Any

from ingest.video import doubts, lasting, smears
from ingest.video.audio import Audio, AudioFormat
from ingest.video.audio_track import AudioTimeline
from ingest.video.fragmented import Recording, describe, fingerprint, fragment, initial_part, presented, summary
from ingest.video.frames import StreamInfo, from_us
from ingest.video.segmenter import Gop, OpenSegment, segment_key, ticks_to_us
from ingest.video.steps import Step, reached
from storage.folders import in_its_folder
from storage.fragments import Fragment, pack_fragments, pack_holes
from storage.models import Location, Segment
from storage.segment_bytes import PART as PART

_LAST_US = 1 << 53
"""In the year 2255."""


@dataclass(frozen=True, slots=True)
class FinishedSegment:
    """A segment whose bytes are complete, though not yet known to be on the disk."""

    recording: Recording
    key: str
    end_us: int
    size: int
    sha256: str
    codec: str
    width: int
    height: int
    init_size: int
    composition_offset: int
    """Ticks, of the first picture."""
    fragments: tuple[Fragment, ...]
    parameters: str
    audio: str = ""
    audio_hz: int = 0
    smears: int = 0
    """Pictures before which packets were lost."""

    def row(self) -> Segment:
        return Segment(**self.columns())

    def columns(self) -> dict[str, Any]:
        """Of its row, all of them but the id."""
        evidence = self.recording.evidence
        return {
            "camera_id": self.recording.camera_id,
            "sequence": self.recording.sequence,
            "start": from_us(self.recording.start_us),
            "end": from_us(self.end_us),
            "size": self.size,
            "sha256": self.sha256,
            "key": self.key,
            "location": Location.SPOOL,
            "codec": self.codec,
            "width": self.width,
            "height": self.height,
            "init_size": self.init_size,
            "composition_offset": self.composition_offset,
            "parameters": self.parameters,
            "audio": self.audio,
            "audio_hz": self.audio_hz,
            "smears": self.smears,
            "fragments": pack_fragments(self.fragments),
            "holes": pack_holes(self.fragments),
            "clock_source": self.recording.clock_source,
            "clock_offset_us": self.recording.clock_offset_us,
            "legal_hold": False,
            "reported_start": _moment(evidence.reported_us),
            "arrival_start": _moment(evidence.arrival_us),
            "monotonic_us": evidence.monotonic_us,
            "server_step_us": evidence.server_step_us,
            "clock_error_us": evidence.error_us,
            "correction_id": None,
            "shift_us": 0,
            "recorded_error_us": None,
        }


class SegmentWriter:
    """One segment being written. Not safe to share between threads."""

    def __init__(self, spool: Path, recording: Recording, info: StreamInfo, audio: AudioFormat | None = None) -> None:
        """`audio`: with a track for such sound.

        Raises OSError when the disk does not take it, BadParameterSets when the stream cannot be described.
        """
        self._recording, self._info, self._audio = recording, info, audio
        self._sound = AudioTimeline(audio.hz) if audio else None
        self._key = segment_key(recording.camera_id, recording.start_us, recording.sequence)
        initial = initial_part(info, describe(recording), audio)
        self._file = in_its_folder(lambda: _created(part_path(spool, self._key)))
        reached(Step.FILE_CREATED)
        self._digest = hashlib.sha256()
        self._size = self._decode_time = 0
        self._end_us = recording.start_us
        self._interval = 0
        self._first_error_us: int | None = None
        self._fragments: list[Fragment] = []
        self._doubts: list[doubts.Doubt] = []
        self._smears = 0
        self._composition_offset = 0
        self._heads: list[bytes] = []
        self._initial = initial
        try:
            self._write(initial)
        except OSError:
            self.close()
            raise
        reached(Step.INITIAL_WRITTEN)

    @property
    def path(self) -> Path:
        return Path(str(self._file.name))

    @property
    def is_new(self) -> bool:
        """One fragment was written, and no more."""
        return len(self._fragments) == 1

    @property
    def open_segment(self) -> OpenSegment:
        recording = self._recording
        return OpenSegment(
            self._info,
            recording.start_us,
            self._end_us,
            recording.clock_source,
            recording.clock_offset_us,
            recording.evidence.error_us,
            self._audio,
            self._interval,
            self._first_error_us,
        )

    def append(self, gop: Gop) -> None:
        """Writes one fragment. Raises OSError when the disk is full; the file then ends with the fragment before."""
        number = len(self._fragments) + 1
        audio = self._placed(gop) if gop.audio is not None else None
        doubt = doubts.doubt_of(gop, self._recording)
        more = lasting.written(gop.lasting, gop.durations) + doubts.written(doubt) + smears.written(gop.smears)
        wall = from_us(gop.wall_us)
        head, media = fragment(gop.frames, number, self._decode_time, gop.durations, wall, audio, more)
        offset = self._size
        self._write(head + media)
        self._heads.append(head)
        if number == 1:
            self._composition_offset = gop.frames[0].pts - gop.frames[0].dts
            self._interval = gop.interval
            self._first_error_us = gop.evidence.error_us
        start_us = self._recording.start_us
        offset_us, size, keyframe = max(gop.wall_us - start_us, 0), self._size - offset, gop.frames[0].keyframe
        continued = gop.lasting.continued
        written = Fragment(offset_us, gop.duration_us, offset, size, keyframe, continued, gop.smears > 0)
        self._fragments.append(written)
        self._decode_time += sum(gop.durations)
        self._end_us = gop.end_us
        self._doubts += [doubt] if doubt else []
        self._smears += gop.smears
        reached(Step.FRAGMENT_WRITTEN)

    def close(self) -> FinishedSegment | None:
        """What was written, or None (and no file) if no fragment was."""
        if self._fragments:
            with suppress(OSError):  # on a full disk the segment is as good without
                self._write(summary(self._initial, self._heads))
            reached(Step.SUMMARY_WRITTEN)
        self._file.close()
        if not self._fragments:
            self.path.unlink(missing_ok=True)
            return None
        reached(Step.FILE_CLOSED)
        return FinishedSegment(
            doubts.doubted(self._recording, self._doubts),
            self._key,
            self._end_us,
            self._size,
            self._digest.hexdigest(),
            self._info.codec,
            self._info.width,
            self._info.height,
            len(self._initial),
            self._composition_offset,
            tuple(self._fragments),
            fingerprint(self._initial),
            self._audio.codec if self._audio else "",
            self._audio.hz if self._audio else 0,
            self._smears,
        )

    def _placed(self, gop: Gop) -> tuple[Audio, int] | None:
        """The sound of a GOP and its time, in ticks of its own; None if this segment has no track for it."""
        if gop.audio is None or self._sound is None or gop.audio.format != self._audio:
            return None
        begins_us = ticks_to_us(presented(gop.frames, self._decode_time), gop.info)
        audio, at = self._sound.placed(gop.audio, begins_us + gop.audio.offset_us)
        return (audio, at) if audio else None

    def _write(self, data: bytes) -> None:
        """All of it or, when the disk does not take it, nothing."""
        left = memoryview(data)
        try:
            while left:
                left = left[self._file.write(left) or 0 :]
        except OSError:
            self._file.truncate(self._size)
            self._file.seek(self._size)
            raise
        self._digest.update(data)
        self._size += len(data)


def _moment(us: int | None) -> datetime | None:
    """None for what no calendar has: a camera may report any time."""
    return None if us is None or not 0 <= us < _LAST_US else from_us(us)


def _created(path: Path) -> FileIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileIO(path, "w")


def part_path(spool: Path, key: str) -> Path:
    return spool / (key + PART)


def settle(spool: Path, key: str) -> None:
    """Puts a complete `.part` on the disk for good and under its own name; doing it again is harmless."""
    part, path = part_path(spool, key), spool / key
    if part.exists():
        sync_file(part)
        reached(Step.FILE_SYNCED)
        part.rename(path)
        reached(Step.FILE_RENAMED)
    sync_directories(path.parent, spool)
    reached(Step.DIRECTORY_SYNCED)


def sync_file(path: Path) -> None:
    _sync(path, os.O_RDWR)


def sync_directories(directory: Path, top: Path) -> None:
    """The directory and those above it up to `top`: new ones hang in their parents."""
    while True:
        _sync(directory, os.O_RDONLY | os.O_DIRECTORY)
        if directory in (top, directory.parent):
            return
        directory = directory.parent


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
