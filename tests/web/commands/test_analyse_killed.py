"""`hallwatch analyse` killed while it looks at real footage, within its first or its second piece, and resumed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from time import sleep

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlmodel import col, select

from analytics.clip_samples import clip_pictures
from analytics.reanalysis import ABANDONED
from storage.models import AbsenceRule, Presence, Reanalysis, StaffState, View
from tests.analytics.scenes import labelled_data
from tests.ingest.video.encoded import START, gops
from tests.ingest.video.test_clip import recorded
from tests.sample import CAMERA, a_hall
from tests.web.commands.conftest import Run
from tests.web.test_footage_moments import FPS, coded
from web.commands import analyse
from web.composition import build_services
from web.services import Services
from web.settings_file import read_settings

CLIP = "one-by-one-person-detection"
LENGTH = timedelta(seconds=90)
SECOND_PIECE = START + timedelta(seconds=45)
SPAN = ("--from", START.isoformat(), "--to", (START + LENGTH).isoformat())
AGAIN = ("analyse", "--counter", "cc-1", "--detector", "ssd", *SPAN)


def filmed(folder: Path) -> list[NDArray[np.uint8]]:
    looked = clip_pictures(folder / "videos" / f"{CLIP}.mp4", CAMERA, 1 / FPS)
    return [picture.image for picture, _ in zip(looked, range(FPS * LENGTH // timedelta(seconds=1)), strict=False)]


@pytest.fixture
def services(hallwatch: Run, config: Path) -> Iterator[Services]:
    """A site whose camera recorded a minute and a half; from the middle on another rule holds, so there are two
    pieces."""
    data = labelled_data()
    label = json.loads((data / "labels" / f"{CLIP}.json").read_text("utf-8"))
    (table,) = [zone["polygon"] for zone in label["zones"] if zone["role"] == "staff"]
    hallwatch("init", "--yes", "--password", "a long enough password")
    services = build_services(read_settings(config))
    with closing(services.database):
        with services.database.transaction() as session:
            a_hall(session)
            session.exec(select(View).where(View.counter_id == "cc-1")).one().staff_zone = table
            packets = coded(filmed(data), timedelta(seconds=1))
            session.add_all(recorded(services.footage.spool, gops(packets), 10))
            session.add(AbsenceRule(counter_id="cc-1", version=2, threshold_s=10, valid_from=SECOND_PIECE))
        yield services


def job(services: Services) -> Reanalysis | None:
    with services.database.transaction() as session:
        found = session.exec(select(Reanalysis)).first()
        session.expunge_all()
        return found


def said(services: Services) -> list[Presence]:
    with services.database.transaction() as session:
        rows = session.exec(select(Presence).where(Presence.counter_id == "cc-1").order_by(col(Presence.start))).all()
        session.expunge_all()
        return list(rows)


def killed(services: Services, config: Path, *, after_a_piece: bool) -> None:
    """A process of its own, by SIGKILL: as soon as it has begun, or has written its first piece."""
    environment = {**os.environ, "HALLWATCH_CONFIG": str(config), "CAMERA_PASSWORD": "geheim"}
    process = subprocess.Popen([sys.executable, "-m", "web", *AGAIN], env=environment, stdout=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            begun = job(services)
            if begun is not None and (begun.watched_to is not None or not after_a_piece):
                break
            sleep(0.01)
        assert process.poll() is None, "it was done before it could be killed"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("after_a_piece", [False, True], ids=["within the first piece", "within the second"])
def test_what_was_killed_goes_on_after_the_last_whole_piece_and_says_what_one_go_says(
    services: Services, hallwatch: Run, config: Path, monkeypatch: pytest.MonkeyPatch, after_a_piece: bool
) -> None:
    killed(services, config, after_a_piece=after_a_piece)
    left = job(services)
    assert left is not None
    assert (left.watched_to, left.done_at) == (SECOND_PIECE if after_a_piece else None, None)
    written = said(services)
    assert bool(written) is after_a_piece
    assert all(row.end is not None and row.end <= SECOND_PIECE for row in written), "no half of a piece"

    def time_passes(_seconds: float) -> None:
        with services.database.transaction() as session:
            session.exec(select(Reanalysis)).one().alive_at = services.clock() - 2 * ABANDONED

    monkeypatch.setattr(analyse, "sleep", time_passes)
    told = hallwatch(*AGAIN).output
    assert "Somebody works at it already" in told
    resumed = job(services)
    assert resumed is not None
    assert (resumed.id, resumed.watched_to) == (left.id, START + LENGTH)
    assert resumed.done_at is not None
    rows = said(services)
    assert {row.id for row in written} <= {row.id for row in rows}, "what stood was not looked at once more"
    assert {row.staff for row in rows} >= {StaffState.STAFFED, StaffState.UNSTAFFED}

    assert "Nothing is said otherwise." in hallwatch(*AGAIN).output, "as in one go"
