"""Recorded sound in a real browser: it is there, and it begins when somebody asks for it."""

import pytest
from playwright.sync_api import Page, expect

from ingest.simulator.microphone import SoundCodec
from tests.ingest.video.encoded import gops, packets
from tests.ingest.video.sounding import with_beeps
from tests.ingest.video.test_clip import recorded
from tests.sample import CAMERA
from tests.web.pages.browser import IN_BROWSER, WITHIN_MS, until
from web.services import Services

pytestmark = IN_BROWSER
SPAN = f"/span?hall=cc&camera={CAMERA}&from=2026-01-05T09:00:00&to=2026-01-05T09:00:08"
"""The hall's time."""
SOUND = "span-player .transport button:last-child"
MUTED = "document.querySelector('span-player video').muted"


def record(day: Services, codec: SoundCodec | None) -> None:
    some = gops(packets(200))
    rows = recorded(day.footage.spool, with_beeps(some, codec) if codec else some, first=500_000)
    with day.database.transaction() as session:
        session.add_all(rows)


@pytest.mark.parametrize("codec", ["aac", "pcmu"])
def test_sound_is_heard_when_somebody_asks_for_it(day: Services, page: Page, codec: SoundCodec) -> None:
    record(day, codec)
    page.goto(SPAN)
    page.locator("span-player .transport button").first.click(timeout=WITHIN_MS)
    sound = page.locator(SOUND)
    expect(sound).to_be_visible(timeout=WITHIN_MS)
    assert page.evaluate(MUTED) is True
    sound.click()
    assert page.evaluate(MUTED) is False
    sound.click()
    assert page.evaluate(MUTED) is True


def test_without_sound_there_is_no_button_for_it(day: Services, page: Page) -> None:
    record(day, None)
    page.goto(SPAN)
    page.locator("span-player .transport button").first.click(timeout=WITHIN_MS)
    until(page, "document.querySelector('span-player video').currentTime > 1")
    assert not page.locator(SOUND).is_visible()
