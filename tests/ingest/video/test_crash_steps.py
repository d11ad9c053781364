"""A recorder that dies at any step loses nothing that was acknowledged, and the next one explains every second.

`Step` and, in a folder store, `PutStep` name all of them, and a step without a way to reach it fails here.
"""

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.simulator.clock_camera import ClockCamera
from ingest.simulator.rtsp_server import RtspServer
from ingest.video.spool_files import AGAIN, QUARANTINE, segment_files
from ingest.video.steps import Step
from ingest.video.writer import PART
from storage.database import Database
from storage.folder_store import PutStep
from storage.footage import Footage
from storage.s3_store import S3Store
from tests.ingest.video.evidence import (
    assert_every_row_has_its_bytes,
    assert_every_second_is_explained,
    assert_every_segment_plays,
    segments,
)
from tests.ingest.video.recorder_process import Order, start_recorder
from tests.servers import LIMIT_S, S3Server, wait_until

ORDERLY = 0
START_OF_A_FRAGMENT = b"\x00\x00\x00\x28prft\x01\x00"


@dataclass(frozen=True)
class Node:
    """One recorder after the other on the same folder, database and store."""

    order: Order
    database: Database

    @property
    def spool(self) -> Path:
        return Path(self.order.folder) / "spool"

    @property
    def footage(self) -> Footage:
        return Footage(self.database, self.order.store(), self.spool)

    def files(self) -> set[Path]:
        """Finished ones."""
        return set(self.spool.rglob("*.mp4"))

    def acknowledged(self) -> set[str]:
        """Checksums of all that have a row, and so their bytes."""
        assert_every_row_has_its_bytes(self.footage)
        return {segment.sha256 for segment in segments(self.database)}

    def record(self, until: Callable[[], bool], **changed: object) -> int:
        """Asks the recorder to stop as soon as it is so. Returns its exit code."""
        recorder = start_recorder(replace(self.order, **changed))  # type: ignore[arg-type]
        wait_until(until)
        recorder.terminate()
        return recorder.wait(LIMIT_S)

    def die(self, **changed: object) -> None:
        """Records until the step is reached."""
        assert start_recorder(replace(self.order, **changed)).wait(LIMIT_S) == -signal.SIGKILL  # type: ignore[arg-type]

    def assert_all_is_explained(self) -> None:
        assert_every_segment_plays(self.footage)
        assert_every_second_is_explained(self.database, datetime.now(UTC))


@dataclass(frozen=True)
class Way:
    """How a recorder comes to a step."""

    before: Callable[[Node], None] = lambda _node: None
    """What happened in the same folder before it starts."""
    changed: dict[str, object] = field(default_factory=dict)
    """Of its order."""
    asked_to_stop: bool = False

    def go(self, node: Node, step: Step | PutStep) -> None:
        if not self.asked_to_stop:
            node.die(dies_at=step, **self.changed)
            return
        there = node.files()
        assert node.record(lambda: bool(node.files() - there), dies_at=step, **self.changed) == -signal.SIGKILL


def stopped(node: Node) -> None:
    """In order, after some footage."""
    begun = len(segments(node.database))
    assert node.record(lambda: len(segments(node.database)) > begun) == ORDERLY


def stopped_without_database(node: Node) -> None:
    assert node.record(lambda: bool(node.files()), database_away=Step.ROW_WRITTEN) == ORDERLY


def died(at: Step, after: int = 1) -> Callable[[Node], None]:
    return lambda node: node.die(dies_at=at, dies_after=after)


def died_and_the_file(ends_with: bytes = b"", starts_with: bytes = b"") -> Callable[[Node], None]:
    """As a disk may leave it after a power failure."""

    def before(node: Node) -> None:
        node.die(dies_at=Step.FRAGMENT_WRITTEN, dies_after=3)
        part = max(node.spool.rglob("*" + PART))
        data = part.read_bytes()
        part.write_bytes(starts_with + data[len(starts_with) :] + ends_with)

    return before


def uploaded_and_the_copy_lost(node: Node) -> None:
    node.die(dies_at=Step.UPLOADED)
    for segment in segments(node.database):
        if node.order.store().size(segment.key) is not None:
            (node.spool / segment.key).unlink(missing_ok=True)


GROWN = Way(changed={"dies_after": 3})
REFUSED_ONCE = Way(changed={"disk_refuses": Step.FILE_SYNCED})
AFTER_A_CRASH = Way(before=died(Step.FRAGMENT_WRITTEN, after=3))
WAYS: dict[Step | PutStep, Way] = {
    Step.FILE_CREATED: Way(changed={"dies_after": 2}),
    Step.INITIAL_WRITTEN: Way(changed={"dies_after": 2}),
    Step.FRAGMENT_WRITTEN: GROWN,
    Step.FRAGMENT_SYNCED: GROWN,
    Step.SUMMARY_WRITTEN: Way(),
    Step.FILE_CLOSED: Way(),
    Step.FILE_SYNCED: Way(),
    Step.FILE_RENAMED: Way(),
    Step.DIRECTORY_SYNCED: Way(),
    Step.COPY_WRITTEN: REFUSED_ONCE,
    Step.COPY_SYNCED: REFUSED_ONCE,
    Step.COPY_RENAMED: REFUSED_ONCE,
    Step.ROW_WRITTEN: Way(),
    Step.GAP_OPENED: Way(asked_to_stop=True),
    Step.GAP_CLOSED: Way(changed={"disk_refuses": Step.FRAGMENT_WRITTEN}),
    Step.LOSS_WRITTEN: Way(changed={"database_refuses": Step.ROW_WRITTEN}),
    Step.ENTRIES_COMMITTED: Way(),
    Step.LEFTOVERS_KEPT: Way(changed={"database_away": Step.ROW_WRITTEN}, asked_to_stop=True),
    Step.LEFTOVERS_COMMITTED: Way(before=stopped_without_database),
    Step.LEFTOVERS_FORGOTTEN: Way(before=stopped_without_database),
    Step.UPLOAD_BEGINS: Way(),
    PutStep.NAMED: Way(),
    PutStep.SYNCED: Way(),
    PutStep.RENAMED: Way(),
    PutStep.FOLDER_SYNCED: Way(),
    Step.UPLOADED: Way(),
    Step.STORED_WRITTEN: Way(),
    Step.STORED_COMMITTED: Way(),
    Step.LOCAL_COPY_GONE: Way(),
    Step.TAIL_QUARANTINED: Way(before=died_and_the_file(ends_with=b"\xaa" * 100)),
    Step.TAIL_CUT: Way(before=died_and_the_file(ends_with=START_OF_A_FRAGMENT)),
    Step.ADOPTED_SETTLED: AFTER_A_CRASH,
    Step.ADOPTED_WRITTEN: AFTER_A_CRASH,
    Step.ADOPTED_COMMITTED: AFTER_A_CRASH,
    Step.EMPTY_FILE_GONE: Way(before=died(Step.INITIAL_WRITTEN)),
    Step.FILE_QUARANTINED: Way(before=died_and_the_file(starts_with=bytes(100))),
    Step.UNREADABLE_WRITTEN: Way(before=died_and_the_file(starts_with=bytes(100))),
    Step.STRAY_COPY_GONE: Way(before=died(Step.STORED_COMMITTED)),
    Step.MISSING_WRITTEN: Way(before=uploaded_and_the_copy_lost),
    Step.MISSING_COMMITTED: Way(before=uploaded_and_the_copy_lost),
    Step.ABSENCE_WRITTEN: AFTER_A_CRASH,
    Step.ABSENCE_COMMITTED: AFTER_A_CRASH,
    Step.PAST_WRITTEN: Way(before=stopped, changed={"starts_without_database": True}),
    Step.PAST_COMMITTED: Way(before=stopped, changed={"starts_without_database": True}),
}
DAMAGED = (Step.TAIL_QUARANTINED, Step.FILE_QUARANTINED, Step.UNREADABLE_WRITTEN)
"""Before these the disk has damaged a file, which a crash alone does not."""
EVERYDAY = [
    step
    for step, way in WAYS.items()
    if isinstance(step, Step) and way.before is Way.before and set(way.changed) <= {"dies_after"}
]
"""Steps that any recorder comes to by itself, whatever was before and whatever its store is."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A camera that needs little and sends a keyframe every quarter of a second."""
    with RtspServer() as server, ClockCamera(server.mount("/main"), 320, 180, fps=8, gop_seconds=0.25):
        yield server.url("/main")


@pytest.mark.parametrize("step", [*Step, *PutStep])
def test_whoever_dies_at_any_step_loses_nothing_acknowledged_and_the_next_start_explains_every_second(
    site: Database, tmp_path: Path, url: str, step: Step | PutStep
) -> None:
    node = Node(Order(site.url, str(tmp_path), url, segment_seconds=1), site)
    way = WAYS[step]
    way.before(node)
    way.go(node, step)
    acknowledged = node.acknowledged()
    stopped(node)
    assert acknowledged <= node.acknowledged()
    node.assert_all_is_explained()
    assert [path for path in segment_files(node.spool) if path.name.endswith((PART, AGAIN))] == []
    assert (node.spool / QUARANTINE).exists() == (step in DAMAGED)


def test_one_recorder_after_the_other_dies_at_each_step_of_its_day_on_postgresql_and_s3(
    postgres_site: Database, s3_server: S3Server, s3_store: S3Store, tmp_path: Path, url: str
) -> None:
    access = (s3_server.endpoint, s3_store.bucket, s3_server.access_key, s3_server.secret_key)
    order = Order(postgres_site.url, str(tmp_path), url, *access, segment_seconds=1)
    node = Node(order, postgres_site)
    acknowledged: set[str] = set()
    for step in EVERYDAY:
        WAYS[step].go(node, step)
        now_there = node.acknowledged()
        assert acknowledged <= now_there, step
        acknowledged = now_there
    stopped(node)
    assert acknowledged <= node.acknowledged()
    node.assert_all_is_explained()
