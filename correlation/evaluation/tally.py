"""Adds up what belongs to units. Pure; the order in which things are added tells nothing."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add

from correlation.evaluation.counted import LEVELS, Counted
from correlation.evaluation.places import Directory, Place, Unit
from storage.models import MarkKind

Keeps = Callable[[MarkKind, str], bool]
"""Whether such a mark is kept, by its kind and detail."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that costs points or adds some, or would if it counted."""

    kind: MarkKind
    subject_id: int
    at: datetime
    place: Place
    label: str
    counts: bool = True
    detail: str = ""
    case_id: int | None = None
    standing: str = ""
    """Of an absence."""


class Tally:
    """What was counted at each place, by the names of `Counted`, and `level_1`, `lead_48` and so on."""

    def __init__(self, keeps: Keeps = lambda _kind, _detail: True) -> None:
        self._found: defaultdict[Place, Counter[str]] = defaultdict(Counter)
        self._keeps = keeps
        self.marks: list[Mark] = []

    def add(self, place: Place, **amounts: int) -> None:
        self._found[place].update(amounts)

    def mark(self, *marks: Mark) -> None:
        """As far as they are kept."""
        self.marks += [mark for mark in marks if self._keeps(mark.kind, mark.detail)]

    def by_place(self) -> Mapping[Place, Counted]:
        return {place: _counted(amounts) for place, amounts in self._found.items()}


_COUNTED_SINCE = {"reminders": 0, "legal_days": 0, "promised_days": 0, "with_both_limits": 0}
"""Which is not to say that none was counted where a month was counted before."""


def _counted(amounts: Mapping[str, int]) -> Counted:
    levels = tuple(amounts.get(f"level_{level}", 0) for level in range(1, LEVELS + 1))
    leads = sorted((int(name[5:]), cases) for name, cases in amounts.items() if name.startswith("lead_") and cases)
    plain = {name: amount for name, amount in amounts.items() if not name.startswith(("level_", "lead_"))}
    return Counted(ratings=levels, leads=tuple(leads), entered=(), **{**_COUNTED_SINCE, **plain})


def by_unit(counted: Mapping[Place, Counted], site: Directory) -> dict[Unit, Counted]:
    parts: defaultdict[Unit, list[Counted]] = defaultdict(list)
    for place, each in counted.items():
        for unit in site.units(place):
            parts[unit].append(each)
    return {unit: _sum(parts[unit]) for unit in sorted(parts)}


def _sum(parts: Iterable[Counted]) -> Counted:
    return reduce(add, parts)
