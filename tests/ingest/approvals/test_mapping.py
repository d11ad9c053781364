"""Mapping files: translated rows, and errors that name the key."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.approvals.formats import read_csv
from ingest.approvals.mapping import Mapping, MappingError
from ingest.approvals.plain import exact
from ingest.approvals.records import StepRow
from ingest.approvals.row import Row, RowError
from storage.models import StepKind

GOOD = """
empty = ["-"]
[fields]
case = "办件编号"
step = "环节编号"
name = "环节"
operator = "经办人"
start = "开始"
end = "结束"
[constants]
item = "JZ-0103"
[operators]
"L01" = "李敏"
[time]
format = "%Y/%m/%d %H:%M"
zone = "Asia/Shanghai"
[kinds]
column = "环节"
[kinds.values]
"受理" = "accept"
"审核" = "review"
"""
HEADER = "办件编号,环节编号,环节,经办人,开始,结束,备注"


def mapping(tmp_path: Path, text: str = GOOD) -> Mapping:
    path = tmp_path / "mapping.toml"
    path.write_text(text, "utf-8")
    return Mapping.load(path)


def read(tmp_path: Path, line: str, text: str = GOOD) -> Row | RowError:
    body = f"{HEADER}\n{line}\n".encode()
    (_, row), *_ = read_csv(io.BytesIO(body), mapping(tmp_path, text))
    return row if isinstance(row, RowError) else exact(row)


def test_columns_activities_and_resources_become_fields_kinds_and_operators(tmp_path: Path) -> None:
    row = read(tmp_path, "2026-001,S1,受理,L01,2026/3/2 09:14,-,x")
    assert isinstance(row, StepRow)
    assert (row.case, row.kind, row.operator, row.item) == ("2026-001", StepKind.ACCEPT, "李敏", "JZ-0103")
    assert (row.start, row.end) == (datetime(2026, 3, 2, 1, 14, tzinfo=UTC), None)


def test_activities_need_not_be_listed(tmp_path: Path) -> None:
    text, _, _ = GOOD.partition("[kinds.values]")
    row = read(tmp_path, "2026-001,S1,受理,L01,2026/3/2 09:14,-,x", f'{text}default = "other"\n')
    assert isinstance(row, StepRow)
    assert row.kind is StepKind.OTHER
    assert isinstance(read(tmp_path, "2026-001,S1,受理,L01,2026/3/2 09:14,-,x", text), RowError), "nor guessed"


def test_an_activity_that_the_mapping_does_not_know_is_refused_with_the_key_to_add(tmp_path: Path) -> None:
    row = read(tmp_path, "2026-001,S1,退件,L01,2026/3/2 09:14,,")
    assert isinstance(row, RowError)
    assert row.problems[0].field == "环节 (kind)"
    assert '"退件"' in row.problems[0].remedy


def test_a_default_kind_takes_what_the_mapping_does_not_know(tmp_path: Path) -> None:
    text = GOOD.replace("[kinds]\n", '[kinds]\ndefault = "other"\n')
    row = read(tmp_path, "2026-001,S1,退件,L01,2026/3/2 09:14,,", text)
    assert isinstance(row, StepRow)
    assert row.kind is StepKind.OTHER


def test_a_time_in_another_format_names_the_column_and_the_format(tmp_path: Path) -> None:
    row = read(tmp_path, "2026-001,S1,受理,L01,2.3.2026 9:00,,")
    assert isinstance(row, RowError)
    assert [(p.field, p.problem) for p in row.problems] == [("开始 (start)", "2.3.2026 9:00 is not a time")]
    assert "%Y/%m/%d %H:%M" in row.problems[0].remedy


def test_a_column_that_the_file_lacks_is_named(tmp_path: Path) -> None:
    found = list(read_csv(io.BytesIO("办件编号,环节\n".encode()), mapping(tmp_path)))
    assert isinstance(found[0][1], RowError)
    assert [p.field for p in found[0][1].problems] == ["环节编号", "经办人", "开始", "结束"]


@pytest.mark.parametrize(
    ("change", "into", "named"),
    [
        ('case = "办件编号"', "", "add case to [fields]"),
        ('case = "办件编号"', 'caze = "办件编号"', "fields: caze is not a field"),
        ("Asia/Shanghai", "Asia/Foshan", "time.zone"),
        ("%Y/%m/%d %H:%M", "%Y %Y", "time.format: “%Y %Y” is no format of times"),
        ("%Y/%m/%d %H:%M", "%Y/%q", "time.format: “%Y/%q” is no format of times"),
        ("%Y/%m/%d %H:%M", "%Y/%m/%d %", "time.format: “%Y/%m/%d %” is no format of times"),
        ('"accept"', '"accepted"', "kinds.values.受理: is no kind of step; use one of receive, "),
        ("[operators]", "[operaters]", "operaters: is not a key of a mapping; the sections are record, fields, "),
        ('item = "JZ-0103"', "item = 3", "constants.item: is not text"),
        ("[fields]", "[fields", "is not TOML"),
    ],
)
def test_a_wrong_mapping_names_the_key(tmp_path: Path, change: str, into: str, named: str) -> None:
    with pytest.raises(MappingError) as error:
        mapping(tmp_path, GOOD.replace(change, into))
    assert named in str(error.value)


def test_a_mapping_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="No such file"):
        Mapping.load(tmp_path / "nothing.toml")


@pytest.mark.parametrize("text", ["2026-03-02", "20260302", "2026-W10-1"])
def test_a_date_alone_does_not_say_when_a_step_was(tmp_path: Path, text: str) -> None:
    """It would mean midnight, when nobody is at any counter."""
    iso = GOOD.replace('format = "%Y/%m/%d %H:%M"', 'format = "iso"')
    row = read(tmp_path, f"2026-001,S1,受理,L01,2026-03-02 09:14,{text},", iso)
    assert isinstance(row, RowError)
    assert [(p.field, p.problem) for p in row.problems] == [("结束 (end)", f"{text} has no time of day")]
    assert "hours and minutes" in row.problems[0].remedy


def test_a_format_without_hours_does_not_say_when_a_step_was(tmp_path: Path) -> None:
    dates = GOOD.replace('format = "%Y/%m/%d %H:%M"', 'format = "%Y/%m/%d"')
    row = read(tmp_path, "2026-001,S1,受理,L01,2026/3/2,,", dates)
    assert isinstance(row, RowError)
    assert [p.field for p in row.problems] == ["开始 (start)"]


def test_a_limit_that_is_a_date_lasts_to_the_end_of_that_day(tmp_path: Path) -> None:
    iso = GOOD.replace('format = "%Y/%m/%d %H:%M"', 'format = "iso"').replace('end = "结束"', 'due = "结束"')
    row = read(tmp_path, "2026-001,S1,受理,L01,2026-03-02 09:14,2026-03-16,", iso)
    assert isinstance(row, StepRow)
    assert row.due == datetime(2026, 3, 16, 15, 59, 59, tzinfo=UTC)
