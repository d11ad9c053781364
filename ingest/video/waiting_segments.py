"""Segments whose rows wait for the database: of many of them memory keeps no more than what finds their file again."""

from dataclasses import dataclass
from pathlib import Path

from ingest.video.boxes import BadBox
from ingest.video.frames import from_us
from ingest.video.gaps import Lost
from ingest.video.salvage import salvage, salvage_by_summary
from ingest.video.writer import FinishedSegment
from storage.models import GapCause

KEPT_WHOLE = 2_000
"""Entries; a segment weighs some 4 kB, most of it its fragments."""
_TAIL = 1 << 15


@dataclass(frozen=True, slots=True)
class InItsFile:
    camera_id: str
    start_us: int
    end_us: int
    key: str
    size: int
    sha256: str

    def read(self, spool: Path) -> FinishedSegment:
        """Raises OSError, or ValueError (BadBox) where the file is not what was written."""
        path = spool / self.key
        try:
            with path.open("rb") as file:
                file.seek(max(self.size - _TAIL, 0))
                return salvage_by_summary(file.read(), self.key, self.size, self.sha256)
        except BadBox:  # a summary that is longer, or that a full disk did not take
            return self._read_all(path)

    def lost(self, reason: str) -> Lost:
        """What to write down where it cannot be read."""
        detail = f"its file could not be read when its row was to be written: {reason}"
        return Lost(self.camera_id, from_us(self.start_us), from_us(self.end_us), GapCause.UNKNOWN, detail)

    def _read_all(self, path: Path) -> FinishedSegment:
        segment = salvage(path.read_bytes(), self.key)
        if (segment.size, segment.sha256) != (self.size, self.sha256):
            raise BadBox("the file is not what was written")
        return segment


def lightened(segment: FinishedSegment) -> InItsFile:
    recording = segment.recording
    return InItsFile(recording.camera_id, recording.start_us, segment.end_us, segment.key, segment.size, segment.sha256)
