"""The screen in the hall and the tablet at the counter, in a real browser."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from storage.models import Rating, RatingDevice, User
from tests.web.pages.a_day import NOW
from tests.web.pages.browser import WITHIN_MS, Site
from web.api.devices import token_hash
from web.services import Services
from web.settings import PublicSection

TOKEN = "a-tablet-in-a-browser"


@pytest.fixture
def day(day: Services) -> Services:
    settings = day.settings.model_copy(update={"public": PublicSection(enabled=True)})
    with day.database.transaction() as session:
        admin = session.exec(select(User.id)).first()
        made_at = datetime(2026, 11, 1, tzinfo=UTC)
        session.add(RatingDevice(counter_id="cc-1", token_hash=token_hash(TOKEN), made_at=made_at, made_by=admin or 0))
    passed = count()
    return replace(day, settings=settings, clock=lambda: NOW + timedelta(microseconds=next(passed)))


@pytest.fixture
def stranger(site: Site, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(base_url=site.address, locale="en-GB")
    context.set_default_timeout(WITHIN_MS)
    yield context.new_page()
    context.close()


def test_a_screen_that_has_lost_the_server_shows_unknown_and_recovers(stranger: Page) -> None:
    stranger.clock.install()
    stranger.goto("/public/halls/cc/board")
    state = stranger.locator(".hall-counter").first.locator(".state")
    expect(state).to_have_text("Serving", use_inner_text=True)
    stranger.route("**/public/**", lambda route: route.abort())
    stranger.clock.run_for(61_000)
    expect(state).to_have_text("Unknown", use_inner_text=True)
    stranger.unroute("**/public/**")
    stranger.clock.run_for(10_000)
    expect(state).to_have_text("Serving", use_inner_text=True)


def test_a_customer_taps_and_the_tablet_thanks(stranger: Page, day: Services) -> None:
    stranger.goto(f"/rate/{TOKEN}")
    stranger.get_by_role("button", name="Satisfied with it").click()
    expect(stranger.get_by_role("heading")).to_have_text("Thank you")
    stranger.get_by_role("link", name="Back to the start").click()
    expect(stranger.get_by_role("button", name="Very dissatisfied")).to_be_visible()
    with day.database.transaction() as session:
        assert [rating.level for rating in session.exec(select(Rating).where(Rating.counter_id == "cc-1"))][-1:] == [4]
