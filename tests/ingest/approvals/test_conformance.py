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


def test_a_suspension_without_notice_and_steps_out_of_order_are_asked_about() -> None:
    late = a_row(step="S2", kind="receive", start="2026-03-02T10:00:00+08:00", end=None)
    found = of(a_row(), late, example_row(RecordKind.SUSPENSION) | {"notice_number": ""})
    assert [(note.line, note.field) for note in found.notes] == [(3, "notice_number"), (1, "start")]
    assert found.notes[1].problem == "2026-001: accept begins before receive"
    assert found.conforms
