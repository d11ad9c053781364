"""A row is either right, or every mistake in it is named with what to do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from ingest.approvals.examples import example_row
from ingest.approvals.parsing import parse_row
from ingest.approvals.problems import printable
from ingest.approvals.records import StepRow
from ingest.approvals.row import MAX_RAW, RowError, row_of_the_past
from ingest.approvals.schema import json_schema, record_schema
from storage.models import RecordKind
from tests.ingest.approvals.samples import a_row


def problems(**changes: object) -> list[tuple[str, str, str]]:
    row = parse_row(a_row(**changes))
    assert isinstance(row, RowError)
    return [(p.field, p.problem, p.remedy) for p in row.problems]


def test_a_good_row_has_its_times_in_utc() -> None:
    row = parse_row(a_row())
    assert isinstance(row, StepRow)
    assert row.start == datetime(2026, 3, 2, 1, 14, 5, tzinfo=UTC)


def test_a_time_without_zone_is_refused_with_an_example() -> None:
    assert problems(start="2026-03-02T09:14:05") == [
        (
            "start",
            "2026-03-02T09:14:05 has no time zone",
            "write it as ISO 8601 with a zone, such as 2026-03-02T09:14:05+08:00",
        )
    ]


def test_a_date_alone_is_said_to_lack_the_time_of_day() -> None:
    ((field, problem, _),) = problems(start="2026-03-02")
    assert (field, problem) == ("start", "2026-03-02 has no time of day")


def test_a_step_of_tomorrow_has_a_wrong_year_or_clock() -> None:
    row = parse_row(
        a_row(start="2026-03-02T09:00:00+08:00", end="2026-03-04T09:00:00+08:00", due="2099-01-01T00:00:00Z")
    )
    assert isinstance(row, StepRow)
    received = datetime(2026, 3, 3, 1, tzinfo=UTC)
    assert row_of_the_past(row, received) is row
    refused = row_of_the_past(row, received - timedelta(seconds=1))
    assert isinstance(refused, RowError)
    assert [(p.field, p.problem) for p in refused.problems] == [("end", "lies more than a day after it was received")]
    assert "2026-03-04" in refused.raw


def test_an_end_before_the_start_is_refused() -> None:
    assert problems(end="2026-03-02T09:14:04+08:00") == [
        ("end", "is before the start", "check both times and their zones")
    ]


def test_a_misspelt_field_is_recognised() -> None:
    assert problems(oprator="x") == [("oprator", "is not a field of the exchange format", "did you mean operator?")]


def test_every_mistake_of_a_row_is_named() -> None:
    found = problems(case="", kind="shred", counter=3, name="x" * 501, operator="a\x00b")
    assert [field for field, _, _ in found] == ["case", "kind", "name", "operator", "counter"]
    assert found[-1][1] == "is 3, which is not text"


@pytest.mark.parametrize("field", ["case", "step", "kind", "start"])
def test_a_required_field_cannot_be_left_out(field: str) -> None:
    row = a_row()
    del row[field]
    error = parse_row(row)
    assert isinstance(error, RowError)
    assert [(p.field, p.problem) for p in error.problems] == [(field, "is missing")]


@pytest.mark.parametrize("field", ["end", "due", "closed"])
def test_an_empty_optional_time_is_no_time(field: str) -> None:
    for nothing in (None, ""):
        row = parse_row(a_row(**{field: nothing}))
        assert isinstance(row, StepRow)
        assert getattr(row, field) is None


def test_rows_that_say_the_same_in_other_words_make_the_same_statement() -> None:
    here = parse_row(a_row(item="", due=None))
    there = parse_row(a_row(start="2026-03-02T01:14:05Z", name=" 受理 "))
    assert isinstance(here, StepRow)
    assert isinstance(there, StepRow)
    assert here.statement() == there.statement()


def test_the_raw_text_of_a_refused_row_is_kept_but_not_without_limit() -> None:
    error = parse_row(a_row(name="x" * 1_000_000, kind="y"))
    assert isinstance(error, RowError)
    assert len(error.raw) < MAX_RAW + 100
    assert error.raw.endswith("characters)")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=8,
)
rows_with_garbage = st.dictionaries(st.sampled_from(sorted(StepRow.model_fields)) | st.text(), json_values, max_size=6)


@given(json_values | rows_with_garbage.map(lambda garbage: a_row(**garbage)))
def test_garbage_is_reported_and_never_raised(values: object) -> None:
    found = parse_row(values)
    if isinstance(found, RowError):
        assert found.problems
        texts = [found.raw, *(text for p in found.problems for text in (p.field, p.problem, p.remedy))]
        assert all(printable(text) == text for text in texts), "a database can keep it"
        assert all(problem.remedy for problem in found.problems)


@pytest.mark.parametrize("kind", list(RecordKind))
def test_the_published_schema_accepts_what_we_accept_and_refuses_other_fields(kind: RecordKind) -> None:
    for schema in (json_schema(), record_schema(kind)):
        Draft202012Validator.check_schema(schema)
        check = Draft202012Validator(schema)
        check.validate(example_row(kind))
        with pytest.raises(ValidationError):
            check.validate(example_row(kind) | {"colour": "red"})


def test_the_schema_of_a_step_knows_its_words() -> None:
    check = Draft202012Validator(record_schema(RecordKind.STEP))
    check.validate(a_row(end=None))
    for wrong in ({"kind": "shred"}, {"case": ""}, {"counter": 3}):
        with pytest.raises(ValidationError):
            check.validate(a_row(**wrong))
