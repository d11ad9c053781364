"""What Prometheus is told, who may ask, and that the dashboard shows nothing that is not told."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlmodel import update

from storage.database import Database
from storage.failures import Failures
from storage.models import (
    NODE_SILENT_AFTER,
    Alert,
    AlertKind,
    Camera,
    CameraStatus,
    ClockSource,
    Delivery,
    DeliveryState,
    Gap,
    GapCause,
    Location,
    Node,
    Segment,
)
from tests.sample import CAMERA, HALL, a_hall, a_segment
from tests.web.apps import app_of
from tests.web.conftest import NOON, Clock, SignedIn
from web.measured import Measured
from web.services import Services

TOKEN = "0123456789abcdef-token"
DASHBOARD = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "hallwatch.json"
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "metrics.md"


def at_work(database: Database) -> None:
    """A camera that records, with a gap an hour ago; a recorder and a watcher; an alert that could not be told."""
    failing = Failures()
    for ago in (60, 30, 0):
        failing.failed("expiry", OSError("no room"), NOON - timedelta(seconds=ago))
    with database.transaction() as session:
        session.add(
            CameraStatus(
                camera_id=CAMERA,
                connected=True,
                since=NOON,
                last_frame=NOON - timedelta(seconds=2),
                fps=25.0,
                bitrate=2e6,
                reconnects=3,
                smears=5,
                clock_source=ClockSource.SENDER_REPORT,
                clock_offset_us=-40_000,
                updated=NOON,
            )
        )
        session.add(a_segment(CAMERA, NOON - timedelta(seconds=20), Location.SPOOL))
        hour = timedelta(hours=1)
        session.add(Gap(camera_id=CAMERA, start=NOON - 30 * hour, end=NOON - 23 * hour, cause=GapCause.DISK_FULL))
        session.add(Gap(camera_id=CAMERA, start=NOON - timedelta(seconds=5), cause=GapCause.CAMERA_STALLED))
        empty = NOON - timedelta(minutes=1)
        session.add(Gap(camera_id=CAMERA, start=empty, end=empty, cause=GapCause.PACKETS_LOST))
        began = NOON - timedelta(seconds=30)
        for role, detail in (
            (
                "recorder",
                {"cpu_s": 1.5, "memory_bytes": 9, "disk_bytes": 8, "disk_free_bytes": 4, "journal_waiting": 0}
                | {"clock_synchronised": False}
                | {"spool_used_bytes": 3, "spool_limit_bytes": 4, "spool_filled": 0.75, "quarantined_files": 2},
            ),
            ("clerk", failing.told()),
            ("watcher", {"cpu_s": 2.5, "memory_bytes": 9, "look_ms": 40.5, "dropped_pictures": 1}),
        ):
            session.add(Node(name=f"{role}-1", role=role, started_at=began, heartbeat=NOON, detail=detail))
        alert = Alert(kind=AlertKind.NODE_SILENT, node_name="recorder-1", raised_at=NOON)
        session.add(alert)
        session.flush()
        assert alert.id is not None
        session.add(Delivery(alert_id=alert.id, channel="duty", state=DeliveryState.FAILED, next_try=NOON))


def test_footage_of_a_clock_that_was_ahead_is_no_lag(services: Services) -> None:
    with services.database.transaction() as session:
        ahead = a_segment(CAMERA, NOON + timedelta(hours=8))
        ahead.sequence, ahead.key = 2, f"{CAMERA}/2"
        session.add_all([a_segment(CAMERA, NOON - timedelta(seconds=20)), ahead])
    told = {family.name: family.samples for family in Measured(services.database, NOON).collect()}
    assert [sample.value for sample in told["hallwatch_camera_record_lag_seconds"]] == [10.0]


def told(text: str) -> dict[tuple[str, ...], float]:
    """By name and the values of the labels, in the order of the labels' names."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_scrape_tells_of_cameras_processes_gaps_alerts_and_messages(services: Services, signed_in: SignedIn) -> None:
    at_work(services.database)
    answer = signed_in("admin").get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=1.0.0")
    found = told(answer.text)
    assert found["hallwatch_camera_connected", CAMERA, HALL] == 1
    assert found["hallwatch_camera_last_frame_age_seconds", CAMERA, HALL] == 2
    assert found["hallwatch_camera_reconnects_total", CAMERA, HALL] == 3
    assert found["hallwatch_camera_pictures_after_loss_total", CAMERA, HALL] == 5
    assert found["hallwatch_camera_clock_offset_seconds", CAMERA, HALL] == -0.04
    assert found["hallwatch_camera_clock_source", CAMERA, HALL, "sender_report"] == 1
    assert found["hallwatch_camera_clock_source", CAMERA, HALL, "arrival"] == 0
    assert found["hallwatch_camera_record_lag_seconds", CAMERA, HALL] == 10
    assert found["hallwatch_camera_gap_seconds_last_day", CAMERA, "disk_full", HALL] == 3600
    assert found["hallwatch_camera_gap_seconds_last_day", CAMERA, "camera_stalled", HALL] == 5
    empty = "a gap over which corrected footage has moved"
    assert ("hallwatch_camera_gap_seconds_last_day", CAMERA, "packets_lost", HALL) not in found, empty
    [camera] = [each for each in signed_in("admin").get("/health.json").json()["cameras"] if each["id"] == CAMERA]
    assert "packets_lost" not in {gap["cause"] for gap in camera["gaps"]}, empty
    assert found["hallwatch_camera_spool_segments", CAMERA, HALL] == 1
    assert found["hallwatch_camera_spool_bytes", CAMERA, HALL] == found["hallwatch_spool_bytes",] == 1
    assert found["hallwatch_spool_oldest_age_seconds",] == 20
    assert found["hallwatch_node_cpu_seconds_total", "recorder-1", "recorder"] == 1.5
    assert found["hallwatch_spool_limit_bytes", "recorder-1", "recorder"] == 4
    assert found["hallwatch_spool_filled_ratio", "recorder-1", "recorder"] == 0.75
    assert found["hallwatch_job_failing_seconds", "expiry", "clerk-1", "clerk"] == 60
    assert found["hallwatch_job_failures", "expiry", "clerk-1", "clerk"] == 3
    assert found["hallwatch_alerts_open", "", "node_silent"] == 1
    assert found["hallwatch_messages_unsent", "duty", "failed"] == 1


def test_the_health_page_tells_in_words_what_the_metrics_do(services: Services, signed_in: SignedIn) -> None:
    at_work(services.database)
    admin = signed_in("admin")
    told = admin.get("/health.json").json()
    [camera] = [each for each in told["cameras"] if each["id"] == CAMERA]
    assert camera["record_lag_s"] == 10
    nodes = {node["role"]: (node["cpu_share"], node["memory_bytes"], node["disk_free_bytes"]) for node in told["nodes"]}
    assert nodes == {"recorder": (0.05, 9, 4), "watcher": (2.5 / 30, 9, None), "clerk": (None, None, None)}
    for language, words in (
        ("en", ("5 %", "9 B", "4 B of 8 B free", "record lag 10 s", "set up NTP")),
        ("zh", ("剩余 4 B，共 8 B", "录像延迟 10")),
    ):
        page = admin.get(f"/health?lang={language}").text
        assert [word for word in words if word not in page] == []


def test_what_a_silent_recorder_said_last_is_told_by_nobody_as_if_it_were_so_now(
    services: Services, signed_in: SignedIn, clock: Clock
) -> None:
    at_work(services.database)
    clock.forward(NODE_SILENT_AFTER + timedelta(seconds=1))
    admin = signed_in("admin")
    found = told(admin.get("/metrics").text)
    of_camera = {name for name, *labels in found if name.startswith("hallwatch_camera_") and CAMERA in labels}
    ages = {"hallwatch_camera_last_frame_age_seconds", "hallwatch_camera_record_lag_seconds"}
    rows = {"hallwatch_camera_gap_seconds_last_day", "hallwatch_camera_spool_segments", "hallwatch_camera_spool_bytes"}
    assert of_camera == ages | rows
    [camera] = [each for each in admin.get("/health.json").json()["cameras"] if each["id"] == CAMERA]
    assert datetime.fromisoformat(camera["recorder_silent_since"]) == NOON
    page = admin.get("/health?lang=en").text
    assert "Recorder silent" in page
    assert "not known since" in page
    assert "25.0 per second" not in page


def test_a_database_of_either_kind_is_measured(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
    at_work(database)
    assert [metric.name for metric in Measured(database, NOON).collect() if not metric.samples] == []


def test_what_of_each_camera_is_not_in_the_store_yet_is_told_also_of_one_that_is_off(
    services: Services, signed_in: SignedIn
) -> None:
    off, idle = "off-1", "idle-1"
    with services.database.transaction() as session:
        session.add(Camera(id=off, hall_id=HALL, url="rtsp://camera.test/off", enabled=False))
        session.add(Camera(id=idle, hall_id=HALL, url="rtsp://camera.test/idle"))
        session.flush()
        for number, camera in enumerate((CAMERA, CAMERA, off)):
            segment = a_segment(camera, NOON - timedelta(seconds=40 - 10 * number), Location.SPOOL)
            segment.sequence, segment.key = number, f"{camera}/{number}"
            session.add(segment)
        session.add(a_segment(idle, NOON - timedelta(seconds=20), Location.STORED))
    admin = signed_in("admin")
    found = told(admin.get("/metrics").text)
    each = {camera: found["hallwatch_camera_spool_segments", camera, HALL] for camera in (CAMERA, off, idle)}
    assert each == {CAMERA: 2, off: 1, idle: 0}
    health = admin.get("/health.json").json()
    shown = {camera["id"]: (camera["unstored_segments"], camera["unstored_bytes"]) for camera in health["cameras"]}
    assert shown | {CAMERA: (2, 2), off: (1, 1), idle: (0, 0)} == shown
    assert health["spool"]["segments"] == sum(each.values())
    assert "2 B in 2 segments not in the store" in admin.get("/health?lang=en").text
    with services.database.transaction() as session:
        session.exec(update(Segment).values(location=Location.STORED))
    assert ("hallwatch_camera_spool_segments", off, HALL) not in told(admin.get("/metrics").text)


@pytest.mark.parametrize("role", ["supervisor", "inspector", "investigator", "department"])
def test_only_who_sees_the_health_of_all_halls_may_ask(signed_in: SignedIn, app: FastAPI, role: str) -> None:
    assert signed_in(role).get("/metrics").status_code == 403
    anonymous = TestClient(app, follow_redirects=False)
    assert anonymous.get("/metrics").status_code == 401
    assert anonymous.get("/metrics", headers={"Accept": "text/html,*/*"}).headers["location"].startswith("/sign-in")


def test_a_scraper_needs_the_token_of_the_configuration(services: Services) -> None:
    web = services.settings.web.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    object.__setattr__(services, "settings", services.settings.model_copy(update={"web": web}))
    scraper = TestClient(app_of(services), follow_redirects=False)
    assert scraper.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    for wrong in (f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", "Bearer ü"):
        sent = {b"Authorization": wrong.encode("utf-8")}
        answer = scraper.get("/metrics", headers=sent | {b"Accept": b"text/html, text/plain"})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), wrong
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.text.startswith("Send `web.metrics_token` of the configuration")


def test_without_a_token_in_the_configuration_an_empty_one_opens_nothing(app: FastAPI) -> None:
    scraper = TestClient(app, follow_redirects=False)
    assert scraper.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def labels_told(text: str) -> dict[str, set[str]]:
    """By the metric's name."""
    families = text_string_to_metric_families(text)
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def queries(dashboard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each with the pattern of its legend: those of the panels, and of what can be chosen."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"], target.get("legendFormat", "")
    for choice in dashboard["templating"]["list"]:
        if choice["type"] == "query":
            yield choice["query"]["query"], ""


def labels_of(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric that it names, with the labels that it chooses by."""
    for metric, chosen in re.findall(r"(hallwatch_[a-z_]+)(?:\{([^}]*)\})?", expression):
        yield metric, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", chosen))


def test_whatever_the_dashboard_asks_for_is_told_with_the_labels_that_it_uses(
    services: Services, signed_in: SignedIn
) -> None:
    at_work(services.database)
    told_with = labels_told(signed_in("admin").get("/metrics").text)
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    for expression, legend in queries(dashboard):
        shown = set(re.findall(r"\{\{(\w+)\}\}", legend))
        kept = {label for by in re.findall(r"\bby\s*\(([^)]*)\)", expression) for label in re.split(r"\s*,\s*", by)}
        listed = set(re.findall(r"label_values\([^,]+,\s*(\w+)\)", expression))
        assert shown <= kept or not kept, f"the legend shows what `by` leaves out: {expression}"
        for metric, chosen in labels_of(expression):
            assert "hall" in chosen | listed or "hall" not in told_with[metric], (
                f"whatever hall is chosen: {expression}"
            )
            assert chosen | shown | kept | listed <= told_with[metric], expression


def test_the_dashboard_and_the_guide_name_what_there_is_and_nothing_else(services: Services, clock: Clock) -> None:
    at_work(services.database)
    there = {
        f"{metric.name}{'_total' if metric.type == 'counter' else ''}"
        for metric in Measured(services.database, clock.now).collect()
    }
    named = re.compile(r"hallwatch_[a-z_]+")
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    shown = {
        name
        for panel in dashboard["panels"]
        for query in panel.get("targets", ())
        for name in named.findall(query["expr"])
    }
    assert shown == there
    assert set(named.findall(GUIDE.read_text("utf-8"))) == there
