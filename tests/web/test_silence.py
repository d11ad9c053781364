"""When the recorder or the watcher falls silent, somebody is told."""

from datetime import timedelta

import pytest
from sqlmodel import delete, select

from storage.database import Database
from storage.models import NODE_SILENT_AFTER, Alert, AlertKind, AlertState, Node, Scope
from tests.web.conftest import NOON, Clock, SignedIn
from web.services import Services
from web.silence import EVERY, Listening

LONG = NODE_SILENT_AFTER + EVERY


def beat(database: Database, name: str, after: timedelta = timedelta(0), role: str = "") -> None:
    with database.transaction() as session:
        role = role or name.partition("-")[0]
        session.merge(Node(name=name, role=role, started_at=NOON, heartbeat=NOON + after))


def listen(listening: Listening, start: timedelta, end: timedelta) -> int:
    """As the clerk does, every few seconds; the number of changes."""
    rounds = (end - start) // EVERY
    return sum(listening.run_once(NOON + start + n * EVERY) for n in range(rounds + 1))


def silences(database: Database) -> list[Alert]:
    with database.transaction() as session:
        return list(session.exec(select(Alert).where(Alert.kind == AlertKind.NODE_SILENT)))


@pytest.mark.parametrize("name", ["recorder-1", "watcher-1"])
def test_a_process_that_falls_silent_raises_one_alert_that_resolves_when_it_is_back(
    database: Database, name: str
) -> None:
    beat(database, name)
    listening = Listening(database)
    assert listen(listening, timedelta(0), NODE_SILENT_AFTER) == 0
    assert listen(listening, LONG, 4 * LONG) == 1
    [alert] = silences(database)
    assert (alert.state, alert.node_name, alert.hall_id) == (AlertState.RAISED, name, None)
    assert (alert.silent_since, alert.raised_at) == (NOON, NOON + LONG)
    beat(database, name, 5 * LONG)
    assert listening.run_once(NOON + 5 * LONG) == 1
    [alert] = silences(database)
    assert (alert.state, alert.resolved_at) == (AlertState.RESOLVED, NOON + 5 * LONG)


def test_another_silence_is_another_alert(sqlite_database: Database) -> None:
    listening = Listening(sqlite_database)
    for times in (0, 4):
        beat(sqlite_database, "recorder-1", times * LONG)
        listen(listening, times * LONG, (times + 3) * LONG)
    assert [alert.state for alert in silences(sqlite_database)] == [AlertState.RESOLVED, AlertState.RAISED]


def test_two_clerks_raise_one_alert(sqlite_database: Database) -> None:
    beat(sqlite_database, "recorder-1")
    for listening in (Listening(sqlite_database), Listening(sqlite_database)):
        listen(listening, timedelta(0), 2 * LONG)
    assert len(silences(sqlite_database)) == 1


def test_processes_without_which_nobody_could_be_told_anyway_raise_nothing(sqlite_database: Database) -> None:
    for name in ("web-1", "clerk-1"):
        beat(sqlite_database, name)
    assert listen(Listening(sqlite_database), timedelta(0), 2 * LONG) == 0


def test_a_site_that_has_just_been_started_is_given_time(sqlite_database: Database) -> None:
    beat(sqlite_database, "recorder-1", timedelta(days=-1))
    listening = Listening(sqlite_database)
    assert listen(listening, timedelta(0), NODE_SILENT_AFTER) == 0
    beat(sqlite_database, "recorder-1", NODE_SILENT_AFTER)
    assert listen(listening, LONG, LONG) == 0


def test_after_an_outage_of_the_database_nobody_is_blamed_for_it(sqlite_database: Database) -> None:
    beat(sqlite_database, "recorder-1")
    listening = Listening(sqlite_database)
    listening.run_once(NOON)
    back = NOON + timedelta(hours=1)
    assert listening.run_once(back) == 0
    beat(sqlite_database, "recorder-1", timedelta(hours=1))
    assert listening.run_once(back + EVERY) == 0


@pytest.fixture
def silent(services: Services) -> Services:
    """The recorder is silent; users of the other hall look, too."""
    beat(services.database, "recorder-1")
    listen(Listening(services.database), timedelta(0), LONG)
    return services


@pytest.mark.parametrize(
    ("role", "sees"),
    [("supervisor", True), ("admin", True), ("investigator", False), ("department", False)],
)
def test_supervisors_and_administrators_see_it(silent: Services, signed_in: SignedIn, role: str, sees: bool) -> None:
    found = signed_in(role).get("/alerts.json?kind=node_silent").json()["alerts"]
    assert [(alert["node_role"], alert["hall"]) for alert in found] == ([("recorder", None)] if sees else [])


def test_it_is_shown_in_a_halls_list_and_can_be_acknowledged_by_a_supervisor_of_any_hall(
    silent: Services, signed_in: SignedIn
) -> None:
    with silent.database.transaction() as session:
        session.exec(delete(Scope))
    client = signed_in("supervisor")
    assert "Concerns every hall" in client.get("/alerts?kind=node_silent&lang=en").text
    assert "涉及所有大厅" in client.get("/alerts?kind=node_silent&lang=zh").text
    [alert] = silences(silent.database)
    csrf = client.get("/api/v1/me").json()["csrf"]
    address = f"/api/v1/alerts/{alert.id}/acknowledge"
    answer = client.post(address, headers={"X-CSRF-Token": csrf})
    assert (answer.status_code, answer.json()["state"]) == (200, "acknowledged")
    refused = signed_in("investigator")
    assert refused.post(address, headers={"X-CSRF-Token": csrf}).status_code == 403


def test_a_process_that_does_not_come_back_is_forgotten_by_an_administrator(
    silent: Services, signed_in: SignedIn, clock: Clock
) -> None:
    clock.forward(2 * LONG)
    for role in ("supervisor", "investigator"):
        assert signed_in(role).delete("/api/v1/nodes/recorder-1").status_code == 403
    client = signed_in("admin")
    assert [node["name"] for node in client.get("/api/v1/nodes").json()] == ["recorder-1"]
    assert "Forget it" in client.get("/health?lang=en").text
    done = client.post("/health/forget", data={"name": "recorder-1"})
    assert done.status_code == 303, done.text
    assert client.get("/api/v1/nodes").json() == []
    assert [alert.state for alert in silences(silent.database)] == [AlertState.RESOLVED]
    assert Listening(silent.database).run_once(clock.now) == 0
    beat(silent.database, "recorder-1", 3 * LONG)
    assert [node["name"] for node in client.get("/api/v1/nodes").json()] == ["recorder-1"]


def test_a_process_that_runs_is_not_forgotten(services: Services, signed_in: SignedIn) -> None:
    beat(services.database, "recorder-1")
    refused = signed_in("admin").delete("/api/v1/nodes/recorder-1")
    assert (refused.status_code, "stop it first" in refused.text) == (409, True)
