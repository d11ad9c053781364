"""What a platform's developer is told about the own output."""

from datetime import UTC, datetime
from typing import Any

from ingest.approvals.conformance import Conformance, Counts, examine
from ingest.approvals.examples import example_row
from ingest.approvals.formats import read_rows
from storage.models import RecordKind
from tests.ingest.approvals.samples import a_row

NOW = datetime(2026, 4, 1, tzinfo=UTC)


def of(*rows: dict[str, Any]) -> Conformance:
    return examine(read_rows(rows), NOW)


def test_one_row_of_each_kind_conforms() -> None:
    found = of(*map(example_row, RecordKind))
    assert found.conforms
    assert found.counts == {kind: Counts(rows=1, good=1) for kind in RecordKind}
    assert (found.problems, found.missing, found.unchecked, found.notes) == ((), (), (), ())


def test_each_row_is_counted_as_what_would_become_of_it() -> None:
    found = of(
        a_row(), a_row(), a_row(operator="王芳"), a_row(kind="shred"), a_row(start="2099-01-01T00:00:00Z", end=None)
    )
    assert found.counts == {"step": Counts(rows=5, good=1, corrections=1, duplicates=1, refused=2)}
    assert [(p.line, p.field) for p in found.problems] == [(4, "kind"), (5, "start")]
    assert not found.conforms


def test_what_is_named_and_told_of_nowhere_is_missing() -> None:
    found = of(
        example_row(RecordKind.ITEM),
        a_row(item="JZ-0103"),
        a_row(step="S2", item="XX"),
        a_row(step="S3", item="XX"),
        example_row(RecordKind.SUSPENSION) | {"case": "2026-999"},
    )
    assert {(m.line, m.record, m.field, m.name, m.named) for m in found.missing} == {
        (3, "step", "item", "XX", 2),
        (5, "suspension", "case", "2026-999", 1),
    }
    assert not found.conforms


def test_names_are_not_looked_for_where_there_is_nothing_to_find_them_in() -> None:
    found = of(a_row(item="JZ-0103", department="market"))
    assert found.missing == ()
    assert set(found.unchecked) == {"item", "operator", "organisation"}
    assert found.conforms


def test_a_suspension_without_notice_is_asked_about() -> None:
    found = of(a_row(), example_row(RecordKind.SUSPENSION) | {"notice_number": ""})
    assert [(note.line, note.field) for note in found.notes] == [(2, "notice_number")]
    assert found.conforms


def test_a_decision_without_an_end_is_asked_about_where_other_steps_have_one() -> None:
    points = [
        a_row(step=name, kind=kind, end=None) for name, kind in (("1", "accept"), ("2", "review"), ("3", "decide"))
    ]
    assert of(*points).notes == (), "a platform that tells of moments"
    review = a_row(step="2", kind="review", start="2026-03-02T09:00:00+08:00", end="2026-03-02T10:00:00+08:00")
    found = of(*points, review)
    assert [(note.line, note.field) for note in found.notes] == [(1, "end"), (3, "end")]
    assert found.conforms
    ended = [a_row(step=name, kind=kind) for name, kind in (("1", "accept"), ("3", "decide"))]
    assert of(*points, *ended).notes == ()


def test_a_promise_beyond_the_limit_by_law_is_asked_about() -> None:
    item = example_row(RecordKind.ITEM)
    found = of(item | {"promised_limit": 21}, item | {"version": "4", "promised_limit": 20})
    assert [(note.line, note.field) for note in found.notes] == [(1, "promised_limit")]
    assert found.notes[0].problem == "is longer than the limit by law, which is 20"
    assert found.conforms


def test_a_record_that_moves_to_another_case_is_asked_about() -> None:
    fee = example_row(RecordKind.FEE)
    found = of(
        a_row(), a_row(case="2026-002"), a_row(case="2026-002", operator="王芳"), fee, fee | {"case": "2026-002"}
    )
    assert [(note.line, note.field) for note in found.notes] == [(2, "step"), (5, "id")]
    assert found.notes[0].problem == "S1 is of 2026-001 in line 1"
    assert found.counts["step"] == Counts(rows=3, good=1, corrections=2)
    assert found.conforms


def test_a_case_that_came_by_a_counter_is_asked_at_which() -> None:
    later = {"start": "2026-03-02T10:00:00+08:00", "end": None, "counter": "", "channel": "counter"}
    named, told_later = a_row(), a_row(step="S2", kind="review", **later)
    assert of(named, told_later).notes == (), "the first step names one, whichever row says how the case came"
    found = of(told_later, a_row(counter=""), a_row(case="C2", step="S3", counter="", channel="internet"))
    assert [(note.line, note.field) for note in found.notes] == [(2, "counter")]
    assert found.conforms
