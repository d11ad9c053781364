"""Departments and counters that a batch names and nobody knows here: its rows are taken, but belong to none of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ingest.approvals.books import Finder
from ingest.approvals.catalogue import OrganisationRow
from ingest.approvals.chunks import Chunk
from ingest.approvals.plain import PlainStep
from ingest.approvals.records import StepRow
from ingest.approvals.reports import NameKind, UnknownName
from ingest.approvals.row import Row
from ingest.approvals.step_columns import MadeSteps
from storage.models import RecordKind

MOST_LISTED = 200
_MOST_HELD = 10_000
"""Names; a file whose every row names another one must not fill the memory."""


@dataclass
class NamesOfBatch:
    """Counts the names that nobody knew when a chunk came; what is known by the end is left out."""

    _rows: Counter[tuple[NameKind, str]] = field(default_factory=Counter)
    _organisations: dict[str, str] = field(default_factory=dict)
    """Names by the codes that the batch itself tells."""

    def hear(self, chunk: Chunk, finder: Finder) -> None:
        self._organisations |= {
            row.code: row.name
            for row in chunk.others.get(RecordKind.ORGANISATION, ())
            if isinstance(row, OrganisationRow)
        }
        found: Counter[tuple[NameKind, str]] = Counter()
        if isinstance(chunk.steps, MadeSteps):
            found.update(_of_made_steps(chunk.steps))
        else:
            found.update(_of_steps(chunk.steps))
        for rows in chunk.others.values():
            found.update(_of_others(rows))
        for name, count in found.items():
            if not _is_known(*name, finder) and (name in self._rows or len(self._rows) < _MOST_HELD):
                self._rows[name] += count

    def __bool__(self) -> bool:
        return bool(self._rows)

    def unknown(self, finder: Finder) -> tuple[UnknownName, ...]:
        """The most frequent first."""
        left = (
            UnknownName(kind, name, rows)
            for (kind, name), rows in self._rows.most_common()
            if not _is_known(kind, name, finder) and not self._is_told(kind, name, finder)
        )
        return tuple(each for _, each in zip(range(MOST_LISTED), left, strict=False))

    def _is_told(self, kind: NameKind, name: str, finder: Finder) -> bool:
        """A dry run keeps no organisations."""
        told = self._organisations.get(name) if kind is NameKind.DEPARTMENT else None
        return told is not None and finder.directory.department(told) is not None


def _is_known(kind: NameKind, name: str, finder: Finder) -> bool:
    found = finder.counters.find(name) if kind is NameKind.COUNTER else finder.directory.department(name)
    return found is not None


_Counted = Iterator[tuple[NameKind, str]]


def _of_made_steps(steps: MadeSteps) -> dict[tuple[NameKind, str], int]:
    found = {(NameKind.COUNTER, name): count for name, count in Counter(steps.counters).items() if name}
    of_case = Counter(steps.cases)
    for number, department in zip(steps.told.numbers, steps.told.departments, strict=True):
        if department:
            name = NameKind.DEPARTMENT, department
            found[name] = found.get(name, 0) + of_case[number]
    return found


def _of_steps(steps: Sequence[Row | PlainStep]) -> _Counted:
    """As of steps that are made: a case has one department, the last that is said."""
    departments: dict[str, str] = {}
    of_case: Counter[str] = Counter()
    for step in steps:
        case, counter, department = _step(step)
        of_case[case] += 1
        if department:
            departments[case] = department
        if counter:
            yield NameKind.COUNTER, counter
    for case, department in departments.items():
        yield from [(NameKind.DEPARTMENT, department)] * of_case[case]


def _step(step: Row | PlainStep) -> tuple[str, str, str]:
    if isinstance(step, PlainStep):
        return step.case, step.said.get("counter", ""), step.said.get("department", "")
    assert isinstance(step, StepRow)
    return step.case, step.counter, step.department


def _of_others(rows: Sequence[Row | PlainStep]) -> _Counted:
    for row in rows:
        for kind in NameKind:
            if name := getattr(row, kind.value, ""):
                yield kind, name
