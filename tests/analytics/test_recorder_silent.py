"""Where no recorder runs nothing comes from any camera; the reason says so, and blames a camera for its own alone."""

from zoneinfo import ZoneInfo

from analytics.looker import Looker
from analytics.looking import WatchedView
from analytics.onlookers import Shows
from analytics.pictures import Picture
from analytics.plan import CameraPlan, CounterPlan, WatchPlan
from analytics.presence import NO_SIGNAL, RECORDER_SILENT
from analytics.recorder_heard import Heard
from analytics.recording import write_transitions
from analytics.rule import Rule
from analytics.watch import Watch
from analytics.zones import zone_of
from storage.database import Database
from storage.hours import HallHours
from storage.models import Presence, StaffState
from tests.analytics.scenes import at
from tests.analytics.test_watcher import a_world, rows
from tests.analytics.world import MarkerDetector, drawn
from tests.sample import CAMERA, LEFT_HALF, RIGHT_HALF

COUNTER = "cc-1"


def a_watch() -> Watch:
    watch = Watch(Looker(MarkerDetector()))
    heard(watch, -1)
    for second in range(10):
        watch.take_live([Picture(CAMERA, at(second), drawn("staff", second))], at(second))
    assert watch.changes.transitions[-1].staff is StaffState.STAFFED
    return watch


def heard(watch: Watch, second: float, started: float = -3600) -> None:
    """The plan is read anew, and the recorder was last heard of then."""
    view = WatchedView(CAMERA, COUNTER, zone_of(LEFT_HALF), zone_of(RIGHT_HALF))
    counter = CounterPlan(COUNTER, "cc", {CAMERA: Shows.WHOLE}, Rule(), HallHours(ZoneInfo("UTC")))
    cameras = {CAMERA: CameraPlan(CAMERA, "cc", (view,))}
    watch.follow(WatchPlan(cameras, {COUNTER: counter}, recorder=Heard(at(started), at(second))), at(second))


def told(watch: Watch) -> list[tuple[float, str]]:
    return [((t.at - at(0)).total_seconds(), t.reason) for t in watch.changes.transitions if t.reason]


def test_a_recorder_that_was_killed_is_named_and_no_camera() -> None:
    watch = a_watch()
    heard(watch, 9)
    for second in range(10, 60):
        watch.settle(at(second))
    assert told(watch) == [(9, RECORDER_SILENT)]
    assert watch.changes.faults == []


def test_a_camera_that_is_cut_while_the_recorder_goes_on_is_named_from_its_last_picture_on() -> None:
    watch = a_watch()
    for second in range(10, 30):
        heard(watch, second)
        watch.settle(at(second))
    assert told(watch)[-1] == (9, NO_SIGNAL)
    assert [change.at for change in watch.changes.faults] == [at(9)]


def test_a_camera_that_is_missed_by_the_next_recorder_is_named_from_when_that_began() -> None:
    watch = a_watch()
    heard(watch, 9)
    for second in range(10, 50):
        watch.settle(at(second))
    for second in range(50, 80):
        heard(watch, second, started=50)
        watch.settle(at(second))
    assert told(watch) == [(9, RECORDER_SILENT), (50, NO_SIGNAL)]


def test_what_is_known_later_is_written_in_its_place(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "staff")
    watch = a_watch()
    for second in range(10, 30):
        heard(watch, second)
        watch.settle(at(second))
        changes, watch.changes.transitions = watch.changes.transitions, []
        with world.database.transaction() as session:
            write_transitions(session, changes, "marker")
    assert [(row.start, row.end, row.reason) for row in rows(world, Presence)][-1:] == [(at(9), None, NO_SIGNAL)]
