"""A player whose clip lacks what the store has lost: the wall time of each picture is right all the same."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page
from sqlmodel import select

from storage.models import FootageLink, Location, Outcome
from tests.ingest.video.encoded import START, gops, packets
from tests.ingest.video.test_clip import recorded
from tests.sample import CAMERA
from tests.web.pages.browser import IN_BROWSER, WITHIN_MS
from tests.web.pages.test_format_change import shows
from web.services import Services

pytestmark = IN_BROWSER
SPAN = f"hall=cc&camera={CAMERA}&from=2026-01-05T09:00:00"


@pytest.fixture
def lacking(day: Services) -> Services:
    """Eight seconds in four segments, of which the store has lost the third."""
    rows = recorded(day.footage.spool, gops(packets(200)), first=500_000)
    with day.database.transaction() as session:
        rows[2].location = Location.STORED
        (day.footage.spool / rows[2].key).unlink()
        session.add_all(rows)
        link = session.exec(select(FootageLink).where(FootageLink.absence_id == 1)).one()
        link.outcome, link.reason, link.missing, link.camera_id = Outcome.CLIP, "", [], CAMERA
        link.start, link.end = START, START + timedelta(seconds=8)
    return day


@pytest.mark.usefixtures("lacking")
@pytest.mark.parametrize(
    ("address", "element"),
    [
        (f"/span?{SPAN}&to=2026-01-05T09:00:08", "span-player"),
        ("/absences/1", "clip-player"),
        (f"/span?{SPAN}&to=2026-01-05T09:06:00", "span-player"),
    ],
    ids=["span", "clip", "breaks off"],
)
def test_a_moment_behind_what_is_lost_shows_its_own_picture(page: Page, address: str, element: str) -> None:
    page.goto(address)
    player = page.locator(element)
    player.locator(".transport").wait_for(timeout=WITHIN_MS)
    for moment, number in (("09:00:06.2", 155), ("09:00:02", 50)):
        player.evaluate("(player, moment) => player.seekWall(Date.parse(moment))", f"2026-01-05T{moment}+08:00")
        shows(page, element, number)
