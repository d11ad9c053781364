"""Events that are no absences: by whom they may be disputed, and what is told of their alerts."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from storage.database import Database
from storage.models import Absence, AbsenceRule, Alert, AlertKind, AlertState, EventKind
from tests.sample import COUNTERS, HALL
from tests.web.conftest import NOON, SignedIn
from tests.web.test_notify import NOW, Listener, hall, listener, notifier, sqlite_hall  # noqa: F401
from web.services import Services

WHY: dict[str, Any] = {"act": "dispute", "ground": "was_there", "text": "弯腰取材料，没有离开"}
People = tuple[int, int] | None
EVERYTHING = {
    "required_staff": 2,
    "unattended_s": 120,
    "never_staffed_s": 600,
    "left_early_s": 900,
    "queue_length": 5,
    "queue_s": 300,
    "crowd_size": 6,
    "crowd_s": 60,
}


def said_of(client: TestClient, services: Services, kind: EventKind) -> int:
    with services.database.transaction() as session:
        absence = session.get_one(Absence, 1)
        absence.kind, absence.end, absence.judged_at = kind, NOON - timedelta(minutes=30), NOON - timedelta(minutes=30)
        absence.ended_by = "returned"
    return int(client.post("/api/v1/absences/1/words", json=WHY).status_code)


@pytest.mark.parametrize("kind", [EventKind.QUEUE, EventKind.CROWD])
def test_what_is_held_against_nobody_is_disputed_by_nobody(
    signed_in: SignedIn, services: Services, kind: EventKind
) -> None:
    client = signed_in("department")
    assert said_of(client, services, kind) == 409
    assert client.get("/absences/1.json").json()["dispute"]["possible"] == []


def test_what_is_held_against_somebody_is_disputed_like_an_absence(signed_in: SignedIn, services: Services) -> None:
    assert said_of(signed_in("department"), services, EventKind.LEFT_EARLY) == 200
    page = signed_in("supervisor").get("/absences/1", headers={"Accept-Language": "en"}).text
    assert "It is no absence and costs no points" in page


def test_a_rule_has_all_its_settings_in_each_version_and_leaves_out_what_is_not_said(
    signed_in: SignedIn, services: Services
) -> None:
    admin = signed_in("admin")
    plain = {"hall": "cc", "threshold_s": 300}
    first = admin.put("/api/v1/rules", json=plain | EVERYTHING).json()
    assert {name: first[name] for name in EVERYTHING} == EVERYTHING
    same = admin.put("/api/v1/rules", json={"hall": "cc", "threshold_s": 300, **EVERYTHING}).json()
    second = admin.put(
        "/api/v1/rules", json={"hall": "cc", "threshold_s": 300, "queue_length": 5, "queue_s": 60}
    ).json()
    assert [rule["version"] for rule in (first, same, second)] == [1, 1, 2]
    assert (second["required_staff"], second["unattended_s"], second["queue_s"]) == (1, None, 60)
    with services.database.transaction() as session:
        old = session.exec(select(AbsenceRule).where(AbsenceRule.version == 1)).one()
        assert (old.crowd_size, old.valid_to) == (6, NOON)


@pytest.mark.parametrize(
    "wrong", [{"required_staff": 11}, {"queue_length": 5}, {"crowd_s": 60}, {"unattended_s": 0}, {"queue_length": 0}]
)
def test_settings_that_make_no_sense_are_refused(signed_in: SignedIn, wrong: dict[str, int]) -> None:
    body = {"hall": "cc", "threshold_s": 300, **wrong}
    assert signed_in("admin").put("/api/v1/rules", json=body).status_code == 422


def raised(
    database: Database, kind: EventKind, alert: AlertKind, people: tuple[int, int] | None, *, over: bool
) -> None:
    ended = NOW - timedelta(seconds=20) if over else None
    with database.transaction() as session:
        event = Absence(counter_id=COUNTERS[0], kind=kind, start=NOW - timedelta(minutes=5), end=ended, threshold_s=60)
        event.people_seen, event.people_rule = people or (None, None)
        session.add(event)
        session.flush()
        row = Alert(kind=alert, hall_id=HALL, counter_id=COUNTERS[0], absence_id=event.id, raised_at=NOW)
        if over:
            row.state, row.resolved_at = AlertState.RESOLVED, NOW
        session.add(row)


@pytest.mark.parametrize(
    ("kind", "alert", "people", "titles"),
    [
        (
            EventKind.TOO_FEW,
            AlertKind.ABSENCE,
            (1, 2),
            (
                "禅城政务服务大厅 1号窗口在岗人数不足（应到 2 人，实到 1 人）",
                "Too few staff (1 of 2) at counter 1 of Chancheng Hall",
            ),
        ),
        (
            EventKind.QUEUE,
            AlertKind.QUEUE,
            (7, 5),
            (
                "禅城政务服务大厅 1号窗口排队过长（7 人，超过 5 人）",
                "Long queue (7 people, more than 5) at counter 1 of Chancheng Hall",
            ),
        ),
        (
            EventKind.NEVER_STAFFED,
            AlertKind.NEVER_STAFFED,
            None,
            ("禅城政务服务大厅 1号窗口开门后未到岗", "Nobody since opening at counter 1 of Chancheng Hall"),
        ),
    ],
)
def test_each_kind_is_told_in_its_own_words(
    sqlite_hall: Database,  # noqa: F811
    listener: Listener,  # noqa: F811
    kind: EventKind,
    alert: AlertKind,
    people: People,
    titles: tuple[str, str],
) -> None:
    raised(sqlite_hall, kind, alert, people, over=False)
    assert notifier(sqlite_hall, listener, (alert,)).run_once(NOW) == 1
    assert listener.messages[0]["title"] == " · ".join(titles)


def test_that_somebody_has_left_early_is_over_when_it_is_known_and_told_all_the_same(
    sqlite_hall: Database,  # noqa: F811
    listener: Listener,  # noqa: F811
) -> None:
    both = (AlertKind.LEFT_EARLY, AlertKind.CROWD)
    raised(sqlite_hall, EventKind.CROWD, AlertKind.CROWD, (9, 5), over=True)
    raised(sqlite_hall, EventKind.LEFT_EARLY, AlertKind.LEFT_EARLY, None, over=True)
    assert notifier(sqlite_hall, listener, both).run_once(NOW) == 1
    assert "提前离岗（已结束）" in listener.messages[0]["title"]
