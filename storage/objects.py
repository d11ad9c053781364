"""The object store: where footage lives once it has left the recorder's disk."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Protocol

_BLOCK = 1 << 20
PROBE = re.compile(r"check/(lock-)?[0-9a-f]{16}")
"""Keys of the small objects that tests of the store write and delete."""
ABANDONED_AFTER = timedelta(days=1)
"""Nobody who puts or tests and lives is silent for so long; if one is all the same, it fails and is repeated."""
MAX_KEY_BYTES = 900
"""S3 allows 1024 for the key, file systems 255 for each part."""


class StoreError(Exception):
    """The store cannot do it now; the message says why and what to do."""

    key = ""
    """Of the segment that was read, where it was one."""


class ObjectMissing(StoreError):
    """There is no object with this key."""


class ObjectCut(StoreError):
    """The object ends before the bytes that were asked for."""


class Patience(Enum):
    """With a server that does not answer: for how many seconds, and how often what failed is tried again."""

    KEEPING = (60.0, 2)  # who uploads has time, and it is better late than not
    VIEWING = (5.0, 0)  # somebody waits, and with them a thread that others need

    @property
    def read_s(self) -> float:
        return self.value[0]

    @property
    def more_tries(self) -> int:
        return self.value[1]


class BytesChanged(StoreError):
    """What shall be put is no more what its checksum was taken of: to try again is no help."""

    def __init__(self, source: Path) -> None:
        super().__init__(f"{source} has changed since its checksum was taken")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a store knows of an object's bytes since it has taken them."""

    size: int
    sha256: str
    """Hex."""


class ObjectStore(Protocol):
    """Keys are relative paths with forward slashes. Every method may raise StoreError. Shared between threads."""

    def put(self, key: str, source: Path, sha256: str) -> None:
        """Returns once the bytes are durable and their SHA-256 (hex) has been verified; replaces what was there.

        Raises BytesChanged where it is not that of the source.
        The source must not be changed afterwards, only deleted: the store may have taken the file itself.
        """

    def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        """The bytes from `offset`, at most `length` of them. Raises ObjectMissing."""

    def size(self, key: str) -> int | None:
        """In bytes; None if there is no such object."""

    def verified(self, key: str) -> Verified | None:
        """Without reading the bytes; None if the store keeps no checksum, or there is no such object."""

    def is_covered(self, key: str, sha256: str) -> bool:
        """Whether other bytes were put over those with this SHA-256 (hex), and the store has kept them."""

    def uncover(self, key: str, sha256: str) -> bool:
        """Puts them on top again, verified and locked as they were; what was put over them stays below.

        False, and nothing has happened, where `is_covered` says no.
        """

    def delete(self, key: str) -> None:
        """Every version of it, and returns once none is left. Does nothing if there is no such object."""

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys that start with the prefix, in no promised order."""

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """As `keys`, with the size of each object in bytes: a request for many of them, not for each."""

    def check(self) -> None:
        """Writes, reads and deletes a small object; raises StoreError with a message that says what to do."""

    def clear_abandoned(self, now: datetime) -> int:
        """Removes what a `put` or a test that was killed has left a day ago and before, locked or not; the number."""

    def can_lock(self) -> bool:
        """Whether objects can be locked so that nobody can delete them, not even with our own key."""

    def lock(self, key: str) -> None:
        """Until it is unlocked. Raises ObjectMissing; another StoreError where `can_lock` says no."""

    def unlock(self, key: str) -> None:
        """Does nothing if there is no such object."""

    def is_locked(self, key: str) -> bool:
        """Whether it was locked and not unlocked since, by whomever. Raises ObjectMissing."""

    def lock_withstands(self) -> bool:
        """Locks a small object and tries to delete that very version: whether it is still there. Leaves nothing."""


def validated_key(key: str) -> str:
    """The key itself; raises StoreError if it could point outside the store or not be a file name."""
    parts = PurePosixPath(key).parts
    clean = bool(parts) and "/".join(parts) == key and not key.startswith("/")
    if not clean or ".." in parts or "\\" in key or not key.isprintable() or len(key.encode()) > MAX_KEY_BYTES:
        raise StoreError(f"{key!r} is not an object key: it must be a relative path with forward slashes, without ..")
    return key


def first_line(error: Exception) -> str:
    """Of what it says; its kind where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def sha256_of(path: Path) -> str:
    """Of the file's bytes, hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
