"""Workbooks: the same rows as their CSV form, times and numbers included, and no trust in the file."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from ingest.approvals.file_format import UnusableFile
from ingest.approvals.importing import import_file
from ingest.approvals.mapping import Mapping, MappingFile
from ingest.approvals.plain import PlainStep, exact
from ingest.approvals.reading import rows_of
from ingest.approvals.records import StepRow
from ingest.approvals.row import RowError
from storage.database import Database
from storage.models import StepKind
from tests.ingest.approvals.samples import NOW, SOURCE

MAPPING = Mapping(
    MappingFile.model_validate(
        {
            "fields": {"case": "办件编号", "step": "环节编号", "start": "开始时间", "due": "承诺时限"},
            "constants": {"kind": StepKind.ACCEPT},
            "time": {"format": "%Y/%m/%d %H:%M", "zone": "Asia/Shanghai"},
        }
    )
)
NINE = datetime(2026, 3, 2, 9)  # noqa: DTZ001 -- cells know no zone
HEADER = ["办件编号", "环节编号", "开始时间", "承诺时限", "备注"]


def saved(path: Path, *rows: Sequence[object], hidden: bool = False) -> Path:
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    if hidden:
        sheet.append(["an old list"])
        sheet.sheet_state = "hidden"
        sheet = workbook.create_sheet("办件")
    for row in rows:
        sheet.append(list(row))
    workbook.save(path)
    return path


def read(path: Path, mapping: Mapping | None = MAPPING) -> list[tuple[int, StepRow | PlainStep | RowError]]:
    with path.open("rb") as file:
        found = list(rows_of(path, file, mapping))
    return [(line, row) for line, row in found if isinstance(row, StepRow | PlainStep | RowError)]


def test_cells_are_read_as_what_they_are(tmp_path: Path) -> None:
    rows: tuple[list[object], ...] = (
        [2026030001, "S1", NINE.replace(minute=30, second=5), date(2026, 3, 9), "a note"],
        [],
        ["2026030002", "S2", "2026/03/02 09:31", None],
    )
    found = read(saved(tmp_path / "cases.xlsx", HEADER, *rows, hidden=True))
    assert [line for line, _ in found] == [2, 4]
    first, second = (exact(row) for _, row in found if not isinstance(row, RowError))
    assert isinstance(first, StepRow)
    assert (first.case, first.step, first.start) == ("2026030001", "S1", datetime(2026, 3, 2, 1, 30, 5, tzinfo=UTC))
    assert first.due == datetime(2026, 3, 9, 15, 59, 59, tzinfo=UTC)
    assert isinstance(second, StepRow)
    assert (second.case, second.start) == ("2026030002", datetime(2026, 3, 2, 1, 31, tzinfo=UTC))


def test_a_bad_row_is_refused_with_its_number_and_others_are_taken(tmp_path: Path, sqlite_platform: Database) -> None:
    too_wide = [3, "S3", NINE, None, "a note", "one cell too many"]
    rows = ([1, "S1", NINE], [2, "S2", date(2026, 3, 2)], too_wide, [4, "S4", NINE])
    path = saved(tmp_path / "cases.xlsx", HEADER, *rows)
    report = import_file(sqlite_platform, SOURCE, path, MAPPING, NOW)
    assert (report.accepted, [rejection.line for rejection in report.rejected]) == (2, [3, 4])
    assert import_file(sqlite_platform, SOURCE, path, MAPPING, NOW).duplicates == 2


def test_a_header_that_cannot_be_used_is_told_with_its_line(tmp_path: Path) -> None:
    ((line, row),) = read(saved(tmp_path / "cases.xlsx", [], ["办件编号", "环节编号"], [1, "S1"]))
    assert line == 2
    assert isinstance(row, RowError)
    assert row.is_header
    assert [problem.field for problem in row.problems] == ["开始时间", "承诺时限"]


def test_a_workbook_in_the_exchange_format_needs_no_mapping_but_times_with_a_zone(tmp_path: Path) -> None:
    header = ["case", "step", "kind", "start"]
    good, bad = ["C1", "S1", "accept", "2026-03-02T09:00:00+08:00"], ["C1", "S2", "accept", NINE]
    (_, first), (_, second) = read(saved(tmp_path / "cases.xlsx", header, good, bad), None)
    assert isinstance(first, PlainStep), "as in other files most steps are read without their model"
    assert first.start == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert isinstance(second, RowError)
    assert second.problems[0].field == "start"


def test_an_empty_workbook_holds_no_rows(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match="holds no rows"):
        read(saved(tmp_path / "cases.xlsx"))


def test_one_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "cases.xlsx", HEADER)
    monkeypatch.setattr("ingest.approvals.workbook.MAX_UNPACKED", 1_000)
    with pytest.raises(UnusableFile, match="too large"):
        read(path)
