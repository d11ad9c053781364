"""What the tables say is to be watched, also when they say nonsense."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from analytics.cameras import WatchedCamera
from analytics.counters import WatchedCounter
from analytics.looker import Looker
from analytics.onlookers import Shows
from analytics.plan import CounterPlan, load_plan
from analytics.presence import Transition
from analytics.recorder_heard import Heard, RecorderHeard
from analytics.rule import Rule
from analytics.runs import PresenceSpan
from analytics.watch import Watch
from ingest.video.clock import CameraClock
from storage.database import Database
from storage.models import (
    MAX_CLOCK_OFFSET,
    MAX_THRESHOLD_S,
    AbsenceRule,
    Camera,
    CameraStatus,
    Closure,
    CustomerState,
    FaultKind,
    Node,
    PrivacyMask,
    StaffState,
    View,
    ZoneRule,
    is_clock_trusted,
)
from tests.analytics.scenes import at
from tests.analytics.world import MarkerDetector
from tests.sample import CAMERA, HALL, LEFT_HALF, a_hall

UNSTAFFED, NOBODY = StaffState.UNSTAFFED, CustomerState.NONE


def planned(database: Database, threshold_s: int) -> CounterPlan:
    """The plan of counter 1, when it has a rule of its own."""
    with database.transaction() as session:
        a_hall(session)
        session.add(AbsenceRule(counter_id="cc-1", threshold_s=threshold_s, valid_from=at(-1)))
        session.flush()
        return load_plan(session, at(0)).counters["cc-1"]


def unstaffed_for_an_hour(plan: CounterPlan) -> WatchedCounter:
    counter = WatchedCounter(plan)
    history = [PresenceSpan(at(0), None, UNSTAFFED, NOBODY)]
    counter.resume(history, Transition("cc-1", at(0), UNSTAFFED, NOBODY), at(3600))
    return counter


def test_what_each_camera_shows_of_the_staff_zone_is_as_its_view_declares(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        for camera, zone, whole in (("part", LEFT_HALF, False), ("whole", LEFT_HALF, True), ("nothing", [], True)):
            session.add(Camera(id=camera, hall_id=HALL, url="rtsp://127.0.0.1/1"))
            session.flush()
            session.add(View(camera_id=camera, counter_id="cc-1", staff_zone=zone, whole_zone=whole))
        session.flush()
        cameras = load_plan(session, at(0)).counters["cc-1"].cameras
    assert cameras == {CAMERA: Shows.PART, **{shows.value: shows for shows in Shows}}


def test_who_is_inside_is_as_the_view_says_else_as_the_zone_rule_of_that_time(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add(ZoneRule(version=1, inside="centre", valid_to=at(0)))
        session.add(ZoneRule(version=2, inside="foot", valid_from=at(0)))
        session.add(
            View(
                camera_id=CAMERA,
                counter_id="cc-2",
                staff_zone=LEFT_HALF,
                customer_inside="overlap 0.3",
                valid_from=at(-9),
            )
        )
        session.flush()
        for moment, usual in ((at(-1), "centre"), (at(0), "foot")):
            views = {v.counter_id: v for v in load_plan(session, moment).cameras[CAMERA].views}
            assert {str(views["cc-1"].staff_inside), str(views["cc-2"].staff_inside)} == {usual}
            assert str(views["cc-2"].customer_inside) == "overlap 0.3"


def test_the_longest_threshold_is_a_rule(sqlite_database: Database) -> None:
    rule = planned(sqlite_database, MAX_THRESHOLD_S).rule
    assert rule is not None
    assert rule.threshold == timedelta(seconds=MAX_THRESHOLD_S)


def test_a_rule_that_makes_no_sense_finds_no_absence_and_is_logged(sqlite_database: Database) -> None:
    with capture_logs() as logs:
        plan = planned(sqlite_database, MAX_THRESHOLD_S + 1)
    assert plan.rule is None
    assert [entry["counter"] for entry in logs if entry["event"] == "absence_rule_rejected"] == ["cc-1"]
    assert unstaffed_for_an_hour(plan).absences() == []


def test_without_a_rule_of_its_own_the_default_holds(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        plan = load_plan(session, at(0)).counters["cc-1"]
    assert plan.rule == Rule()
    assert [absence.start for absence in unstaffed_for_an_hour(plan).absences()] == [at(0)]


def test_a_camera_that_shows_no_counter_is_watched_too_and_one_switched_off_is_not(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add(Camera(id="overview", hall_id=HALL, url="rtsp://127.0.0.1/overview"))
        session.add(Camera(id="off", hall_id=HALL, url="rtsp://127.0.0.1/off", enabled=False))
        session.flush()
        cameras = load_plan(session, at(0)).cameras
    assert set(cameras) == {CAMERA, "overview"}
    assert cameras["overview"].views == ()


def test_a_camera_that_is_switched_off_is_missed_until_its_view_is_ended(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add(Camera(id="off", hall_id=HALL, url="rtsp://127.0.0.1/off", enabled=False))
        session.flush()
        view = View(camera_id="off", counter_id="cc-1", staff_zone=LEFT_HALF)
        session.add(view)
        session.flush()
        assert load_plan(session, at(0)).counters["cc-1"].cameras == {CAMERA: Shows.PART, "off": Shows.PART}
        view.valid_to = at(0)
        session.flush()
        assert load_plan(session, at(0)).counters["cc-1"].cameras == {CAMERA: Shows.PART}


def test_customers_are_looked_for_where_a_customer_zone_is_seen(sqlite_database: Database) -> None:
    """Also by a camera that is switched off; not where a mask hides the zone."""
    with sqlite_database.transaction() as session:
        a_hall(session)
        for camera, zone in (("with", LEFT_HALF), ("without", []), ("masked", LEFT_HALF), ("off", LEFT_HALF)):
            session.add(Camera(id=camera, hall_id=HALL, url="rtsp://127.0.0.1/1", enabled=camera != "off"))
            session.flush()
            session.add(View(camera_id=camera, counter_id="cc-1", staff_zone=LEFT_HALF, customer_zone=zone))
        session.add(PrivacyMask(camera_id="masked", polygon=LEFT_HALF, reason="a screen", valid_from=at(-60)))
        session.flush()
        counter = load_plan(session, at(0)).counters["cc-1"]
    assert counter.with_customers - {CAMERA} == {"with", "off"}


def test_a_counter_whose_cameras_are_all_switched_off_is_not_watched(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.get_one(Camera, CAMERA).enabled = False
        session.flush()
        assert load_plan(session, at(0)).counters == {}


@pytest.mark.parametrize("beyond_us", [0, 1])
def test_a_clock_that_marks_the_footage_is_a_wrong_clock(sqlite_database: Database, beyond_us: int) -> None:
    offset_us = MAX_CLOCK_OFFSET // timedelta(microseconds=1) + beyond_us
    clock = CameraClock()
    clock.observe(0, 0, offset_us)
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add(CameraStatus(camera_id=CAMERA, since=at(0), updated=at(0), clock_offset_us=clock.offset_us))
        session.flush()
        clock_wrong = load_plan(session, at(0)).cameras[CAMERA].clock_wrong
    assert clock_wrong == (not is_clock_trusted(clock.offset_us, 0)) == bool(beyond_us)


@pytest.mark.parametrize(
    ("connected", "error", "age_s", "failing"),
    [
        (True, "404 Not Found", 0, True),
        (True, "", 0, False),
        (False, "404 Not Found", 0, False),
        (True, "404 Not Found", 90, False),
    ],
)
def test_a_sub_stream_fails_where_the_recorder_lately_said_so_of_a_camera_that_delivers(
    sqlite_database: Database, connected: bool, error: str, age_s: float, failing: bool
) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        status = CameraStatus(camera_id=CAMERA, since=at(0), updated=at(0), connected=connected, sub_error=error)
        session.add(status)
        session.flush()
        plan = load_plan(session, at(age_s)).cameras[CAMERA]
    assert plan.sub_failing == failing
    camera = WatchedCamera(plan, at(0))
    camera.arrived(at(10), at(10))
    told = [change for second in range(10) for change in camera.faults(at(second), RecorderHeard())]
    assert [change.kind for change in told] == [FaultKind.SUB_STREAM] * failing
    camera.plan = replace(plan, sub_failing=False)
    camera.arrived(at(30), at(30))
    told = [change for second in range(20, 30) for change in camera.faults(at(second), RecorderHeard())]
    assert [(change.kind, change.began) for change in told] == [(FaultKind.SUB_STREAM, False)] * failing


def test_no_camera_has_lost_its_signal_because_the_recorder_is_dead(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add(Node(name="recorder-1", role="recorder", started_at=at(-600), heartbeat=at(0)))
        session.flush()
        plan = load_plan(session, at(0))
    watch = Watch(Looker(MarkerDetector()))
    watch.follow(plan, at(0))
    for second in range(60):
        watch.settle(at(second))
    assert watch.changes.faults == []
    watch.follow(replace(plan, recorder=Heard(at(-600), at(10))), at(60))
    watch.follow(replace(plan, recorder=Heard(at(-600), at(24))), at(60))
    watch.settle(at(60))
    assert FaultKind.NO_SIGNAL in {change.kind for change in watch.changes.faults}


def test_a_day_on_which_a_hall_is_closed_by_itself_is_no_open_day_until_that_is_withdrawn(
    sqlite_database: Database,
) -> None:
    morning = datetime.fromisoformat("2026-03-02T10:00+08:00")
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add(Closure(hall_id=HALL, day=morning.date(), reason="台风", noted_at=morning - timedelta(days=1)))
    with sqlite_database.transaction() as session:
        assert not load_plan(session, morning).counters["cc-1"].hours.is_open(morning)
        assert load_plan(session, morning).counters["cc-1"].hours.is_open(morning + timedelta(days=1))
        session.exec(select(Closure)).one().withdrawn_at = morning
        session.flush()
        assert load_plan(session, morning).counters["cc-1"].hours.is_open(morning)
