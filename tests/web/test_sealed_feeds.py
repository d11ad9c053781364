"""The cameras that the recorder knew last: there after a restart, and readable to nobody else."""

import stat
from pathlib import Path

from ingest.video.camera import CameraFeed
from storage.secrets import SecretBox
from web.sealed_feeds import NAME, SealedFeeds

FEEDS = [
    CameraFeed("cc-cam-1", "rtsp://user:geheim@10.0.0.9/main", "rtsp://user:geheim@10.0.0.9/sub", "udp"),
    CameraFeed("cc-cam-2", "rtsp://10.0.0.10/main", enabled=False, audio=True),
]


def memory(folder: Path, key: str = "secret.key") -> SealedFeeds:
    return SealedFeeds(folder, SecretBox(folder / key))


def test_what_is_kept_is_read_again_by_the_same_key_alone(tmp_path: Path) -> None:
    memory(tmp_path).keep(FEEDS[:1])
    memory(tmp_path).keep(FEEDS)
    assert memory(tmp_path).read() == FEEDS
    assert memory(tmp_path, "other.key").read() == []


def test_nothing_of_it_lies_on_the_disk_in_clear(tmp_path: Path) -> None:
    memory(tmp_path).keep(FEEDS)
    for path in (path for path in tmp_path.iterdir() if path.name != "secret.key"):
        assert b"geheim" not in path.read_bytes()
        assert b"10.0.0" not in path.read_bytes()
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_without_a_readable_file_nothing_is_known_and_nothing_is_raised(tmp_path: Path) -> None:
    assert memory(tmp_path).read() == []
    (tmp_path / NAME).write_text("nonsense")
    assert memory(tmp_path).read() == []
    memory(tmp_path / "missing").keep(FEEDS)
