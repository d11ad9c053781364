"""A watcher that is killed writes no last word; the next one goes on, and what lasts is one absence with one alert."""

from datetime import timedelta

import pytest
from sqlmodel import select

from storage.database import Database
from storage.models import AbsenceRule, AlertState, View
from tests.analytics.morning import Morning
from tests.analytics.scenes import START
from tests.sample import CAMERA, LEFT_HALF, a_hall

_THRESHOLD_S = 30


def a_hall_with_one_view(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        for view in session.exec(select(View)):
            session.delete(view)
        session.add(View(camera_id=CAMERA, counter_id="cc-1", staff_zone=LEFT_HALF))
        session.add(
            AbsenceRule(
                threshold_s=_THRESHOLD_S, waiting_threshold_s=_THRESHOLD_S, valid_from=START - timedelta(days=1)
            )
        )


@pytest.mark.parametrize("every", [1, 8])
@pytest.mark.parametrize("with_footage", [False, True])
def test_two_kills_in_a_row_during_an_absence_leave_one_absence_and_one_alert(
    sqlite_database: Database, every: int, with_footage: bool
) -> None:
    """`every`: seconds from one keyframe to the next. With footage each goes on where the last had written."""
    a_hall_with_one_view(sqlite_database)
    cameras = {CAMERA: (lambda _second: "nobody", every)}
    first = Morning(sqlite_database, cameras)
    first.until(78)
    (lasting,), told = first.absences(), first.alerts()
    assert (lasting[1], told[-1]) == (None, AlertState.RAISED)
    for footage_from, live_from, killed in ((76, 80, 85), (84, 88, 130)):
        began = footage_from if with_footage else live_from
        watch = Morning(sqlite_database, cameras, began=began, recorded=with_footage)
        watch.until(live_from)
        watch.recorded = False
        watch.until(killed)
    assert (watch.absences(), watch.alerts()) == ([lasting], told)


def test_what_was_not_seen_for_longer_than_a_camera_is_silent_usually_ends_it_as_ever(
    sqlite_database: Database,
) -> None:
    a_hall_with_one_view(sqlite_database)
    cameras = {CAMERA: (lambda _second: "nobody", 8)}
    Morning(sqlite_database, cameras).until(70)
    watch = Morning(sqlite_database, cameras, began=101)
    watch.until(110)
    assert watch.absences() == [(8, 64, "unknown")]
