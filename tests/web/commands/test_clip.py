"""`hallwatch clip` with footage that has a hole."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from storage.folder_store import FolderStore
from storage.models import Gap, GapCause, Location, Segment
from tests.ingest.video.encoded import START, gops, numbers_in, packets
from tests.ingest.video.test_clip import at, recorded
from tests.sample import CAMERA
from tests.web.commands.conftest import Run
from tests.web.test_settings_file import GOOD
from web.commands.clip import write_whole
from web.commands.plain_errors import UserError
from web.composition import build_services
from web.services import Services
from web.settings_file import read_settings


@pytest.fixture
def footage(config: Path, hallwatch: Run) -> Iterator[Services]:
    """200 numbered frames in eight seconds from START on, and a recorder that crashed afterwards."""
    config.write_text(GOOD.replace('"cam"', f'"{CAMERA}"'), "utf-8")
    hallwatch("init", "--yes")
    services = build_services(read_settings(config, {"CAMERA_PASSWORD": ""}))
    end = START + timedelta(seconds=8)
    crash = Gap(camera_id=CAMERA, start=end, end=end + timedelta(hours=1), cause=GapCause.RECORDER_CRASHED)
    with closing(services.database):
        rows = recorded(services.settings.spool, gops(packets(200)))
        with services.database.transaction() as session:
            session.add_all([*(Segment(**row.model_dump()) for row in rows), crash])
        yield services


@pytest.mark.usefixtures("footage")
def test_what_is_missing_is_told_in_the_halls_time_and_in_words(hallwatch: Run, tmp_path: Path) -> None:
    span = (at(150).isoformat(), (START + timedelta(minutes=1)).isoformat())
    output = hallwatch("clip", *span, str(tmp_path / "a [b] c.mp4"), "--camera", CAMERA).output
    wrote, missing = output.splitlines()
    assert wrote == f"Wrote {tmp_path / 'a [b] c.mp4'}: camera {CAMERA}, 2.0 s of footage of the 54.0 s asked for."
    assert missing == (
        "Missing 52.0 s from 2026-01-05 09:00:08.000 to 2026-01-05 09:01:00.000 (time of Asia/Shanghai): "
        "Recorder crashed"
    )
    assert numbers_in((tmp_path / "a [b] c.mp4").read_bytes()) == list(range(150, 200))


@pytest.mark.usefixtures("footage")
def test_nothing_is_said_of_a_span_that_is_whole(hallwatch: Run, tmp_path: Path) -> None:
    span = (at(0).isoformat(), at(10).isoformat())
    output = hallwatch("clip", *span, str(tmp_path / "clip.mp4"), "--counter", "cc-1").output
    assert output == f"Wrote {tmp_path / 'clip.mp4'}: camera {CAMERA}, 0.4 s of footage.\n"


@pytest.mark.parametrize("length", [timedelta(seconds=8), timedelta(minutes=6)])
def test_what_the_store_has_lost_is_left_out_and_told(
    hallwatch: Run, footage: Services, tmp_path: Path, length: timedelta
) -> None:
    """A long clip is found to lack it only while it is written: it is begun anew."""
    with footage.database.transaction() as session:
        rows = session.exec(select(Segment).order_by(col(Segment.start))).all()
        for row in rows:
            row.location = Location.STORED
        lost = rows[2].key
    store = footage.store
    assert isinstance(store, FolderStore)
    shutil.move(footage.settings.spool, store.root)
    (store.root / lost).unlink()
    file = tmp_path / "clip.mp4"
    span = (START.isoformat(), (START + length).isoformat())
    output = hallwatch("clip", *span, str(file), "--camera", CAMERA).output
    wrote, *missing = [line for line in output.splitlines() if line.startswith(("Wrote", "Missing"))]
    assert ": camera cc-cam-1, 6.0 s of footage of the " in wrote
    assert missing[0].startswith("Missing 2.0 s from 2026-01-05 09:00:04.000 to 2026-01-05 09:00:06.000 ")
    assert missing[0].endswith(": Lost in the store, or unreadable there")
    assert numbers_in(file.read_bytes()) == [*range(100), *range(150, 200)]


def test_where_all_is_lost_nothing_is_written(hallwatch: Run, footage: Services, tmp_path: Path) -> None:
    with footage.database.transaction() as session:
        for row in session.exec(select(Segment)):
            row.location = Location.STORED
    shutil.rmtree(footage.settings.spool)
    file = tmp_path / "clip.mp4"
    output = hallwatch("clip", at(0).isoformat(), at(10).isoformat(), str(file), "--camera", CAMERA, code=1).output
    assert "the store has lost it or cannot read it" in output
    assert not file.exists()


@pytest.mark.parametrize("places", [(), ("--camera", CAMERA, "--counter", "cc-1")])
def test_a_clip_of_no_place_or_of_two_is_a_mistyped_command(hallwatch: Run, places: tuple[str, ...]) -> None:
    refused = hallwatch("clip", "2026-01-05", "2026-01-06", "clip.mp4", *places, code=2).output
    assert "Name either --camera or --counter." in refused
    assert "{FROM} {TO} {FILE}" in refused


@pytest.mark.usefixtures("footage")
@pytest.mark.parametrize("year", ["0001", "1970", "9999"])
def test_a_year_with_which_nothing_can_be_reckoned_is_refused_in_words(
    hallwatch: Run, tmp_path: Path, year: str
) -> None:
    span = (f"{year}-12-31T23:30:00", f"{year}-12-31T23:35:00")
    refused = hallwatch("clip", *span, str(tmp_path / "clip.mp4"), "--counter", "cc-1", code=1).output
    assert refused == f"FROM: '{span[0]}' is out of range; give a time between 1971 and 9000.\n"


def test_a_clip_that_is_not_finished_has_not_the_name_of_one(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"

    def stopped() -> Iterator[bytes]:
        yield b"half"
        assert not file.exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(stopped(), 8, file)
    assert not list(tmp_path.iterdir())


def test_a_file_that_came_while_a_clip_was_written_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"

    def overtaken() -> Iterator[bytes]:
        yield b"clip"
        file.write_bytes(b"of somebody else")

    with pytest.raises(UserError, match="never overwritten"):
        write_whole(overtaken(), 4, file)
    assert [found.read_bytes() for found in tmp_path.iterdir()] == [b"of somebody else"]
