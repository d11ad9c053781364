"""What would be carded or asked about is told before it is sent, with line, field and remedy."""

from datetime import UTC, datetime
from typing import Any

from ingest.approvals.conformance import examine
from ingest.approvals.examples import example_row
from ingest.approvals.formats import read_rows
from storage.models import RecordKind
from tests.ingest.approvals.samples import a_row
from web.foreseen import Foreseen

NOW = datetime(2026, 4, 1, tzinfo=UTC)
ITEM = example_row(RecordKind.ITEM)
CODE = ITEM["code"]


def notes(*rows: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Line, field and problem."""
    foreseen = Foreseen()
    assert not examine(read_rows(rows), NOW, foreseen.hear).problems
    found = list(foreseen.notes(NOW))
    assert all(note.remedy for note in found)
    return [(note.line, note.field, note.problem) for note in found]


def a_step(step: str, kind: str, day: int, **changes: object) -> dict[str, Any]:
    start = f"2026-03-{day:02}T09:00:00+08:00"
    return a_row(step=step, kind=kind, start=start, end=start, item=CODE) | changes


def of_case(kind: RecordKind, **changes: object) -> dict[str, Any]:
    return example_row(kind) | changes


def test_one_row_of_each_kind_gives_no_cause() -> None:
    assert notes(*map(example_row, RecordKind)) == []


def test_a_fee_that_the_item_does_not_list() -> None:
    unlisted = of_case(RecordKind.FEE, code="ZZ", name="别的")
    assert notes(ITEM, a_step("S1", "accept", 2), unlisted) == [(3, "code", f"ZZ is not among the fees of {CODE}")]
    assert notes(ITEM, a_step("S1", "accept", 2), of_case(RecordKind.FEE)) == []
    assert notes(ITEM | {"fees": []}, a_step("S1", "accept", 2), unlisted) == []


def test_a_refusal_without_a_reason_whether_its_case_is_there_or_not() -> None:
    bare = of_case(RecordKind.RESULT, decision="refused", reason="", document="")
    told = [(1, "reason", "is empty, though the case was refused")]
    assert notes(bare) == told
    assert notes(bare, ITEM, a_step("S1", "accept", 2)) == told
    assert notes(bare | {"reason": "材料不实"}) == []
    assert notes(bare, bare | {"document": "决〔2026〕1号"}) == []


def test_links_that_no_row_tells_of() -> None:
    assert notes(ITEM, a_step("S1", "decide", 9)) == [
        (2, "kind", f"2026-001: decide is told of, but no {skipped} before it, which is a link of {CODE}")
        for skipped in ("accept", "review")
    ]
    assert notes(a_step("S1", "decide", 9)) == []


def test_a_link_that_is_done_before_the_one_that_it_follows_begins() -> None:
    early = (a_step("S1", "accept", 9), a_step("S2", "review", 2))
    told = "2026-001: review ends before accept begins"
    assert notes(ITEM, *early) == [(3, "end", told)]
    assert notes(*early) == [(2, "end", told)], "the usual order holds where nobody tells the links"


def test_an_item_none_of_whose_versions_holds_when_the_case_is_received() -> None:
    later = ITEM | {"valid_from": "2026-03-03T00:00:00+08:00"}
    told = f"no version of {CODE} holds at 2026-03-02T01:00:00+00:00, when 2026-001 was received"
    assert notes(later, a_step("S1", "accept", 2)) == [(2, "item", told)]
    assert notes(later, ITEM | {"version": "2"}, a_step("S1", "accept", 2)) == []


def test_a_delivery_before_the_decision() -> None:
    early = of_case(RecordKind.DELIVERY, delivered="2026-03-08T00:00:00+08:00")
    told = [(2, "delivered", "2026-001 is decided later, at 2026-03-10T08:00:00+00:00")]
    assert notes(of_case(RecordKind.RESULT), early) == told
    assert notes(a_step("S1", "decide", 9), early)[0][:2] == (2, "delivered")
    again = of_case(RecordKind.RESULT, id="R2", decided="2026-03-20T00:00:00+08:00")
    assert notes(of_case(RecordKind.RESULT), again, of_case(RecordKind.DELIVERY)) == []


def test_a_closed_case_without_a_decision() -> None:
    closed = a_step("S1", "accept", 2, closed="2026-03-10T16:00:00+08:00")
    told = [(2, "kind", "2026-001 is closed, and nothing tells what was decided")]
    assert notes(ITEM, closed) == told
    assert notes(ITEM, closed, of_case(RecordKind.RESULT)) == []


def test_a_record_counts_for_the_case_that_it_was_moved_to() -> None:
    fee = of_case(RecordKind.FEE, code="ZZ", name="别的")
    assert notes(ITEM, a_step("S1", "accept", 2), fee, fee | {"case": "2026-002"}) == []
