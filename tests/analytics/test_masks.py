"""Nobody under a privacy mask is counted, and nothing of what it hides is kept."""

from datetime import timedelta

import numpy as np

from analytics.aim import APART, PICTURES
from analytics.health import PictureHealth
from analytics.judging import changes_of_plan
from analytics.looker import Looker
from analytics.pictures import Picture
from analytics.plan import load_plan
from analytics.watch import Watch
from storage.database import Database
from storage.models import FaultKind, PrivacyMask, StaffState
from tests.analytics.scenes import a_picture, at
from tests.analytics.world import MarkerDetector
from tests.sample import CAMERA, a_hall

LEFT_FIFTH = [[0.0, 0.0], [0.2, 0.0], [0.2, 1.0], [0.0, 1.0]]
MOST_OF_THE_LEFT = [[0.0, 0.0], [0.4, 0.0], [0.4, 1.0], [0.0, 1.0]]


def watched(database: Database, polygon: list[list[float]] | None) -> Watch:
    """Counter 1 is the left half, counter 2 the right one."""
    with database.transaction() as session:
        a_hall(session)
        if polygon:
            session.add(PrivacyMask(camera_id=CAMERA, polygon=polygon, reason="door", valid_to=at(3600)))
            session.flush()
        watch = Watch(Looker(MarkerDetector()))
        watch.follow(load_plan(session, at(0)), at(0))
    return watch


def states(watch: Watch, left: int) -> dict[str, StaffState]:
    """After ten seconds in which somebody sits at this column of 320."""
    for second in range(12):
        image = np.ascontiguousarray(a_picture(seconds=second)[::2, ::2])
        image[60:120, left : left + 20] = (0, 0, 255)
        watch.take_recorded([Picture(CAMERA, at(second), image)], timedelta(seconds=1))
    return {change.counter_id: change.staff for change in watch.changes.transitions}


def test_nobody_under_a_mask_is_counted(sqlite_database: Database) -> None:
    plain = {"cc-1": StaffState.STAFFED, "cc-2": StaffState.UNSTAFFED}
    assert states(watched(sqlite_database, LEFT_FIFTH), left=100) == plain
    with sqlite_database.transaction() as session:
        hidden = Watch(Looker(MarkerDetector()))
        hidden.follow(load_plan(session, at(0)), at(0))
    assert states(hidden, left=20) == plain | {"cc-1": StaffState.UNSTAFFED}


def test_a_zone_that_a_mask_hides_is_unknown_and_never_unstaffed(sqlite_database: Database) -> None:
    watch = watched(sqlite_database, MOST_OF_THE_LEFT)
    assert StaffState.UNSTAFFED not in {c.staff for c in watch.changes.transitions if c.counter_id == "cc-1"}
    assert states(watch, left=200).get("cc-1", StaffState.UNKNOWN) is StaffState.UNKNOWN
    assert {change.reason for change in watch.changes.transitions if change.counter_id == "cc-1"} == {"masked"}
    with sqlite_database.transaction() as session:
        assert at(3600) in changes_of_plan(session, "cc-1"), "looked at again, it is by another plan from then on"
        views = load_plan(session, at(3601)).cameras[CAMERA].views
        assert all(view.staff_zone for view in views)


def test_the_picture_of_where_a_camera_looks_has_its_masks_filled(sqlite_database: Database) -> None:
    watch = watched(sqlite_database, LEFT_FIFTH)
    for number in range(PICTURES):
        moment = at(0) + number * APART
        watch.take_live([Picture(CAMERA, moment, a_picture(seconds=number))], moment)
    (found,) = watch.changes.aims
    assert np.ptp(found.aim.picture[:, :32]) == 0
    assert np.ptp(found.aim.picture[:, 40:]) > 10
    assert found.zones == load_key(sqlite_database)


def load_key(database: Database) -> str:
    with database.transaction() as session:
        return load_plan(session, at(0)).cameras[CAMERA].zones


def test_a_mask_is_no_fault_of_the_camera() -> None:
    plain = a_picture()
    covered = np.full_like(plain, 64)
    assert PictureHealth().judge(plain, covered) is None
    assert PictureHealth().judge(covered) is FaultKind.OBSTRUCTED
