"""Writes steps together with the cases that they make up, and tells what else a case's records have changed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlmodel import Session

from ingest.approvals.books import BOOKS, Finder
from ingest.approvals.cases import CaseSaid, StepFacts, case_columns, found_columns, said_of_case
from ingest.approvals.late_entries import is_late, late_entry
from ingest.approvals.ledger import Entry, rows_in_force, write_records
from ingest.approvals.plain import PlainStep, plain
from ingest.approvals.records import StepRow
from ingest.approvals.statements import Change
from ingest.approvals.step_columns import MadeSteps, NewSteps, new_columns
from storage.bulk import insert_columns, insert_many, inserting, is_among, table_of, take_ids, update_columns
from storage.copying import Columns
from storage.models import (
    Card,
    Case,
    Counter,
    FootageLink,
    LateEntry,
    RecordKind,
    RecordRevision,
    Step,
    SupervisionOrder,
)

_BOOK = BOOKS[RecordKind.STEP]


Told = tuple[PlainStep, int | None]
"""A step in force, and the newest numbered batch that spoke of it."""


def write_steps(
    session: Session,
    entry: Entry,
    new: Sequence[PlainStep],
    changes: Sequence[Change],
    finder: Finder,
) -> None:
    """Writes the new steps and all other changes, and reckons their cases, those they have left included."""
    written = new_columns(new)
    told = [(plain(change.row), change.after.sequence) for change in changes if change.row]
    left = _cases_of(session, [c.before.record_id for c in changes if c.before and c.before.record_id is not None])
    numbers = {*written.cases, *(step.case for step, _ in told)}
    found = _case_ids(session, entry.source_id, numbers)
    others = sorted(numbers - found.keys())
    ids = _with_new(session, found, others)
    halls = _halls_by_name(session, {*written.counters, *(step.said.get("counter", "") for step, _ in told)}, finder)
    # What changes leave of a case is read once they are written; new steps only add to what is there.
    before = {} if changes else _steps(session, set(found.values()))
    with _inserting_steps(session, entry, written, ids, finder):
        facts = _facts(new, written, told, entry, halls)
        cases = _new_cases(entry, others, ids, [said_of_case(facts[number]) for number in others], finder)
        grown = {case_id: before.get(case_id, []) + facts[number] for number, case_id in found.items()}
        again = {} if changes else _reckoned(grown, finder)
    insert_columns(session, table_of(Case), cases)
    update_columns(session, table_of(Case), again)
    if changes:
        _write_changes(session, entry, changes, ids, finder)
        _reckon_again(session, entry, {*found.values(), *left}, finder)


def write_made_steps(
    session: Session, entry: Entry, made: MadeSteps, finder: Finder, read_on: Callable[[], None]
) -> None:
    """The same of steps of a file, each of which is new. PostgreSQL alone; `read_on` is called once it has long to do.

    Raises UniqueViolation if one is not new.
    """
    found = _case_ids(session, entry.source_id, made.told.numbers)
    new = made.told.some([at for at, number in enumerate(made.told.numbers) if number not in found])
    ids = _with_new(session, found, new.numbers)
    before = _steps(session, set(found.values()))
    halls = _halls_by_name(session, set(made.counters), finder)
    with _inserting_steps(session, entry, made.columns(), ids, finder):
        read_on()
        known = ([hall for each in counters if (hall := halls[each])] for counters in new.counters)
        cases: Columns = {
            "id": [ids[number] for number in new.numbers],
            "source_id": [entry.source_id] * len(new.numbers),
            **new.columns(),
            **found_columns(new.items, new.departments, known, finder.directory),
        }
        for said, kind, start, end, _ in made.plain_of(found.keys()):
            facts = StepFacts(said["step"], kind, start, end, None, halls[said.get("counter", "")], said)
            before[ids[said["case"]]].append(facts)
        again = _reckoned(before, finder)
    insert_columns(session, table_of(Case), cases)
    update_columns(session, table_of(Case), again)


def _with_new(session: Session, found: dict[str, int], others: Sequence[str]) -> dict[str, int]:
    """The ids of cases by their number, with new ones for the others."""
    return found | dict(zip(others, take_ids(session, table_of(Case), len(others)), strict=True))


def _new_cases(
    entry: Entry, numbers: Sequence[str], ids: dict[str, int], said: Sequence[CaseSaid], finder: Finder
) -> Columns:
    if not numbers:
        return {}
    return {
        "id": [ids[number] for number in numbers],
        "source_id": [entry.source_id] * len(numbers),
        "number": list(numbers),
        **case_columns(said, finder.directory),
    }


def _write_changes(
    session: Session, entry: Entry, changes: Sequence[Change], cases: dict[str, int], finder: Finder
) -> None:
    rows = [row for row in rows_in_force(changes) if isinstance(row, StepRow)]
    columns = [_BOOK.columns(row, finder) | {"case_id": cases[row.case]} for row in rows]
    write_records(session, _BOOK, entry, changes, columns)
    _relink(session, [c.before.record_id for c in changes if c.before and c.row])


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


def _facts(
    new: Sequence[PlainStep], written: NewSteps, changed: Iterable[Told], entry: Entry, halls: dict[str, str | None]
) -> dict[str, list[StepFacts]]:
    """By the number of their case. `halls`: by the counter, as reported."""
    facts: dict[str, list[StepFacts]] = defaultdict(list)
    for case, counter, (said, kind, start, end, _) in zip(written.cases, written.counters, new, strict=True):
        facts[case].append(StepFacts(said["step"], kind, start, end, entry.sequence, halls[counter], said))
    for (said, kind, start, end, _), sequence in changed:
        hall_id = halls[said.get("counter", "")]
        facts[said["case"]].append(StepFacts(said["step"], kind, start, end, sequence, hall_id, said))
    return facts


def _halls_by_name(session: Session, names: Iterable[str], finder: Finder) -> dict[str, str | None]:
    halls = _halls(session)
    return {name: halls.get(finder.counters.find(name) or "") for name in names}


@contextmanager
def _inserting_steps(
    session: Session, entry: Entry, new: NewSteps, cases: dict[str, int], finder: Finder
) -> Iterator[None]:
    """Steps of which nothing was said before, and what was said of them now; see `inserting`."""
    count = len(new.cases)
    ids = take_ids(session, table_of(Step), count)
    counters = {name: finder.counters.find(name) for name in set(new.counters)}
    # What all have in common stands together, and is written as one.
    same: Columns = {"revision": [1] * count, "received_at": [entry.now] * count}
    steps: Columns = {
        "source_id": [entry.source_id] * count,
        "sequence": [entry.sequence] * count,
        "first_received_at": [entry.now] * count,
        "id": ids,
        "case_id": [cases[number] for number in new.cases],
        "counter_id": [counters[name] for name in new.counters],
    }
    revisions: Columns = {
        "record": [RecordKind.STEP] * count,
        "batch_id": [entry.batch_id] * count,
        "record_id": ids,
    }
    with inserting(session, table_of(Step), same | steps | new.columns):
        yield
    insert_columns(session, table_of(RecordRevision), same | revisions | new.revisions)
    if _says_entered(new):
        _insert_late_entries(session, entry, dict(zip(ids, new.cases, strict=True)))


def _says_entered(new: NewSteps) -> bool:
    """Most platforms do not: then nothing is looked for."""
    said = (each for column in new.revisions.values() for each in column)
    return any((b"entered" if isinstance(each, bytes) else "entered") in each for each in said)


def _insert_late_entries(session: Session, entry: Entry, cases: Mapping[int, str]) -> None:
    """Of steps that have been written just now, by their ids: what holds of them is their first word."""
    steps = table_of(Step).c
    query = select(steps.id, steps.operator, steps.end, steps.entered).where(
        is_among(session, steps.id, list(cases)), steps.entered > steps.end, steps.operator != ""
    )
    rows = [
        late_entry(step_id, 1, entry.batch_id, entry.source_id, cases[step_id], operator, end, entered)
        for step_id, operator, end, entered in session.execute(query)
        if is_late(end, entered)
    ]
    insert_many(session, table_of(LateEntry), rows)


def _halls(session: Session) -> dict[str, str]:
    counters = table_of(Counter)
    return {row[0]: row[1] for row in session.execute(select(counters.c.id, counters.c.hall_id))}


def _reckon_again(session: Session, entry: Entry, cases: set[int], finder: Finder) -> None:
    """Writes the columns of these cases anew."""
    if not cases:
        return
    steps = _steps(session, cases)
    _empty(session, entry, cases - steps.keys())
    update_columns(session, table_of(Case), _reckoned(steps, finder))


def _reckoned(steps: dict[int, list[StepFacts]], finder: Finder) -> Columns:
    """The columns of these cases."""
    if not steps:
        return {}
    ids = sorted(steps)
    return {"id": ids, **case_columns([said_of_case(steps[case_id]) for case_id in ids], finder.directory)}


def _empty(session: Session, entry: Entry, cases: set[int]) -> None:
    """All their steps have moved to other cases: who was told of a card or an order still finds what it was about.

    Of such a case nothing is awaited any more; one about which nobody was told anything goes.
    """
    if not cases:
        return
    table = table_of(Case)
    of_these = is_among(session, table.c.id, sorted(cases))
    told = or_(
        *(exists().where(other.c.case_id == table.c.id) for other in (table_of(Card), table_of(SupervisionOrder)))
    )
    session.execute(delete(table).where(of_these, ~told))
    over = {"due_at": None, "closed_at": func.coalesce(table.c.closed_at, entry.now), "limits_reckoned": False}
    session.execute(update(table).where(of_these).values(over))


def _steps(session: Session, cases: set[int]) -> defaultdict[int, list[StepFacts]]:
    # Tables, not classes: rows that do not pass through the ORM come three times as fast.
    found: defaultdict[int, list[StepFacts]] = defaultdict(list)
    if not cases:
        return found
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
