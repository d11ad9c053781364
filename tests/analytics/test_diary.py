from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, delete, select

from analytics.diary import Diary
from analytics.looker import Looker
from analytics.pictures import Picture
from analytics.reanalysis import ask
from analytics.recording import write_cursors, write_transitions
from analytics.watch import Watch
from storage.database import Database
from storage.intervals import Span
from storage.models import Camera, Presence, StaffState, View
from tests.analytics.scenes import at
from tests.analytics.test_recording import change
from tests.analytics.world import MarkerDetector, drawn
from tests.sample import CAMERA, HALL, LEFT_HALF, a_hall


class Failing(Database):
    """A database that refuses what it is given, while it is said to."""

    fails = False

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with super().transaction() as session:
            yield session
            if self.fails:
                raise OperationalError("COMMIT", {}, ConnectionError("the server closed the connection"))


def test_that_a_counter_is_looked_at_again_is_heard_though_the_database_failed_meanwhile(
    sqlite_database: Database,
) -> None:
    with closing(Failing(sqlite_database.url)) as failing:
        with failing.transaction() as session:
            a_hall(session)
            session.exec(delete(View))
            session.add(View(camera_id=CAMERA, counter_id="cc-1", staff_zone=LEFT_HALF))
        watch, diary = Watch(Looker(MarkerDetector())), Diary(failing, "marker", "watcher-1", at(0))
        diary.follow(watch, at(0))
        for second in range(10):
            watch.take_live([Picture(CAMERA, at(second), drawn("staff", second))], at(second))
        diary.write(watch, at(10), {})
        remembered = watch.counters["cc-1"]
        with failing.transaction() as session:
            ask(session, "cc-1", Span(at(0), at(10)), "li.wei", at(10))
        failing.fails = True
        with pytest.raises(OperationalError):
            diary.follow(watch, at(11))
        assert watch.counters["cc-1"] is remembered
        failing.fails = False
        diary.follow(watch, at(14))
        assert watch.counters["cc-1"] is not remembered
        assert [state.staff for state in [watch.counters["cc-1"].state] if state] == [StaffState.STAFFED]


def test_what_nobody_watches_any_more_is_unknown_from_when_its_own_cameras_last_looked(
    sqlite_database: Database,
) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.exec(delete(View))
        session.add(Camera(id="other", hall_id=HALL, url="rtsp://127.0.0.1/other"))
        session.flush()
        session.add(View(camera_id=CAMERA, counter_id="cc-1", staff_zone=LEFT_HALF))
        session.add(View(camera_id="other", counter_id="cc-2", staff_zone=LEFT_HALF))
        write_transitions(session, [change(10, StaffState.STAFFED)], "marker")
        write_cursors(session, {CAMERA: at(50), "other": at(90)})
        session.get_one(Camera, CAMERA).enabled = False
    Diary(sqlite_database, "marker", "watcher-1", at(100)).follow(Watch(Looker(MarkerDetector())), at(100))
    with sqlite_database.transaction() as session:
        rows = session.exec(select(Presence).order_by(col(Presence.start))).all()
        assert [(row.start, row.end, row.staff) for row in rows] == [
            (at(10), at(50), StaffState.STAFFED),
            (at(50), None, StaffState.UNKNOWN),
        ]
