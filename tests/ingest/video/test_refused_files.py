"""What the disk does not let be read, kept or removed holds up nothing else, is told, and is tried again."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select, update

from ingest.video import leftovers
from ingest.video.files_before import FilesBefore
from ingest.video.frames import from_us
from ingest.video.gaps import GapClosed, GapOpened
from ingest.video.missing_files import decide_missing, reconcile_rows
from ingest.video.reconcile import reconcile_files
from ingest.video.recorder import CameraFeed
from ingest.video.refused_files import RefusedFiles
from ingest.video.resuming import resume
from ingest.video.spool_files import always, segment_files
from ingest.video.uploader import Uploader
from ingest.video.writer import FinishedSegment, part_path, settle
from storage.database import Database
from storage.failures import Failure, Failures, failures_told
from storage.folder_store import FolderStore
from storage.models import MAX_SEGMENT_SECONDS, GapCause, Location, Node, Segment
from tests.ingest.video.encoded import START
from tests.ingest.video.evidence import causes, gaps, segments
from tests.ingest.video.recording import recording
from tests.ingest.video.small_disk import read_only
from tests.ingest.video.spooled import put, some_gops, write
from tests.sample import CAMERA
from tests.servers import wait_until

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
OTHER_DAY_S = 86_400
TOO_LONG = f"{CAMERA}/{'n' * 300}.mp4"
"""A name of which the disk does not say whether it is there."""


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> Failures:
    """Of a process that tries again at once what the disk has refused."""
    monkeypatch.setattr("ingest.video.refused_files.AGAIN_S", 0.0)
    return Failures()


def told(failures: Failures) -> list[Failure]:
    return list(failures_told(failures.told()))


def before(database: Database, spool: Path, failures: Failures) -> FilesBefore:
    return FilesBefore(database, spool, RefusedFiles(failures), always, lambda _camera, _number: False)


def recorded(database: Database, spool: Path, number: int, seconds_later: float, location: Location) -> FinishedSegment:
    """With its row."""
    segment = write(spool, number, some_gops(seconds_later))
    settle(spool, segment.key)
    put(database, segment)
    with database.transaction() as session:
        session.exec(update(Segment).values(location=location))
    return segment


def test_a_copy_that_cannot_be_removed_keeps_no_file_from_getting_its_row_and_goes_when_it_can(
    site: Database, tmp_path: Path, failures: Failures
) -> None:
    copy = tmp_path / recorded(site, tmp_path, 1, 0, Location.STORED).key
    write(tmp_path, 2, some_gops(OTHER_DAY_S))
    files = before(site, tmp_path, failures)
    with read_only(copy.parent):
        files.reconcile()
        assert [row.sequence for row in segments(site)] == [1, 2]
        files.look_again(NOW)
    [failure] = told(failures)
    assert (failure.job, failure.error) == (
        "spool_files",
        f"OSError: left as they are: 1, such as {copy}: Read-only file system",
    )
    files.look_again(NOW)
    assert told(failures) == []
    assert not copy.exists()


def test_a_file_without_a_row_that_cannot_be_kept_is_a_gap_until_it_can(
    site: Database, tmp_path: Path, failures: Failures
) -> None:
    segment = write(tmp_path, 1, some_gops())
    part = part_path(tmp_path, segment.key)
    files = before(site, tmp_path, failures)
    with read_only(part.parent):
        files.reconcile()
        assert (segments(site), [gap.detail for gap in gaps(site)]) == ([], ["file not readable"])
    files.look_again(NOW)
    assert [row.sequence for row in segments(site)] == [1]
    [rest] = gaps(site)
    assert (rest.start, rest.end) == (from_us(segment.end_us), START + timedelta(seconds=MAX_SEGMENT_SECONDS))
    assert told(failures) == []
    assert [row.recording.sequence for row in files.adopted] == [1]


def test_a_folder_in_a_files_place_costs_nothing_and_the_file_gets_its_name_when_that_is_free(
    site: Database, tmp_path: Path, failures: Failures
) -> None:
    segment = write(tmp_path, 1, some_gops())
    put(site, segment)
    (tmp_path / segment.key).mkdir()
    write(tmp_path, 2, some_gops(10))
    files = before(site, tmp_path, failures)
    files.reconcile()
    files.look_again(NOW)
    assert [row.sequence for row in segments(site)] == [1, 2]
    assert part_path(tmp_path, segment.key).stat().st_size == segment.size
    assert "Is a directory" in told(failures)[0].error
    (tmp_path / segment.key).rmdir()
    files.look_again(NOW)
    assert (tmp_path / segment.key).stat().st_size == segment.size
    assert told(failures) == []


def test_a_folder_in_a_files_place_is_not_taken_for_the_file(
    site: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    segment = recorded(site, tmp_path, 1, 0, Location.SPOOL)
    (tmp_path / segment.key).unlink()
    (tmp_path / segment.key).mkdir()
    decide_missing(site, folder_store, tmp_path, segment.key)
    assert (segments(site), [gap.detail for gap in gaps(site)]) == ([], ["file lost"])


def test_a_file_that_the_disk_says_nothing_of_keeps_no_other_from_being_missed(
    site: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    for number in (1, 2):
        (tmp_path / recorded(site, tmp_path, number, 10 * number, Location.SPOOL).key).unlink()
    with site.transaction() as session:
        session.exec(update(Segment).where(Segment.sequence == 1).values(key=TOO_LONG))  # type: ignore[arg-type]
    refused: list[Path] = []
    reconcile_rows(site, folder_store, tmp_path, [CAMERA], on_refused=lambda path, _error: refused.append(path))
    assert refused == [tmp_path / TOO_LONG]
    assert [row.sequence for row in segments(site)] == [1], "nobody knows that it is lost"
    assert causes(site) == [GapCause.UNKNOWN]


def test_a_file_that_the_disk_says_nothing_of_keeps_no_other_from_the_store(
    site: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    for number in (1, 2):
        recorded(site, tmp_path, number, 10 * number, Location.SPOOL)
    with site.transaction() as session:
        session.exec(update(Segment).where(Segment.sequence == 1).values(key=TOO_LONG))  # type: ignore[arg-type]
    failures = Failures()
    uploader = Uploader(site, folder_store, tmp_path, lambda: {CAMERA}, failures=failures)
    uploader.start()
    wait_until(lambda: [row.location for row in segments(site)] == [Location.SPOOL, Location.STORED])
    wait_until(lambda: told(failures) != [])
    uploader.stop()
    assert TOO_LONG[:200] in told(failures)[0].error


def test_a_copy_that_the_uploader_cannot_remove_keeps_no_other_in_the_spool_and_goes_when_it_can(
    site: Database, folder_store: FolderStore, tmp_path: Path, failures: Failures
) -> None:
    spool = tmp_path / "spool"
    first, _ = (recorded(site, spool, n, OTHER_DAY_S * n, Location.SPOOL) for n in (1, 2))
    refused = RefusedFiles(failures)
    files = FilesBefore(site, spool, refused, always, lambda _camera, _number: True)
    with read_only((spool / first.key).parent):
        assert Uploader(site, folder_store, spool, on_refused=refused.note).run_once() == 2
    assert {row.location for row in segments(site)} == {Location.STORED}
    assert segment_files(spool) == [spool / first.key]
    files.look_again(NOW)
    assert segment_files(spool) == []


def test_gaps_that_cannot_be_read_back_keep_the_recorder_from_nothing_and_are_told(
    site: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    (tmp_path / "spool" / leftovers.NAME).mkdir(parents=True)
    segment = write(tmp_path / "spool", 1, some_gops())
    with recording(site, folder_store, tmp_path, []):
        wait_until(lambda: [row.location for row in segments(site)] == [Location.STORED])
        wait_until(lambda: "Is a directory" in failing(site).get("spool_files", ""))
    assert [row.key for row in segments(site)] == [segment.key]
    assert (tmp_path / "spool" / leftovers.NAME).is_dir()


def test_gaps_that_can_be_read_back_later_take_the_place_of_what_was_guessed(
    site: Database, tmp_path: Path, failures: Failures
) -> None:
    """The recorder ended in order, with the camera away; to the next start it looked like a crash."""
    put(site, write(tmp_path, 1, some_gops()))
    ended = segments(site)[0].end
    away, stopped, began, back = (ended + timedelta(seconds=s) for s in (60, 90, 200, 230))
    file = tmp_path / leftovers.NAME
    file.mkdir()
    files = before(site, tmp_path, failures)
    files.reconcile()
    guess = resume(site, CAMERA, away, [], began).start.open_gap
    assert guess is not None
    file.rmdir()
    left: list[leftovers.Leftover] = [
        GapOpened(CAMERA, away, GapCause.CAMERA_UNREACHABLE, "no answer"),
        GapClosed(CAMERA, away, stopped),
        GapOpened(CAMERA, stopped, GapCause.RECORDER_STOPPED),
    ]
    leftovers.keep(tmp_path, left)
    files.look_again(NOW)
    assert "when its cameras are recorded again" in told(failures)[0].error
    assert causes(site) == [GapCause.RECORDER_CRASHED]
    put(site, GapClosed(CAMERA, guess.start, back))
    put(site, write(tmp_path, 2, some_gops((back - START).total_seconds())))
    files.look_again(NOW)
    assert [(gap.cause, gap.start, gap.end) for gap in gaps(site)] == [
        (GapCause.RECORDER_CRASHED, guess.start, away),
        (GapCause.CAMERA_UNREACHABLE, away, stopped),
        (GapCause.RECORDER_STOPPED, stopped, back),
    ]
    assert (told(failures), file.exists()) == ([], False)


def test_gaps_that_the_disk_has_damaged_are_left_out(tmp_path: Path) -> None:
    whole = GapOpened(CAMERA, START, GapCause.RECORDER_STOPPED)
    leftovers.keep(tmp_path, [whole, whole])
    file = tmp_path / leftovers.NAME
    file.write_bytes(b"\xff" * 40 + file.read_bytes()[40:])
    assert leftovers.kept(tmp_path) == [whole]


class Unforeseen(FolderStore):
    """Raises what no store should, until it is mended."""

    broken = True

    def size(self, key: str) -> int | None:
        if self.broken:
            raise RuntimeError("nobody has thought of this")
        return super().size(key)


def test_a_recorder_that_cannot_bring_spool_and_database_together_is_told_until_it_can(
    site: Database, tmp_path: Path
) -> None:
    store = Unforeseen(tmp_path / "store")
    segment = recorded(site, tmp_path / "spool", 1, 0, Location.SPOOL)
    (tmp_path / "spool" / segment.key).unlink()
    with recording(site, store, tmp_path, [CameraFeed(CAMERA, "rtsp://127.0.0.1:1/none", enabled=False)]):
        wait_until(lambda: failing(site) == {"supervision": "RuntimeError: nobody has thought of this"})
        store.broken = False
        wait_until(lambda: failing(site) == {})
    assert [gap.detail for gap in gaps(site)] == ["file lost"]


def failing(database: Database) -> dict[str, str]:
    """Errors of the recorder's jobs."""
    with database.transaction() as session:
        return {f.job: f.error for node in session.exec(select(Node)) for f in failures_told(node.detail)}


def test_what_was_tried_in_vain_because_of_the_database_stays_to_be_tried(failures: Failures, tmp_path: Path) -> None:
    refused = RefusedFiles(failures)
    refused.note(tmp_path / "a.mp4", OSError(5, "Input/output error"))
    with pytest.raises(ValueError, match="away"):
        refused.try_again(lambda _paths: (_ for _ in ()).throw(ValueError("away")))
    tried: list[Path] = []
    refused.try_again(tried.extend)
    refused.try_again(tried.extend)
    assert tried == [tmp_path / "a.mp4"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_cannot_be_read_is_told_and_looked_into_when_it_can(
    site: Database, tmp_path: Path, failures: Failures
) -> None:
    folder = (tmp_path / write(tmp_path, 1, some_gops()).key).parent
    (tmp_path / "lost+found").mkdir(mode=0)
    folder.chmod(0)
    files = before(site, tmp_path, failures)
    files.reconcile()
    folder.chmod(0o700)
    files.look_again(NOW)
    assert [row.sequence for row in segments(site)] == [1]
    assert told(failures) == []


def test_what_was_found_before_the_database_went_away_is_remembered(site: Database, tmp_path: Path) -> None:
    write(tmp_path, 1, some_gops())
    found: list[FinishedSegment] = []
    with pytest.raises(ZeroDivisionError):
        reconcile_files(site, tmp_path, go_on=lambda: bool(1 / (2 - len(found) * 2)) or True, found=found)
    assert [segment.recording.sequence for segment in found] == [1]
