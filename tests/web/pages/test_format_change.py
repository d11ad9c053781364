"""A camera that changes its format in the middle of what is watched: the players go on with the next file."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page
from sqlmodel import select

from storage.models import FootageLink, Outcome
from tests.ingest.video.encoded import START, gops, packets
from tests.ingest.video.test_clip import recorded
from tests.sample import CAMERA
from tests.web.pages.browser import IN_BROWSER, WITHIN_MS
from tests.web.pages.conftest import SignIn
from tests.web.pages.test_long_span import NUMBER
from web.services import Services

SPAN = f"hall=cc&camera={CAMERA}&from=2026-01-05T09:00:01&to=2026-01-05T09:00:08"
"""The hall's time. The pictures before 09:00:04 are smaller than those from 09:00:05 on; each second has 25."""


@pytest.fixture
def changing(day: Services) -> Services:
    before, after = gops(packets(100)), gops(packets(100, width=240), START + timedelta(seconds=5))
    rows = recorded(day.footage.spool, before, first=500_000) + recorded(day.footage.spool, after, first=500_100)
    with day.database.transaction() as session:
        session.add_all(rows)
        link = session.exec(select(FootageLink).where(FootageLink.absence_id == 1)).one()
        link.outcome, link.reason, link.missing, link.camera_id = Outcome.CLIP, "", [], CAMERA
        link.start, link.end = START + timedelta(seconds=1), START + timedelta(seconds=8)
    return day


def parts_of(client: TestClient) -> list[tuple[str, str]]:
    [camera] = client.get(f"/span.json?{SPAN}").json()["result"]["cameras"]
    return [(part["start"], part["end"]) for part in camera["parts"]]


def test_each_part_is_a_file_of_its_own(changing: Services, sign_in: SignIn) -> None:
    client = sign_in("admin")
    parts = parts_of(client)
    assert parts == [
        ("2026-01-05T01:00:01Z", "2026-01-05T01:00:04Z"),
        ("2026-01-05T01:00:05Z", "2026-01-05T01:00:08Z"),
    ]
    for start, end in parts:
        assert client.get("/media/clip.mp4", params={"camera": CAMERA, "from": start, "to": end}).status_code == 200
    for address in (f"/span?{SPAN}", "/absences/1"):
        page = client.get(address).text
        assert "MP4 from 09:00:01" in page
        assert "MP4 from 09:00:05" in page


def shows(page: Page, element: str, number: int) -> None:
    """Waits until the player shows this picture."""
    holder = "player.shadowRoot" if element == "clip-player" else "player"
    handle = page.locator(element).element_handle()
    page.wait_for_function(f"player => ({NUMBER})({holder}) === {number}", arg=handle, timeout=WITHIN_MS)


@IN_BROWSER[0]
@IN_BROWSER[1]
@pytest.mark.parametrize(
    ("address", "element"),
    [(f"/span?{SPAN}", "span-player"), ("/absences/1", "clip-player")],
    ids=["span", "clip"],
)
def test_players_show_both_sides_of_the_change_and_play_over_it(
    changing: Services, page: Page, address: str, element: str
) -> None:
    page.goto(address)
    player = page.locator(element)
    player.locator(".transport").wait_for(timeout=WITHIN_MS)
    for moment, number in (("09:00:02", 50), ("09:00:06.2", 30), ("09:00:03", 75)):
        player.evaluate("(player, moment) => player.seekWall(Date.parse(moment))", f"2026-01-05T{moment}+08:00")
        shows(page, element, number)
    player.evaluate("player => player.play()")
    page.wait_for_function(
        "player => player.wallMs > Date.parse('2026-01-05T01:00:05.5Z')",
        arg=player.element_handle(),
        timeout=WITHIN_MS,
    )
    assert player.evaluate("player => player.paused") is False
