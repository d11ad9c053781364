"""The evaluation on a phone, and through it to what costs points."""

from playwright.sync_api import Page, expect

WIDE = "() => document.scrollingElement.scrollWidth <= innerWidth"


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
    assert page.evaluate(WIDE)
    page.get_by_role("link", name="Cards").last.click()
    expect(page.get_by_text("No, under appeal")).to_be_visible()
    page.goto("/evaluation/simulation")
    page.get_by_label("Points off for a red card").fill("50")
    page.get_by_role("button", name="Work out").click()
    page.wait_for_url("**red_points=50*")
    expect(page.get_by_role("cell").filter(has_text="Unit housing")).to_be_visible()
    assert page.evaluate(WIDE)
