"""A store in a folder is told from the empty folder that is left where its share is not mounted."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.folder_store import FolderStore
from storage.objects import ObjectMissing, StoreError, sha256_of

KEY = "cam/2026/03/02/090000-1.mp4"


def put(store: FolderStore, folder: Path, key: str = KEY) -> None:
    source = folder / "source"
    source.write_bytes(b"footage")
    store.put(key, source, sha256_of(source))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    made = FolderStore(tmp_path / "share", seal=tmp_path / "store.id")
    put(made, tmp_path)
    return made


def test_a_new_folder_is_taken_and_known_again(store: FolderStore, tmp_path: Path) -> None:
    assert list(store.keys("")) == [KEY]
    again = FolderStore(tmp_path / "share", seal=tmp_path / "store.id")
    again.check()
    assert again.read(KEY) == b"footage"
    assert again.size("other") is None
    with pytest.raises(ObjectMissing):
        again.read("other")


@pytest.mark.parametrize(
    "call",
    [
        lambda store, folder: put(store, folder, "other"),
        lambda store, _: store.read(KEY),
        lambda store, _: store.size(KEY),
        lambda store, _: store.delete(KEY),
        lambda store, _: list(store.keys("")),
        lambda store, _: store.check(),
        lambda store, _: store.is_locked(KEY),
    ],
    ids=["put", "read", "size", "delete", "keys", "check", "is_locked"],
)
@pytest.mark.parametrize("instead", ["empty", "nothing", "file", "another"])
def test_whatever_lies_there_instead_is_a_store_that_is_away(
    store: FolderStore, tmp_path: Path, call: Callable[[FolderStore, Path], object], instead: str
) -> None:
    (tmp_path / "share").rename(tmp_path / "away")
    if instead == "file":
        (tmp_path / "share").touch()
    if instead in ("empty", "another"):
        (tmp_path / "share").mkdir()
    if instead == "another":
        (tmp_path / "share" / ".store").write_text("of-somebody-else")
    with pytest.raises(StoreError, match="mount it or put it back") as error:
        call(store, tmp_path)
    assert not isinstance(error.value, ObjectMissing)
    shutil.rmtree(tmp_path / "share", ignore_errors=True)
    (tmp_path / "share").unlink(missing_ok=True)
    (tmp_path / "away").rename(tmp_path / "share")
    assert store.read(KEY) == b"footage"


def test_a_store_is_taken_over_by_an_installation_that_begins(store: FolderStore, tmp_path: Path) -> None:
    other = FolderStore(tmp_path / "share", seal=tmp_path / "other.id")
    assert other.read(KEY) == b"footage"
    other.check()
    assert (tmp_path / "other.id").read_text() == (tmp_path / "store.id").read_text()


def test_another_folder_is_taken_when_the_seal_is_deleted(store: FolderStore, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "share")
    (tmp_path / "store.id").unlink()
    put(store, tmp_path)
    assert list(store.keys("")) == [KEY]
