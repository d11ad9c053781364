"""Nobody is accused before it is known that nobody covered: who covers may be seen a moment later."""

from datetime import timedelta

import pytest
from sqlmodel import select

from storage.database import Database
from storage.models import AbsenceRule, Camera, CounterPair, View
from tests.analytics.morning import Morning
from tests.analytics.scenes import START
from tests.sample import CAMERA, HALL, LEFT_HALF, a_hall

THRESHOLD = 15
LEFT_AT = 3
DUE = LEFT_AT + THRESHOLD
OTHER = "cc-cam-2"


def a_pair(database: Database) -> None:
    """cc-1, seen by a camera every second, is covered by cc-2, which has a camera of its own."""
    with database.transaction() as session:
        a_hall(session)
        session.add(Camera(id=OTHER, hall_id=HALL, name="2", url="rtsp://127.0.0.1:8554/2"))
        session.flush()
        for view in session.exec(select(View).where(View.counter_id == "cc-2")):
            view.camera_id, view.staff_zone = OTHER, LEFT_HALF
        since = START - timedelta(days=1)
        session.add(AbsenceRule(threshold_s=THRESHOLD, waiting_threshold_s=THRESHOLD, valid_from=since))
        session.add(CounterPair(one_id="cc-1", other_id="cc-2", valid_from=since))


def a_morning(database: Database, colleague_is_back: int, keyframes: int = 1, back: int = 999) -> Morning:
    def clerk(second: int) -> str:
        return "nobody" if LEFT_AT <= second < back else "staff"

    def colleague(second: int) -> str:
        return "staff" if second >= colleague_is_back else "nobody"

    return Morning(database, {CAMERA: (clerk, 1), OTHER: (colleague, keyframes)})


@pytest.mark.parametrize("keyframes", [1, 4])
def test_a_colleague_who_is_back_just_in_time_covers(sqlite_database: Database, keyframes: int) -> None:
    a_pair(sqlite_database)
    morning = a_morning(sqlite_database, DUE - 2 if keyframes == 4 else DUE - 1, keyframes)
    morning.until(DUE + 12)
    assert (morning.absences(), morning.alerts()) == ([], [])


def test_a_colleague_who_is_back_too_late_does_not(sqlite_database: Database) -> None:
    a_pair(sqlite_database)
    morning = a_morning(sqlite_database, DUE + 5)
    morning.until(DUE + 12)
    assert morning.absences() == [(LEFT_AT, DUE + 5, "covered")]


def test_an_absence_that_is_over_before_it_is_known_who_covered_is_found_then(sqlite_database: Database) -> None:
    a_pair(sqlite_database)
    morning = a_morning(sqlite_database, 999, keyframes=4, back=DUE + 1)
    morning.until(DUE + 12)
    assert morning.absences() == [(LEFT_AT, DUE + 1, "returned")]


def test_nor_is_it_found_where_it_was_covered(sqlite_database: Database) -> None:
    a_pair(sqlite_database)
    morning = a_morning(sqlite_database, DUE - 2, keyframes=4, back=DUE + 1)
    morning.until(DUE + 12)
    assert (morning.absences(), morning.alerts()) == ([], [])
