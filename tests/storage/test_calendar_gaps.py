"""The calendar says why footage is missing as gaps say it, whatever happened to them, and without reading them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text
from sqlmodel import Session, col, delete, select, update

from storage.calendar import coverages, densities_of, refresh, refresh_camera
from storage.database import Database
from storage.density import Density, densities
from storage.footage import Footage
from storage.intervals import Span
from storage.migrate import upgrade
from storage.models import Gap, GapCause, RecordedDay, RecordingChange
from storage.packed_days import CAUSES, EndedGap, pack_gaps, unpack_gaps
from storage.runs import DAY
from tests.sample import CAMERA
from tests.storage.test_calendar import AROUND, MIDNIGHT, OTHER, TakenIn, a_segment, at, hall, undone

NOW = at(300)
DAYS = [Span(MIDNIGHT - DAY, MIDNIGHT), Span(MIDNIGHT, MIDNIGHT + DAY)]
STALLED, LOST, UNKNOWN = GapCause.CAMERA_STALLED, GapCause.PACKETS_LOST, GapCause.UNKNOWN

__all__ = ["hall"]


def a_gap(start: float, end: float | None, cause: GapCause = STALLED, camera: str = CAMERA) -> Gap:
    return Gap(camera_id=camera, start=at(start), end=None if end is None else at(end), cause=cause)


def told(session: Session, days: Sequence[Span] = DAYS, until: datetime = NOW) -> tuple[Density, ...]:
    return densities_of(session, [CAMERA], days, until, NOW)[CAMERA]


def missing(session: Session) -> list[dict[str, float]]:
    """Seconds by cause of each day, without what is not known yet or was not begun."""
    counts = [cause.value for cause in GapCause]
    return [{c: t.total_seconds() for c, t in day.missing.items() if c in counts} for day in told(session)]


def test_a_gap_is_told_of_before_it_is_taken_in_and_after(hall: Database) -> None:
    with hall.transaction() as session:
        session.add_all([a_segment(1, -100, -60), a_gap(-60, 30), a_segment(2, 30, 300)])
    for notes in (3, 0):
        with hall.transaction() as session:
            assert len(session.exec(select(RecordingChange)).all()) == notes
            assert missing(session) == [{"camera_stalled": 60}, {"camera_stalled": 30}]
        refresh(hall)


def test_what_has_been_taken_in_is_not_read_again(hall: Database) -> None:
    with hall.transaction() as session:
        session.add_all([a_segment(1, -100, -60), a_gap(-60, 30), a_segment(2, 30, 300)])
    refresh(hall)
    with undone(hall) as session:
        without_gap_triggers(session)
        session.exec(delete(Gap))
        assert missing(session) == [{"camera_stalled": 60}, {"camera_stalled": 30}]


def without_gap_triggers(session: Session) -> None:
    on = " ON gap" if session.get_bind().dialect.name == "postgresql" else ""
    names = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'gap_%'"
    triggers = ["gap_changed"] if on else session.connection().execute(text(names)).scalars().all()
    for name in triggers:
        session.connection().execute(text(f"DROP TRIGGER {name}{on}"))


Statement = Callable[[Session], object]
STATEMENTS: list[Statement] = [
    lambda session: session.execute(
        insert(Gap), [{"camera_id": CAMERA, "start": at(60), "end": at(80), "cause": LOST}]
    ),
    lambda session: session.execute(text("UPDATE gap SET cause = 'packets_lost'")),
    lambda session: session.execute(text("DELETE FROM gap")),
    lambda session: session.exec(update(Gap).values(end=at(57))),
    lambda session: session.exec(update(Gap).values(end=at(37))),
    lambda session: session.exec(update(Gap).values(start=at(37), end=at(45))),
    lambda session: session.exec(update(Gap).values(end=at(30))),
    lambda session: session.exec(update(Gap).values(end=None)),
    lambda session: session.exec(update(Gap).values(camera_id=OTHER)),
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_whatever_statement_changes_gaps_is_noticed(hall: Database, statement: Statement) -> None:
    with hall.transaction() as session:
        session.add_all([a_segment(1, 0, 30), a_gap(30, 50), a_segment(2, 100, 110)])
    refresh(hall)
    with hall.transaction() as session:
        before = missing(session)
        statement(session)
        assert missing(session) != before
        after = missing(session)
    refresh(hall)
    with hall.transaction() as session:
        assert missing(session) == after


def test_a_gap_that_grows_for_months_touches_the_days_into_which_it_grows(hall: Database) -> None:
    with hall.transaction() as session:
        session.add(gap := a_gap(-40 * 86_400, -20))
    refresh(hall)
    with hall.transaction() as session:
        session.add(gap)
        gap.end = at(10)
    with hall.transaction() as session:
        notes = [(note.start, note.end) for note in session.exec(select(RecordingChange))]
        assert notes == [(at(-20), at(10))]
    refresh(hall)
    with hall.transaction() as session:
        assert missing(session)[0] == {"camera_stalled": 86_400}
        assert missing(session)[1]["camera_stalled"] == 10


def test_a_gap_that_lasts_is_none_of_the_calendar_before_it_ends(hall: Database) -> None:
    with hall.transaction() as session:
        session.add_all([a_segment(1, -100, -60), gap := a_gap(-60, None)])
    refresh(hall)
    with hall.transaction() as session:
        assert missing(session) == [{"camera_stalled": 60}, {"camera_stalled": 300}]
        session.add(gap)
        gap.detail = "still"
        session.flush()
        assert session.exec(select(RecordingChange)).all() == []
        gap.end = at(60)
        session.flush()
        assert missing(session)[1]["camera_stalled"] == 60


def test_gaps_that_were_there_before_anybody_noted_them_are_taken_in(hall: Database) -> None:
    """As in a database of an older version, or one that was copied without its triggers."""
    with hall.transaction() as session:
        without_gap_triggers(session)
        session.add_all([a_segment(1, -100, -60), a_gap(-60, 30), a_gap(40, 40), a_gap(50, None)])
    refresh(hall)
    for _ in range(2):
        upgrade(hall)
        refresh(hall)
        with hall.transaction() as session:
            assert missing(session)[0] == {"camera_stalled": 60}
            assert session.exec(select(RecordingChange)).all() == []
            assert [str(row.day) for row in session.exec(select(RecordedDay))] == ["2026-01-05", "2026-01-06"]


def test_a_day_before_there_is_anything_is_empty(hall: Database) -> None:
    with hall.transaction() as session:
        assert told(session, until=DAYS[0].start - DAY) == (Density(timedelta(), {}),) * 2
        assert densities_of(session, [], DAYS, NOW, NOW) == {}


def test_every_cause_can_be_packed() -> None:
    assert sorted(CAUSES) == sorted(GapCause)
    day = MIDNIGHT.date()
    gaps = [EndedGap(at(-5 + n), at(100), cause) for n, cause in enumerate(CAUSES)]
    assert unpack_gaps(day, pack_gaps(day, gaps)) == gaps


def test_of_a_gap_over_midnight_each_day_keeps_the_start_and_its_own_end() -> None:
    gap = EndedGap(at(-60), at(30), STALLED)
    today = MIDNIGHT.date()
    for day, end in ((today - DAY, at(0)), (today, at(30))):
        assert unpack_gaps(day, pack_gaps(day, [gap])) == [EndedGap(at(-60), end, STALLED)]
    assert pack_gaps(today + DAY, [gap]) == b""


@dataclass(frozen=True)
class Recorded:
    start_ms: int
    length_ms: int


@dataclass(frozen=True)
class Missed:
    start_ms: int
    length_ms: int | None
    cause: GapCause


@dataclass(frozen=True)
class Corrected:
    """A gap that is explained otherwise, ends elsewhere, or moves."""

    which: int
    start_ms: int | None
    length_ms: int | None
    cause: GapCause


@dataclass(frozen=True)
class Forgotten:
    which: int


_near_midnight = st.integers(-160, 160).map(lambda quarter: quarter * 250)
_lengths = st.integers(-1, 60).map(lambda quarter: quarter * 250)
_causes = st.sampled_from([STALLED, LOST, UNKNOWN])
_happenings = st.lists(
    st.builds(Recorded, _near_midnight, st.sampled_from([250, 3000, 10_000]))
    | st.builds(Missed, _near_midnight, st.none() | _lengths, _causes)
    | st.builds(Corrected, st.integers(0, 9), st.none() | _near_midnight, st.none() | _lengths, _causes)
    | st.builds(Forgotten, st.integers(0, 9))
    | st.builds(TakenIn),
    max_size=12,
)
_Happening = Recorded | Missed | Corrected | Forgotten | TakenIn


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings=_happenings, edges=st.lists(_near_midnight, min_size=2, max_size=4, unique=True).map(sorted))
def test_the_calendar_is_what_segments_and_gaps_say(
    hall: Database, happenings: list[_Happening], edges: list[int]
) -> None:
    moments = [at(edge / 1000) for edge in edges]
    cells = [Span(start, end) for start, end in pairwise(moments)]
    with undone(hall) as session:
        for number, happening in enumerate(happenings):
            _happen(session, number, happening)
            session.flush()
        for span in (AROUND, Span(moments[0], moments[-1])):
            by_rows = _footage(hall).coverage(session, CAMERA, span.start, span.end)
            assert coverages(session, [CAMERA], span, NOW)[CAMERA] == by_rows
        assert told(session, cells, moments[-1]) == densities(by_rows, cells)


def _footage(database: Database) -> Footage:
    return Footage(database, None, None, clock=lambda: NOW)  # type: ignore[arg-type]  # reads no bytes


def _happen(session: Session, number: int, happening: _Happening) -> None:
    gaps = session.exec(select(Gap).order_by(col(Gap.id))).all()
    match happening:
        case TakenIn():
            refresh_camera(session, CAMERA)
        case Recorded(start, length):
            session.add(a_segment(number + 1, start / 1000, (start + length) / 1000))
        case Missed(start, length, cause):
            session.add(a_gap(start / 1000, None if length is None else (start + length) / 1000, cause))
        case Corrected(which, start, length, cause) if gaps:
            gap = gaps[which % len(gaps)]
            gap.cause = cause
            gap.start = gap.start if start is None else at(start / 1000)
            gap.end = None if length is None else gap.start + timedelta(milliseconds=length)
        case Forgotten(which) if gaps:
            session.delete(gaps[which % len(gaps)])
