"""The report of a month: made once in each form, with its Chinese, and frozen."""

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlmodel import select

from storage.database import Database
from storage.models import EvaluatedUnit, Evaluation, EvaluationReport, EvaluationState, ReportFormat
from tests.web.conftest import NOON, SignedIn
from tests.web.evaluated import an_evaluation
from web.i18n import Language, of_language
from web.reports.content import Words, report_of
from web.reports.fonts import FontFile, NoFont, chinese_font
from web.reports.keeping import Reporting
from web.reports.page import page
from web.reports.pdf import pdf, row
from web.reports.workbook import workbook
from web.services import Services

NOWHERE = Path("/nowhere.ttf")


@pytest.fixture(autouse=True)
def _published(services: Services) -> None:
    with services.database.transaction() as session:
        an_evaluation(session, NOON, ("tax", "civil"), erratum="=1+1 <b>")
        an_evaluation(session, NOON, ("tax", "civil"), month="2026-03", state=EvaluationState.DRAFT)


@pytest.fixture(scope="module")
def font() -> FontFile:
    try:
        return chinese_font(None)
    except NoFont:
        pytest.skip("there is no font with Chinese: apt-get install fonts-noto-cjk")


def words(services: Services, language: Language) -> Words:
    with services.database.transaction() as session:
        return Words(language, report_of(session, session.get_one(Evaluation, 1)))


@pytest.mark.parametrize("form", ["html", "xlsx", "pdf"])
def test_nobody_reads_a_report_without_signing_in_or_the_permission(
    anonymous: TestClient, signed_in: SignedIn, services: Services, form: str
) -> None:
    with services.database.transaction() as session:
        made_as = ReportFormat(form)
        session.add(EvaluationReport(evaluation_id=1, format=made_as, language="zh", body=b"x", made_at=NOON))
    path = f"/evaluation/1/report.{form}"
    assert anonymous.get(path).status_code in (303, 401)
    assert signed_in("investigator").get(path).status_code == 403
    assert signed_in("department").get(path).content == b"x"
    assert signed_in("admin").get(path.replace("1", "2")).status_code == 404, "a draft has none"


def test_each_is_made_once_and_stays_whatever_becomes_of_the_site(services: Services, signed_in: SignedIn) -> None:
    reporting = Reporting(services.database, NOWHERE)
    assert [reporting.run_once(NOON) for _ in range(2)] == [4, 0], "two languages; no font, so no PDF"
    client = signed_in("inspector")
    before = client.get("/evaluation/1/report.html")
    assert "default-src 'none'" in before.headers["content-security-policy"]
    assert "2026年2月" in before.text
    assert "There is no PDF yet" in client.get("/evaluation?lang=en").text
    with services.database.transaction() as session:
        for unit in session.exec(select(EvaluatedUnit)):
            unit.name = "gone"
    assert reporting.run_once(NOON) == 0
    assert client.get("/evaluation/1/report.html").content == before.content
    assert client.get("/evaluation/1/report.xlsx?language=en").headers["content-disposition"].endswith('1-en.xlsx"')
    assert client.get("/evaluation/1/report.doc").status_code == 404


def test_they_are_kept_in_postgresql_too(postgres_database: Database) -> None:
    with postgres_database.transaction() as session:
        an_evaluation(session, NOON, ("tax", "civil"))
    reporting = Reporting(postgres_database, NOWHERE)
    assert [reporting.run_once(NOON) for _ in range(2)] == [4, 0]
    with postgres_database.transaction() as session:
        kept = session.exec(select(EvaluationReport).where(EvaluationReport.format == ReportFormat.XLSX)).all()
    assert {each.language: each.body[:2] for each in kept} == {"zh": b"PK", "en": b"PK"}


def test_the_page_stands_for_itself_and_escapes_what_people_wrote(services: Services) -> None:
    text = page(words(services, Language.EN)).decode()
    assert "<title>Evaluation Feb 2026</title>" in text
    assert "=1+1 &lt;b&gt;" in text
    assert not re.search(r"(?:src|href)=|url\(|<script", text)
    assert "Unit tax" in text
    assert "No case to count" in page(words(services, Language.EN)).decode()


def test_the_workbook_has_the_figures_as_numbers_a_chart_and_no_formula_of_strangers(services: Services) -> None:
    book = load_workbook(io.BytesIO(workbook(words(services, Language.ZH))))
    sheet = book["部门"]
    rows = list(sheet.values)
    assert rows[0][:3] == ("名次", "评估对象", "得分")
    assert [(row[0], row[1]) for row in rows[1:3]] == [(1, "单位civil"), (2, "单位tax")]
    assert isinstance(rows[1][2], float)
    assert rows[0][5:7] == ("可能最好名次", "可能最差名次")
    assert [row[5:7] for row in rows[1:3]] == [(1, 2), (1, 2)], "40 cases are few"
    assert (rows[0][-1], sheet.cell(2, len(rows[0])).number_format) == ("已知比例", "0.0%")
    assert len(sheet._charts) == 1  # type: ignore[attr-defined]
    lines = [cell for row in book[book.sheetnames[-1]].iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in lines} <= {"s", "n"}
    assert any("=1+1" in str(cell.value) for cell in lines)


def test_what_the_formula_rests_on_is_told_in_the_language_of_the_report(services: Services) -> None:
    chinese, english = (page(words(services, language)).decode() for language in (Language.ZH, Language.EN))
    assert ("本公式并非法律规定" in chinese, "No law sets this formula" in chinese) == (True, False)
    assert ("本公式并非法律规定" in english, "No law sets this formula" in english) == (False, True)
    assert of_language(Language.EN, "本市公布") == "本市公布", "said in one language alone"


def test_the_pdf_has_its_chinese(services: Services, font: FontFile) -> None:
    made = pdf(words(services, Language.ZH), font)
    assert made.startswith(b"%PDF-")
    assert b"/FontFile" in made, "it brings its font along"
    for letter in "绩效评估部门红黄牌":
        assert f"<{ord(letter):04X}>".encode() in made.upper(), letter
    assert pdf(words(services, Language.EN), font).startswith(b"%PDF-")


def test_the_pdf_tells_ranks_and_shares_as_the_page_does(services: Services) -> None:
    found = words(services, Language.EN)
    first, *_ = found.report.tables[0][1]
    place, name, points, *_, known = row(found, replace(first, known=0.9512))
    assert (place, name, known) == ("1\N{NO-BREAK SPACE}(1–2)", "Unit civil", "95.1 %")
    assert points == f"{first.total.points:.2f}" if first.total else ""
    assert row(found, replace(first, rank=None))[0] == "–"
    assert found.about[0] == "Published: 2026-03-02 12:00 · 何敏"
    assert words(services, Language.ZH).about[0] == "已发布：2026-03-02 12:00 · 何敏"


@pytest.mark.parametrize(("language", "said"), [(Language.ZH, "未知"), (Language.EN, "Not known")])
def test_the_pdf_says_unknown_where_the_page_does(services: Services, language: Language, said: str) -> None:
    found = words(services, language)
    first, *_ = found.report.tables[0][1]
    partly = replace(first, indicators={**first.indicators, "cards": None})
    cells = dict(zip(found.columns, row(found, partly), strict=True))
    assert [name.split()[0] for name, cell in cells.items() if cell == said] == [
        found.columns[5 + [each.id for each in found.report.indicators].index("cards")].split()[0]
    ]
    nothing = row(found, replace(first, total=None, rank=None))
    assert nothing[:5] == ["–", found.name(first), said, said, said], "there is no rank, and points that nobody knows"


def test_a_long_name_and_many_units_leave_the_pdf_whole(services: Services, font: FontFile) -> None:
    found = words(services, Language.ZH)
    kind, units = found.report.tables[0]
    many = tuple(replace(unit, name=f"{unit.name}{'很长的名称' * 12}") for unit in units * 30)
    long = Words(Language.ZH, replace(found.report, tables=((kind, many),)))
    assert pdf(long, font).count(b"/Type /Page\n") > 2


def test_a_font_that_cannot_be_used_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoFont, match="install fonts-noto-cjk"):
        chinese_font(None, usual=[NOWHERE])
    with pytest.raises(NoFont, match=r"evaluation\.font: /nowhere\.ttf"):
        chinese_font(NOWHERE)
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    with pytest.raises(NoFont, match="name another file"):
        chinese_font(broken)
