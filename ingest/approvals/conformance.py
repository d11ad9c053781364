"""Whether a platform's own output conforms to the standard: what its developer needs to know before sending it.

It needs no database, and reads the rows once, in any number.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import orjson

from ingest.approvals.catalogue import ContactRow, ItemRow, OperatorRow, OrganisationRow, promises_too_long
from ingest.approvals.formats import Numbered
from ingest.approvals.parsing import Read
from ingest.approvals.plain import exact
from ingest.approvals.records import StepRow, SuspensionRow
from ingest.approvals.reports import MAX_REPORTED, Rejection
from ingest.approvals.row import Row, RowError, Statement, row_of_the_past
from storage.at_counter import BY_COUNTER
from storage.models import RecordKind, StepKind
from storage.sayings import Saying

_DONE_AT_ITS_START = (StepKind.ACCEPT, StepKind.DECIDE, StepKind.CLOSE)
Hear = Callable[[int, Row, Statement], None]
"""A line, its row, and what that says."""


@dataclass
class Counts:
    """Of one kind of record."""

    rows: int = 0
    good: int = 0
    """New records."""
    corrections: int = 0
    """The same record said again in other words."""
    duplicates: int = 0
    refused: int = 0


@dataclass(frozen=True)
class Missing:
    """Something that rows name and no row tells of."""

    line: int
    """Where it is named first."""
    record: RecordKind
    field: str
    name: str
    named: int
    """How often."""


@dataclass(frozen=True)
class Conformance:
    counts: dict[str, Counts]
    """By kind of record; what names none stands under `UNKNOWN_RECORD`."""
    problems: tuple[Rejection, ...]
    """The first `MAX_REPORTED`, in the order of the rows."""
    missing: tuple[Missing, ...]
    unchecked: tuple[str, ...]
    """Kinds of records that other rows name, of which there is none at all."""
    notes: tuple[Rejection, ...]
    """What is accepted, and will be asked about; the first `MAX_REPORTED`, too. What is seen at the end stands last."""
    more_problems: int
    """How many more there are."""
    more_notes: int

    @property
    def conforms(self) -> bool:
        return not self.missing and not any(counts.refused for counts in self.counts.values())


@dataclass
class _Named:
    """Names of one sort: told of, and referred to."""

    told: set[str] = field(default_factory=set)
    referred: dict[tuple[str, RecordKind, str], list[int]] = field(default_factory=dict)
    """Line and count, by name, kind of record and field."""

    def refer(self, name: str, line: int, row: Row, where: str) -> None:
        if name:
            self.referred.setdefault((name, row.kind_of_record, where), [line, 0])[1] += 1

    def missing(self) -> Iterator[Missing]:
        for (name, record, where), (line, named) in self.referred.items():
            if name not in self.told:
                yield Missing(line, record, where, name, named)


class _First(NamedTuple):
    """The first step of a case, as far as the rows were read."""

    start: datetime
    line: int
    counter: str


@dataclass
class _Cases:
    """Which came by a counter, and whether they say which."""

    first: dict[str, _First] = field(default_factory=dict)
    channel: dict[str, str] = field(default_factory=dict)

    def take(self, line: int, row: StepRow) -> None:
        before = self.first.get(row.case)
        if before is None or row.start < before.start or (row.start == before.start and not before.counter):
            self.first[row.case] = _First(row.start, line, row.counter)
        if row.channel:
            self.channel[row.case] = row.channel

    def notes(self) -> Iterator[Rejection]:
        for case, first in self.first.items():
            if not first.counter and self.channel.get(case, "").lower() in BY_COUNTER:
                said = Saying("is missing: %(case)s came by a counter, and this is its first step", case=case)
                remedy = Saying("say at which counter; it costs points of data quality")
                yield Rejection(first.line, "counter", said, remedy)


@dataclass
class _Examination:
    now: datetime
    on_accepted: Hear
    counts: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    problems: list[Rejection] = field(default_factory=list)
    notes: list[Rejection] = field(default_factory=list)
    said: dict[tuple[RecordKind, str], tuple[int, bytes]] = field(default_factory=dict)
    """The last word about each record, and its line."""
    without_end: dict[str, int] = field(default_factory=dict)
    """Steps by which a limit begins or ends, and whose last word says no end of their own; with its line."""
    tells_ends: bool = False
    """Some steps say when they ended, so they are spans."""
    names: dict[RecordKind, _Named] = field(default_factory=lambda: defaultdict(_Named))
    """By the kind of record that tells of them; cases by their steps."""
    cases: _Cases = field(default_factory=_Cases)

    def take(self, line: int, read: Read) -> None:
        row = read if isinstance(read, RowError) else row_of_the_past(exact(read), self.now)
        counts = self.counts[row.record if isinstance(row, RowError) else row.kind_of_record]
        counts.rows += 1
        if isinstance(row, RowError):
            counts.refused += 1
            self.problems += (Rejection(line, p.field, p.problem, p.remedy) for p in row.problems)
            return
        said = row.statement()
        self._count(counts, line, row, said)
        self._names(line, row)
        self._look_closer(line, row)
        self.on_accepted(line, row, said)

    def _count(self, counts: Counts, line: int, row: Row, said: Statement) -> None:
        key, text = (row.kind_of_record, row.reference), orjson.dumps(said)
        before = self.said.get(key)
        self.said[key] = line, text
        if before is None:
            counts.good += 1
        elif before[1] == text:
            counts.duplicates += 1
        else:
            counts.corrections += 1
            self._look_for_another_case(line, row, said, before)

    def _look_for_another_case(self, line: int, row: Row, said: Statement, before: tuple[int, bytes]) -> None:
        earlier, case = before[0], orjson.loads(before[1]).get("case")
        if case != said.get("case"):
            told = Saying("%(name)s is of %(case)s in line %(line)s", name=row.reference, case=case, line=earlier)
            remedy = Saying("give each record an id that no other case has: this row takes it from that case")
            self.notes.append(Rejection(line, row.named_by[0], told, remedy))

    def _names(self, line: int, row: Row) -> None:
        if isinstance(row, StepRow):
            self.cases.take(line, row)
            self.names[RecordKind.STEP].told.add(row.case)
            self.names[RecordKind.ITEM].refer(row.item, line, row, "item")
            self.names[RecordKind.OPERATOR].refer(row.operator, line, row, "operator")
        else:
            self.names[RecordKind.STEP].refer(getattr(row, "case", ""), line, row, "case")
        if isinstance(row, ItemRow):
            self.names[RecordKind.ITEM].told.add(row.code)
        if isinstance(row, OperatorRow):
            self.names[RecordKind.OPERATOR].told.add(row.operator)
        if isinstance(row, OrganisationRow):
            self.names[RecordKind.ORGANISATION].told |= {row.code, row.name}
        if isinstance(row, StepRow | ItemRow | ContactRow | OperatorRow):
            self.names[RecordKind.ORGANISATION].refer(row.department, line, row, "department")

    def _look_closer(self, line: int, row: Row) -> None:
        if isinstance(row, StepRow):
            self.tells_ends = self.tells_ends or (row.end is not None and row.end > row.start)
            self.without_end.pop(row.reference, None)
            if row.end is None and row.kind in _DONE_AT_ITS_START:
                self.without_end[row.reference] = line
        if isinstance(row, SuspensionRow) and not row.notice_number:
            said = Saying("no written notice is reported")
            self.notes.append(Rejection(line, "notice_number", said, Saying("report its number and date")))
        if isinstance(row, ItemRow) and promises_too_long(row.legal_limit, row.promised_limit):
            said = Saying("is longer than the limit by law, which is %(legal)s", legal=row.legal_limit or 0)
            self.notes.append(Rejection(line, "promised_limit", said, Saying("promise at most that")))

    def look_back(self) -> None:
        """At what only the whole output tells."""
        if self.tells_ends:
            said = Saying("is not said, so the step counts as done when it began")
            remedy = Saying("report such a step when it is done, or report its end then as a correction")
            self.notes += (Rejection(line, "end", said, remedy) for line in self.without_end.values())


def examine(
    rows: Iterable[Numbered], now: datetime, on_accepted: Hear = lambda _line, _row, _said: None
) -> Conformance:
    """`now` is when the rows would be received; `on_accepted` hears every row that would not be refused."""
    seen = _Examination(now, on_accepted)
    for line, row in rows:
        seen.take(line, row)
    seen.look_back()
    seen.notes += seen.cases.notes()
    checked = {kind: names for kind, names in seen.names.items() if names.told}
    return Conformance(
        counts=dict(seen.counts),
        problems=tuple(seen.problems[:MAX_REPORTED]),
        missing=tuple(missing for names in checked.values() for missing in names.missing()),
        unchecked=tuple(kind for kind, names in seen.names.items() if names.referred and not names.told),
        notes=tuple(seen.notes[:MAX_REPORTED]),
        more_problems=len(seen.problems[MAX_REPORTED:]),
        more_notes=len(seen.notes[MAX_REPORTED:]),
    )
