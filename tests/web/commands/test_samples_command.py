"""`hallwatch samples export`, and what `hallwatch evaluate` makes of it."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlmodel import select

from analytics.evaluation import Report, WrongSecond, ZoneScore
from analytics.evaluation_report import report_rows
from analytics.labels import load_clips
from analytics.samples import Answer, mark, of_absence, take_back
from storage.database import Database
from storage.models import Absence, AccessEntry, PrivacyMask, Sample
from tests.ingest.video.encoded import START, numbers_in
from tests.ingest.video.test_clip import at
from tests.ingest.video.test_masked_clip import THIRD, pictures
from tests.sample import CAMERA
from tests.servers import LIMIT_S
from tests.web.commands.conftest import Run
from tests.web.commands.test_clip import footage
from tests.web.commands.test_help import shown
from web.composition import build_services
from web.detector_report import Conditions, page
from web.settings_file import read_settings

__all__ = ["footage"]


@pytest.fixture
def database(config: Path, footage: None) -> Database:
    """Two wrong absences, of frames 50 to 100 and of an hour without footage."""
    services = build_services(read_settings(config, {"CAMERA_PASSWORD": ""}))
    hour = timedelta(hours=1)
    with services.database.transaction() as session:
        for number, (start, end) in enumerate([(at(50), at(100)), (START + hour, START + 2 * hour)], start=1):
            session.add(Absence(id=number, counter_id="cc-1", start=start, end=end, threshold_s=1))
            session.flush()
            mark(session, of_absence(session.get_one(Absence, number), end), Answer(True), 1, end)
    return services.database


def test_samples_are_written_as_clips_with_labels_and_removed_when_they_are_taken_back(
    database: Database, hallwatch: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "samples"
    first = hallwatch("samples", "export", str(folder)).output
    assert "Left out: sample 2 (absence:2)" in first
    assert "2 samples kept: 1 written, 0 that were taken back removed" in first
    (clip,) = load_clips(folder)
    (zone,) = clip.zones
    assert str(zone.inside) == "centre"
    assert (clip.group, clip.duration_s, zone.role, zone.present) == ("own", 2.0, "staff", ((0.0, 2.0),))
    assert numbers_in(clip.video.read_bytes()) == list(range(50, 100))
    assert "1 written" not in hallwatch("samples", "export", str(folder)).output, "it is there already"
    with closing(database), database.transaction() as session:
        take_back(session, session.get_one(Sample, 1), 1, START)
    assert "1 that were taken back removed" in hallwatch("samples", "export", str(folder)).output
    assert [path.name for path in folder.rglob("sample-1*")] == []


def test_a_site_without_samples_is_told_how_one_is_made(hallwatch: Run, site: Path) -> None:
    told = shown(hallwatch("evaluate", "--own", code=1).output)
    assert "This site has no labelled samples yet." in told
    assert "What the picture really showed" in told
    for both_or_none in ((), (str(site.parent), "--own")):
        assert "one of the two" in shown(hallwatch("evaluate", *both_or_none, code=1).output)


def test_samples_whose_footage_is_gone_are_named_and_nothing_is_measured(
    database: Database, hallwatch: Run, tmp_path: Path
) -> None:
    with closing(database), database.transaction() as session:
        take_back(session, session.get_one(Sample, 1), 1, START)
    told = shown(hallwatch("evaluate", "--own", code=1).output)
    assert "Left out: sample 2 (absence:2)" in told
    assert "The footage of none of the samples can be had" in told


def test_who_is_asked_to_stop_while_samples_are_measured_leaves_no_footage_behind(
    database: Database, config: Path, tmp_path: Path
) -> None:
    database.close()
    kept = tmp_path / "tmp"
    kept.mkdir()
    command = [sys.executable, "-m", "web", "evaluate", "--own", "--config", str(config)]
    environment = {**os.environ, "CAMERA_PASSWORD": "geheim", "TMPDIR": str(kept)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            ends = monotonic() + LIMIT_S
            while not (clips := list(kept.rglob("sample-1.json"))) and process.poll() is None and monotonic() < ends:
                sleep(0.005)
            process.send_signal(signal.SIGTERM)
            assert process.wait(LIMIT_S) == 128 + signal.SIGTERM
        finally:
            process.kill()
    assert clips, "it was stopped while the clips lay there"
    assert [path.name for path in kept.rglob("*sample*")] == []


def test_masks_are_filled_in_samples_also_when_they_are_drawn_later(
    database: Database, hallwatch: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "samples"
    hallwatch("samples", "export", str(folder))
    with closing(database), database.transaction() as session:
        session.add(PrivacyMask(camera_id=CAMERA, polygon=THIRD, reason="door"))
    assert "1 written" in hallwatch("samples", "export", str(folder)).output
    lights = [light for _, light, _ in pictures((folder / "videos" / "sample-1.mp4").read_bytes())]
    assert len(lights) == 50
    assert all(abs(int(light[40, 20]) - 64) <= 6 for light in lights)


def test_a_masked_clip_is_written_unless_a_purpose_is_named(database: Database, hallwatch: Run, tmp_path: Path) -> None:
    with closing(database), database.transaction() as session:
        session.add(PrivacyMask(camera_id=CAMERA, polygon=THIRD, reason="door"))
    span = (at(0).isoformat(), at(10).isoformat())
    for name, options, told in (("a", (), "filled"), ("b", ("--unmasked", "complaint 7"), "not filled")):
        file = tmp_path / f"{name}.mp4"
        output = hallwatch("clip", *span, str(file), "--camera", CAMERA, *options).output
        assert output.endswith(f"0.4 s of footage, privacy masks {told}.\n")
        assert f'"privacy_masks": "{told}"'.encode() in file.read_bytes()
    with closing(database), database.transaction() as session:
        entry = session.exec(select(AccessEntry).where(AccessEntry.action == "download_unmasked")).one()
        assert (entry.purpose, entry.command_by != "") == ("complaint 7", True)


def test_a_report_shows_own_samples_by_themselves() -> None:
    def score(clip: str, correct: int, group: str) -> ZoneScore:
        wrong = tuple(WrongSecond(second + 0.5, present=True) for second in range(10 - correct))
        return ZoneScore(clip, "c", "staff", "ssd", correct, wrong=wrong, group=group)

    report = Report((score("shared", 10, ""), score("sample-1", 5, "own")))
    assert [(row[0], row[4]) for row in report_rows(report)[2:]] == [("all", "75.0%"), ("all of own", "50.0%")]
    how = Conditions("clips", START, "0.1.0", 2, 1.5, 0.35, 5.0)
    said = page(report, {"shared": b"", "sample-1": b""}, [], how).decode()
    assert "own samples, learned from wrong alerts" in said
