"""The live tile in a real browser."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from ingest.simulator.clock_camera import ClockCamera
from ingest.simulator.clock_code import read_clock
from ingest.simulator.rtsp_server import RtspServer
from ingest.video.recorder import CameraFeed
from storage.models import Camera, Role
from tests.sample import CAMERA
from tests.servers import LIMIT_S, wait_until
from tests.web.live.conftest import Site
from web import assets, sessions

Show = Callable[[str], Page]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed: apt-get install chromium"),
    pytest.mark.skipif(assets.assets_missing() is not None, reason="python hatch_build.py has not been run"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def show(chromium: Browser, site: Site) -> Iterator[Show]:
    """Opens a page of ours, with its policy, and puts nothing but a tile on it."""
    visitor = site.visitor(Role.SUPERVISOR)
    context = chromium.new_context(viewport={"width": 800, "height": 600})
    context.set_default_timeout(LIMIT_S * 1000)
    context.add_cookies([{"name": sessions.COOKIE, "value": visitor.cookie, "url": site.address}])
    page = context.new_page()

    def open_page(attributes: str) -> Page:
        page.goto(f"{site.address}/nothing-here")
        tile = f'<live-tile camera="{CAMERA}" {attributes} label="Counter 1"></live-tile>'
        page.evaluate("tile => document.body.innerHTML = tile", tile)
        page.add_script_tag(url=assets.asset("live.js"), type="module")
        return page

    yield open_page
    context.close()


def wait_for_state(page: Page, state: str) -> None:
    page.locator(f'live-tile[state="{state}"]').wait_for(timeout=LIMIT_S * 1000)


def ages_s(page: Page) -> Iterator[float]:
    """How old the picture on the screen is, time and again, by the clock that the camera has burnt into it."""
    for _ in range(5):
        taken = datetime.now(UTC)
        image = np.frombuffer(page.locator("live-tile").screenshot(), np.uint8)
        picture = cv2.imdecode(image, cv2.IMREAD_COLOR)
        assert picture is not None
        shown = read_clock(picture)
        if shown is not None:
            yield (taken - shown).total_seconds()


def until_shown(page: Page, moment: datetime) -> None:
    """Waits for a picture that was taken later."""
    wait_until(lambda: any(datetime.now(UTC) - timedelta(seconds=age) > moment for age in ages_s(page)))


def told_s(page: Page) -> float:
    return float(page.evaluate("document.querySelector('live-tile').delayMs")) / 1000


def media_seconds(page: Page) -> float:
    return float(page.evaluate("document.querySelector('live-tile').video.currentTime"))


def size(page: Page) -> list[int]:
    found: list[int] = page.evaluate(
        "(({video}) => [video.videoWidth, video.videoHeight])(document.querySelector('live-tile'))"
    )
    return found


@pytest.mark.parametrize("mode", ["mse", "whep"])
def test_a_tile_shows_the_camera_now(show: Show, mode: str) -> None:
    page = show(f'mode="{mode}" stream="main" delay')
    wait_for_state(page, "live")
    assert page.locator("live-tile").get_attribute("via") == mode
    assert size(page) == [320, 180]
    began = media_seconds(page)
    page.wait_for_function("began => document.querySelector('live-tile').video.currentTime > began + 2", arg=began)
    both = [(age, told_s(page)) for age in ages_s(page)]
    print(f"{mode}: age of the picture, and as the tile tells it: {both}")
    assert median(age for age, _ in both) > -0.2
    assert median(abs(told - age) for age, told in both) < 0.6


def test_a_tile_says_that_the_picture_stands_still_and_goes_on_by_itself(show: Show, camera: RtspServer) -> None:
    page = show('mode="mse" stream="main"')
    wait_for_state(page, "live")
    camera.stop()
    wait_for_state(page, "stalled")
    back = datetime.now(UTC)
    camera.start()
    wait_for_state(page, "live")
    until_shown(page, back)


def test_a_tile_of_a_camera_that_is_not_recorded_is_offline(show: Show, site: Site) -> None:
    with site.services.database.transaction() as session:
        session.add(Camera(id="spare", hall_id="cc", url="rtsp://127.0.0.1:9/spare"))
    page = show('mode="mse"')
    page.evaluate("document.querySelector('live-tile').setAttribute('camera', 'spare')")
    page.evaluate("(tile => tile.replaceWith(tile.cloneNode()))(document.querySelector('live-tile'))")
    wait_for_state(page, "offline")


def test_a_tile_shows_the_main_stream_and_says_so_while_the_sub_stream_cannot_be_had(
    show: Show, site: Site, camera: RtspServer, feeds: list[CameraFeed]
) -> None:
    with site.services.database.transaction() as session:
        session.get_one(Camera, CAMERA).sub_url = camera.url("/sub")
    feeds[:] = [CameraFeed(CAMERA, camera.url("/main"), camera.url("/nothing-here"))]
    page = show('mode="mse"')
    page.locator('live-tile[state="live"][instead]').wait_for(timeout=LIMIT_S * 1000)
    assert size(page) == [320, 180]
    assert page.locator("live-tile .instead").inner_text() == "live-instead"  # this page has no words
    with ClockCamera(camera.mount("/sub"), width=256, height=144):
        feeds[:] = [CameraFeed(CAMERA, camera.url("/main"), camera.url("/sub"))]
        page.locator('live-tile[state="live"]:not([instead])').wait_for(timeout=LIMIT_S * 1000)
        page.wait_for_function("() => document.querySelector('live-tile').video.videoWidth === 256")


def test_a_tile_of_a_camera_that_is_switched_off_says_so_and_shows_nothing_as_live(
    show: Show, feeds: list[CameraFeed]
) -> None:
    page = show('mode="mse"')
    wait_for_state(page, "live")
    kept = list(feeds)
    feeds.clear()
    wait_for_state(page, "offline")
    assert page.locator("live-tile .note").inner_text() == "live-off"
    page.wait_for_timeout(6000)  # longer than what makes a silent stream stand still
    assert page.locator("live-tile").get_attribute("state") == "offline"
    feeds[:] = kept
    wait_for_state(page, "live")


def test_a_tile_out_of_sight_lets_go_of_the_stream(show: Show) -> None:
    page = show('mode="mse" stream="main"')
    wait_for_state(page, "live")
    page.evaluate("document.querySelector('live-tile').hidden = true")
    page.locator('live-tile[state="paused"]').wait_for(state="attached", timeout=LIMIT_S * 1000)
    page.evaluate("document.querySelector('live-tile').hidden = false")
    wait_for_state(page, "live")


def test_the_tile_takes_the_other_way_where_no_peer_connection_comes_about(show: Show) -> None:
    page = show('mode="mse" stream="main"')
    page.route("**/whep*", lambda route: route.fulfill(status=503))
    page.evaluate("document.querySelector('live-tile').setAttribute('mode', 'whep')")
    page.evaluate("(tile => tile.replaceWith(tile.cloneNode()))(document.querySelector('live-tile'))")
    wait_for_state(page, "live")
    assert page.locator("live-tile").get_attribute("via") == "mse"


def test_a_tile_shows_the_part_that_is_asked_for(show: Show) -> None:
    page = show('mode="mse" stream="main" crop="0.5 0.5 0.5 0.5"')
    # A frame of the picture's shape: the lower right quarter fills it, so the whole picture is twice as wide and high.
    page.evaluate("Object.assign(document.querySelector('live-tile').style, {width: '640px', height: '360px'})")
    wait_for_state(page, "live")
    page.wait_for_function("() => document.querySelector('live-tile').video.style.transform !== ''")
    assert boxes(page) == [[640, 360], [-640, -360, 1280, 720]]
    page.evaluate("document.querySelector('live-tile').removeAttribute('crop')")
    assert boxes(page) == [[640, 360], [0, 0, 640, 360]]


def boxes(page: Page) -> list[list[float]]:
    """The frame's size, and the video's place and size within it, in pixels."""
    found: list[list[float]] = page.evaluate(
        """(({tile, frame, video}) => [[frame.width, frame.height],
            [video.x - frame.x, video.y - frame.y, video.width, video.height]].map(sizes => sizes.map(Math.round)))(
            ((tile) => ({tile, frame: tile.getBoundingClientRect(), video: tile.video.getBoundingClientRect()}))(
                document.querySelector('live-tile')))"""
    )
    return found
