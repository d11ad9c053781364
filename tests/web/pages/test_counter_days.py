"""A day and a month of a counter: where its time went, for whoever may see the counter."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, Route
from sqlmodel import col, select

from analytics.figures import NOT_WATCHED
from storage.intervals import Span
from storage.models import CustomerState, Hall, OpeningHours, Presence, StaffState, View
from tests.sample import CAMERA, HALL
from tests.web.pages.a_day import NOW, ago
from tests.web.pages.conftest import SignIn
from web.months import day_in
from web.pages.counter_figures import TimeSpent
from web.pages.months import clock_hours
from web.services import Services

DAY = "/counters/cc-1/day?day=2026-11-23"
MONTH = "/counters/cc-1/month?month=2026-11"
DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="9"/>'
PARTS = ("staffed_s", "unstaffed_s", "unknown_s", "closed_s", "to_come_s")


def as_data(path: str) -> str:
    return path.replace("?", ".json?")


def test_strangers_and_roles_without_the_board_see_no_day(anonymous: TestClient, sign_in: SignIn) -> None:
    addresses = [path.replace("?", f"{kind}?") for path in (DAY, MONTH) for kind in ("", ".csv", ".json")]
    assert [anonymous.get(address).status_code for address in addresses] == [303, 303, 401] * 2
    for role, status in {"inspector": 403, "department": 403, "investigator": 200}.items():
        reader = sign_in(role)
        assert {reader.get(address).status_code for address in addresses} == {status}


def test_a_counter_of_another_hall_has_no_day(sign_in: SignIn) -> None:
    reader = sign_in("supervisor")
    for kind in ("day.json", "day.csv", "month.json", "month.csv", "day"):
        assert [reader.get(f"/counters/{counter}/{kind}").status_code for counter in ("nh-1", "none")] == [404, 404]


def test_a_day_that_is_none_and_a_camera_that_did_not_look_are_not_there(sign_in: SignIn) -> None:
    reader = sign_in("supervisor")
    for wrong in ("day=2026-11-31", "day=soon", "day=2026-11-24"):
        assert reader.get(f"/counters/cc-1/day?{wrong}").status_code == 422
    assert reader.get("/counters/cc-1/day?camera=nh-cam-1").status_code == 404


def test_a_month_that_is_none_is_said_to_be_none(sign_in: SignIn) -> None:
    for ending in ("", ".json", ".csv"):
        answer = sign_in("supervisor").get(f"/counters/cc-1/month{ending}?month=2026-13")
        assert (answer.status_code, "There is no such month" in answer.text) == (422, True)


def test_the_parts_of_a_day_are_the_whole_day(sign_in: SignIn) -> None:
    page = sign_in("supervisor").get(as_data(DAY)).json()
    spent = page["spent"]
    assert sum(spent[part] for part in PARTS) == 24 * 3600
    assert (spent["staffed_s"], spent["unstaffed_s"], spent["unknown_s"]) == (92 * 60, 8 * 60, 0)
    assert (spent["closed_s"], spent["to_come_s"]) == (9 * 3600, 24 * 3600 - 9 * 3600 - 100 * 60)
    assert (spent["waiting_s"], spent["waits"]) == ((18 + 23 + 22) * 60, 3)
    assert (spent["absences"], spent["absent_s"]) == (1, 8 * 60)
    assert len(page["hours"]) == 24
    for part in (*PARTS, "waiting_s", "unattended_s", "waits", "absences"):
        assert sum(hour[part] for hour in page["hours"]) == spent[part]
    assert next((one["staff"], one["start"]) for one in page["seen"]) == ("staffed", "2026-11-23T01:00:00Z")


def test_open_time_that_was_never_watched_is_unknown_and_says_why(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        for row in session.exec(select(Presence).where(Presence.counter_id == "cc-1")):
            session.delete(row)
    spent = sign_in("supervisor").get(as_data(DAY)).json()["spent"]
    assert (spent["unknown_by_s"], spent["unstaffed_s"]) == ({NOT_WATCHED: 100 * 60}, 0)
    page = sign_in("supervisor").get(DAY).text
    assert "Why unknown: The watcher has not looked at it (1 h 40 min)" in " ".join(page.split())
    [lane, *_] = sign_in("supervisor").get(as_data(DAY)).json()["timeline"]["lanes"]
    assert {bar["state"] for bar in lane["bars"]} == {"closed", "unknown"}


def test_of_the_time_before_the_first_look_nothing_is_said(sign_in: SignIn, day: Services) -> None:
    """It was unknown, as if somebody had promised to look."""
    begun = NOW - timedelta(minutes=40)
    with day.database.transaction() as session:
        for row in session.exec(select(Presence).where(Presence.counter_id == "cc-1")):
            if row.end is not None and row.end <= begun:
                session.delete(row)
            else:
                row.start = max(row.start, begun)
    for path in (DAY, MONTH):
        page = sign_in("supervisor").get(as_data(path)).json()
        assert (page["spent"]["unknown_s"], page["begun"]) == (0, "2026-11-23T02:00:00Z")
        assert sum(page["spent"][part] for part in ("staffed_s", "unstaffed_s")) == 40 * 60
        assert "It has been watched since" in sign_in("supervisor").get(path).text
    [*before, _] = [each for each in page["days"] if each["day"] <= "2026-11-23"]
    assert not any(each["spent"]["unknown_s"] for each in before)
    october = MONTH.replace("2026-11", "2026-10")
    assert sign_in("supervisor").get(as_data(october)).json()["spent"]["unknown_s"] == 0
    page = sign_in("supervisor").get(october).text
    assert ("It was not watched yet" in page, "The hall was not open" in page) == (True, False)


def test_the_reasons_of_unknown_time_are_one_list(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        for row in session.exec(select(Presence).where(Presence.counter_id == "cc-1")):
            row.staff, row.reason = StaffState.UNKNOWN, "gap" if row.end else "damaged"
    page = sign_in("supervisor").get(DAY, headers={"Accept-Language": "zh"}).text
    reasons = re.search("未知原因：(.*?)</p>", page)
    assert reasons
    assert "。" not in reasons[1]


def test_what_a_watcher_has_not_seen_to_the_end_is_unknown(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        for row in session.exec(select(Presence).where(Presence.counter_id == "cc-1", col(Presence.end).is_(None))):
            row.staff = StaffState.UNSTAFFED
    later = NOW + timedelta(minutes=10)
    object.__setattr__(day, "clock", lambda: later)
    spent = sign_in("supervisor").get(as_data(DAY)).json()["spent"]
    assert spent["unknown_by_s"] == {"watcher_down": 600}
    assert spent["unstaffed_s"] == (8 + 22) * 60


def test_a_month_adds_up_day_by_day_and_hour_by_hour(sign_in: SignIn) -> None:
    page = sign_in("supervisor").get(as_data(MONTH)).json()
    assert (page["month"], page["before"], page["after"]) == ("2026-11", "2026-10", "")
    assert page["hours"] == [9, 10], "since it is watched"
    assert len(page["days"]) == 30
    for part in PARTS:
        assert sum(each["spent"][part] for each in page["days"]) == page["spent"][part]
        for each in page["days"]:
            assert sum(hour[part] for hour in each["hours"].values()) == each["spent"][part]


def test_a_month_leads_to_its_absences_and_each_day_to_its_own(sign_in: SignIn) -> None:
    page = sign_in("supervisor").get(MONTH).text.replace("&amp;", "&")
    found = re.findall(r'href="(/absences\?[^"]+)"', page)
    of_month = "/absences?hall=cc&counter=cc-1&from=2026-11-01&to=2026-11-30"
    assert found == [of_month, of_month, "/absences?hall=cc&counter=cc-1&from=2026-11-23&to=2026-11-23"]
    listed = sign_in("supervisor").get(as_data(of_month)).json()
    assert [each["counter"]["id"] for each in listed["absences"]] == ["cc-1"]
    assert listed["counter"] == "cc-1"


def test_an_hour_is_played_only_where_there_is_footage_of_it(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        for hall in session.exec(select(OpeningHours).where(OpeningHours.hall_id == HALL)):
            hall.opens = "08:00"
        staff, customer = StaffState.UNKNOWN, CustomerState.UNKNOWN
        session.add(Presence(counter_id="cc-1", start=ago(160), end=ago(100), staff=staff, customer=customer))
    for role, plays in {"supervisor": "/media/clip.mp4?", "investigator": "/span?"}.items():
        reader = sign_in(role)
        assert [round(s / 60) for s in reader.get(as_data(DAY)).json()["recorded_s"][8:12]] == [0, 60, 39, 0]
        rows = re.findall(r'<tr id="h(\d+)">(.*?)</tr>', reader.get(DAY).text, re.DOTALL)
        offered = {hour: plays in row for hour, row in rows}
        assert offered == {"0800": False, "0900": True, "1000": True}
        assert ["No footage" in row for _, row in rows] == [True, False, False]


def test_the_last_minutes_are_offered_only_where_there_is_footage_of_them(sign_in: SignIn, day: Services) -> None:
    address, words = "/counters/cc-1", "There is no footage of the last five minutes."
    assert words not in sign_in("supervisor").get(address).text
    object.__setattr__(day, "clock", lambda: NOW + timedelta(minutes=6))
    page = sign_in("supervisor").get(address).text
    assert words in page
    assert "/media/clip.mp4?" not in page


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_tables_have_a_line_for_each_hour_or_day_and_say_the_same(sign_in: SignIn) -> None:
    reader = sign_in("supervisor")
    hours = table(reader.get(DAY.replace("?", ".csv?")).text)
    assert len(hours) == 24
    assert hours[9]["from (Asia/Shanghai)"] == "2026-11-23T09:00:00+08:00"
    assert (hours[9]["staffed_min"], hours[9]["unstaffed_min"], hours[9]["absences"]) == ("52.0", "8.0", "1")
    days = table(reader.get(MONTH.replace("?", ".csv?")).text)
    assert (len(days), days[-1]["staffed_min"], days[-1]["closed_min"]) == (23, "92.0", "540.0")
    assert len(table(reader.get(MONTH.replace("?", ".csv?") + "&by=hour").text)) == 22 * 24 + 11


def test_days_are_those_of_the_hall(sign_in: SignIn, day: Services) -> None:
    """At 02:40 UTC it is still the evening before in Honolulu."""
    with day.database.transaction() as session:
        session.get_one(Hall, HALL).timezone = "Pacific/Honolulu"
    page = sign_in("supervisor").get("/counters/cc-1/day.json").json()
    assert (page["day"], page["timeline"]["start"], page["after"]) == ("2026-11-22", "2026-11-22T10:00:00Z", None)


@pytest.mark.parametrize(
    ("zone", "day_of", "hours", "missing"),
    [
        ("Asia/Shanghai", date(2026, 11, 23), 24, None),
        ("Europe/Berlin", date(2026, 3, 29), 23, 2),
        ("Europe/Berlin", date(2026, 10, 25), 25, None),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5, None),
    ],
)
def test_the_hours_of_a_clock_are_the_day_wherever_clocks_are_set(
    zone: str, day_of: date, hours: float, missing: int | None
) -> None:
    whole, found = day_in(day_of, zone), clock_hours(day_of, zone)
    assert whole.duration == timedelta(hours=hours)
    assert sum((span.duration for _, span in found), timedelta()) == whole.duration
    assert [number for number, _ in found] == [number for number in range(24) if number != missing]


def spent_of(staffed: float, unstaffed: float, unknown: float, closed: float, to_come: float = 0) -> TimeSpent:
    parts = (staffed, unstaffed, unknown, closed, to_come)
    span = Span(NOW, NOW + timedelta(seconds=sum(parts)))
    return TimeSpent(span.start, span.end, *parts, {}, 0, 0, 0, 0, 0, 0)


def test_shown_minutes_add_up_and_a_cell_mostly_unseen_has_no_shade() -> None:
    minutes = spent_of(100, 100, 100, 0, 3300).minutes
    assert minutes.staffed + minutes.unstaffed + minutes.unknown + minutes.closed + minutes.to_come == 60
    levels = [spent_of(*parts).level for parts in ((0, 0, 0, 60), (0, 9, 10, 0), (0, 60, 0, 0), (30, 30, 0, 0))]
    assert levels == ["closed", "unknown", "0", "1"]
    assert [spent_of(*parts).level for parts in ((60, 0, 0, 0), (0, 0, 0, 0, 60))] == ["4", "to_come"]


def test_only_who_may_see_footage_is_offered_stills_and_a_camera_that_looked_then(
    sign_in: SignIn, day: Services
) -> None:
    page = sign_in("supervisor").get(DAY).text
    assert f'stills="/media/still.jpg?camera={CAMERA}"' in page
    assert "/media/clip.mp4?camera=cc-cam-1" in page
    with day.database.transaction() as session:
        for view in session.exec(select(View).where(View.camera_id == CAMERA)):
            view.valid_to = ago(60 * 24)
    assert sign_in("supervisor").get(as_data(DAY)).json()["camera_id"] is None


def test_leave_is_registered_and_withdrawn_on_the_page_in_the_time_of_the_hall(sign_in: SignIn) -> None:
    client = sign_in("supervisor")
    form = {
        "kind": "leave",
        "who": "李娜",
        "from": "2026-11-23T09:30:00",
        "to": "2026-11-23T09:50:00",
        "reason": "会议",
    }
    done = client.post("/counters/cc-1/covers", data=form | {"day": "2026-11-23"})
    assert (done.status_code, done.headers["location"]) == (303, f"{DAY}&done=registered")
    page = client.get(as_data(DAY)).json()
    assert [(row["who"], row["start"], row["lasts"]) for row in page["covers"]] == [
        ("李娜", "2026-11-23T01:30:00Z", False)
    ]
    assert [lane["name"] for lane in page["timeline"]["lanes"]][:3] == ["presence", "customers", "covers"]
    assert (page["spent"]["absences"], page["spent"]["unstaffed_s"]) == (0, 480)
    text = client.get(DAY).text
    assert "Registered leave" in text
    assert "李娜" not in sign_in("investigator").get("/counters/cc-2/day?day=2026-11-23").text
    [row] = page["covers"]
    assert client.post(f"/counters/cc-1/covers/{row['id']}/withdraw", data={"day": "2026-11-23"}).status_code == 303
    assert client.get(as_data(DAY)).json()["spent"]["absences"] == 1
    assert client.post("/counters/cc-1/covers", data=form | {"to": ""}).status_code == 422
    assert client.post("/counters/nh-1/covers", data=form).status_code == 404
    for day, shown in {"2026-11-20": "2026-11-20", "2026-11-30": "2026-11-23"}.items():
        other = form | {"who": day, "from": f"{day}T09:30", "to": f"{day}T09:50", "day": "2026-11-22"}
        done = client.post("/counters/cc-1/covers", data=other)
        assert done.headers["location"] == f"/counters/cc-1/day?day={shown}&done=registered"
        assert day in [row["who"] for row in client.get(as_data(done.headers["location"])).json()["covers"]]
    refused = sign_in("investigator").post("/counters/cc-1/covers", data=form)
    assert refused.status_code == 403
    assert "Your role may not do this" in refused.text


def test_a_moment_shows_its_still_by_pointer_and_by_keys(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "still.jpg" in request.url else None)
    page.goto(DAY)
    box = page.locator("presence-timeline .lane").first.bounding_box()
    assert box
    with page.expect_request("**/media/still.jpg**") as hovered:
        page.mouse.move(box["x"] + box["width"] * 10 / 24, box["y"] + 4)
    assert "camera=cc-cam-1&at=2026-11-23T0" in hovered.value.url
    # The footage of this day has no bytes.
    figure = page.locator("presence-timeline figure")
    page.wait_for_function(
        "() => document.querySelector('presence-timeline').shadowRoot.querySelector('figure').innerText"
    )
    figure.get_by_text("No picture of this moment can be shown.").wait_for()
    page.mouse.move(0, 0)
    figure.wait_for(state="hidden")
    slider = page.get_by_role("slider", name="Timeline")
    slider.focus()
    with page.expect_request("**/media/still.jpg**") as keyed:
        slider.press("Shift+ArrowRight")
    told = page.locator("presence-timeline")
    first, midnight = (datetime.fromisoformat(told.get_attribute(name) or "") for name in ("first", "from"))
    assert first > midnight, "the keys begin where something was seen"
    assert datetime.fromisoformat(keyed.value.url.partition("at=")[2].replace("%3A", ":")) == first + timedelta(hours=1)
    figure.wait_for()
    slider.press("Escape")
    figure.wait_for(state="hidden")
    slider.press("End")
    assert slider.get_attribute("aria-valuenow") == slider.get_attribute("aria-valuemax")
    slider.press("Home")
    assert slider.get_attribute("aria-valuenow") == slider.get_attribute("aria-valuemin")


def test_a_moment_to_come_is_said_to_be_one(page: Page) -> None:
    page.clock.set_fixed_time(datetime(2026, 11, 23, 8, tzinfo=UTC))
    page.goto(DAY)
    box = page.locator("presence-timeline .lane").first.bounding_box()
    assert box
    for hour, said in {10: "No picture of this moment can be shown.", 20: "This moment is still to come."}.items():
        page.mouse.move(box["x"] + box["width"] * hour / 24, box["y"] + 4)
        page.locator("presence-timeline figure").get_by_text(said).wait_for()


def test_while_a_still_is_fetched_it_is_said(page: Page) -> None:
    held: list[Route] = []
    page.route("**/media/still.jpg**", lambda route: held.append(route))
    page.goto(DAY)
    slider = page.get_by_role("slider", name="Timeline")
    slider.focus()
    slider.press("Shift+ArrowRight")
    figure = page.locator("presence-timeline figure")
    figure.get_by_text("the picture is being fetched…").wait_for()
    held[0].fulfill(body=DOT, content_type="image/svg+xml")
    figure.get_by_role("img").wait_for()
    assert "fetched" not in figure.inner_text()


def test_a_cell_of_the_month_leads_to_its_hour(page: Page) -> None:
    page.goto(MONTH)
    cell = page.locator('a.spent[href="/counters/cc-1/day?day=2026-11-23#h0900"]')
    assert "Staffed 52 min, Unstaffed 8 min, 1 absence" in (cell.get_attribute("aria-label") or "")
    assert (cell.get_attribute("title") or "").splitlines()[1:] == ["Staffed 52 min", "Unstaffed 8 min", "1 absence"]
    cell.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/counters/cc-1/day?day=2026-11-23#h0900")


def test_day_and_month_fit_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for path in (DAY, MONTH):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
