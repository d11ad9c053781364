"""A supervisor's month in Chromium: from the late case over its card and an order to the published month.

The tests tell one story in order.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.correlation.evaluation.city import local, step
from tests.e2e.lived_month import Month, a_lived_month
from tests.e2e.running_hall import wait_for
from tests.web.pages.browser import IN_BROWSER

pytestmark = IN_BROWSER
MAY = "2026-05"


@pytest.fixture(scope="module")
def month(chromium: Browser, _migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    folder = tmp_path_factory.mktemp("month")
    shutil.copy(_migrated_file, folder / "month.db")
    with a_lived_month(folder, chromium) as lived:
        yield lived


def follow(page: Page, link: Locator, address: str) -> None:
    link.click()
    page.wait_for_url(re.compile(address))


def say(page: Page, text: str, act: str) -> None:
    page.get_by_label(re.compile("Reason|What was done")).fill(text)
    page.get_by_role("button", name=act, exact=True).click()
    expect(page.get_by_text(text).first).to_be_visible()


def on_the_card(page: Page, text: str, act: str) -> None:
    page.goto("/cards?kind=yellow")
    follow(page, page.locator("tbody td a[href^='/cards/']").first, r"/cards/\d+")
    page.get_by_text("Answer or decide").click()
    say(page, text, act)


def test_a_late_case_is_found_from_the_overview_and_its_card_says_why(month: Month) -> None:
    month.live_until("2026-05-13T09:30")
    page = month.signed_in("he.min")
    page.goto("/overview?by=department")
    row = page.get_by_role("row").filter(has_text="Market Regulation")
    follow(page, row.locator("[data-state=late]"), "status=overdue")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    follow(page, page.get_by_role("link", name="C", exact=True), r"/cases/\d+")
    follow(page, page.get_by_role("link", name="To the cards of this case"), "/cards")
    follow(page, page.locator("tbody td a[href^='/cards/']").first, r"/cards/\d+")
    page.get_by_text("How it was reckoned").click()
    for words in ("make-up working day", "usual-2026", "行政许可法-2004", "days 1 to"):
        expect(page.get_by_text(words).first).to_be_visible()


def test_a_card_is_explained_upheld_appealed_and_decided_by_somebody_else(month: Month) -> None:
    for who, text, act in [
        ("market", "系统升级", "Explain"),
        ("he.min", "理由不成立", "Uphold"),
        ("market", "当日停机两小时", "Appeal"),
    ]:
        page = month.signed_in(who)
        on_the_card(page, text, act)
    page = month.signed_in("he.min")
    page.goto("/cards?state=appealed")
    expect(page.locator("tr[id^=card-]")).to_have_count(1)
    expect(page.get_by_role("button", name="Reject the appeal")).to_have_count(0)  # by whoever upheld it
    page = month.signed_in("liang.wei")
    on_the_card(page, "停机不足两小时", "Reject the appeal")


def test_an_order_is_issued_answered_and_closed(month: Month) -> None:
    page = month.signed_in("he.min")
    page.goto("/cards?kind=yellow")
    follow(page, page.locator("tbody td a[href^='/cards/']").first, r"/cards/\d+")
    page.get_by_text("Issue a supervision order").click()
    page.get_by_label("What has to be done").fill("三日内办结")
    page.get_by_role("button", name="Issue", exact=True).click()
    page.wait_for_url(re.compile("/orders/1"))
    month.live_until("2026-05-15T09:00")
    for who, text, act in (("market", "已于14日办结", "Answer"), ("he.min", "核实无误", "Close the order")):
        page = month.signed_in(who)
        page.goto("/orders/1")
        say(page, text, act)
    page = month.signed_in("he.min")
    page.goto("/orders?state=all")
    expect(page.locator("#results tbody tr .chip").first).to_have_text("Order closed")


def test_who_was_badly_rated_is_called_back(month: Month) -> None:
    page = month.signed_in("he.min")
    page.goto("/call-backs")
    page.locator("summary").filter(has_text="Called back").click()
    page.get_by_label("What was said and put right").fill("已致歉并补发证照")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nobody is to be called back")).to_be_visible()


def test_a_promise_is_shortened_by_two_people(month: Month) -> None:
    page = month.signed_in("huang.li")
    page.goto("/catalogue/draft?code=JZ-1")
    page.get_by_label("Promised limit").fill("4")
    page.get_by_label("Holds from").fill("2026-06-01")
    page.get_by_label("Why").fill("提速")
    page.get_by_role("button", name="Keep as a draft").click()
    page.wait_for_url(re.compile("/catalogue/changes/1"))
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    page = month.signed_in("he.min")
    page.goto("/catalogue")
    follow(page, page.locator("a[href='/catalogue/changes/1']").first, "/catalogue/changes/1")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved").first).to_be_visible()


def test_the_published_month_leads_to_each_case_card_and_clip(month: Month) -> None:
    month.live_until("2026-06-09T09:00")
    page = month.signed_in("he.min")
    page.goto(f"/evaluation?month={MAY}&kind=hall")
    expect(page.get_by_text("Published").first).to_be_visible()
    marks(page, "Of these late")
    expect(page.locator("#results tbody tr")).to_have_count(2)
    follow(page, page.get_by_role("link", name="C", exact=True), r"/cases/\d+")
    expect(page.get_by_text("Ended late").first).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Cards").last.click()
    follow(page, page.locator("#results a[href^='/cards/']").last, "/cards/")
    expect(page.get_by_text("停机不足两小时").first).to_be_attached()
    page.goto(f"/evaluation?month={MAY}&kind=hall")
    marks(page, "Absence that stands")
    follow(page, page.get_by_role("link", name="Counter 1"), "/absences/1")
    video = page.locator("clip-player video")
    wait_for(lambda: video.evaluate("video => video.readyState >= 2"), 30, "a picture of the clip")


def marks(page: Page, of: str) -> None:
    """Of what costs the hall points."""
    page.get_by_text("What it rests on").first.click()
    page.locator("dl.facts div").filter(has_text=of).get_by_role("link").click()
    page.wait_for_url(re.compile("/marks"))


def test_what_is_published_stays_and_an_erratum_stands_beside_it(month: Month) -> None:
    page = month.signed_in("he.min")
    page.goto(f"/evaluation?month={MAY}&kind=hall")
    address = page.get_by_role("link", name="Report", exact=True).get_attribute("href") or ""
    before = page.request.get(address).body()
    assert b"May 2026" in before
    month.tell([step("C", 2, "decide", "2026-05-12T16:00")], local("2026-06-10T09:00"))
    month.live_until("2026-06-10T09:10")
    page = month.signed_in("he.min")
    page.goto(f"/evaluation?month={MAY}&kind=hall")
    expect(page.get_by_text("Number 2 is drafted and can be published as an erratum.")).to_be_visible()
    follow(page, page.get_by_role("link", name="Show the draft"), "number=2")
    page.get_by_label("What is corrected, and why").fill("办件C的决定时间更正")
    page.get_by_role("button", name="Publish the erratum").click()
    expect(page.get_by_text("Erratum 2: 办件C的决定时间更正")).to_be_visible()
    month.live_until("2026-06-10T09:30")
    page = month.signed_in("liang.wei")
    page.goto(f"/evaluation?month={MAY}&kind=hall")
    expect(page.get_by_text("Erratum 2: 办件C的决定时间更正")).to_be_visible()
    assert page.request.get(address).body() == before
    newer = page.get_by_role("link", name="Report", exact=True).get_attribute("href") or ""
    assert "办件C的决定时间更正" in page.request.get(newer).text()
    marks(page, "Of these late")
    expect(page.get_by_role("link", name="C", exact=True)).to_have_count(0)
    follow(page, page.locator("p.lede").get_by_role("link"), "/evaluation")
    follow(page, page.get_by_role("link", name="Number 1"), "number=1")
    marks(page, "Of these late")
    expect(page.get_by_role("link", name="C", exact=True)).to_be_visible()
