"""The running product, and a browser in front of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import create_database
from tests.e2e.running_hall import PASSWORD, RunningHall
from tests.servers import PostgresServer, S3Server
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
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    yield context
    context.close()


@pytest.fixture
def supervisor(hall: RunningHall, context: BrowserContext) -> Page:
    return sign_in(hall, context, "supervisor")


@pytest.fixture
def inspector(hall: RunningHall, context: BrowserContext) -> Page:
    return sign_in(hall, context, "inspector")


@pytest.fixture
def stranger(hall: RunningHall, context: BrowserContext) -> Page:
    """Somebody of another hall."""
    return sign_in(hall, context, "stranger")


def sign_in(hall: RunningHall, context: BrowserContext, name: str) -> Page:
    page = context.new_page()
    page.goto(f"{hall.address}/sign-in")
    page.fill('input[name="name"]', name)
    page.fill('input[name="password"]', PASSWORD)
    page.locator("form button.primary").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    return page
