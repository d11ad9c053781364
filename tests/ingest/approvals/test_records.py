"""Records of every kind: accepted once, corrected by revisions, refused with the reason, in any order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlmodel import col, select

from ingest.approvals.acceptance import accept_batch
from ingest.approvals.books import BOOKS
from ingest.approvals.examples import example_row
from ingest.approvals.formats import read_rows
from ingest.approvals.parsing import MODELS, parse_row
from storage.bulk import table_of
from storage.database import Database
from storage.models import (
    Batch,
    Case,
    Department,
    Fee,
    ItemVersion,
    Organisation,
    Rating,
    RecordKind,
    RecordRevision,
    RejectedRow,
    Reported,
    Suspension,
)
from tests.ingest.approvals.samples import SOURCE, a_row, cases, push, steps

BESIDE_STEPS = [kind for kind in RecordKind if kind is not RecordKind.STEP]
LATER = datetime(2026, 4, 1, tzinfo=UTC)


def records(database: Database, kind: RecordKind) -> list[dict[str, Any]]:
    with database.transaction() as session:
        table = table_of(BOOKS[kind].table)
        found = session.connection().execute(table.select().order_by(table.c.reference))
        return [dict(row) for row in found.mappings()]


def revisions(database: Database, kind: RecordKind) -> list[RecordRevision]:
    query = select(RecordRevision).where(RecordRevision.record == kind).order_by(col(RecordRevision.revision))
    with database.transaction() as session:
        return list(session.exec(query))


def receive(database: Database, sequence: int, now: datetime, *rows: dict[str, Any]) -> tuple[int, int, int]:
    report = accept_batch(database, SOURCE, read_rows(rows), sequence=sequence, name="push", sha256=repr(rows), now=now)
    return report.accepted, report.duplicates, report.rejected_rows


@pytest.mark.parametrize("kind", BESIDE_STEPS)
def test_a_record_is_kept_once_and_a_correction_keeps_what_was_said_before(
    platform: Database, kind: RecordKind
) -> None:
    row = example_row(kind)
    corrected = row | _other_words(kind)
    assert receive(platform, 1, LATER, row) == (1, 0, 0)
    assert receive(platform, 2, LATER + timedelta(hours=1), row, corrected, corrected) == (1, 2, 0)
    assert receive(platform, 1, LATER, row) == (1, 0, 0), "the report of the same push again"
    (record,) = records(platform, kind)
    assert (record["revision"], record["sequence"], record["source_id"]) == (2, 2, SOURCE)
    assert (record["first_received_at"], record["received_at"]) == (LATER, LATER + timedelta(hours=1))
    said = [parse_row(revision.row | {"record": kind.value}) for revision in revisions(platform, kind)]
    assert said == [parse_row(row), parse_row(corrected)]


def _other_words(kind: RecordKind) -> dict[str, Any]:
    """A change of something that does not name the record."""
    changes: dict[RecordKind, dict[str, Any]] = {
        RecordKind.SUSPENSION: {"end": None},
        RecordKind.DELIVERY: {"way": "counter"},
        RecordKind.EXTENSION: {"days": "15"},
        RecordKind.RATING: {"level": 1},
        RecordKind.RESULT: {"decision": "refused"},
        RecordKind.ITEM: {"links": []},
    }
    return changes.get(kind, {"name": "改"})


@pytest.mark.parametrize("kind", list(RecordKind))
def test_a_wrong_record_is_refused_by_its_kind_and_the_good_ones_are_kept(
    sqlite_platform: Database, kind: RecordKind
) -> None:
    wrong = example_row(kind) | {"colour": "red"}
    assert receive(sqlite_platform, 1, LATER, wrong, example_row(kind)) == (1, 0, 1)
    with sqlite_platform.transaction() as session:
        refused = session.exec(select(RejectedRow)).one()
    assert (refused.record, refused.field, refused.line) == (kind, "colour", 1)


def test_what_is_no_kind_of_record_is_told_the_kinds(sqlite_platform: Database) -> None:
    report = push(sqlite_platform, 1, {"record": "complaint", "id": "1"})
    (refused,) = report.rejected
    assert (refused.field, refused.problem) == ("record", "complaint is not a kind of record")
    assert "suspension" in refused.remedy


def test_one_push_may_hold_records_of_all_kinds_and_names_in_it_are_found(platform: Database) -> None:
    with platform.transaction() as session:
        session.add(Department(id="market", name="市场监督管理局"))
    organisation = example_row(RecordKind.ORGANISATION) | {"code": "440604-SCJ"}
    others = [example_row(kind) | _if_it_has(kind, department="440604-SCJ", counter="2") for kind in BESIDE_STEPS]
    report = receive(platform, 1, LATER, *others, organisation, a_row(department="440604-SCJ"))
    assert report == (len(others) + 2, 0, 0)
    assert [case.department_id for case in cases(platform)] == ["market"], "by the name of the reported organisation"
    with platform.transaction() as session:
        assert session.exec(select(ItemVersion)).one().department_id == "market"
        assert session.exec(select(Rating)).one().counter_id == "cc-2"
        assert session.exec(select(Fee)).one().amount_fen == 1_000
        assert {row.department_id for row in session.exec(select(Organisation))} == {"market"}


def _if_it_has(kind: RecordKind, **values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if name in MODELS[kind].model_fields}


def test_a_back_dated_record_keeps_the_time_that_it_states_and_the_time_at_which_it_came(platform: Database) -> None:
    receive(platform, 1, LATER, example_row(RecordKind.SUSPENSION), a_row())
    (suspension,) = records(platform, RecordKind.SUSPENSION)
    assert (suspension["start"], suspension["first_received_at"]) == (datetime(2026, 3, 3, 2, tzinfo=UTC), LATER)
    assert steps(platform)[0].first_received_at == LATER


def test_a_record_may_come_before_its_case_and_a_later_one_puts_the_case_back_into_the_queue(
    platform: Database,
) -> None:
    receive(platform, 1, LATER, example_row(RecordKind.SUSPENSION))
    assert cases(platform) == []
    receive(platform, 2, LATER, a_row(), a_row(case="2026-002", step="S2"))
    with platform.transaction() as session:
        for case in session.exec(select(Case)):
            case.limits_reckoned = True
            session.add(case)
    receive(platform, 3, LATER, example_row(RecordKind.SUSPENSION) | {"case": "2026-002"})
    assert [case.limits_reckoned for case in cases(platform)] == [False, False], "the case it left, and its new one"


suspensions = st.fixed_dictionaries(
    {
        "record": st.just("suspension"),
        "id": st.sampled_from(["A", "B"]),
        "case": st.sampled_from(["C1", "C2"]),
        "reason": st.sampled_from(["hearing", "supplement"]),
        "start": st.integers(0, 3).map(lambda hour: f"2026-03-02T0{hour}:00:00Z"),
    }
)
batches = st.lists(st.lists(suspensions, min_size=1, max_size=3), min_size=1, max_size=4)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches, st.data())
def test_any_order_of_pushes_leads_to_the_same_records(
    sqlite_platform: Database, bodies: list[list[dict[str, str]]], data: st.DataObject
) -> None:
    numbered = list(enumerate(bodies, start=1))
    found = []
    for order in (numbered, data.draw(st.permutations(numbered))):
        _forget(sqlite_platform, Suspension)
        for number, rows in order:
            assert sum(receive(sqlite_platform, number, LATER, *rows)) == len(rows)
        found.append([_in_force(record) for record in records(sqlite_platform, RecordKind.SUSPENSION)])
    assert found[0] == found[1]


def _in_force(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("id", "revision")}


def _forget(database: Database, kept: type[Reported]) -> None:
    with database.transaction() as session:
        for model in (RecordRevision, kept, RejectedRow, Batch):
            session.execute(delete(model))
