"""The store is asked to do what footage needs of it, and to fail at what it must not do."""

import shutil
from pathlib import Path

from storage.folder_store import FolderStore
from storage.models import StoreVerdict
from storage.objects import ObjectStore
from storage.s3_store import S3Store
from storage.self_test import examine_store
from tests.servers import free_port


def left(store: ObjectStore) -> list[str]:
    return list(store.keys(""))


def test_a_store_that_cannot_lock_is_written_read_and_compared(store: ObjectStore) -> None:
    found = examine_store(store)
    assert (found.verdict, found.ok) == (StoreVerdict.NO_LOCK, True)
    assert left(store) == []


def test_a_locked_object_withstands_its_deletion(locking_store: S3Store) -> None:
    found = examine_store(locking_store)
    assert (found.verdict, found.ok) == (StoreVerdict.LOCK_HELD, True)
    listing = locking_store._client.list_objects(locking_store.bucket, recursive=True, include_version=True)
    assert list(listing) == []


def test_a_lock_that_holds_nothing_is_found_out(locking_store: S3Store) -> None:
    class Careless(S3Store):
        """As a server that says yes to every lock and forgets it."""

        def lock(self, key: str) -> None:
            super().lock(key)
            self.unlock(key)

    careless = Careless.__new__(Careless)
    careless.__dict__ = locking_store.__dict__
    found = examine_store(careless)
    assert (found.verdict, found.ok) == (StoreVerdict.LOCK_BROKEN, False)
    assert left(locking_store) == []


def test_a_store_that_is_away_fails_with_the_reason() -> None:
    away = S3Store(f"127.0.0.1:{free_port()}", "segments", "key", "secret-key", secure=False)
    found = examine_store(away)
    assert (found.verdict, found.ok) == (StoreVerdict.FAILED, False)
    assert "cannot be reached" in found.detail


def test_a_folder_that_returns_other_bytes_fails(tmp_path: Path) -> None:
    class Forgetful(FolderStore):
        def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
            return b"other"

    found = examine_store(Forgetful(tmp_path / "store"))
    assert found.verdict is StoreVerdict.FAILED
    assert "other bytes" in found.detail
    shutil.rmtree(tmp_path / "store")
    assert examine_store(FolderStore(tmp_path / "store")).verdict is StoreVerdict.NO_LOCK
