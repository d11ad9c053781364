"""Batches, on both databases: nothing twice, nothing lost, in whatever order they come."""

import threading
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlmodel import select

from ingest.approvals.acceptance import SequenceConflict, UnknownSource, accept_batch
from ingest.approvals.formats import read_rows
from ingest.approvals.reports import BatchReport
from storage.database import Database
from storage.models import (
    Batch,
    Case,
    CounterAlias,
    Department,
    FootageLink,
    Item,
    Outcome,
    RecordRevision,
    RejectedRow,
    Source,
    Step,
)
from tests.ingest.approvals.samples import NOW, SOURCE, a_row, cases, facts, push, steps
from tests.sample import HALL


def utc(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 2, hour, minute, tzinfo=UTC)


def counts(report: BatchReport) -> tuple[int, int, int, int]:
    return report.rows, report.accepted, report.duplicates, report.rejected_rows


def test_good_rows_become_cases_and_steps(platform: Database) -> None:
    report = push(
        platform,
        1,
        a_row(step="S1", kind="receive", start="2026-03-02T09:00:00+08:00", end=None, applicant="王芳"),
        a_row(
            step="S2",
            kind="close",
            start="2026-03-02T10:00:00+08:00",
            end="2026-03-02T10:05:00+08:00",
            due="2026-03-09T18:00:00+08:00",
        ),
    )
    assert counts(report) == (2, 2, 0, 0)
    (case,) = cases(platform)
    assert (case.opened_at, case.closed_at, case.due_at) == (utc(1), utc(2, 5), datetime(2026, 3, 9, 10, tzinfo=UTC))
    assert (case.applicant, case.hall_id) == ("王芳", HALL)
    first, second = steps(platform)
    assert (first.end, first.counter_id, first.case_id) == (first.start, "cc-1", case.id)
    assert second.end == utc(2, 5)


def test_bad_rows_are_kept_with_their_text_and_the_good_ones_are_accepted(platform: Database) -> None:
    report = push(platform, 1, a_row(), a_row(step="S2", kind="shred", case=""), 5)
    assert counts(report) == (3, 1, 0, 2)
    assert [(r.line, r.field) for r in report.rejected] == [(2, "case"), (2, "kind"), (3, "")]
    with platform.transaction() as session:
        kept = session.exec(select(RejectedRow).order_by(RejectedRow.id)).all()  # type: ignore[arg-type]
    assert [(r.line, r.field, r.problem, r.remedy) for r in kept] == [
        (r.line, r.field, r.problem, r.remedy) for r in report.rejected
    ]
    assert '"shred"' in kept[0].raw


def test_what_has_not_happened_yet_is_refused_and_kept(platform: Database) -> None:
    report = push(platform, 1, a_row(), a_row(step="S2", start="2099-03-02T09:00:00+08:00", end=None))
    assert counts(report) == (2, 1, 0, 1)
    assert [(r.line, r.field, r.problem) for r in report.rejected] == [
        (2, "start", "lies more than a day after it was received")
    ]


def test_the_same_batch_again_gives_the_same_report_and_nothing_twice(platform: Database) -> None:
    rows = [a_row(), a_row(step="S2", kind="shred")]
    first = push(platform, 7, *rows)
    before = facts(platform)
    assert push(platform, 7, *rows) == first
    assert facts(platform) == before
    with platform.transaction() as session:
        assert len(session.exec(select(Batch)).all()) == 1


def test_another_body_under_the_same_number_is_a_conflict_and_changes_nothing(platform: Database) -> None:
    push(platform, 7, a_row())
    before = facts(platform)
    with pytest.raises(SequenceConflict, match="another body as batch 7"):
        push(platform, 7, a_row(name="改"))
    assert facts(platform) == before


def test_an_unknown_source_is_refused(platform: Database) -> None:
    with pytest.raises(UnknownSource):
        accept_batch(platform, "stranger", [], sequence=1, name="push", sha256="", now=NOW)


def test_a_batch_that_fails_in_the_middle_leaves_nothing(platform: Database) -> None:
    def rows() -> object:
        raise OSError("the connection broke")

    with pytest.raises(OSError, match="broke"):
        accept_batch(
            platform,
            SOURCE,
            (rows() for _ in range(1)),  # type: ignore[misc]
            sequence=1,
            name="push",
            sha256="",
            now=NOW,
        )
    with platform.transaction() as session:
        assert session.exec(select(Batch)).all() == []


def test_a_correction_is_a_new_revision_and_the_old_one_is_kept(platform: Database) -> None:
    push(platform, 1, a_row(operator="李敏"))
    assert counts(push(platform, 2, a_row(operator="王芳"))) == (1, 1, 0, 0)
    (step,) = steps(platform)
    assert (step.operator, step.revision) == ("王芳", 2)
    with platform.transaction() as session:
        revisions = session.exec(select(RecordRevision).order_by(RecordRevision.revision)).all()  # type: ignore[arg-type]
    assert [r.row["operator"] for r in revisions] == ["李敏", "王芳"]


def test_a_correction_puts_the_link_of_the_step_back_into_the_queue(platform: Database) -> None:
    push(platform, 1, a_row())
    (step,) = steps(platform)
    with platform.transaction() as session:
        session.add(
            FootageLink(
                step_id=step.id,
                outcome=Outcome.CLIP,
                start=step.start,
                end=step.end,
                settled=True,
                examined=True,
                computed_at=NOW,
            )
        )
    push(platform, 2, a_row(end="2026-03-02T09:30:00+08:00"))
    with platform.transaction() as session:
        link = session.exec(select(FootageLink)).one()
    assert not link.settled
    assert not link.examined


def test_a_correction_that_comes_after_a_newer_one_is_kept_but_not_in_force(platform: Database) -> None:
    push(platform, 1, a_row(operator="first"))
    push(platform, 3, a_row(operator="third"))
    assert counts(push(platform, 2, a_row(operator="second"))) == (1, 1, 0, 0)
    assert steps(platform)[0].operator == "third"
    with platform.transaction() as session:
        assert {r.row["operator"] for r in session.exec(select(RecordRevision))} == {"first", "second", "third"}


def test_a_step_said_again_by_a_newer_batch_outranks_what_comes_between(platform: Database) -> None:
    push(platform, 1, a_row(operator="李敏"))
    assert counts(push(platform, 3, a_row(operator="李敏"))) == (1, 0, 1, 0)
    push(platform, 2, a_row(operator="王芳"))
    assert steps(platform)[0].operator == "李敏"


def test_a_step_that_moves_to_another_case_takes_the_empty_case_away(platform: Database) -> None:
    push(platform, 1, a_row(case="2026-010"))
    push(platform, 2, a_row(case="2026-001"))
    assert [case.number for case in cases(platform)] == ["2026-001"]


def test_counters_are_found_by_alias_then_id_then_number_in_the_hall(platform: Database) -> None:
    with platform.transaction() as session:
        session.add(CounterAlias(source_id=SOURCE, alias="A-7", counter_id="cc-2"))
    names = {"S1": "A-7", "S2": "cc-1", "S3": "2", "S4": "9"}
    push(platform, 1, *(a_row(step=step, counter=name) for step, name in names.items()))
    assert [step.counter_id for step in steps(platform)] == ["cc-2", "cc-1", "cc-2", None]
    assert steps(platform)[3].counter_ref == "9"


def test_a_source_without_hall_names_counters_by_id_only(platform: Database) -> None:
    with platform.transaction() as session:
        session.get_one(Source, SOURCE).hall_id = None
    push(platform, 1, a_row(step="S1", counter="1"), a_row(step="S2", counter="cc-2"))
    assert [step.counter_id for step in steps(platform)] == [None, "cc-2"]
    assert cases(platform)[0].hall_id == HALL, "of its first step at a known counter"


def test_departments_are_found_by_id_by_name_and_by_item_and_unknown_ones_are_kept(platform: Database) -> None:
    with platform.transaction() as session:
        session.add(Department(id="market", name="市场监督管理局"))
        session.flush()
        session.add(Item(code="JZ", name="食品经营许可", department_id="market"))
    said = {
        "C1": {"department": "market"},
        "C2": {"department": "市场监督管理局"},
        "C3": {"item": "JZ"},
        "C4": {"department": "X"},
    }
    push(platform, 1, *(a_row(case=case, step=case, **fields) for case, fields in said.items()))
    assert [case.department_id for case in cases(platform)] == ["market", "market", "market", None]
    assert [case.department_name for case in cases(platform)] == ["market", "市场监督管理局", "", "X"]


def test_a_dry_run_reports_the_same_and_writes_nothing(platform: Database) -> None:
    many = [a_row(step=f"T{n}") for n in range(1_500)]
    rows = [a_row(), a_row(), a_row(operator="王芳"), a_row(step="S2", kind="shred"), *many, a_row()]

    def accept(*, dry_run: bool) -> BatchReport:
        read = read_rows(rows)
        return accept_batch(platform, SOURCE, read, sequence=1, name="", sha256="x", now=NOW, dry_run=dry_run)

    rehearsed = accept(dry_run=True)
    assert facts(platform) == []
    done = accept(dry_run=False)
    assert rehearsed.batch_id is None
    assert (counts(rehearsed), rehearsed.rejected) == (counts(done), done.rejected)
    assert counts(done) == (1_505, 1_503, 1, 1)


def test_two_senders_at_once_do_not_disturb_each_other(platform: Database) -> None:
    reports: list[BatchReport] = []

    def send(number: int) -> None:
        rows = [a_row(case=f"C{n % 7}", step=f"S{number}-{n}") for n in range(50)]
        reports.append(push(platform, number // 2, *rows, sha256=str(number // 2)))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == 8
    assert len({report.batch_id for report in reports}) == 4, "each number was sent twice and accepted once"
    assert (len(cases(platform)), len(steps(platform))) == (7, 200)


statements = st.fixed_dictionaries(
    {
        "case": st.sampled_from(["C1", "C2"]),
        "step": st.sampled_from(["S1", "S2", "S3"]),
        "kind": st.sampled_from(["receive", "accept", "close"]),
        "operator": st.sampled_from(["李敏", "王芳"]),
        "start": st.integers(0, 3).map(lambda hour: f"2026-03-02T0{hour}:00:00Z"),
        "end": st.none(),
    },
    optional={
        "item": st.sampled_from(["I1", "I2"]),
        "applicant": st.sampled_from(["甲", "乙"]),
        "counter": st.sampled_from(["1", "2", "?"]),
    },
)
batches = st.lists(st.lists(statements, min_size=1, max_size=4), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches, st.data())
def test_any_order_and_any_repetition_of_batches_leads_to_the_same_cases(
    platform: Database, bodies: list[list[dict[str, object]]], data: st.DataObject
) -> None:
    numbered = list(enumerate(bodies, start=1))
    _forget(platform)
    _send(platform, numbered)
    expected = facts(platform)
    again = data.draw(st.lists(st.sampled_from(numbered), max_size=4))
    _forget(platform)
    _send(platform, data.draw(st.permutations([*numbered, *again])))
    assert facts(platform) == expected


def _send(database: Database, numbered: list[tuple[int, list[dict[str, object]]]]) -> None:
    for number, rows in numbered:
        report = push(database, number, *rows)
        assert report.accepted + report.duplicates + report.rejected_rows == report.rows == len(rows)


def _forget(database: Database) -> None:
    with database.transaction() as session:
        for model in (RecordRevision, Step, Case, RejectedRow, Batch):
            session.execute(delete(model))
