"""Long footage in a real browser: the picture that is shown is the one of the moment that was asked for."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ingest.video.fragmented import Recording
from ingest.video.writer import SegmentWriter, settle
from storage.models import ClockSource, Segment
from tests.ingest.video.encoded import START, gops, packets
from tests.sample import CAMERA
from tests.web.pages.browser import IN_BROWSER, WITHIN_MS
from web.services import Services

pytestmark = IN_BROWSER
LENGTH = timedelta(seconds=10)
SPAN = f"/span?hall=cc&camera={CAMERA}&from=2026-01-05T09:00:03&to=2026-01-05T09:07:00"
"""The hall's time; footage lasts to 09:06:40, without 09:05:00 to 09:05:10."""

NUMBER = """player => {
  const video = player.querySelector("video");
  if (video.seeking || video.readyState < 2) return -1;
  const canvas = Object.assign(document.createElement("canvas"), { width: 192, height: 96 });
  const drawing = canvas.getContext("2d");
  drawing.drawImage(video, 0, 0, 192, 96);
  const line = drawing.getImageData(0, 48, 192, 1).data;
  return [...Array(12).keys()].reduce((sum, bit) => sum + (line[(bit * 16 + 8) * 4] > 125 ? 1 << bit : 0), 0);
}"""


@pytest.fixture
def forty_segments(day: Services) -> None:
    """Of ten seconds, each with the pictures 0 to 249; the one at 09:05:00 is missing."""
    record(day, {number: number * LENGTH for number in range(40) if number != 30})


@pytest.fixture
def forty_segments_set_back(day: Services) -> None:
    """As above but whole; after the one at 09:03:10 the clock was set back by three seconds."""
    back = timedelta(seconds=3)
    record(day, {number: number * LENGTH - (back if number >= 20 else timedelta(0)) for number in range(40)})


def record(day: Services, places: dict[int, timedelta]) -> None:
    """Segments by their numbers, each with when it begins."""
    spool = day.footage.spool
    some = gops(packets(250))
    writer = SegmentWriter(spool, Recording(CAMERA, 1, some[0].wall_us, ClockSource.ARRIVAL, 0), some[0].info)
    for gop in some:
        writer.append(gop)
    finished = writer.close()
    assert finished
    settle(spool, finished.key)
    with day.database.transaction() as session:
        session.add_all(_copy(spool, finished.row(), number, place) for number, place in places.items())


def _copy(spool: Path, row: Segment, number: int, place: timedelta) -> Segment:
    key = f"{CAMERA}/long-{number}.mp4"
    os.link(spool / row.key, spool / key)
    moved = {
        "key": key,
        "sequence": 100_000 + number,
        "start": row.start + place,
        "end": row.end + place,
    }
    return Segment(**(row.model_dump(exclude={"id"}) | moved))


def shows(page: Page, number: int) -> None:
    """Waits until the player shows this picture."""
    handle = page.locator("span-player").element_handle()
    page.wait_for_function(f"player => ({NUMBER})(player) === {number}", arg=handle, timeout=WITHIN_MS)


def wall(page: Page) -> datetime:
    return datetime.fromisoformat(
        page.locator("span-player").evaluate("player => new Date(player.wallMs).toISOString()")
    )


@pytest.mark.usefixtures("forty_segments")
def test_the_address_and_a_typed_time_lead_to_their_picture(page: Page) -> None:
    page.goto(f"{SPAN}#t=09:04:57.5")
    shows(page, 187)
    clock = page.get_by_label("Time: type another one")
    for typed, second, number in (("09:00:03.6", 3.6, 90), ("09:06:35", 395, 125), ("09:05:12", 312, 50)):
        clock.fill(typed)
        clock.press("Enter")
        shows(page, number)
        assert abs(wall(page) - START - timedelta(seconds=second)) < timedelta(milliseconds=1)
    assert page.url.endswith("#t=09:05:12")
    clock.fill("09:05:04")
    clock.press("Enter")
    expect(page.locator(".span-figure .nothing")).to_be_visible()


@pytest.mark.usefixtures("forty_segments")
def test_a_time_outside_the_span_is_refused_where_it_was_typed(page: Page) -> None:
    page.goto(SPAN)
    before = wall(page)
    clock = page.get_by_label("Time: type another one")
    for typed in ("08:59:00", "soon", "25:00"):
        clock.fill(typed)
        clock.press("Enter")
        expect(clock).to_have_attribute("aria-invalid", "true")
    assert wall(page) == before


@pytest.mark.usefixtures("forty_segments_set_back")
@pytest.mark.parametrize("end", ["09:04:30", "09:06:30"], ids=["short", "long"])
def test_a_clock_that_was_set_back_shifts_no_picture_after_it(page: Page, end: str) -> None:
    page.goto(f"/span?hall=cc&camera={CAMERA}&from=2026-01-05T09:01:00&to=2026-01-05T{end}")
    player = page.locator("span-player")
    for moment, number in (("09:03:16", 150), ("09:03:18", 25), ("09:03:30", 75), ("09:04:01", 100)):
        player.evaluate("(player, moment) => player.seekWall(Date.parse(moment))", f"2026-01-05T{moment}+08:00")
        shows(page, number)
