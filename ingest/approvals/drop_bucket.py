"""Files that platforms drop into a bucket, brought into the inbox's folders: `SOURCE/NAME` becomes a file there."""

import os
from datetime import datetime
from pathlib import Path

from sqlmodel import select

from ingest.approvals.inbox import MAPPING
from storage.database import Database
from storage.models import Source
from storage.objects import ObjectMissing, ObjectStore

PIECE = 8 * 1024 * 1024


def _is_file_name(name: str) -> bool:
    """How tables are read is not up to who drops them."""
    return bool(name) and name.isprintable() and not name.startswith(".") and not {*name} & {*"/\\"} and name != MAPPING


class DropBucket:
    def __init__(self, database: Database, bucket: ObjectStore, folder: Path) -> None:
        """`folder`: of the inbox."""
        self._database, self._bucket, self._folder = database, bucket, folder

    def run_once(self, _now: datetime) -> int:
        """The number of objects brought. An object goes when its file is on the disk. Raises StoreError, OSError."""
        count = 0
        for source in self._sources():
            for key in sorted(self._bucket.keys(f"{source}/")):
                name = key.removeprefix(f"{source}/")
                if _is_file_name(name) and self._bring(key, self._folder / source / name):
                    count += 1
        return count

    def _sources(self) -> list[str]:
        with self._database.transaction() as session:
            return list(session.exec(select(Source.id)))

    def _bring(self, key: str, path: Path) -> bool:
        """False while a file of that name is still to be imported."""
        if path.exists():
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}")
        try:
            self._fetch(key, unfinished)
        except ObjectMissing:
            unfinished.unlink(missing_ok=True)
            return False
        unfinished.rename(path)
        self._bucket.delete(key)
        return True

    def _fetch(self, key: str, path: Path) -> None:
        with path.open("wb") as file:
            while piece := self._bucket.read(key, file.tell(), PIECE):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
