"""What an S3 server's refusal means, in words."""

from storage.objects import ObjectMissing, StoreError

_WRONG_KEY = {"SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidSecurity", "AuthorizationHeaderMalformed"}
_NO_OBJECT = {"NoSuchKey", "NoSuchObject", "NoSuchVersion"}
_NO_LOCK = {
    "ObjectLockConfigurationNotFoundError",
    "NoSuchObjectLockConfiguration",
    "NoSuchObjectLegalHold",
    "NotImplemented",
}
_OUT_OF_RANGE = {"InvalidRange"}


class OutOfRange(StoreError):
    """The range starts after the object's end."""


class Denied(StoreError):
    """The key may not do it, or nobody may."""


class NoLock(StoreError):
    """The bucket was made without object lock, or the object was never locked."""


def refusal(code: str, message: str, key: str, endpoint: str, bucket: str) -> StoreError:
    """By the server's code and message; `key` is the object's."""
    if code in _NO_OBJECT:
        return ObjectMissing(f"{key} is not in bucket {bucket} of {endpoint}")
    if code in _OUT_OF_RANGE:
        return OutOfRange()
    if code in _NO_LOCK:
        return NoLock()
    if code == "NoSuchBucket":
        return no_bucket(endpoint, bucket)
    if code in _WRONG_KEY:
        return StoreError(f"store {endpoint} rejects the key; check store.access_key and store.secret_key")
    if code == "AccessDenied":
        return Denied(
            f"store {endpoint} denies access to bucket {bucket}; "
            "check store.access_key and store.secret_key and what this key may do"
        )
    return StoreError(f"store {endpoint}, bucket {bucket}: {code}: {message}")


def no_bucket(endpoint: str, bucket: str) -> StoreError:
    return StoreError(f"store {endpoint} has no bucket {bucket}; create it or correct store.bucket")
