"""Writes steps together with the cases that they make up, and tells what else a case's records have changed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import and_, delete, select, update
from sqlmodel import Session

from ingest.approvals.books import BOOKS, Finder
from ingest.approvals.cases import StepFacts, reckon
from ingest.approvals.ledger import Columns, Entry, rows_in_force, write_records
from ingest.approvals.records import StepRow
from ingest.approvals.statements import Change
from storage.bulk import insert_many, is_among, table_of, take_ids, update_many
from storage.models import Case, Counter, FootageLink, RecordKind, RecordRevision, Step

_BOOK = BOOKS[RecordKind.STEP]


def write_steps(session: Session, entry: Entry, changes: Sequence[Change], finder: Finder) -> None:
    """Writes the steps and reckons their cases, those they have left included."""
    rows = [row for row in rows_in_force(changes) if isinstance(row, StepRow)]
    columns = [_BOOK.columns(row, finder) for row in rows]
    old = [c.before.record_id for c in changes if c.before and c.before.record_id is not None]
    left = _cases_of(session, old)
    found = _case_ids(session, entry.source_id, {row.case for row in rows})
    ids = found | _insert_cases(session, entry, changes, columns, found, finder)
    written = [values | {"case_id": ids[row.case]} for row, values in zip(rows, columns, strict=True)]
    write_records(session, _BOOK, entry, changes, written)
    _relink(session, [c.before.record_id for c in changes if c.before and c.row])
    _reckon_again(session, {*found.values(), *left}, finder)


def mark_cases(session: Session, source_id: str, numbers: Iterable[str]) -> None:
    """Records that count for the limits of these cases have changed."""
    cases = table_of(Case)
    concerned = (cases.c.source_id == source_id, is_among(session, cases.c.number, sorted(set(numbers))))
    session.execute(update(cases).where(*concerned).values(limits_reckoned=False))


def _case_ids(session: Session, source_id: str, numbers: Iterable[str]) -> dict[str, int]:
    cases = table_of(Case)
    query = select(cases.c.number, cases.c.id).where(
        cases.c.source_id == source_id, is_among(session, cases.c.number, numbers)
    )
    return {number: case_id for number, case_id in session.execute(query)}  # noqa: C416  (rows are not pairs to mypy)


def _cases_of(session: Session, steps: Sequence[int]) -> set[int]:
    if not steps:
        return set()
    table = table_of(Step)
    return set(session.execute(select(table.c.case_id).where(is_among(session, table.c.id, steps))).scalars())


def _insert_cases(
    session: Session,
    entry: Entry,
    changes: Sequence[Change],
    columns: Sequence[Columns],
    found: dict[str, int],
    finder: Finder,
) -> dict[str, int]:
    """Cases that were not there: they are what these steps say. Returns their ids by number."""
    halls = _halls(session)
    facts: dict[str, list[StepFacts]] = defaultdict(list)
    for change, values in zip((c for c in changes if c.row), columns, strict=True):
        assert isinstance(change.row, StepRow)
        if change.row.case not in found:
            facts[change.row.case].append(_facts(change, values, halls))
    cases = table_of(Case)
    ids = dict(zip(facts, take_ids(session, cases, len(facts)), strict=True))
    rows = [
        {"id": ids[number], "source_id": entry.source_id, "number": number} | reckon(steps, finder.directory)
        for number, steps in facts.items()
    ]
    insert_many(session, cases, rows)
    return ids


def _facts(change: Change, values: Columns, halls: dict[str, str]) -> StepFacts:
    return StepFacts(
        reference=change.reference,
        kind=values["kind"],
        start=values["start"],
        end=values["end"],
        sequence=change.after.sequence,
        hall_id=halls.get(values["counter_id"] or ""),
        said=change.after.said[change.after.revision],
    )


def _halls(session: Session) -> dict[str, str]:
    counters = table_of(Counter)
    return {row[0]: row[1] for row in session.execute(select(counters.c.id, counters.c.hall_id))}


def _reckon_again(session: Session, cases: set[int], finder: Finder) -> None:
    """Writes the columns of these cases anew; one whose steps have all moved to other cases goes."""
    if not cases:
        return
    steps = _steps(session, cases)
    empty = sorted(cases - steps.keys())
    if empty:
        table = table_of(Case)
        session.execute(delete(table).where(is_among(session, table.c.id, empty)))
    rows = [{"id": case_id} | reckon(found, finder.directory) for case_id, found in sorted(steps.items())]
    update_many(session, table_of(Case), rows)


def _steps(session: Session, cases: set[int]) -> dict[int, list[StepFacts]]:
    # Tables, not classes: rows that do not pass through the ORM come three times as fast.
    steps, revisions, counters = table_of(Step), table_of(RecordRevision), table_of(Counter)
    in_force = and_(
        revisions.c.record == RecordKind.STEP,
        revisions.c.record_id == steps.c.id,
        revisions.c.revision == steps.c.revision,
    )
    query = (
        select(
            steps.c.case_id,
            steps.c.reference,
            steps.c.kind,
            steps.c.start,
            steps.c.end,
            steps.c.sequence,
            counters.c.hall_id,
            revisions.c.row,
        )
        .join(revisions, in_force)
        .outerjoin(counters, counters.c.id == steps.c.counter_id)
        .where(is_among(session, steps.c.case_id, sorted(cases)))
    )
    found: dict[int, list[StepFacts]] = defaultdict(list)
    for case_id, *facts in session.execute(query):
        found[case_id].append(StepFacts(*facts))
    return found


def _relink(session: Session, steps: Sequence[int | None]) -> None:
    """A corrected step may have other footage, and may no longer be a finding."""
    if not steps:
        return
    session.execute(
        update(FootageLink)
        .where(is_among(session, table_of(FootageLink).c.step_id, steps))
        .values(settled=False, examined=False)
        .execution_options(synchronize_session=False)
    )
