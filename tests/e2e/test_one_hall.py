"""One hall, end to end: simulated cameras and platform, real S3, PostgreSQL and Chromium.

The tests tell one story in order.
"""

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page

from tests.e2e.pictures import seconds_behind, shown_time
from tests.e2e.running_hall import THRESHOLD_S, RunningHall, moment, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CAMERA = "cc-sim-cam-1"
A_SECOND = timedelta(seconds=1)
SETTLED_S = 90
"""Footage comes in segments of some seconds, and then the clerk of links looks again."""


def live_tile(page: Page, via: str) -> Locator:
    tile = page.locator(f'live-tile[state="live"][via="{via}"]').first
    tile.wait_for(timeout=60_000)
    return tile


def media_seconds(tile: Locator) -> float:
    return float(tile.evaluate("tile => tile.video.currentTime"))


def wait_until_it_plays(tile: Locator) -> None:
    began = media_seconds(tile)
    wait_for(lambda: media_seconds(tile) > began + 1, 20, "a moving picture")


def until_staffed(hall: RunningHall, page: Page) -> None:
    page.goto(f"{hall.address}/halls/cc-sim/board")
    wait_for(lambda: page.locator('.tile[data-state="staffed"]').count() == 2, 90, "two staffed counters")


def read(hall: RunningHall, page: Page, path: str) -> dict[str, Any]:
    answer = page.request.get(hall.address + path)
    assert answer.status == 200, (path, answer.status, answer.text()[:300])
    found: dict[str, Any] = answer.json()
    return found


def player_shows(page: Page, wall: datetime) -> None:
    """Seeks the page's player to a wall time; the clock in the picture must be that within a second.

    At the latest after the page was loaded anew: a clip that was opened as its last segment arrived may lack the end.
    """
    try:
        _seek_and_look(page, wall)
    except TimeoutError as error:
        player = page.locator("clip-player")
        state = player.locator("video").evaluate("video => [video.duration, video.currentTime, video.readyState]")
        print(error, state, player.get_attribute("start"), player.get_attribute("gaps"))
        page.reload()
        _seek_and_look(page, wall)


def _seek_and_look(page: Page, wall: datetime) -> None:
    player = page.locator("clip-player")
    player.locator(".transport").wait_for()  # it knows its clip, and has gone to its beginning
    player.evaluate("(player, ms) => { player.pause(); player.seekWall(ms); }", wall.timestamp() * 1000)
    until_shown(player.locator("video"), wall)


def until_shown(video: Locator, wall: datetime) -> None:
    """A paused video has the picture of `wall`; the browser may have it some time after it says so."""
    wait_for(lambda: not video.evaluate("video => video.seeking || video.readyState < 2"), 20, "the sought picture")
    wait_for(lambda: abs(shown_time(video) - wall) <= A_SECOND, 10, f"the picture of {wall}")


def test_the_wall_shows_this_moment(hall: RunningHall, supervisor: Page) -> None:
    until_staffed(hall, supervisor)
    tile = live_tile(supervisor, "mse")
    wait_until_it_plays(tile)
    assert tile.evaluate("tile => tile.video.videoWidth") == 640
    assert -0.2 < seconds_behind(tile) < 1


def test_a_counters_page_shows_this_moment_through_a_peer_connection(hall: RunningHall, supervisor: Page) -> None:
    supervisor.goto(f"{hall.address}/counters/cc-sim-1")
    tile = live_tile(supervisor, "whep")
    wait_until_it_plays(tile)
    assert tile.evaluate("tile => tile.video.videoWidth") == 1280
    assert -0.2 < seconds_behind(tile) < 1


def test_an_absence_is_told_by_itself_and_its_clip_shows_it(hall: RunningHall, supervisor: Page) -> None:
    until_staffed(hall, supervisor)
    first = supervisor.locator('.tile[data-counter="cc-sim-1"]')
    left = moment(hall.order("counters/1/clerk", action="leave")["truth"]["at"])
    first.and_(supervisor.locator('[data-state="unstaffed"]')).wait_for(timeout=30_000)
    alert = first.locator(".tile-alert")
    alert.wait_for(timeout=60_000)
    assert datetime.now(UTC) - left < timedelta(seconds=THRESHOLD_S + 10)
    assert supervisor.locator("[data-alert-count]").first.inner_text() == "1"
    shown_while_it_lasts(hall, supervisor)
    take_picture(hall, supervisor)
    back = moment(hall.order("counters/1/clerk", action="come")["truth"]["at"])

    absence = settled_absence(hall, supervisor, 1)
    assert abs(moment(absence["start"]) - left) <= A_SECOND
    assert abs(moment(absence["end"]) - back) <= A_SECOND
    supervisor.goto(f"{hall.address}/absences/1")
    for wall in (moment(absence["start"]), moment(absence["end"])):
        player_shows(supervisor, wall)


def shown_while_it_lasts(hall: RunningHall, page: Page) -> None:
    """Whoever follows an alert's link sees its still and its footage before it is over."""

    def lasting() -> dict[str, Any]:
        found: dict[str, Any] = read(hall, page, "/absences/1.json")["absence"]
        assert found["end"] is None
        return found if (found["clip"] or {}).get("outcome") in ("clip", "partial") else {}

    absence = wait_for(lasting, SETTLED_S, "a clip of what lasts")
    page.goto(f"{hall.address}/absences/1")
    still = page.locator("img.still")
    still.scroll_into_view_if_needed()
    wait_for(lambda: int(still.evaluate("image => image.complete ? image.naturalWidth : 0")) > 0, 20, "its still")
    player_shows(page, moment(absence["start"]))
    assert lasting(), "it still lasts"
    page.goto(f"{hall.address}/halls/cc-sim/board")


def take_picture(hall: RunningHall, page: Page) -> None:
    """The README's picture: one counter is served, at the other one nobody sits."""
    hall.order("counters/2/customer", action="come")
    page.locator('.tile[data-counter="cc-sim-2"] .chip[data-state="waiting"]').wait_for(timeout=30_000)
    live_tile(page, "mse")
    page.screenshot(path=hall.pictures / "board.png", clip={"x": 0, "y": 0, "width": 1440, "height": 520})
    hall.order("counters/2/customer", action="leave")


def settled_absence(hall: RunningHall, page: Page, number: int) -> dict[str, Any]:
    def settled() -> dict[str, Any]:
        found: dict[str, Any] = read(hall, page, f"/absences/{number}.json")["absence"]
        return found if found["end"] and (found["clip"] or {}).get("outcome") == "clip" else {}

    return wait_for(settled, SETTLED_S, "the clip of the absence")


def test_a_step_of_a_case_leads_to_the_footage_of_its_moment(hall: RunningHall, inspector: Page) -> None:
    hall.order("counters/2/case", seconds=10)
    case = wait_for(lambda: newest_case(hall, inspector), 60, "a case from the platform")

    seen: list[list[str | None]] = []

    def settled() -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = read(hall, inspector, f"/cases/{case}.json")["steps"]
        at_counter = [step for step in steps if step["counter"]]
        outcomes = [(step["clip"] or {}).get("outcome") for step in at_counter]
        if outcomes not in seen[-1:]:
            seen.append(outcomes)
        return at_counter if set(outcomes) == {"clip"} else []

    try:
        step = wait_for(settled, SETTLED_S, "the clips of the steps")[0]
    except TimeoutError as error:
        raise AssertionError(f"{error}; the outcomes of the steps, one after another: {seen}") from error
    inspector.goto(f"{hall.address}/cases/{case}?step={step['id']}")
    player_shows(inspector, moment(step["start"]))
    inspector.locator("clip-player").press("ArrowRight")
    wait_for(lambda: at_wall(inspector, moment(step["start"]) + 5 * A_SECOND), 10, "five seconds later")
    true_start = next(moment(fact["true_start"]) for fact in hall.truth() if fact["event"] == "step")
    assert abs(moment(step["start"]) - true_start) < timedelta(seconds=10)


def at_wall(page: Page, wall: datetime) -> bool:
    shown_ms = float(page.locator("clip-player").evaluate("player => player.wallMs"))
    return abs(shown_ms / 1000 - wall.timestamp()) < 1


@dataclass(frozen=True)
class Entry:
    """A step of a case, entered while nobody sat at its counter."""

    left: datetime
    case: str


@pytest.fixture(scope="module")
def entry(hall: RunningHall) -> Iterator[Future[Entry]]:
    """It takes most of a minute, and as long again until it is judged; other tests go on meanwhile."""
    with ThreadPoolExecutor(1) as aside:
        yield aside.submit(enter_while_away, hall)


def enter_while_away(hall: RunningHall) -> Entry:
    left = moment(hall.order("counters/2/clerk", action="leave")["truth"]["at"])
    wait_for(lambda: datetime.now(UTC) - left > timedelta(seconds=20), 30, "the margin before the step")
    rows = hall.order("counters/2/case", seconds=4)["rows"]
    entered = moment(rows[0]["end"])
    wait_for(lambda: datetime.now(UTC) - entered > timedelta(seconds=15), 60, "the margin after the step")
    hall.order("counters/2/clerk", action="come")
    return Entry(left, rows[0]["case"])


@pytest.mark.usefixtures("entry")
def test_a_span_plays_by_wall_time(hall: RunningHall, inspector: Page) -> None:
    until_recorded = read(hall, inspector, "/absences/1.json")["absence"]
    start, end = moment(until_recorded["start"]), moment(until_recorded["end"])
    query = f"hall=cc-sim&counter=cc-sim-1&from={quote(start.isoformat())}&to={quote(end.isoformat())}"
    inspector.goto(f"{hall.address}/span?{query}")
    player = inspector.locator("span-player")
    middle = start + (end - start) / 2
    player.evaluate("(player, ms) => player.seekWall(ms)", middle.timestamp() * 1000)
    video = player.locator("video").first
    until_shown(video, middle)
    player.press(" ")
    wait_for(lambda: shown_time(video) > middle + A_SECOND, 20, "playing")


def newest_case(hall: RunningHall, page: Page) -> int | None:
    cases = read(hall, page, "/cases.json")["cases"]
    return int(cases[0]["id"]) if cases else None


def addresses(hall: RunningHall, page: Page) -> list[str]:
    """Of the hall's story so far, media included."""
    absence = read(hall, page, "/absences/1.json")["absence"]
    begin, end = (quote(absence[name]) for name in ("start", "end"))
    case = newest_case(hall, page)
    clip = f"/media/clip.mp4?camera={CAMERA}&from={begin}&to={end}"
    return [
        "/halls/cc-sim/board",
        "/halls/cc-sim/board.json",
        "/counters/cc-sim-1",
        "/counters/cc-sim-1.json",
        "/absences/1",
        "/absences/1.json",
        f"/cases/{case}",
        f"/cases/{case}.json",
        f"/span?hall=cc-sim&counter=cc-sim-1&from={begin}&to={end}",
        f"/span.json?hall=cc-sim&counter=cc-sim-1&from={begin}&to={end}",
        clip,
        f"{clip}&download=1",
        f"/media/still.jpg?camera={CAMERA}&at={begin}",
    ]


def test_a_lost_camera_makes_unknown_and_a_camera_alert_but_never_an_absence(
    hall: RunningHall, supervisor: Page, entry: Future[Entry]
) -> None:
    entry.result()  # the camera must not be lost before that was seen
    until_staffed(hall, supervisor)
    absences = absent_so_far(hall, supervisor)
    hall.order("cameras/1", dropped=True)
    wait_for(lambda: supervisor.locator('.tile[data-state="unknown"]').count() == 2, 60, "two unknown counters")
    wait_for(lambda: camera_alerts(hall, supervisor) == ["raised"], 60, "a camera alert")
    assert absent_so_far(hall, supervisor) == absences
    hall.order("cameras/1", dropped=False)
    wait_for(lambda: camera_alerts(hall, supervisor) == ["resolved"], 60, "the end of the alert")


def absent_so_far(hall: RunningHall, page: Page) -> set[int]:
    return {absence["id"] for absence in read(hall, page, "/absences.json")["absences"]}


def camera_alerts(hall: RunningHall, page: Page) -> list[str]:
    alerts = read(hall, page, "/alerts.json?state=all")["alerts"]
    return [alert["state"] for alert in alerts if alert["kind"] == "camera_fault"]


def test_a_camera_whose_clock_is_wrong_is_told_and_its_footage_keeps_the_true_time(
    hall: RunningHall, supervisor: Page, inspector: Page
) -> None:
    hall.order("cameras/1", clock_offset_s=7)
    wait_for(lambda: "raised" in camera_alerts(hall, supervisor), 60, "a camera alert")
    off = datetime.now(UTC)
    span = quote(off.isoformat()), quote((off + 4 * A_SECOND).isoformat())
    wait_for(lambda: covered(hall, inspector, *span), SETTLED_S, "footage since then")
    hall.order("cameras/1", clock_offset_s=0)
    inspector.goto(f"{hall.address}/span?hall=cc-sim&counter=cc-sim-1&from={span[0]}&to={span[1]}")
    player = inspector.locator("span-player")
    player.evaluate("(player, ms) => player.seekWall(ms)", (off + 2 * A_SECOND).timestamp() * 1000)
    until_shown(player.locator("video").first, off + 2 * A_SECOND)
    wait_for(lambda: "raised" not in camera_alerts(hall, supervisor), 60, "the end of the alert")


def covered(hall: RunningHall, page: Page, begin: str, end: str) -> bool:
    """Whether all of it can be played."""
    answer = page.request.get(f"{hall.address}/span.json?hall=cc-sim&camera={CAMERA}&from={begin}&to={end}")
    return [camera["missing"] for camera in answer.json()["result"]["cameras"]] == [[]]


def test_a_step_entered_while_nobody_sat_there_is_a_finding(
    hall: RunningHall, inspector: Page, entry: Future[Entry]
) -> None:
    entered = entry.result()
    findings = wait_for(lambda: read(hall, inspector, "/findings.json")["findings"], 150, "a finding")
    assert {finding["step"]["counter"]["id"] for finding in findings} == {"cc-sim-2"}
    assert all(moment(finding["step"]["start"]) > entered.left for finding in findings)
    inspector.goto(f"{hall.address}/findings")
    assert inspector.locator("main").get_by_text(entered.case).count()


def test_somebody_of_another_hall_finds_nothing_there(
    hall: RunningHall, stranger: Page, inspector: Page, supervisor: Page
) -> None:
    for path in addresses(hall, inspector):
        assert 200 in [page.request.get(hall.address + path).status for page in (inspector, supervisor)], path
        status = stranger.request.get(hall.address + path).status
        assert status in (403, 404), (path, status)
    assert stranger.request.get(hall.address + "/events?hall=cc-sim").status in (403, 404)
    for kind in ("absences", "cases", "findings"):
        assert read(hall, inspector, f"/{kind}.json")[kind]
        assert read(hall, stranger, f"/{kind}.json")[kind] == []
    token = stranger.locator('meta[name="csrf"]').get_attribute("content") or ""
    headers = {"X-CSRF-Token": token, "Origin": hall.address}
    offer = stranger.request.post(
        f"{hall.address}/live/{CAMERA}/whep", data="v=0", headers={"Content-Type": "application/sdp", **headers}
    )
    assert offer.status in (403, 404)
    assert stranger.request.post(f"{hall.address}/alerts/1/acknowledge", headers=headers).status in (403, 404)
    assert (
        stranger.evaluate(f"""() => new Promise((resolve) => {{
        const socket = new WebSocket("{hall.address.replace("http", "ws")}/live/{CAMERA}/mse");
        socket.onopen = () => resolve("open");
        socket.onclose = () => resolve("refused");
    }})""")
        == "refused"
    )


def test_nobody_finds_anything_without_signing_in(hall: RunningHall, inspector: Page) -> None:
    paths = [*addresses(hall, inspector), "/events?hall=cc-sim"]
    inspector.context.clear_cookies()
    for path in paths:
        answer = inspector.request.get(hall.address + path, max_redirects=0)
        assert answer.status in (401, 303), (path, answer.status)
        if answer.status == 303:
            assert re.match(r"/sign-in\?next=", answer.headers["location"])
