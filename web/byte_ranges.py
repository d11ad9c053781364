"""The header `Range` (RFC 9110, section 14), one range of bytes at a time."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class ByteRange:
    first: int
    stop: int
    """Exclusive."""
    partial: bool
    satisfiable: bool = True


def asked_range(headers: Mapping[str, str], size: int, etag: str) -> ByteRange:
    """What to send of `size` bytes: everything when no range is asked for, or several, or of another version."""
    whole = ByteRange(0, size, partial=False)
    found = _RANGE.fullmatch(headers.get("range", "").strip())
    if not found or not (found[1] or found[2]) or headers.get("if-range", etag) != etag:
        return whole
    if not found[1]:
        first, stop = max(size - int(found[2]), 0), size
    else:
        first, stop = int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
        if found[2] and int(found[2]) < first:
            return whole  # no range at all
    if first >= stop:
        return ByteRange(first, stop, partial=True, satisfiable=False)
    return ByteRange(first, stop, partial=True)
