"""What tables keep of steps of which nothing was said before, a column at a time."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Dialect

from ingest.approvals.plain import PlainStep
from storage.bulk import table_of
from storage.copying import Column, Columns, fields_of
from storage.models import RecordRevision, Step


class Made(NamedTuple):
    """What is written of one step."""

    case: str
    counter: str
    """As reported; empty: none."""
    fields: bytes
    """Those that the step alone decides, as COPY takes them."""
    said: bytes
    """The field `row` of its first revision, as COPY takes it."""


class Ahead(NamedTuple):
    """What is done ahead of the chunk that is being written."""

    made: dict[str, Made]
    """Of some of its steps, by reference."""
    read_on: Callable[[], None]
    """Begins to read the next chunk: to be called as soon as the database has long to do."""


_OF_STEP = ("reference", "kind", "name", "operator", "counter_ref", "start", "end", "entered")


def columns_of(steps: Sequence[PlainStep]) -> Mapping[str, Column]:
    """What steps alone decide. Their case, their counter and their ids only the database tells."""
    said, kinds, starts, ends, entered = zip(*steps, strict=True)
    texts = ([each.get(name, "") for each in said] for name in ("name", "operator", "counter"))
    columns = ([each["step"] for each in said], kinds, *texts, starts, ends, entered)
    return dict(zip(_OF_STEP, columns, strict=True))


def made_of(steps: Sequence[PlainStep], dialect: Dialect) -> dict[str, Made]:
    """By the reference of the step; where two have the same one, of the last."""
    if not steps:
        return {}
    columns = columns_of(steps)
    fields = fields_of(table_of(Step), columns, dialect)
    said = fields_of(table_of(RecordRevision), {"row": [step.said for step in steps]}, dialect)
    cases = [step.said["case"] for step in steps]
    return dict(zip(columns["reference"], map(Made, cases, columns["counter_ref"], fields, said), strict=True))


class NewSteps(NamedTuple):
    """Steps of which nothing was said before, a column at a time."""

    cases: Sequence[str]
    counters: Sequence[str]
    """As reported."""
    columns: Columns
    revisions: Columns


def step_columns(steps: Sequence[PlainStep], made: dict[str, Made], dialect: Dialect) -> NewSteps:
    """From what was made already, if any was; the others of the chunk are made likewise."""
    if not steps:
        return NewSteps((), (), {}, {})
    if not made:
        of_steps = columns_of(steps)
        numbers = [step.said["case"] for step in steps]
        return NewSteps(
            numbers, of_steps["counter_ref"], dict(of_steps.items()), {"row": [step.said for step in steps]}
        )
    references = [step.said["step"] for step in steps]
    found = made | made_of([step for step, name in zip(steps, references, strict=True) if name not in made], dialect)
    cases, counters, fields, said = zip(*map(found.__getitem__, references), strict=True)
    return NewSteps(cases, counters, {_OF_STEP: fields}, {("row",): said})
