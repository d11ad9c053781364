"""Where several cameras look at a counter, each can be looked through, and one that sees is shown first."""

import re
from html import unescape

import pytest
from sqlmodel import col, select

from storage.models import Camera, CameraFault, CameraStatus, FaultKind, Presence, StaffState, View
from tests.sample import CAMERA, HALL
from tests.web.pages.a_day import NOW
from tests.web.pages.conftest import SignIn
from web.services import Services

SECOND = "cc-cam-9"


@pytest.fixture
def two_cameras(day: Services) -> Services:
    """`cc-1` is seen by its own camera and by another; both are connected."""
    with day.database.transaction() as session:
        session.add(Camera(id=SECOND, hall_id=HALL, name="大厅全景", url="rtsp://10.0.0.19/main"))
        session.flush()
        session.add(View(camera_id=SECOND, counter_id="cc-1", staff_zone=[], customer_zone=[]))
        session.add(CameraStatus(camera_id=SECOND, connected=True, since=NOW, updated=NOW))
    return day


def shown(sign_in: SignIn, query: str = "") -> str:
    return str(sign_in("supervisor").get(f"/counters/cc-1.json{query}").json()["state"]["camera_id"])


def test_the_last_five_minutes_open_as_a_span_for_who_may_see_spans_and_else_as_a_clip(sign_in: SignIn) -> None:
    def address(role: str) -> str:
        before, found, _ = sign_in(role).get("/counters/cc-1").text.partition("Last five minutes")
        assert found
        return unescape(re.findall(r'href="([^"]+)"', before)[-1])

    assert address("supervisor").startswith("/media/clip.mp4?camera=cc-cam-1&")
    span = sign_in("admin").get(address("admin").replace("/span", "/span.json")).json()
    assert (span["start"], span["end"]) == ("2026-11-23T02:35:00Z", "2026-11-23T02:40:00Z")
    assert (span["chosen"], [camera["camera_id"] for camera in span["result"]["cameras"]]) == (["cc-1"], ["cc-cam-1"])


def test_all_cameras_of_a_counter_are_offered(two_cameras: Services, sign_in: SignIn) -> None:
    page = sign_in("supervisor").get("/counters/cc-1")
    assert f'href="/counters/cc-1?camera={SECOND}"' in page.text
    assert "大厅全景" in page.text
    assert shown(sign_in) == CAMERA
    assert shown(sign_in, f"?camera={SECOND}") == SECOND
    assert f'<live-tile id="live-{SECOND}"' in sign_in("supervisor").get(f"/counters/cc-1?camera={SECOND}").text


def test_a_counter_with_one_camera_offers_no_choice(sign_in: SignIn) -> None:
    assert "Cameras of this counter" not in sign_in("supervisor").get("/counters/cc-1").text


def test_a_camera_that_is_connected_goes_first(two_cameras: Services, sign_in: SignIn) -> None:
    with two_cameras.database.transaction() as session:
        session.get_one(CameraStatus, CAMERA).connected = False
    assert shown(sign_in) == SECOND
    tiles = sign_in("supervisor").get("/board.json").json()["tiles"]
    assert next(tile["camera_id"] for tile in tiles if tile["counter"]["id"] == "cc-1") == SECOND
    assert shown(sign_in, f"?camera={CAMERA}") == CAMERA


def test_a_blind_camera_goes_last_and_a_wrong_clock_blinds_nobody(two_cameras: Services, sign_in: SignIn) -> None:
    with two_cameras.database.transaction() as session:
        session.add(CameraFault(camera_id=CAMERA, kind=FaultKind.CLOCK_WRONG, start=NOW))
    assert shown(sign_in) == CAMERA
    with two_cameras.database.transaction() as session:
        session.add(CameraFault(camera_id=CAMERA, kind=FaultKind.OBSTRUCTED, start=NOW))
    assert shown(sign_in) == SECOND
    assert "View obstructed" in sign_in("supervisor").get("/counters/cc-1").text


def test_a_camera_that_does_not_look_there_is_not_shown(two_cameras: Services, sign_in: SignIn) -> None:
    assert shown(sign_in, "?camera=nh-cam-1") == CAMERA


def test_a_counter_whose_camera_is_switched_off_says_so_and_keeps_what_was_recorded(
    day: Services, sign_in: SignIn
) -> None:
    with day.database.transaction() as session:
        session.get_one(Camera, CAMERA).enabled = False
        last = session.exec(select(Presence).where(Presence.counter_id == "cc-1", col(Presence.end).is_(None))).one()
        last.staff, last.reason = StaffState.UNKNOWN, "no_view"
    client = sign_in("admin")
    page = client.get("/counters/cc-1.json").json()
    assert (page["state"]["camera_id"], page["state"]["switched_off"]) == (None, CAMERA)
    assert page["state"]["reason"] == "camera_off"
    assert "footage" in [lane["name"] for lane in page["timeline"]["lanes"]]
    for path in ("/counters/cc-1", "/board?hall=cc&show=unknown"):
        assert "Its camera is switched off." in client.get(path, headers={"Accept-Language": "en"}).text
        assert "其摄像机已停用。" in client.get(path, headers={"Accept-Language": "zh"}).text
    assert "Last five minutes" in client.get("/counters/cc-1").text
    tiles = {tile["counter"]["id"]: tile for tile in client.get("/board.json?hall=cc").json()["tiles"]}
    assert (tiles["cc-10"]["reason"], tiles["cc-10"]["switched_off"]) == ("no_view", None), "that has no view at all"
