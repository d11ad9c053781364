"""What could not be read is kept as long as the camera's footage, then goes, and the ledger says so."""

import errno
import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from ingest.video import quarantine
from ingest.video.quarantine import Quarantine, lying
from ingest.video.spool_files import QUARANTINE
from storage.database import Database
from storage.deletion_pause import pause_deletion
from storage.deletions import Shredder
from storage.expiry import Guard
from storage.folder_store import FolderStore
from storage.holds import lift_hold, set_hold
from storage.models import DEFAULT_DAYS, Deletion, FootageKind, Hold, RetentionRule
from storage.objects import sha256_of
from tests.ingest.video.encoded import START
from tests.ingest.video.small_disk import read_only
from tests.sample import CAMERA, HALL
from tests.storage.recorded import a_user

LENGTH = timedelta(seconds=7)
NAME = f"{CAMERA}/{START:%Y/%m/%d/%H%M%S}-000000001.mp4"
KEY = f"{QUARANTINE}/{NAME}"
DUE = START + LENGTH + timedelta(days=DEFAULT_DAYS)
SECOND = timedelta(seconds=1)


def put_aside(spool: Path, name: str = NAME) -> Path:
    path = spool / QUARANTINE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"noise")
    os.utime(path, ((START + LENGTH).timestamp(),) * 2)
    return path


def expire(database: Database, spool: Path, now: datetime) -> int:
    return Quarantine(database, spool, Guard(database)).run_once(now)


def ledger(database: Database) -> list[Deletion]:
    with database.transaction() as session:
        return list(session.exec(select(Deletion)))


def test_a_file_goes_when_the_camera_s_footage_of_then_would_and_the_ledger_proves_it(
    site: Database, tmp_path: Path
) -> None:
    path = put_aside(tmp_path)
    assert expire(site, tmp_path, DUE - SECOND) == 0
    assert path.exists()
    assert expire(site, tmp_path, DUE) == 1
    assert not path.exists()
    (row,) = ledger(site)
    assert (row.camera_id, row.start, row.end, row.key) == (CAMERA, START, START + LENGTH, KEY)
    assert (row.sha256, row.size, row.days) == (hashlib.sha256(b"noise").hexdigest(), 5, DEFAULT_DAYS)
    assert (row.ordered_at, row.confirmed_at) == (DUE, DUE)
    assert expire(site, tmp_path, DUE + SECOND) == 0


def test_a_file_that_the_disk_does_not_let_go_keeps_no_other_and_is_told(site: Database, tmp_path: Path) -> None:
    stuck = put_aside(tmp_path)
    other = put_aside(tmp_path, NAME.replace("/05/", "/06/"))
    later = DUE + timedelta(days=2)
    with read_only(stuck.parent), pytest.raises(OSError, match=r"Read-only.*000000001"):
        expire(site, tmp_path, later)
    assert (stuck.exists(), other.exists()) == (True, False)
    assert [row.confirmed_at for row in ledger(site)] == [None, later]
    assert expire(site, tmp_path, later + SECOND) == 1
    assert not stuck.exists()


def test_a_file_that_the_disk_cannot_read_goes_when_it_is_due(
    site: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is due all the same: the ledger has all of it but its checksum."""
    unread, other = put_aside(tmp_path), put_aside(tmp_path, NAME.replace("/05/", "/06/"))

    def failing(path: Path) -> str:
        if path == unread:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return sha256_of(path)

    monkeypatch.setattr(quarantine, "sha256_of", failing)
    assert expire(site, tmp_path, DUE - SECOND) == 0
    assert expire(site, tmp_path, DUE + timedelta(days=2)) == 2
    assert (unread.exists(), other.exists()) == (False, False)
    assert [(row.sha256 == "", row.size, row.key == KEY) for row in ledger(site)] == [
        (True, 5, True),
        (False, 5, False),
    ]


def test_the_rule_of_its_hall_decides(site: Database, tmp_path: Path) -> None:
    with site.transaction() as session:
        session.add(RetentionRule(hall_id=HALL, kind=FootageKind.PLAIN, days=90, valid_from=START))
    put_aside(tmp_path)
    assert expire(site, tmp_path, DUE) == 0
    assert expire(site, tmp_path, START + LENGTH + timedelta(days=90)) == 1


def test_what_is_held_stays_until_the_hold_is_lifted(site: Database, tmp_path: Path) -> None:
    with site.transaction() as session:
        user = a_user(session)
        hold = set_hold(
            session,
            Hold(camera_id=CAMERA, start=START, end=START + SECOND, reason="why", owner_id=user, set_at=START),
        )
    put_aside(tmp_path)
    assert expire(site, tmp_path, DUE) == 0
    with site.transaction() as session:
        lift_hold(session, session.merge(hold), user, DUE)
    assert expire(site, tmp_path, DUE) == 1


def test_while_nothing_may_be_deleted_it_stays(site: Database, tmp_path: Path) -> None:
    with site.transaction() as session:
        pause_deletion(session, START)
    path = put_aside(tmp_path)
    assert expire(site, tmp_path, DUE) == 0
    assert path.exists()
    assert ledger(site) == []


@pytest.mark.parametrize("name", ["noise.bin", NAME.replace(CAMERA, "nobody"), f"{CAMERA}/readme.mp4"])
def test_what_is_of_no_camera_and_no_time_stays(site: Database, tmp_path: Path, name: str) -> None:
    path = put_aside(tmp_path, name)
    assert expire(site, tmp_path, DUE + timedelta(days=4000)) == 0
    assert path.exists()


def test_a_part_of_a_file_and_a_second_one_of_the_same_name_go_too(site: Database, tmp_path: Path) -> None:
    for suffix in (".part", ".from-1234", ".2"):
        put_aside(tmp_path, NAME + suffix)
    assert {aside.span.start for aside in lying(tmp_path)} == {START}
    assert expire(site, tmp_path, DUE) == 3
    assert {row.key for row in ledger(site)} == {KEY + suffix for suffix in (".part", ".from-1234", ".2")}


class Killed(Exception):
    pass


@pytest.mark.parametrize("is_unlinked", [False, True])
def test_who_is_killed_between_ledger_and_confirmation_is_followed_by_one_who_ends_it(
    site: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_unlinked: bool
) -> None:
    path = put_aside(tmp_path)

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(quarantine, "confirm", die) if is_unlinked else dying.setattr(Path, "unlink", die)
        with pytest.raises(Killed):
            expire(site, tmp_path, DUE)
    assert path.exists() is not is_unlinked
    assert [row.confirmed_at for row in ledger(site)] == [None]
    assert expire(site, tmp_path, DUE + SECOND) == 1
    assert not path.exists()
    assert [(row.ordered_at, row.confirmed_at) for row in ledger(site)] == [(DUE, DUE + SECOND)]


def test_who_empties_the_store_confirms_nothing_that_lies_in_a_recorder_s_spool(
    site: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may run on another machine."""
    put_aside(tmp_path / "recorder")

    def die(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(quarantine, "confirm", die)
    with pytest.raises(Killed):
        expire(site, tmp_path / "recorder", DUE)
    assert Shredder(site, FolderStore(tmp_path / "store"), tmp_path / "clerk").run_once(DUE, 10) == 0
    assert [row.confirmed_at for row in ledger(site)] == [None]
