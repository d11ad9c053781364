"""Steps that are read without their model: the same as with it, whatever stands in a row."""

import io
import json
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlmodel import col, select

from ingest.approvals.chunks import made_chunks
from ingest.approvals.formats import jsonl_parts, read_csv, read_jsonl
from ingest.approvals.mapping import Mapping, MappingFile
from ingest.approvals.parsing import parse_row
from ingest.approvals.plain import PlainStep, exact, new_steps, plain_step
from ingest.approvals.plain_columns import plain_steps
from ingest.approvals.records import StepRow
from ingest.approvals.row import Row, RowError
from ingest.approvals.step_columns import MadeSteps
from storage.database import Database
from storage.models import Batch, Case, RecordRevision, RejectedRow, Step, StepKind
from tests.ingest.approvals.samples import NOW, a_row, facts, push

moments = (
    st.datetimes(datetime(1989, 12, 30), datetime(2100, 1, 3), timezones=st.timezones() | st.just(UTC))  # noqa: DTZ001
    .filter(lambda moment: moment.utcoffset() is not None)
    .map(datetime.isoformat)
)
odd_texts = ("", " ", "受理", " a", "a\u3000", "a|b", "a | b", "x" * 201, "a\x00", "a\nb", "\ud800", "é", "\u200b")
texts = st.sampled_from(odd_texts) | st.text(max_size=3)
others = st.none() | st.integers() | st.lists(st.integers(), max_size=1)
fields: dict[str, st.SearchStrategy[Any]] = (
    dict.fromkeys(StepRow.model_fields, texts | others)
    | dict.fromkeys(("start", "end", "due", "closed", "entered"), moments | moments | texts | others)
    | {"kind": st.sampled_from([*map(str, StepKind), "shred"]) | others, "record": st.just("step") | texts}
    | {"colour": texts}
)
changes = st.sampled_from(sorted(fields)).flatmap(lambda name: st.tuples(st.just(name), fields[name]))
rows = st.lists(changes, max_size=3).map(lambda changed: a_row(**dict(changed)))
rows_without = st.tuples(rows, st.sampled_from(sorted(a_row()))).map(
    lambda drawn: {name: value for name, value in drawn[0].items() if name != drawn[1]}
)


def assert_alike(plain: PlainStep | None, read: object) -> None:
    event("plain" if plain else "left to the model")
    if plain is not None:
        assert isinstance(read, StepRow)
        assert plain.row() == read
        assert (plain.said, plain.reference, plain.case) == (read.statement(), read.reference, read.case)
        assert plain[1:] == (read.kind, read.start, read.end or read.start, read.entered)


@settings(max_examples=200)
@given(rows | rows_without)
def test_what_is_read_without_the_model_is_what_the_model_reads(row: dict[str, Any]) -> None:
    assert_alike(plain_step(row), parse_row(row))


mapped = Mapping(
    MappingFile.model_validate(
        {
            "empty": ["-"],
            "fields": {name: f"column {name}" for name in StepRow.model_fields.keys() - {"record", "kind", "joint"}},
            "operators": {"李敏": "L01"},
            "time": {"zone": "Asia/Shanghai"},
            "kinds": {"column": "activity", "values": {"受理": "accept", "a|b": "review"}},
        }
    )
)
cells = texts | st.sampled_from(["-", "李敏", "2026-03-02 09:14", "2026-03-02", "20260302", "true", "2026-11-01T01:30"])
exported = {f"column {name}": str(value) for name, value in a_row().items()} | {"activity": "受理"}
records = st.dictionaries(
    st.sampled_from(mapped.columns), cells | moments | st.datetimes().map(datetime.isoformat), max_size=4
).map(lambda changed: exported | changed)


@settings(max_examples=200)
@given(records)
def test_what_is_mapped_without_the_model_is_what_the_model_reads(record: dict[str, str]) -> None:
    plain = mapped.plain(record)
    assert_alike(plain, mapped.apply(record, ""))
    if plain is not None:
        assert {type(value) for value in plain.said.values()} == {str}


def test_a_mapped_step_as_platforms_export_it_is_read_without_the_model() -> None:
    table = [mapped.columns, [exported.get(column, "") for column in mapped.columns]]
    (_, row), *_ = read_csv(io.BytesIO("\n".join(map(",".join, table)).encode()), mapped)
    assert isinstance(row, PlainStep)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(rows, st.sampled_from("ABC"), st.sampled_from("XY")), min_size=1, max_size=4))
def test_new_steps_are_kept_as_those_are_that_are_said_twice(
    platform: Database, drawn: list[tuple[dict[str, Any], str, str]]
) -> None:
    """What is said twice in a chunk goes the way of corrections, row by row."""
    said = [row | {"step": f"S{at}", "name": name, "case": case} for at, (row, name, case) in enumerate(drawn)]
    found = []
    for pushed in (said, [*said, *said]):
        accepted = push(platform, 1, *pushed).accepted
        found.append((accepted, facts(platform), _revisions(platform)))
        _forget(platform)
    assert found[0] == found[1]


def _revisions(database: Database) -> list[Any]:
    query = select(Step.reference, RecordRevision.revision, RecordRevision.row).join(
        RecordRevision, col(RecordRevision.record_id) == col(Step.id)
    )
    with database.transaction() as session:
        return sorted(map(repr, session.exec(query)))


def _forget(database: Database) -> None:
    with database.transaction() as session:
        for model in (RecordRevision, Step, Case, RejectedRow, Batch):
            session.execute(delete(model))


def test_a_step_as_platforms_write_it_is_read_without_the_model() -> None:
    for row in (a_row(), a_row(end=""), a_row(record="step", due="2026-03-02T09:14:05.25Z"), a_row(name="n" * 200)):
        assert isinstance(plain_step(row), PlainStep)


def test_what_a_plain_step_states_last_is_its_end_or_when_it_was_entered() -> None:
    for row, last in ((a_row(), "end"), (a_row(entered="2026-03-02T12:00:00Z"), "entered")):
        step = plain_step(row)
        assert step is not None
        assert step.stated_at == getattr(step, last)


def test_steps_that_are_known_or_named_twice_are_set_apart_in_their_order() -> None:
    rows = [plain_step(a_row(step=step, name=str(at))) for at, step in enumerate("ABCBD")]
    new, others = new_steps([row for row in rows if row], known={"D"})
    assert [step.reference for step in new] == ["A", "C"]
    assert [row.reference for row in others] == ["B", "B", "D"]
    assert [row.statement()["name"] for row in others] == ["1", "3", "4"]


def test_a_row_that_its_model_read_is_a_new_step_too() -> None:
    read = parse_row(a_row())
    assert isinstance(read, StepRow)
    assert new_steps([read], known=set()) == ([plain_step(a_row())], [])


many_rows = st.lists(rows | rows_without, min_size=1, max_size=4)


@settings(max_examples=100)
@given(many_rows)
def test_many_rows_are_read_together_as_each_by_itself_or_not_at_all(drawn: list[dict[str, Any]]) -> None:
    each = [plain_step(row) for row in drawn]
    assert plain_steps(drawn) == (None if None in each else each)


oddly_written = st.sampled_from(
    [
        '{"a":"x',
        '"}',
        "{}",
        "",
        "  ",
        "[]",
        "null",
        '{"a":1,"a":2}',
        '{"a":{',
        "}}",
        '{"case":"1","case":"2"}',
        "\ud83d",
        "{},{}",
    ]
)
written = (rows | rows_without).map(lambda row: json.dumps(row, ensure_ascii=False)) | oddly_written
line_ends = st.sampled_from(["\n", "\r\n", "\n\n", ",", ",\n"])


@settings(max_examples=200)
@given(st.lists(st.tuples(written, line_ends), max_size=6))
def test_lines_are_read_together_as_each_by_itself(drawn: list[tuple[str, str]]) -> None:
    text = "".join(chain.from_iterable(drawn)).encode(errors="surrogatepass")
    one_by_one = _read(b"[]\n" + text)[1:]  # beside a line that is no step each is read by itself
    assert _read(text) == [(number - 1, read) for number, read in one_by_one]


steps_and_others = rows.map(lambda row: json.dumps(row, ensure_ascii=False)) | written


@settings(max_examples=200)
@given(st.lists(st.tuples(steps_and_others, line_ends), max_size=9), st.integers(1, 5))
def test_what_is_made_of_many_lines_is_what_is_made_of_each(drawn: list[tuple[str, str]], size: int) -> None:
    """Those that come too early, are no plain steps, or lie beyond the end of a chunk among them."""
    text = "".join(chain.from_iterable(drawn)).encode(errors="surrogatepass")
    together, each = (list(made_chunks(read(io.BytesIO(text)), NOW, size)) for read in (jsonl_parts, read_jsonl))
    event(f"{len(together)} chunks")
    assert together == each


def test_among_many_lines_one_of_a_time_to_come_is_refused() -> None:
    early = NOW + timedelta(days=2)
    drawn = [a_row(step="S1"), a_row(step="S2", entered=early.isoformat()), a_row(step="S3", end=early.isoformat())]
    text = "".join(json.dumps(row) + "\n" for row in [*drawn, a_row(step="S4")])
    chunks = list(made_chunks(jsonl_parts(io.BytesIO(text.encode())), NOW, 3))
    assert [[line for line, _ in chunk.refused] for chunk in chunks] == [[2, 3], []]
    assert [chunk.steps.references for chunk in chunks if isinstance(chunk.steps, MadeSteps)] == [["S1"], ["S4"]]


def _read(text: bytes) -> list[tuple[int, Row | RowError]]:
    return [(line, read if isinstance(read, RowError) else exact(read)) for line, read in read_jsonl(io.BytesIO(text))]
