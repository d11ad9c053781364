"""The recorder process is restarted while PostgreSQL is away: no footage is lost, and no cause is wrong."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.simulator.clock_camera import ClockCamera
from ingest.simulator.rtsp_server import RtspServer
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.migrate import upgrade
from storage.models import MAX_SEGMENT_SECONDS, Camera, Gap, GapCause
from tests.conftest import a_postgres_server, create_database
from tests.ingest.video.evidence import (
    assert_every_row_has_its_bytes,
    assert_every_second_is_explained,
    gaps,
    segments,
)
from tests.sample import CAMERA, a_hall
from tests.servers import LIMIT_S, PostgresServer, wait_until

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One that may be stopped."""
    with a_postgres_server() as running:
        yield running


@pytest.fixture
def camera() -> Iterator[str]:
    with RtspServer() as running, ClockCamera(running.mount("/main"), width=320, height=180):
        yield running.url("/main")


@pytest.fixture
def site(server: PostgresServer, camera: str) -> Iterator[Database]:
    create_database(server, "site")
    with closing(Database(server.url("site"))) as database:
        upgrade(database)
        with database.transaction() as session:
            a_hall(session)
            session.get_one(Camera, CAMERA).url = camera
        yield database


@pytest.fixture
def config(server: PostgresServer, tmp_path: Path) -> Path:
    file = tmp_path / "hallwatch.toml"
    text = f'data_dir = "{tmp_path}/data"\n[database]\nurl = "{server.url("site")}"\n[recorder]\nsegment_seconds = 2\n'
    file.write_text(text, "utf-8")
    return file


def start_recorder(config: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "web.one_role", "recorder", str(config)], cwd=ROOT, stdin=subprocess.PIPE
    )


def end(recorder: "subprocess.Popen[bytes]", by: signal.Signals = signal.SIGTERM) -> None:
    recorder.send_signal(by)
    with recorder:
        recorder.wait(LIMIT_S)


def in_spool(config: Path) -> int:
    return len(list((config.parent / "data" / "spool").rglob("*.mp4")))


def length(gap: Gap) -> timedelta:
    return (gap.end or datetime.now(UTC)) - gap.start


@pytest.mark.parametrize(
    ("ended_by", "cause"),
    [(signal.SIGTERM, GapCause.RECORDER_STOPPED), (signal.SIGKILL, GapCause.RECORDER_CRASHED)],
)
def test_a_recorder_restarted_without_its_database_goes_on_recording(
    server: PostgresServer, site: Database, config: Path, ended_by: signal.Signals, cause: GapCause
) -> None:
    recorder = start_recorder(config)
    wait_until(lambda: len(segments(site)) >= 2)
    server.stop()
    wait_until(lambda: in_spool(config) >= 2)
    ended = datetime.now(UTC)
    end(recorder, ended_by)
    before = in_spool(config)
    recorder = start_recorder(config)
    wait_until(lambda: in_spool(config) >= before + 3)
    back = datetime.now(UTC)
    server.start()
    known = len(segments(site))
    wait_until(lambda: len(segments(site)) >= known + before + 3)
    end(recorder)

    assert [gap.cause for gap in gaps(site)] == [cause, GapCause.RECORDER_STOPPED]
    first = gaps(site)[0]
    assert first.end is not None
    assert ended - timedelta(seconds=MAX_SEGMENT_SECONDS) < first.start < first.end < back
    assert_every_second_is_explained(site, datetime.now(UTC))
    data = config.parent / "data"
    assert_every_row_has_its_bytes(Footage(site, FolderStore(data / "store"), data / "spool"))
    assert not list((data / "spool" / "quarantine").rglob("*"))


def test_a_recorder_that_came_and_went_while_the_database_was_away_leaves_no_second_unexplained(
    server: PostgresServer, site: Database, config: Path
) -> None:
    recorder = start_recorder(config)
    wait_until(lambda: len(segments(site)) >= 2)
    server.stop()
    end(recorder)
    before = in_spool(config)
    recorder = start_recorder(config)
    wait_until(lambda: in_spool(config) >= before + 2)
    end(recorder)
    server.start()
    began = datetime.now(UTC)
    recorder = start_recorder(config)
    wait_until(lambda: any(row.start > began for row in segments(site)))
    end(recorder)

    assert {gap.cause for gap in gaps(site)} == {GapCause.RECORDER_STOPPED}
    assert [gap.end is None for gap in gaps(site)] == [False, False, True]
    assert_every_second_is_explained(site, datetime.now(UTC))
