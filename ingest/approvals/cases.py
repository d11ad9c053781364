"""A case is what its steps say: reckoned from all of them, so that their order of arrival does not matter. Pure."""

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from ingest.approvals.directory import Directory
from ingest.approvals.row import Statement
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


_moment_and_name = itemgetter(StepFacts._fields.index("start"), StepFacts._fields.index("reference"))


def reckon(steps: Iterable[StepFacts], directory: Directory) -> dict[str, Any]:
    """The columns of a case from its steps, at least one; the newest word counts where they differ."""
    by_start = sorted(steps, key=_moment_and_name)
    said: Statement = {}
    for step in _by_word(by_start):
        said |= step.said
    word = said.get
    item, department = word("item", ""), word("department", "")
    closes = [step.end for step in by_start if step.kind is StepKind.CLOSE]
    return {
        "item_code": item,
        "item_name": word("item_name", ""),
        "department_id": directory.department(department, item),
        "department_name": department,
        "hall_id": next((step.hall_id for step in by_start if step.hall_id), directory.hall_id),
        "applicant": word("applicant", ""),
        "channel": word("channel", ""),
        "opened_at": by_start[0].start,
        "closed_at": max(closes) if closes else _moment(word("closed")),
        "due_at": _moment(word("due")),
        "stamps_compared": False,
        "limits_reckoned": False,
    }


def _by_word(by_start: list[StepFacts]) -> list[StepFacts]:
    """The newest word last."""
    first = by_start[0].sequence
    if all(step.sequence == first for step in by_start):
        return by_start
    return sorted(by_start, key=lambda step: -1 if step.sequence is None else step.sequence)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
