"""A store that is away for a day costs nothing: what was recorded meanwhile gets there, each byte of it."""

import signal
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from ingest.video.frames import from_us, to_us
from ingest.video.gaps import GapKeeper
from ingest.video.intake import Intake
from ingest.video.journal import Journal
from ingest.video.spool_files import segment_files
from ingest.video.uploader import AT_ONCE, JOB, Uploader
from ingest.video.writer import settle
from storage.database import Database
from storage.failures import Failures, failures_told
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.intervals import Span, merge
from storage.models import GapCause, Location, Segment
from storage.objects import ObjectStore, StoreError
from storage.s3_store import S3Store
from tests.ingest.video.encoded import START, gops, packets
from tests.ingest.video.evidence import assert_every_row_has_its_bytes, gaps, segments, stored
from tests.ingest.video.spooled import put, some_gops, write
from tests.sample import CAMERA
from tests.servers import LIMIT_S, S3Server, wait_until

SEGMENT_SECONDS = 60
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def store_of(s3: S3Server) -> S3Store:
    return S3Store(s3.endpoint, s3.bucket, s3.access_key, s3.secret_key, secure=False)


def record(spool: Path, journal: Journal, length: timedelta) -> None:
    """A camera's footage of that time, one segment each minute, as fast as the disk takes it."""
    gop = gops(packets(2 * SEGMENT_SECONDS, gop=SEGMENT_SECONDS, fps=1))[0]
    intake = Intake(CAMERA, spool, SEGMENT_SECONDS, 1, GapKeeper(CAMERA, START), journal.put)
    for n in range(length // timedelta(seconds=SEGMENT_SECONDS)):
        wall_us = to_us(START) + n * SEGMENT_SECONDS * 1_000_000
        intake.record(replace(gop, wall_us=wall_us), from_us(wall_us))
    intake.close(GapCause.RECORDER_STOPPED, START + length)


def nothing_waits(database: Database) -> bool:
    with database.transaction() as session:
        return session.exec(select(Segment.id).where(Segment.location == Location.SPOOL).limit(1)).first() is None


def assert_nothing_is_lost(database: Database, store: ObjectStore, spool: Path, length: timedelta) -> None:
    rows = segments(database)
    assert {row.location for row in rows} == {Location.STORED}
    assert merge(Span(row.start, row.end) for row in rows) == [Span(START, START + length)]
    assert [gap.cause for gap in gaps(database)] == [GapCause.RECORDER_STOPPED]
    assert segment_files(spool) == []
    assert_every_row_has_its_bytes(Footage(database, store, spool))


def test_a_day_without_s3_loses_nothing(postgres_site: Database, s3: S3Server, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    with closing(store_of(s3)) as store:
        uploader = Uploader(postgres_site, store, spool, longest_wait_s=0.1)
        journal = Journal(postgres_site, spool, uploader.wake)
        s3.kill()
        journal.start()
        uploader.start()
        record(spool, journal, DAY)
        wait_until(lambda: journal.waiting == 0)
        assert stored(postgres_site) == []
        s3.start()
        wait_until(lambda: nothing_waits(postgres_site), 300, pause_s=0.5)
        journal.stop()
        uploader.stop()
        assert_nothing_is_lost(postgres_site, store, spool, DAY)


def test_a_folder_that_is_no_folder_for_hours_loses_nothing(site: Database, tmp_path: Path) -> None:
    spool, root = tmp_path / "spool", tmp_path / "store"
    store = FolderStore(root)
    root.write_bytes(b"in the way of the folder")
    uploader = Uploader(site, store, spool, longest_wait_s=0.1)
    journal = Journal(site, spool, uploader.wake)
    journal.start()
    uploader.start()
    record(spool, journal, 2 * HOUR)
    wait_until(lambda: journal.waiting == 0)
    assert stored(site) == []
    root.unlink()
    wait_until(lambda: nothing_waits(site))
    journal.stop()
    uploader.stop()
    assert_nothing_is_lost(site, store, spool, 2 * HOUR)


def test_a_store_that_hangs_keeps_no_camera_waiting(site: Database, s3: S3Server, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    with closing(store_of(s3)) as store:
        uploader = Uploader(site, store, spool)
        journal = Journal(site, spool, uploader.wake)
        s3.signal(signal.SIGSTOP)
        journal.start()
        uploader.start()
        record(spool, journal, HOUR)
        wait_until(lambda: journal.waiting == 0)
        assert len(segments(site)) == HOUR // timedelta(seconds=SEGMENT_SECONDS)
        assert stored(site) == []
        s3.signal(signal.SIGCONT)
        wait_until(lambda: nothing_waits(site))
        journal.stop()
        uploader.stop()
        assert_nothing_is_lost(site, store, spool, HOUR)


def test_a_store_that_hangs_is_told_while_it_hangs(site: Database, s3: S3Server, tmp_path: Path) -> None:
    """Whoever waits for its answers learns of it only when its own patience is at an end, after minutes."""
    spool, failures = tmp_path / "spool", Failures()
    with closing(store_of(s3)) as store:
        uploader = Uploader(site, store, spool, failures=failures, hangs_after_s=0.5)
        journal = Journal(site, spool, uploader.wake)
        s3.signal(signal.SIGSTOP)
        journal.start()
        uploader.start()
        record(spool, journal, HOUR)
        wait_until(lambda: [failure.count > 1 for failure in failures_told(failures.told())] == [True])
        (failure,) = failures_told(failures.told())
        assert (failure.job, failure.at_once) == (JOB, False)
        assert "has not answered" in failure.error
        s3.signal(signal.SIGCONT)
        wait_until(lambda: nothing_waits(site) and not failures.told())
        journal.stop()
        uploader.stop()


class Noting(Failures):
    def __init__(self) -> None:
        super().__init__()
        self.is_over = threading.Event()

    def succeeded(self, job: str) -> None:
        super().succeeded(job)
        self.is_over.set()


class Slow(FolderStore):
    """Answers for the first time when it is told that it hangs, and again when that is over."""

    def __init__(self, root: Path, failures: Noting) -> None:
        super().__init__(root)
        self._turn, self._failures, self._answered = threading.Lock(), failures, False

    def put(self, key: str, source: Path, sha256: str) -> None:
        with self._turn:
            wait_until(self._failures.is_over.is_set if self._answered else lambda: bool(self._failures.told()))
            self._answered = True
            super().put(key, source, sha256)


def test_a_store_that_hung_is_told_to_work_at_its_first_answer(site: Database, tmp_path: Path) -> None:
    """A batch of a slow store takes minutes: it must not stand as failing until then."""
    spool, failures = tmp_path / "spool", Noting()
    keys = waiting_in(spool, site, 6)
    uploader = Uploader(site, Slow(tmp_path / "store", failures), spool, failures=failures, hangs_after_s=0.2)
    assert uploader.run_once() == len(keys)


class Narrow(FolderStore):
    """Answers no put before `AT_ONCE` of them wait side by side, and notes what came in which order."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked: list[str] = []
        self._together = threading.Barrier(AT_ONCE, timeout=LIMIT_S)

    def put(self, key: str, source: Path, sha256: str) -> None:
        self.asked.append(key)
        self._together.wait()
        super().put(key, source, sha256)


def waiting_in(spool: Path, database: Database, count: int) -> list[str]:
    """The keys of so many segments, oldest first, written down youngest first."""
    keys: list[str] = []
    for sequence in reversed(range(count)):
        finished = write(spool, sequence, some_gops(2 * sequence))
        settle(spool, finished.key)
        put(database, finished)
        keys.insert(0, finished.key)
    return keys


def test_the_oldest_go_first_and_some_at_a_time(site: Database, tmp_path: Path) -> None:
    keys = waiting_in(tmp_path / "spool", site, 2 * AT_ONCE)
    store = Narrow(tmp_path / "store")
    assert Uploader(site, store, tmp_path / "spool").run_once() == len(keys)
    assert set(store.asked[:AT_ONCE]) == set(keys[:AT_ONCE])
    assert sorted(store.asked) == keys


class Dying(FolderStore):
    """Takes some objects and is then away."""

    takes = 2

    def put(self, key: str, source: Path, sha256: str) -> None:
        if self.takes == 0:
            raise StoreError("away")
        self.takes -= 1
        super().put(key, source, sha256)

    def check(self) -> None:
        raise StoreError("away")


def test_what_came_through_before_the_store_went_away_is_written_down(site: Database, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    keys = waiting_in(spool, site, 6)
    with pytest.raises(StoreError):
        Uploader(site, Dying(tmp_path / "store"), spool).run_once()
    assert len(stored(site)) == 2
    assert len(segment_files(spool)) == len(keys) - 2


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_a_copy_that_the_disk_has_damaged_is_not_stored_and_stays(
    site: Database, tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    store: ObjectStore = request.getfixturevalue(f"{kind}_store")
    spool = tmp_path / "spool"
    damaged, whole = waiting_in(spool, site, 2)
    content = bytearray((spool / damaged).read_bytes())
    content[-1] ^= 1
    (spool / damaged).write_bytes(content)
    assert Uploader(site, store, spool).run_once() == 1
    assert [row.key for row in stored(site)] == [whole]
    assert (spool / damaged).read_bytes() == content
    assert store.size(damaged) is None
