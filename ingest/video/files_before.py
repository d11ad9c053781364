"""What earlier runs of the recorder have left in the spool, while cameras are recorded into it."""

import errno
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from ingest.video import leftovers
from ingest.video.journal import write_leftovers
from ingest.video.late_leftovers import write_late_leftovers
from ingest.video.losses import key_number
from ingest.video.reconcile import give_rows, reconcile_files
from ingest.video.refused_files import RefusedFiles
from ingest.video.spool_files import is_segment, segment_files
from ingest.video.writer import FinishedSegment
from storage.database import Database


class FilesBefore:
    """Not safe to share between threads."""

    def __init__(
        self,
        database: Database,
        spool: Path,
        refused: RefusedFiles,
        go_on: Callable[[], bool],
        has_begun: Callable[[str, int], bool],
    ) -> None:
        """`go_on` is asked again and again: no means that the rest is left to the next start. `has_begun`: whether the
        segment of this camera and number is one of this run."""
        self._database, self._spool, self._refused = database, spool, refused
        self._go_on, self._has_begun = go_on, has_begun
        self._leftovers = spool / leftovers.NAME
        self._files: list[Path] | None = None
        self.adopted: list[FinishedSegment] = []
        """Those that had no row."""

    def reconcile(self) -> None:
        """Doing it again is harmless. Raises SQLAlchemyError."""
        try:
            write_leftovers(self._database, self._spool)
        except OSError as error:
            self._refused.note(self._leftovers, error)
        if self._files is None:
            self._files = self._within(self._spool)
        reconcile_files(self._database, self._spool, self._files, self._go_on, self._refused.note, self.adopted)

    def look_again(self, now: datetime) -> None:
        """At what the disk has refused, when its turn has come. Raises SQLAlchemyError."""
        self._refused.try_again(self._reconcile_anew)
        self._refused.tell(now)

    def _reconcile_anew(self, paths: Sequence[Path]) -> None:
        """Files, and folders that could not be read."""
        if self._leftovers in paths:
            self._write_leftovers()
        others = [path for path in paths if path != self._leftovers]
        files = [file for path in others for file in ([path] if is_segment(path) else self._within(path))]
        give_rows(self._database, self._spool, files, self._go_on, self._refused.note, self.adopted)

    def _write_leftovers(self) -> None:
        try:
            if not write_late_leftovers(self._database, self._spool):
                raise OSError(errno.EAGAIN, "it can be written down when its cameras are recorded again")
        except OSError as error:
            self._refused.note(self._leftovers, error)

    def _within(self, folder: Path) -> list[Path]:
        """A folder of the spool, or all of it."""
        files = segment_files(self._spool, self._go_on, self._refused.note, folder)
        return [path for path in files if self._go_on() and not self._is_of_this_run(path)]

    def _is_of_this_run(self, path: Path) -> bool:
        """By its number: where the clock was set back its time may be that of an earlier one."""
        named = key_number(str(path.relative_to(self._spool)))
        return named is not None and self._has_begun(*named)
