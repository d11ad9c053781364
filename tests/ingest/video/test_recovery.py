"""The index is lost and made again from the store; index and bytes are compared."""

import errno
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, delete, select, update

from ingest.video.checking import Check, Depth, Disagreement, Fault
from ingest.video.gaps import END_UNKNOWN, GapOpened
from ingest.video.recovery import Found, recover
from ingest.video.resuming import resume
from ingest.video.uploader import Uploader
from storage.asked_corrections import Wanted
from storage.correcting import correct
from storage.correction_objects import store_corrections
from storage.database import Database
from storage.deletion_pause import resume_deletion
from storage.expiry import DeletionPaused, Expiry
from storage.folder_store import FolderStore
from storage.holds import lift_hold, set_hold
from storage.intervals import Span
from storage.legal_holds import LegalHolds
from storage.models import Gap, GapCause, Hold, Location, Role, Segment, TimeCorrection, User
from storage.objects import ObjectStore, StoreError, sha256_of
from storage.s3_store import S3Store
from tests.ingest.video.encoded import START, gops, packets
from tests.ingest.video.evidence import segments
from tests.ingest.video.test_clip import recorded
from tests.sample import CAMERA
from tests.storage.recorded import a_user

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
Damage = Callable[[ObjectStore, str, Path], None]


@pytest.fixture
def stored(site: Database, store: ObjectStore, tmp_path: Path) -> list[dict[str, Any]]:
    """Four segments that were recorded and uploaded; what their rows say, without their ids."""
    with site.transaction() as session:
        session.add_all(recorded(tmp_path / "spool", gops(packets(200))))
    while Uploader(site, store, tmp_path / "spool").run_once():
        pass
    assert {row.location for row in segments(site)} == {Location.STORED}
    return said(site)


@pytest.mark.usefixtures("stored")
def test_nothing_of_what_was_recovered_is_deleted_before_somebody_has_set_holds_again(
    site: Database, store: ObjectStore, tmp_path: Path
) -> None:
    """Who had held what, and which hall kept for longer, was lost with the database."""
    kept, long_after = len(segments(site)), START + timedelta(days=100)
    lose_the_index(site)
    expiry = Expiry(site, store, tmp_path / "spool", lambda *_: None)
    assert expiry.run_once(long_after) == 0
    assert recover(site, store, NOW, dry_run=True).counts[Found.RECOVERED] == kept
    assert expiry.run_once(long_after) == 0
    recover(site, store, NOW)
    recover(site, store, NOW)
    with pytest.raises(DeletionPaused, match="recovered on 2026-03-02 04:00 UTC and nothing is deleted"):
        expiry.run_once(long_after)
    assert len(list(store.keys(""))) == kept
    with site.transaction() as session:
        a_user(session)
        set_hold(session, Hold(camera_id=CAMERA, start=START, end=START, reason="", owner_id=1, set_at=NOW))
        assert resume_deletion(session, NOW, "admin")
        assert not resume_deletion(session, NOW, "admin")
    assert expiry.run_once(long_after) == kept
    assert list(store.keys("")) == []


@pytest.mark.usefixtures("stored")
def test_a_recovery_that_finds_nothing_missing_ends_deletion_too(
    site: Database, store: ObjectStore, tmp_path: Path
) -> None:
    """As with a backup that was put back: it has every row, and holds that are as old as itself."""
    expiry = Expiry(site, store, tmp_path / "spool", lambda *_: None)
    assert set(recover(site, store, NOW).counts) == {Found.KNOWN}
    with pytest.raises(DeletionPaused, match="as old as its backup"):
        expiry.run_once(START + timedelta(days=100))


def said(database: Database) -> list[dict[str, Any]]:
    return [row.model_dump(exclude={"id"}) for row in segments(database)]


def lose_the_index(database: Database) -> None:
    with database.transaction() as session:
        session.exec(delete(Segment))


def let_delete(database: Database) -> None:
    with database.transaction() as session:
        assert resume_deletion(session, NOW, "admin")


def look(database: Database, store: ObjectStore, folder: Path, depth: Depth = Depth.HASHES) -> list[Disagreement]:
    return list(Check(database, store, folder / "spool", depth).run())


def put(store: ObjectStore, key: str, data: bytes, folder: Path) -> None:
    file = folder / secrets.token_hex(4)
    file.write_bytes(data)
    store.put(key, file, sha256_of(file))


def test_the_index_is_made_again_from_the_store_alone(
    site: Database, store: ObjectStore, stored: list[dict[str, Any]]
) -> None:
    lose_the_index(site)
    with site.transaction() as session:
        first = stored[0]
        session.add(Gap(camera_id=CAMERA, start=first["start"], end=first["end"], cause=GapCause.UNKNOWN))
    tried = recover(site, store, NOW, dry_run=True)
    assert (tried.counts[Found.RECOVERED], segments(site)) == (4, [])
    done = recover(site, store, NOW)
    assert (done.counts[Found.RECOVERED], done.problems, done.cameras[CAMERA]) == (4, [], 4)
    assert said(site) == stored
    with site.transaction() as session:
        assert session.exec(select(Gap)).all() == [], "what is there after all is no gap"
    assert recover(site, store, NOW).counts == {Found.KNOWN: 4}
    assert said(site) == stored
    ended = max(row["end"] for row in stored)
    since = resume(site, CAMERA, None, (), NOW).start.open_gap
    assert since == GapOpened(CAMERA, ended, GapCause.UNKNOWN, END_UNKNOWN), "nobody knows that it was a crash"


def test_what_was_recorded_after_the_index_was_lost_and_before_it_is_made_again_keeps_its_rows(
    site: Database, store: ObjectStore, stored: list[dict[str, Any]], tmp_path: Path
) -> None:
    lose_the_index(site)
    later = START + timedelta(hours=1)
    numbers = resume(site, CAMERA, None, (), later).next_sequence
    new = recorded(tmp_path / "spool", gops(packets(100), later), first=numbers)
    with site.transaction() as session:
        session.add(new[0])
    done = recover(site, store, NOW)
    assert (done.counts[Found.RECOVERED], done.problems) == (len(stored), [])
    with site.transaction() as session:
        session.add_all(new[1:])
    assert len(segments(site)) == len(stored) + len(new)
    assert [row.sequence for row in segments(site)] == sorted(row.sequence for row in segments(site))


def hold(database: Database, store: ObjectStore, start: datetime, end: datetime) -> None:
    with database.transaction() as session:
        owner = session.exec(select(User.id)).first() or a_user(session)
        row = Hold(camera_id=CAMERA, start=start, end=end, reason="complaint", owner_id=owner, set_at=NOW)
        set_hold(session, row)
    LegalHolds(database, store).run_once(NOW)


def holds(database: Database) -> list[tuple[datetime, datetime, int | None]]:
    with database.transaction() as session:
        return [(row.start, row.end, row.owner_id) for row in session.exec(select(Hold).order_by(col(Hold.id)))]


def expire(database: Database, store: ObjectStore, folder: Path) -> None:
    with database.transaction() as session:
        last = max(row.end for row in session.exec(select(Segment)))
    Expiry(database, store, folder / "spool", lambda *_: None).run_once(last + timedelta(days=31))


def test_what_the_store_holds_is_held_again_until_somebody_lifts_it(
    site: Database, locking_store: S3Store, tmp_path: Path
) -> None:
    with site.transaction() as session:
        session.add_all(recorded(tmp_path / "spool", gops(packets(200))))
    while Uploader(site, locking_store, tmp_path / "spool").run_once():
        pass
    rows = segments(site)
    hold(site, locking_store, rows[1].start, rows[2].end - timedelta(seconds=1))
    stored = said(site)
    assert [row["legal_hold"] for row in stored] == [False, True, True, False]
    lose_the_index(site)
    with site.transaction() as session:
        session.exec(delete(Hold))

    tried = recover(site, locking_store, NOW, dry_run=True)
    assert (tried.held, holds(site)) == (2, [])
    assert recover(site, locking_store, NOW).held == 2
    assert said(site) == stored
    assert holds(site) == [(rows[1].start, rows[2].end, None)], "one for what lies together, of nobody known"
    assert recover(site, locking_store, NOW).held == 0

    let_delete(site)
    expire(site, locking_store, tmp_path)
    assert [row.key for row in segments(site)] == [rows[1].key, rows[2].key]
    with site.transaction() as session:
        lift_hold(session, session.exec(select(Hold)).one(), a_user(session, "admin", Role.ADMIN), NOW)
    LegalHolds(site, locking_store).run_once(NOW)
    expire(site, locking_store, tmp_path)
    assert (segments(site), list(locking_store.keys(""))) == ([], [])


def test_corrected_footage_that_the_store_holds_is_held_again_where_it_was_corrected_to(
    site: Database, locking_store: S3Store, tmp_path: Path
) -> None:
    with site.transaction() as session:
        session.add_all(recorded(tmp_path / "spool", gops(packets(200))))
    while Uploader(site, locking_store, tmp_path / "spool").run_once():
        pass
    rows, by = segments(site), timedelta(days=2)
    hold(site, locking_store, rows[1].start, rows[2].end - timedelta(seconds=1))
    with site.transaction() as session:
        span, error = Span(rows[0].start, rows[-1].end), timedelta(seconds=1)
        correct(session, Wanted(CAMERA, span, by, error, "slow server", "li.wei"), NOW)
    assert store_corrections(site, locking_store) == 1
    stored = said(site)
    lose_the_index(site)
    with site.transaction() as session:
        for table in (Hold, Gap, TimeCorrection):
            session.exec(delete(table))

    assert recover(site, locking_store, NOW).held == 2
    assert [{**row, "correction_id": None} for row in said(site)] == [{**row, "correction_id": None} for row in stored]
    assert [row.legal_hold for row in segments(site)] == [False, True, True, False]
    assert holds(site) == [(rows[1].start + by, rows[2].end + by, None)]
    let_delete(site)
    expire(site, locking_store, tmp_path)
    assert [row.key for row in segments(site)] == [rows[1].key, rows[2].key]
    assert all(locking_store.is_locked(row.key) for row in segments(site))
    with site.transaction() as session:
        lift_hold(session, session.exec(select(Hold)).one(), a_user(session, "admin", Role.ADMIN), NOW)
    LegalHolds(site, locking_store).run_once(NOW)
    expire(site, locking_store, tmp_path)
    assert segments(site) == []
    assert [key for key in locking_store.keys("") if key.endswith(".mp4")] == []


def test_a_row_from_a_backup_learns_that_its_object_was_locked_since(
    site: Database, locking_store: S3Store, tmp_path: Path
) -> None:
    with site.transaction() as session:
        session.add_all(recorded(tmp_path / "spool", gops(packets(100))))
    while Uploader(site, locking_store, tmp_path / "spool").run_once():
        pass
    first, second = segments(site)
    hold(site, locking_store, first.start, second.end)
    with site.transaction() as session:  # as the backup says it
        session.exec(delete(Hold))
        session.exec(update(Segment).values(legal_hold=False))
    hold(site, FolderStore(tmp_path), second.start, second.end)
    assert recover(site, locking_store, NOW).held == 1, "the second is explained by a hold that somebody has set"
    assert [(start, owner is None) for start, _, owner in holds(site)] == [(second.start, False), (first.start, True)]
    assert [row.legal_hold for row in segments(site)] == [True, False]


def test_what_is_no_whole_segment_is_named_and_the_rest_recovered(
    site: Database, store: ObjectStore, stored: list[dict[str, Any]], tmp_path: Path
) -> None:
    lose_the_index(site)
    keys = [row["key"] for row in stored]
    put(store, keys[0], store.read(keys[0])[:-2000], tmp_path)
    put(store, keys[1], b"no footage", tmp_path)
    put(store, keys[2].replace(CAMERA, "unknown"), store.read(keys[2]), tmp_path)
    put(store, "export/list.txt", b"something else", tmp_path)
    put(store, keys[3] + ".bak", store.read(keys[3]), tmp_path)
    done = recover(site, store, NOW)
    assert done.counts == {Found.UNREADABLE: 2, Found.RECOVERED: 2, Found.NO_CAMERA: 1, Found.STRANGE: 2}
    assert sorted(done.strange) == [keys[3] + ".bak", "export/list.txt"]
    assert [key for key, _ in done.problems] == keys[:2]
    assert "bytes are whole" in done.problems[0][1]
    assert done.missing_cameras == {"unknown"}
    assert said(site) == stored[2:]


class Damaged(FolderStore):
    """Has lost some bytes of one object, or all that it had."""

    broken, is_away = "", False

    def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        if self.is_away or key == self.broken:
            raise StoreError(f"500 for {key}\nand more")
        return super().read(key, offset, length)

    def check(self) -> None:
        if self.is_away:
            raise StoreError("the store is away")


@pytest.mark.parametrize("store", ["folder"], indirect=True)
def test_one_object_that_the_store_cannot_read_is_named_and_ends_neither_recovery_nor_check(
    site: Database, store: FolderStore, stored: list[dict[str, Any]], tmp_path: Path
) -> None:
    damaged = Damaged(store.root)
    damaged.broken = stored[1]["key"]
    assert look(site, damaged, tmp_path) == [
        Disagreement(damaged.broken, Fault.UNREADABLE, f"500 for {damaged.broken}")
    ]
    assert look(site, damaged, tmp_path, Depth.SIZES) == []
    lose_the_index(site)
    done = recover(site, damaged, NOW)
    assert done.problems == [(damaged.broken, f"500 for {damaged.broken}")]
    assert said(site) == [stored[0], *stored[2:]]


@pytest.mark.parametrize("store", ["folder"], indirect=True)
def test_a_store_that_is_away_ends_recovery_and_check(
    site: Database, store: FolderStore, stored: list[dict[str, Any]], tmp_path: Path
) -> None:
    away = Damaged(store.root)
    away.is_away = True
    with pytest.raises(StoreError, match="is away"):
        look(site, away, tmp_path)
    lose_the_index(site)
    with pytest.raises(StoreError, match="is away"):
        recover(site, away, NOW)
    assert said(site) == []


def test_a_file_that_the_disk_cannot_read_does_not_end_a_check(
    site: Database, folder_store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.transaction() as session:
        session.add_all(recorded(tmp_path / "spool", gops(packets(100))))
    first, second = (row.key for row in segments(site))
    opened = Path.open

    def opening(path: Path, *how: Any, **more: Any) -> Any:
        if path == tmp_path / "spool" / first:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return opened(path, *how, **more)

    (tmp_path / "spool" / second).unlink()
    monkeypatch.setattr(Path, "open", opening)
    found = [(each.key, each.fault) for each in look(site, folder_store, tmp_path)]
    assert found == [(first, Fault.UNREADABLE), (second, Fault.NO_BYTES)]


def test_a_number_that_is_taken_keeps_back_that_segment_alone(
    site: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    with site.transaction() as session:
        session.add_all(recorded(tmp_path / "spool", gops(packets(200))))
    while Uploader(site, folder_store, tmp_path / "spool").run_once():
        pass
    first = segments(site)[0]
    with site.transaction() as session:
        session.exec(delete(Segment).where(col(Segment.sequence) != first.sequence))
        session.exec(update(Segment).values(key="another", start=first.start - timedelta(hours=1)))
    done = recover(site, folder_store, NOW)
    assert done.counts == {Found.RECOVERED: 3, Found.CONFLICTING: 1}
    assert done.problems == [(first.key, f"camera {CAMERA} has another segment {first.sequence}")]
    assert len(segments(site)) == 4


def test_where_the_store_knows_the_checksum_only_the_end_of_an_object_is_read(
    site: Database, locking_store: S3Store, tmp_path: Path
) -> None:
    class Watched(S3Store):
        read_at_most: list[int | None]

        def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
            self.read_at_most.append(length)
            return super().read(key, offset, length)

    with site.transaction() as session:
        session.add_all(recorded(tmp_path / "spool", gops(packets(100))))
    while Uploader(site, locking_store, tmp_path / "spool").run_once():
        pass
    stored = said(site)
    lose_the_index(site)
    watched = Watched.__new__(Watched)
    watched.__dict__ = {**vars(locking_store), "read_at_most": []}
    assert recover(site, watched, NOW).counts == {Found.RECOVERED: len(stored)}
    assert watched.read_at_most == [1 << 15] * len(stored)
    assert said(site) == stored


def test_a_segment_under_the_name_of_another_is_not_believed(
    site: Database, store: ObjectStore, stored: list[dict[str, Any]], tmp_path: Path
) -> None:
    lose_the_index(site)
    first, second = stored[0]["key"], stored[1]["key"]
    put(store, second, store.read(first), tmp_path)
    done = recover(site, store, NOW)
    assert [key for key, _ in done.problems] == [second]
    assert done.counts[Found.RECOVERED] == 3


def test_what_agrees_is_in_order_at_every_depth(
    site: Database, store: ObjectStore, stored: list[dict[str, Any]], tmp_path: Path
) -> None:
    for depth in Depth:
        assert look(site, store, tmp_path, depth) == []


def _take_away(store: ObjectStore, key: str, folder: Path) -> None:
    store.delete(key)


def _cut(store: ObjectStore, key: str, folder: Path) -> None:
    put(store, key, store.read(key)[:-1], folder)


def _change(store: ObjectStore, key: str, folder: Path) -> None:
    data = bytearray(store.read(key))
    data[-1] ^= 1
    put(store, key, bytes(data), folder)


@pytest.mark.parametrize(
    ("damage", "fault", "depth"),
    [
        (_take_away, Fault.NO_BYTES, Depth.ROWS),
        (_cut, Fault.WRONG_SIZE, Depth.SIZES),
        (_change, Fault.WRONG_HASH, Depth.HASHES),
    ],
)
def test_each_disagreement_shows_at_its_depth_and_not_before(
    site: Database,
    store: ObjectStore,
    stored: list[dict[str, Any]],
    tmp_path: Path,
    damage: Damage,
    fault: Fault,
    depth: Depth,
) -> None:
    key = stored[1]["key"]
    damage(store, key, tmp_path)
    for tried in Depth:
        found = [(each.key, each.fault) for each in look(site, store, tmp_path, tried)]
        assert found == ([(key, fault)] if tried >= depth else [])


@pytest.mark.parametrize("store", ["s3"], indirect=True)  # of a folder each file is looked at, which is no request
def test_a_store_is_asked_for_the_sizes_of_a_folder_together(
    site: Database, store: ObjectStore, stored: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(store, "size", asked.append)
    assert look(site, store, tmp_path, Depth.SIZES) == []
    assert asked == []


def test_what_has_no_row_is_found_and_what_is_no_footage_is_nobodys_business(
    site: Database, store: ObjectStore, stored: list[dict[str, Any]], tmp_path: Path
) -> None:
    put(store, "export/list.txt", b"something else", tmp_path)
    put(store, stored[0]["key"] + ".bak", b"a copy", tmp_path)
    lose_the_index(site)
    found = look(site, store, tmp_path, Depth.ROWS)
    assert {each.fault for each in found} == {Fault.NO_ROW}
    assert sorted(each.key for each in found) == [row["key"] for row in stored]


@pytest.mark.parametrize(("is_recorders", "fault"), [(True, Fault.NO_BYTES), (False, Fault.NOT_HERE)])
def test_footage_in_the_spool_is_looked_at_where_it_lies_and_missed_where_it_is_not(
    site: Database, folder_store: FolderStore, tmp_path: Path, is_recorders: bool, fault: Fault
) -> None:
    with site.transaction() as session:
        session.add_all(recorded(tmp_path / "spool", gops(packets(100))))
    first, second = (tmp_path / "spool" / row.key for row in segments(site))
    assert look(site, folder_store, tmp_path) == []
    data = bytearray(first.read_bytes())
    data[-1] ^= 1
    first.write_bytes(bytes(data))
    key = segments(site)[1].key
    put(folder_store, key, second.read_bytes(), tmp_path)
    second.unlink()
    check = Check(site, folder_store, tmp_path / "spool", Depth.HASHES, is_recorders=is_recorders)
    assert [each.fault for each in check.run()] == [Fault.WRONG_HASH], "the other has just been uploaded"
    folder_store.delete(key)
    assert [each.fault for each in check.run()] == [Fault.WRONG_HASH, fault]


@pytest.mark.parametrize("damage", [_cut, _change])
def test_what_a_bucket_has_kept_below_other_bytes_is_offered_and_brought_back(
    site: Database, locking_store: S3Store, tmp_path: Path, damage: Damage
) -> None:
    with site.transaction() as session:
        rows = recorded(tmp_path / "spool", gops(packets(50)))
        session.add_all(rows)
        session.flush()
        for row in rows:
            locking_store.put(row.key, tmp_path / "spool" / row.key, row.sha256)
            row.location = Location.STORED
    key = segments(site)[0].key
    damage(locking_store, key, tmp_path)
    assert [each.fault for each in look(site, locking_store, tmp_path)] == [Fault.COVERED]
    uncovering = Check(site, locking_store, tmp_path / "spool", Depth.HASHES, uncovers=True)
    assert [(each.key, each.fault) for each in uncovering.run()] == [(key, Fault.UNCOVERED)]
    assert look(site, locking_store, tmp_path) == []


class Refusing(FolderStore):
    """Deletes no footage, as a bucket with a retention of its own does."""

    def delete(self, key: str) -> None:
        if key.startswith(CAMERA):
            raise StoreError(f"{key} is locked")
        super().delete(key)


def test_what_the_ledger_says_is_deleted_gets_no_row_though_its_bytes_are_still_there(
    site: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    with site.transaction() as session:
        session.add_all(recorded(tmp_path / "spool", gops(packets(100))))
    while Uploader(site, folder_store, tmp_path / "spool").run_once():
        pass
    month_later = segments(site)[-1].end + timedelta(days=30)
    with pytest.raises(StoreError, match="is locked"):
        Expiry(site, Refusing(folder_store.root), tmp_path / "spool", lambda *_: None).run_once(month_later)
    assert len(list(folder_store.keys(""))) == 2
    assert recover(site, folder_store, NOW).counts == {Found.DELETED: 2}
    assert look(site, folder_store, tmp_path, Depth.ROWS) == []
    assert segments(site) == []
