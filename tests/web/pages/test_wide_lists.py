"""Lists on the screen of an office: with long names in both languages no column is squeezed and none is cut off."""

import pytest
from playwright.sync_api import Page
from sqlmodel import select

from storage.models import Case, Department, Hall, Item, Source
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


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_word_is_torn_and_nothing_is_cut_off(long_names: Services, page: Page, language: str) -> None:
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for path in LISTS:
            page.goto(f"{path}?lang={language}")
            assert page.locator("tbody td").count() > 3, path
            assert page.evaluate(TORN) == [], (path, width)
            assert page.evaluate(CUT_OFF) == [], (path, width)
            assert page.evaluate(MOST_LINES) <= 6, (path, width)
