"""A recorder that ends or starts while the database is away: what it knew is not forgotten."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.video import leftovers
from ingest.video.gaps import GapClosed, GapOpened, Lost
from ingest.video.journal import Journal, write_leftovers
from ingest.video.reconcile import reconcile_files
from ingest.video.spool_files import segment_files
from ingest.video.writer import settle
from storage.database import Database
from storage.models import GapCause
from tests.ingest.video.encoded import START
from tests.ingest.video.evidence import causes, gaps, segments
from tests.ingest.video.spooled import some_gops, write
from tests.sample import CAMERA
from tests.servers import wait_until


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


OPENED = GapOpened(CAMERA, at(0), GapCause.CAMERA_UNREACHABLE, "无应答")
CLOSED = GapClosed(CAMERA, at(0), at(5))
LOST = Lost(CAMERA, at(5), at(7), GapCause.DISK_FULL, "no room")
STOPPED = GapOpened(CAMERA, at(9), GapCause.RECORDER_STOPPED)


def test_what_is_kept_comes_back_in_order_and_what_is_kept_later_follows(tmp_path: Path) -> None:
    leftovers.keep(tmp_path, [OPENED, CLOSED])
    leftovers.keep(tmp_path, [])
    leftovers.keep(tmp_path, [LOST, STOPPED])
    assert leftovers.kept(tmp_path) == [OPENED, CLOSED, LOST, STOPPED]
    leftovers.forget(tmp_path)
    assert leftovers.kept(tmp_path) == []


def test_a_line_that_a_crash_cut_off_is_left_out(tmp_path: Path) -> None:
    leftovers.keep(tmp_path, [OPENED, STOPPED])
    file = tmp_path / leftovers.NAME
    file.write_text(file.read_text("utf-8")[:-20] + "\n[]\n{}\n", "utf-8")
    with capture_logs() as logs:
        assert leftovers.kept(tmp_path) == leftovers.kept(tmp_path) == [OPENED]
    assert logs == []  # whoever looks again and again tells nothing each time
    with capture_logs() as logs:
        leftovers.forget(tmp_path)
    assert [each["event"] for each in logs] == ["leftover_not_readable"] * 3


def test_a_journal_that_may_not_write_yet_puts_segments_on_the_disk_and_leaves_gaps_to_the_next_start(
    site: Database, tmp_path: Path
) -> None:
    finished = write(tmp_path, 1, some_gops())
    journal = Journal(site, tmp_path, lambda: None, held=True)
    journal.start()
    for entry in (OPENED, CLOSED, finished, STOPPED):
        journal.put(entry)
    journal.stop()
    assert (tmp_path / finished.key).exists()
    assert (gaps(site), segments(site)) == ([], [])
    write_leftovers(site, tmp_path)
    assert causes(site) == [GapCause.CAMERA_UNREACHABLE, GapCause.RECORDER_STOPPED]
    assert leftovers.kept(tmp_path) == []


def test_of_many_segments_that_wait_memory_keeps_no_more_than_where_they_are(
    site: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.video.journal.KEPT_WHOLE", 2)
    some = [write(tmp_path, number, some_gops(number)) for number in range(1, 7)]
    journal = Journal(site, tmp_path, lambda: None, held=True)
    journal.start()
    for segment in some:
        journal.put(segment)
    journal.put(STOPPED)
    wait_until(lambda: all((tmp_path / segment.key).exists() for segment in some))
    (tmp_path / some[4].key).unlink()
    wait_until(lambda: journal.waiting == len(some) + 1)
    journal.release()
    wait_until(lambda: journal.waiting == 0)
    journal.stop()
    there = [segment for segment in some if segment is not some[4]]
    assert [row.model_dump(exclude={"id"}) for row in segments(site)] == [segment.columns() for segment in there]
    [missing, _] = gaps(site)
    assert (missing.start, missing.end) == (some[4].row().start, some[4].row().end)
    assert "No such file" in missing.detail


def test_a_released_journal_writes_what_it_held(site: Database, tmp_path: Path) -> None:
    journal = Journal(site, tmp_path, lambda: None, held=True)
    journal.start()
    journal.put(STOPPED)
    journal.release()
    journal.stop()
    assert causes(site) == [GapCause.RECORDER_STOPPED]
    assert leftovers.kept(tmp_path) == []


def test_leftovers_that_the_database_refuses_hold_up_nothing_and_stay(site: Database, tmp_path: Path) -> None:
    for camera in ("removed", "removed later"):
        leftovers.keep(tmp_path, [GapOpened(camera, at(0), GapCause.UNKNOWN)])
        write_leftovers(site, tmp_path)
    assert gaps(site) == []
    assert leftovers.kept(tmp_path) == []
    refused = (tmp_path / leftovers.REFUSED).read_text("utf-8").splitlines()
    assert ["removed later" in line for line in refused] == [False, True], "each refusal is kept"


def test_what_is_being_recorded_meanwhile_is_not_taken_for_a_leftover(site: Database, tmp_path: Path) -> None:
    before = write(tmp_path, 1, some_gops())
    files = segment_files(tmp_path)
    settle(tmp_path, before.key)
    now = write(tmp_path, 2, some_gops(5))
    assert [found.recording.sequence for found in reconcile_files(site, tmp_path, files)] == [1]
    assert (tmp_path / (now.key + ".part")).exists()
    assert gaps(site) == []
