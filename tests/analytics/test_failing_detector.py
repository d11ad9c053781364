"""A detector that fails while it watches: what it failed on tells nothing, all else does."""

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from analytics.failing_looks import JOB, FailingLooks
from analytics.looker import Looker
from analytics.looking import DETECTOR_FAILING, WatchedView
from analytics.onlookers import Shows
from analytics.people import DetectorUnavailable
from analytics.pictures import Picture
from analytics.plan import CameraPlan, CounterPlan, WatchPlan
from analytics.rule import Rule
from analytics.watch import Watch
from analytics.zones import zone_of
from storage.database import Database
from storage.failures import Failures, failures_told
from storage.hours import HallHours
from storage.models import Absence, CameraFault, Node, StaffState
from tests.analytics.scenes import at
from tests.analytics.test_watcher import THRESHOLD, a_world, edges, presence, rows, running, seconds
from tests.analytics.world import FailingDetector, drawn
from tests.sample import LEFT_HALF, RIGHT_HALF

STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
CAMERAS = ("a", "b", "c")
STAFF, CUSTOMERS = zone_of(LEFT_HALF), zone_of(RIGHT_HALF)


def a_watch(looker: Looker) -> Watch:
    """A camera and a counter in each of three halls."""
    views = {name: WatchedView(name, f"counter-{name}", STAFF, CUSTOMERS) for name in CAMERAS}
    cameras = {name: CameraPlan(name, f"hall-{name}", (view,)) for name, view in views.items()}
    hours = HallHours(ZoneInfo("UTC"))
    counters = {
        f"counter-{name}": CounterPlan(f"counter-{name}", f"hall-{name}", {name: Shows.WHOLE}, Rule(), hours)
        for name in CAMERAS
    }
    watch = Watch(looker)
    watch.follow(WatchPlan(cameras, counters), at(0))
    return watch


def shown(second: float, scripts: Sequence[str]) -> list[Picture]:
    return [
        Picture(name, at(second), drawn(what, second + n / 10))
        for n, (name, what) in enumerate(zip(CAMERAS, scripts, strict=True))
    ]


def states(watch: Watch) -> dict[str, tuple[StaffState, str]]:
    return {c: (told.state.staff, told.state.reason) for c, told in watch.counters.items() if told.state is not None}


def test_one_picture_on_which_the_detector_fails_blinds_no_other_camera() -> None:
    looker = Looker(FailingDetector(), goes_on=True)
    watch = a_watch(looker)
    for second in range(6):
        watch.take_live(shown(second, ("staff", "broken", "nobody")), at(second))
    assert states(watch) == {
        "counter-a": (STAFFED, ""),
        "counter-b": (UNKNOWN, DETECTOR_FAILING),
        "counter-c": (UNSTAFFED, ""),
    }
    assert list(looker.failing) == ["b"]
    for second in range(6, 12):
        watch.take_live(shown(second, ("staff", "staff", "nobody")), at(second))
    assert states(watch)["counter-b"] == (STAFFED, "")
    assert looker.failing == {}


def test_a_camera_on_whose_pictures_it_fails_gets_no_aim() -> None:
    """Who stands in them, and is to be left out of it, is not known."""
    watch = a_watch(Looker(FailingDetector(), goes_on=True))
    for second in range(0, 60, 2):
        watch.take_live(shown(second, ("staff", "broken", "nobody")), at(second))
    assert sorted(aim.camera_id for aim in watch.changes.aims) == ["a", "c"]


def test_a_camera_that_falls_silent_or_dark_fails_no_longer() -> None:
    """That is told instead, and nobody looks."""
    looker = Looker(FailingDetector(), goes_on=True)
    watch = a_watch(looker)
    watch.take_live(shown(0, ("broken", "broken", "broken")), at(0))
    watch.take_live(shown(1, ("broken", "broken", "dark")), at(1))
    assert sorted(looker.failing) == ["a", "b"]
    for second in range(2, 25):
        watch.take_live(shown(second, ("broken", "staff", "dark"))[:1], at(second))
        watch.settle(at(second))
    assert list(looker.failing) == ["a"]


def test_health_names_no_camera_that_failed_and_has_been_silent_since(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "staff" if t < 12 else "broken" if t < 20 else "lost")
    world.detector = FailingDetector()

    def told() -> list[str]:
        return [f.job for node in rows(world, Node) for f in failures_told(node.detail)]

    with running(world):
        world.wait_until(lambda: told() == [JOB], within=30)
        world.wait_until(lambda: bool(rows(world, CameraFault)), within=60)
        world.wait_until(lambda: not told(), within=10)


def test_a_camera_that_is_no_longer_watched_fails_no_longer() -> None:
    looker = Looker(FailingDetector(), goes_on=True)
    watch = a_watch(looker)
    watch.take_live(shown(0, ("staff", "broken", "nobody")), at(0))
    watch.follow(WatchPlan(), at(1))
    assert looker.failing == {}


def test_a_search_for_an_edge_on_which_it_fails_leaves_the_change_where_the_samples_say() -> None:
    class Footage:
        def picture(self, camera_id: str, moment: object) -> Picture:
            return Picture(camera_id, at(9), drawn("broken", 9))

    watch = Watch(Looker(FailingDetector(), goes_on=True), moments=Footage())
    view = WatchedView("a", "c-1", STAFF, CUSTOMERS)
    counter = CounterPlan("c-1", "h", {"a": Shows.WHOLE}, Rule(), HallHours(ZoneInfo("UTC")))
    watch.follow(WatchPlan({"a": CameraPlan("a", "h", (view,))}, {"c-1": counter}), at(0))
    for second in range(0, 40, 4):
        pictures = shown(second, ("staff" if second < 12 else "nobody", "dark", "dark"))
        watch.take_live(pictures[:1], at(second))
    assert [change.at for change in watch.changes.transitions if change.staff is UNSTAFFED] == [at(12)]


def test_who_waits_for_the_answer_is_told_that_it_fails() -> None:
    watch = a_watch(Looker(FailingDetector()))
    with pytest.raises(DetectorUnavailable, match=r"marker: it fails on pictures of a, b, c \(invalid device function"):
        watch.take_live(shown(0, ("staff", "broken", "nobody")), at(0))


def test_a_detector_that_fails_makes_a_counter_unknown_and_health_says_why(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "broken" if 30 <= t < 60 else "nobody")
    world.detector = FailingDetector()

    def told() -> list[str]:
        return [f"{f.job}: {f.error}" for node in rows(world, Node) for f in failures_told(node.detail)]

    with running(world):
        world.wait_until(lambda: bool(rows(world, Absence)), within=THRESHOLD + 10)
        world.wait_until(lambda: UNKNOWN in [state for state, _ in edges(world)[1:]], within=30)
        assert [row.reason for row in presence(world) if row.start >= at(25)] == [DETECTOR_FAILING]
        world.wait_until(lambda: bool(told()), within=10)
        assert told() == ["looking: DetectorFails: on pictures of cc-cam-1: RuntimeError: invalid device function"]
        world.wait_until(lambda: edges(world)[-1][0] is UNSTAFFED, within=60)
        world.wait_until(lambda: not told(), within=10)
    (absence, *_later) = rows(world, Absence)
    assert absence.ended_by == "unknown"
    assert 29 <= seconds(absence.end) <= 31


def test_it_is_told_by_one_line_however_often_it_fails() -> None:
    failures, error = Failures(), RuntimeError("out of memory")
    looks = FailingLooks(failures)
    with capture_logs() as lines:
        for second in range(5):
            looks.tell({"a": error}, at(second))
        looks.tell(dict.fromkeys("edcba", error), at(5))
        for second in (6, 7):
            looks.tell({}, at(second))
    assert [(line["event"], line.get("problem")) for line in lines] == [
        ("detector_fails", "on pictures of a: RuntimeError: out of memory"),
        ("detector_fails", "on pictures of a, b, c and 2 more: RuntimeError: out of memory"),
        ("detector_works_again", None),
    ]
    assert failures.told() == {}


def test_how_often_it_has_failed_since_when_is_counted() -> None:
    failures = Failures()
    looks = FailingLooks(failures)
    for second in range(5):
        looks.tell({"a": RuntimeError("out of memory")}, at(second))
    (told,) = failures_told(failures.told())
    assert replace(told, error="") == replace(told, job=JOB, since=at(0), last=at(4), count=5, error="")
