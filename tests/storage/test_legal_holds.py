"""Where the bucket has object lock, the store itself keeps what is held, also from whoever has our key."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select, update

from storage import legal_holds
from storage.database import Database
from storage.folder_store import FolderStore
from storage.holds import lift_hold, set_hold
from storage.legal_holds import LegalHolds
from storage.models import Hold, Location, Segment
from storage.objects import ObjectMissing, StoreError
from storage.s3_store import S3Store
from tests.sample import CAMERA, a_hall
from tests.storage.recorded import BEGIN, a_user, at, content_of, record, segment


@pytest.fixture
def hall(database: Database) -> Database:
    with database.transaction() as session:
        a_hall(session)
        a_user(session)
    return database


def hold(session: Session, start: float, end: float) -> Hold:
    row = Hold(camera_id=CAMERA, start=at(start), end=at(end), reason="complaint", owner_id=1, set_at=BEGIN)
    return set_hold(session, row)


def withstands(store: S3Store, number: int) -> bool:
    """Somebody with our key tries to delete it, version by version."""
    with suppress(StoreError):
        store.delete(segment(number).key)
    try:
        return store.read(segment(number).key) == content_of(number)
    except ObjectMissing:
        return False


def locked(database: Database) -> list[int]:
    with database.transaction() as session:
        found = select(Segment.sequence).where(col(Segment.legal_hold)).order_by(col(Segment.sequence))
        return list(session.exec(found))


def test_held_objects_are_locked_and_free_ones_are_not(hall: Database, locking_store: S3Store, tmp_path: Path) -> None:
    record(hall, locking_store, tmp_path, (segment(number) for number in range(4)))
    with hall.transaction() as session:
        hold(session, 15, 25)
    legal = LegalHolds(hall, locking_store)
    assert legal.run_once(at(100)) == 2
    assert legal.run_once(at(110)) == 0
    assert locked(hall) == [1, 2]
    assert [withstands(locking_store, number) for number in range(4)] == [False, True, True, False]


def test_what_comes_into_a_hold_later_is_locked_then(hall: Database, locking_store: S3Store, tmp_path: Path) -> None:
    with hall.transaction() as session:
        hold(session, 0, 1000)
    legal = LegalHolds(hall, locking_store)
    assert legal.run_once(at(0)) == 0
    record(hall, locking_store, tmp_path, [segment(1), segment(2)])
    with hall.transaction() as session:  # the second is not in the store yet, as far as the rows know
        session.exec(update(Segment).where(col(Segment.sequence) == 2).values(location=Location.SPOOL))
    assert legal.run_once(at(20)) == 1
    assert locked(hall) == [1]


def test_the_lock_goes_with_the_last_holder(hall: Database, locking_store: S3Store, tmp_path: Path) -> None:
    record(hall, locking_store, tmp_path, (segment(number) for number in range(3)))
    with hall.transaction() as session:
        first, second = hold(session, 0, 20), hold(session, 10, 30)
    legal = LegalHolds(hall, locking_store)
    legal.run_once(at(100))
    with hall.transaction() as session:
        lift_hold(session, first, 1, at(200))
    assert legal.run_once(at(200)) == 1
    assert locked(hall) == [1, 2]
    with hall.transaction() as session:
        assert session.get_one(Hold, first.id).released_at == at(200)
        lift_hold(session, second, 1, at(300))
    legal.run_once(at(300))
    assert locked(hall) == []
    assert not any(withstands(locking_store, number) for number in range(3))
    assert legal.run_once(at(400)) == 0


def test_an_object_whose_row_was_not_written_before_a_crash_is_unlocked_all_the_same(
    hall: Database, locking_store: S3Store, tmp_path: Path
) -> None:
    record(hall, locking_store, tmp_path, [segment(1)])
    with hall.transaction() as session:
        held = hold(session, 0, 100)
    locking_store.lock(segment(1).key)
    with hall.transaction() as session:
        lift_hold(session, held, 1, at(200))
    LegalHolds(hall, locking_store).run_once(at(200))
    assert not withstands(locking_store, 1)


def test_a_store_that_cannot_lock_says_so_and_holds_hold_all_the_same(
    hall: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    record(hall, folder_store, tmp_path, [segment(1)])
    with hall.transaction() as session:
        held = hold(session, 0, 100)
    assert not folder_store.can_lock()
    with pytest.raises(StoreError, match="cannot lock"):
        folder_store.lock(segment(1).key)
    legal = LegalHolds(hall, folder_store)
    assert legal.run_once(at(100)) == 0
    with hall.transaction() as session:
        assert session.get_one(Hold, held.id).store_error == ""
        lift_hold(session, held, 1, at(200))
    legal.run_once(at(300))
    with hall.transaction() as session:
        assert session.get_one(Hold, held.id).released_at == at(300)


def test_an_object_that_the_store_lacks_stands_at_the_hold_and_keeps_no_other_unlocked(
    hall: Database, locking_store: S3Store, tmp_path: Path
) -> None:
    record(hall, locking_store, tmp_path, [segment(1), segment(2)])
    locking_store.delete(segment(1).key)
    with hall.transaction() as session:
        held = hold(session, 0, 100)
    legal = LegalHolds(hall, locking_store)
    legal.run_once(at(100))
    with hall.transaction() as session:
        assert segment(1).key in session.get_one(Hold, held.id).store_error
    assert locked(hall) == [2]
    assert locking_store.is_locked(segment(2).key)
    record_bytes(locking_store, tmp_path, 1)
    assert legal.run_once(at(100) + timedelta(minutes=1)) == 1
    assert locked(hall) == [1, 2]
    with hall.transaction() as session:
        assert session.get_one(Hold, held.id).store_error == ""


@pytest.mark.parametrize("refusal", [ObjectMissing("it is not there"), StoreError("403 for this one")])
def test_however_many_objects_of_a_hold_are_refused_the_others_are_locked_and_it_is_told_until_none_is(
    hall: Database, folder_store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: StoreError
) -> None:
    monkeypatch.setattr(legal_holds, "AT_ONCE", 2)
    store = Choosy(folder_store.root)
    record(hall, store, tmp_path, (segment(number) for number in range(1, 7)))
    store.refused, store.refusal = {segment(number).key for number in (1, 2, 3)}, refusal
    with hall.transaction() as session:
        held_id = hold(session, 0, 100).id
    legal = LegalHolds(hall, store)
    for _ in range(4):
        legal.run_once(at(100))
        with hall.transaction() as session:
            assert session.get_one(Hold, held_id).store_error == str(refusal)
    assert locked(hall) == [4, 5, 6]
    store.refused = set()
    for _ in range(4):
        legal.run_once(at(110))
    assert locked(hall) == [1, 2, 3, 4, 5, 6]
    with hall.transaction() as session:
        held = session.get_one(Hold, held_id)
        assert held.store_error == ""
        lift_hold(session, held, 1, at(120))
    store.refused = {segment(1).key}
    for _ in range(8):
        legal.run_once(at(130))
    assert locked(hall) == [1], "one that stays locked keeps no other locked"
    with hall.transaction() as session:
        assert session.get_one(Hold, held_id).released_at is None
    store.refused = set()
    for _ in range(8):
        legal.run_once(at(140))
    assert locked(hall) == []
    with hall.transaction() as session:
        assert session.get_one(Hold, held_id).released_at == at(140)


def test_a_store_that_is_away_is_asked_for_nothing_more_and_nothing_is_passed_over(
    hall: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    store = Choosy(folder_store.root)
    record(hall, store, tmp_path, (segment(number) for number in (1, 2, 3)))
    store.refused, store.refusal, store.is_away = {segment(2).key}, StoreError("no answer"), True
    with hall.transaction() as session:
        held_id = hold(session, 0, 100).id
    legal = LegalHolds(hall, store)
    legal.run_once(at(100))
    assert locked(hall) == [1]
    with hall.transaction() as session:
        assert session.get_one(Hold, held_id).store_error == "all of it is away"
    store.refused, store.is_away = set(), False
    legal.run_once(at(110))
    assert locked(hall) == [1, 2, 3]


class Choosy(FolderStore):
    """Locks whatever it does not refuse to."""

    is_away = False

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.refused: set[str] = set()
        self.refusal = StoreError()

    def check(self) -> None:
        if self.is_away:
            raise StoreError("all of it is away")

    def can_lock(self) -> bool:
        return True

    def lock(self, key: str) -> None:
        if key in self.refused:
            raise self.refusal

    unlock = lock


def test_of_segments_that_begin_together_none_stays_locked_where_a_run_ends_between_them(
    hall: Database, locking_store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legal_holds, "AT_ONCE", 2)
    record(hall, locking_store, tmp_path, [segment(1), *(segment(number, start=20) for number in (2, 3, 4))])
    lift_after_locking(hall, locking_store)
    assert [locking_store.is_locked(segment(number).key) for number in (1, 2, 3, 4)] == [False] * 4
    assert locked(hall) == []


def lift_after_locking(database: Database, store: S3Store) -> None:
    """All that is recorded."""
    with database.transaction() as session:
        held = hold(session, 0, 100)
    legal = LegalHolds(database, store)
    for _ in range(5):
        legal.run_once(at(100))
    with database.transaction() as session:
        lift_hold(session, session.get_one(Hold, held.id), 1, at(110))
    for _ in range(5):
        legal.run_once(at(120))


def record_bytes(store: S3Store, folder: Path, number: int) -> None:
    source = folder / "source.mp4"
    source.write_bytes(content_of(number))
    store.put(segment(number).key, source, segment(number).sha256)
