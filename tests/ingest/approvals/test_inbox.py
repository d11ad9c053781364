"""Files dropped into a folder or bucket: each is imported once, whole, and put away with what became of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, select

from ingest.approvals.drop_bucket import DropBucket
from ingest.approvals.inbox import DONE, MAPPING, REASON, REFUSED, REPORT, Inbox
from ingest.approvals.left_over import UNKNOWN_FOLDER
from storage.database import Database
from storage.folder_store import FolderStore
from storage.models import LeftInInbox, Source
from storage.objects import ObjectStore, sha256_of
from storage.sayings import Saying
from tests.ingest.approvals.samples import NOW, SOURCE, a_row, steps
from tests.ingest.approvals.test_importing import a_file

TABLE = "办件,环节,时间\n2026-001,S1,2026-03-02T09:14:05+08:00\n"
MAPPED = '[fields]\ncase = "办件"\nstep = "环节"\nstart = "时间"\n[constants]\nkind = "accept"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / SOURCE).mkdir()
    return tmp_path / SOURCE


def look_twice(database: Database, folder: Path) -> int:
    inbox = Inbox(database, folder.parent)
    return inbox.run_once(NOW) + inbox.run_once(NOW)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_file_that_rests_is_imported_and_put_away_with_its_report(sqlite_platform: Database, folder: Path) -> None:
    a_file(folder / "rows.jsonl", a_row(), a_row(step="S2", kind="no such kind"))
    inbox = Inbox(sqlite_platform, folder.parent)
    assert inbox.run_once(NOW) == 0
    assert inbox.run_once(NOW) == 1
    assert len(steps(sqlite_platform)) == 1
    assert names(folder) == ["20260302T080000Z-rows.jsonl", f"20260302T080000Z-rows.jsonl{REPORT}"]
    report = json.loads((folder / DONE / f"20260302T080000Z-rows.jsonl{REPORT}").read_text())
    assert (report["accepted"], report["rejected_rows"]) == (1, 1)
    assert [(row["line"], row["field"]) for row in report["rejected"]] == [(2, "kind")]
    assert "no such kind" in report["rejected"][0]["row"]
    assert inbox.run_once(NOW) == 0


def test_a_file_that_still_grows_waits(sqlite_platform: Database, folder: Path) -> None:
    path = a_file(folder / "rows.jsonl", a_row())
    inbox = Inbox(sqlite_platform, folder.parent)
    inbox.run_once(NOW)
    with path.open("a") as file:
        file.write(json.dumps(a_row(step="S2")) + "\n")
    assert inbox.run_once(NOW) == 0
    assert inbox.run_once(NOW) == 1
    assert len(steps(sqlite_platform)) == 2


@pytest.mark.parametrize("name", [".hidden.jsonl", "rows.jsonl.part", "rows.jsonl.tmp"])
def test_names_of_unfinished_files_are_left_alone(sqlite_platform: Database, folder: Path, name: str) -> None:
    a_file(folder / name, a_row())
    assert look_twice(sqlite_platform, folder) == 0
    assert names(folder) == [name]


def test_a_link_is_not_followed(sqlite_platform: Database, folder: Path, tmp_path: Path) -> None:
    (folder / "rows.jsonl").symlink_to(a_file(tmp_path / "elsewhere.jsonl", a_row()))
    assert look_twice(sqlite_platform, folder) == 0
    assert steps(sqlite_platform) == []


def test_a_file_that_cannot_be_read_lies_apart_with_the_reason(sqlite_platform: Database, folder: Path) -> None:
    (folder / "film.mp4").write_bytes(b"\x00\x00\x00\x20ftypisom")
    assert look_twice(sqlite_platform, folder) == 1
    assert "ends in .mp4 is not read" in (folder / REFUSED / f"20260302T080000Z-film.mp4{REASON}").read_text()
    assert names(folder / REFUSED) == ["20260302T080000Z-film.mp4", f"20260302T080000Z-film.mp4{REASON}"]
    [(place, name, problem)] = left(sqlite_platform)
    assert (place, name) == (SOURCE, "20260302T080000Z-film.mp4")
    assert "ends in .mp4 is not read" in problem
    (folder / REFUSED / name).unlink()
    look_twice(sqlite_platform, folder)
    assert left(sqlite_platform) == [], "it was taken away"


def left(database: Database) -> list[tuple[str, str, str]]:
    with database.transaction() as session:
        rows = session.exec(select(LeftInInbox).order_by(col(LeftInInbox.id)))
        return [(row.folder, row.file, Saying.from_json(row.problem)) for row in rows]


def test_the_folders_mapping_is_for_tables_alone(sqlite_platform: Database, folder: Path) -> None:
    (folder / MAPPING).write_text(MAPPED)
    (folder / "table.csv").write_text(TABLE)
    a_file(folder / "rows.jsonl", a_row(step="S2"))
    assert look_twice(sqlite_platform, folder) == 2
    assert [step.reference for step in steps(sqlite_platform)] == ["S1", "S2"]
    assert (folder / MAPPING).exists()


def test_tables_wait_for_a_mapping_that_can_be_used(sqlite_platform: Database, folder: Path) -> None:
    (folder / MAPPING).write_text("[fields]\n")
    (folder / "table.csv").write_text(TABLE)
    assert look_twice(sqlite_platform, folder) == 0
    assert "nothing gives the field case" in (folder / f"{MAPPING}{REASON}").read_text()
    assert [(place, name) for place, name, _ in left(sqlite_platform)] == [(SOURCE, MAPPING)]
    (folder / MAPPING).write_text(MAPPED)
    assert look_twice(sqlite_platform, folder) == 1
    assert not (folder / f"{MAPPING}{REASON}").exists()
    assert left(sqlite_platform) == []


def test_a_name_that_comes_again_replaces_nothing(sqlite_platform: Database, folder: Path) -> None:
    for step in ("S1", "S2"):
        a_file(folder / "rows.jsonl", a_row(step=step))
        assert look_twice(sqlite_platform, folder) == 1
    assert len(names(folder / DONE)) == 4


def test_one_that_was_imported_before_a_crash_adds_nothing(
    sqlite_platform: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_file(folder / "rows.jsonl", a_row())
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", _dies)
        with pytest.raises(OSError, match="died"):
            look_twice(sqlite_platform, folder)
    assert path.exists()
    assert look_twice(sqlite_platform, folder) == 1
    assert len(steps(sqlite_platform)) == 1


def _dies(*_: object) -> None:
    raise OSError("died")


def test_folders_of_other_names_are_no_sources_and_named(sqlite_platform: Database, folder: Path) -> None:
    other = folder.with_name("somebody")
    other.mkdir()
    a_file(other / "rows.jsonl", a_row())
    assert look_twice(sqlite_platform, folder) == 0
    assert names(other) == ["rows.jsonl"]
    assert left(sqlite_platform) == [("somebody", "", UNKNOWN_FOLDER)]
    with sqlite_platform.transaction() as session:
        session.add(Source(id="somebody"))
    assert look_twice(sqlite_platform, folder) == 1
    assert left(sqlite_platform) == []


@pytest.fixture(params=["folder", "s3"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    if request.param == "folder":
        yield FolderStore(tmp_path / "bucket")
    else:
        yield request.getfixturevalue("s3_store")


def drop(bucket: ObjectStore, key: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "dropped"
    path.write_bytes(content)
    bucket.put(key, path, sha256_of(path))
    path.unlink(missing_ok=True)


def test_what_is_dropped_into_a_bucket_comes_into_the_folder_and_goes_from_there(
    sqlite_platform: Database, bucket: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.approvals.drop_bucket.PIECE", 50)
    content = (json.dumps(a_row()) + "\n").encode()
    for key in (f"{SOURCE}/rows.jsonl", f"{SOURCE}/{MAPPING}", f"{SOURCE}/deep/er.jsonl", "somebody/rows.jsonl"):
        drop(bucket, key, content, tmp_path)
    inbox = tmp_path / "inbox"
    bringing = DropBucket(sqlite_platform, bucket, inbox)
    assert bringing.run_once(NOW) == 1
    assert bringing.run_once(NOW) == 0
    assert (inbox / SOURCE / "rows.jsonl").read_bytes() == content
    assert bucket.size(f"{SOURCE}/rows.jsonl") is None
    assert bucket.size(f"{SOURCE}/deep/er.jsonl") == len(content)
    assert look_twice(sqlite_platform, inbox / SOURCE) == 1
    assert len(steps(sqlite_platform)) == 1


def test_a_second_object_of_the_name_waits_until_the_first_is_imported(
    sqlite_platform: Database, tmp_path: Path
) -> None:
    bucket, inbox = FolderStore(tmp_path / "bucket"), tmp_path / "inbox"
    bringing = DropBucket(sqlite_platform, bucket, inbox)
    for step in ("S1", "S2"):
        drop(bucket, f"{SOURCE}/rows.jsonl", (json.dumps(a_row(step=step)) + "\n").encode(), tmp_path)
        bringing.run_once(NOW)
    assert bucket.size(f"{SOURCE}/rows.jsonl")
    assert look_twice(sqlite_platform, inbox / SOURCE) == 1
    assert bringing.run_once(NOW) == 1
    assert look_twice(sqlite_platform, inbox / SOURCE) == 1
    assert len(steps(sqlite_platform)) == 2
