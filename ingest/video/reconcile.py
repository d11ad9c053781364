"""Bringing disk, database and store together when the recorder starts. Nothing that cannot be read is deleted."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import Session, col, func, select

from ingest.video.gaps import GapOpened, Known, StartingPoint, account_for_absence
from ingest.video.journal import write_gap_change
from ingest.video.salvage import salvage
from ingest.video.writer import PART, FinishedSegment, part_path, settle, sync_file
from storage.database import Database
from storage.intervals import Span
from storage.models import Gap, GapCause, Location, Node, Segment
from storage.objects import ObjectStore, StoreError

QUARANTINE = "quarantine"
_MARGIN = timedelta(minutes=5)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where the recording of a camera goes on."""

    next_sequence: int
    start: StartingPoint


def reconcile_files(database: Database, spool: Path) -> list[FinishedSegment]:
    """Gives every readable file in the spool its row; returns those that had none."""
    found: list[FinishedSegment] = []
    for path in _files(spool):
        key = str(path.relative_to(spool)).removesuffix(PART)
        with database.transaction() as session:
            row = session.exec(select(Segment).where(Segment.key == key)).first()
        if row is None:
            found += _adopt(database, spool, path, key)
        elif row.location is Location.STORED or path.name.endswith(PART):
            log.info("spool_copy_removed", key=key)
            path.unlink()
    return found


def reconcile_rows(database: Database, store: ObjectStore, spool: Path, camera_ids: Sequence[str]) -> None:
    """Rows whose file has gone: stored after all, or lost, which is a gap."""
    with database.transaction() as session:
        waiting = select(Segment).where(Segment.location == Location.SPOOL, col(Segment.camera_id).in_(camera_ids))
        lost = [row for row in session.exec(waiting) if not (spool / row.key).exists()]
    for row in lost:
        try:
            stored = store.size(row.key) == row.size
        except StoreError as error:
            log.warning("lost_file_undecided", key=row.key, error=str(error))
            continue
        with database.transaction() as session:
            _settle_lost(session, row, stored)


def resume(
    database: Database, camera_id: str, node_name: str, adopted: Sequence[FinishedSegment], now: datetime
) -> Resumption:
    """Writes down why there is no footage from the last run until now; where recording goes on."""
    starts = [row.start for row in (segment.row() for segment in adopted) if row.camera_id == camera_id]
    with database.transaction() as session:
        known = _known(session, camera_id, node_name, min(starts, default=None))
        start = account_for_absence(known, now)
        for change in start.changes:
            write_gap_change(session, change)
        newest = session.exec(select(func.max(Segment.sequence)).where(Segment.camera_id == camera_id)).one()
    return Resumption((newest or 0) + 1, start)


def _files(spool: Path) -> Iterator[Path]:
    for path in sorted(spool.rglob("*")):
        is_segment = path.name.endswith((".mp4", ".mp4" + PART))
        if is_segment and path.is_file() and path.relative_to(spool).parts[0] != QUARANTINE:
            yield path


def _adopt(database: Database, spool: Path, path: Path, key: str) -> list[FinishedSegment]:
    try:
        segment = salvage(path.read_bytes(), key)
        if segment.size < path.stat().st_size:
            _keep_only(path, segment.size)
        if path == part_path(spool, key):
            settle(spool, key)
        with database.transaction() as session:
            session.add(segment.row())
    except (ValueError, OverflowError, struct.error, IntegrityError, DataError) as error:
        _quarantine(spool, spool / key if not path.exists() else path, str(error))
        return []
    except OSError as error:
        # Nothing in the spool may keep the recorder from recording.
        log.error("file_not_readable", key=key, error=str(error))
        return []
    log.info("segment_salvaged", key=key, seconds=(segment.end_us - segment.recording.start_us) / 1e6)
    return [segment]


def _keep_only(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)
    sync_file(path)


def _quarantine(spool: Path, path: Path, reason: str) -> None:
    place = spool / QUARANTINE / path.relative_to(spool)
    place.parent.mkdir(parents=True, exist_ok=True)
    path.rename(place)
    log.error("file_quarantined", path=str(place), reason=reason)


def _settle_lost(session: Session, row: Segment, stored: bool) -> None:
    if stored:
        row.location = Location.STORED
        session.add(row)
        return
    log.error("segment_lost", key=row.key)
    gap = Gap(camera_id=row.camera_id, start=row.start, end=row.end, cause=GapCause.UNKNOWN, detail="file lost")
    session.add(gap)
    session.delete(row)


def _known(session: Session, camera_id: str, node_name: str, earliest_adopted: datetime | None) -> Known:
    ended = session.exec(select(func.max(Segment.end)).where(Segment.camera_id == camera_id)).one()
    since = min((moment for moment in (ended, earliest_adopted) if moment is not None), default=None)
    open_gap = session.exec(
        select(Gap).where(Gap.camera_id == camera_id, col(Gap.end).is_(None)).order_by(col(Gap.start).desc())
    ).first()
    node = session.get(Node, node_name)
    return Known(
        camera_id,
        tuple(_spans(session, camera_id, since)),
        GapOpened(camera_id, open_gap.start, open_gap.cause, open_gap.detail) if open_gap else None,
        node.heartbeat if node else None,
    )


def _spans(session: Session, camera_id: str, since: datetime | None) -> Iterator[Span]:
    """Segments and closed gaps that end after `since`, and some from before."""
    for table in (Segment, Gap):
        query = select(table.start, table.end).where(table.camera_id == camera_id, col(table.end).is_not(None))
        if since is not None:
            query = query.where(col(table.end) > since - _MARGIN, col(table.start) > since - _MARGIN * 2)
        for start, end in session.exec(query):
            if end is not None and end > start:
                yield Span(start, end)
