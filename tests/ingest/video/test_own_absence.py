"""A recorder that stood still says nothing of its cameras before they were heard again, or could have been."""

from datetime import UTC, datetime, timedelta

from ingest.video.meter import Health
from ingest.video.own_absence import OwnAbsence
from ingest.video.status import report
from storage.database import Database
from storage.models import CameraStatus
from tests.sample import CAMERA

START = datetime(2026, 3, 2, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Recorder:
    def __init__(self) -> None:
        self._own = OwnAbsence()

    def unheard(self, seconds: float, last_frame_s: float | None, other_s: float | None = None) -> list[str]:
        cameras = {"one": Health(last_frame=None if last_frame_s is None else at(last_frame_s))}
        if other_s is not None:
            cameras["other"] = Health(last_frame=at(other_s))
        return sorted(self._own.unheard(cameras, at(seconds), 1000 + seconds))


def test_while_it_runs_it_says_of_each_camera_what_it_knows() -> None:
    recorder = Recorder()
    assert [recorder.unheard(second, 0) for second in (0, 3, 6, 9, 12, 15)] == [[]] * 6
    assert recorder.unheard(20, None) == []


def test_after_it_stood_still_only_those_are_told_of_that_were_heard_again() -> None:
    recorder = Recorder()
    recorder.unheard(0, -0.1, -0.1)
    assert recorder.unheard(34, -0.1, -0.1) == ["one", "other"]
    assert recorder.unheard(37, 36, -0.1) == ["other"]
    assert recorder.unheard(46, 45, -0.1) == ["other"]


def test_a_camera_that_stays_away_is_told_of_in_the_end() -> None:
    recorder = Recorder()
    recorder.unheard(0, -0.1)
    assert recorder.unheard(34, -0.1) == ["one"]
    assert [recorder.unheard(second, -0.1) for second in (40, 46, 49, 52)] == [["one"], ["one"], [], []]


def test_who_waited_for_the_database_alone_has_heard_them_all_the_while() -> None:
    recorder = Recorder()
    recorder.unheard(0, -0.1)
    assert recorder.unheard(60, 59.9) == []


def test_its_last_word_of_an_unheard_camera_stands_with_its_age(hall: Database) -> None:
    report(hall, "node-1", START, at(0), {CAMERA: Health(connected=True, last_frame=at(0))}, {})
    report(hall, "node-1", START, at(34), {CAMERA: Health(last_frame=at(0), error="nothing has come")}, {}, {CAMERA})
    with hall.transaction() as session:
        told = session.get_one(CameraStatus, CAMERA)
        assert (told.connected, told.error, told.updated) == (True, "", at(0))
