"""A step that a platform pushes to the running site is seen on the page of its case, with its limit and its card."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import Item, Role, Source, User
from storage.secrets import SecretBox
from tests.sample import HALL, a_hall
from tests.servers import LIMIT_S, wait_until
from tests.web.conftest import NO_PASSWORD, NOON, PUSH_KEY
from tests.web.test_web_server import served
from web import sessions
from web.clerk import at_work
from web.places import key_hash
from web.roles import clerks
from web.services import Services
from web.settings import Settings

RECEIVED = "2026-02-25T09:00:00+08:00"
"""Three working days before that noon, Saturday the 28th being worked: nobody has to have accepted it yet."""
ROW = {"case": "2026-0300", "item": "JZ-0103", "counter": "1", "start": RECEIVED}


@pytest.fixture
def running(database: Database, tmp_path: Path) -> Services:
    began = datetime.now(UTC)

    def clock() -> datetime:
        """From that noon on."""
        return NOON + (datetime.now(UTC) - began)

    with database.transaction() as session:
        a_hall(session)
        session.add(Source(id="cc-platform", hall_id=HALL, key_hash=key_hash(PUSH_KEY)))
        session.add(Item(code="JZ-0103", name="开办", legal_days=20, promised_days=1))
        session.add(User(name="admin", role=Role.ADMIN, password_hash=NO_PASSWORD, created_at=NOON))
    store = FolderStore(tmp_path / "store")
    return Services(
        settings=Settings(data_dir=tmp_path),
        database=database,
        store=store,
        footage=Footage(database, store, tmp_path / "spool", clock),
        secrets=SecretBox(tmp_path / "secret.key"),
        relay_socket=tmp_path / "relay.sock",
        clock=clock,
    )


@contextmanager
def a_browser(services: Services) -> Iterator[httpx.Client]:
    """Signed in at the running site, whose clerks are at work."""
    with services.database.transaction() as session:
        token = sessions.open_session(session, 1, services.clock()).token
    with (
        served(services) as address,
        at_work(*clerks(services)),
        httpx.Client(base_url=address, cookies={sessions.COOKIE: token}, timeout=LIMIT_S) as client,
    ):
        wait_until(lambda: listens(client))
        yield client


def listens(client: httpx.Client) -> bool:
    try:
        return client.get("/sign-in").status_code < 400
    except httpx.ConnectError:
        return False


def push(client: httpx.Client, sequence: int, row: dict[str, str]) -> None:
    address, bearer = "/api/v1/sources/cc-platform/batches", {"Authorization": f"Bearer {PUSH_KEY}"}
    answer = client.post(address, json={"sequence": sequence, "rows": [row]}, headers=bearer)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1), answer.text


def case_page(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/cases/1.json").raise_for_status().json()
    return found


def test_a_pushed_step_changes_limit_card_and_standing_of_its_case(running: Services) -> None:
    with a_browser(running) as client:
        push(client, 1, ROW | {"step": "r", "kind": "receive"})
        wait_until(lambda: case_page(client)["case"]["standing"] == "waiting")
        push(client, 2, ROW | {"step": "a", "kind": "accept"})
        wait_until(lambda: case_page(client)["case"]["standing"] == "yellow")
        page = case_page(client)
        assert [limit["basis"] for limit in page["deadlines"]["limits"]] == ["accepted", "accepted"]
        assert ("yellow", "past_promised") in [(card["kind"], card["cause"]) for card in page["deadlines"]["cards"]]
        inbox = client.get("/cards.json").raise_for_status().json()["cards"]
        assert "2026-0300" in str(inbox)
