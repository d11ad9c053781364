"""Fields that a JSON object says twice: readers of JSON keep the last, and nobody would know of the first."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_NAME, _NAME_IN_BYTES = re.compile(r'"\s*:'), re.compile(rb'"\s*:')
_AFTER_NAME = ('":', '" ', '"\t', '"\n', '"\r')
"""What follows a name; sooner counted than names, and never fewer."""

Pairs = list[tuple[str, object]]


@dataclass(frozen=True)
class Repeated:
    """The first such field of each object of a push; empty where there is none."""

    of_body: str = ""
    of_rows: Mapping[int, str] = field(default_factory=dict)
    """By the row's number (1 = first)."""


def repeated_in_line(text: str, kept: int) -> str:
    """The name of a field that the object has twice, of which a reader kept so many; empty if there is none."""
    if sum(map(text.count, _AFTER_NAME)) <= kept or len(_NAME.findall(text)) <= kept:
        return ""  # most rows: the exact look takes longer than all the rest
    outermost: Pairs = []

    def last_is_outermost(pairs: Pairs) -> None:
        outermost[:] = pairs

    try:
        json.loads(text, object_pairs_hook=last_is_outermost)
    except (RecursionError, ValueError):
        return ""  # nested too deeply, or a number of thousands of digits: refused as what it is
    return _twice(outermost)


def repeated_in_push(body: bytes, rows: Sequence[object]) -> Repeated:
    """Of the body of a push, whose rows a reader of JSON gave so."""
    if len(_NAME_IN_BYTES.findall(body)) <= len(("sequence", "rows")) + sum(map(_names, rows)):
        return Repeated()
    try:
        pairs = json.loads(body, object_pairs_hook=_Pairs, parse_int=str)
    except (RecursionError, ValueError):
        return Repeated()  # as above
    said: list[object] = next((value for name, value in reversed(pairs) if name == "rows"), [])
    twice = {number: _twice(row) for number, row in enumerate(said, start=1) if isinstance(row, _Pairs)}
    return Repeated(_twice(pairs), {number: name for number, name in twice.items() if name})


class _Pairs(list[tuple[str, object]]):
    """An object as it is written; no array."""


def _twice(pairs: Pairs) -> str:
    counted = Counter(name for name, _ in pairs)
    return next((name for name, count in counted.items() if count > 1), "")


def _names(value: object) -> int:
    """How many fields it has, in itself and all that is in it."""
    if isinstance(value, dict):
        return len(value) + sum(_names(inner) for inner in value.values() if isinstance(inner, dict | list))
    return sum(map(_names, value)) if isinstance(value, list) else 0
