"""Masked clips that players seek in: made once as a file, kept for as long as somebody may still be watching.

One that is downloaded is sent as it is made and kept nowhere.
"""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from tempfile import NamedTemporaryFile

import orjson

from ingest.video.clip import Clip, LongClip
from ingest.video.masked_clip import masked_chunks, write_masked
from storage.mask_pixels import Corners
from storage.sayings import Saying
from web.errors import Unavailable
from web.masked_folder import forget_masked_clips

AT_ONCE = 2
"""Each takes a core."""
_PATIENCE_S = 60.0
_BUSY = Saying("Several clips are being masked already. Try again in a minute.")
_PIECE = 1 << 18


@dataclass(frozen=True)
class MadeClip:
    """A file that is complete."""

    path: Path
    head: bytes
    """Tells it from any other."""

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def chunks(self, first: int = 0, stop: int | None = None) -> Iterator[bytes]:
        left = (self.size if stop is None else stop) - first
        with self.path.open("rb") as file:
            file.seek(first)
            while left > 0 and (piece := file.read(min(_PIECE, left))):
                left -= len(piece)
                yield piece


@dataclass
class MaskedClips:
    """In a folder of its own; several processes may share it."""

    folder: Path
    _slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE))
    _making: dict[str, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def made(self, clip: Clip | LongClip, polygons: Sequence[Corners], now: datetime) -> MadeClip:
        """Waits for it where somebody else makes the same. Raises StoreError, and Unavailable where many are made."""
        head = clip.head + orjson.dumps(polygons)
        name = hashlib.sha256(head).hexdigest()
        path = self.folder / f"{name}.mp4"
        with self._one_at_a_time(name):
            if not path.exists():
                self._make(clip, polygons, path, now)
        return MadeClip(path, head)

    def streamed(self, clip: Clip | LongClip, polygons: Sequence[Corners]) -> Iterator[bytes]:
        """As it is made. Raises Unavailable at once where many are made."""
        self._take_slot()
        body = self._streaming(clip, polygons)
        return chain([next(body, b"")], body)  # begun, so that its slot comes back also if nobody reads on

    def _streaming(self, clip: Clip | LongClip, polygons: Sequence[Corners]) -> Iterator[bytes]:
        try:
            yield from masked_chunks(clip, polygons)
        finally:
            self._slots.release()

    def _make(self, clip: Clip | LongClip, polygons: Sequence[Corners], path: Path, now: datetime) -> None:
        self._take_slot()
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            forget_masked_clips(self.folder, now)
            with NamedTemporaryFile(dir=self.folder, suffix=".coming", delete=False) as coming:
                write_masked(clip, polygons, Path(coming.name))
            Path(coming.name).rename(path)
        finally:
            self._slots.release()

    def _take_slot(self) -> None:
        if not self._slots.acquire(timeout=_PATIENCE_S):
            raise Unavailable(_BUSY)

    @contextmanager
    def _one_at_a_time(self, name: str) -> Iterator[None]:
        with self._lock:
            lock = self._making.setdefault(name, threading.Lock())
        with lock:
            yield
        with self._lock:
            if not lock.locked():
                self._making.pop(name, None)
