"""What tables keep of steps of which nothing was said before, a column at a time."""

import marshal
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any, NamedTuple

import orjson

from ingest.approvals.cases import OF_CASE, StepFacts, own_columns, said_of_case
from ingest.approvals.plain import PlainStep, plain, plain_step
from ingest.approvals.plain_columns import PlainColumns, plain_steps
from ingest.approvals.records import StepRow
from ingest.approvals.row import Statement
from storage.bulk import table_of
from storage.copying import Column, Columns, fields_of, value_of
from storage.models import Case, RecordRevision, Step

_OF_STEP = ("reference", "kind", "name", "operator", "counter_ref", "start", "end", "entered")
_OF_CASE = ("item_code", "item_name", "department_name", "applicant", "channel", "opened_at", "closed_at", "due_at")


class NewSteps(NamedTuple):
    """Steps of which nothing was said before, a column at a time."""

    cases: Sequence[str]
    counters: Sequence[str]
    """As reported."""
    columns: Columns
    revisions: Columns


def new_columns(steps: Sequence[PlainStep]) -> NewSteps:
    if not steps:
        return NewSteps((), (), {}, {})
    found = PlainColumns.of(steps)
    columns, said = columns_of(found), found.said
    return NewSteps([each["case"] for each in said], columns["counter_ref"], dict(columns.items()), {"row": said})


def columns_of(steps: PlainColumns) -> Mapping[str, Column]:
    """What steps alone decide. Their case, their counter and their ids only the database tells."""
    said, kinds, starts, ends, entered = steps
    texts = ([each.get(name, "") for each in said] for name in ("name", "operator", "counter"))
    columns = ([each["step"] for each in said], kinds, *texts, starts, ends, entered)
    return dict(zip(_OF_STEP, columns, strict=True))


class MadeCases(NamedTuple):
    """Cases, a column at a time."""

    numbers: list[str]
    items: list[str]
    departments: list[str]
    """As reported."""
    counters: list[tuple[str, ...]]
    """As reported, of their steps by their start."""
    fields: list[bytes]
    """Those that steps alone decide, as COPY takes them."""

    def some(self, at: Sequence[int]) -> "MadeCases":
        numbers, items, departments, counters, fields = ([column[each] for each in at] for column in self._columns())
        return MadeCases(numbers, items, departments, counters, fields)

    def _columns(self) -> tuple[list[Any], ...]:
        return tuple(self)

    def columns(self) -> Columns:
        return {"number": self.numbers, _OF_CASE: self.fields}


@dataclass(frozen=True)
class MadeSteps:
    """Steps of a file, of which all is made that the database need not be asked for; so they need little memory."""

    references: list[str]
    cases: list[str]
    counters: list[str]
    """As reported."""
    fields: list[bytes]
    """Those that a step alone decides, as COPY takes them."""
    said: list[bytes]
    """The field `row` of its first revision, as COPY takes it."""
    told: "MadeCases"
    """What they say of their cases."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Millions of texts and bytes go to another process sooner than pickle takes them."""
        columns: Any = (self.references, self.cases, self.counters, self.fields, self.said, tuple(self.told))
        return _unpacked, (marshal.dumps(columns, 2),)

    def __len__(self) -> int:
        return len(self.references)

    def named_once(self) -> bool:
        return len(set(self.references)) == len(self.references)

    def columns(self) -> NewSteps:
        return NewSteps(self.cases, self.counters, {_OF_STEP: self.fields}, {("row",): self.said})

    def plain(self) -> list[PlainStep]:
        """As they were read."""
        return _read_again(self.said)

    def plain_of(self, cases: Collection[str]) -> list[PlainStep]:
        """Those of these cases."""
        return _read_again(said for said, case in zip(self.said, self.cases, strict=True) if case in cases)


@dataclass
class Making:
    """Makes them of some steps after the other."""

    _made: MadeSteps = field(default_factory=lambda: MadeSteps([], [], [], [], [], MadeCases([], [], [], [], [])))
    _facts: dict[str, list[StepFacts]] = field(default_factory=lambda: defaultdict(list))
    _words: dict[tuple[str, ...], Statement] = field(default_factory=dict)
    """What steps say of their case: mostly the same in those of one case, often in those of many."""

    def add(self, steps: PlainColumns) -> None:
        made, columns, said = self._made, columns_of(steps), steps.said
        cases = [each["case"] for each in said]
        made.references.extend(columns["reference"])
        made.cases.extend(cases)
        made.counters.extend(columns["counter_ref"])
        made.fields.extend(fields_of(table_of(Step), columns))
        made.said.extend(fields_of(table_of(RecordRevision), {"row": said}))
        counters = [counter or None for counter in columns["counter_ref"]]
        told = columns["reference"], steps.kinds, steps.starts, steps.ends, repeat(None), counters, self._of_case(said)
        for case, facts in zip(cases, map(StepFacts._make, zip(*told, strict=False)), strict=True):
            self._facts[case].append(facts)

    def _of_case(self, said: Sequence[Statement]) -> list[Statement]:
        columns = ([each.get(name, "") for each in said] for name in OF_CASE)
        return [self._words.get(words) or self._new(words) for words in zip(*columns, strict=True)]

    def _new(self, words: tuple[str, ...]) -> Statement:
        found = self._words[words] = {name: word for name, word in zip(OF_CASE, words, strict=True) if word}
        return found

    def done(self) -> MadeSteps:
        if not self._facts:
            return self._made
        said = list(map(said_of_case, self._facts.values()))
        items, _, departments, *_, counters = map(list, zip(*said, strict=True))
        fields = fields_of(table_of(Case), own_columns(said))
        return replace(self._made, told=MadeCases(list(self._facts), items, departments, counters, fields))


def _unpacked(packed: bytes) -> MadeSteps:
    references, cases, counters, fields, said, told = marshal.loads(packed)  # noqa: S302  (of a process of our own)
    return MadeSteps(references, cases, counters, fields, said, MadeCases(*told))


def _read_again(said: Iterable[bytes]) -> list[PlainStep]:
    statements = list(map(orjson.loads, map(value_of, said)))
    if not statements:
        return []
    steps = plain_steps(statements)
    return steps or [plain_step(each) or plain(StepRow.model_validate(each)) for each in statements]
