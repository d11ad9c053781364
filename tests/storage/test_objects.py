"""Both stores keep the same promises."""

import hashlib
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.folder_store import FolderStore
from storage.objects import ObjectMissing, ObjectStore, StoreError, sha256_of, validated_key
from storage.s3_store import S3Store

KEY = "cc-cam-1/2026/01/02/000001.mp4"
CONTENT = bytes(range(256)) * 40


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "segment.mp4"
    path.write_bytes(CONTENT)
    return path


def put(store: ObjectStore, source: Path, key: str = KEY) -> None:
    store.put(key, source, sha256_of(source))


def test_what_was_put_is_read_back(store: ObjectStore, source: Path) -> None:
    put(store, source)
    assert store.read(KEY) == CONTENT
    assert store.size(KEY) == len(CONTENT)


def test_a_range_is_read_without_the_rest(store: ObjectStore, source: Path) -> None:
    put(store, source)
    assert store.read(KEY, 1000, 24) == CONTENT[1000:1024]
    assert store.read(KEY, len(CONTENT) - 5) == CONTENT[-5:]
    assert store.read(KEY, 10, 0) == b""
    assert store.read(KEY, len(CONTENT) - 3, 100) == CONTENT[-3:]
    assert store.read(KEY, len(CONTENT)) == b""


def test_an_empty_object_is_an_object(store: ObjectStore, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    put(store, empty)
    assert store.size(KEY) == 0
    assert store.read(KEY) == b""


def test_a_wrong_checksum_is_refused_and_leaves_nothing(store: ObjectStore, source: Path) -> None:
    with pytest.raises(StoreError, match="has changed since its checksum was taken"):
        store.put(KEY, source, hashlib.sha256(b"other").hexdigest())
    assert store.size(KEY) is None
    assert list(store.keys("")) == []


def test_a_missing_source_is_a_store_error(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        store.put(KEY, tmp_path / "nowhere", "00" * 32)


def test_a_second_put_replaces_the_first(store: ObjectStore, source: Path) -> None:
    put(store, source)
    source.write_bytes(b"corrected")
    put(store, source)
    assert store.read(KEY) == b"corrected"


def test_a_missing_object_is_told_apart_from_a_broken_store(store: ObjectStore) -> None:
    assert store.size(KEY) is None
    with pytest.raises(ObjectMissing):
        store.read(KEY)


def test_deleting_twice_is_no_error(store: ObjectStore, source: Path) -> None:
    put(store, source)
    store.delete(KEY)
    store.delete(KEY)
    assert store.size(KEY) is None


def test_keys_are_listed_by_prefix(store: ObjectStore, source: Path) -> None:
    wanted = {"a/1/x.mp4", "a/1/y.mp4", "a/10.mp4"}
    for key in wanted | {"b/1.mp4"}:
        put(store, source, key)
    assert set(store.keys("a/")) == wanted
    assert set(store.keys("a/1")) == wanted
    assert set(store.keys("a/1/")) == {"a/1/x.mp4", "a/1/y.mp4"}
    assert set(store.keys("c/")) == set()
    size = source.stat().st_size
    assert set(store.sizes("a/1/")) == {("a/1/x.mp4", size), ("a/1/y.mp4", size)}


def test_the_check_passes_and_leaves_nothing(store: ObjectStore) -> None:
    store.check()
    assert list(store.keys("")) == []


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/./b", "a/", "a\\b", "a\nb", "x" * 1000]
)
def test_a_key_cannot_leave_the_store(store: ObjectStore, source: Path, key: str) -> None:
    with pytest.raises(StoreError, match="not an object key"):
        put(store, source, key)
    with pytest.raises(StoreError, match="not an object key"):
        store.read(key)


@given(st.text(max_size=40))
def test_a_valid_key_always_stays_below_the_root(key: str) -> None:
    try:
        validated_key(key)
    except StoreError:
        return
    assert Path("/store", key).resolve().is_relative_to("/store")
    assert Path("/store", key).resolve() != Path("/store")


def test_what_is_put_twice_has_one_name(folder_store: FolderStore, source: Path) -> None:
    """As when a recorder is killed between the store's answer and its own row."""
    for _ in range(2):
        put(folder_store, source)
    source.unlink()
    assert [path for path in folder_store.root.rglob("*") if path.is_file()] == [folder_store.root / KEY]


PUT_AND_DIE = """
import os, sys
from pathlib import Path
from storage.folder_store import FolderStore
Path.replace = lambda *_: os.kill(os.getpid(), 9)
FolderStore(Path(sys.argv[1])).put(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
"""


def test_what_a_killed_put_has_left_is_not_listed_and_cleared_a_day_later(
    folder_store: FolderStore, source: Path
) -> None:
    put(folder_store, source)
    command = [sys.executable, "-c", PUT_AND_DIE, str(folder_store.root), "a/b.mp4", str(source), sha256_of(source)]
    killed = subprocess.run(command, check=False)
    assert killed.returncode == -signal.SIGKILL
    left = [path for path in folder_store.root.rglob("*") if path.is_file()]
    assert len(left) == 2
    assert list(folder_store.keys("")) == [KEY]
    now = datetime.now(UTC)
    assert folder_store.clear_abandoned(now + timedelta(hours=23)) == 0, "it may still be coming"
    assert folder_store.clear_abandoned(now + timedelta(hours=25)) == 1
    assert [path for path in folder_store.root.rglob("*") if path.is_file()] == [folder_store.root / KEY]


@pytest.mark.parametrize("left", ["check/0123456789abcdef", "check/lock-0123456789abcdef"])
def test_what_a_killed_test_has_left_goes_a_day_later_locked_or_not(
    folder_store: FolderStore, locking_store: S3Store, source: Path, left: str
) -> None:
    stores: tuple[ObjectStore, ...] = (folder_store, locking_store)
    for store in stores:
        footage = "check/2026/01/02/000001-000000001.mp4"  # of a camera of that name
        for key in (left, footage):
            put(store, source, key)
        if store.can_lock():
            store.lock(left)
        now = datetime.now(UTC)
        assert store.clear_abandoned(now + timedelta(hours=23)) == 0, "it may still be going on"
        assert store.clear_abandoned(now + timedelta(hours=25)) == 1
        assert list(store.keys("")) == [footage]


def test_where_nothing_was_abandoned_nothing_is_cleared(store: ObjectStore, source: Path) -> None:
    now = datetime.now(UTC) + timedelta(days=2)
    assert store.clear_abandoned(now) == 0
    put(store, source)
    assert store.clear_abandoned(now) == 0
    assert store.read(KEY) == CONTENT


def test_a_folder_that_is_a_file_says_what_to_check(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("not a folder")
    with pytest.raises(StoreError, match="check that the disk has room"):
        FolderStore(tmp_path / "store").check()
