"""Whom the detector sees by zones that are only drawn yet: within one's role and scope, and not too often."""

from base64 import b64decode
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from analytics.people import Box, DetectorUnavailable, Image, Person, PersonDetector
from storage.models import AccessEntry, Role, Segment, View
from tests.ingest.video.encoded import gops, packets
from tests.ingest.video.test_clip import at, recorded
from tests.sample import CAMERA
from tests.web.conftest import Clock, SignedIn
from web.customer_faces import CustomerFaces
from web.one_detector import OneDetector
from web.previews import Previews
from web.services import Services
from web.settings import PrivacySection, WatcherSection

ADDRESS = f"/api/v1/cameras/{CAMERA}/preview"
LEFT = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
RIGHT = [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]]


class OneInTheMiddleOfEach:
    """Somebody in the middle of every picture that it is given."""

    name = "one"

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        return [(Person(Box(0.4, 0.4, 0.5, 0.9), 0.8),) for _ in images]


@pytest.fixture
def admin(services: Services, app: FastAPI, clock: Clock, tmp_path: Path, signed_in: SignedIn) -> TestClient:
    """Where eight seconds have just been recorded."""
    with services.database.transaction() as session:
        session.add_all(Segment(**row.model_dump()) for row in recorded(tmp_path / "spool", gops(packets(200))))
    app.state.previews = Previews(0.35, OneDetector(OneInTheMiddleOfEach))
    clock.now = at(200)
    return signed_in("admin")


def test_nobody_else_may_ask(admin: TestClient, anonymous: TestClient, signed_in: SignedIn) -> None:
    assert anonymous.post(ADDRESS, json={}).status_code == 401
    for role in Role:
        if role is not Role.ADMIN:
            assert signed_in(role.value).post(ADDRESS, json={}).status_code == 403
    assert admin.post("/api/v1/cameras/nowhere/preview", json={}).status_code == 404


def test_the_zones_count_as_they_are_drawn_and_nothing_is_saved(admin: TestClient, services: Services) -> None:
    with services.database.transaction() as session:
        views = len(session.exec(select(View)).all())
    told = admin.post(ADDRESS, json={"staff_zone": LEFT}).json()
    assert (told["staff_count"], told["customer_count"], told["detector"]) == (1, None, "one")
    assert told["staff_most"] == 1
    assert [(one["staff"], one["customer"], one["score"]) for one in told["people"]] == [(True, False, 0.8)]
    assert told["taken"] == at(195).isoformat().replace("+00:00", "Z")
    assert told["age_s"] == pytest.approx(0.2)
    assert told["jpeg"] == ""
    both = admin.post(ADDRESS, json={"staff_zone": RIGHT, "customer_zone": LEFT}).json()
    assert (both["staff_count"], both["customer_count"]) == (0, 1)
    assert admin.post(ADDRESS, json={}).json()["reason"] == "no_zone"
    with services.database.transaction() as session:
        assert len(session.exec(select(View)).all()) == views


def test_the_picture_comes_with_it_and_that_is_written_down_once(admin: TestClient, services: Services) -> None:
    for _ in range(2):
        told = admin.post(ADDRESS, json={"staff_zone": LEFT, "with_picture": True}).json()
        assert b64decode(told["jpeg"]).startswith(b"\xff\xd8")
    with services.database.transaction() as session:
        looks = session.exec(select(AccessEntry).where(AccessEntry.action == "still")).all()
        assert [(each.subject, each.user_id is not None) for each in looks] == [(f"camera:{CAMERA}", True)]


def test_the_picture_shows_no_more_of_people_than_a_still_does(
    admin: TestClient, app: FastAPI, services: Services
) -> None:
    with services.database.transaction() as session:
        for view in session.exec(select(View)):
            view.staff_zone = []
    shown = []
    for privacy in (PrivacySection(), PrivacySection(blur_faces=False, blur_faces_off_because="glass walls")):
        app.state.customer_faces = CustomerFaces(privacy, OneDetector.of(WatcherSection(detector="onnx")))
        told = admin.post(ADDRESS, json={"staff_zone": LEFT, "with_picture": True}).json()
        still = admin.get("/media/still.jpg", params={"camera": CAMERA}).content
        assert b64decode(told["jpeg"]) == still
        shown.append(still)
    assert shown[0] != shown[1]


def test_whoever_asks_too_often_waits(admin: TestClient, clock: Clock) -> None:
    answers = [admin.post(ADDRESS, json={"staff_zone": LEFT}).status_code for _ in range(14)]
    assert set(answers[:12]) == {200}
    assert answers[-1] == 429
    clock.forward(timedelta(seconds=4))
    assert admin.post(ADDRESS, json={"staff_zone": LEFT}).status_code == 200


def test_zones_without_sense_and_a_detector_that_cannot_run_are_told(admin: TestClient, app: FastAPI) -> None:
    wrong = admin.post(ADDRESS, json={"staff_zone": [[0, 0], [2, 0], [0, 1]], "staff_inside": "near"})
    assert (wrong.status_code, {each["field"] for each in wrong.json()["fields"]}) == (
        422,
        {"staff_zone", "staff_inside"},
    )

    def missing() -> PersonDetector:
        raise DetectorUnavailable("detector onnx: run: pip install 'hallwatch[onnx]'")

    app.state.previews = Previews(0.35, OneDetector(missing))
    told = admin.post(ADDRESS, json={"staff_zone": LEFT})
    assert (told.status_code, "pip install" in told.json()["detail"]) == (503, True)


def test_a_camera_without_footage_has_nothing_to_show(admin: TestClient) -> None:
    assert admin.post("/api/v1/cameras/nh-cam-1/preview", json={"staff_zone": LEFT}).status_code == 404
