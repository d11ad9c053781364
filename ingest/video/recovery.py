"""The index made again from the store alone: every segment says in its own bytes what its row said."""

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from ingest.video.losses import key_start, take_back_losses
from ingest.video.salvage import salvage
from storage.correcting import correct_late, remap
from storage.correction_objects import BadCorrection, correction_camera, restore
from storage.database import Database
from storage.deletions import ordered
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
    missing_cameras: set[str] = field(default_factory=set)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def add(self, key: str, found: Found, detail: str = "") -> None:
        self.counts[found] += 1
        if detail:
            self.problems.append((key, detail))


def recover(
    database: Database,
    store: ObjectStore,
    prefix: str = "",
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _done: None,
) -> Recovery:
    """Gives every readable segment of the store its row; what has one is left alone, so it may be run again.

    Reads every byte of what has no row, for its checksum. Raises StoreError and SQLAlchemyError; what was done stays.
    """
    recovery, done = Recovery(), 0
    _recover_corrections(database, store, prefix, recovery, dry_run=dry_run)
    with ThreadPoolExecutor(_READERS, "recover") as readers:
        for keys in _batches(store.keys(prefix)):
            _recover(database, store, keys, recovery, readers, dry_run=dry_run)
            done += len(keys)
            progress(done)
    return recovery


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
                    for row in restore(session, store, [key]):
                        remap(session, camera_id, Span(row.start, row.end))
            recovery.add(key, Found.CORRECTION)
        except (BadCorrection, ObjectMissing) as error:
            recovery.add(key, Found.UNREADABLE, str(error))


def _recover(
    database: Database,
    store: ObjectStore,
    keys: list[str],
    recovery: Recovery,
    readers: ThreadPoolExecutor,
    *,
    dry_run: bool,
) -> None:
    with database.transaction() as session:
        known = set(session.exec(select(Segment.key).where(col(Segment.key).in_(keys))))
        cameras = set(session.exec(select(Camera.id)))
        deleted = ordered(session, keys)
    wanted = []
    for key in keys:
        named = key_start(key)
        if key in known:
            recovery.add(key, Found.KNOWN)
        elif key in deleted:
            recovery.add(key, Found.DELETED)
        elif correction_camera(key) is not None:
            continue  # counted before
        elif named is None:
            recovery.add(key, Found.STRANGE)
        elif named[0] not in cameras:
            recovery.add(key, Found.NO_CAMERA)
            recovery.missing_cameras.add(named[0])
        else:
            wanted.append(key)
    for key, row in zip(wanted, readers.map(lambda key: _row(store, key), wanted), strict=True):
        if isinstance(row, str):
            recovery.add(key, Found.UNREADABLE, row)
        elif dry_run or _write(database, row):
            recovery.add(key, Found.RECOVERED)
            recovery.cameras[row.camera_id] += 1
        else:
            recovery.add(key, Found.CONFLICTING, f"camera {row.camera_id} has another segment {row.sequence}")


def _row(store: ObjectStore, key: str) -> Segment | str:
    """The row, or why there can be none."""
    try:
        data = store.read(key)
        segment = salvage(data, key)
    except ObjectMissing:
        return "it is listed and cannot be read"
    except (ValueError, OverflowError, struct.error) as error:
        return str(error)
    if segment.size != len(data):
        return f"only the first {segment.size} of {len(data)} bytes are whole"
    if key_start(key) != (segment.recording.camera_id, segment.row().start.replace(microsecond=0)):
        return f"it says that it is of camera {segment.recording.camera_id} and of another time than its name"
    row = segment.row()
    row.location = Location.STORED
    return row


def _write(database: Database, row: Segment) -> bool:
    key, camera_id = row.key, row.camera_id
    try:
        with database.transaction() as session:
            take_back_losses(session, camera_id, Span(row.start, row.end))
            session.add(row)
            session.flush()
            correct_late(session, [(row.camera_id, row.start)])
    except IntegrityError:
        log.error("segment_not_recovered", key=key)
        return False
    return True


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while batch := list(islice(rest, _KEYS_AT_ONCE)):
        yield batch
