"""Tables to take along: every list as CSV and XLSX, safe in a spreadsheet, in the hall's time, and with an end."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlmodel import select

from storage.models import AccessEntry, Case
from tests.web.pages.conftest import SignIn
from web.csv_lines import csv_line
from web.i18n import Language
from web.pages import tables
from web.pages.table_workbook import workbook
from web.pages.tables import Cell, Moments, Table, csv_lines
from web.services import Services

LISTS = ["alerts", "cards", "cases", "deletions", "evaluation", "findings", "holds", "orders", "reconciliation"]
LISTS += ["absences", "catalogue", "overview", "import", "samples", "health", "calendar", "evaluation/formulas"]
LISTS += ["evaluation/simulation", "evaluation/periods", "evaluation/figures", "admin/halls", "data-quality"]
NONE_THAT_DAY = {"cards", "deletions", "evaluation/figures", "holds", "orders", "samples"}
FILES = [
    "/calendar/cc-cam-1.xlsx?day=2026-11-23",
    "/counters/cc-1/day.xlsx?day=2026-11-23",
    "/counters/cc-1/month.xlsx?month=2026-11&by=hour",
    "/import/1/rejected.xlsx",
    "/evaluation/1/marks.xlsx?unit_kind=hall&unit=cc",
]
AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def table(*rows: tuple[Cell, ...]) -> Table:
    return Table("things", "Asia/Shanghai", ("id", Moments("at"), "what"), rows)


def as_csv(found: Table, language: Language = Language.EN) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(csv_lines(found, language)).removeprefix("\ufeff"))))


def as_xlsx(body: bytes) -> list[list[object]]:
    sheet = load_workbook(io.BytesIO(body)).active
    assert sheet is not None
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_every_list_is_taken_along_in_both_forms_with_the_same_rows(anonymous: TestClient, sign_in: SignIn) -> None:
    client = sign_in("admin")
    for name in LISTS:
        for ending in ("csv", "xlsx"):
            assert anonymous.get(f"/{name}.{ending}").status_code in (303, 401), name
        query = "state=all" if name in ("alerts", "cards", "holds", "orders") else ""
        text = client.get(f"/{name}.csv?{query}").text
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
        answer = client.get(f"/{name}.xlsx?{query}")
        assert answer.headers["content-disposition"].endswith('.xlsx"'), name
        found = as_xlsx(answer.content)
        assert len(found) == len(rows), name
        assert [str(heading) for heading in found[0]] == rows[0], name
        shown = client.get(f"/{name}?{query}").text
        assert len(rows) == 1 or f"/{name}.xlsx" in shown, name
        assert len(rows) > 1 or name in NONE_THAT_DAY, name


def test_pages_with_a_table_are_workbooks_too(anonymous: TestClient, sign_in: SignIn) -> None:
    client = sign_in("admin")
    for path in FILES:
        assert anonymous.get(path).status_code in (303, 401), path
        found = as_xlsx(client.get(path).content)
        text = client.get(path.replace(".xlsx", ".csv")).text
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
        assert [str(heading) for heading in found[0]] == rows[0], path
        assert len(found) == len(rows) > 1, path


def test_the_filters_hold_for_files_too(sign_in: SignIn) -> None:
    client = sign_in("admin")
    page = client.get("/cases.json?status=closed").json()["cases"]
    rows = list(csv.DictReader(io.StringIO(client.get("/cases.csv?status=closed").text.removeprefix("\ufeff"))))
    assert [row["number"] for row in rows] == [case["number"] for case in page]
    assert "after" not in client.get("/cases?status=closed&after=1.1").text.partition(".csv")[2].partition('"')[0]


def test_applicants_go_along_with_whoever_may_know_them_and_it_is_written_down(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        name = session.get_one(Case, 1).applicant
    assert name
    assert name not in sign_in("supervisor").get("/cases.csv").text
    assert name in sign_in("inspector").get("/cases.csv").text
    with day.database.transaction() as session:
        entries = session.exec(select(AccessEntry).where(AccessEntry.subject == "cases")).all()
    assert [(entry.action, entry.purpose) for entry in entries] == [("case", "/cases.csv")]


def test_times_are_those_of_the_hall_whose_zone_is_named() -> None:
    found = table((1, AT, "a"), (2, None, date(2026, 3, 2)))
    assert as_csv(found) == [
        ["id", "at (Asia/Shanghai)", "what"],
        ["1", "2026-03-02T12:00:00+08:00", "a"],
        ["2", "", "2026-03-02"],
    ]
    head, first, second = as_xlsx(workbook(found, Language.EN))
    assert head == ["id", "at (Asia/Shanghai)", "what"]
    assert first == [1, datetime(2026, 3, 2, 12, 0), "a"]  # noqa: DTZ001 (workbooks know no zones)
    assert second == [2, None, datetime(2026, 3, 2)]  # noqa: DTZ001


@given(st.sampled_from("=+-@＝＋－＠\t\r"), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=9))
def test_no_cell_of_text_begins_like_a_formula(sign: str, rest: str) -> None:
    (cell,) = next(csv.reader(io.StringIO(csv_line([sign + rest]), newline="")))
    assert cell == f"'{sign}{rest}"


def test_numbers_stay_numbers_and_formulas_stay_text() -> None:
    found = table((-1, AT, "=1+1"), (0.5, AT, True))
    assert [row[0] for row in as_csv(found)[1:]] == ["-1", "0.5"]
    assert [row[2] for row in as_csv(found)[1:]] == ["'=1+1", "true"]
    sheet = load_workbook(io.BytesIO(workbook(found, Language.EN))).active
    assert sheet is not None
    formula = sheet["C2"]
    assert (formula.value, formula.data_type) == ("=1+1", "s")
    assert sheet["A2"].value == -1


def test_whatever_a_platform_calls_it_is_a_file_with_a_sheet() -> None:
    named = replace(table(), name='item-许可/甲:乙\r\n"x"')
    assert tables._attachment(named.name, "csv") == {"Content-Disposition": 'attachment; filename="item--x-.csv"'}
    assert as_xlsx(workbook(named, Language.EN))


def test_signs_that_a_workbook_does_not_take_are_left_out() -> None:
    assert as_xlsx(workbook(table((1, AT, "a\x00b\x1bc")), Language.EN))[1][2] == "abc"


def test_a_file_has_an_end_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("MOST_ROWS", "MOST_IN_WORKBOOK"):
        monkeypatch.setattr(tables, limit, 2)
    rows = as_csv(table(*((number, AT, "") for number in range(3))), Language.ZH)
    assert [row[0] for row in rows[1:3]] == ["0", "1"]
    assert rows[3:] == [["还有更多记录：每个文件最多 2 行，请缩小筛选范围。"]]
    assert len(as_csv(table(*((number, AT, "") for number in range(2))))) == 3
    assert len(as_xlsx(workbook(table(*((n, AT, "") for n in range(3))), Language.EN))) == 4
