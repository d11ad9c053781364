"""Alerts are passed on by steps: at once to the nearest, to those above only what lasts and nobody acknowledges."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from sqlmodel import delete, select

from storage.models import Absence, Alert, AlertKind, AlertState, Delivery, DisputeState, Operator
from tests.web.conftest import NOON, Clock, SignedIn
from tests.web.test_card_news import Post
from web.channels import Channel
from web.notify import Notifier
from web.quiet import QuietHours
from web.services import Services

MINUTE = timedelta(minutes=1)


def step(name: str, minutes: int = 0, kind: str = "", place: str = "", quiet: QuietHours | None = None) -> Channel:
    long_ago = NOON - timedelta(days=9)
    channel: dict[str, Any] = {"kinds": tuple(AlertKind), "since": long_ago, "quiet": quiet}
    return Channel(name, f"json://127.0.0.1/{name}", place=place, place_kind=kind, after_minutes=minutes, **channel)


STEPS = (step("contact"), step("supervisor", 10, "hall", "cc"), step("district", 30, "district", "chancheng"))


class Told:
    """An outbox, and who got something from it."""

    def __init__(self, services: Services, *channels: Channel) -> None:
        self.post = Post()
        self._outbox = Notifier(services.database, lambda _session: channels, "", self.post)

    def by(self, minutes: float) -> list[str]:
        self._outbox.run_once(NOON + minutes * MINUTE)
        return [url.rsplit("/", 1)[-1] for url, _ in self.post.sent]


@pytest.fixture(autouse=True)
def _raised(services: Services) -> None:
    """One alert, at noon."""
    with services.database.transaction() as session:
        session.execute(delete(Delivery))
        session.execute(delete(Alert))
        session.add(Alert(id=1, kind=AlertKind.QUEUE, hall_id="cc", counter_id="cc-1", raised_at=NOON))


def change(services: Services, **values: Any) -> None:
    with services.database.transaction() as session:
        alert = session.get_one(Alert, 1)
        for name, value in values.items():
            setattr(alert, name, value)


def test_each_step_is_taken_at_its_time_and_once(services: Services) -> None:
    told = Told(services, *STEPS)
    assert told.by(0) == ["contact"]
    assert told.by(9.9) == ["contact"]
    assert told.by(10) == ["contact", "supervisor"]
    assert told.by(29) == ["contact", "supervisor"]
    assert told.by(30) == told.by(55) == ["contact", "supervisor", "district"]
    titles = [message.title for _, message in told.post.sent]
    assert "无人确认" not in titles[0]
    assert "（10 分钟内无人确认）" in titles[1]
    assert "(not acknowledged for 30 min)" in titles[2]


@pytest.mark.parametrize(
    "answer",
    [
        {"state": AlertState.ACKNOWLEDGED, "acknowledged_at": NOON},
        {"state": AlertState.RESOLVED, "resolved_at": NOON + MINUTE},
    ],
)
def test_what_is_acknowledged_or_over_goes_no_further(services: Services, answer: dict[str, Any]) -> None:
    told = Told(services, *STEPS)
    assert told.by(10) == ["contact", "supervisor"]
    change(services, **answer)
    assert told.by(30) == ["contact", "supervisor"]


def about_an_absence(services: Services, dispute: DisputeState | None) -> None:
    change(services, kind=AlertKind.ABSENCE, absence_id=1)
    with services.database.transaction() as session:
        absence = session.get_one(Absence, 1)
        absence.end, absence.ended_by, absence.dispute = None, "", dispute


def test_what_is_under_dispute_goes_no_further_until_it_is_upheld(services: Services) -> None:
    about_an_absence(services, None)
    told = Told(services, *STEPS)
    assert told.by(5) == ["contact"]
    about_an_absence(services, DisputeState.DISPUTED)
    assert told.by(10) == told.by(29) == ["contact"]
    about_an_absence(services, DisputeState.UPHELD)
    assert told.by(30) == ["contact", "supervisor", "district"]


def test_what_a_supervisor_has_withdrawn_is_told_to_nobody_though_it_lasts(services: Services) -> None:
    about_an_absence(services, DisputeState.WITHDRAWN)
    told = Told(services, *STEPS)
    assert told.by(0) == told.by(30) == []


def test_what_waited_for_quiet_hours_is_not_told_once_it_is_withdrawn(services: Services) -> None:
    about_an_absence(services, None)
    told = Told(services, step("duty", quiet=QuietHours(time(11), time(13))))
    assert told.by(0) == []
    about_an_absence(services, DisputeState.WITHDRAWN)
    with services.database.transaction() as session:
        waits_until = session.exec(select(Delivery.next_try)).one()
    assert told.by((waits_until - NOON) / MINUTE) == []


def test_a_step_that_waits_is_not_taken_once_somebody_has_acknowledged(services: Services) -> None:
    told = Told(services, step("duty", 10, quiet=QuietHours(time(11), time(13))))
    told._outbox.run_once(NOON + 10 * MINUTE)
    change(services, state=AlertState.ACKNOWLEDGED)
    with services.database.transaction() as session:
        waits_until = session.exec(select(Delivery.next_try)).one()
    assert waits_until > NOON + 10 * MINUTE
    assert told.by((waits_until - NOON) / MINUTE) == []
    with services.database.transaction() as session:
        assert session.exec(select(Delivery)).all() == [], "it is no failure"


def test_the_page_of_an_absence_tells_the_steps_ahead(signed_in: SignedIn, services: Services, clock: Clock) -> None:
    admin = signed_in("admin")
    for name, minutes, kind in (("up", 30, "absence"), ("sooner", 10, "absence"), ("other", 10, "queue")):
        channel = {"name": name, "url": "json://127.0.0.1/x", "kinds": [kind], "after_minutes": minutes, "hall": "cc"}
        assert admin.put(f"/api/v1/channels/{name}", json=channel).status_code == 200
    raised_at = clock() + MINUTE
    change(services, kind=AlertKind.ABSENCE, absence_id=1, raised_at=raised_at)

    def ahead() -> list[tuple[str, str]]:
        return [(step["channel"], step["at"][11:16]) for step in admin.get("/absences/1.json").json()["steps_ahead"]]

    assert ahead() == [("sooner", "04:11"), ("up", "04:31")]
    page = admin.get("/absences/1", headers={"Accept-Language": "zh"}).text
    assert "若无人确认，将于 <time" in page
    assert "12:11:00</time> 上报至 sooner" in page
    clock.forward(15 * MINUTE)
    assert ahead() == [("up", "04:31")]
    with services.database.transaction() as session:
        session.get_one(Absence, 1).dispute = DisputeState.DISPUTED
    assert ahead() == []
    with services.database.transaction() as session:
        session.get_one(Absence, 1).dispute = None
    change(services, state=AlertState.ACKNOWLEDGED)
    assert ahead() == []


def test_a_late_step_is_tried_for_an_hour_from_its_own_time_on(services: Services) -> None:
    told = Told(services, step("district", 120))
    told.post.up = False
    assert told.by(120) == []
    told.post.up = True
    assert told.by(170) == ["district"]
    assert Told(services, step("later", 120)).by(181) == [], "after an outage nobody is flooded"


def test_a_channel_of_a_place_gets_what_is_of_it(services: Services) -> None:
    with services.database.transaction() as session:
        known: dict[str, Any] = {
            "source_id": "cc-platform",
            "operator": "李芳",
            "counter_id": "cc-1",
            "valid_from": NOON - 9 * MINUTE,
        }
        received: dict[str, Any] = {"first_received_at": NOON, "received_at": NOON}
        session.add(Operator(reference="o1", department_id="tax", **known, **received))
    told = Told(
        services,
        step("nh", 0, "hall", "nh"),
        step("nanhai", 0, "district", "nanhai"),
        step("civil", 0, "department", "civil"),
        step("tax", 0, "department", "tax"),
        step("cc", 0, "hall", "cc"),
    )
    assert sorted(told.by(0)) == ["cc", "tax"]


def test_steps_are_set_by_api_and_page_and_make_sense_of_alerts_alone(signed_in: SignedIn, clock: Clock) -> None:
    admin = signed_in("admin")
    channel: dict[str, Any] = {
        "name": "up",
        "url": "json://127.0.0.1/up",
        "kinds": ["absence"],
        "after_minutes": 10,
        "hall": "cc",
    }
    shown = admin.put("/api/v1/channels/up", json=channel).json()
    assert (shown["after_minutes"], shown["place_kind"], shown["place"]) == (10, "hall", "cc")
    wrong: list[dict[str, Any]] = [{"after_minutes": 1441}, {"audience": "supervisor"}, {"district": "chancheng"}]
    assert [admin.put("/api/v1/channels/up", json=channel | each).status_code for each in wrong] == [422] * 3
    form = {"kinds": "absence", "audience": "alerts", "place": "district:chancheng", "after_minutes": "30"}
    assert admin.post("/admin/channels?edit=up", data=form).status_code == 303
    [shown] = admin.get("/api/v1/channels").json()
    assert (shown["after_minutes"], shown["place_kind"]) == (30, "district")
    page = admin.get("/admin/channels?edit=up", headers={"Accept-Language": "zh"}).text
    assert "无人确认时上报（分钟）" in page
    assert 'value="30"' in page


def of_one_emptiness(services: Services, second: AlertKind = AlertKind.ABSENCE, **first: Any) -> None:
    """A customer is unattended at noon, and nine minutes later it is an absence, too."""
    change(services, **({"kind": AlertKind.UNATTENDED, "absence_id": an_event(services)} | first))
    absence_id = an_event(services)
    with services.database.transaction() as session:
        at: dict[str, Any] = {"hall_id": "cc", "counter_id": "cc-1", "raised_at": NOON + 9 * MINUTE}
        session.add(Alert(id=2, kind=second, absence_id=absence_id, **at))


def an_event(services: Services) -> int | None:
    """What an alert is about; it lasts."""
    with services.database.transaction() as session:
        like = session.get_one(Absence, 1).model_dump(exclude={"id"})
        event = Absence(**like | {"start": NOON, "end": None, "ended_by": "", "dispute": None})
        session.add(event)
        session.flush()
        return event.id


def test_of_one_emptiness_each_step_is_told_once(services: Services) -> None:
    of_one_emptiness(services)
    told = Told(services, *STEPS)
    assert told.by(9.5) == ["contact"]
    assert told.by(20) == ["contact", "supervisor"]
    assert told.by(45) == ["contact", "supervisor", "district"]


def test_what_is_acknowledged_is_not_passed_on_by_another_alert_of_the_same_emptiness(services: Services) -> None:
    of_one_emptiness(services, state=AlertState.ACKNOWLEDGED, acknowledged_at=NOON)
    assert Told(services, *STEPS).by(25) == ["contact"]


@pytest.mark.parametrize(
    ("second", "first"),
    [
        (AlertKind.ABSENCE, {"state": AlertState.RESOLVED, "resolved_at": NOON + 8 * MINUTE}),
        (AlertKind.ABSENCE, {"counter_id": "cc-2"}),
        (AlertKind.CROWD, {}),
        (AlertKind.ABSENCE, {"kind": AlertKind.QUEUE}),
    ],
)
def test_what_is_something_else_is_told_by_itself(services: Services, second: AlertKind, first: dict[str, Any]) -> None:
    of_one_emptiness(services, second, **first)
    assert Told(services, step("contact")).by(10) == ["contact", "contact"]


def test_who_does_not_want_the_first_kind_is_told_of_the_second(services: Services) -> None:
    of_one_emptiness(services)
    told = Told(services, replace(step("contact"), kinds=(AlertKind.ABSENCE,)))
    assert told.by(10) == ["contact"]


def test_a_withdrawn_alert_silences_no_other(services: Services) -> None:
    about_an_absence(services, DisputeState.WITHDRAWN)
    of_one_emptiness(services, AlertKind.UNATTENDED, kind=AlertKind.ABSENCE, absence_id=1)
    assert Told(services, step("contact")).by(10) == ["contact"]
