"""The running product, and a browser in front of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.conftest import create_database
from tests.e2e.running_hall import PASSWORD, RunningHall
from tests.servers import LIMIT_S, PostgresServer, S3Server
from web.assets import assets_missing

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

expect.set_options(timeout=LIMIT_S * 1000)


@pytest.fixture(scope="module")  # Playwright keeps a loop running in this thread: asynchronous tests must come after it
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def hall(
    postgres_server: PostgresServer, s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHall]:
    """Serves until the last test of the module."""
    if missing := assets_missing():
        pytest.skip(missing)
    create_database(postgres_server, "one_hall")
    folder = tmp_path_factory.mktemp("hall")
    with RunningHall(folder, postgres_server.url("one_hall"), s3_server) as running:
        yield running
        print(running.logs())


@pytest.fixture
def supervisor(hall: RunningHall, chromium: Browser) -> Iterator[Page]:
    with signed_in(hall, chromium, "supervisor") as page:
        yield page


@pytest.fixture
def inspector(hall: RunningHall, chromium: Browser) -> Iterator[Page]:
    with signed_in(hall, chromium, "inspector") as page:
        yield page


@pytest.fixture
def stranger(hall: RunningHall, chromium: Browser) -> Iterator[Page]:
    """Somebody of another hall."""
    with signed_in(hall, chromium, "stranger") as page:
        yield page


@contextmanager
def signed_in(hall: RunningHall, chromium: Browser, name: str) -> Iterator[Page]:
    """A page of a browser of one's own."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    try:
        yield sign_in(hall, context, name)
    finally:
        context.close()


def sign_in(hall: RunningHall, context: BrowserContext, name: str) -> Page:
    page = context.new_page()
    page.goto(f"{hall.address}/sign-in")
    page.fill('input[name="name"]', name)
    page.fill('input[name="password"]', PASSWORD)
    page.locator("form button.primary").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    return page
