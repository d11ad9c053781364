"""Pages hear of what changes, and only of what their reader may see."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from storage.database import Database
from storage.models import (
    Alert,
    AlertState,
    CustomerState,
    Finding,
    FindingKind,
    FootageLink,
    Node,
    Outcome,
    Presence,
    Role,
    StaffState,
    Step,
    StepKind,
    WatchCursor,
)
from storage.presence_now import presence_of
from tests.sample import CAMERA
from tests.servers import LIMIT_S
from tests.web.conftest import NOON, Clock, SignedIn
from web import sessions
from web.api.event_stream import _stream, may_see
from web.changes import Entry, State, read_state
from web.events import Event, EventHub, Listener, differences
from web.permissions import Permission
from web.services import Services
from web.viewer import Viewer


def viewer(role: Role, halls: frozenset[str] | None = frozenset({"cc"}), department: str | None = None) -> Viewer:
    return Viewer(1, "x", "x", role, halls, department, "", "token")


def entry(hall: str | None, department: str | None = None) -> Entry:
    return Entry(hall, department, {})


def test_nobody_hears_of_another_hall() -> None:
    for role in Role:
        for name in ("presence", "alert", "step", "camera"):
            assert not may_see(viewer(role), name, entry("nh", "tax"), None)
            if name != "alert":
                assert not may_see(viewer(role), name, entry(None, "tax"), None)


def test_what_concerns_every_hall_is_told_to_supervisors_and_administrators_whatever_their_halls() -> None:
    told = {role for role in Role if may_see(viewer(role), "alert", entry(None), None)}
    assert told == {Role.SUPERVISOR, Role.ADMIN}
    assert not may_see(viewer(Role.INVESTIGATOR, halls=None), "alert", entry(None), None)
    assert may_see(viewer(Role.SUPERVISOR), "alert", entry(None), "cc")


def test_each_role_hears_what_its_pages_show() -> None:
    assert may_see(viewer(Role.SUPERVISOR), "presence", entry("cc"), None)
    assert not may_see(viewer(Role.INSPECTOR), "presence", entry("cc"), None)
    assert may_see(viewer(Role.INSPECTOR), "step", entry("cc"), None)
    assert may_see(viewer(Role.DEPARTMENT), "alert", entry("cc"), None)


def test_a_department_hears_of_its_own_cases_only() -> None:
    department = viewer(Role.DEPARTMENT, department="tax")
    assert may_see(department, "step", entry("cc", "tax"), None)
    assert not may_see(department, "step", entry("cc", "civil"), None)


def test_a_page_of_one_hall_hears_of_that_hall_only() -> None:
    everywhere = viewer(Role.ADMIN, halls=None)
    assert may_see(everywhere, "presence", entry("nh"), "nh")
    assert not may_see(everywhere, "presence", entry("cc"), "nh")


def test_only_what_differs_is_told() -> None:
    same, before, after = entry("cc"), Entry("cc", None, {"staff": "staffed"}), Entry("cc", None, {"staff": "unknown"})
    events = differences(
        State(presence={"cc-1": before, "cc-2": same}, steps={1: same}),
        State(presence={"cc-1": after, "cc-2": same}, steps={1: same, 2: same}),
    )
    assert events == [Event("presence", after), Event("step", same)]


async def test_a_listener_that_is_too_slow_gets_a_new_snapshot() -> None:
    listener = Listener(asyncio.get_running_loop())
    listener.offer([Event("presence", entry("cc"))] * 300)
    assert await listener.queue.get() is None
    assert listener.queue.empty()


def test_anonymous_hears_nothing(anonymous: TestClient) -> None:
    assert anonymous.get("/events").status_code == 401


def test_the_stream_of_a_foreign_hall_does_not_exist(signed_in: SignedIn) -> None:
    assert signed_in("supervisor").get("/events?hall=nh").status_code == 404


class FakeRequest:
    """What the stream needs of a request: whose cookies it carries."""

    def __init__(self, token: str) -> None:
        self.cookies = {sessions.COOKIE: token}


@asynccontextmanager
async def listening(services: Services, user_id: int, hall: str | None = None) -> AsyncIterator["Heard"]:
    hub = EventHub(services.database, services.clock, poll_s=0.05)
    hub.start()
    with services.database.transaction() as session:
        token = sessions.open_session(session, user_id, services.clock()).token
    stream = _stream(FakeRequest(token), services, hub, hall)  # type: ignore[arg-type]
    try:
        yield Heard(stream)
    finally:
        await stream.aclose()  # type: ignore[attr-defined]
        await asyncio.to_thread(hub.stop)


class Heard:
    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        self._stream = stream

    async def to_the_end(self) -> None:
        async for _ in self._stream:
            pass

    async def next(self) -> tuple[str, Any]:
        message = await asyncio.wait_for(anext(self._stream), LIMIT_S)
        name, _, data = message.decode().partition("\n")
        return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


SUPERVISOR, ADMIN = 1, 5


async def test_a_page_begins_with_everything_as_it_is(services: Services) -> None:
    async with listening(services, SUPERVISOR) as heard:
        name, snapshot = await heard.next()
    assert name == "snapshot"
    assert [alert["id"] for alert in snapshot["alerts"]] == [1]


async def test_presence_alerts_and_steps_arrive_by_themselves(services: Services) -> None:
    a_watcher_beats(services)
    async with listening(services, SUPERVISOR) as heard:
        await heard.next()
        with services.database.transaction() as session:
            session.add(a_presence("nh-1", StaffState.STAFFED))
            session.add(a_presence("cc-1", StaffState.UNSTAFFED))
        name, presence = await heard.next()
        assert (name, presence["counter_id"], presence["staff"]) == ("presence", "cc-1", "unstaffed")
        with services.database.transaction() as session:
            session.get_one(Alert, 1).state = AlertState.ACKNOWLEDGED
        name, alert = await heard.next()
        assert (name, alert["id"], alert["state"]) == ("alert", 1, "acknowledged")
        with services.database.transaction() as session:
            session.add(a_step())
        name, step = await heard.next()
        assert (name, step["case_id"], step["counter_id"]) == ("step", 1, "cc-1")
        assert (step["footage"], step["finding"]) == (None, False)


async def test_a_page_hears_when_the_footage_of_a_step_or_a_finding_about_it_or_a_correction_has_come(
    services: Services,
) -> None:
    async with listening(services, SUPERVISOR) as heard:
        await heard.next()
        with services.database.transaction() as session:
            session.add(a_link(step_id=1))
        _, step = await heard.next()
        assert (step["id"], step["footage"], step["finding"]) == (1, "clip", False)
        with services.database.transaction() as session:
            session.add(a_finding(step_id=1))
        assert (await heard.next())[1]["finding"] is True
        with services.database.transaction() as session:
            session.get_one(Step, 1).revision = 2
        assert (await heard.next())[1]["revision"] == 2


def a_link(step_id: int) -> FootageLink:
    return FootageLink(
        step_id=step_id, outcome=Outcome.CLIP, camera_id=CAMERA, start=NOON, end=NOON, settled=True, computed_at=NOON
    )


def a_finding(step_id: int) -> Finding:
    return Finding(kind=FindingKind.STEP_WHILE_UNSTAFFED, step_id=step_id, counter_id="cc-1", found_at=NOON)


async def test_presence_is_unknown_as_soon_as_the_watcher_is_silent_and_known_again_when_it_is_back(
    services: Services, clock: Clock
) -> None:
    a_watcher_beats(services)
    with services.database.transaction() as session:
        session.add(a_presence("cc-1", StaffState.STAFFED))
    async with listening(services, SUPERVISOR) as heard:
        _, snapshot = await heard.next()
        assert [(p["counter_id"], p["staff"]) for p in snapshot["presence"]] == [("cc-1", "staffed")]
        clock.forward(timedelta(seconds=16))
        _, presence = await heard.next()
        assert (presence["staff"], presence["reason"]) == ("unknown", "watcher_down")
        a_watcher_beats(services)
        _, presence = await heard.next()
        assert (presence["staff"], presence["reason"]) == ("staffed", "")


async def test_presence_is_unknown_while_the_watcher_is_behind_and_known_again_when_it_has_caught_up(
    services: Services,
) -> None:
    a_watcher_beats(services)
    watched(services, services.clock() - timedelta(hours=1))
    with services.database.transaction() as session:
        session.add(a_presence("cc-1", StaffState.STAFFED))
    async with listening(services, SUPERVISOR) as heard:
        _, snapshot = await heard.next()
        assert [(p["staff"], p["reason"]) for p in snapshot["presence"]] == [("unknown", "catching_up")]
        watched(services, services.clock())
        _, presence = await heard.next()
        assert (presence["staff"], presence["reason"]) == ("staffed", "")


def watched(services: Services, to: datetime) -> None:
    with services.database.transaction() as session:
        session.merge(WatchCursor(camera_id=CAMERA, watched_to=to))


def a_watcher_beats(services: Services) -> None:
    with services.database.transaction() as session:
        session.merge(Node(name="watcher-1", role="watcher", started_at=NOON, heartbeat=services.clock()))


def a_presence(counter_id: str, staff: StaffState) -> Presence:
    return Presence(counter_id=counter_id, start=NOON, staff=staff, customer=CustomerState.NONE)


def a_step() -> Step:
    return Step(
        case_id=1,
        source_id="cc-platform",
        reference="s3",
        kind=StepKind.ACCEPT,
        counter_id="cc-1",
        start=NOON,
        end=NOON + timedelta(minutes=1),
        first_received_at=NOON,
        received_at=NOON,
    )


def test_more_or_fewer_people_are_the_same_state_as_before(services: Services) -> None:
    later = NOON + timedelta(minutes=5)
    with services.database.transaction() as session:
        session.add(Presence(**a_presence("cc-1", StaffState.STAFFED).model_dump() | {"end": later, "staff_count": 1}))
        more = a_presence("cc-1", StaffState.STAFFED)
        more.start, more.staff_count = later, 2
        session.add(more)
        session.flush()
        assert read_state(session, later, State()).written["cc-1"].since == later, "of what was before it is not asked"
        first = session.exec(select(Presence).where(Presence.start == NOON)).one()
        known = State(written={"cc-1": presence_of(first)}, last_presence_id=first.id or 0)
        assert read_state(session, later, known).written["cc-1"].since == NOON


async def test_an_administrator_narrows_to_one_hall(services: Services) -> None:
    async with listening(services, ADMIN, hall="nh") as heard:
        _, snapshot = await heard.next()
    assert [alert["hall_id"] for alert in snapshot["alerts"]] == ["nh"]


async def test_a_stream_without_news_beats(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.api.event_stream.HEARTBEAT_S", 0.05)
    async with listening(services, SUPERVISOR) as heard:
        await heard.next()
        assert await heard.next() == ("beat", {})


async def test_the_stream_ends_with_the_session(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.api.event_stream.HEARTBEAT_S", 0.05)
    async with listening(services, SUPERVISOR) as heard:
        await heard.next()
        with services.database.transaction() as session:
            sessions.close_all(session, SUPERVISOR)
        await asyncio.wait_for(heard.to_the_end(), LIMIT_S)


def test_many_listeners_share_one_reader(services: Services) -> None:
    before = {thread.name for thread in threading.enumerate()}
    hub = EventHub(services.database, services.clock, poll_s=0.05)
    hub.start()
    loop = asyncio.new_event_loop()
    listeners = [Listener(loop) for _ in range(20)]
    for listener in listeners:
        hub.listen(listener)
    assert {thread.name for thread in threading.enumerate()} - before == {"events"}
    hub.stop()
    loop.close()


class ADatabaseThatHangs(Database):
    """Answers the first reader; everybody after it waits until let go."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.hangs, self.waiting, self.let_go = False, threading.Event(), threading.Event()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        if self.hangs:
            self.waiting.set()
            assert self.let_go.wait(LIMIT_S)
        with super().transaction() as session:
            yield session


async def test_a_database_that_hangs_does_not_hold_up_the_event_loop(services: Services) -> None:
    with closing(ADatabaseThatHangs(str(services.database.url))) as database:
        hub = EventHub(database, services.clock, poll_s=0.01)
        hub.start()
        listener = Listener(asyncio.get_running_loop())
        await asyncio.to_thread(hub.listen, listener)
        database.hangs = True
        assert await asyncio.to_thread(database.waiting.wait, LIMIT_S)
        others = [asyncio.to_thread(hub.state), asyncio.to_thread(hub.leave, listener)]
        try:
            await asyncio.wait_for(asyncio.gather(*others), LIMIT_S / 3)
        finally:
            database.let_go.set()
            await asyncio.to_thread(hub.stop)


def test_the_reader_of_changes_survives_every_error(services: Services) -> None:
    failed, went_on = threading.Event(), threading.Event()

    def clock() -> datetime:
        if failed.is_set():
            went_on.set()
        elif threading.current_thread().name == "events":
            failed.set()
            raise RuntimeError("nobody expected this")
        return NOON

    hub = EventHub(services.database, clock, poll_s=0.01)
    hub.start()
    loop = asyncio.new_event_loop()
    hub.listen(Listener(loop))
    assert went_on.wait(LIMIT_S)
    hub.stop()
    loop.close()


async def test_an_alert_that_has_stood_for_days_is_among_the_present_ones_and_its_end_is_told(
    services: Services, clock: Clock
) -> None:
    a_watcher_beats(services)
    clock.forward(timedelta(days=3))
    async with listening(services, SUPERVISOR) as heard:
        _, snapshot = await heard.next()
        assert [alert["id"] for alert in snapshot["alerts"]] == [1]
        with services.database.transaction() as session:
            session.get_one(Alert, 1).state = AlertState.RESOLVED
        name, alert = await heard.next()
        assert (name, alert["id"], alert["state"]) == ("alert", 1, "resolved")


def test_events_need_a_permission_of_their_own(app: FastAPI) -> None:
    from web.api.event_stream import _NEEDED

    assert set(_NEEDED.values()) == {Permission.BOARD, Permission.ALERTS, Permission.CASES}
