"""Quarters, half years and years: who sees what of them, and that they rest on what was counted, not on points."""

import io
from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlmodel import select

from correlation.evaluation.counted import Counted
from correlation.evaluation.formula import formula_of
from correlation.evaluation.scoring import evaluate
from storage.models import EvaluatedUnit, Evaluation
from tests.correlation.evaluation.numbers import FORMULA, SOME, counts
from tests.web.apps import app_of
from tests.web.conftest import NOON, SignedIn
from tests.web.evaluated import an_evaluation
from web.long_periods import periods_around, read_period
from web.reports.fonts import NoFont, chinese_font
from web.services import Services
from web.settings import EvaluationSection

PATHS = ["/evaluation/periods", "/evaluation/periods.json", "/evaluation/periods.csv", "/evaluation/periods.xlsx"]


@pytest.fixture(autouse=True)
def _published(services: Services) -> None:
    with services.database.transaction() as session:
        for month in ("2026-01", "2026-02", "2026-04"):
            an_evaluation(session, NOON, ("tax", "civil"), month=month)


def shown(client: TestClient, query: str = "") -> Any:
    return client.get(f"/evaluation/periods.json?{query}").json()


@pytest.mark.parametrize("path", PATHS)
def test_nobody_sees_a_period_without_signing_in_or_in_a_role_without_evaluation(
    anonymous: TestClient, signed_in: SignedIn, path: str
) -> None:
    assert anonymous.get(path).status_code in (303, 401)
    assert signed_in("investigator").get(path).status_code == 403
    assert signed_in("supervisor").get(path).status_code == 200


def test_who_sees_one_hall_sees_the_figures_of_no_other_district(signed_in: SignedIn) -> None:
    halls = {unit["id"]: unit for unit in shown(signed_in("supervisor"), "kind=hall&period=2026")["units"]}
    assert halls["cc"]["counted"]["cases"] == 3 * SOME.cases
    assert halls["nh"]["counted"] is None
    assert halls["nh"]["total"] is not None, "its points are published"
    rows = signed_in("supervisor").get("/evaluation/periods.csv?kind=hall&period=2026").text.splitlines()
    assert next(row for row in rows if "Unit nh" in row).endswith(",,,,,,,")


def test_a_period_is_what_its_published_months_have_and_says_which_are_lacking(signed_in: SignedIn) -> None:
    client = signed_in("admin")
    page = shown(client, "period=2026-Q1")
    assert (page["months"], page["lacking"]) == (["2026-01", "2026-02"], ["2026-03"])
    assert page["periods"] == ["2026-Q2", "2026-Q1", "2026-H1", "2026"]
    assert shown(client)["period"] == "2026-Q2"
    assert shown(client, "period=2027-H2")["units"] == []
    refused = client.get("/evaluation/periods.json?period=2026-Q5")
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "period")


def test_points_of_a_period_follow_from_what_was_counted_in_its_months(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        for unit in session.exec(select(EvaluatedUnit)):
            unit.points = 1.0
    for period, months in (("2026-Q1", 2), ("2026-H1", 3), ("2026", 3)):
        tax = next(unit for unit in shown(signed_in("admin"), f"period={period}")["units"] if unit["id"] == "tax")
        expected = evaluate(reduce(add, [SOME] * months), FORMULA, months=months).total
        assert expected is not None
        assert tax["total"]["points"] == expected.points
        assert tax["total"]["high"] - tax["total"]["low"] < 30, "more cases, less chance"


REPORT = "/evaluation/periods/2026-Q1/report"


@pytest.mark.parametrize("form", ["html", "xlsx", "pdf"])
def test_a_report_of_a_period_is_read_by_whom_evaluation_is_for(
    anonymous: TestClient, signed_in: SignedIn, form: str
) -> None:
    assert anonymous.get(f"{REPORT}.{form}").status_code in (303, 401)
    assert signed_in("investigator").get(f"{REPORT}.{form}").status_code == 403
    client = signed_in("department")
    for nothing in ("2025-Q1", "2026-Q5", "2026-02", "x"):
        assert client.get(f"/evaluation/periods/{nothing}/report.{form}").status_code == 404, nothing
    assert client.get(f"{REPORT}.doc").status_code == 404
    page = client.get("/evaluation/periods?period=2026-Q1&lang=en").text
    assert f'href="{REPORT}.{form}?language=en"' in page
    assert f"{REPORT}." not in client.get("/evaluation/periods?period=2025-Q1&lang=en").text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            (
                "Evaluation 2026, quarter 1",
                "Months that make it up: Jan 2026 · Number 1, Feb 2026 · Number 2",
                "Not published, so not in it: Mar 2026",
                "Last of them published: 2026-03-02 12:00",
                "costs its points by the month",
                "Unit tax",
            ),
        ),
        (
            "zh",
            (
                "绩效评估 2026 年第 1 季度",
                "构成月份：2026年1月 · 第 1 版、2026年2月 · 第 2 版",
                "未公布，因此未计入：2026年3月",
                "按月平均扣分",
                "单位tax",
            ),
        ),
    ],
)
def test_a_report_says_what_makes_it_up_and_is_the_same_from_the_same_months(
    signed_in: SignedIn, services: Services, language: str, said: tuple[str, ...]
) -> None:
    with services.database.transaction() as session:
        an_evaluation(session, NOON, ("tax", "civil"), month="2026-02", number=2, erratum="更正")
    admin = signed_in("admin")
    answer = admin.get(f"{REPORT}.html?language={language}")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for words in said:
        assert words in answer.text
    assert signed_in("department").get(f"{REPORT}.html?language={language}").content == answer.content
    with services.database.transaction() as session:
        an_evaluation(session, NOON, ("tax", "civil"), month="2026-03")
    later = admin.get(f"{REPORT}.html?language={language}").text
    assert said[2] not in later


def test_the_workbook_of_a_period_has_the_points_of_its_page(signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    answer = admin.get(f"{REPORT}.xlsx?language=en")
    assert answer.headers["content-disposition"] == 'attachment; filename="evaluation-2026-Q1-en.xlsx"'
    sheet = load_workbook(io.BytesIO(answer.content))["Departments"]
    heading, *rows = sheet.iter_rows(values_only=True, max_row=3)
    found = {row[heading.index("Unit")]: row[heading.index("Points")] for row in rows}
    page = shown(admin, "period=2026-Q1")["units"]
    assert found == {unit["name_en"]: pytest.approx(unit["total"]["points"]) for unit in page}


def test_the_pdf_of_a_period_is_one_or_says_what_is_wanting(signed_in: SignedIn, services: Services) -> None:
    admin = signed_in("admin")
    try:
        chinese_font(None)
    except NoFont:
        assert admin.get(f"{REPORT}.pdf").status_code == 409
    else:
        answer = admin.get(f"{REPORT}.pdf")
        assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
    without = services.settings.model_copy(update={"evaluation": EvaluationSection(font=Path("/nowhere.ttf"))})
    client = TestClient(app_of(replace(services, settings=without)), cookies=admin.cookies)
    refused = client.get(f"{REPORT}.pdf", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert refused.status_code == 409
    assert "no font with Chinese characters" in refused.text


def test_the_newest_erratum_of_a_month_is_what_counts(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        made = an_evaluation(session, NOON, ("tax", "civil"), month="2026-02", number=2)
        for unit in session.exec(select(EvaluatedUnit).where(EvaluatedUnit.evaluation_id == made)):
            unit.counted = {**unit.counted, "yellow": 0, "red": 0}
        assert session.get_one(Evaluation, made).number == 2
    tax = next(unit for unit in shown(signed_in("admin"), "period=2026-Q1")["units"] if unit["id"] == "tax")
    assert (tax["counted"]["yellow"], tax["counted"]["red"]) == (SOME.yellow, SOME.red)


def test_the_page_says_in_both_languages_what_makes_it_up(signed_in: SignedIn) -> None:
    client = signed_in("admin")
    english, chinese = (client.get(f"/evaluation/periods?period=2026-Q1&lang={each}").text for each in ("en", "zh"))
    assert "2026, quarter 1" in english
    assert "Not published, so nothing of them is in it:" in english
    assert "2026 年第 1 季度" in chinese
    assert "尚未公布" in chinese


@settings(max_examples=30)
@given(counts(), st.integers(1, 12))
def test_the_same_month_over_and_over_has_the_points_of_one(counted: Counted, months: int) -> None:
    """Also where cards take points off, by the month."""
    over = evaluate(reduce(add, [counted] * months), FORMULA, months=months)
    once = evaluate(counted, FORMULA)
    for name, score in once.indicators.items():
        again = over.indicators[name]
        assert (score and score.points) == pytest.approx(again and again.points, abs=0.0101)
    assert formula_of(FORMULA.model_dump()) == FORMULA


def test_names_of_periods_are_read_and_sorted() -> None:
    assert [str(each) for each in periods_around(["2025-12", "2026-07"])] == [
        *("2026-Q3", "2025-Q4", "2026-H2", "2025-H2", "2026", "2025")
    ]
    half = read_period("2026-H2")
    assert half is not None
    assert half.months == tuple(f"2026-{month:02d}" for month in range(7, 13))
    assert [read_period(text) for text in ("2026-Q0", "2026-05", "26", "2026-H3", "1900", "2026-Q1x")] == [None] * 6
