"""Segments whose rows wait for the database: of many of them memory keeps no more than what finds their file again."""

from dataclasses import dataclass
from pathlib import Path

from ingest.video.salvage import salvage_by_summary
from ingest.video.writer import FinishedSegment

KEPT_WHOLE = 2_000
"""Entries; a segment weighs some 4 kB, most of it its fragments."""
_TAIL = 1 << 15


@dataclass(frozen=True, slots=True)
class InItsFile:
    key: str
    size: int
    sha256: str

    def read(self, spool: Path) -> FinishedSegment:
        """Raises OSError, or ValueError (BadBox) where the file is not what was written."""
        with (spool / self.key).open("rb") as file:
            file.seek(max(self.size - _TAIL, 0))
            return salvage_by_summary(file.read(), self.key, self.size, self.sha256)


def lightened(segment: FinishedSegment) -> InItsFile:
    return InItsFile(segment.key, segment.size, segment.sha256)
