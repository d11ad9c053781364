"""One message for a hall in place of one for each of its counters."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from storage.database import Database
from storage.models import (
    Absence,
    Alert,
    AlertKind,
    AlertState,
    CameraFault,
    Counter,
    CounterPair,
    Cover,
    CoverKind,
    CustomerState,
    Delivery,
    Department,
    FaultKind,
    Operator,
    Presence,
    Role,
    Roster,
    Source,
    StaffState,
    User,
    View,
)
from tests.sample import CAMERA, HALL, LEFT_HALF, a_hall
from tests.web.conftest import NOON, SignedIn
from tests.web.test_card_news import Post
from web.channels import Channel
from web.notify import Notifier
from web.services import Services

LEFT = NOON - timedelta(minutes=5)
COUNTERS = [f"cc-{number}" for number in range(1, 7)]
CHANNEL = Channel("duty", "json://127.0.0.1/duty", (AlertKind.ABSENCE,), NOON - timedelta(days=1))
FAULTS = Channel("technician", "json://127.0.0.1/it", (AlertKind.CAMERA_FAULT,), NOON - timedelta(days=1))


def six_counters(database: Database, staff: dict[str, StaffState]) -> None:
    """`staff`: how counters have been since `LEFT`, one second later each; the others are staffed."""
    with database.transaction() as session:
        if session.get(Counter, "cc-1") is None:
            a_hall(session)
        for counter in COUNTERS[2:]:
            session.add(Counter(id=counter, hall_id=HALL, number=counter[3:]))
            session.flush()
            session.add(View(camera_id=CAMERA, counter_id=counter, staff_zone=LEFT_HALF))
        for number, counter in enumerate(COUNTERS):
            left = LEFT + timedelta(seconds=number)
            now = staff.get(counter, StaffState.STAFFED)
            for start, end, state in ((LEFT - timedelta(hours=1), left, StaffState.STAFFED), (left, None, now)):
                row = Presence(counter_id=counter, start=start, end=end, staff=state, customer=CustomerState.NONE)
                session.add(row)
                session.flush()


def is_left(
    database: Database,
    counter: str,
    raised_at: datetime = NOON,
    start: datetime = LEFT,
    kind: AlertKind = AlertKind.ABSENCE,
) -> int:
    with database.transaction() as session:
        absence = Absence(counter_id=counter, start=start, threshold_s=300)
        session.add(absence)
        session.flush()
        alert = Alert(kind=kind, hall_id=HALL, counter_id=counter, absence_id=absence.id, raised_at=raised_at)
        session.add(alert)
        session.flush()
        return alert.id or 0


def parts(database: Database) -> list[tuple[AlertKind, str | None, int | None, bool]]:
    with database.transaction() as session:
        alerts = session.exec(select(Alert).where(Alert.raised_at >= NOON).order_by(col(Alert.id))).all()
        return [(each.kind, each.counter_id, each.part_of, each.resolved_at is not None) for each in alerts]


def outbox(database: Database, post: Post, *channels: Channel) -> Notifier:
    return Notifier(database, lambda _session: channels or (CHANNEL,), "https://hall.example", post)


def test_half_of_a_hall_left_at_once_is_one_message_and_each_keeps_its_alert(database: Database) -> None:
    six_counters(database, dict.fromkeys(COUNTERS[:2], StaffState.UNSTAFFED) | {"cc-3": StaffState.UNKNOWN})
    post = Post()
    told = outbox(database, post)
    first = is_left(database, "cc-1")
    assert told.run_once(NOON) == 1
    second = is_left(database, "cc-2", NOON + timedelta(seconds=9), LEFT + timedelta(seconds=1))
    assert told.run_once(NOON + timedelta(seconds=10)) == 0
    whole = second - 1
    assert parts(database) == [
        (AlertKind.ABSENCE, "cc-1", whole, False),
        (AlertKind.HALL_AFFECTED, None, None, False),
        (AlertKind.ABSENCE, "cc-2", whole, False),
    ]
    assert "3 of 6 counters of Chancheng Hall are unstaffed or unknown at once" in post.sent[0][1].title
    assert f"https://hall.example/alerts?state=all&part_of={whole}" in post.sent[0][1].body
    with database.transaction() as session:
        assert session.exec(select(Delivery.alert_id)).all() == [whole]
        for alert_id in (first, second):
            alert = session.get_one(Alert, alert_id)
            alert.state, alert.resolved_at = AlertState.RESOLVED, NOON
    told.run_once(NOON + timedelta(minutes=5))
    assert all(is_over for *_, is_over in parts(database)), "it is over when every part is"


@pytest.mark.parametrize(
    ("kind", "messages"), [(AlertKind.NEVER_STAFFED, 1), (AlertKind.UNATTENDED, 1), (AlertKind.QUEUE, 2)]
)
def test_what_an_empty_hall_makes_of_each_counter_is_part_of_one_message(
    sqlite_database: Database, kind: AlertKind, messages: int
) -> None:
    six_counters(sqlite_database, dict.fromkeys(COUNTERS[:3], StaffState.UNSTAFFED))
    for counter in COUNTERS[:2]:
        is_left(sqlite_database, counter, kind=kind)
    everything = replace(CHANNEL, kinds=tuple(AlertKind))
    assert outbox(sqlite_database, Post(), everything).run_once(NOON) == messages


def test_fewer_than_half_are_told_one_by_one(sqlite_database: Database) -> None:
    six_counters(sqlite_database, dict.fromkeys(COUNTERS[:2], StaffState.UNSTAFFED))
    post = Post()
    for counter in COUNTERS[:2]:
        is_left(sqlite_database, counter)
    assert outbox(sqlite_database, post).run_once(NOON) == 2
    assert [part_of for _, _, part_of, _ in parts(sqlite_database)] == [None, None]


def test_people_who_go_one_after_another_are_one_event_though_the_last_goes_after_its_minute(
    sqlite_database: Database,
) -> None:
    went = dict(zip(COUNTERS[:4], (0, 20, 50, 70), strict=True))
    six_counters(sqlite_database, dict.fromkeys(went, StaffState.UNSTAFFED))
    with sqlite_database.transaction() as session:
        for view in session.exec(select(View).where(col(View.counter_id).in_(COUNTERS[4:]))):
            session.delete(view)
        for row in session.exec(select(Presence).where(col(Presence.counter_id).in_(went))):
            left = LEFT + timedelta(seconds=went[row.counter_id])
            row.start, row.end = (row.start, left) if row.end else (left, None)
    post = Post()
    told = outbox(sqlite_database, post)
    for counter, seconds in went.items():
        later = timedelta(seconds=seconds)
        is_left(sqlite_database, counter, NOON + later, LEFT + later)
        told.run_once(NOON + later)
    assert [kind for kind, *_ in parts(sqlite_database)].count(AlertKind.HALL_AFFECTED) == 1
    assert len(post.sent) == 1
    wholes = {part_of for kind, _, part_of, _ in parts(sqlite_database) if kind is AlertKind.ABSENCE}
    assert len(wholes) == 1
    assert None not in wholes


def staffing(database: Database, counter: str, staff: StaffState, at: datetime) -> None:
    with database.transaction() as session:
        row = session.exec(select(Presence).where(Presence.counter_id == counter, col(Presence.end).is_(None))).one()
        row.end = at
        session.flush()
        session.add(Presence(counter_id=counter, start=at, staff=staff, customer=CustomerState.NONE))


def wholes(database: Database) -> list[tuple[int | None, int | None]]:
    with database.transaction() as session:
        found = session.exec(select(Alert).where(Alert.kind == AlertKind.HALL_AFFECTED).order_by(col(Alert.id)))
        return [(each.affected, each.watched) for each in found]


def test_seven_who_go_over_two_and_a_half_minutes_are_one_event_that_grows(database: Database) -> None:
    """The first one comes back and goes once more as the last."""
    six_counters(database, {})
    post, grown = Post(), []
    told = outbox(database, post)
    for number, counter in enumerate([*COUNTERS, COUNTERS[0]]):
        at = LEFT + timedelta(seconds=25 * number + 6)
        staffing(database, counter, StaffState.UNSTAFFED, at)
        is_left(database, counter, NOON + timedelta(seconds=25 * number), at)
        told.run_once(NOON + timedelta(seconds=25 * number))
        grown.append(wholes(database))
        if number == 4:
            staffing(database, COUNTERS[0], StaffState.STAFFED, at + timedelta(seconds=1))
            with database.transaction() as session:
                back = session.exec(select(Alert).where(Alert.counter_id == COUNTERS[0], Alert.raised_at >= NOON)).one()
                back.state, back.resolved_at = AlertState.RESOLVED, at + timedelta(seconds=1)
    assert grown == [[], [], [(3, 6)], [(4, 6)], [(5, 6)], [(6, 6)], [(6, 6)]]
    of = [part_of for kind, _, part_of, _ in parts(database) if kind is AlertKind.ABSENCE]
    assert None not in of
    assert (len(of), len(set(of))) == (7, 1)


def test_who_goes_once_all_of_a_hall_have_come_back_makes_another_event(sqlite_database: Database) -> None:
    six_counters(sqlite_database, {})
    told = outbox(sqlite_database, Post())
    for start, counters in ((6, COUNTERS[:3]), (61, COUNTERS[3:4]), (106, COUNTERS[3:])):
        for counter in counters:
            at = LEFT + timedelta(seconds=start)
            staffing(sqlite_database, counter, StaffState.UNSTAFFED, at)
            is_left(sqlite_database, counter, NOON + timedelta(seconds=start), at)
        told.run_once(NOON + timedelta(seconds=start))
        if start == 61:
            for counter in COUNTERS[:4]:
                staffing(sqlite_database, counter, StaffState.STAFFED, LEFT + timedelta(seconds=90))
    assert wholes(sqlite_database) == [(4, 6), (3, 6)]


def test_one_who_left_long_before_is_no_part_of_it(sqlite_database: Database) -> None:
    six_counters(sqlite_database, dict.fromkeys(COUNTERS[:4], StaffState.UNSTAFFED))
    is_left(sqlite_database, "cc-1")
    is_left(sqlite_database, "cc-5", start=LEFT - timedelta(minutes=20))
    assert outbox(sqlite_database, Post()).run_once(NOON) == 2
    found = parts(sqlite_database)
    assert [(counter, part_of is None) for _, counter, part_of, _ in found] == [
        ("cc-1", False),
        ("cc-5", True),
        (None, True),
    ]


def test_a_network_that_is_down_is_told_once_to_whoever_hears_of_cameras(sqlite_database: Database) -> None:
    six_counters(sqlite_database, dict.fromkeys(COUNTERS, StaffState.UNKNOWN))
    with sqlite_database.transaction() as session:
        session.add(CameraFault(id=1, camera_id=CAMERA, kind=FaultKind.NO_SIGNAL, start=LEFT))
        session.flush()
        session.add(Alert(kind=AlertKind.CAMERA_FAULT, hall_id=HALL, camera_id=CAMERA, fault_id=1, raised_at=NOON))
    post = Post()
    assert outbox(sqlite_database, post, CHANNEL, FAULTS).run_once(NOON) == 1
    assert (post.sent[0][0], "6 of 6" in post.sent[0][1].title) == ("json://127.0.0.1/it", True)


@pytest.fixture
def drill(services: Services) -> Services:
    six_counters(services.database, dict.fromkeys(COUNTERS, StaffState.UNSTAFFED))
    for counter in COUNTERS[2:4]:
        is_left(services.database, counter)
    outbox(services.database, Post()).run_once(NOON)
    return services


def rows(client: TestClient, query: str) -> list[tuple[str, int | None]]:
    return [(row["kind"], row["part_of"]) for row in client.get(f"/alerts.json?{query}").json()["alerts"]]


def test_the_list_leads_from_the_hall_to_its_parts_and_back(drill: Services, signed_in: SignedIn) -> None:
    supervisor = signed_in("supervisor")
    assert rows(supervisor, "kind=hall_affected") == [("hall_affected", None)]
    assert rows(supervisor, "part_of=5") == [("absence", 5), ("absence", 5)]
    assert rows(signed_in("admin"), "hall=nh&part_of=5") == []
    page = supervisor.get("/alerts?part_of=5", headers={"Accept-Language": "zh"}).text
    assert "属于整个大厅的同一事件" in page
    own = supervisor.get("/absences/3", headers={"Accept-Language": "zh"}).text
    assert 'href="/alerts?state=all&amp;part_of=5"' in own
    assert (
        "6 个受监看窗口中有 6 个无人或情况未知"
        in supervisor.get("/alerts?kind=hall_affected", headers={"Accept-Language": "zh"}).text
    )


def test_who_acknowledges_the_hall_acknowledges_its_parts(drill: Services, signed_in: SignedIn) -> None:
    assert signed_in("department").post("/api/v1/alerts/5/acknowledge").status_code == 403
    assert signed_in("supervisor").post("/api/v1/alerts/5/acknowledge").status_code == 200
    with drill.database.transaction() as session:
        states = {each.id: each.state for each in session.exec(select(Alert))}
    assert {number: states[number] for number in (1, 3, 4, 5)} == {
        1: AlertState.RAISED,
        **dict.fromkeys((3, 4, 5), AlertState.ACKNOWLEDGED),
    }


def test_counters_at_which_nobody_is_to_be_are_no_part_of_it(sqlite_database: Database) -> None:
    """Three of them are empty, by roster, leave and the clerk beside; they were left in the same minute."""
    six_counters(sqlite_database, dict.fromkeys(COUNTERS[2:], StaffState.UNSTAFFED))
    with sqlite_database.transaction() as session:
        session.add(Roster(counter_id="cc-4", weekday=NOON.weekday(), opens="16:00", closes="17:00"))
        session.add(User(id=1, name="s", password_hash="", role=Role.SUPERVISOR, created_at=LEFT))
        session.add(CounterPair(one_id="cc-1", other_id="cc-6", valid_from=LEFT))
        session.flush()
        leave: dict[str, Any] = {"kind": CoverKind.LEAVE, "who": "w", "noted_by": 1, "noted_at": LEFT}
        session.add(Cover(counter_id="cc-5", start=LEFT - timedelta(hours=1), **leave))
    is_left(sqlite_database, "cc-3", start=LEFT + timedelta(seconds=5))
    assert outbox(sqlite_database, Post()).run_once(NOON) == 1
    assert parts(sqlite_database) == [(AlertKind.ABSENCE, "cc-3", None, False)]


def test_who_did_not_come_when_their_roster_began_is_part_of_it_whenever_the_counter_was_left(
    sqlite_database: Database,
) -> None:
    six_counters(sqlite_database, dict.fromkeys(COUNTERS[:3], StaffState.UNSTAFFED))
    began = LEFT + timedelta(minutes=4)
    with sqlite_database.transaction() as session:
        for counter in COUNTERS[:3]:
            session.add(Roster(counter_id=counter, weekday=NOON.weekday(), opens="11:59", closes="17:00"))
    is_left(sqlite_database, "cc-1", start=began)
    assert outbox(sqlite_database, Post()).run_once(NOON) == 1
    with sqlite_database.transaction() as session:
        assert session.exec(select(Alert.affected_since).where(Alert.kind == AlertKind.HALL_AFFECTED)).one() == began


def test_a_department_hears_of_its_counter_by_the_message_about_the_hall(sqlite_database: Database) -> None:
    six_counters(sqlite_database, dict.fromkeys(COUNTERS[:3], StaffState.UNSTAFFED))
    with sqlite_database.transaction() as session:
        session.add_all([Department(id="tax", name="税务局"), Department(id="civil", name="民政局")])
        session.add(Source(id="s", name="S", key_hash=""))
        session.flush()
        for counter, department in (("cc-1", "tax"), ("cc-5", "civil")):
            works: dict[str, Any] = {
                "operator": counter,
                "counter_id": counter,
                "department_id": department,
                "valid_from": LEFT,
            }
            session.add(Operator(source_id="s", reference=counter, first_received_at=LEFT, received_at=LEFT, **works))
    is_left(sqlite_database, "cc-1")
    channels = [
        replace(CHANNEL, name=place, url=f"json://127.0.0.1/{place}", place_kind="department", place=place)
        for place in ("tax", "civil")
    ]
    post = Post()
    assert outbox(sqlite_database, post, *channels).run_once(NOON) == 1
    assert (post.sent[0][0], "3 of 6" in post.sent[0][1].title) == ("json://127.0.0.1/tax", True)
