"""Reads and writes cases, steps and their revisions in bulk."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, update
from sqlmodel import Session, SQLModel, col

from ingest.approvals.row import Row
from ingest.approvals.statements import Change, Known
from storage.counter_names import CounterNames
from storage.models import Case, FootageLink, Step, StepRevision


def table(model: type[SQLModel]) -> Table:
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


def known_steps(session: Session, source_id: str, references: Iterable[str]) -> dict[str, Known]:
    """What has been said about these steps, all revisions."""
    steps, revisions = table(Step).c, table(StepRevision).c
    query = (
        select(
            steps.reference,
            steps.id,
            steps.case_id,
            steps.revision,
            steps.sequence,
            revisions.revision,
            revisions.row,
        )
        .join(table(StepRevision), revisions.step_id == steps.id)
        .where(steps.source_id == source_id, steps.reference.in_(list(references)))
    )
    known: dict[str, Known] = {}
    for reference, step_id, case_id, in_force, sequence, revision, said in session.execute(query):
        step = known.setdefault(reference, Known(step_id, case_id, in_force, sequence))
        step.said[revision] = said
    return known


def write_steps(
    session: Session,
    source_id: str,
    changes: Iterable[Change],
    names: CounterNames,
    *,
    batch_id: int,
    now: datetime,
) -> set[int]:
    """Writes what has changed; returns the cases that must be reckoned anew."""
    changes = list(changes)
    numbers = {change.row.case: change.row.start for change in changes if change.row}
    cases = _cases(session, source_id, numbers)
    new = [change for change in changes if change.before is None]
    old = [change for change in changes if change.before is not None]
    ids = _insert_steps(session, [_values(c, source_id, cases, names, now) for c in new])
    _update_steps(session, old, [_values(c, source_id, cases, names, now) for c in old if c.row])
    _insert_revisions(session, changes, ids, batch_id, now)
    touched = {change.before.case_id for change in old if change.before}
    return {case_id for case_id in {*cases.values(), *touched} if case_id is not None}


def _cases(session: Session, source_id: str, opened: dict[str, datetime]) -> dict[str, int]:
    """Ids of cases by number; missing ones are made, and completed when the case is reckoned."""
    found = _case_ids(session, source_id, opened)
    values = [
        {
            "source_id": source_id,
            "number": number,
            "item_code": "",
            "item_name": "",
            "department_name": "",
            "applicant": "",
            "channel": "",
            "opened_at": start,
            "stamps_compared": False,
        }
        for number, start in opened.items()
        if number not in found
    ]
    if values:
        cases = table(Case)
        written = session.execute(insert(cases).returning(cases.c.number, cases.c.id), values)
        found |= {number: case_id for number, case_id in written}  # noqa: C416
    return found


def _case_ids(session: Session, source_id: str, numbers: Iterable[str]) -> dict[str, int]:
    cases = table(Case).c
    query = select(cases.number, cases.id).where(cases.source_id == source_id, cases.number.in_(list(numbers)))
    return {number: case_id for number, case_id in session.execute(query) if case_id is not None}


def _values(
    change: Change, source_id: str, cases: dict[str, int], names: CounterNames, now: datetime
) -> dict[str, Any]:
    row: Row | None = change.row
    assert row is not None
    return {
        "case_id": cases[row.case],
        "source_id": source_id,
        "reference": change.reference,
        "revision": change.after.revision,
        "sequence": change.after.sequence,
        "kind": row.kind,
        "name": row.name,
        "operator": row.operator,
        "counter_ref": row.counter,
        "counter_id": names.find(row.counter),
        "start": row.start,
        "end": row.end or row.start,
        "received_at": now,
    }


def _insert_steps(session: Session, values: list[dict[str, Any]]) -> dict[str, int]:
    """Returns the new ids by reference."""
    steps = table(Step)
    if not values:
        return {}
    # With RETURNING, many rows go in one statement; without it, PostgreSQL gets one statement for each row.
    written = session.execute(insert(steps).returning(steps.c.reference, steps.c.id), values)
    return {reference: step_id for reference, step_id in written}  # noqa: C416  (rows are not pairs to mypy)


def _update_steps(session: Session, changes: list[Change], corrected: list[dict[str, Any]]) -> None:
    said_again = [change for change in changes if change.row is None]
    steps = table(Step)
    ids = {change.reference: change.after.step_id for change in changes}
    if said_again:
        session.execute(
            update(steps).where(steps.c.id == bindparam("step_id")).values(sequence=bindparam("newest")),
            [{"step_id": c.after.step_id, "newest": c.after.sequence} for c in said_again],
        )
    if not corrected:
        return
    columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in corrected[0]}
    session.execute(
        update(steps).where(steps.c.id == bindparam("step_id")).values(columns),
        [
            {"step_id": ids[values["reference"]], **{f"new_{name}": value for name, value in values.items()}}
            for values in corrected
        ],
    )
    _relink(session, [ids[values["reference"]] for values in corrected])


def _relink(session: Session, steps: list[int | None]) -> None:
    """A corrected step may have other footage, and may no longer be a finding."""
    session.execute(
        update(FootageLink).where(col(FootageLink.step_id).in_(steps)).values(settled=False, examined=False)
    )


def _insert_revisions(
    session: Session, changes: Iterable[Change], ids: dict[str, int], batch_id: int, now: datetime
) -> None:
    rows = [
        {
            "step_id": change.after.step_id or ids[change.reference],
            "revision": revision,
            "batch_id": batch_id,
            "row": said,
            "received_at": now,
        }
        for change in changes
        for revision, said in change.new_revisions.items()
    ]
    if rows:
        session.execute(insert(table(StepRevision)).returning(table(StepRevision).c.step_id), rows)
