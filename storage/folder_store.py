"""Objects as files below one folder."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath

from storage.folders import in_its_folder, remove_empty
from storage.objects import ABANDONED_AFTER, PROBE, BytesChanged, ObjectMissing, StoreError, Verified, validated_key

_COMING = ".coming"
"""The folder, below the root, of files being written; no camera is called so and `keys` skips it."""
_NAME = ".store"
"""The file, in the root, that tells this folder from any other."""


class PutStep(StrEnum):
    """Every point between two things that `put` does; tests end the process at each."""

    NAMED = "store_named"  # the bytes have a name in the store's folder, which is no object's yet
    SYNCED = "store_synced"
    RENAMED = "store_renamed"  # the object is there, unless the power fails
    FOLDER_SYNCED = "store_folder_synced"


class FolderStore:
    """Durable: an object is there after a power cut once `put` has returned."""

    def __init__(
        self, root: Path, on_step: Callable[[PutStep], None] = lambda _step: None, *, seal: Path | None = None
    ) -> None:
        """`on_step` is called in the thread that puts. `seal`: a file elsewhere that remembers which folder it is, so
        that the empty one that is left when a share is not mounted is not taken for the store."""
        self.root, self._on_step, self._seal = root, on_step, seal

    def put(self, key: str, source: Path, sha256: str) -> None:
        target = self._path(key)
        self._attend(begins=True)
        partial = self._coming()
        try:
            _make_folders(partial.parent)
            self._place(source, partial, sha256)
            in_its_folder(lambda: _moved(partial, target))
            self._on_step(PutStep.RENAMED)
            # Where the target was this very file already, taken over by a put that was cut off, a rename does nothing.
            partial.unlink(missing_ok=True)
            _sync_folder(target.parent)
            self._on_step(PutStep.FOLDER_SYNCED)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise _problem(self.root, error) from error
        except StoreError:
            partial.unlink(missing_ok=True)
            raise

    def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        try:
            with self._path(key).open("rb") as file:
                file.seek(offset)
                return file.read(-1 if length is None else length)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            self._attend()
            raise ObjectMissing(f"{key} is not in the store {self.root}") from error
        except OSError as error:
            raise _problem(self.root, error) from error

    def size(self, key: str) -> int | None:
        path = self._path(key)
        try:
            if path.is_file():
                return path.stat().st_size
        except FileNotFoundError:
            pass
        except OSError as error:
            raise _problem(self.root, error) from error
        self._attend()
        return None

    def verified(self, key: str) -> Verified | None:
        """A file tells nothing but its bytes."""
        return None

    def delete(self, key: str) -> None:
        path = self._path(key)
        self._attend()
        try:
            path.unlink(missing_ok=True)
            self._sync_nearest(path.parent)
            remove_empty(path.parent, self.root / PurePosixPath(key).parts[0])
        except OSError as error:
            raise _problem(self.root, error) from error

    def keys(self, prefix: str) -> Iterator[str]:
        self._attend()
        # Whole folders of the prefix are entered directly: a listing of one camera does not walk the others.
        base = self.root / prefix.rpartition("/")[0]
        for folder, folders, files in os.walk(base):
            folders[:] = sorted(name for name in folders if Path(folder, name) != self.root / _COMING)
            for name in sorted(files):
                key = (Path(folder) / name).relative_to(self.root).as_posix()
                if key.startswith(prefix) and key != _NAME:
                    yield key

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        for key in self.keys(prefix):
            if (size := self.size(key)) is not None:  # else it went meanwhile
                yield key, size

    def check(self) -> None:
        key = f"check/{secrets.token_hex(8)}"
        self._attend(begins=True)
        try:
            probe = self._coming()
            probe.parent.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(key.encode())
        except OSError as error:
            raise _problem(self.root, error) from error
        try:
            self.put(key, probe, hashlib.sha256(key.encode()).hexdigest())
            if self.read(key) != key.encode():
                raise StoreError(f"store folder {self.root} returns other bytes than were written; check its disk")
            self.delete(key)
        finally:
            probe.unlink(missing_ok=True)

    def can_lock(self) -> bool:
        """Whoever may write to the folder may delete in it."""
        return False

    def lock(self, key: str) -> None:
        raise StoreError(f"store folder {self.root} cannot lock {key}; a bucket with object lock can")

    def unlock(self, key: str) -> None:
        """Nothing is locked."""

    def is_locked(self, key: str) -> bool:
        if self.size(key) is None:
            raise ObjectMissing(f"{key} is not in the store {self.root}")
        return False

    def lock_withstands(self) -> bool:
        return False

    def is_covered(self, key: str, sha256: str) -> bool:
        return False

    def uncover(self, key: str, sha256: str) -> bool:
        return False

    def clear_abandoned(self, now: datetime) -> int:
        before = (now - ABANDONED_AFTER).timestamp()
        try:
            found = [path for path in (*self._files(_COMING), *self._probes()) if path.stat().st_ctime < before]
            for path in found:
                path.unlink(missing_ok=True)
        except FileNotFoundError:  # somebody else is at it
            return 0
        except OSError as error:
            raise _problem(self.root, error) from error
        return len(found)

    def _probes(self) -> list[Path]:
        return [path for path in self._files("check") if PROBE.fullmatch(f"check/{path.name}")]

    def _files(self, folder: str) -> list[Path]:
        """Directly in this folder below the root."""
        if not (self.root / folder).is_dir():
            return []
        return [Path(entry) for entry in os.scandir(self.root / folder) if entry.is_file(follow_symlinks=False)]

    def _attend(self, *, begins: bool = False) -> None:
        """Raises StoreError if this is another folder than before. `begins`: one that has no name yet gets one."""
        if self._seal is None:
            return
        try:
            name = _text(self.root / _NAME)
            sealed = _text(self._seal)
            if not sealed and begins:
                name = name or _named(self.root)
                _write_whole(self._seal, name)
                return
        except OSError as error:
            raise _problem(self.root, error) from error
        if sealed and name != sealed:
            raise StoreError(
                f"store folder {self.root} is not the one in which footage has been stored: mount it or put it back. "
                f"If another one is meant, delete {self._seal}"
            )

    def _place(self, source: Path, partial: Path, sha256: str) -> None:
        """The same bytes under a second name where the disk can do that: footage is written once, not twice."""
        try:
            partial.hardlink_to(source)
        except OSError:
            shutil.copyfile(source, partial)
        self._on_step(PutStep.NAMED)
        with partial.open("rb+") as file:
            found = hashlib.file_digest(file, hashlib.sha256).hexdigest()
            os.fsync(file.fileno())
        self._on_step(PutStep.SYNCED)
        if found != sha256:
            raise BytesChanged(source)

    def _sync_nearest(self, folder: Path) -> None:
        """Where somebody else has just removed it, as empty, that in which it lay."""
        for each in (folder, *folder.parents):
            with suppress(FileNotFoundError, NotADirectoryError):
                _sync_folder(each)
                return
            if each == self.root:
                return

    def _coming(self) -> Path:
        return self.root / _COMING / secrets.token_hex(8)

    def _path(self, key: str) -> Path:
        return self.root / validated_key(key)


def _text(path: Path) -> str:
    """Empty if there is no such file."""
    try:
        return path.read_text("ascii").strip()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return ""


def _named(root: Path) -> str:
    """The name of a folder that had none, or the one that somebody else has just given it."""
    _make_folders(root)
    own = secrets.token_hex(8)
    partial = root / f"{_NAME}-{own}"
    _write_whole(partial, own)
    try:
        (root / _NAME).hardlink_to(partial)
    except FileExistsError:
        return _text(root / _NAME)
    except OSError:  # a file system without hard links
        partial.replace(root / _NAME)
        return own
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(root)
    return own


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with partial.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    _sync_folder(path.parent)


def _moved(partial: Path, target: Path) -> None:
    _make_folders(target.parent)
    partial.replace(target)


def _make_folders(folder: Path) -> None:
    """Like mkdir -p, but every new name survives a power cut."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _problem(root: Path, error: OSError) -> StoreError:
    reason = error.strerror or str(error)
    return StoreError(f"store folder {root}: {reason}; check that the disk has room and that this user may write there")
