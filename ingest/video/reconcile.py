"""Bringing disk, database and store together when the recorder starts. Nothing that cannot be read is deleted.

What cannot be read goes to `quarantine/` below the spool, and the time that it held becomes a gap.
"""

import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, count
from pathlib import Path
from shutil import copystat

import structlog
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import Session, col, func, select

from ingest.video.frames import to_us
from ingest.video.gaps import GapOpened, Known, Lost, StartingPoint, account_for_absence
from ingest.video.journal import told_of, write_gap_change
from ingest.video.losses import key_start, newest_sequence, take_back_losses, write_loss, write_unreadable
from ingest.video.salvage import holds_no_picture, is_one_cut_off_fragment, salvage
from ingest.video.steps import Step, reached
from ingest.video.writer import PART, FinishedSegment, part_path, settle, sync_directories, sync_file
from storage.correcting import before_adding, correct_late
from storage.database import Database
from storage.deletions import ordered
from storage.intervals import Span
from storage.models import Gap, GapCause, Location, Node, Segment, TimeCorrection
from storage.objects import ObjectStore, StoreError
from storage.time_shifts import recorded_span
from storage.undated import AHEAD

QUARANTINE = "quarantine"
_AT_ONCE = 200
"""Files whose rows are looked up together."""
_MARGIN = timedelta(minutes=5)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where the recording of a camera goes on."""

    next_sequence: int
    start: StartingPoint


def reconcile_files(
    database: Database,
    spool: Path,
    files: Sequence[Path] | None = None,
    go_on: Callable[[], bool] = lambda: True,
) -> list[FinishedSegment]:
    """Gives every readable file its row; returns those that had none.

    `files`: those that `segment_files` gave before anything was recorded; else all that there are. `go_on` is asked
    before each file, of which there may be hundreds of thousands; when it says no, the rest is left to the next time.
    """
    files = segment_files(spool) if files is None else list(_still_there(files))
    found: list[FinishedSegment] = []
    for first in range(0, len(files), _AT_ONCE):
        keys = {path: str(path.relative_to(spool)).removesuffix(PART) for path in files[first : first + _AT_ONCE]}
        rows, deleted = _known_files(database, set(keys.values()))
        for path, key in keys.items():
            if not go_on():
                return found
            if key in rows:
                _tidy(spool, path, rows[key])
            elif key in deleted:
                log.info("copy_of_deleted_footage_removed", key=key)
                path.unlink()
            else:
                found += _adopt(database, spool, path, key)
    _explain_unreadable(database, spool, list(_still_there(files)))
    return found


def _known_files(database: Database, keys: set[str]) -> tuple[dict[str, Segment], set[str]]:
    """Rows by key, and the keys of what was deleted."""
    with database.transaction() as session:
        rows = {row.key: row for row in session.exec(select(Segment).where(col(Segment.key).in_(keys)))}
        return rows, ordered(session, keys - rows.keys())


def segment_files(spool: Path) -> list[Path]:
    """Whole and unfinished segments, without those in quarantine."""
    return [
        path
        for path in sorted(spool.rglob("*"))
        if path.name.endswith((".mp4", ".mp4" + PART))
        and path.is_file()
        and path.relative_to(spool).parts[0] != QUARANTINE
    ]


def reconcile_rows(
    database: Database,
    store: ObjectStore,
    spool: Path,
    camera_ids: Collection[str],
    go_on: Callable[[], bool] = lambda: True,
) -> None:
    """Rows whose file has gone: stored after all, or lost, which is a gap. `camera_ids`: this node's, all of them.

    Where the store does not answer, the rest is left to the uploader, which comes to the same.
    """
    with database.transaction() as session:
        waiting = select(Segment.key).where(Segment.location == Location.SPOOL, col(Segment.camera_id).in_(camera_ids))
        keys = list(session.exec(waiting))
    for key in keys:
        if not go_on():
            return
        try:
            decide_missing(database, store, spool, key)
        except StoreError as error:
            log.warning("lost_files_undecided", key=key, error=str(error))
            return


def decide_missing(database: Database, store: ObjectStore, spool: Path, key: str) -> None:
    """If no file holds the row's bytes: the row says where they are, or goes and leaves a gap. Raises StoreError."""
    if (spool / key).exists() or part_path(spool, key).exists():
        return
    with database.transaction() as session:
        row = session.exec(select(Segment).where(Segment.key == key, Segment.location == Location.SPOOL)).first()
    if row is None:
        return
    stored = store.size(key) == row.size
    with database.transaction() as session:
        before_adding(session)
        if stored:
            row.location = Location.STORED
            session.add(row)
        else:
            log.error("segment_lost", key=key)
            recorded = recorded_span(row.start, row.end, row.shift_us)
            write_loss(session, Lost(row.camera_id, recorded.start, recorded.end, GapCause.UNKNOWN, "file lost"))
            session.delete(row)
            session.flush()
            correct_late(session, [(row.camera_id, recorded)])
        session.flush()
        reached(Step.MISSING_WRITTEN)
    reached(Step.MISSING_COMMITTED)


def last_alive(database: Database, node_name: str) -> datetime | None:
    """The recorder's last heartbeat; None if nothing is known of one."""
    with database.transaction() as session:
        node = session.get(Node, node_name)
        return node.heartbeat if node else None


def resume(
    database: Database, camera_id: str, alive: datetime | None, adopted: Sequence[FinishedSegment], now: datetime
) -> Resumption:
    """Writes down why there is no footage from the last run until now; where recording goes on.

    `alive`: the last heartbeat before this start.
    """
    starts = [row.start for row in (segment.row() for segment in adopted) if row.camera_id == camera_id]
    with database.transaction() as session:
        before_adding(session)
        known = _known(session, camera_id, alive, min(starts, default=None), now)
        start = account_for_absence(known, now)
        for change in start.changes:
            write_gap_change(session, change)
        session.flush()
        correct_late(session, told_of(start.changes))
        reached(Step.ABSENCE_WRITTEN)
        newest = newest_sequence(session, camera_id)
    reached(Step.ABSENCE_COMMITTED)
    return Resumption(max((newest or 0) + 1, _unused(now)), start)


def _still_there(files: Iterable[Path]) -> Iterator[Path]:
    """Under the names that they have now: a `.part` may have been put on the disk for good."""
    for path in files:
        names = (path, path.with_name(path.name.removesuffix(PART)))
        yield from (name for name in names[: 1 if path.exists() else 2] if name.exists())


def without_past(now: datetime) -> Resumption:
    """While the database is away, nothing is known of the time before."""
    return Resumption(_unused(now), StartingPoint((), None, None))


def _unused(now: datetime) -> int:
    """A number that none before can have reached, also where the database was lost or is an older one: `recover` then
    finds the others in the store."""
    return to_us(now) // 1000


def _tidy(spool: Path, path: Path, row: Segment) -> None:
    """A file whose row is there."""
    if path.name.endswith(PART) and row.location is Location.SPOOL and not (spool / row.key).exists():
        settle(spool, row.key)
    elif row.location is Location.STORED or path.name.endswith(PART):
        log.info("spool_copy_removed", key=row.key)
        path.unlink()
        reached(Step.STRAY_COPY_GONE)


def _explain_unreadable(database: Database, spool: Path, files: Sequence[Path]) -> None:
    """The time of files that have given no row: those in quarantine, from whichever start, and those not readable."""
    aside = [path for path in (spool / QUARANTINE).rglob("*.mp4*") if path.is_file()]
    unread = [(str(path.relative_to(spool / QUARANTINE)), path, "file in quarantine") for path in sorted(aside)]
    unread += [(str(path.relative_to(spool)), path, "file not readable") for path in files]
    with database.transaction() as session:
        rows = set(session.exec(select(Segment.key).where(Segment.location == Location.SPOOL)))
        for name, path, reason in unread:
            named = key_start(name)
            if named is not None and name.removesuffix(PART) not in rows:
                camera_id, start = named
                write_unreadable(session, camera_id, start, _written_to(path), reason)
                session.flush()
                reached(Step.UNREADABLE_WRITTEN)


def _written_to(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.min.replace(tzinfo=UTC)


def _adopt(database: Database, spool: Path, path: Path, key: str) -> list[FinishedSegment]:
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
            session.add(row)
            session.flush()
            correct_late(session, [(row.camera_id, recorded)])
            reached(Step.ADOPTED_WRITTEN)
    except (ValueError, OverflowError, struct.error, IntegrityError, DataError) as error:
        _quarantine(spool, spool / key if not path.exists() else path, str(error))
        return []
    except OSError as error:
        # Nothing in the spool may keep the recorder from recording.
        log.error("file_not_readable", key=key, error=str(error))
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
    try:
        place = _place_in_quarantine(spool, path)
        path.rename(place)
        reached(Step.FILE_QUARANTINED)
    except OSError as error:
        log.error("file_not_quarantined", path=str(path), reason=reason, error=str(error))
        return
    log.error("file_quarantined", path=str(place), reason=reason)


def _place_in_quarantine(spool: Path, path: Path) -> Path:
    """A name that is free: what lies there already stays."""
    place = spool / QUARANTINE / path.relative_to(spool)
    place.parent.mkdir(parents=True, exist_ok=True)
    names = chain([place], (place.with_name(f"{place.name}.{n}") for n in count(2)))
    return next(name for name in names if not name.exists())


def _known(
    session: Session, camera_id: str, alive: datetime | None, earliest_adopted: datetime | None, now: datetime
) -> Known:
    """By the time that the recorder wrote, wherever corrections have put it since: so it explains its own time only."""
    still_open = session.exec(
        select(Gap).where(Gap.camera_id == camera_id, col(Gap.end).is_(None)).order_by(col(Gap.start))
    )
    opened = [GapOpened(camera_id, gap.start, gap.cause, gap.detail) for gap in still_open]
    moments = (_recorded_to(session, camera_id, now + AHEAD), earliest_adopted, opened[0].start if opened else None)
    since = min((moment for moment in moments if moment is not None), default=None)
    return Known(
        camera_id,
        tuple(span for span in _spans(session, camera_id, since) if span.duration and _is_near(span, since)),
        opened[-1] if opened else None,
        alive,
        tuple(opened[:-1]),
        end_unknown=alive is None and earliest_adopted is None,
    )


def _recorded_to(session: Session, camera_id: str, latest: datetime) -> datetime | None:
    """What ends after `latest` was recorded by a clock that was ahead, and tells nothing."""
    as_recorded = select(func.max(Segment.end)).where(
        Segment.camera_id == camera_id, col(Segment.correction_id).is_(None), Segment.end <= latest
    )
    last = select(Segment.start, Segment.end, Segment.shift_us).where(Segment.camera_id == camera_id)
    newest = session.exec(last.order_by(col(Segment.sequence).desc()).limit(1)).first()
    ends = (session.exec(as_recorded).one(), recorded_span(*newest).end if newest else None)
    return max((end for end in ends if end is not None and end <= latest), default=None)


def _is_near(span: Span, since: datetime | None) -> bool:
    """It ends after `since`, or not long before."""
    return since is None or (span.end > since - _MARGIN and span.start > since - _MARGIN * 2)


def _spans(session: Session, camera_id: str, since: datetime | None) -> Iterator[Span]:
    """Segments and closed gaps as they were recorded; of what was corrected also some that ended long before."""
    earliest = datetime.min.replace(tzinfo=UTC) if since is None else since - _MARGIN * 2
    as_recorded = select(Segment.start, Segment.end).where(
        Segment.camera_id == camera_id, col(Segment.correction_id).is_(None), Segment.start > earliest
    )
    yield from (Span(start, end) for start, end in session.exec(as_recorded))
    corrections = select(TimeCorrection.id).where(TimeCorrection.camera_id == camera_id, TimeCorrection.end > earliest)
    corrected = select(Segment.start, Segment.end, Segment.shift_us).where(col(Segment.correction_id).in_(corrections))
    yield from (recorded_span(*row) for row in session.exec(corrected))
    start, end = func.coalesce(Gap.recorded_start, Gap.start), func.coalesce(Gap.recorded_end, Gap.end)
    gaps = select(start, end).where(
        Gap.camera_id == camera_id, col(Gap.end).is_not(None), Gap.cause != GapCause.CORRECTED, start > earliest
    )
    yield from (Span(began, max(began, ended)) for began, ended in session.exec(gaps))
