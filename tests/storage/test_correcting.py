"""Footage whose time is corrected by hand: rows, gaps, calendar and holds follow, and all of it can be taken back."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from storage.asked_corrections import CorrectionRefused, Wanted
from storage.calendar import coverages, refresh
from storage.correcting import (
    Moved,
    before_adding,
    correct,
    correct_late,
    remap,
    take_back,
)
from storage.correction_objects import BadCorrection, restore, store_corrections
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.holds import held
from storage.intervals import Span
from storage.models import Gap, GapCause, Hold, Segment, TimeCorrection
from storage.objects import sha256_of
from tests.sample import CAMERA, a_hall
from tests.servers import LIMIT_S, wait_until
from tests.storage.recorded import BEGIN, a_user, at, segment

NOW = at(100_000)


@pytest.fixture
def site(database: Database) -> Database:
    """Ten segments in a row, a gap of a minute, and ten more."""
    with database.transaction() as session:
        a_hall(session)
        session.add_all(segment(number) for number in range(10))
        session.add(Gap(camera_id=CAMERA, start=at(100), end=at(160), cause=GapCause.CAMERA_STALLED))
        session.add_all(segment(number, start=160 + 10 * (number - 10)) for number in range(10, 20))
    refresh(database)
    return database


def wanted(start: float, end: float, shift: float, **others: Any) -> Wanted:
    asked: dict[str, Any] = {
        "camera_id": CAMERA,
        "span": Span(at(start), at(end)),
        "shift": timedelta(seconds=shift),
        "error": timedelta(seconds=0.2),
        "reason": "the server's clock was wrong",
        "made_by": "li.wei",
    }
    return Wanted(**asked | others)


def corrected(database: Database, start: float, end: float, shift: float) -> Moved:
    with database.transaction() as session:
        return correct(session, wanted(start, end, shift), NOW)


def taken_back(database: Database, correction: int | None) -> Moved:
    with database.transaction() as session:
        return take_back(session, session.get_one(TimeCorrection, correction), "a mistake", "li.wei", NOW)


def said(database: Database) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Every row of segments and gaps, without the gaps' ids."""
    with database.transaction() as session:
        rows = session.exec(select(Segment).order_by(col(Segment.id)))
        gaps = session.exec(select(Gap).order_by(col(Gap.start)))
        return [row.model_dump() for row in rows], [gap.model_dump(exclude={"id"}) for gap in gaps]


def starts(database: Database) -> list[float]:
    with database.transaction() as session:
        rows = session.exec(select(Segment.start).order_by(col(Segment.sequence)))
        return [(start - BEGIN).total_seconds() for start in rows]


def test_rows_move_and_what_the_file_says_stays_known(site: Database) -> None:
    moved = corrected(site, 160, 260, 5)
    assert (moved.segments, moved.touched) == (10, [Span(at(160), at(265))])
    assert starts(site)[9:12] == [90, 165, 175]
    with site.transaction() as session:
        row = session.exec(select(Segment).where(Segment.sequence == 10)).one()
    assert (row.start - timedelta(microseconds=row.shift_us), row.end) == (at(160), at(175))
    assert (row.clock_error_us, row.recorded_error_us) == (200_000, 500_000)


def test_a_correction_that_is_taken_back_leaves_the_same_rows(site: Database) -> None:
    before = said(site)
    first = corrected(site, 33, 215, -7.5)
    second = corrected(site, 0, 90, 3600)
    for each in (first, second):
        taken_back(site, each.correction.id)
    assert said(site) == before
    with site.transaction() as session:
        assert len(session.exec(select(TimeCorrection)).all()) == 4


def test_of_two_corrections_the_newer_counts_and_the_older_again_once_that_is_taken_back(site: Database) -> None:
    corrected(site, 0, 100, 1)
    newer = corrected(site, 40, 60, 4)
    assert starts(site)[3:7] == [31, 44, 54, 61]
    taken_back(site, newer.correction.id)
    assert starts(site)[3:7] == [31, 41, 51, 61]


def test_coverage_and_calendar_tell_the_same_and_every_hole_has_its_cause(site: Database) -> None:
    corrected(site, 50, 100, -20)
    corrected(site, 160, 260, 1000)
    asked = Span(at(0), at(1300))
    with site.transaction() as session:
        told = coverages(session, [CAMERA], asked, at(1300))[CAMERA]
        footage = Footage(site, FolderStore(Path("nowhere")), Path("nowhere"), lambda: at(1300))
        assert footage.coverage(session, CAMERA, asked.start, asked.end) == told
    assert [((m.start - BEGIN).total_seconds(), (m.end - BEGIN).total_seconds(), m.cause) for m in told.missing] == [
        (80, 1160, "camera_stalled"),
        (1260, 1300, "not_yet"),
    ]


def test_where_footage_was_moved_away_the_gap_says_so(site: Database) -> None:
    corrected(site, 30, 60, 500)
    with site.transaction() as session:
        gaps = session.exec(select(Gap).where(Gap.cause == GapCause.CORRECTED)).all()
    assert [(gap.start, gap.end) for gap in gaps] == [(at(30), at(60))]


def test_the_pause_before_footage_that_was_moved_away_is_no_gap_of_its_own(site: Database) -> None:
    with site.transaction() as session:
        for row in session.exec(select(Segment)):
            row.end -= timedelta(seconds=0.04)
    corrected(site, 30, 60, 500)
    with site.transaction() as session:
        footage = Footage(site, FolderStore(Path("nowhere")), Path("nowhere"))
        told = footage.coverage(session, CAMERA, at(0), at(90))
        assert coverages(session, [CAMERA], Span(at(0), at(90)), at(100))[CAMERA] == told
    assert [(part.start, part.end, part.cause) for part in told.missing] == [(at(29.96), at(60), "corrected")]


def test_a_gap_over_which_footage_was_moved_is_not_told_of_until_that_is_taken_back(site: Database) -> None:
    moved = corrected(site, 160, 260, -80)
    footage = Footage(site, FolderStore(Path("nowhere")), Path("nowhere"))
    for expected in ([], [(at(100), at(160))]):
        with site.transaction() as session:
            told = footage.gaps(session, CAMERA, at(0), at(160))
            assert [(gap.start, gap.end) for gap in told] == expected
        if not expected:
            taken_back(site, moved.correction.id)


def test_what_is_corrected_says_by_whom_and_is_trusted_again(site: Database) -> None:
    with site.transaction() as session:
        for row in session.exec(select(Segment)):
            row.clock_offset_us = 7_000_000
            session.add(row)
    corrected(site, 0, 50, -7)
    with site.transaction() as session:
        footage = Footage(site, FolderStore(Path("nowhere")), Path("nowhere"))
        (told,) = footage.corrected_times(session, CAMERA, at(-7), at(43))
        doubted = footage.untrusted_times(session, CAMERA, at(-7), at(43))
    assert (told.start, told.end, told.shift_s, told.error_s, told.made_by) == (at(-7), at(43), -7, 0.2, "li.wei")
    assert [(each.start, each.camera_off_s) for each in doubted] == [], "the rest begins at 50"


def test_footage_that_turns_up_later_goes_where_the_correction_says(site: Database) -> None:
    with site.transaction() as session:
        session.delete(session.exec(select(Segment).where(Segment.sequence == 5)).one())
    corrected(site, 0, 100, 30)
    with site.transaction() as session:
        late = segment(5)
        session.add(late)
        session.flush()
        correct_late(session, [(CAMERA, Span(late.start, late.end))])
        assert late.start == at(80)
    before = said(site)
    with site.transaction() as session:
        assert remap(session, CAMERA, Span(at(0), at(100))) == ([], 0)
    assert said(site) == before


def add_late(session: Session) -> None:
    before_adding(session)
    late = segment(5)
    session.add(late)
    session.flush()
    correct_late(session, [(CAMERA, Span(late.start, late.end))])


@pytest.fixture
def without_the_sixth(postgres_database: Database) -> Database:
    """PostgreSQL: in SQLite one transaction writes at a time."""
    with postgres_database.transaction() as session:
        a_hall(session)
        session.add_all(segment(number) for number in range(10) if number != 5)
    return postgres_database


def is_done_or_waits(database: Database, thread: threading.Thread) -> bool:
    with database.transaction() as session:
        waits = session.connection().exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar_one()
    return bool(waits) or not thread.is_alive()


def test_footage_that_is_being_added_while_its_span_is_corrected_moves(without_the_sixth: Database) -> None:
    correcting = threading.Thread(target=corrected, args=(without_the_sixth, 0, 100, 30))
    with without_the_sixth.transaction() as session:
        add_late(session)
        correcting.start()
        wait_until(lambda: is_done_or_waits(without_the_sixth, correcting))
    correcting.join(LIMIT_S)
    assert starts(without_the_sixth) == [30 + 10 * number for number in range(10)]


def test_footage_that_is_added_while_its_span_is_being_corrected_moves(without_the_sixth: Database) -> None:
    def add() -> None:
        with without_the_sixth.transaction() as session:
            add_late(session)

    adding = threading.Thread(target=add)
    with without_the_sixth.transaction() as session:
        correct(session, wanted(0, 100, 30), NOW)
        adding.start()
        wait_until(lambda: is_done_or_waits(without_the_sixth, adding))
    adding.join(LIMIT_S)
    assert starts(without_the_sixth) == [30 + 10 * number for number in range(10)]


def test_what_is_held_stays_held_wherever_it_goes(site: Database) -> None:
    with site.transaction() as session:
        owner = a_user(session)
        session.add(Hold(camera_id=CAMERA, start=at(20), end=at(45), reason="complaint", owner_id=owner, set_at=NOW))
    moved = corrected(site, 30, 60, 500)
    taken_back(site, moved.correction.id)
    with site.transaction() as session:
        holds = session.exec(select(Hold).order_by(col(Hold.id))).all()
    assert [(hold.start, hold.end) for hold in holds] == [(at(20), at(45)), (at(530), at(545))]
    assert {hold.reason for hold in holds} == {"complaint"}


def test_what_is_held_where_a_correction_has_put_it_is_held_where_the_next_one_does(site: Database) -> None:
    corrected(site, 0, 100, 1000)
    with site.transaction() as session:
        hold = Hold(
            camera_id=CAMERA, start=at(1000), end=at(1100), reason="complaint", owner_id=a_user(session), set_at=NOW
        )
        session.add(hold)
    second = corrected(site, 0, 100, 5000)
    assert held_seconds(site, 5000, 5100) == 100
    taken_back(site, second.correction.id)
    assert held_seconds(site, 1000, 1100) == 100


def held_seconds(database: Database, start: float, end: float) -> float:
    with database.transaction() as session:
        return sum(span.duration.total_seconds() for span in held(session, CAMERA, Span(at(start), at(end))))


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (wanted(0, 0, 1), "to"),
        (wanted(0, 100_001, 1), "to"),
        (wanted(-700_000, 0, 1), "to"),
        (wanted(0, 50, 0), "shift"),
        (wanted(0, 50, 3e9), "shift"),
        (wanted(0, 50, 99_990), "shift"),
        (wanted(0, 50, 1, error=timedelta(days=2)), "error"),
        (wanted(5000, 6000, 1), "from"),
    ],
    ids=["empty", "future", "long", "none", "too far", "into the future", "no bound", "nothing there"],
)
def test_what_cannot_be_corrected_is_refused_by_its_field(sqlite_database: Database, asked: Wanted, field: str) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add_all(segment(number) for number in range(5))
    with pytest.raises(CorrectionRefused) as refused, sqlite_database.transaction() as session:
        correct(session, asked, NOW)
    assert refused.value.field == field


def test_nothing_is_taken_back_twice(site: Database) -> None:
    moved = corrected(site, 0, 100, 1)
    back = taken_back(site, moved.correction.id)
    for row in (moved.correction, back.correction):
        with pytest.raises(CorrectionRefused):
            taken_back(site, row.id)


def test_corrections_are_made_again_from_their_objects(site: Database, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    moved = corrected(site, 0, 100, 1)
    taken_back(site, moved.correction.id)
    assert (store_corrections(site, store), store_corrections(site, store)) == (2, 0)
    with site.transaction() as session:
        rows = list(session.exec(select(TimeCorrection).order_by(col(TimeCorrection.id).desc())))
        before = [row.model_dump() for row in reversed(rows)]
        for row in rows:
            session.delete(row)
            session.flush()
    with site.transaction() as session:
        made = restore(session, store, [row.key for row in rows])
        assert [row.model_dump() for row in made] == before
        assert restore(session, store, [row.key for row in rows]) == []
    assert (corrected(site, 0, 100, 2).correction.id or 0) > (made[1].id or 0)


def test_a_correction_whose_number_was_given_again_meanwhile_is_restored_under_another(
    sqlite_database: Database, tmp_path: Path
) -> None:
    store = FolderStore(tmp_path / "store")
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add_all(segment(number) for number in range(5))
    first = corrected(sqlite_database, 0, 50, 1).correction
    back = taken_back(sqlite_database, first.id).correction
    store_corrections(sqlite_database, store)
    with sqlite_database.transaction() as session:
        for row in (back, first):
            session.delete(session.get_one(TimeCorrection, row.id))
            session.flush()
    newer = corrected(sqlite_database, 0, 50, 2).correction
    with sqlite_database.transaction() as session:
        restored = restore(session, store, [first.key, back.key])
        assert (newer.id, [(row.id, row.takes_back) for row in restored]) == (first.id, [(2, None), (3, 2)])


def test_an_object_that_is_no_correction_is_refused(sqlite_database: Database, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    for content in (b"no json", b"{}", b'{"hallwatch_correction": 2, "camera_id": "cc-cam-1"}', b"[]"):
        file = tmp_path / "content"
        file.write_bytes(content)
        key = f"{CAMERA}/corrections/20260105T040000000000-0123abcd.json"
        store.put(key, file, sha256_of(file))
        with pytest.raises(BadCorrection), sqlite_database.transaction() as session:
            restore(session, store, [key])
