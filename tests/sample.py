"""A small hall that many tests share."""

from datetime import datetime, timedelta

from sqlmodel import Session

from storage.models import Camera, ClockSource, Counter, District, Hall, Location, Segment, View

DISTRICT = "chancheng"
HALL = "cc"
COUNTERS = ("cc-1", "cc-2")
CAMERA = "cc-cam-1"
LEFT_HALF = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
RIGHT_HALF = [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]]


def a_hall(session: Session) -> None:
    """District `chancheng`, hall `cc`, counters `cc-1` and `cc-2`, and camera `cc-cam-1` that sees both."""
    session.add(District(id=DISTRICT, name="禅城区", name_en="Chancheng"))
    session.flush()
    session.add(Hall(id=HALL, district_id=DISTRICT, name="禅城政务服务大厅", name_en="Chancheng Hall"))
    session.flush()
    session.add_all(_counter(counter_id) for counter_id in COUNTERS)
    session.add(Camera(id=CAMERA, hall_id=HALL, name="1–2号窗口", url="rtsp://127.0.0.1:8554/cc-cam-1"))
    session.flush()
    session.add_all(
        View(camera_id=CAMERA, counter_id=counter_id, staff_zone=zone)
        for counter_id, zone in zip(COUNTERS, (LEFT_HALF, RIGHT_HALF), strict=True)
    )
    session.flush()


def _counter(counter_id: str) -> Counter:
    number = counter_id.removeprefix("cc-")
    return Counter(id=counter_id, hall_id=HALL, number=number, name=f"{number}号窗口", name_en=f"Counter {number}")


def a_segment(camera_id: str, start: datetime, location: Location = Location.STORED) -> Segment:
    """The row of ten seconds of footage whose bytes nobody asks for."""
    return Segment(
        camera_id=camera_id,
        sequence=1,
        start=start,
        end=start + timedelta(seconds=10),
        size=1,
        sha256="",
        key=f"{camera_id}/1",
        location=location,
        codec="h264",
        width=2,
        height=2,
        init_size=1,
        fragments=b"",
        clock_source=ClockSource.ARRIVAL,
    )
