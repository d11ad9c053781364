"""The index made again from the store alone: every segment says in its own bytes what its row said."""

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import islice

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from ingest.video.losses import key_start, take_back_losses
from ingest.video.salvage import salvage
from storage.correcting import before_adding, before_correcting, correct_late, remap
from storage.correction_objects import BadCorrection, correction_camera, restore
from storage.database import Database
from storage.deletions import ordered
from storage.holds import hold_as_found, unreleased
from storage.intervals import Span
from storage.models import Camera, Location, Segment
from storage.objects import ObjectMissing, ObjectStore

_KEYS_AT_ONCE = 200
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

    def add(self, key: str, found: Found, detail: str = "") -> None:
        self.counts[found] += 1
        if detail:
            self.problems.append((key, detail))


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

    What the store holds against deletion is held again, also where there is a row that does not know of it. Reads every
    byte of what has no row, for its checksum. Raises StoreError and SQLAlchemyError; what was done stays.
    """
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
        for key, row in zip(wanted, self._readers.map(self._row, wanted), strict=True):
            self._recover(key, row)
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
            named = key_start(key)
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

    def _row(self, key: str) -> Segment | str:
        """The row, or why there can be none."""
        try:
            data = self._store.read(key)
            segment = salvage(data, key)
            locked = self._can_lock and self._store.is_locked(key)
        except ObjectMissing:
            return "it is listed and cannot be read"
        except (ValueError, OverflowError, struct.error) as error:
            return str(error)
        if segment.size != len(data):
            return f"only the first {segment.size} of {len(data)} bytes are whole"
        if key_start(key) != (segment.recording.camera_id, segment.row().start.replace(microsecond=0)):
            return f"it says that it is of camera {segment.recording.camera_id} and of another time than its name"
        row = segment.row()
        row.location, row.legal_hold = Location.STORED, locked
        return row

    def _recover(self, key: str, row: Segment | str) -> None:
        if isinstance(row, str):
            self.recovery.add(key, Found.UNREADABLE, row)
            return
        camera_id, sequence, held = row.camera_id, row.sequence, row.legal_hold
        if self._dry_run or self._write(row):
            self.recovery.add(key, Found.RECOVERED)
            self.recovery.cameras[camera_id] += 1
            self.recovery.held += held
        else:
            self.recovery.add(key, Found.CONFLICTING, f"camera {camera_id} has another segment {sequence}")

    def _write(self, row: Segment) -> bool:
        key, camera_id, span = row.key, row.camera_id, Span(row.start, row.end)
        try:
            with self._database.transaction() as session:
                before_adding(session)
                take_back_losses(session, camera_id, span)
                session.add(row)
                session.flush()
                correct_late(session, [(camera_id, span)])
                if row.legal_hold:  # where it lies now
                    hold_as_found(session, camera_id, Span(row.start, row.end), self._now)
        except IntegrityError:
            log.error("segment_not_recovered", key=key)
            return False
        return True

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
