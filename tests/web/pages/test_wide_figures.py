"""Figures of an evaluation stand in one line, whatever the width, and tables of many columns fit the window."""

from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlmodel import select

from correlation.evaluation.indicators import weight_of
from storage.models import EvaluatedUnit, Evaluation, EvaluationState, FormulaChange, UnitKind, User
from tests.correlation.evaluation.numbers import IN_USE
from tests.web.pages.a_day import NOW
from tests.web.pages.browser import IN_BROWSER
from web.i18n import Language
from web.reports.content import Words, report_of
from web.reports.page import page as report_page
from web.services import Services

pytestmark = IN_BROWSER
BROKEN = r"""() => [...document.querySelectorAll("td, th")].flatMap(cell => {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), broken = [];
    for (let node; (node = walker.nextNode());)
        for (const found of node.data.matchAll(/[\d(][\d.,–()\u00a0 ]*%?/g)) {
            const range = document.createRange();
            range.setStart(node, found.index);
            range.setEnd(node, found.index + found[0].trimEnd().length);
            const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
            if (lines.size > 1) broken.push(cell.textContent.trim());
        }
    return broken;
})"""
"""Cells in which a figure stands in two lines."""
CUT_OFF = "[...document.querySelectorAll('.box, .table-box')].map(box => box.scrollWidth - box.clientWidth)"
FITS = "document.documentElement.scrollWidth <= innerWidth"
PRINTED = 1031
"""Width of a page of A4, on its side and without its margins."""


@pytest.fixture
def published(day: Services) -> Services:
    """With units that share their rank by chance, and long names."""
    with day.database.transaction() as session:
        for unit in session.exec(select(EvaluatedUnit)):
            unit.known, unit.worst_rank = 0.95, unit.rank and 118
            unit.name, unit.name_en = f"{unit.name}人力资源和社会保障局", f"{unit.name_en} Human Resources Bureau"
    return day


def the_report(services: Services, language: Language) -> str:
    with services.database.transaction() as session:
        evaluation = session.exec(select(Evaluation).where(Evaluation.state == EvaluationState.PUBLISHED)).first()
        assert evaluation
        return report_page(Words(language, report_of(session, evaluation))).decode()


@pytest.mark.parametrize("language", Language)
def test_no_figure_of_the_report_is_broken_on_screen_phone_or_paper(
    published: Services, page: Page, language: Language
) -> None:
    page.set_content(the_report(published, language))
    assert "(1–118)" in page.locator("td").first.inner_text()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate(BROKEN) == []
        assert page.evaluate(FITS)
    page.set_viewport_size({"width": PRINTED, "height": 720})
    page.emulate_media(media="print")
    assert page.evaluate(BROKEN) == []
    assert set(page.evaluate(CUT_OFF)) == {0}, "paper does not scroll"


def test_the_page_of_a_formulas_draft_opens_at_its_top_and_a_row_of_tabs_at_the_chosen_one(
    day: Services, page: Page
) -> None:
    with day.database.transaction() as session:
        content = IN_USE.model_dump(mode="json")
        said: dict[str, Any] = {
            "proposed_by": session.exec(select(User.id)).first() or 0,
            "proposed_at": NOW,
            "reason": "考核办法",
        }
        session.add(FormulaChange(version="own", effective=date(2027, 1, 1), content=content, **said))
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto("/evaluation/formulas/1?kind=counter")
        tab = page.locator(".tabs [aria-current]")
        assert page.evaluate("scrollY") == 0
        assert tab.evaluate("tab => tab.getBoundingClientRect().right <= innerWidth")
        assert tab.evaluate("tab => tab.getBoundingClientRect().top > innerHeight"), "it lies below"


@pytest.fixture
def many_indicators(published: Services) -> Services:
    """All departments by the template that comes along: fourteen indicators, with names and points as long as any."""
    with published.database.transaction() as session:
        department = UnitKind.DEPARTMENT
        for evaluation in session.exec(select(Evaluation)):
            evaluation.formula = IN_USE.model_dump(mode="json")
        for unit in session.exec(select(EvaluatedUnit).where(EvaluatedUnit.kind == department)):
            unit.points, unit.low, unit.high, unit.rank, unit.best_rank, unit.worst_rank = (
                100.0,
                99.12,
                100.0,
                117,
                1,
                118,
            )
            unit.indicators = {
                each.id: {"points": -13.25 if weight_of(each) is None else 100.0, "low": 90.0, "high": 100.0}
                for each in IN_USE.indicators
            }
    return published


@pytest.mark.parametrize("path", ["/evaluation", "/evaluation/periods"])
@pytest.mark.parametrize("language", Language)
def test_an_evaluation_by_many_indicators_fits_a_window_of_1280_and_a_phone(
    many_indicators: Services, page: Page, path: str, language: Language
) -> None:
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{path}?kind=department&lang={language}")
        assert page.locator("tbody tr").first.locator(".each dd").count() == len(IN_USE.indicators)
        assert page.evaluate(CUT_OFF) == [0]
        assert page.evaluate(BROKEN) == []
        assert page.evaluate(FITS)


@pytest.mark.parametrize("path", ["/evaluation", "/evaluation/periods"])
@pytest.mark.parametrize("language", Language)
def test_the_evaluation_fits_a_window_of_1280(published: Services, page: Page, path: str, language: Language) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{path}?lang={language}")
    assert page.evaluate(CUT_OFF) == [0]
    assert page.evaluate(BROKEN) == []
