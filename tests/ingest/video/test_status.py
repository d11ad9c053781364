from datetime import UTC, datetime, timedelta

from sqlmodel import select

from ingest.video.meter import Health
from ingest.video.status import report
from storage.database import Database
from storage.models import Camera, CameraStatus, Node
from tests.sample import CAMERA, HALL

STARTED = datetime(2026, 3, 2, 1, tzinfo=UTC)
NOW = STARTED + timedelta(minutes=1)
LATER = NOW + timedelta(seconds=3)


def say(hall: Database, now: datetime, cameras: dict[str, Health]) -> None:
    report(hall, "node-1", STARTED, now, cameras, {"journal_waiting": 2})


def told(hall: Database) -> dict[str, CameraStatus]:
    with hall.transaction() as session:
        return {row.camera_id: row for row in session.exec(select(CameraStatus))}


def node(hall: Database) -> Node:
    with hall.transaction() as session:
        return session.get_one(Node, "node-1")


def test_each_report_takes_the_place_of_the_one_before(hall: Database) -> None:
    say(hall, NOW, {CAMERA: Health(connected=True, fps=25.0, bitrate=1000.4)})
    say(hall, LATER, {CAMERA: Health(error="refused", error_since=NOW, reconnects=1)})
    status = told(hall)[CAMERA]
    assert (status.connected, status.fps, status.error, status.error_since) == (False, 0.0, "refused", NOW)
    assert (status.reconnects, status.updated) == (1, LATER)
    assert (node(hall).started_at, node(hall).heartbeat) == (STARTED, LATER)
    assert node(hall).detail == {"cameras": 1, "connected": 0, "bitrate": 0, "journal_waiting": 2}


def test_a_camera_that_is_new_gets_its_row_beside_those_that_have_one(hall: Database) -> None:
    say(hall, NOW, {CAMERA: Health()})
    with hall.transaction() as session:
        session.add(Camera(id="new", hall_id=HALL, name="new", url="rtsp://127.0.0.1/new"))
    say(hall, LATER, {CAMERA: Health(), "new": Health(fps=12.5)})
    assert {camera_id: status.updated for camera_id, status in told(hall).items()} == {CAMERA: LATER, "new": LATER}
    assert told(hall)["new"].fps == 12.5


def test_of_a_camera_that_was_deleted_meanwhile_nothing_is_written(hall: Database) -> None:
    say(hall, NOW, {CAMERA: Health(), "gone": Health()})
    assert told(hall).keys() == {CAMERA}


def test_a_recorder_without_cameras_is_alive_and_one_that_was_forgotten_is_known_again(hall: Database) -> None:
    say(hall, NOW, {})
    with hall.transaction() as session:
        session.get_one(Node, "node-1").forgotten = NOW
    say(hall, LATER, {})
    assert (node(hall).heartbeat, node(hall).forgotten) == (LATER, None)
