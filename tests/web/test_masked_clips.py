"""Masked clips that are played are made once, and are gone when nobody plays them any more."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.database import Database
from tests.ingest.video.test_masked_clip import THIRD, opened
from web.errors import Unavailable
from web.masked_clips import AT_ONCE, MaskedClips
from web.masked_folder import KEPT, forget_masked_clips


def test_one_that_several_ask_for_is_made_once(tmp_path: Path, sqlite_database: Database) -> None:
    clip = opened(tmp_path, sqlite_database, "h264", 0, 25)
    clips, now = MaskedClips(tmp_path / "masked"), datetime.now(UTC)
    paths: list[Path] = []
    asking = [threading.Thread(target=lambda: paths.append(clips.made(clip, [THIRD], now).path)) for _ in range(4)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    made_at = paths[0].stat().st_mtime_ns
    assert len(set(paths)) == 1
    assert [path.suffix for path in clips.folder.iterdir()] == [".mp4"], "nothing unfinished is left"
    assert clips.made(clip, [THIRD], now).path.stat().st_mtime_ns == made_at
    assert clips.made(clip, [THIRD[:3]], now).path != paths[0], "other masks, another clip"


def test_it_goes_when_its_time_is_over(tmp_path: Path, sqlite_database: Database) -> None:
    clip = opened(tmp_path, sqlite_database, "h264", 0, 25)
    clips, now = MaskedClips(tmp_path / "masked"), datetime.now(UTC)
    clips.made(clip, [THIRD], now)
    assert forget_masked_clips(clips.folder, now + KEPT / 2) == 0
    assert forget_masked_clips(clips.folder, now + KEPT + timedelta(minutes=1)) == 1
    assert forget_masked_clips(tmp_path / "never made", now) == 0


def test_a_download_that_nobody_reads_to_its_end_lets_others_be_made(
    tmp_path: Path, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.masked_clips._PATIENCE_S", 0.01)
    clip = opened(tmp_path, sqlite_database, "h264", 0, 75)
    clips = MaskedClips(tmp_path / "masked")
    read = [clips.streamed(clip, [THIRD]) for _ in range(AT_ONCE)]
    with pytest.raises(Unavailable):
        clips.streamed(clip, [THIRD])
    read.pop()
    assert next(clips.streamed(clip, [THIRD]))
