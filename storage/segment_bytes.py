"""The bytes of one segment's file, wherever it lies."""

from pathlib import Path

from storage.models import Segment
from storage.objects import ObjectCut, ObjectStore, StoreError, validated_key

PART = ".part"
"""Ends the name of a segment's file while it grows."""


def read_segment(spool: Path, store: ObjectStore, segment: Segment, offset: int, length: int | None) -> bytes:
    """As many as its row says there are. Raises ObjectMissing, ObjectCut or another StoreError, with the key."""
    try:
        data = _read(spool, store, segment.key, offset, length)
        left = max(segment.size - offset, 0)
        if len(data) < (left if length is None else min(length, left)):
            raise ObjectCut(f"{segment.key} ends at {offset + len(data)}, its row says {segment.size}")
    except StoreError as error:
        error.key = segment.key
        raise
    return data


def _read(spool: Path, store: ObjectStore, key: str, offset: int, length: int | None) -> bytes:
    path = spool / validated_key(key)
    # One that is being written gets its own name when it is complete, perhaps just now.
    for name in (path, path.with_name(path.name + PART), path):
        try:
            with name.open("rb") as file:
                file.seek(offset)
                return file.read(-1 if length is None else length)
        except FileNotFoundError:
            continue
    return store.read(key, offset, length)
