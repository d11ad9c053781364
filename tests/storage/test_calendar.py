"""The calendar says what the segments say, whatever has happened to them and in whichever order."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text
from sqlmodel import Session, col, delete, select, update

from storage.calendar import recorded, refresh, refresh_camera
from storage.database import Database
from storage.footage import Footage
from storage.fragments import Fragment, pack_holes
from storage.intervals import Span
from storage.migrate import upgrade
from storage.models import Camera, Location, RecordedDay, RecordingChange, Segment
from storage.recording_changes import install_triggers
from tests.sample import CAMERA, HALL, a_hall
from tests.storage.test_footage import segment

MIDNIGHT = datetime(2026, 1, 6, tzinfo=UTC)
AROUND = Span(MIDNIGHT - timedelta(days=2), MIDNIGHT + timedelta(days=2))
OTHER = "cc-cam-2"


def at(second: float) -> datetime:
    return MIDNIGHT + timedelta(seconds=second)


def a_segment(number: int, start: float, end: float, camera: str = CAMERA) -> Segment:
    made = segment(number, 0, 1)
    made.camera_id, made.key = camera, f"{camera}/{number}"
    made.start, made.end = at(start), at(end)
    return made


@pytest.fixture
def hall(database: Database) -> Database:
    with database.transaction() as session:
        a_hall(session)
        session.add(Camera(id=OTHER, hall_id=HALL, url="rtsp://127.0.0.1/2"))
    return database


def of(session: Session, camera: str = CAMERA, span: Span = AROUND) -> list[tuple[float, float]]:
    runs = recorded(session, [camera], span)[camera]
    return [((run.start - MIDNIGHT).total_seconds(), (run.end - MIDNIGHT).total_seconds()) for run in runs]


def test_segments_that_follow_one_another_are_one_run(hall: Database) -> None:
    with hall.transaction() as session:
        session.add_all([a_segment(1, 0, 10), a_segment(2, 10.3, 20), a_segment(3, 21, 30)])
    with hall.transaction() as session:
        assert of(session) == [(0, 20), (21, 30)]
        assert of(session, span=Span(at(5), at(22))) == [(5, 20), (21, 22)]
        assert of(session, OTHER) == []


def test_where_no_pictures_came_within_a_segment_is_no_run(hall: Database) -> None:
    paused = a_segment(1, 0, 10)
    paused.holes = pack_holes([Fragment(0, 4_000_000, 0, 0), Fragment(5_200_000, 4_800_000, 0, 0)])
    with hall.transaction() as session:
        session.add_all([paused, a_segment(2, 10, 20)])
    for _ in range(2):
        with hall.transaction() as session:
            assert of(session) == [(0, 4), (5.2, 20)]
        refresh(hall)


def test_a_run_goes_on_over_midnight(hall: Database) -> None:
    with hall.transaction() as session:
        session.add_all([a_segment(1, -15, -5), a_segment(2, -5, 5), a_segment(3, 5.2, 15)])
    for _ in range(2):
        with hall.transaction() as session:
            assert of(session) == [(-15, 15)]
        refresh(hall)


def test_taking_the_notes_in_changes_no_answer_and_leaves_no_note(hall: Database) -> None:
    with hall.transaction() as session:
        session.add_all([a_segment(1, -20, 10), a_segment(2, 30, 40), a_segment(3, 0, 7, OTHER)])
    assert refresh(hall) == 2
    with hall.transaction() as session:
        assert session.exec(select(RecordingChange)).all() == []
        days = {(row.camera_id, str(row.day)) for row in session.exec(select(RecordedDay))}
        assert days == {(CAMERA, "2026-01-05"), (CAMERA, "2026-01-06"), (OTHER, "2026-01-06")}
        assert of(session) == [(-20, 10), (30, 40)]
    assert refresh(hall) == 0


def test_what_is_deleted_is_not_in_the_calendar_any_more(hall: Database) -> None:
    with hall.transaction() as session:
        session.add_all([a_segment(1, 0, 10), a_segment(2, 10.4, 10.6), a_segment(3, 11, 20)])
    refresh(hall)
    with hall.transaction() as session:
        session.exec(delete(Segment).where(col(Segment.sequence) == 2))
        assert of(session) == [(0, 10), (11, 20)]
    refresh(hall)
    with hall.transaction() as session:
        assert of(session) == [(0, 10), (11, 20)]
        session.exec(delete(Segment))
    refresh(hall)
    with hall.transaction() as session:
        assert of(session) == []
        assert session.exec(select(RecordedDay)).all() == []


Statement = Callable[[Session], object]
STATEMENTS: list[Statement] = [
    lambda session: session.execute(insert(Segment), [a_segment(9, 20, 30).model_dump(exclude={"id"})]),
    lambda session: session.execute(text("UPDATE segment SET start = :at"), {"at": as_stored(session, at(3))}),
    lambda session: session.execute(text("DELETE FROM segment")),
    lambda session: session.exec(update(Segment).values(end=at(17))),
    lambda session: session.exec(update(Segment).values(camera_id=OTHER)),
]


def as_stored(session: Session, moment: datetime) -> object:
    naive = moment.replace(tzinfo=None)
    return naive if session.get_bind().dialect.name == "postgresql" else naive.isoformat(" ", "microseconds")


@pytest.mark.parametrize("statement", STATEMENTS)
def test_whatever_statement_changes_segments_is_noticed(hall: Database, statement: Statement) -> None:
    with hall.transaction() as session:
        session.add(a_segment(1, 0, 10))
    refresh(hall)
    with hall.transaction() as session:
        before = [of(session, camera) for camera in (CAMERA, OTHER)]
        statement(session)
        assert [of(session, camera) for camera in (CAMERA, OTHER)] != before
        assert session.exec(select(RecordingChange)).first() is not None


def test_an_upload_is_no_change_of_the_calendar(hall: Database) -> None:
    with hall.transaction() as session:
        session.add(a_segment(1, 0, 10))
    refresh(hall)
    with hall.transaction() as session:
        session.exec(update(Segment).values(location=Location.STORED))
        assert session.exec(select(RecordingChange)).all() == []


def test_a_segment_that_is_taken_back_leaves_no_note(hall: Database) -> None:
    with undone(hall) as session:
        session.add(a_segment(1, 0, 10))
        session.flush()
        assert session.exec(select(RecordingChange)).first() is not None
    with hall.transaction() as session:
        assert session.exec(select(RecordingChange)).all() == []


def test_the_calendar_of_a_camera_that_is_removed_goes_with_it(hall: Database) -> None:
    with hall.transaction() as session:
        session.add(a_segment(1, 0, 10, OTHER))
    refresh(hall)
    with hall.transaction() as session:
        session.exec(delete(Segment))
        session.exec(delete(Camera).where(col(Camera.id) == OTHER))
    assert refresh(hall) == 1
    with hall.transaction() as session:
        assert session.exec(select(RecordedDay)).all() == []


def test_a_recorder_does_not_wait_for_who_takes_the_notes_in(postgres_database: Database) -> None:
    with postgres_database.transaction() as session:
        a_hall(session)
        session.add(a_segment(1, 0, 10))
    with postgres_database.transaction() as one:
        refresh_camera(one, CAMERA)
        one.flush()
        with postgres_database.transaction() as recorder:
            recorder.execute(text("SET LOCAL lock_timeout = '2s'"))
            recorder.add(a_segment(2, 10, 20))
    with postgres_database.transaction() as session:
        assert of(session) == [(0, 20)]
    refresh(postgres_database)
    with postgres_database.transaction() as session:
        assert of(session) == [(0, 20)]


def test_two_who_take_the_notes_of_a_camera_in_do_so_in_turn(postgres_database: Database) -> None:
    with postgres_database.transaction() as session:
        a_hall(session)
    with postgres_database.transaction() as one:
        refresh_camera(one, CAMERA)
        with postgres_database.transaction() as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(Exception, match="lock timeout"):
                refresh_camera(other, CAMERA)
            other.rollback()


def test_triggers_are_made_once_and_again_when_one_is_missing(database: Database) -> None:
    with database.engine.begin() as connection:
        on = " ON segment" if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP TRIGGER segment_added{on}"))
    for _ in range(2):
        upgrade(database)
    with database.transaction() as session:
        a_hall(session)
        session.add(a_segment(1, 0, 10))
        session.flush()
        assert len(session.exec(select(RecordingChange)).all()) == 1


@dataclass(frozen=True)
class Added:
    start_ms: int
    length_ms: int


@dataclass(frozen=True)
class Removed:
    which: int


@dataclass(frozen=True)
class Moved:
    which: int
    by_ms: int


@dataclass(frozen=True)
class TakenIn:
    pass


_near_midnight = st.integers(-40_000, 40_000)
_happenings = st.lists(
    st.builds(Added, _near_midnight, st.integers(1, 12_000))
    | st.builds(Removed, st.integers(0, 20))
    | st.builds(Moved, st.integers(0, 20), st.sampled_from([-60_000, -499, 300, 90_000]))
    | st.builds(TakenIn),
    max_size=14,
)


@contextmanager
def undone(database: Database) -> Iterator[Session]:
    with Session(database.engine) as session:
        yield session
        session.rollback()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings=_happenings, asked=st.tuples(_near_midnight, _near_midnight))
def test_the_calendar_is_what_the_segments_say(
    hall: Database, happenings: list[Added | Removed | Moved | TakenIn], asked: tuple[int, int]
) -> None:
    span = Span(at(min(asked) / 1000), at(max(asked) / 1000))
    with undone(hall) as session:
        for number, happening in enumerate(happenings):
            _happen(session, number, happening)
            session.flush()
            for part in (AROUND, span):
                covered = _footage(hall).coverage(session, CAMERA, part.start, part.end).covered
                assert recorded(session, [CAMERA], part)[CAMERA] == list(covered)


def _footage(database: Database) -> Footage:
    return Footage(database, None, None)  # type: ignore[arg-type]  # reads no bytes


def _happen(session: Session, number: int, happening: Added | Removed | Moved | TakenIn) -> None:
    if isinstance(happening, TakenIn):
        refresh_camera(session, CAMERA)
        return
    if isinstance(happening, Added):
        start = happening.start_ms / 1000
        session.add(a_segment(number + 1, start, start + happening.length_ms / 1000))
        return
    rows = session.exec(select(Segment).order_by(col(Segment.sequence))).all()
    if not rows:
        return
    row = rows[happening.which % len(rows)]
    if isinstance(happening, Removed):
        session.delete(row)
    else:
        row.start += timedelta(milliseconds=happening.by_ms)
        row.end += timedelta(milliseconds=happening.by_ms)


def test_a_database_without_tables_gets_no_triggers() -> None:
    with closing(Database("sqlite://")) as database, database.engine.begin() as connection:
        install_triggers(connection)
        assert connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar_one() == 0
