"""What a view told of a time that is not its own any more is not known."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlmodel import Session, col, select

from storage.database import Database
from storage.models import Absence, Alert, AlertKind, AlertState, Camera, CustomerState, Presence, StaffState, View
from tests.correlation.scene import at
from tests.sample import CAMERA, HALL, LEFT_HALF, RIGHT_HALF, a_hall
from web.declarations import ViewDeclaration
from web.looks import put_view

NOW = at(7200)
STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    """Counter 1 was staffed for an hour and is empty since."""
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add(seen(0, 3600, STAFFED))
        session.add(seen(3600, None, UNSTAFFED))
        session.flush()
        yield session


def seen(start: float, end: float | None, staff: StaffState) -> Presence:
    ends = None if end is None else at(end)
    return Presence(counter_id="cc-1", start=at(start), end=ends, staff=staff, customer=CustomerState.NONE)


def absent(session: Session, start: float) -> Absence:
    """It lasts, and an alert tells of it."""
    absence = Absence(counter_id="cc-1", start=at(start), threshold_s=300)
    session.add(absence)
    session.flush()
    raised_at = at(start + 300)
    session.add(Alert(kind=AlertKind.ABSENCE, hall_id=HALL, absence_id=absence.id, raised_at=raised_at))
    session.flush()
    return absence


def declare(session: Session, zone: list[list[float]] = LEFT_HALF, **dates: datetime) -> None:
    declared = {"camera": CAMERA, "counter": "cc-1", "staff_zone": zone, **dates}
    put_view(session, ViewDeclaration.model_validate(declared), NOW)


def presence(session: Session) -> list[tuple[float, float | None, StaffState, str]]:
    rows = session.exec(select(Presence).order_by(col(Presence.start)))
    return [(_s(row.start), None if row.end is None else _s(row.end), row.staff, row.reason) for row in rows]


def _s(moment: datetime) -> float:
    return (moment - at(0)).total_seconds()


def test_presence_after_a_view_that_was_ended_with_an_earlier_date_is_unknown(session: Session) -> None:
    declare(session, valid_to=at(1800))
    assert presence(session) == [
        (0, 1800, STAFFED, ""),
        (1800, 3600, UNKNOWN, "view_changed"),
        (3600, None, UNKNOWN, "view_changed"),
    ]


def test_presence_that_was_seen_in_other_zones_is_unknown(session: Session) -> None:
    declare(session, RIGHT_HALF, valid_from=at(4000), valid_to=at(5000))
    assert presence(session) == [
        (0, 3600, STAFFED, ""),
        (3600, 4000, UNSTAFFED, ""),
        (4000, 5000, UNKNOWN, "view_changed"),
        (5000, None, UNSTAFFED, ""),
    ]


def test_what_is_declared_from_now_on_leaves_what_was_seen(session: Session) -> None:
    absence, before = absent(session, 3600), presence(session)
    declare(session, RIGHT_HALF)
    assert presence(session) == before
    assert absence.end is None


@pytest.mark.parametrize("enabled", [True, False])
def test_what_another_camera_that_is_switched_on_saw_too_stays(session: Session, enabled: bool) -> None:
    session.add(Camera(id="cc-cam-2", hall_id=HALL, url="rtsp://127.0.0.1:8554/cc-cam-2", enabled=enabled))
    session.flush()
    session.add(View(camera_id="cc-cam-2", counter_id="cc-1", staff_zone=LEFT_HALF))
    session.flush()
    before = presence(session)
    declare(session, valid_to=at(1800))
    assert (presence(session) == before) is enabled


@pytest.mark.parametrize(
    ("until", "end", "ended_by"),
    [(4000, 4000, "unknown"), (3700, 3600, "withdrawn"), (1800, 3600, "withdrawn")],
    ids=["due before", "not yet due", "begun after"],
)
def test_an_absence_ends_with_the_view_or_has_been_none(
    session: Session, until: float, end: float, ended_by: str
) -> None:
    absence = absent(session, 3600)
    declare(session, valid_to=at(until))
    assert absence.end is not None
    assert (_s(absence.end), absence.ended_by) == (end, ended_by)
    alert = session.exec(select(Alert)).one()
    over = AlertState.WITHDRAWN if ended_by == "withdrawn" else AlertState.RESOLVED
    assert (alert.state, alert.resolved_at) == (over, NOW)
