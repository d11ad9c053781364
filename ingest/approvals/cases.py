"""A case is what its steps say: reckoned from all of them, so that their order of arrival does not matter."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, select, update
from sqlmodel import Session, col

from ingest.approvals.ledger import table
from ingest.approvals.statements import Statement
from storage.models import Case, Counter, Department, Item, Step, StepKind, StepRevision


@dataclass(frozen=True)
class Directory:
    """Departments and items by what platforms call them, read once for a batch."""

    department_ids: frozenset[str]
    departments_by_name: dict[str, str]
    item_departments: dict[str, str | None]
    hall_id: str | None
    """Of the source."""

    @staticmethod
    def load(session: Session, hall_id: str | None) -> "Directory":
        departments = session.execute(select(col(Department.id), col(Department.name))).all()
        items = session.execute(select(col(Item.code), col(Item.department_id))).all()
        return Directory(
            department_ids=frozenset(department_id for department_id, _ in departments),
            departments_by_name={name: department_id for department_id, name in departments},
            item_departments={row[0]: row[1] for row in items},
            hall_id=hall_id,
        )

    def department(self, reported: str, item_code: str) -> str | None:
        """Its id: as reported, by its name, or the item's own; None when unknown."""
        if not reported:
            return self.item_departments.get(item_code)
        return reported if reported in self.department_ids else self.departments_by_name.get(reported)


@dataclass(frozen=True, slots=True)
class StepFacts:
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
    }


def reckon_cases(session: Session, cases: Iterable[int], directory: Directory) -> None:
    """Writes the columns of these cases anew; one whose steps have all moved to other cases goes."""
    wanted = sorted(cases)
    if not wanted:
        return
    steps = _steps(session, wanted)
    empty = [case_id for case_id in wanted if case_id not in steps]
    if empty:
        session.execute(delete(Case).where(col(Case.id).in_(empty)))
    values = [{"the_id": case_id, **_named(reckon(found, directory))} for case_id, found in steps.items()]
    if values:
        cases_table = table(Case)
        columns: dict[str, Any] = {name.removeprefix("new_"): bindparam(name) for name in values[0] if name != "the_id"}
        session.execute(update(cases_table).where(cases_table.c.id == bindparam("the_id")).values(columns), values)


def _steps(session: Session, cases: list[int]) -> dict[int, list[StepFacts]]:
    # Tables, not classes: rows that do not pass through the ORM come three times as fast.
    steps, revisions, counters = table(Step).c, table(StepRevision).c, table(Counter).c
    query = (
        select(
            steps.case_id,
            steps.reference,
            steps.kind,
            steps.start,
            steps.end,
            steps.sequence,
            counters.hall_id,
            revisions.row,
        )
        .join(table(StepRevision), and_(revisions.step_id == steps.id, revisions.revision == steps.revision))
        .outerjoin(table(Counter), counters.id == steps.counter_id)
        .where(steps.case_id.in_(cases))
    )
    found: dict[int, list[StepFacts]] = defaultdict(list)
    for case_id, *facts in session.execute(query):
        found[case_id].append(StepFacts(*facts))
    return found


def _named(values: dict[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in values.items()}


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
