"""Times of a table, written in a format of its own (`%Y/%m/%d %H:%M`), as `datetime.strptime` reads them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

_PARTS = {"Y": "[0-9]{4}"} | dict.fromkeys("mdHMS", "[0-9]{2}")
"""In the order in which a time is made of them."""
_SOME_TIME = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)


def read_stamp(text: str, written_as: str) -> datetime:
    """Raises ValueError."""
    quick = _reader(written_as)
    return (quick and quick(text)) or datetime.strptime(text, written_as)  # noqa: DTZ007


def is_readable(written_as: str) -> bool:
    """Whether a time that is written in this format can be read by it again."""
    try:
        datetime.strptime(_SOME_TIME.strftime(written_as), written_as)  # noqa: DTZ007
    except (ValueError, re.error):  # the latter of a directive that is there twice
        return False
    return True


@cache
def _reader(written_as: str) -> Callable[[str], datetime | None] | None:
    """Of a format that has nothing but numbers between its separators: reads those of full length, sooner by far."""
    literals, directives = re.split("%(?:.|$)", written_as), re.findall("%(.|$)", written_as)
    if not {"Y", "m", "d"} <= set(directives) <= _PARTS.keys() or len(set(directives)) < len(directives):
        return None
    groups = [*(f"({_PARTS[each]})" for each in directives), ""]
    pattern = re.compile("".join(re.escape(text) + group for text, group in zip(literals, groups, strict=True)))

    def read(text: str) -> datetime | None:
        found = pattern.fullmatch(text)
        if found is None:
            return None
        numbers = dict(zip(directives, map(int, found.groups()), strict=True))
        try:
            return datetime(*(numbers.get(each, 0) for each in _PARTS))  # noqa: DTZ001
        except ValueError:
            return None  # for `strptime` to say

    return read
