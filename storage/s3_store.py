"""Objects in a bucket of any S3 server. The only file that knows the MinIO SDK."""

import base64
import binascii
import hashlib
import logging
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import structlog
import urllib3
from minio import Minio
from minio.datatypes import Object as StoredObject
from minio.error import InvalidResponseError, S3Error, ServerError
from minio.helpers import ObjectWriteResult
from urllib3.exceptions import HTTPError, MaxRetryError, ResponseError

from storage.objects import (
    ABANDONED_AFTER,
    PROBE,
    BytesChanged,
    ObjectMissing,
    Patience,
    StoreError,
    Verified,
    validated_key,
)
from storage.s3_refusals import Denied, NoLock, OutOfRange, no_bucket, refusal

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 5.0
_CONNECTIONS = 16
_MIN_PART = 5 * 1024 * 1024
_SHA256_HEADER = "x-amz-checksum-sha256"
_SHA256_NAME = "sha256"
"""Of the metadata: verified with the header, and kept where a server forgets that."""
_SHA256 = re.compile(r"[0-9a-f]{64}")

Result = TypeVar("Result")


class S3Store:
    """`endpoint` is host:port without a scheme. The bucket must exist."""

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        access_key: str,
        secret_key: str,
        *,
        secure: bool,
        region: str = "",
        patience: Patience = Patience.KEEPING,
    ) -> None:
        self.endpoint = endpoint
        self.bucket = bucket
        self.patience = patience
        # It logs each attempt; what came of them is said by StoreError, in words.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        self._pool = urllib3.PoolManager(
            maxsize=_CONNECTIONS,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=patience.read_s),
            retries=urllib3.Retry(
                total=patience.more_tries,
                connect=min(patience.more_tries, 1),
                backoff_factor=0.2,
                status_forcelist=[500, 502, 503, 504],
            ),
        )
        self._client = Minio(
            endpoint=endpoint,
            access_key=access_key,
            secret_key=secret_key,
            secure=secure,
            region=region or "us-east-1",  # else the SDK asks the server before every first request
            http_client=self._pool,
        )

    def put(self, key: str, source: Path, sha256: str) -> None:
        validated_key(key)
        try:
            content = source.read_bytes()  # a segment: some megabytes, in one request
        except OSError as error:
            raise StoreError(f"{source}: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise BytesChanged(source)
        self._put(key, content, sha256)

    def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        validated_key(key)
        if length == 0:
            return b""
        try:
            return self._reach(key, lambda version: self._fetch(key, offset, length, version))
        except OutOfRange:
            return b""  # as a file does past its end

    def size(self, key: str) -> int | None:
        validated_key(key)
        try:
            return self._reach(key, lambda version: self._stat(key, version)).size
        except ObjectMissing:
            self._require_bucket()  # the answer to HEAD has no body: no bucket looks like no object
            return None

    def verified(self, key: str) -> Verified | None:
        validated_key(key)
        try:
            found = self._reach(key, lambda version: self._stat(key, version))
        except ObjectMissing:
            return None
        sha256 = (found.metadata or {}).get(f"x-amz-meta-{_SHA256_NAME}", "")
        is_known = found.size is not None and _SHA256.fullmatch(sha256)
        return Verified(found.size or 0, sha256) if is_known else None

    def is_covered(self, key: str, sha256: str) -> bool:
        return self._covered(validated_key(key), sha256) is not None

    def uncover(self, key: str, sha256: str) -> bool:
        version = self._covered(validated_key(key), sha256)
        if version is None:
            return False
        was_locked = self.can_lock() and self._is_locked(key, version)
        self._put(key, self._call(lambda: self._fetch(key, 0, None, version)), sha256)
        if was_locked:
            self.lock(key)
        log.warning("object_uncovered", bucket=self.bucket, key=key, version=version)
        return True

    def delete(self, key: str) -> None:
        validated_key(key)
        if not self._is_versioned():
            self._call(lambda: self._client.remove_object(bucket_name=self.bucket, object_name=key))
            return
        for version in self._versions(key):  # without a version only a marker would be set, and the bytes would stay
            try:
                self._remove(key, version.id)
            except Denied as error:
                raise self._kept_by_bucket(key) or error from error
        if self._versions(key):
            raise StoreError(f"store {self.endpoint}: {key} is still there after its deletion")

    def keys(self, prefix: str) -> Iterator[str]:
        return (key for key, _ in self.sizes(prefix))

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        listing = self._client.list_objects(
            bucket_name=self.bucket, prefix=prefix, recursive=True, include_version=self._is_versioned()
        )
        before = None
        while (entry := self._call(lambda: next(listing, None))) is not None:
            name = entry.object_name  # the versions of one follow each other
            if name and name != before and not entry.is_dir and not entry.is_delete_marker:
                yield name, entry.size or 0
                before = name

    def check(self) -> None:
        self._require_bucket()
        key = f"check/{secrets.token_hex(8)}"
        content = key.encode()
        self._put(key, content, hashlib.sha256(content).hexdigest())
        if self.read(key) != content:
            raise StoreError(f"store {self.endpoint}: bucket {self.bucket} returns other bytes than were written")
        self.delete(key)

    def clear_abandoned(self, now: datetime) -> int:
        """Of tests: whatever else is put comes in one request, and is whole or not there."""
        before, versioned = now - ABANDONED_AFTER, self._is_versioned()
        listing = self._call(
            lambda: list(
                self._client.list_objects(
                    bucket_name=self.bucket, prefix="check/", recursive=True, include_version=versioned
                )
            )
        )
        left = {
            entry.object_name
            for entry in listing
            if entry.object_name
            and PROBE.fullmatch(entry.object_name)
            and entry.last_modified
            and entry.last_modified < before
        }
        for key in left:
            if versioned and self.can_lock():
                self.unlock(key)
            self.delete(key)
        return len(left)

    def can_lock(self) -> bool:
        try:
            self._call(lambda: self._client.get_object_lock_config(bucket_name=self.bucket))
        except NoLock:
            return False
        return True

    def lock(self, key: str) -> None:
        versions = [version.id for version in self._versions(validated_key(key)) if not version.is_marker]
        if not versions:
            raise ObjectMissing(f"{key} is not in bucket {self.bucket} of {self.endpoint}")
        for version in versions:
            self._call(partial(self._client.enable_object_legal_hold, self.bucket, key, version))

    def unlock(self, key: str) -> None:
        for version in self._versions(validated_key(key)):
            if not version.is_marker:
                self._call(partial(self._client.disable_object_legal_hold, self.bucket, key, version.id))

    def is_locked(self, key: str) -> bool:
        version = next((version.id for version in self._versions(validated_key(key)) if not version.is_marker), None)
        if version is None:
            raise ObjectMissing(f"{key} is not in bucket {self.bucket} of {self.endpoint}")
        return self._is_locked(key, version)

    def _is_locked(self, key: str, version: str) -> bool:
        try:
            return self._call(lambda: self._client.is_object_legal_hold_enabled(self.bucket, key, version))
        except NoLock:
            return False

    def lock_withstands(self) -> bool:
        key = f"check/lock-{secrets.token_hex(8)}"
        content = key.encode()
        self._put(key, content, hashlib.sha256(content).hexdigest())
        self.lock(key)
        withstood = all(self._withstands(key, version.id, content) for version in self._versions(key))
        self.unlock(key)
        self.delete(key)
        return withstood

    def close(self) -> None:
        self._pool.clear()

    def _withstands(self, key: str, version: str, content: bytes) -> bool:
        """Whatever the server answers to the deletion: what counts is whether the bytes can still be read."""
        with suppress(StoreError):
            self._remove(key, version)
        try:
            return self._call(lambda: self._fetch(key, 0, None, version)) == content
        except ObjectMissing:
            return False

    def _is_versioned(self) -> bool:
        found = self._call(lambda: self._client.get_bucket_versioning(bucket_name=self.bucket))
        return bool(found.status) and found.status != "Off"

    def _versions(self, key: str) -> list["_Version"]:
        """The newest first."""
        listing = self._call(
            lambda: list(
                self._client.list_objects(bucket_name=self.bucket, prefix=key, recursive=True, include_version=True)
            )
        )
        return [_Version(o.version_id or "null", o.is_delete_marker) for o in listing if o.object_name == key]

    def _covered(self, key: str, sha256: str) -> str | None:
        """The newest version with these bytes, unless that is what is read anyway."""
        if not self._is_versioned():
            return None
        versions = [version.id for version in self._versions(key) if not version.is_marker]
        found = next((version for version in versions if self._sha256_of(key, version) == sha256), None)
        return None if found in versions[:1] else found

    def _sha256_of(self, key: str, version: str) -> str:
        """Of its bytes: the metadata are what somebody said who put them there."""
        return hashlib.sha256(self._call(lambda: self._fetch(key, 0, None, version))).hexdigest()

    def _reach(self, key: str, ask: Callable[[str | None], Result]) -> Result:
        """Of its newest bytes, also where another than Hallwatch has deleted the object in a bucket with versions:
        that only sets a marker, and what was locked is still there."""
        try:
            return self._call(partial(ask, None))
        except ObjectMissing:
            hidden = [v.id for v in self._versions(key) if not v.is_marker] if self._is_versioned() else []
            if not hidden:
                raise
            log.warning("object_deleted_by_another", bucket=self.bucket, key=key)
            return self._call(partial(ask, hidden[0]))

    def _stat(self, key: str, version: str | None) -> StoredObject:
        return self._client.stat_object(bucket_name=self.bucket, object_name=key, version_id=version)

    def _remove(self, key: str, version: str) -> None:
        self._call(partial(self._client.remove_object, self.bucket, key, version))

    def _kept_by_bucket(self, key: str) -> StoreError | None:
        """Why a key that may delete is refused: the bucket keeps whatever is put into it for some time."""
        try:
            found = self._call(lambda: self._client.get_object_lock_config(bucket_name=self.bucket))
        except StoreError:
            return None
        if not found.duration:
            return None
        return StoreError(
            f"store {self.endpoint} does not delete {key}: bucket {self.bucket} has a default retention of "
            f"{found.duration} {found.duration_unit} ({found.mode}); take it off, or make a bucket with object lock "
            "and without one"
        )

    def _put(self, key: str, content: bytes, sha256: str) -> None:
        checksum = base64.b64encode(binascii.unhexlify(sha256)).decode()
        written = self._call(lambda: self._upload(key, content, {_SHA256_HEADER: checksum, _SHA256_NAME: sha256}))
        if not self._confirms(written, content, checksum) and hashlib.sha256(self.read(key)).hexdigest() != sha256:
            raise StoreError(f"store {self.endpoint}: {key} did not arrive unharmed; it stays in the spool")

    def _upload(self, key: str, content: bytes, metadata: dict[str, str | list[str] | tuple[str]]) -> ObjectWriteResult:
        return self._client.put_object(
            bucket_name=self.bucket,
            object_name=key,
            data=BytesIO(content),
            length=len(content),
            content_type="video/mp4",
            part_size=max(len(content), _MIN_PART),  # one request: the parts' checksums would not be the object's
            metadata=metadata,
        )

    @staticmethod
    def _confirms(written: ObjectWriteResult, content: bytes, checksum: str) -> bool:
        """Whether the server's answer proves that it has these bytes; without a proof the object is read back."""
        headers = written.http_headers
        if headers is not None and headers.get(_SHA256_HEADER) == checksum:
            return True
        return written.etag == hashlib.md5(content, usedforsecurity=False).hexdigest()

    def _fetch(self, key: str, offset: int, length: int | None, version: str | None = None) -> bytes:
        response = self._client.get_object(
            bucket_name=self.bucket, object_name=key, offset=offset, length=length or 0, version_id=version
        )
        try:
            return response.read()
        finally:
            response.close()
            response.release_conn()

    def _require_bucket(self) -> None:
        if not self._call(lambda: self._client.bucket_exists(bucket_name=self.bucket)):
            raise no_bucket(self.endpoint, self.bucket)

    def _call(self, action: Callable[[], Result]) -> Result:
        try:
            return action()
        except S3Error as error:
            raise refusal(
                error.code or "", error.message or "", error.object_name or "", self.endpoint, self.bucket
            ) from error
        except (ServerError, InvalidResponseError) as error:
            raise StoreError(f"store {self.endpoint}: {error}; is this the address of an S3 server?") from error
        except (HTTPError, OSError) as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> StoreError:
        cause = error.reason if isinstance(error, MaxRetryError) else error
        if isinstance(cause, ResponseError):
            return StoreError(f"store {self.endpoint} is in trouble ({cause}); look at that server's own log")
        reason = type(cause).__name__
        return StoreError(f"store {self.endpoint} cannot be reached ({reason}); check store.endpoint and store.secure")


@dataclass(frozen=True, slots=True)
class _Version:
    """One of an object in a bucket that keeps them all."""

    id: str
    is_marker: bool
    """It says that the object was deleted, and has no bytes."""
