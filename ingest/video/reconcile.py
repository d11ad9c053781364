"""Bringing disk and database together when the recorder starts. Nothing that cannot be read is deleted.

What cannot be read goes to `quarantine/` below the spool, and the time that it held becomes a gap. Nothing in the spool
keeps the recorder from recording, nor one file the others.
"""

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from shutil import copystat

import structlog
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import col, select

from ingest.video.losses import NOT_READABLE, key_start, take_back_losses, take_back_unread, write_unreadable
from ingest.video.refused_files import Refused, only_logged
from ingest.video.salvage import holds_no_picture, is_one_cut_off_fragment, salvage
from ingest.video.spool_files import QUARANTINE, always, is_second_copy, quarantined, segment_files, still_there
from ingest.video.steps import Step, reached
from ingest.video.writer import PART, FinishedSegment, part_path, settle, sync_directories, sync_file
from storage.correcting import before_adding, correct_late
from storage.database import Database
from storage.deletions import ordered
from storage.intervals import Span
from storage.models import Location, Segment

_AT_ONCE = 200
"""Files whose rows are looked up together."""

log = structlog.get_logger(__name__)


def reconcile_files(
    database: Database,
    spool: Path,
    files: Sequence[Path] | None = None,
    go_on: Callable[[], bool] = always,
    on_refused: Refused = only_logged,
    found: list[FinishedSegment] | None = None,
) -> list[FinishedSegment]:
    """Gives every readable file its row; returns those that had none. What is in quarantine becomes a gap.

    `files`: of `segment_files`, without what is recorded meanwhile; else all that there are. `go_on` is asked before
    each file, of which there may be hundreds of thousands; when it says no, the rest is left to the next time.
    `on_refused` is told of what the disk does not let be read, kept or removed: it stays as it is. `found`: is added
    to, and has what was found also where SQLAlchemyError is raised.
    """
    found = [] if found is None else found
    files = segment_files(spool, go_on, on_refused) if files is None else files
    give_rows(database, spool, files, go_on, on_refused, found)
    aside = quarantined(spool, go_on, on_refused)
    _explain(database, spool / QUARANTINE, aside, "file in quarantine", go_on)
    return found


def give_rows(
    database: Database,
    spool: Path,
    files: Sequence[Path],
    go_on: Callable[[], bool],
    on_refused: Refused,
    found: list[FinishedSegment],
) -> None:
    """As `reconcile_files`, for these files alone."""
    unread: list[Path] = []
    files = _without_second_copies(files, on_refused)
    for first in range(0, len(files), _AT_ONCE):
        some = still_there(files[first : first + _AT_ONCE])
        keys = {path: str(path.relative_to(spool)).removesuffix(PART) for path in some}
        rows, deleted = _known_files(database, set(keys.values()))
        for path, key in keys.items():
            if not go_on():
                return
            try:
                if key in rows:
                    _tidy(spool, path, rows[key])
                elif key in deleted:
                    path.unlink()
                    log.info("copy_of_deleted_footage_removed", key=key)
                else:
                    found += _adopt(database, spool, path, key)
            except OSError as error:
                on_refused(path, error)
                unread += [] if key in rows or key in deleted else [path]
    _explain(database, spool, list(still_there(unread)), NOT_READABLE, go_on)


def _without_second_copies(files: Sequence[Path], on_refused: Refused) -> list[Path]:
    """The others. Who wrote such a copy has died, and its segment lies beside it or has had its row for long."""
    for copy in filter(is_second_copy, files):
        try:
            copy.unlink(missing_ok=True)
        except OSError as error:
            on_refused(copy, error)
    return [path for path in files if not is_second_copy(path)]


def _known_files(database: Database, keys: set[str]) -> tuple[dict[str, Segment], set[str]]:
    """Rows by key, and the keys of what was deleted."""
    with database.transaction() as session:
        rows = {row.key: row for row in session.exec(select(Segment).where(col(Segment.key).in_(keys)))}
        return rows, ordered(session, keys - rows.keys())


def _tidy(spool: Path, path: Path, row: Segment) -> None:
    """A file whose row is there."""
    if path.name.endswith(PART) and row.location is Location.SPOOL and not (spool / row.key).is_file():
        settle(spool, row.key)
    elif row.location is Location.STORED or path.name.endswith(PART):
        path.unlink()
        log.info("spool_copy_removed", key=row.key)
        reached(Step.STRAY_COPY_GONE)


def _explain(database: Database, top: Path, files: Sequence[Path], reason: str, go_on: Callable[[], bool]) -> None:
    """The time of files that have given no row, by their names below `top`."""
    for first in range(0, len(files), _AT_ONCE):
        if not go_on():
            return
        some = {path: str(path.relative_to(top)) for path in files[first : first + _AT_ONCE]}
        keys = {name.removesuffix(PART) for name in some.values()}
        with database.transaction() as session:
            waiting = select(Segment.key).where(col(Segment.key).in_(keys), Segment.location == Location.SPOOL)
            rows = set(session.exec(waiting))
            for path, name in some.items():
                named = key_start(name)
                if named is not None and name.removesuffix(PART) not in rows:
                    write_unreadable(session, *named, _written_to(path), reason)
                    session.flush()
                    reached(Step.UNREADABLE_WRITTEN)


def _written_to(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.min.replace(tzinfo=UTC)


def _adopt(database: Database, spool: Path, path: Path, key: str) -> list[FinishedSegment]:
    """A file without a row. Raises OSError."""
    try:
        data = path.read_bytes()
        if holds_no_picture(data):
            _remove_empty(path, key)
            return []
        segment = salvage(data, key)
        row = segment.row()
        if segment.size < path.stat().st_size:
            _keep_only(spool, path, segment.size)
        _put_for_good(spool, path, key)
        reached(Step.ADOPTED_SETTLED)
        with database.transaction() as session:
            before_adding(session)
            recorded = Span(row.start, row.end)
            take_back_losses(session, row.camera_id, recorded)
            take_back_unread(session, row.camera_id, recorded)
            session.add(row)
            session.flush()
            correct_late(session, [(row.camera_id, recorded)])
            reached(Step.ADOPTED_WRITTEN)
    except (ValueError, OverflowError, struct.error, IntegrityError, DataError) as error:
        _quarantine(spool, spool / key if not path.exists() else path, str(error))
        return []
    reached(Step.ADOPTED_COMMITTED)
    log.info("segment_salvaged", key=key, seconds=(segment.end_us - segment.recording.start_us) / 1e6)
    return [segment]


def _remove_empty(path: Path, key: str) -> None:
    log.info("empty_segment_removed", key=key)
    path.unlink()
    reached(Step.EMPTY_FILE_GONE)


def _put_for_good(spool: Path, path: Path, key: str) -> None:
    """A file that has its name already may have got it just before the crash."""
    if path == part_path(spool, key):
        settle(spool, key)
    else:
        sync_file(path)
        sync_directories(path.parent, spool)


def _keep_only(spool: Path, path: Path, size: int) -> None:
    """Cuts off what follows the whole fragments; it is kept aside if it may hold more footage."""
    tail = path.read_bytes()[size:]
    if not is_one_cut_off_fragment(tail):
        place = _place_in_quarantine(spool, path.with_name(f"{path.name}.from-{size}"))
        place.write_bytes(tail)
        copystat(path, place)
        sync_file(place)
        sync_directories(place.parent, spool)
        reached(Step.TAIL_QUARANTINED)
        log.error("damaged_part_quarantined", path=str(place), size=len(tail))
    with path.open("r+b") as file:
        file.truncate(size)
    sync_file(path)
    reached(Step.TAIL_CUT)


def _quarantine(spool: Path, path: Path, reason: str) -> None:
    log.error("file_not_whole", path=str(path), reason=reason)
    place = _place_in_quarantine(spool, path)
    path.rename(place)
    reached(Step.FILE_QUARANTINED)
    log.error("file_quarantined", path=str(place), reason=reason)


def _place_in_quarantine(spool: Path, path: Path) -> Path:
    """A name that is free: what lies there already stays."""
    place = spool / QUARANTINE / path.relative_to(spool)
    place.parent.mkdir(parents=True, exist_ok=True)
    names = chain([place], (place.with_name(f"{place.name}.{n}") for n in count(2)))
    return next(name for name in names if not name.exists())
