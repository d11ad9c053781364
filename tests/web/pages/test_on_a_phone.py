"""Lists that are worked with on a phone: the inbox of cards, and the evaluation down to what costs points."""

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from storage.models import Complaint, Evaluation, EvaluationReport, EvaluationState, Hall, ReportFormat
from tests.web.carded import a_card
from tests.web.pages.a_day import NOW
from tests.web.pages.browser import IN_BROWSER
from web.services import Services

pytestmark = IN_BROWSER
WIDE = "() => document.scrollingElement.scrollWidth <= innerWidth"


@pytest.fixture
def carded(day: Services) -> Services:
    with day.database.transaction() as session:
        session.add(a_card(1, id=1))
    return day


def test_the_inbox_fits_a_phone_and_answers_a_card(carded: Services, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/cards")
    row = page.locator("#card-1")
    row.get_by_text("How it was reckoned").click()
    row.get_by_text("Answer or decide").click()
    assert page.evaluate(WIDE)
    row.get_by_label("Reason").fill("停电")
    row.get_by_role("button", name="Explain").click()
    expect(page.get_by_text("Noted in the log of the card.")).to_be_visible()
    expect(page.locator("#card-1")).to_contain_text("停电")
    assert page.evaluate(WIDE)


def test_on_a_phone_a_figure_leads_to_a_case_and_weights_are_tried(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/evaluation")
    page.get_by_label("Units").select_option("hall")
    page.wait_for_url("**kind=hall*")
    row = page.get_by_role("row").filter(has_text="Unit cc")
    row.get_by_text("What it rests on").click()
    expect(page.locator("svg.points").first).to_be_visible()
    assert page.evaluate(WIDE)
    row.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Unit cc")).to_be_visible()
    expect(page.locator(".lede a")).to_have_css("text-decoration-line", "underline")
    assert page.evaluate(WIDE)
    page.get_by_role("link", name="Cards").last.click()
    expect(page.get_by_text("No, under appeal")).to_be_visible()
    page.goto("/evaluation/simulation")
    page.get_by_label("Points for a red card").fill("-50")
    page.get_by_role("button", name="Work out").click()
    page.wait_for_url("**cards.red=-50*")
    expect(page.get_by_role("cell").filter(has_text="Unit housing")).to_be_visible()
    assert page.evaluate(WIDE)


def test_the_reports_of_a_published_month_stay_in_their_panel(day: Services, page: Page) -> None:
    with day.database.transaction() as session:
        published = session.exec(select(Evaluation.id).where(Evaluation.state == EvaluationState.PUBLISHED)).all()
        session.add_all(
            EvaluationReport(evaluation_id=evaluation or 0, format=made_as, language=language, body=b"", made_at=NOW)
            for evaluation in published
            for made_as in ReportFormat
            for language in ("zh", "en")
        )
    page.set_viewport_size({"width": 390, "height": 844})
    for language in ("zh", "en"):
        page.goto(f"/evaluation?lang={language}")
        expect(page.locator(".panel-head .actions a")).to_have_count(5)
        assert page.evaluate(WIDE)


def test_a_very_long_name_of_a_hall_makes_the_board_no_wider_and_leaves_the_counters_name(
    day: Services, page: Page
) -> None:
    with day.database.transaction() as session:
        for hall in session.exec(select(Hall)):
            hall.name = hall.name_en = "综合受理大厅" * 30
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/")
    title = page.locator(".tile-title a").first
    expect(title).to_contain_text("Counter 1")
    assert page.evaluate(WIDE)
    assert title.evaluate("link => link.scrollWidth <= link.clientWidth"), "it is not cut off"


def test_a_day_of_the_reconciliation_has_no_lines_for_what_there_was_none_of(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/reconciliation")
    day = page.locator("#results tbody tr").first
    expect(day.locator("td.lead")).to_be_visible()
    expect(day.locator("td[data-label='Suspensions']")).to_be_hidden()
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(day.locator("td[data-label='Suspensions']")).to_have_text("0")


def test_the_list_of_views_has_no_lines_for_what_is_not_said(day: Services, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/admin/views")
    view = page.locator("tbody tr").first
    expect(view.locator("td[data-label='Staff zone']")).to_be_visible()
    expect(view.locator("td[data-label='Until']")).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(view.locator("td[data-label='Until']")).to_have_text("–")


def test_the_files_at_the_foot_of_the_reconciliation_stand_apart(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/reconciliation")
    files = page.locator(".panel-foot .actions a")
    expect(files).to_have_count(2)
    csv, xlsx = (one.bounding_box() for one in files.all())
    assert csv
    assert xlsx
    assert xlsx["x"] - (csv["x"] + csv["width"]) >= 4


def test_the_link_to_the_footage_of_a_complaint_stays_in_its_panel(day: Services, page: Page) -> None:
    complaint = Complaint(
        id=1,
        reference="K7QM29XH",
        received_at=NOW,
        happened_at=NOW,
        hall_id="cc",
        counter_id="cc-1",
        text="无人",
        agreed_to="2026-11",
    )
    with day.database.transaction() as session:
        session.add(complaint)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/complaints/1")
    link = page.get_by_role("link", name="What happened there then")
    expect(link).to_be_visible()
    ends = "element => element.getBoundingClientRect().right"
    assert link.evaluate(ends) < page.locator(".panel").filter(has=link).evaluate(ends)
