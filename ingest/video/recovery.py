"""The index made again from the store alone: every segment says in its own bytes what its row said."""

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import islice
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, insert, select

from ingest.video.boxes import BadBox
from ingest.video.losses import segment_start, take_back_losses_of
from ingest.video.salvage import salvage, salvage_by_summary
from ingest.video.writer import FinishedSegment
from storage.bulk import table_of
from storage.correcting import before_adding, before_correcting, correct_late, remap
from storage.correction_objects import BadCorrection, correction_camera, restore
from storage.database import Database
from storage.deletion_pause import pause_deletion
from storage.deletions import ordered
from storage.holds import hold_as_found, unreleased
from storage.intervals import Span
from storage.models import Camera, Location, Segment
from storage.objects import ObjectMissing, ObjectStore, StoreError, first_line

_KEYS_AT_ONCE = 200
"""Looked at together, and in one transaction."""
_STRANGE_NAMED = 5
_TAIL = 1 << 15
"""Bytes at an object's end in which most segments have their summary."""
_UNREADABLE = (ValueError, OverflowError, struct.error)
_NEW_SEGMENT = insert(table_of(Segment))
_READERS = 4

log = structlog.get_logger(__name__)


class Found(Enum):
    """What an object of the store is."""

    KNOWN = "known"  # it has its row
    RECOVERED = "recovered"  # it got its row
    DELETED = "deleted"  # its keeping time is over and the ledger says so: it is about to go
    CORRECTION = "correction"  # it is a correction of time, which has its row
    STRANGE = "strange"  # it is none of our segments, by its name
    UNREADABLE = "unreadable"  # it is named like one and is none, or is cut off
    NO_CAMERA = "no_camera"  # it is of a camera that the site does not have
    CONFLICTING = "conflicting"  # its camera has another segment of this number


@dataclass(slots=True)
class Recovery:
    """What became of the objects; `problems` are keys with what is wrong."""

    counts: Counter[Found] = field(default_factory=Counter)
    cameras: Counter[str] = field(default_factory=Counter)
    """Segments that got a row, by camera."""
    held: int = 0
    """Segments that the store holds, of which no row said so."""
    missing_cameras: set[str] = field(default_factory=set)
    problems: list[tuple[str, str]] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    """Some of the objects that are no footage."""

    def add(self, key: str, found: Found, detail: str = "") -> None:
        self.counts[found] += 1
        if detail:
            self.problems.append((key, detail))
        if found is Found.STRANGE and len(self.strange) < _STRANGE_NAMED:
            self.strange.append(key)

    def count_in(self, earlier: "Recovery") -> None:
        """Of the same objects a moment before: what got its row then had it already now, and both are one recovery."""
        rows = earlier.counts[Found.RECOVERED]
        self.counts[Found.RECOVERED] += rows
        self.counts[Found.KNOWN] -= min(rows, self.counts[Found.KNOWN])
        self.cameras += earlier.cameras
        self.held += earlier.held


def recover(
    database: Database,
    store: ObjectStore,
    now: datetime,
    prefix: str = "",
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _done: None,
) -> Recovery:
    """Gives every readable segment of the store its row; what has one stays, so it may be run again.

    Before anything else it pauses deletion, also if nothing turns out to be missing: who calls it has lost a
    database, and the rows, holds and rules of a backup may be older than what was held and ruled since.

    What the store holds against deletion is held again, also where there is a row that does not know of it. Of what has
    no row it reads the end where the store knows its checksum; else, and where a crash has cut it off, every byte.
    Raises StoreError and SQLAlchemyError; what was done stays.
    """
    if not dry_run:
        with database.transaction() as session:
            pause_deletion(session, now)
    with ThreadPoolExecutor(_READERS, "recover") as readers:
        run = _Run(database, store, now, readers, dry_run)
        _recover_corrections(database, store, prefix, run.recovery, dry_run=dry_run)
        for keys in _batches(store.keys(prefix)):
            run.take(keys)
            progress(run.recovery.counts.total())
        return run.recovery


def _recover_corrections(
    database: Database, store: ObjectStore, prefix: str, recovery: Recovery, *, dry_run: bool
) -> None:
    """Before any segment: it is put where they say at once."""
    with database.transaction() as session:
        cameras = set(session.exec(select(Camera.id)))
    for key in sorted(key for key in store.keys(prefix) if correction_camera(key) is not None):
        camera_id = correction_camera(key) or ""
        if camera_id not in cameras:
            recovery.add(key, Found.NO_CAMERA)
            recovery.missing_cameras.add(camera_id)
            continue
        try:
            if not dry_run:
                with database.transaction() as session:
                    before_correcting(session)
                    for row in restore(session, store, [key]):
                        remap(session, camera_id, Span(row.start, row.end))
            recovery.add(key, Found.CORRECTION)
        except (BadCorrection, ObjectMissing) as error:
            recovery.add(key, Found.UNREADABLE, str(error))


_Columns = dict[str, Any]
"""Of a row to be."""


class _Run:
    def __init__(
        self, database: Database, store: ObjectStore, now: datetime, readers: ThreadPoolExecutor, dry_run: bool
    ) -> None:
        self.recovery = Recovery()
        self._database, self._store, self._now = database, store, now
        self._readers, self._dry_run = readers, dry_run
        self._can_lock = store.can_lock()

    def take(self, keys: list[str]) -> None:
        wanted = self._sort_out(keys)
        rows: list[_Columns] = []
        for key, row in zip(wanted, self._readers.map(self._row, wanted), strict=True):
            if isinstance(row, str):
                self.recovery.add(key, Found.UNREADABLE, row)
            else:
                rows.append(row)
        self._recover(rows)
        if self._can_lock:
            self._hold_known(keys)

    def _sort_out(self, keys: list[str]) -> list[str]:
        """Counts what needs no reading; the others."""
        with self._database.transaction() as session:
            known = set(session.exec(select(Segment.key).where(col(Segment.key).in_(keys))))
            cameras = set(session.exec(select(Camera.id)))
            deleted = ordered(session, keys)
        wanted = []
        for key in keys:
            named = segment_start(key)
            if key in known:
                self.recovery.add(key, Found.KNOWN)
            elif key in deleted:
                self.recovery.add(key, Found.DELETED)
            elif correction_camera(key) is not None:
                continue  # counted before
            elif named is None:
                self.recovery.add(key, Found.STRANGE)
            elif named[0] not in cameras:
                self.recovery.add(key, Found.NO_CAMERA)
                self.recovery.missing_cameras.add(named[0])
            else:
                wanted.append(key)
        return wanted

    def _row(self, key: str) -> _Columns | str:
        """Of the row, or why there can be none."""
        try:
            segment = self._segment(key)
            columns = segment.columns()
            locked = self._can_lock and self._store.is_locked(key)
        except ObjectMissing:
            return "it is listed and cannot be read"
        except StoreError as error:
            self._store.check()  # raises when the whole store is away: this one alone does not end it
            return first_line(error)
        except _UNREADABLE as error:
            return str(error)
        if segment_start(key) != (columns["camera_id"], columns["start"].replace(microsecond=0)):
            return f"it says that it is of camera {columns['camera_id']} and of another time than its name"
        return columns | {"location": Location.STORED, "legal_hold": locked}

    def _segment(self, key: str) -> FinishedSegment:
        """Raises StoreError and what `_UNREADABLE` names."""
        if known := self._store.verified(key):
            tail = self._store.read(key, max(known.size - _TAIL, 0), _TAIL)
            with suppress(*_UNREADABLE):
                return salvage_by_summary(tail, key, known.size, known.sha256)
        data = self._store.read(key)
        segment = salvage(data, key)
        if segment.size != len(data):
            raise BadBox(f"only the first {segment.size} of {len(data)} bytes are whole")
        return segment

    def _recover(self, rows: Sequence[_Columns]) -> None:
        """All at once; if the database refuses one of them, one by one."""
        if not (self._dry_run or self._write(rows)):
            if len(rows) == 1:
                camera_id, sequence = rows[0]["camera_id"], rows[0]["sequence"]
                detail = f"camera {camera_id} has another segment {sequence}"
                self.recovery.add(rows[0]["key"], Found.CONFLICTING, detail)
                return
            for row in rows:
                self._recover([row])
            return
        for row in rows:
            self.recovery.add(row["key"], Found.RECOVERED)
            self.recovery.cameras[row["camera_id"]] += 1
            self.recovery.held += row["legal_hold"]

    def _write(self, rows: Sequence[_Columns]) -> bool:
        if not rows:
            return True
        recorded = [(row["camera_id"], Span(row["start"], row["end"])) for row in rows]
        try:
            with self._database.transaction() as session:
                before_adding(session)
                take_back_losses_of(session, recorded)
                session.execute(_NEW_SEGMENT, list(rows))
                correct_late(session, recorded)
                self._hold_as_found(session, [row["key"] for row in rows if row["legal_hold"]])
        except IntegrityError:
            log.error("segments_not_recovered", count=len(rows), key=rows[0]["key"])
            return False
        return True

    def _hold_as_found(self, session: Session, keys: Sequence[str]) -> None:
        """Where they lie now."""
        columns = select(Segment.camera_id, Segment.start, Segment.end)
        for camera_id, start, end in session.exec(columns.where(col(Segment.key).in_(keys))):
            hold_as_found(session, camera_id, Span(start, end), self._now)

    def _hold_known(self, keys: list[str]) -> None:
        """A row that is older than the lock of its object, as after a backup was put back."""
        with self._database.transaction() as session:
            stored = col(Segment.location) == Location.STORED
            rows = session.exec(select(Segment.key, Segment.legal_hold).where(col(Segment.key).in_(keys), stored)).all()
        unsure = [key for key, is_held in rows if not is_held]
        self.recovery.held += sum(self._hold(key) for key, is_held in rows if is_held)
        for key, locked in zip(unsure, self._readers.map(self._is_locked, unsure), strict=True):
            if locked and self._hold(key):
                self.recovery.held += 1

    def _is_locked(self, key: str) -> bool:
        try:
            return self._store.is_locked(key)
        except ObjectMissing:
            return False  # it was deleted meanwhile, or fsck will tell

    def _hold(self, key: str) -> bool:
        """False if it is explained: a hold that is not released yet is just being told to the store."""
        with self._database.transaction() as session:
            row = session.exec(select(Segment).where(Segment.key == key)).first()
            if row is None or unreleased(session, row.camera_id, Span(row.start, row.end)):
                return False
            if not self._dry_run:
                hold_as_found(session, row.camera_id, Span(row.start, row.end), self._now)
                row.legal_hold = True
                session.add(row)
        return True


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while batch := list(islice(rest, _KEYS_AT_ONCE)):
        yield batch
