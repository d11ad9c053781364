"""What was learned of cameras is there after a restart, and a file that is broken or old does no harm."""

import json
from pathlib import Path

import pytest

from ingest.video.camera import CameraFeed
from ingest.video.connection import NOTHING_LEARNED, Learned
from ingest.video.learned_file import NAME, PAUSE_S, LearnedFile
from ingest.video.recorder import RecorderNode, RecorderSettings
from storage.database import Database
from storage.objects import ObjectStore
from tests.sample import CAMERA
from tests.servers import free_port, wait_until

SLOW = Learned(lead_us=-12_000, rate_error_ppm=190_476, pause_ms=5_000)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    LearnedFile(tmp_path).keep({"a": SLOW, "b": NOTHING_LEARNED}, 0)
    assert LearnedFile(tmp_path).read() == {"a": SLOW}


def test_it_is_written_once_a_minute_and_at_the_end(tmp_path: Path) -> None:
    file = LearnedFile(tmp_path)
    file.keep({"a": SLOW}, 0)
    file.keep({"a": Learned(1)}, PAUSE_S - 1)
    assert file.read() == {"a": SLOW}
    file.keep({"a": Learned(1)}, PAUSE_S)
    assert file.read() == {"a": Learned(1)}
    file.keep({"a": Learned(2)}, PAUSE_S + 1, at_once=True)
    assert file.read() == {"a": Learned(2)}


@pytest.mark.parametrize(
    "told",
    [
        *(b"", b"no json", b"\xff\xfe", b"[]", b"3", b"[" * 100_000, b'{"a": 3}', b'{"a": {}}'),
        *(
            json.dumps({"a": {"lead_us": lead, "rate_error_ppm": ppm}}).encode()
            for lead, ppm in [
                (10**7, 0),
                (-(10**7), 0),
                (0, -1_000_000),
                (0, 10**9),
                ("0", 0),
                (0, 1.5),
                (None, 0),
                (True, 0),
            ]
        ),
        *(
            json.dumps({"a": {"lead_us": 0, "rate_error_ppm": 0, "pause_ms": pause}}).encode()
            for pause in (-1, 10_001, 0.5, None)
        ),
    ],
)
def test_what_no_camera_can_have_taught_is_left_out(tmp_path: Path, told: bytes) -> None:
    (tmp_path / NAME).write_bytes(told)
    assert LearnedFile(tmp_path).read() == {}


def test_a_file_of_a_version_that_knew_no_pauses_is_read(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"a": {"lead_us": 5, "rate_error_ppm": 6}}')
    assert LearnedFile(tmp_path).read() == {"a": Learned(5, 6)}


def test_a_spool_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    file = LearnedFile(tmp_path / "missing")
    file.keep({"a": SLOW}, 0)
    assert file.read() == {}


def test_a_recorder_begins_with_what_the_one_before_has_learned_and_hands_it_on(
    site: Database, folder_store: ObjectStore, tmp_path: Path
) -> None:
    """Of a camera that cannot be reached all the while."""
    spool = tmp_path / "spool"
    spool.mkdir()
    LearnedFile(spool).keep({CAMERA: SLOW, "switched-off": Learned(5), "gone": Learned(6)}, 0)
    feed = CameraFeed(CAMERA, f"rtsp://127.0.0.1:{free_port()}/main")
    off = CameraFeed("switched-off", "rtsp://127.0.0.1/main", enabled=False)
    settings = RecorderSettings(spool, tmp_path / "relay", poll_seconds=0.1)
    node = RecorderNode(site, folder_store, settings, lambda: [feed, off])
    node.start()
    (spool / NAME).unlink()
    try:
        wait_until(lambda: CAMERA in node._streams.main())
        assert node._streams.main()[CAMERA].worker.learned == SLOW
    finally:
        node.stop()
    assert LearnedFile(spool).read() == {CAMERA: SLOW, "switched-off": Learned(5)}
