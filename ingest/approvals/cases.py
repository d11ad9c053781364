"""A case is what its steps say: reckoned from all of them, so that their order of arrival does not matter. Pure."""

from collections.abc import Iterable
from datetime import datetime
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


def reckon(steps: Iterable[StepFacts], directory: Directory) -> dict[str, Any]:
    """The columns of a case from its steps, at least one; the newest word counts where they differ."""
    by_start = sorted(steps, key=lambda step: (step.start, step.reference))
    by_word = sorted(by_start, key=lambda step: -1 if step.sequence is None else step.sequence)

    def last_word(field: str) -> str:
        return next((step.said[field] for step in reversed(by_word) if field in step.said), "")

    item, department = last_word("item"), last_word("department")
    closes = [step.end for step in by_start if step.kind is StepKind.CLOSE]
    return {
        "item_code": item,
        "item_name": last_word("item_name"),
        "department_id": directory.department(department, item),
        "department_name": department,
        "hall_id": next((step.hall_id for step in by_start if step.hall_id), directory.hall_id),
        "applicant": last_word("applicant"),
        "channel": last_word("channel"),
        "opened_at": by_start[0].start,
        "closed_at": max(closes) if closes else _moment(last_word("closed")),
        "due_at": _moment(last_word("due")),
        "stamps_compared": False,
        "limits_reckoned": False,
    }


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
