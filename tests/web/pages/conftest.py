"""The pages over a morning at two halls, and somebody of each role to look at them."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlmodel import select

from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import Role, User
from storage.secrets import SecretBox
from tests.servers import LIMIT_S
from tests.web.apps import app_of
from tests.web.pages.a_day import NOW, a_day
from tests.web.pages.browser import ARGUMENTS, CHROMIUM, WITHIN_MS, Site, served
from web import sessions
from web.services import Services
from web.settings import Settings

SignIn = Callable[[str], TestClient]

expect.set_options(timeout=WITHIN_MS)


@pytest.fixture(scope="session")
def _day_file(_migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written once; each test gets a copy."""
    path = tmp_path_factory.mktemp("day") / "day.db"
    shutil.copy(_migrated_file, path)
    with closing(Database(f"sqlite:///{path}")) as database, database.transaction() as session:
        a_day(session)
    return path


@pytest.fixture
def empty(sqlite_database: Database, tmp_path: Path) -> Services:
    """A fresh installation: an administrator and nothing else."""
    with sqlite_database.transaction() as session:
        session.add(User(name="admin", password_hash="", role=Role.ADMIN, created_at=NOW))
    return _services(sqlite_database, tmp_path)


@pytest.fixture
def day(_day_file: Path, tmp_path: Path) -> Iterator[Services]:
    with closing(Database(f"sqlite:///{shutil.copy(_day_file, tmp_path / 'day.db')}")) as database:
        yield _services(database, tmp_path)


def _services(database: Database, folder: Path) -> Services:
    store = FolderStore(folder / "store")
    return Services(
        settings=Settings(data_dir=folder),
        database=database,
        store=store,
        footage=Footage(database, store, folder / "spool", lambda: NOW),
        secrets=SecretBox(folder / "secret.key"),
        relay_socket=folder / "relay.sock",
        clock=lambda: NOW,
    )


@pytest.fixture
def anonymous(day: Services) -> TestClient:
    return TestClient(app_of(day), follow_redirects=False, headers={"Accept-Language": "en"})


@pytest.fixture
def sign_in(day: Services) -> SignIn:
    """`sign_in("supervisor")`: a browser with the session of the user of that role; English."""
    return lambda name: signed_in(day, name)


@pytest.fixture
def newcomer(empty: Services) -> TestClient:
    """The administrator of a fresh installation."""
    return signed_in(empty, "admin")


def signed_in(services: Services, name: str) -> TestClient:
    client = TestClient(app_of(services), follow_redirects=False, headers={"Accept-Language": "en"})
    with services.database.transaction() as session:
        user = session.exec(select(User).where(User.name == name)).one()
        assert user.id is not None
        opened = sessions.open_session(session, user.id, NOW)
    client.cookies.set(sessions.COOKIE, opened.token)
    client.headers["X-CSRF-Token"] = opened.csrf
    return client


@pytest.fixture
def site(day: Services) -> Iterator[Site]:
    with served(day) as site:
        yield site


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(day: Services, site: Site, chromium: Browser) -> Iterator[Page]:
    """A browser of the administrator; fails the test when the console has an error of our own."""
    with day.database.transaction() as session:
        admin = session.exec(select(User).where(User.name == "admin")).one()
        assert admin.id is not None
        token = sessions.open_session(session, admin.id, NOW).token
    context = chromium.new_context(base_url=site.address, locale="en-GB")
    context.set_default_timeout(WITHIN_MS)
    context.add_cookies([{"name": sessions.COOKIE, "value": token, "url": site.address}])
    errors: list[str] = []
    context.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context.new_page()
    context.close()
    # The footage of this day has no bytes and no recorder runs.
    assert [error for error in errors if not re.search("Failed to load resource|WebSocket", error)] == []


@pytest.fixture(scope="session")
def half_a_minute(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An MP4 that a browser can seek in."""
    file = tmp_path_factory.mktemp("footage") / "clip.mp4"
    picture = "testsrc=size=160x90:rate=25:duration=30"
    command = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", picture, "-pix_fmt", "yuv420p", str(file)]
    subprocess.run([*command[:-1], "-movflags", "+faststart", command[-1]], check=True, timeout=LIMIT_S)
    return file.read_bytes()
