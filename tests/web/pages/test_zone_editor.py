"""Zones drawn over a camera's picture, in a real browser."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import FloatRect, Locator, Page, Route, expect
from sqlmodel import col, delete

from storage.models import View
from tests.web.pages.browser import IN_BROWSER, WITHIN_MS
from web.services import Services

pytestmark = IN_BROWSER
NEW_VIEW = "/admin/views?new=true&camera=cc-cam-2&counter=cc-10"
Corners = list[list[float]]
To = Callable[[float, float], tuple[float, float]]


@pytest.fixture
def editor(page: Page, day: Services) -> Locator:
    """Of a camera in whose picture another counter has its staff zone."""
    with day.database.transaction() as session:
        neighbour = [[0.7, 0.2], [0.9, 0.2], [0.9, 0.6], [0.7, 0.6]]
        session.exec(delete(View).where(col(View.camera_id) == "cc-cam-2"))
        session.add(View(camera_id="cc-cam-2", counter_id="cc-3", staff_zone=neighbour))
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.goto(NEW_VIEW)
    found = page.locator("zone-editor")
    found.get_by_role("button", name="Draw: Staff zone").wait_for(timeout=WITHIN_MS)
    found.scroll_into_view_if_needed()
    return found


def places(editor: Locator) -> To:
    """From shares of the picture to pixels of the page."""
    box: FloatRect | None = editor.locator("svg").bounding_box()
    assert box
    return lambda x, y: (box["x"] + x * box["width"], box["y"] + y * box["height"])


def zone(editor: Locator, kind: str = "staff") -> Corners:
    found: Corners = json.loads(editor.locator(f"input[data-zone={kind}]").input_value() or "[]")
    return found


def dragged(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def begun(editor: Locator, kind: str = "Staff") -> None:
    editor.get_by_role("button", name=f"Corner by corner: {kind} zone").click()


def test_until_its_picture_comes_the_ground_has_its_shape(page: Page) -> None:
    held: list[Route] = []
    page.route("**/media/still.jpg**", lambda route: held.append(route))
    page.goto(NEW_VIEW)
    page.locator("zone-editor").get_by_role("button", name="Draw: Staff zone").wait_for(timeout=WITHIN_MS)
    box = page.locator("zone-editor svg").bounding_box()
    assert box
    assert box["width"] / box["height"] == pytest.approx(16 / 9, rel=0.02)
    for route in held:
        route.abort()


def test_a_corner_snaps_to_what_is_near_unless_alt_is_held(page: Page, editor: Locator) -> None:
    editor.get_by_role("button", name="Draw: Staff zone").click()
    at = places(editor)
    assert zone(editor)[1] == [0.45, 0.3]
    dragged(page, at(0.45, 0.3), at(0.697, 0.207))
    assert zone(editor)[1] == [0.7, 0.2], "the corner of the other counter's zone"
    dragged(page, at(0.7, 0.2), at(0.704, 0.43))
    assert zone(editor)[1] == [0.7, pytest.approx(0.43, abs=0.003)], "its edge"
    dragged(page, at(0.15, 0.3), at(0.004, 0.155))
    assert zone(editor)[0] == [0.0, pytest.approx(0.155, abs=0.003)], "the border"
    dragged(page, at(0.45, 0.7), at(0.455, 0.5))
    dragged(page, at(0.455, 0.5), at(0.5, 0.705))
    assert zone(editor)[2] == [pytest.approx(0.5, abs=0.003), 0.7], "level with its neighbour"
    page.keyboard.down("Alt")
    dragged(page, at(0.5, 0.7), at(0.697, 0.607))
    page.keyboard.up("Alt")
    assert zone(editor)[2] == [pytest.approx(0.697, abs=0.002), pytest.approx(0.607, abs=0.002)]


def test_a_whole_zone_snaps_to_its_neighbour_and_keeps_its_shape(page: Page, editor: Locator) -> None:
    editor.get_by_role("button", name="Draw: Staff zone").click()
    at = places(editor)
    dragged(page, at(0.3, 0.5), at(0.3 + 0.247, 0.5 - 0.094))
    assert zone(editor) == [[0.4, 0.2], [0.7, 0.2], [0.7, 0.6], [0.4, 0.6]]


def test_a_zone_is_drawn_corner_by_corner(page: Page, editor: Locator) -> None:
    begun(editor)
    at = places(editor)
    for corner in ((0.1, 0.2), (0.3, 0.25), (0.35, 0.6), (0.12, 0.7)):
        page.mouse.click(*at(*corner))
    assert zone(editor) == [], "not closed yet"
    page.mouse.click(*at(0.102, 0.205))
    drawn = zone(editor)
    assert len(drawn) == 4
    assert drawn[2] == [pytest.approx(0.35, abs=0.002), pytest.approx(0.6, abs=0.002)]
    expect(editor.get_by_role("button", name="Remove: Staff zone")).to_be_visible()
    page.mouse.dblclick(*at(0.35, 0.6))
    assert len(zone(editor)) == 3


def test_a_zone_is_drawn_by_keys_alone(page: Page, editor: Locator) -> None:
    editor.get_by_role("button", name="Corner by corner: Customer zone").press("Enter")
    expect(editor.locator(".warning")).to_contain_text("Click each corner")
    for key in ("Space", "ArrowRight", "ArrowRight", "Space", "ArrowDown", "Space", "ArrowDown", "Space", "Backspace"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    assert zone(editor, "customer") == [[0.5, 0.5], [0.52, 0.5], [0.52, 0.51]]
    corner = editor.get_by_role("button", name="Customer zone 3: 52 %, 51 %")
    corner.focus()
    page.keyboard.press("ArrowDown")
    assert zone(editor, "customer")[2] == [0.52, 0.52]


def test_whoever_draws_by_keys_goes_on_where_the_zone_is(page: Page, editor: Locator) -> None:
    focused = editor.locator(":focus")
    editor.get_by_role("button", name="Corner by corner: Staff zone").focus()
    for key in ("Enter", "Space", "ArrowRight", "Space", "ArrowDown", "Space", "Enter"):
        page.keyboard.press(key)
    expect(focused).to_have_attribute("aria-label", "Staff zone 1: 50 %, 50 %")
    page.keyboard.press("Delete")
    assert len(zone(editor)) == 3
    editor.get_by_role("button", name="Remove: Staff zone").press("Enter")
    expect(focused).to_have_text("Draw: Staff zone")
    page.keyboard.press("Enter")
    expect(focused).to_have_attribute("aria-label", re.compile("^Staff zone 1: "))
    editor.get_by_role("button", name="Corner by corner: Customer zone").press("Enter")
    page.keyboard.press("Escape")
    expect(focused).to_have_text("Draw: Customer zone")


def test_a_corner_that_was_put_by_a_key_is_the_one_that_a_key_takes_away(page: Page, editor: Locator) -> None:
    editor.get_by_role("button", name="Draw: Staff zone").press("Enter")
    drawn = zone(editor)
    page.keyboard.press("Insert")
    assert len(zone(editor)) == len(drawn) + 1
    expect(editor.locator(":focus")).to_have_attribute("aria-label", re.compile("^Staff zone 2: "))
    page.keyboard.press("Delete")
    assert zone(editor) == drawn


def test_what_is_given_up_leaves_nothing(page: Page, editor: Locator) -> None:
    for key in ("Escape", ""):
        begun(editor)
        at = places(editor)
        for corner in ((0.1, 0.2), (0.3, 0.2), (0.3, 0.6)):
            page.mouse.click(*at(*corner))
        if key:
            page.keyboard.press(key)
        else:
            editor.get_by_role("button", name="Give up").click()
        assert zone(editor) == []
        expect(editor.get_by_role("button", name="Corner by corner: Staff zone")).to_be_visible()


def test_other_views_of_the_camera_are_shown_and_lead_to_theirs(page: Page, editor: Locator) -> None:
    expect(editor.locator("polygon.other")).to_have_count(1)
    expect(editor.locator(".names span")).to_have_text("3")
    page.locator("form a", has_text="cc-3").click()
    expect(page.locator("zone-editor polygon.staff")).to_have_count(1, timeout=WITHIN_MS)
    expect(page.locator("zone-editor polygon.other")).to_have_count(0)


def test_each_step_is_taken_back_by_key_and_by_button(page: Page, editor: Locator) -> None:
    undo = editor.get_by_role("button", name="Undo")
    expect(undo).to_have_count(0)
    editor.get_by_role("button", name="Draw: Staff zone").click()
    drawn = zone(editor)
    at = places(editor)
    dragged(page, at(0.15, 0.3), at(0.25, 0.45))
    moved = zone(editor)
    assert moved != drawn
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Delete")
    assert len(zone(editor)) == 3
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert zone(editor) == moved, "a corner that was taken away, then a step of the keys"
    undo.click()
    assert zone(editor) == drawn, "a drag is one step"
    expect(editor.locator(":focus")).to_have_text("Undo")
    page.keyboard.press("Enter")
    assert zone(editor) == []
    expect(undo).to_have_count(0)
    expect(editor.locator(":focus")).to_have_text("Draw: Staff zone")


def test_a_zone_whose_sides_cross_is_told_before_it_is_saved(page: Page, editor: Locator) -> None:
    begun(editor)
    at = places(editor)
    for corner in ((0.1, 0.2), (0.35, 0.6), (0.3, 0.25), (0.12, 0.7), (0.1, 0.2)):
        page.mouse.click(*at(*corner))
    assert len(zone(editor)) == 4
    expect(editor.locator(".warning")).to_contain_text("Staff zone: its sides cross each other")
    page.locator("form button.primary", has_text="Save").click()
    expect(page.locator(".notice.bad", has_text="cross each other")).to_contain_text("corners 1 and 3")
    expect(page.locator("zone-editor polygon.staff")).to_have_count(1, timeout=WITHIN_MS)


@pytest.mark.parametrize("typed", ["no corners", '{"x": 1}', "[1, 2]", '[["a", "b"]]'])
def test_what_is_no_corners_in_place_of_a_drawing_is_told_and_can_be_drawn_anew(
    page: Page, editor: Locator, typed: str
) -> None:
    failed: list[str] = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    editor.locator("input[data-zone=staff]").evaluate("(input, typed) => { input.value = typed }", typed)
    page.locator("form button.primary", has_text="Save").click()
    expect(page.locator(".notice.bad", has_text="Staff zone")).to_be_visible(timeout=WITHIN_MS)
    page.locator("zone-editor").get_by_role("button", name="Draw: Staff zone").click()
    expect(page.locator("zone-editor polygon.staff")).to_have_count(1)
    assert len(zone(page.locator("zone-editor"))) == 4
    assert failed == []
