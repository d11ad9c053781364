"""A disk whose power can be cut: what was made sure of by `fsync` is there afterwards, and nothing else."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ingest.video.frames import from_us
from ingest.video.salvage import salvage
from ingest.video.writer import PART


class HasFileno(Protocol):
    def fileno(self) -> int: ...


class Disk:
    """Of this process, from its making on. Real disks bring home more; none may bring home less."""

    def __init__(self) -> None:
        self._bytes: dict[int, bytes] = {}
        self._names: dict[int, dict[str, int]] = {}
        """Of folders; all by their inodes."""

    def synced(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            with os.scandir(f"/proc/self/fd/{descriptor}") as entries:
                self._names[found.st_ino] = {entry.name: entry.inode() for entry in entries}
        else:
            self._bytes[found.st_ino] = os.pread(descriptor, found.st_size, 0)

    def after_a_cut(self, folder: Path, into: Path) -> Path:
        """A copy of the folder as the next start finds it: a name without its bytes is an empty file."""
        for name, data in self.files(folder):
            path = into / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return into

    def footage_to(self, spool: Path) -> dict[str, datetime]:
        """Up to when there is footage after a cut, by the cameras of which there is some."""
        newest = {name.parts[0]: (name, data) for name, data in sorted(self.files(spool)) if data}
        found = {camera_id: salvage(data, str(name).removesuffix(PART)) for camera_id, (name, data) in newest.items()}
        return {camera_id: from_us(segment.end_us) for camera_id, segment in found.items()}

    def files(self, folder: Path) -> Iterator[tuple[Path, bytes]]:
        """What is there after a cut, by names below the folder."""
        return self._files(folder.stat().st_ino, Path())

    def _files(self, inode: int, below: Path) -> Iterator[tuple[Path, bytes]]:
        for name, child in self._names.get(inode, {}).copy().items():
            if child in self._names:
                yield from self._files(child, below / name)
            else:
                yield below / name, self._bytes.get(child, b"")


@contextmanager
def disk_with_power() -> Iterator[Disk]:
    disk, fsync = Disk(), os.fsync

    def noted(fd: int | HasFileno) -> None:
        descriptor = fd if isinstance(fd, int) else fd.fileno()
        before = os.fstat(descriptor)
        fsync(descriptor)
        if stat.S_ISDIR(before.st_mode) or before.st_size == os.fstat(descriptor).st_size:
            disk.synced(descriptor)

    os.fsync = noted
    try:
        yield disk
    finally:
        os.fsync = fsync
