"""The board for a screen in the hall: nothing is guessed."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from storage.models import CustomerState, Node, OpeningHours, Presence, StaffState, WatchCursor
from tests.sample import CAMERA
from tests.web.conftest import NOON
from web.counter_open import CounterState, state_of
from web.services import Services


@pytest.mark.parametrize(
    ("staff", "is_open", "state"),
    [
        (StaffState.STAFFED, True, CounterState.OPEN),
        (StaffState.UNSTAFFED, True, CounterState.PAUSED),
        (StaffState.UNKNOWN, True, CounterState.UNKNOWN),
        (StaffState.STAFFED, False, CounterState.CLOSED),
        (StaffState.UNKNOWN, False, CounterState.CLOSED),
    ],
)
def test_what_is_seen_decides_while_the_hall_is_open(staff: StaffState, is_open: bool, state: CounterState) -> None:
    assert state_of(staff, is_open=is_open) is state


@pytest.fixture
def watched(services: Services) -> Services:
    """Somebody sits at counter 1 and nobody at counter 2, as a watcher that lives has seen."""
    with services.database.transaction() as session:
        session.add(Node(name="watcher-1", role="watcher", started_at=NOON, heartbeat=NOON))
        session.add(WatchCursor(camera_id=CAMERA, watched_to=NOON))
        for counter, staff in (("cc-1", StaffState.STAFFED), ("cc-2", StaffState.UNSTAFFED)):
            start = NOON - timedelta(minutes=9)
            session.add(Presence(counter_id=counter, start=start, staff=staff, customer=CustomerState.NONE))
    return services


def states(client: TestClient) -> dict[str, str]:
    page = client.get("/public/halls/cc/board.json").json()
    return {counter["id"]: counter["state"] for counter in page["counters"]}


def test_it_shows_which_counters_serve_now(anonymous: TestClient, watched: Services) -> None:
    assert states(anonymous) == {"cc-1": "open", "cc-2": "paused"}
    assert anonymous.get("/public/halls/cc/board.json").json()["open"] == 1
    english = anonymous.get("/public/halls/cc/board?lang=en").text
    assert "1 counter open" in english
    assert "Serving" in english
    assert "正在办理" in anonymous.get("/public/halls/cc/board?lang=zh").text


def test_a_watcher_that_is_gone_makes_everything_unknown(anonymous: TestClient, watched: Services) -> None:
    with watched.database.transaction() as session:
        session.get_one(Node, "watcher-1").heartbeat = NOON - timedelta(minutes=5)
    assert states(anonymous) == {"cc-1": "unknown", "cc-2": "unknown"}


def test_out_of_hours_every_counter_is_closed(anonymous: TestClient, watched: Services) -> None:
    with watched.database.transaction() as session:
        session.add(OpeningHours(hall_id="cc", weekday=0, opens="09:00", closes="11:00"))
    assert states(anonymous) == {"cc-1": "closed", "cc-2": "closed"}


def test_a_hall_that_does_not_exist_has_no_board(anonymous: TestClient) -> None:
    assert anonymous.get("/public/halls/none/board").status_code == 404
