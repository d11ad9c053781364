"""A case is what its steps say: reckoned from all of them, so that their order of arrival does not matter. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from ingest.approvals.directory import Directory
from ingest.approvals.row import Statement
from storage.copying import Columns
from storage.models import StepKind


class StepFacts(NamedTuple):
    """One step in force, as far as its case is concerned."""

    reference: str
    kind: StepKind
    start: datetime
    end: datetime
    sequence: int | None
    hall_id: str | None
    """Hall of its counter, if that is known."""
    said: Statement
    """At least its `OF_CASE`."""


OF_CASE = ("item", "item_name", "department", "applicant", "channel", "closed", "due")
"""Fields in which a step speaks of its case."""


class CaseSaid(NamedTuple):
    """What steps say of their case."""

    item: str
    item_name: str
    department: str
    applicant: str
    channel: str
    opened_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    halls: tuple[str, ...]
    """Of its steps by their start, where they are known."""


_moment_and_name = itemgetter(StepFacts._fields.index("start"), StepFacts._fields.index("reference"))


def said_of_case(steps: Iterable[StepFacts]) -> CaseSaid:
    """By its steps, at least one; the newest word counts where they differ."""
    by_start = sorted(steps, key=_moment_and_name)
    said: Statement = {}
    newest: Statement = {}
    for step in _by_word(by_start):
        if step.said is not newest:  # most say the same, often kept once
            said |= step.said
            newest = step.said
    word = said.get
    closes = [step.end for step in by_start if step.kind is StepKind.CLOSE]
    return CaseSaid(
        word("item", ""),
        word("item_name", ""),
        word("department", ""),
        word("applicant", ""),
        word("channel", ""),
        by_start[0].start,
        max(closes) if closes else _moment(word("closed")),
        _moment(word("due")),
        tuple(step.hall_id for step in by_start if step.hall_id),
    )


def case_columns(cases: Sequence[CaseSaid], directory: Directory) -> Columns:
    """What is kept of cases, at least one: as many values of each column."""
    items, _, departments, *_, halls = zip(*cases, strict=True)
    return {**own_columns(cases), **found_columns(items, departments, halls, directory)}


def own_columns(cases: Sequence[CaseSaid]) -> Columns:
    """Those that steps alone decide."""
    names = "item_code", "item_name", "department_name", "applicant", "channel", "opened_at", "closed_at", "due_at"
    return dict(zip(names, zip(*cases, strict=True), strict=False))


def found_columns(
    items: Sequence[str], departments: Sequence[str], halls: Iterable[Sequence[str]], directory: Directory
) -> Columns:
    """All others; `halls` as in `CaseSaid`."""
    return {
        "department_id": list(map(directory.department, departments, items)),
        "hall_id": [next(iter(found), directory.hall_id) for found in halls],
        "stamps_compared": [False] * len(items),
        "limits_reckoned": [False] * len(items),
    }


def _by_word(by_start: list[StepFacts]) -> list[StepFacts]:
    """The newest word last."""
    first = by_start[0].sequence
    if all(step.sequence == first for step in by_start):
        return by_start
    return sorted(by_start, key=lambda step: -1 if step.sequence is None else step.sequence)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
