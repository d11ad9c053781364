"""From a wrong alert to the report that shows what was learned from it, as people do it; nothing is made by hand."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from ingest.simulator.scene import Scene, Seen
from storage.models import AbsenceRule, Alert, User
from tests.ingest.video.encoded import START, gops
from tests.ingest.video.test_clip import recorded
from tests.sample import CAMERA
from tests.web.apps import app_of
from tests.web.commands.conftest import Run
from tests.web.test_footage_moments import FPS, coded
from tests.web.test_settings_file import GOOD
from web import sessions
from web.composition import build_services
from web.services import Services
from web.settings_file import read_settings

LENGTH = timedelta(seconds=32)
ZONE = [[0.0, 0.15], [0.6, 0.15], [0.6, 0.48], [0.0, 0.48]]
"""The middle of the clerk is in it, but not the lower edge of what the desk leaves of the clerk."""


@pytest.fixture
def services(config: Path, hallwatch: Run) -> Iterator[Services]:
    """A clerk who sits there all the time, at a counter whose zone was given a rule that does not suit it."""
    lines = [line for line in GOOD.replace('"cam"', f'"{CAMERA}"').splitlines() if not line.startswith("staff_zone")]
    view = [f"staff_zone = {ZONE}", 'staff_inside = "foot"', "whole_zone = true"]
    config.write_text("\n".join([*lines, *view]), "utf-8")
    hallwatch("init", "--yes", "--password", "a long enough password")
    scene = Scene(("1",), "禅城区政务服务中心", "Chancheng")
    drawn = (scene.picture([Seen("staff", 0, 0)], n / FPS) for n in range(FPS * LENGTH // timedelta(seconds=1)))
    pictures = [np.asarray(cv2.resize(each, (640, 360), interpolation=cv2.INTER_AREA), np.uint8) for each in drawn]
    services = build_services(read_settings(config, {"CAMERA_PASSWORD": ""}))
    with closing(services.database):
        with services.database.transaction() as session:
            session.add_all(recorded(services.footage.spool, gops(coded(pictures, timedelta(seconds=1))), 10))
            session.add(AbsenceRule(counter_id="cc-1", version=2, threshold_s=10, valid_from=START))
        yield services


def marked(services: Services, alert: int) -> None:
    """By the administrator, over HTTP: somebody was there."""
    with services.database.transaction() as session:
        user = session.exec(select(User)).one()
        opened = sessions.open_session(session, user.id or 0, services.clock())
    with TestClient(app_of(services), headers={"X-CSRF-Token": opened.csrf}) as browser:
        browser.cookies.set(sessions.COOKIE, opened.token)
        sent = browser.post(f"/api/v1/alerts/{alert}/sample", json={"someone_there": True})
    assert sent.status_code == 200, sent.text


def test_what_a_wrong_alert_taught_is_in_the_next_report(services: Services, hallwatch: Run, tmp_path: Path) -> None:
    span = ("--from", START.isoformat(), "--to", (START + LENGTH).isoformat())
    hallwatch("analyse", "--counter", "cc-1", *span, "--detector", "ssd")
    with services.database.transaction() as session:
        alerts = session.exec(select(Alert.id).where(col(Alert.absence_id).is_not(None))).all()
    (alert,) = alerts
    assert alert is not None, "nobody was seen where the clerk sits: a wrong alert"
    marked(services, alert)

    samples, page = tmp_path / "samples", tmp_path / "seen.html"
    told = json.loads(hallwatch("evaluate", "--own", "--json", "--report", str(page)).stdout)
    assert [each["detector"] for each in told["all"]] == ["ssd-mobilenet-v2"], "the one of the configuration"
    (own,), (zone,) = told["groups"], told["zones"]
    assert (own["group"], zone["clip"], zone["role"]) == ("own", "sample-1", "staff")
    assert own["judged_s"] > 20
    assert (own["missed_s"], own["accuracy"]) == (own["judged_s"], 0.0), "as it was said live"
    assert "all of own" in hallwatch("evaluate", "--own", "--detector", "ssd").output
    barely = ("evaluate", "--own", "--threshold", "0.99", "--json")
    assert json.loads(hallwatch(*barely).stdout)["zones"][0]["missed_s"] <= own["missed_s"], "by a score that is named"
    assert all(words in page.read_text("utf-8") for words in ("own samples, learned from wrong alerts", "sample-1"))

    assert "1 written" in hallwatch("samples", "export", str(samples)).output
    assert json.loads(hallwatch("evaluate", str(samples), "--json").stdout)["zones"][0]["missed_s"] == own["missed_s"]
    label = samples / "labels" / "sample-1.json"
    content = json.loads(label.read_text("utf-8"))
    assert content["zones"][0]["inside"] == "foot"
    content["zones"][0]["inside"] = "centre"
    label.write_text(json.dumps(content), "utf-8")
    (mended,) = json.loads(hallwatch("evaluate", str(samples), "--json").stdout)["groups"]
    assert (mended["missed_s"], mended["accuracy"]) == (0, 1.0), "by the rule that suits the zone"
    assert "1 written" in hallwatch("samples", "export", str(samples)).output, "what was exported is put right"
