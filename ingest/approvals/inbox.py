"""Files that platforms drop into a folder: below it each source has a folder of its own, named like the source.

A file is imported once it has not changed from one look to the next, and is then put away: into `done`, with a report
beside it, or into `refused`, with the reason. `mapping.toml` in a source's folder says how its tables are to be read.
Importing a file again adds nothing, so whatever a crash left undone is simply done.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlmodel import col, select

from ingest.approvals.acceptance import UnknownSource
from ingest.approvals.file_format import UnusableFile, takes_mapping
from ingest.approvals.importing import import_file
from ingest.approvals.left_over import UNKNOWN_FOLDER, forget, leave
from ingest.approvals.mapping import Mapping, MappingError
from ingest.approvals.reports import BatchReport
from storage.database import Database
from storage.models import RejectedRow, Source

MAPPING = "mapping.toml"
DONE, REFUSED = "done", "refused"
REASON, REPORT = ".reason.txt", ".report.json"
UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")
"""Ends the names of files that are still being written by those who write them so."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Seen:
    size: int
    changed_ns: int


class Inbox:
    """Not safe to share between threads."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder
        self._seen: dict[Path, _Seen] = {}

    def run_once(self, now: datetime) -> int:
        """Imports what is there and rests; the number of files put away. Raises OSError after trying all."""
        failed: OSError | None = None
        count = 0
        sources = self._sources()
        self._tell_unknown(sources, now)
        for source in sources:
            try:
                count += self._look_into(source, self._folder / source, now)
            except OSError as error:
                log.error("inbox_not_read", source=source, error=str(error))
                failed = error
        forget(self._database, lambda folder, file: self._lies_there(folder, file, sources))
        if failed is not None:
            raise failed
        return count

    def _tell_unknown(self, sources: list[str], now: datetime) -> None:
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.iterdir()):
            is_folder = path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
            if is_folder and path.name not in sources and leave(self._database, path.name, "", UNKNOWN_FOLDER, now):
                log.warning("inbox_folder_of_no_source", folder=str(path))

    def _lies_there(self, folder: str, file: str, sources: list[str]) -> bool:
        path = self._folder / folder
        if not file:
            return path.is_dir() and folder not in sources
        if file == MAPPING:
            return path.joinpath(MAPPING + REASON).exists()
        return path.joinpath(REFUSED, file).exists()

    def _sources(self) -> list[str]:
        with self._database.transaction() as session:
            return sorted(session.exec(select(Source.id)))

    def _look_into(self, source: str, folder: Path, now: datetime) -> int:
        folder.mkdir(parents=True, exist_ok=True)
        resting = [path for path in sorted(folder.iterdir()) if _is_offered(path) and self._rests(path)]
        if not resting:
            return 0
        mapping = self._mapping(folder, now)
        if isinstance(mapping, MappingError):
            resting = [path for path in resting if not takes_mapping(path)]
        for path in resting:
            self._take(source, path, None if isinstance(mapping, MappingError) else mapping, now)
        return len(resting)

    def _rests(self, path: Path) -> bool:
        found = path.stat()
        now, before = _Seen(found.st_size, found.st_mtime_ns), self._seen.get(path)
        self._seen[path] = now
        return now == before

    def _mapping(self, folder: Path, now: datetime) -> Mapping | MappingError | None:
        """One that cannot be used is said beside it; tables wait until it is mended."""
        path = folder / MAPPING
        reason = path.with_name(MAPPING + REASON)
        if not path.exists():
            return None
        try:
            mapping = Mapping.load(path)
        except MappingError as error:
            reason.write_text(f"{error}\n", "utf-8")
            leave(self._database, folder.name, MAPPING, error.saying, now)
            log.warning("inbox_mapping_unusable", folder=str(folder), problem=str(error))
            return error
        reason.unlink(missing_ok=True)
        return mapping

    def _take(self, source: str, path: Path, mapping: Mapping | None, now: datetime) -> None:
        try:
            report = import_file(self._database, source, path, mapping if takes_mapping(path) else None, now)
        except (UnusableFile, MappingError, UnknownSource) as error:
            name = self._put_away(path, REFUSED, now, REASON, f"{error}\n")
            problem = UNKNOWN_FOLDER if isinstance(error, UnknownSource) else error.saying
            leave(self._database, source, name, problem, now)
            log.warning("inbox_file_refused", source=source, file=path.name, problem=str(error))
            return
        self._put_away(path, DONE, now, REPORT, json.dumps(self._told(report), ensure_ascii=False, indent=1))
        log.info("inbox_file_imported", source=source, file=path.name, accepted=report.accepted)

    def _told(self, report: BatchReport) -> dict[str, object]:
        with self._database.transaction() as session:
            query = select(RejectedRow).where(RejectedRow.batch_id == report.batch_id)
            refused = [
                {"line": row.line, "field": row.field, "problem": row.problem, "remedy": row.remedy, "row": row.raw}
                for row in session.exec(query.order_by(col(RejectedRow.line), col(RejectedRow.id)))
            ]
        counts = {"rows": report.rows, "accepted": report.accepted, "duplicates": report.duplicates}
        return {"batch": report.batch_id, **counts, "rejected_rows": report.rejected_rows, "rejected": refused}

    def _put_away(self, path: Path, into: str, now: datetime, ending: str, text: str) -> str:
        """Its name there. What is said of it first, so that no file lies there without."""
        folder = path.parent / into
        folder.mkdir(exist_ok=True)
        name = _free_name(folder, f"{now:%Y%m%dT%H%M%SZ}-{path.name}")
        (folder / (name + ending)).write_text(text, "utf-8")
        path.rename(folder / name)
        self._seen.pop(path, None)
        return name


def _is_offered(path: Path) -> bool:
    """Links are not followed: whoever may write here would read what the server can."""
    name = path.name
    if name.startswith(".") or name == MAPPING or name.endswith((*UNFINISHED, REASON)):
        return False
    return path.is_file() and not path.is_symlink()


def _free_name(folder: Path, name: str) -> str:
    number, free = 1, name
    while (folder / free).exists():
        number += 1
        free = f"{number}-{name}"
    return free
