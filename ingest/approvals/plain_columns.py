"""Many plain steps at once, a column at a time: that costs a third of what one after the other does."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from operator import itemgetter, lt
from typing import Any, NamedTuple

import orjson

from ingest.approvals.fields import EARLIEST, LATEST
from ingest.approvals.plain import FIELDS, KINDS, SHORT, TIMES, PlainStep
from ingest.approvals.records import StepRow
from ingest.approvals.row import Statement, required
from storage.models import RecordKind, StepKind

_NEEDED = frozenset(required(StepRow))


class PlainColumns(NamedTuple):
    """Plain steps, a column at a time."""

    said: Sequence[Statement]
    kinds: Sequence[StepKind]
    starts: Sequence[datetime]
    ends: Sequence[datetime]
    entered: Sequence[datetime | None]

    @staticmethod
    def of(steps: Sequence[PlainStep]) -> "PlainColumns":
        """At least one."""
        return PlainColumns(*zip(*steps, strict=True))

    def steps(self) -> list[PlainStep]:
        return list(map(PlainStep._make, zip(*self, strict=True)))

    def some(self, first: int, end: int | None = None) -> "PlainColumns":
        said, kinds, starts, ends, entered = self
        here = slice(first, end)
        return PlainColumns(said[here], kinds[here], starts[here], ends[here], entered[here])

    def stated_at(self) -> datetime:
        """The last moment at which any of it happened."""
        return max(chain(self.ends, filter(None, self.entered)))


def plain_steps(rows: Sequence[object]) -> list[PlainStep] | None:
    """What `plain_step` makes of each of these rows; None unless it takes every one of them."""
    found = plain_columns(rows)
    return None if found is None else found.steps()


def plain_columns(rows: Sequence[object], *, are_mine: bool = False) -> PlainColumns | None:
    """The same. `are_mine`: nobody else has these rows, so that they may become what they say."""
    if not all(isinstance(row, dict) for row in rows):
        return None
    said: Sequence[dict[str, Any]] = rows  # type: ignore[assignment]
    names: set[str] = set().union(*said)
    if not (_NEEDED <= names <= FIELDS) or (texts := _texts(said, names)) is None:
        return None
    try:
        moments = {name: _moments([row.get(name, "") for row in said]) for name in TIMES & names}
    except (ValueError, OverflowError):
        return None
    kinds, starts = [KINDS.get(row["kind"]) for row in said], moments["start"]
    ends = [end or start for end, start in zip(moments.get("end", starts), starts, strict=True)]
    if None in kinds or any(map(lt, ends, starts)):
        return None
    has_more = "||" in texts or "record" in names
    statements = _statements(said if are_mine else [row.copy() for row in said], moments, has_more=has_more)
    return PlainColumns(statements, kinds, starts, ends, moments.get("entered", [None] * len(said)))  # type: ignore[arg-type]


def _texts(rows: Sequence[dict[str, Any]], names: set[str]) -> str | None:
    """All values, between bars; None unless all are short texts without anything to strip and the needed ones there."""
    values = list(chain.from_iterable(map(dict.values, rows)))
    try:
        texts = "|".join(("", *values, ""))
        is_whole = all(map(all, map(itemgetter(*_NEEDED), rows)))
    except (TypeError, KeyError):
        return None
    are_steps = "record" not in names or all(row.get("record", RecordKind.STEP) == RecordKind.STEP for row in rows)
    are_plain = texts.isprintable() and (" " not in texts or ("| " not in texts and " |" not in texts))
    are_short = len(texts) <= SHORT or max(map(len, values)) <= SHORT
    return texts if is_whole and are_steps and are_plain and are_short else None


def _moments(texts: Sequence[str]) -> list[Any]:
    """As `read_moment` reads them; None for an empty one. Raises ValueError and OverflowError."""
    stated = [datetime.fromisoformat(text) if text else None for text in texts]
    zones = {moment.tzinfo for moment in filter(None, stated)}
    if None in zones:
        raise ValueError(texts)
    found = stated if zones <= {UTC} else [moment and moment.astimezone(UTC) for moment in stated]
    there = list(filter(None, found))
    if there and not (min(there) >= EARLIEST and max(there) < LATEST):
        raise ValueError(texts)
    return found


def _statements(rows: Sequence[dict[str, Any]], moments: dict[str, list[Any]], *, has_more: bool) -> list[Statement]:
    """Made of these rows. `has_more`: than statements have, which leave out what is empty and which kind of record it
    is."""
    written = orjson.loads(orjson.dumps(list(moments.values()), option=orjson.OPT_UTC_Z))
    for name, times in zip(moments, written, strict=True):
        for each, time in zip(rows, times, strict=True):
            if time is not None:
                each[name] = time
    if not has_more:
        return list(rows)
    return [{name: value for name, value in each.items() if value and name != "record"} for each in rows]
