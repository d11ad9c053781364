from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from sqlmodel import SQLModel, col, delete, select

from analytics.diary import RARE_KEYFRAMES
from analytics.pictures import RareKeyframes
from analytics.reanalysis import ask
from analytics.taken_back import TIME_CORRECTED, take_back
from analytics.watcher import Watcher
from storage.database import Database
from storage.intervals import Span
from storage.models import (
    Absence,
    AbsenceRule,
    Alert,
    AlertKind,
    AlertState,
    Camera,
    CameraFault,
    FaultKind,
    Node,
    Presence,
    Reanalysis,
    StaffState,
    View,
)
from tests.analytics.scenes import START, at
from tests.analytics.world import Script, World
from tests.sample import CAMERA, HALL, LEFT_HALF, RIGHT_HALF, a_hall
from web.declarations import ViewDeclaration
from web.looks import put_view

T = TypeVar("T", bound=SQLModel)

STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
THRESHOLD = 20


def a_world(database: Database, script: Script) -> World:
    """One counter with both zones, an absence after 20 s, or 10 s with a customer."""
    with database.transaction() as session:
        a_hall(session)
        for view in session.exec(select(View)):
            session.delete(view)
        session.add(View(camera_id=CAMERA, counter_id="cc-1", staff_zone=LEFT_HALF, customer_zone=RIGHT_HALF))
        session.add(AbsenceRule(threshold_s=THRESHOLD, waiting_threshold_s=10, valid_from=START - timedelta(days=1)))
    return World(database, script)


@contextmanager
def running(world: World) -> Iterator[Watcher]:
    watcher = world.watcher()
    watcher.start()
    world.is_watched = True
    try:
        yield watcher
    finally:
        world.is_watched = False
        watcher.stop()


def rows(world: World, table: type[T]) -> list[T]:
    with world.database.transaction() as session:
        return list(session.exec(select(table)))


def presence(world: World) -> list[Presence]:
    with world.database.transaction() as session:
        return list(session.exec(select(Presence).order_by(col(Presence.start))))


def edges(world: World) -> list[tuple[StaffState, datetime]]:
    """Changes of the staff state alone, and when."""
    changes: list[tuple[StaffState, datetime]] = []
    for row in presence(world):
        if not changes or changes[-1][0] is not row.staff:
            changes.append((row.staff, row.start))
    return changes


def states(world: World) -> list[StaffState]:
    return [state for state, _ in edges(world)]


def seconds(moment: datetime | None) -> float:
    assert moment is not None
    return (moment - START).total_seconds()


def close_to(moment: datetime | None, expected: float, within: float = 2.5) -> bool:
    return abs(seconds(moment) - expected) <= within


def test_a_clerk_who_leaves_raises_an_alert_that_a_return_resolves(database: Database) -> None:
    world = a_world(database, lambda t: "nobody" if 15 <= t < 60 else "staff")
    with running(world):
        world.wait_until(lambda: bool(rows(world, Alert)), within=15 + THRESHOLD + 10)
        assert world.seconds() <= 15 + THRESHOLD + 10
        (alert,), (absence,) = rows(world, Alert), rows(world, Absence)
        assert (alert.kind, alert.state, alert.counter_id) == (AlertKind.ABSENCE, AlertState.RAISED, "cc-1")
        assert close_to(absence.start, 15)
        assert absence.end is None
        world.wait_until(lambda: rows(world, Absence)[0].end is not None, within=40)
    (alert,), (absence,) = rows(world, Alert), rows(world, Absence)
    assert (alert.state, absence.ended_by) == (AlertState.RESOLVED, "returned")
    assert close_to(absence.end, 60)
    assert absence.end is not None
    assert rests_on_until(absence) == absence.end
    assert [state for state in states(world) if state is not UNKNOWN] == [STAFFED, UNSTAFFED, STAFFED]


def rests_on_until(absence: Absence) -> datetime:
    return datetime.fromisoformat(absence.evidence["spans"][-1]["to"])


def test_what_rare_keyframes_cost_stands_beside_the_sign_of_life(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "staff")
    world.rare = RareKeyframes(20.0, 3.1)
    with running(world):
        world.wait_until(lambda: any(RARE_KEYFRAMES in node.detail for node in rows(world, Node)), within=20)
    assert rows(world, Node)[0].detail[RARE_KEYFRAMES] == {CAMERA: {"apart_s": 20.0, "times": 3.1}}


def test_the_evidence_of_an_absence_that_lasts_is_kept_current(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "nobody")
    with running(world):
        world.wait_until(lambda: bool(rows(world, Absence)), within=THRESHOLD + 10)
        world.wait_until(lambda: rests_on_until(rows(world, Absence)[0]) > at(THRESHOLD + 25), within=70)


def test_a_waiting_customer_shortens_the_time(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "customer")
    with running(world):
        world.wait_until(lambda: bool(rows(world, Alert)), within=THRESHOLD)
    (absence,) = rows(world, Absence)
    assert (absence.threshold_s, absence.customer_waiting) == (10, True)


def test_a_lost_camera_is_unknown_and_a_fault_but_never_an_absence(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "lost" if 12 <= t < 32 else "staff")
    with running(world):
        world.wait_until(lambda: bool(rows(world, CameraFault)), within=30)
        world.wait_until(lambda: bool(rows(world, Alert)), within=5)
        world.wait_until(lambda: states(world)[-1] is UNKNOWN, within=5)
        assert close_to(presence(world)[-1].start, 12)
        assert presence(world)[-1].reason == "no_signal"
        world.wait_until(lambda: rows(world, Alert)[0].state is AlertState.RESOLVED, within=60)
    (fault,), (alert,) = rows(world, CameraFault), rows(world, Alert)
    assert (fault.kind, alert.kind, alert.camera_id) == (FaultKind.NO_SIGNAL, AlertKind.CAMERA_FAULT, CAMERA)
    assert close_to(fault.start, 12)
    assert close_to(fault.end, 32)
    assert rows(world, Absence) == []


def test_a_camera_that_shows_no_counter_raises_its_alert_too(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "lost" if 12 <= t < 32 else "staff")
    with world.database.transaction() as session:
        session.add(Camera(id="overview", hall_id=HALL, url="rtsp://127.0.0.1/overview"))
        session.exec(delete(View))
    with running(world):
        world.wait_until(lambda: {alert.camera_id for alert in rows(world, Alert)} == {CAMERA, "overview"}, within=40)
        world.wait_until(lambda: {alert.state for alert in rows(world, Alert)} == {AlertState.RESOLVED}, within=60)
    assert {fault.kind for fault in rows(world, CameraFault)} == {FaultKind.NO_SIGNAL}
    assert presence(world) == []


def test_darkness_is_unknown_and_a_fault_but_never_an_absence(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "staff" if t < 8 else "dark")
    with running(world):
        world.wait_until(lambda: bool(rows(world, Alert)), within=30)
        world.wait_until(lambda: world.seconds() > 8 + THRESHOLD + 5, within=40)
    assert states(world)[-1] is UNKNOWN
    assert presence(world)[-1].reason == "dark"
    assert [fault.kind for fault in rows(world, CameraFault)] == [FaultKind.DARK]
    assert rows(world, Absence) == []


def test_a_restart_goes_on_with_the_open_rows(database: Database) -> None:
    world = a_world(database, lambda t: "staff" if t < 6 else "nobody")
    with running(world):
        world.wait_until(lambda: bool(rows(world, Absence)), within=60)
    ended = world.seconds()
    world.wait_until(lambda: world.seconds() > ended + 2, within=4)
    with running(world):
        world.wait_until(lambda: rows(world, Node)[0].heartbeat > at(world.seconds() - 2), within=20)
        world.wait_until(lambda: rows(world, Node)[0].detail["catching_up"] == 0, within=60)
        moment = world.seconds()
        world.wait_until(lambda: world.seconds() > moment + 8, within=20)
    assert states(world) == [STAFFED, UNSTAFFED]
    assert len(rows(world, Absence)) == len(rows(world, Alert)) == 1
    assert rows(world, Absence)[0].end is None


def test_after_a_restart_the_alert_of_a_camera_with_rare_keyframes_comes_in_time(sqlite_database: Database) -> None:
    """It waits for the footage before the first live picture, and not for keyframes that never come."""
    left, threshold = 24, 100
    world = a_world(sqlite_database, lambda t: "staff" if t < left else "nobody")
    world.step_s = 8
    with sqlite_database.transaction() as session:
        session.exec(delete(AbsenceRule))
        session.add(
            AbsenceRule(threshold_s=threshold, waiting_threshold_s=threshold, valid_from=START - timedelta(days=1))
        )
    with running(world):
        world.wait_until(lambda: states(world)[-1:] == [UNSTAFFED], within=60)
    world.wait_until(lambda: world.seconds() >= 64, within=80)
    with running(world):
        world.wait_until(lambda: bool(rows(world, Alert)), within=80)
    assert world.seconds() <= left + threshold + 10 + world.step_s, "it is seen a step after it was written"
    assert edges(world)[-1] == (UNSTAFFED, at(left))


def test_what_happened_during_a_stop_is_seen_in_recorded_footage(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "nobody" if 30 <= t < 70 else "staff")
    with running(world):
        world.wait_until(lambda: states(world) == [STAFFED], within=20)
    world.wait_until(lambda: world.seconds() > 90, within=90)
    with running(world):
        world.wait_until(lambda: len(states(world)) == 3, within=150)
    assert states(world) == [STAFFED, UNSTAFFED, STAFFED]
    _, (_, left), (_, back) = edges(world)
    assert close_to(left, 30)
    assert close_to(back, 70)
    (absence,), (alert,) = rows(world, Absence), rows(world, Alert)
    assert (absence.ended_by, alert.state) == ("returned", AlertState.RESOLVED)


def test_a_stop_without_footage_is_unknown(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "staff")
    world.recording = False
    with running(world):
        world.wait_until(lambda: states(world) == [STAFFED], within=20)
    world.wait_until(lambda: world.seconds() > 40, within=60)
    with running(world):
        world.wait_until(lambda: len(states(world)) == 3, within=150)
    assert states(world) == [STAFFED, UNKNOWN, STAFFED]
    assert {row.reason for row in presence(world) if row.staff is UNKNOWN} <= {"gap", "no_footage"}


def test_edits_act_without_a_restart(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "staff")
    with running(world):
        world.wait_until(lambda: states(world) == [STAFFED], within=20)
        with sqlite_database.transaction() as session:
            (view,) = session.exec(select(View))
            view.staff_zone, view.customer_zone = RIGHT_HALF, LEFT_HALF
        world.wait_until(lambda: states(world)[-1] is UNSTAFFED, within=20)
        with sqlite_database.transaction() as session:
            camera = session.get(Camera, CAMERA)
            assert camera is not None
            camera.enabled = False
        world.wait_until(lambda: states(world)[-1] is UNKNOWN, within=20)
    assert presence(world)[-1].reason == "camera_off"


def test_switching_off_one_of_two_cameras_makes_no_absence_of_what_the_other_misses(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "nobody")
    with sqlite_database.transaction() as session:
        session.add(Camera(id="off", hall_id=HALL, url="rtsp://127.0.0.1/off", enabled=False))
        session.flush()
        session.add(View(camera_id="off", counter_id="cc-1", staff_zone=LEFT_HALF))
    with running(world):
        world.wait_until(lambda: UNKNOWN in states(world), within=40)
        world.wait_until(lambda: world.seconds() > THRESHOLD + 40, within=THRESHOLD + 60)
    assert (states(world)[-1], rows(world, Absence)) == (UNKNOWN, [])


def test_what_was_taken_back_of_a_counter_is_not_remembered(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "nobody")
    with running(world):
        world.wait_until(lambda: bool(rows(world, Absence)), within=THRESHOLD + 20)
        declared = {"camera": CAMERA, "counter": "cc-1", "staff_zone": LEFT_HALF, "valid_from": START}
        with sqlite_database.transaction() as session:
            put_view(session, ViewDeclaration.model_validate(declared), world.now())
        world.wait_until(lambda: len(rows(world, Absence)) == 2, within=THRESHOLD + 40)
    taken_back, anew = rows(world, Absence)
    assert (taken_back.ended_by, anew.end) == ("withdrawn", None)
    assert set(states(world)) == {UNKNOWN, UNSTAFFED}


def test_what_was_taken_back_is_looked_at_again_between_live_pictures(sqlite_database: Database) -> None:
    """The watch saw rightly, so what is seen again is what was said; live pictures go on meanwhile."""
    world = a_world(sqlite_database, lambda _second: "staff")
    with running(world):
        world.wait_until(lambda: world.seconds() > 50, within=60)
        with world.database.transaction() as session:
            span = Span(at(25), at(40))
            ask(session, "cc-1", span, "li.wei", world.now())
            take_back(session, "cc-1", [span], world.now(), TIME_CORRECTED)
        assert UNKNOWN in {row.staff for row in presence(world) if row.start >= at(25)}
        world.wait_until(lambda: rows(world, Reanalysis)[0].done_at is not None, within=200)
    assert {row.staff for row in presence(world) if row.start >= at(10)} == {STAFFED}
    assert rows(world, Reanalysis)[0].source == "", "any detector may do it"
