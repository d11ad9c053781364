"""A database that neither answers nor refuses, as on a machine that hangs: recording goes on, and ends as it should."""

import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest

from ingest.video.spool_files import segment_files
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.migrate import upgrade
from storage.models import GapCause
from storage.segment_bytes import PART
from tests.conftest import a_postgres_server, create_database
from tests.ingest.video.evidence import (
    assert_every_row_has_its_bytes,
    assert_every_second_is_explained,
    causes,
    segments,
)
from tests.ingest.video.recorder_process import Order, start_recorder
from tests.ingest.video.recording import RtspClock
from tests.sample import a_hall
from tests.servers import LIMIT_S, PostgresServer, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One that may be frozen."""
    with a_postgres_server() as running:
        yield running


def test_a_recorder_of_a_frozen_database_keeps_its_files_and_ends_in_order(
    server: PostgresServer, clock_camera: RtspClock, tmp_path: Path
) -> None:
    create_database(server, "site")
    order = Order(database=server.url("site"), folder=str(tmp_path), url=clock_camera.url)
    spool = tmp_path / "spool"
    with closing(Database(server.url("site"))) as database:
        upgrade(database)
        with database.transaction() as session:
            a_hall(session)
        recorder = start_recorder(order)
        wait_until(lambda: len(segments(database)) >= 3)
        written = len(segments(database))

        server.signal(signal.SIGSTOP)
        settled = {path.name for path in segment_files(spool) if path.suffix != PART}
        wait_until(lambda: len({path.name for path in segment_files(spool) if path.suffix != PART} - settled) >= 3)
        whole = {path.name for path in segment_files(spool) if path.suffix != PART}
        recorder.terminate()
        recorder.wait(LIMIT_S)
        stopped = datetime.now(UTC)
        assert all(path.suffix != PART for path in segment_files(spool))

        server.signal(signal.SIGCONT)
        recorder = start_recorder(order)
        wait_until(lambda: len(segments(database)) >= written + 5 and segments(database)[-1].start > stopped)
        recorder.terminate()
        recorder.wait(LIMIT_S)
        assert_every_second_is_explained(database, datetime.now(UTC))
        assert set(causes(database)) == {GapCause.RECORDER_STOPPED}
        assert whole <= {PurePosixPath(segment.key).name for segment in segments(database)}
        assert_every_row_has_its_bytes(Footage(database, FolderStore(tmp_path / "store"), spool))
