"""Whether rows and bytes agree: what the index says against what spool and store hold. Changes nothing, unless it is
asked to bring back what somebody has put other bytes over."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, IntEnum
from pathlib import Path

from sqlalchemy import select, tuple_
from sqlmodel import col

from ingest.video.losses import segment_start
from storage.database import Database
from storage.deletions import ordered
from storage.models import Location, Segment
from storage.objects import ObjectMissing, ObjectStore, StoreError, first_line

_ROWS_AT_ONCE = 500
_READERS = 4
_BLOCK = 1 << 22


class Depth(IntEnum):
    """How closely it is looked; each includes those before."""

    ROWS = 1  # is there an object for each row, and a row for each object?
    SIZES = 2  # has it the size of its row?
    HASHES = 3  # have its bytes the SHA-256 of its row?


class Fault(Enum):
    """What does not agree."""

    NO_BYTES = "no_bytes"
    NOT_HERE = "not_here"  # the spool of another machine may have them
    NO_ROW = "no_row"
    WRONG_SIZE = "wrong_size"
    WRONG_HASH = "wrong_hash"
    COVERED = "covered"  # the store has kept the right bytes below others
    UNCOVERED = "uncovered"  # and they are on top again
    UNREADABLE = "unreadable"  # store or disk has them and does not give them


@dataclass(frozen=True, slots=True)
class Disagreement:
    key: str
    fault: Fault
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    key: str
    size: int
    sha256: str
    location: Location


_Listed = dict[str, dict[str, int]]
"""Sizes by key, by folder."""


class Check:
    """One run. `rows` counts as it goes."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        spool: Path,
        depth: Depth,
        camera_id: str = "",
        *,
        is_recorders: bool = True,
        uncovers: bool = False,
    ) -> None:
        """`is_recorders`: this is the recorder's spool, so what the store does not have lies here or nowhere.
        `uncovers`: of an object over which others were put, what the store has kept is brought back."""
        self._database, self._store, self._spool, self._depth = database, store, spool, depth
        self._camera_id, self._is_recorders, self._uncovers = camera_id, is_recorders, uncovers
        self.rows = 0

    def run(self, progress: Callable[[int], None] = lambda _rows: None) -> Iterator[Disagreement]:
        """Every disagreement as it is found. Raises StoreError, where more than one object cannot be read, and
        SQLAlchemyError."""
        listed: _Listed = {}
        with ThreadPoolExecutor(_READERS, "fsck") as readers:
            for rows in self._batches():
                listed = self._listings(rows, listed)
                for found in readers.map(lambda row: self._look(row, listed), rows):  # noqa: B023 (used up in the loop)
                    if found is not None:
                        yield found
                self.rows += len(rows)
                progress(self.rows)
        yield from self._without_row()

    def _batches(self) -> Iterator[list[_Row]]:
        """By camera and time, as the keys are sorted."""
        camera, sequence = col(Segment.camera_id), col(Segment.sequence)
        after = ("", -1)
        query = select(
            col(Segment.id),
            col(Segment.key),
            col(Segment.size),
            col(Segment.sha256),
            col(Segment.location),
            camera,
            sequence,
        ).order_by(camera, sequence)
        if self._camera_id:
            query = query.where(camera == self._camera_id)
        while True:
            page = query.where(tuple_(camera, sequence) > after).limit(_ROWS_AT_ONCE)
            with self._database.transaction() as session:
                rows = session.execute(page).all()
            if not rows:
                return
            after = rows[-1][5], rows[-1][6]
            yield [_Row(row[0] or 0, *row[1:5]) for row in rows]

    def _listings(self, rows: list[_Row], before: _Listed) -> _Listed:
        """What the store holds, for each folder of these rows: one listing instead of a request for each row."""
        folders = {_folder(row.key) for row in rows if row.location is Location.STORED}
        return {f: before.get(f) or dict(self._store.sizes(f)) for f in sorted(folders)}

    def _look(self, row: _Row, listed: _Listed) -> Disagreement | None:
        """One that cannot be read keeps nobody from looking at the others."""
        try:
            return self._compare(row, listed)
        except OSError as error:
            return Disagreement(row.key, Fault.UNREADABLE, error.strerror or str(error))
        except StoreError as error:
            self._store.check()  # raises when the whole store is away
            return Disagreement(row.key, Fault.UNREADABLE, first_line(error))

    def _compare(self, row: _Row, listed: _Listed) -> Disagreement | None:
        if row.location is Location.SPOOL and not (self._spool / row.key).exists():
            return self._look_elsewhere(row)
        if row.location is Location.STORED and row.key not in listed[_folder(row.key)]:
            # It may have been uploaded after the listing.
            if self._store.size(row.key) is None and self._still_says(row):
                return Disagreement(row.key, Fault.NO_BYTES)
            return None
        if self._depth < Depth.SIZES:
            return None
        size = self._size(row, listed)
        if size != row.size:
            return self._other_bytes(row, Fault.WRONG_SIZE, f"{size} bytes, its row says {row.size}")
        if self._depth < Depth.HASHES:
            return None
        digest = self._hash(row)
        if digest != row.sha256:
            return self._other_bytes(row, Fault.WRONG_HASH, f"{digest}, its row says {row.sha256}")
        return None

    def _other_bytes(self, row: _Row, fault: Fault, detail: str) -> Disagreement | None:
        if not self._still_says(row):
            return None
        if row.location is Location.STORED:
            if self._uncovers and self._store.uncover(row.key, row.sha256):
                fault = Fault.UNCOVERED
            elif self._store.is_covered(row.key, row.sha256):
                fault = Fault.COVERED
        return Disagreement(row.key, fault, detail)

    def _look_elsewhere(self, row: _Row) -> Disagreement | None:
        """Its file is not in this spool: it may have been uploaded just now."""
        if self._store.size(row.key) == row.size or not self._still_says(row):
            return None
        return Disagreement(row.key, Fault.NO_BYTES if self._is_recorders else Fault.NOT_HERE)

    def _still_says(self, row: _Row) -> bool:
        """Retention may have taken the segment away while we looked."""
        with self._database.transaction() as session:
            found = session.execute(select(col(Segment.location)).where(col(Segment.id) == row.id)).scalar()
        return found is row.location

    def _size(self, row: _Row, listed: _Listed) -> int | None:
        if row.location is Location.STORED:
            return listed[_folder(row.key)][row.key]
        path = self._spool / row.key
        return path.stat().st_size if path.exists() else None

    def _hash(self, row: _Row) -> str:
        digest, offset = hashlib.sha256(), 0
        while offset < row.size:
            try:
                data = self._read(row, offset)
            except (ObjectMissing, FileNotFoundError):
                return "nothing"
            if not data:
                break
            digest.update(data)
            offset += len(data)
        return digest.hexdigest()

    def _read(self, row: _Row, offset: int) -> bytes:
        if row.location is Location.STORED:
            return self._store.read(row.key, offset, _BLOCK)
        with (self._spool / row.key).open("rb") as file:
            file.seek(offset)
            return file.read(_BLOCK)

    def _without_row(self) -> Iterator[Disagreement]:
        batch: list[str] = []
        for key in self._store.keys(f"{self._camera_id}/" if self._camera_id else ""):
            if segment_start(key) is not None:
                batch.append(key)
            if len(batch) == _ROWS_AT_ONCE:
                yield from self._rowless(batch)
                batch = []
        yield from self._rowless(batch)

    def _rowless(self, keys: list[str]) -> list[Disagreement]:
        with self._database.transaction() as session:
            known = set(session.execute(select(col(Segment.key)).where(col(Segment.key).in_(keys))).scalars())
            known |= ordered(session, keys)  # about to go, and in the ledger for that
        return [Disagreement(key, Fault.NO_ROW) for key in keys if key not in known]


def _folder(key: str) -> str:
    return key.rpartition("/")[0] + "/"
