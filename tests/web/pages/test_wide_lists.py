"""Lists on the screen of an office: with long names in both languages no column is squeezed and none is cut off."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page
from sqlmodel import select

from storage.models import Batch, Case, Department, Fee, Hall, Item, Source
from tests.sample import HALL
from tests.web.pages.browser import IN_BROWSER
from web.services import Services

pytestmark = IN_BROWSER
LISTS = ("/cases", "/findings", "/data-quality")
TORN = """() => {
  const torn = [];
  for (const cell of document.querySelectorAll("td, th")) {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode())
      for (const word of text.data.matchAll(/[A-Za-z]{2,}|\\d+/g)) {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        if (range.getClientRects().length > 1) torn.push(`${word[0]} in ${cell.textContent.trim()}`);
      }
  }
  return torn;
}"""
CUT_OFF = """() => [...document.querySelectorAll(".table-box")]
  .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.scrollWidth - box.clientWidth)"""
MOST_LINES = """() => Math.max(...[...document.querySelectorAll("tbody td:not(.evidence)")].map((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return new Set([...range.getClientRects()].map((line) => Math.round(line.bottom / 6))).size;
}))"""


@pytest.fixture
def long_names(day: Services) -> Services:
    with day.database.transaction() as session:
        for hall in session.exec(select(Hall)):
            hall.name, hall.name_en = "禅城区政务服务中心综合受理大厅", "Chancheng District Government Service Centre"
        session.add(Department(id="long", name="人力资源局", name_en="Human Resources and Social Security Bureau"))
        session.add(
            Item(
                code="LONG-1",
                name="人力资源服务与劳务派遣经营许可",
                name_en="Labour dispatch and human resources services",
            )
        )
        session.flush()
        for case in session.exec(select(Case)):
            case.department_id, case.item_code, case.item_name = "long", "LONG-1", ""
            case.number = f"CC261128113748-1-{case.id:04}"
        for source in session.exec(select(Source)):
            source.name = "禅城区行政审批业务平台（市级数据中心）"
    return day


@pytest.fixture
def large_figures(long_names: Services) -> Services:
    """A platform that has sent much on one day: a bulk import, with batches that never came and large fees."""
    at = long_names.clock() - timedelta(days=1)
    with long_names.database.transaction() as session:
        source = session.exec(select(Source)).first()
        assert source is not None
        for sequence in (*range(9_100_000, 9_100_004), *range(9_393_215, 9_393_217)):
            session.add(
                Batch(
                    source_id=source.id,
                    received_at=at,
                    sequence=sequence,
                    rows=212_345,
                    accepted=200_000,
                    rejected=6_345,
                )
            )
        said: dict[str, Any] = {"source_id": source.id, "first_received_at": at, "received_at": at}
        for number in range(40):
            session.add(
                Fee(
                    reference=f"f{number}",
                    case_number=f"N-{number}",
                    amount_fen=9_999_999,
                    charged=at - timedelta(days=3 * (number % 2)),
                    **said,
                )
            )
    return long_names


@pytest.fixture
def two_platforms(long_names: Services) -> Services:
    """So that each row names its own."""
    with long_names.database.transaction() as session:
        session.add(Source(id="another", hall_id=HALL, name="佛山市工程建设项目审批管理系统（禅城分厅）"))
    return long_names


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_word_is_torn_and_nothing_is_cut_off(two_platforms: Services, page: Page, language: str) -> None:
    for path in LISTS:
        looks_well(page, f"{path}?lang={language}")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_large_figures_of_a_day_fit_beside_each_other(large_figures: Services, page: Page, language: str) -> None:
    day = large_figures.clock().astimezone(ZoneInfo("Asia/Shanghai")) - timedelta(days=1)
    looks_well(page, f"/reconciliation?lang={language}")
    row = page.locator("tbody tr").nth(1)
    as_elsewhere = {"en": f"{day.day} {day:%b} {day.year}", "zh": f"{day:%Y-%m-%d}"}
    assert row.locator("td").first.inner_text() == as_elsewhere[language]
    assert "9393214" in row.inner_text()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_large_sums_of_sources_and_districts_fit_beside_each_other(
    large_figures: Services, page: Page, language: str
) -> None:
    looks_well(page, f"/data-quality?lang={language}")
    assert "3999999.60" in page.locator("#results").inner_text().replace(",", "")


def looks_well(page: Page, address: str) -> None:
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address)
        assert page.locator("tbody td").count() > 3, address
        assert page.evaluate(TORN) == [], (address, width)
        assert page.evaluate(CUT_OFF) == [], (address, width)
        assert page.evaluate(MOST_LINES) <= 6, (address, width)
