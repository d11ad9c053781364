"""The recording calendar: days of cameras as shares, and a day of one camera to the second."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect
from sqlmodel import select

from storage.models import Gap, GapCause, Segment
from tests.sample import CAMERA
from tests.web.pages.a_day import NOW
from tests.web.pages.conftest import SignIn
from web.services import Services

DAY = NOW.date().isoformat()
MONTH = DAY[:7]


@pytest.mark.parametrize("path", ["/calendar", "/calendar/cc-cam-1"])
def test_strangers_and_other_roles_see_no_calendar(anonymous: TestClient, sign_in: SignIn, path: str) -> None:
    assert anonymous.get(f"{path}.json").status_code == 401
    statuses = {role: sign_in(role).get(path).status_code for role in ("supervisor", "department", "inspector")}
    assert statuses == {"supervisor": 403, "department": 403, "inspector": 200}


@pytest.mark.parametrize("path", ["/calendar.json?hall=nh", "/calendar/nh-cam-1.json", "/calendar/none.json"])
def test_a_calendar_of_another_hall_is_not_there(sign_in: SignIn, path: str) -> None:
    assert sign_in("investigator").get(path).status_code == 404


def test_a_month_tells_the_share_of_each_day(sign_in: SignIn) -> None:
    page = sign_in("investigator").get(f"/calendar.json?hall=cc&month={MONTH}").json()
    assert (page["month"], page["before"], page["after"]) == ("2026-11", "2026-10", "")
    assert (page["days"][0], page["days"][-1]) == ("2026-11-01", "2026-11-30")
    days = {
        day["day"]: day["density"]
        for camera in page["cameras"]
        if camera["camera_id"] == CAMERA
        for day in camera["days"]
    }
    today = days[DAY]
    assert today["recorded_s"] == 99 * 60
    assert today["missing_s"]["packets_lost"] == 60
    assert today["share"] == pytest.approx(0.99)
    assert today["level"] == 3
    assert list(today["missing_s"])[-1] == "not_begun"
    assert days["2026-11-30"] == {"recorded_s": 0, "share": None, "level": 0, "missing_s": {}}


def test_a_day_tells_its_runs_and_its_gaps_to_the_second(sign_in: SignIn) -> None:
    page = sign_in("investigator").get(f"/calendar/{CAMERA}.json?day={DAY}").json()
    first, gap, again = NOW - timedelta(minutes=100), NOW - timedelta(minutes=7), NOW - timedelta(minutes=6)
    assert [(moment(run["start"]), moment(run["end"])) for run in page["recorded"]] == [(first, gap), (again, NOW)]
    assert [hole["cause"] for hole in page["missing"]] == ["not_begun", "packets_lost"]
    assert len(page["hours"]) == 24
    assert (moment(page["end"]) - moment(page["start"])) == timedelta(days=1)


def test_hours_that_have_not_come_are_not_called_unrecorded(sign_in: SignIn) -> None:
    client = sign_in("investigator")
    page = client.get(f"/calendar/{CAMERA}?day={DAY}").text
    assert page.count('<li><span class="recorded" data-level="to_come" title="not yet">') == 13
    assert page.count('data-level="none"') == 1 + page.count("nothing could be recorded") // 2
    assert '<i class="swatch" data-state="not_recorded"></i>Not recorded yet' in page
    whole = client.get(f"/calendar/{CAMERA}?day=2026-11-22").text
    assert 'data-level="to_come"' not in whole
    bars = client.get(f"/calendar/{CAMERA}.json?day={DAY}").json()["timeline"]["lanes"][0]["bars"]
    assert [bar["state"] for bar in bars] == ["not_recorded", "footage", "gap", "footage"]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_the_calendar_forgets_what_is_deleted(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        for row in (*session.exec(select(Segment)), *session.exec(select(Gap))):
            session.delete(row)
    page = sign_in("investigator").get(f"/calendar/{CAMERA}.json?day={DAY}").json()
    assert page["recorded"] == []
    assert page["density"]["share"] is None


@pytest.mark.parametrize("wrong", ["2026-13", "soon", "9999-12", "2026-11-01"])
def test_a_month_that_is_none_is_said_to_be_none(sign_in: SignIn, wrong: str) -> None:
    page = sign_in("investigator").get("/calendar", params={"month": wrong})
    assert page.status_code == 422
    assert "<b>Month</b> There is no such month. Write it like 2026-03." in page.text
    told = sign_in("investigator").get("/calendar.json", params={"month": wrong}).json()
    assert [problem["field"] for problem in told["fields"]] == ["month"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("2026-11-31", "There is no such day. Write it like 2026-03-02."),
        ("soon", "There is no such day. Write it like 2026-03-02."),
        ("2026-11-24", "This day has not begun. The newest one is 2026-11-23."),
    ],
)
def test_there_is_no_calendar_of_a_day_that_is_none_or_has_not_come(sign_in: SignIn, wrong: str, said: str) -> None:
    page = sign_in("investigator").get(f"/calendar/{CAMERA}", params={"day": wrong})
    assert (page.status_code, f"<b>Day</b> {said}" in page.text) == (422, True)
    told = sign_in("investigator").get(f"/calendar/{CAMERA}.json", params={"day": wrong}).json()
    assert told["fields"] == [{"field": "day", "problem": said}]


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("still.jpg?camera=cc-cam-1&at=soon", 422, "<b>Moment</b> This has to be a date and time that there is."),
        ("still.jpg?camera=cc-cam-1&at=2000-01-01T00:00:00Z", 404, "Nothing was recorded at this moment."),
        ("clip.mp4?camera=cc-cam-1&from=soon&to=2026-11-23T02:00:00Z", 422, "<b>From</b> This has to be"),
        ("clip.mp4?camera=cc-cam-1&from=2000-01-01T00:00:00Z&to=2000-01-01T00:01:00Z", 404, "in this span"),
        ("hls/cc-cam-1/playlist.m3u8?from=soon", 422, "<b>From</b> This has to be"),
    ],
)
def test_who_follows_a_link_to_footage_that_is_not_there_gets_a_page_and_a_program_json(
    sign_in: SignIn, address: str, status: int, said: str
) -> None:
    client = sign_in("admin")
    page = client.get(f"/media/{address}", headers={"Accept": "text/html,*/*"})
    assert (page.status_code, said in page.text) == (status, True)
    program = client.get(f"/media/{address}")
    assert (program.status_code, program.headers["content-type"]) == (status, "application/json")
    client.cookies.clear()
    assert client.get(f"/media/{address}").status_code == 401
    assert client.get(f"/media/{address}", headers={"Accept": "text/html"}).status_code == 303


def test_of_deleted_footage_it_is_said_that_it_was_deleted(sign_in: SignIn, day: Services) -> None:
    start = datetime(2000, 1, 1, tzinfo=UTC)
    with day.database.transaction() as session:
        session.add(Gap(camera_id=CAMERA, start=start, end=start + timedelta(minutes=1), cause=GapCause.EXPIRED))
    client, at = sign_in("admin"), "2000-01-01T00:00:"
    deleted = "The footage was deleted when its keeping time was over."
    for address in (
        f"still.jpg?camera={CAMERA}&at={at}00Z",
        f"clip.mp4?camera={CAMERA}&from={at}50Z&to=2000-01-01T00:02:00Z",
        f"hls/{CAMERA}/playlist.m3u8?from={at}00Z&to={at}30Z",
    ):
        page = client.get(f"/media/{address}", headers={"Accept": "text/html"})
        assert (page.status_code, deleted in page.text, "widen your scope" in page.text) == (404, True, False)
    after = client.get(f"/media/still.jpg?camera={CAMERA}&at=2000-01-01T00:01:00Z")
    assert after.json()["detail"] == "Nothing was recorded at this moment."


def test_a_month_before_all_recording_has_no_day_to_open(sign_in: SignIn) -> None:
    page = sign_in("investigator").get("/calendar?month=2031-01")
    assert 'href="/calendar/' not in page.text


def test_a_day_says_its_causes_and_opens(page: Page) -> None:
    page.goto(f"/calendar?hall=cc&month={MONTH}")
    cell = page.locator(f'a.recorded[href="/calendar/{CAMERA}?day={DAY}"]')
    assert "99.0 % recorded, Packets lost 1 min" in (cell.get_attribute("aria-label") or "")
    cell.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/calendar/{CAMERA}?day={DAY}")
    assert "Packets lost" in page.locator(".list").inner_text()


def test_a_click_on_the_strip_plays_that_moment(page: Page) -> None:
    page.goto(f"/calendar/{CAMERA}?day={DAY}")
    lane = page.locator("presence-timeline .lane").first
    box = lane.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 10.25 / 24, box["y"] + 4)
    page.wait_for_url("**/span?**")
    assert "camera=cc-cam-1" in page.url
    assert "#t=10:1" in page.url
    shown = page.locator("span-player").evaluate("player => new Date(player.wallMs).toISOString()")
    assert shown.startswith("2026-11-23T02:1")


def test_the_strip_is_reached_by_keys_too(page: Page) -> None:
    page.goto(f"/calendar/{CAMERA}?day={DAY}")
    slider = page.get_by_role("slider", name="Timeline")
    slider.focus()
    slider.press("Home")
    for _ in range(10):
        slider.press("Shift+ArrowRight")
    slider.press("Enter")
    page.wait_for_url("**/span?**#t=10:00:00")


def test_the_month_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for path in (f"/calendar?month={MONTH}", f"/calendar/{CAMERA}?day={DAY}"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_time_that_the_player_does_not_have_is_told_with_those_that_it_has(page: Page) -> None:
    page.goto("/span?hall=cc&counter=cc-1&from=2026-11-23T09:00:00&to=2026-11-23T10:00:00")
    clock = page.locator("span-player .clock")
    clock.fill("16:00")
    clock.press("Enter")
    expect(clock).to_have_attribute("aria-invalid", "true")
    problem = "Type a time from 09:00:00 to 10:00:00, like 09:30 or 09:30:15."
    assert clock.evaluate("field => field.validationMessage") == problem
    clock.fill("09:30")
    assert clock.evaluate("field => field.validationMessage") == ""
    clock.press("Enter")
    expect(page).to_have_url(re.compile("#t=09:30:00$"))
    expect(clock).not_to_have_attribute("aria-invalid", "true")
