"""How much the spool may still take.

It ends where the disk does, less a reserve in which a database on the same disk can still be written, or at a
limit of its own. Nothing in it can be given up to make room: what the store has confirmed has left it already.
"""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import disk_usage

import structlog

from ingest.video.refused_files import Refused, only_logged
from ingest.video.spool_files import NOT_OURS, QUARANTINE
from storage.failures import Failures
from storage.models.columns import JsonObject

RESERVE_SHARE = 0.01
MAX_RESERVE = 1 << 30
"""Of the disk, in bytes: recording ends before."""
JOB = "spool_room"
"""The name of the counting, where it keeps failing."""
SCARCE = 20
"""With less room than so many reserves the disk is running full, whoever fills it."""
EVERY_S = 2.5
PATIENCE = 20
"""The files are counted again after so many times the time that counting took."""
LIMIT_REACHED = "the spool has reached its limit"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    max_bytes: int | None = None
    """None: what the disk has."""
    max_age: timedelta | None = None
    """How long footage may wait for the store before it is too long; nothing goes and nothing stops because of it."""


@dataclass(frozen=True, slots=True)
class Disk:
    total: int
    free: int

    @property
    def reserve(self) -> int:
        return min(int(self.total * RESERVE_SHARE), MAX_RESERVE)

    @property
    def room(self) -> int:
        """In bytes, without the reserve."""
        return max(self.free - self.reserve, 0)


@dataclass(frozen=True, slots=True)
class Held:
    """What lies in a spool."""

    bytes: int = 0
    oldest: datetime | None = None
    """When the file was written that has waited longest; files in quarantine wait for nothing."""
    aside: int = 0
    """Files in quarantine."""
    aside_bytes: int = 0
    aside_since: datetime | None = None
    """When the first of them was put there."""


def room_left(used: int, disk: Disk, limits: SpoolLimits) -> int:
    """Bytes that may still be written."""
    return disk.room if limits.max_bytes is None else max(min(disk.room, limits.max_bytes - used), 0)


def filled(held: Held, disk: Disk, limits: SpoolLimits, now: datetime) -> float:
    """How near the nearest of the limits is: 0 when far away, 1 when reached."""
    capacity = held.bytes + room_left(held.bytes, disk, limits)
    shares = [held.bytes / capacity if capacity else 1.0]
    if disk.reserve:
        shares.append(1 - disk.room / (SCARCE * disk.reserve))
    if limits.max_age and held.oldest:
        shares.append((now - held.oldest) / limits.max_age)
    return min(max(*shares, 0.0), 1.0)


class SpoolRoom:
    """Counts the files in a thread of its own: after a long outage there are many. Safe to share between threads."""

    def __init__(
        self,
        spool: Path,
        limits: SpoolLimits,
        on_refused: Refused = only_logged,
        failures: Failures | None = None,
    ) -> None:
        """`on_refused` is told of folders that cannot be read, so that what is in them is not counted."""
        self._spool, self._limits, self._on_refused = spool, limits, on_refused
        self._failures = failures or Failures()
        self._held: Held | None = None
        self._written = 0
        """Bytes since the files were counted last."""
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spool-room", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def take(self, size: int) -> None:
        """Before so many bytes are written. Raises OSError, as a full disk would, when there is no room for them."""
        with self._lock:
            used = (self._held.bytes if self._held else 0) + self._written
            disk = self._disk()
            if disk.room < size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if room_left(used, disk, self._limits) < size:
                raise OSError(errno.EDQUOT, LIMIT_REACHED)
            self._written += size

    def count(self) -> None:
        """Looks at the files anew."""
        with self._lock:
            written_before = self._written
        held = count_files(self._spool, self._stop.is_set, self._on_refused)
        if self._stop.is_set():
            return
        with self._lock:
            self._held = held
            self._written -= written_before

    def figures(self, now: datetime) -> JsonObject:
        """For the node's row; empty before the files have been counted once. Raises OSError."""
        with self._lock:
            if self._held is None:
                return {}
            held = replace(self._held, bytes=self._held.bytes + self._written)
        disk = self._disk()
        return {
            "spool_used_bytes": held.bytes,
            "spool_limit_bytes": held.bytes + room_left(held.bytes, disk, self._limits),
            "spool_filled": round(filled(held, disk, self._limits, now), 4),
            "quarantined_files": held.aside,
            "quarantined_bytes": held.aside_bytes,
        } | ({"quarantined_since": held.aside_since.isoformat()} if held.aside_since else {})

    def _run(self) -> None:
        pause_s = 0.0
        while not self._stop.wait(pause_s):
            began = time.monotonic()
            try:
                self.count()
                self._failures.succeeded(JOB)
            except Exception as error:
                log.exception("spool_not_counted")
                self._failures.failed(JOB, error, datetime.now(UTC))
            pause_s = max(EVERY_S, PATIENCE * (time.monotonic() - began))

    def _disk(self) -> Disk:
        self._spool.mkdir(parents=True, exist_ok=True)  # recording outlives whoever takes the folder away
        usage = disk_usage(self._spool)
        return Disk(usage.total, usage.free)


def count_files(spool: Path, is_over: Callable[[], bool] = lambda: False, on_refused: Refused = only_logged) -> Held:
    """Also those in quarantine and those being written. What goes meanwhile or cannot be looked at is left out.

    `is_over`: it need not go on.
    """
    size, oldest = 0, None
    aside, aside_size, aside_since = 0, 0, None
    for entry, waits, is_aside in _files(spool, on_refused):
        if is_over():
            break
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        size += found.st_size
        if waits and (oldest is None or found.st_mtime < oldest):
            oldest = found.st_mtime
        if is_aside:
            aside, aside_size = aside + 1, aside_size + found.st_size
            # That of its writing is that of the footage: the other one tells when it was moved.
            aside_since = found.st_ctime if aside_since is None else min(aside_since, found.st_ctime)
    return Held(size, _moment(oldest), aside, aside_size, _moment(aside_since))


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _files(spool: Path, on_refused: Refused) -> Iterator[tuple[os.DirEntry[str], bool, bool]]:
    """With whether it is a segment that waits for the store, and whether it is in quarantine."""
    folders, not_ours = [str(spool)], str(spool / NOT_OURS)
    aside = str(spool / QUARANTINE)
    while folders:
        folder = folders.pop()
        is_aside = folder == aside or folder.startswith(aside + os.sep)
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders += [entry.path] if entry.path != not_ours else []
                    else:
                        yield entry, not is_aside and entry.name.endswith(".mp4"), is_aside
        except FileNotFoundError:
            continue
        except OSError as error:
            on_refused(Path(folder), error)
