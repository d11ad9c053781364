"""What only a browser can show: that the fragments are fetched, and that nothing breaks the strict policy."""

import json
import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from itertools import combinations

import cv2
import numpy as np
import pytest
from playwright.sync_api import Dialog, FloatRect, Page, Request, Route, expect
from sqlmodel import select

from storage.models import Alert, AlertState, CameraFault, FaultKind, Gap, GapCause, Hall, Segment
from tests.web.pages.browser import IN_BROWSER, WITHIN_MS, Site, until, with_footage
from web.i18n import Language, translations
from web.pages.element_words import ELEMENT_WORDS
from web.services import Services

pytestmark = IN_BROWSER
A_DOT = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
"""A picture of one pixel."""


def test_the_list_narrows_while_one_types(page: Page) -> None:
    page.goto("/cases")
    page.fill("#f-q", "00017")
    expect(page.locator("#results tbody tr")).to_have_count(1, timeout=WITHIN_MS)
    assert "q=00017" in page.url


def test_a_filter_that_is_chosen_and_shown_again_is_one_step_back(page: Page) -> None:
    page.goto("/cases?view=all")
    before = page.evaluate("history.length")
    with page.expect_response("**/cases?*status=open*"):
        page.select_option("#f-status", "open")
    page.wait_for_url("**status=open*")
    assert page.evaluate("history.length") == before + 1
    for _ in range(2):
        with page.expect_response("**/cases?*status=open*"):
            page.get_by_role("button", name="Show", exact=True).click()
        until(page, "!document.querySelector('.htmx-request')")
    with page.expect_response("**/cases?*status=closed*"):
        page.select_option("#f-status", "closed")
    page.wait_for_url("**status=closed*")
    assert page.evaluate("history.length") == before + 2
    page.go_back()
    page.wait_for_url("**status=open*")
    page.go_back()
    page.wait_for_url("**/cases?view=all")


def test_after_a_wrong_password_only_the_password_is_typed_again(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/sign-in")
    page.get_by_label("User name").fill("supervisor")
    page.get_by_label("Password").fill("not this one")
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible(timeout=WITHIN_MS)
    expect(page.get_by_label("User name")).to_have_value("supervisor")
    expect(page.get_by_label("Password")).to_be_focused()
    expect(page.get_by_label("Password")).to_have_value("")
    page.goto("/sign-in")
    expect(page.get_by_label("User name")).to_have_value("")


def test_an_acknowledged_alert_changes_in_place(page: Page) -> None:
    page.goto("/alerts")
    page.locator("#alert-2 form button").click()
    expect(page.locator("#alert-2 .chip").first).to_have_text("Acknowledged", timeout=WITHIN_MS)


def test_the_footage_of_a_step_opens_in_the_page(page: Page) -> None:
    page.goto("/cases/1")
    page.locator(".step .watch a").first.click()
    expect(page.locator("clip-player")).to_be_visible(timeout=WITHIN_MS)
    expect(page.locator(".step[aria-current]")).to_have_count(1)


def test_the_board_renews_itself_around_the_pictures(page: Page) -> None:
    page.goto("/")
    page.evaluate("document.querySelector('live-tile').kept = true")
    with page.expect_response(lambda response: response.request.headers.get("hx-target") == "div#results"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('hallwatch:presence', {detail: {}, bubbles: true}))")
    expect(page.locator(".tile")).to_have_count(6)
    assert page.evaluate("document.querySelector('live-tile').kept") is True


def test_why_there_is_no_clip_is_said_in_the_language_of_the_page(page: Page) -> None:
    page.goto("/health")
    page.context.add_cookies([{"name": "hallwatch_language", "value": "zh", "url": page.evaluate("location.origin")}])
    page.goto("/cases/1")
    page.locator(".step .watch a").first.click()
    expect(page.locator("clip-player .problem")).to_have_text(
        translations(Language.ZH).gettext(ELEMENT_WORDS["clip-missing"]), timeout=WITHIN_MS
    )


SPAN = "hall=cc&counter=cc-1&counter=cc-2&from=2026-11-23T08:30:00&to=2026-11-23T10:20:00"


def test_a_span_begins_with_its_first_footage_and_says_where_there_is_none_in_the_pictures_place(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 700})
    page.goto(f"/span.json?{SPAN}")
    (camera,) = json.loads(page.inner_text("body"))["result"]["cameras"]
    first_footage = camera["missing"][0]["end"]
    assert camera["missing"][0]["start"] == "2026-11-23T00:30:00Z"
    page.goto(f"/span?{SPAN}")
    wall = page.evaluate("new Date(document.querySelector('span-player').wallMs).toISOString()")
    assert datetime.fromisoformat(wall) == datetime.fromisoformat(first_footage)
    page.evaluate("(player => player.seekWall(player.span.from))(document.querySelector('span-player'))")
    note = page.locator(".span-figure .nothing")
    expect(note).to_be_visible()
    places = """note => [note, note.closest(".span-figure").querySelector("video")].map((element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return { x, y, width, height };
    })"""
    of_note, of_video = note.evaluate(places)  # at once: the page around them may still be moving
    assert of_note == of_video


@pytest.mark.parametrize(("later", "begins"), [(0.4, "2026-11-23T01:00:00.400Z"), (5.0, "2026-11-23T01:00:00.000Z")])
def test_a_span_begins_where_all_cameras_have_footage_unless_one_comes_long_after_the_first(
    page: Page, day: Services, half_a_minute: bytes, later: float, begins: str
) -> None:
    with_footage(page, half_a_minute)
    with day.database.transaction() as session:
        for one in session.exec(select(Segment).where(Segment.camera_id == "cc-cam-1")).all():
            shifted = {name: getattr(one, name) + timedelta(seconds=later) for name in ("start", "end")}
            other = one.model_dump(exclude={"id"}) | shifted
            session.add(Segment(**other | {"camera_id": "cc-cam-2", "key": one.key.replace("cam-1", "cam-2")}))
    page.goto(f"/span?{SPAN}&counter=cc-3")
    assert page.evaluate("new Date(document.querySelector('span-player').wallMs).toISOString()") == begins
    expect(page.locator(".span-figure .nothing:visible")).to_have_count(0 if later < 1 else 1)


def test_the_controls_of_a_span_stand_above_its_pictures_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/span?{SPAN}")
    until(page, "Boolean(document.querySelector('span-player').shadowRoot?.querySelector('.transport'))")
    bar, picture = (page.locator(f"span-player {part}").bounding_box() for part in (".transport", ".picture"))
    assert bar
    assert picture
    assert bar["y"] + bar["height"] <= picture["y"]


def test_the_names_of_halls_are_not_cut_off_in_a_wide_window(page: Page, day: Services) -> None:
    with day.database.transaction() as session:
        session.get_one(Hall, "cc").name_en = "Chancheng Administrative Service Centre"
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"/span?{SPAN}")
    # The browser tells how wide the text of a choice is only for one without a given width.
    widths = """select => {
        const free = select.cloneNode(true); free.style.width = "auto"; document.body.append(free);
        return [select.offsetWidth, free.offsetWidth];
    }"""
    given, needed = page.locator("#f-hall").evaluate(widths)
    assert given >= needed


def test_the_fields_of_a_span_do_not_touch_each_other(page: Page) -> None:
    for width in (1440, 1100, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"/span?{SPAN}")
        boxes = [found.bounding_box() for found in page.locator(".filters :is(select, input, button)").all()]
        for one, other in combinations([box for box in boxes if box], 2):
            assert apart(one, other) >= 4, (width, one, other)


def apart(one: FloatRect, other: FloatRect) -> float:
    """The gap between two boxes in pixels, along the axis on which they are further apart."""
    return max(
        max(one["x"], other["x"]) - min(one["x"] + one["width"], other["x"] + other["width"]),
        max(one["y"], other["y"]) - min(one["y"] + one["height"], other["y"] + other["height"]),
    )


def test_a_lost_connection_makes_the_states_unknown_until_it_is_back(page: Page, site: Site) -> None:
    page.goto("/")
    staffed = page.locator('.tile[data-state="staffed"]')
    expect(page.locator('.tile .chip[data-state="staffed"]')).not_to_have_count(0, timeout=WITHIN_MS)
    before = staffed.count()
    banner = page.get_by_role("alert").filter(has_text="No connection")
    expect(banner).to_be_hidden()
    site.shut = True
    page.reload()
    expect(banner).to_be_visible(timeout=WITHIN_MS)
    expect(staffed).to_have_count(0)
    expect(page.locator(".tile .chip").filter(has_text="Staffed")).to_have_count(0)
    expect(page.locator('.tile[data-state="unknown"]')).to_have_count(6)
    site.shut = False
    expect(staffed).to_have_count(before, timeout=WITHIN_MS)
    expect(page.locator('.tile .chip[data-state="staffed"]')).to_have_count(before, timeout=WITHIN_MS)
    expect(banner).to_be_hidden()


def test_the_badge_counts_every_raised_alert_however_old(page: Page, day: Services) -> None:
    with day.database.transaction() as session:
        for alert in session.exec(select(Alert)):
            alert.raised_at -= timedelta(days=3)
        raised = [alert for alert in session.exec(select(Alert)) if alert.state is AlertState.RAISED]
        count = str(len(raised))
    page.goto("/health")
    badge = page.locator("[data-alert-count]").last
    expect(badge).to_have_text(count)
    # As if the page came back from the browser's cache with what was true long ago.
    page.evaluate("document.querySelectorAll('[data-alert-count]').forEach((badge) => badge.textContent = '99')")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(badge).to_have_text(count, timeout=WITHIN_MS)


def test_taking_something_away_asks_first(page: Page) -> None:
    asked: list[str] = []
    page.goto("/admin/counters?edit=cc-10")

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    page.locator("button.danger").click()
    assert asked == ["Remove it?"]
    page.goto("/admin/counters")
    expect(page.get_by_role("link", name="cc-10")).to_be_visible(timeout=WITHIN_MS)


NEW_VIEW = "/admin/views?new=true&camera=cc-cam-2&counter=cc-10"
ZONES = "['staff', 'customer'].map((kind) => JSON.parse(document.querySelector(`[data-zone=${kind}]`).value))"


def test_new_zones_lie_beside_each_other_and_much_overlap_is_warned_of(page: Page) -> None:
    page.goto(NEW_VIEW)
    for kind in ("Staff", "Customer"):
        page.get_by_role("button", name=f"Draw: {kind} zone").click()
    staff, customer = page.evaluate(ZONES)
    assert max(x for x, _ in staff) < min(x for x, _ in customer)
    warning = page.locator("zone-editor .warning")
    expect(warning).to_be_hidden()
    area = page.locator("zone-editor polygon.customer")
    area.scroll_into_view_if_needed()
    box, beside = area.bounding_box(), page.locator("zone-editor polygon.staff").bounding_box()
    assert box
    assert beside
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(beside["x"] + beside["width"] / 2, beside["y"] + beside["height"] / 2)
    page.mouse.up()
    expect(warning).to_contain_text("overlap by much")


def test_the_picture_below_the_zones_comes_when_there_is_one_and_says_its_age(page: Page) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=404)
        else:
            headers = {"Date": "Mon, 23 Nov 2026 02:43:10 GMT", "Last-Modified": "Mon, 23 Nov 2026 02:40:00 GMT"}
            route.fulfill(status=200, headers=headers, body=A_DOT, content_type="image/png")

    page.route("**/media/still.jpg?*", answer)
    page.goto(NEW_VIEW)
    editor = page.locator("zone-editor")
    expect(editor.locator(".no-still")).to_contain_text("asked for again")
    expect(editor.get_by_role("img", name="Picture of the camera")).to_be_visible(timeout=WITHIN_MS)
    expect(editor.locator(".age")).to_have_text("The picture was taken 3 minutes ago.")
    expect(editor.locator(".no-still")).to_have_count(0)


def test_a_still_that_cannot_be_read_is_told_in_words_also_after_the_board_was_fetched_again(page: Page) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=503)

    page.route("**/media/still.jpg?*", answer)
    page.goto("/cameras")
    tile = page.locator("#camera-cc-cam-1 .tile-picture")
    expect(tile.locator("p.no-still")).to_have_text("The newest picture cannot be read now.")
    expect(tile.locator("img")).to_have_count(0)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('hallwatch:back'))")
    page.wait_for_event("requestfinished", predicate=lambda request: "still.jpg" in request.url and len(asked) > 1)
    expect(tile.locator("p.no-still")).to_be_visible()


def test_whom_the_detector_sees_is_drawn_over_the_zones_as_they_are_and_again_when_they_change(page: Page) -> None:
    def answer(route: Route) -> None:
        inside = bool((route.request.post_data_json or {})["staff_zone"])
        person = {"box": [0.2, 0.3, 0.4, 0.9], "score": 0.87, "counts": True, "staff": inside, "customer": False}
        told = {"staff_count": 1 if inside else None, "customer_count": None, "detector": "ssd", "reason": ""}
        jpeg = b64encode(A_DOT).decode()
        route.fulfill(json={**told, "age_s": 1.0, "people": [person], "jpeg": jpeg})

    page.set_viewport_size({"width": 390, "height": 844})
    page.route("**/api/v1/cameras/cc-cam-2/preview", answer)
    page.goto(NEW_VIEW)
    editor = page.locator("zone-editor")
    show = editor.get_by_role("button", name="Show whom the detector sees")
    show.focus()
    page.keyboard.press("Enter")
    expect(show).to_have_attribute("aria-pressed", "true")
    expect(editor.locator(".person span")).to_have_text("in no zone 87 %", timeout=WITHIN_MS)
    editor.get_by_role("button", name="Draw: Staff zone").press("Enter")
    expect(editor.locator(".person.is-staff span")).to_have_text("Staff 87 %", timeout=WITHIN_MS)
    expect(editor.locator(".told")).to_have_text("By the zones as they are drawn: staff 1, customers – (ssd).")

    def asks_by_foot(request: Request) -> bool:
        return request.url.endswith("/preview") and (request.post_data_json or {})["staff_inside"] == "foot"

    with page.expect_request(asks_by_foot, timeout=WITHIN_MS) as asked:
        page.get_by_label("Who counts as inside the staff zone").select_option("foot")
    drawn = asked.value.post_data_json
    assert drawn
    assert [drawn["staff_zone"], drawn["customer_zone"]] == page.evaluate(ZONES)
    show.press("Enter")
    expect(editor.locator(".person")).to_have_count(0)


def test_today_is_in_sight_in_the_calendar_of_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/calendar?hall=cc")
    expect(page.locator(".month th", has_text=re.compile("^23$"))).to_be_in_viewport(ratio=1)
    page.goto("/calendar?hall=cc&month=2026-10")
    expect(page.locator(".month th", has_text=re.compile("^31$"))).to_be_in_viewport(ratio=1)


def test_escape_closes_the_menu_of_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/health")
    menu = page.locator("details.rail-toggle")
    button = menu.locator("summary")
    button.click()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(button).to_be_focused()


def test_a_finding_is_a_few_lines_high_in_a_wide_window(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/findings")
    box = page.locator("#results tbody tr").bounding_box()
    assert box
    assert box["height"] < 100


def test_no_table_of_the_health_page_is_cut_off(page: Page, day: Services) -> None:
    with day.database.transaction() as session:
        causes = (GapCause.CORRECTED, GapCause.STREAM_UNSUPPORTED, GapCause.CAMERA_STALLED)
        began = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
        session.add_all(Gap(camera_id="cc-cam-1", start=began, end=began, cause=cause) for cause in causes)
        session.add(CameraFault(camera_id="cc-cam-1", kind=FaultKind.CLOCK_WRONG, start=began))
    cut_off = "[...document.querySelectorAll('.table-box')].filter((box) => box.scrollWidth > box.clientWidth).length"
    narrow = "[...document.querySelectorAll('#camera-cc-cam-1 td')].filter((cell) => cell.clientWidth < 70).length"
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/health")
        assert (page.evaluate(cut_off), page.evaluate(narrow)) == (0, 0)


# There is no recorder here: the tile lets go of it and shows a white picture.
WHITE_PICTURE = """async () => {
    const tile = document.querySelector("#tile-cc-1 live-tile");
    tile.disconnectedCallback();
    const canvas = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
    const draw = () => Object.assign(canvas.getContext("2d"), { fillStyle: "#fff" }).fillRect(0, 0, 1280, 720);
    draw();
    setInterval(draw, 50);
    tile.video.removeAttribute("src");
    tile.video.srcObject = canvas.captureStream(20);
    await tile.video.play();
    tile.setAttribute("state", "live");
}"""


def test_a_tile_is_darker_where_it_shows_the_neighbours_of_its_counter(page: Page) -> None:
    page.goto("/")
    tile = page.locator("#tile-cc-1 live-tile")
    assert tile.get_attribute("crop") == "0.0 0.0 0.575 1.0"
    page.evaluate(WHITE_PICTURE)
    until(page, "Boolean(document.querySelector('#tile-cc-1 live-tile').shadowRoot.querySelector('svg path'))")
    picture = cv2.imdecode(np.frombuffer(tile.screenshot(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    own, neighbour = (picture[len(picture) // 2, int(picture.shape[1] * share)] for share in (0.4, 0.8))
    assert own > 240
    assert 100 < neighbour < 180


def test_what_is_said_in_a_small_tile_leaves_its_number_free(page: Page) -> None:
    page.goto("/halls/cc/board?layout=compact")
    until(page, "Boolean(document.querySelector('#tile-cc-1 live-tile')?.shadowRoot)")
    said, number = page.locator("#tile-cc-1").evaluate(
        """(tile, words) => {
          const said = tile.querySelector("live-tile").shadowRoot.querySelector(".delay");
          said.textContent = words;
          return [said.getBoundingClientRect().left, tile.querySelector(".plate").getBoundingClientRect().right];
        }""",
        ELEMENT_WORDS["live-masked"],
    )
    assert said >= number


def test_the_question_mark_shows_the_keys(page: Page) -> None:
    page.goto("/health")
    page.keyboard.press("?")
    expect(page.locator("dialog#help")).to_be_visible()


PAUSED = "document.querySelector('clip-player').paused"
WALL = "document.querySelector('clip-player').wallMs"
READY = "Boolean(document.querySelector('clip-player')?.shadowRoot?.querySelector('.transport'))"


def test_play_beside_a_step_plays_from_a_little_before_it(page: Page, half_a_minute: bytes) -> None:
    with_footage(page, half_a_minute)
    page.goto("/cases/1")
    page.locator(".step .watch a").first.click()
    until(page, "document.querySelector('clip-player')?.paused === false")
    expect(page.get_by_role("button", name="+5 s", exact=True), "what is read aloud is what is seen").to_be_visible()
    late = "(player => player.wallMs - Date.parse(player.getAttribute('at')))(document.querySelector('clip-player'))"
    assert -5_500 < page.evaluate(late) < 0
    until(page, f"{late} > -4500")


def test_play_in_the_list_of_absences_plays_and_opening_the_absence_does_not(page: Page, half_a_minute: bytes) -> None:
    with_footage(page, half_a_minute)
    page.goto("/absences")
    page.locator("#results a.button", has_text="Play").first.click()
    until(page, "document.querySelector('clip-player')?.paused === false")
    page.goto(page.url.split("?")[0])
    until(page, READY)
    assert page.evaluate(PAUSED) is True


def test_the_keys_play_a_page_that_was_just_opened_but_not_while_one_types(page: Page, half_a_minute: bytes) -> None:
    with_footage(page, half_a_minute)
    page.goto("/absences")
    address = page.locator("#results a.button", has_text="Play").first.get_attribute("href")
    assert address
    page.goto(address.split("?")[0])
    until(page, READY)
    before = page.evaluate(WALL)
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(WALL) == pytest.approx(before - 5_000, abs=100)
    page.keyboard.press("Space")
    assert page.evaluate(PAUSED) is False
    page.keyboard.press("Space")
    assert page.evaluate(PAUSED) is True
    page.evaluate("document.querySelector('main').append(document.createElement('textarea'))")
    page.locator("main > textarea").press("Space")
    assert page.evaluate(PAUSED) is True


def test_a_span_has_a_picture_at_its_very_end(page: Page, half_a_minute: bytes) -> None:
    with_footage(page, half_a_minute)
    page.goto(f"/span?{SPAN}")
    page.evaluate("(player => player.seekWall(player.span.to))(document.querySelector('span-player'))")
    until(
        page,
        "(video => !video.seeking && video.readyState >= 2 && video.currentTime > 29 && !video.ended)"
        "(document.querySelector('.span-figure video'))",
    )


def test_a_span_says_of_footage_that_the_browser_cannot_play_that_it_can_be_had(page: Page) -> None:
    with_footage(page, b"as good as H.265 to this browser")
    page.goto(f"/span?{SPAN}")
    expect(page.locator(".span-figure .nothing")).to_have_text(ELEMENT_WORDS["clip-undecodable"], timeout=WITHIN_MS)


def test_the_address_of_a_stream_can_be_read_to_its_end(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/admin/cameras?new=true")
    for name in ("Main stream", "Sub-stream"):
        field = page.get_by_label(name)
        field.fill("rtsp://camera-17.hall-3.chancheng.example:10554/Streaming/Channels/101?transportmode=unicast")
        assert field.evaluate("field => field.scrollWidth <= field.clientWidth"), name


def test_beside_the_many_columns_of_a_channel_its_service_is_one_word(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/admin/channels?new=true")
    page.get_by_label("Name").fill("mails")
    page.get_by_label("Address").fill("mailtos://user:password@mail.example")
    page.get_by_role("checkbox", name="Absence").first.check()
    page.get_by_role("button", name="Save").click()
    service = page.locator("td[data-label=Service] .break")
    expect(service).to_have_text(["mailtos"])
    lines = "cell => cell.getBoundingClientRect().height / parseFloat(getComputedStyle(cell).lineHeight)"
    assert service.evaluate(lines) < 1.5


def test_filters_of_one_row_have_one_height(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    for path in ("/cases", f"/span?{SPAN}"):
        page.goto(path)
        boxes = [found.bounding_box() for found in page.locator(".filters .field > :is(select, input)").all()]
        assert len({box["height"] for box in boxes if box}) == 1, path
    page.goto("/cases")
    days = [page.locator(f"#f-{name}").bounding_box() for name in ("from", "to")]
    assert len({day["y"] for day in days if day}) == 1, "both days stand in one line"


def test_the_chart_tells_time_in_the_language_of_the_page_on_24_hours(page: Page) -> None:
    page.goto("/health")
    page.context.add_cookies([{"name": "hallwatch_language", "value": "zh", "url": page.evaluate("location.origin")}])
    # What is written on a canvas cannot be read back.
    page.add_init_script(
        "window.drawn = []; const fill = CanvasRenderingContext2D.prototype.fillText;"
        "CanvasRenderingContext2D.prototype.fillText ="
        "function (text, ...at) { drawn.push(text); fill.call(this, text, ...at) }"
    )
    page.goto("/health")
    legend = page.locator("time-chart .u-legend .u-label").first
    expect(legend).to_have_text(translations(Language.ZH).gettext("Hour"), timeout=WITHIN_MS)
    until(page, "drawn.length > 0")
    drawn = page.evaluate("drawn")
    assert any(re.fullmatch(r"\d\d:\d\d", text) for text in drawn)
    assert {"MB", translations(Language.ZH).gettext("minutes")} <= set(drawn), "each unit has an axis"
    values = page.locator("time-chart .u-legend .u-value").all_text_contents()
    assert [value for value in values if "–" in value or "--" in value] == [], "the last ones, without a pointer"
    assert not any(re.search("am|pm", text) for text in drawn)
    page.goto("/overview")
    until(page, "drawn.length > 0")
    assert [text for text in page.evaluate("drawn") if ":" in text] == [], "each point is a day"
    assert any(re.fullmatch(r"\d+/\d+", text) for text in page.evaluate("drawn"))
