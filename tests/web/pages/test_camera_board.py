from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from analytics.diary import RARE_KEYFRAMES, SLOW_CAMERAS
from analytics.presence import RECORDER_SILENT
from storage.models import Camera, CameraFault, CameraStatus, CustomerState, FaultKind, Node, Presence, StaffState
from tests.web.pages.a_day import NOW
from tests.web.pages.conftest import SignIn
from web.services import Services


def test_anonymous_readers_and_roles_without_it_see_nothing(anonymous: TestClient, sign_in: SignIn) -> None:
    assert (anonymous.get("/cameras").status_code, anonymous.get("/cameras.json").status_code) == (303, 401)
    assert sign_in("department").get("/cameras").status_code == 403


def test_each_camera_of_ones_halls_is_shown_with_its_state_the_worst_first(sign_in: SignIn) -> None:
    told = sign_in("supervisor").get("/cameras.json").json()
    assert [(tile["id"], tile["state"]) for tile in told["tiles"]] == [("cc-cam-2", "no_signal"), ("cc-cam-1", "ok")]
    assert told["tiles"][0]["also"] == [], "of a picture that does not come nothing is said, though it was dark"
    assert told["tiles"][0]["since"] == (NOW - timedelta(minutes=35)).isoformat().replace("+00:00", "Z")
    assert [counter["id"] for counter in told["tiles"][1]["counters"]] == ["cc-1", "cc-2"]
    assert told["counts"] == [{"state": "no_signal", "count": 1}, {"state": "ok", "count": 1}]
    assert {tile["hall"]["id"] for tile in sign_in("admin").get("/cameras.json").json()["tiles"]} == {"cc", "nh"}


@pytest.mark.parametrize(
    ("query", "shown"), [("?show=no_signal", ["cc-cam-2"]), ("?show=frozen", []), ("?hall=nh", None)]
)
def test_the_board_is_narrowed_to_a_state_or_a_hall(sign_in: SignIn, query: str, shown: list[str] | None) -> None:
    answer = sign_in("supervisor").get(f"/cameras.json{query}")
    if shown is None:
        assert answer.status_code == 404
    else:
        assert [tile["id"] for tile in answer.json()["tiles"]] == shown
        assert answer.json()["all"] == 2


def test_states_are_words_and_pictures_only_for_who_may_see_them(day: Services, sign_in: SignIn) -> None:
    with day.database.transaction() as session:
        session.add(CameraFault(camera_id="cc-cam-1", kind=FaultKind.DARK, start=NOW - timedelta(minutes=20)))
    page = sign_in("supervisor").get("/cameras", headers={"Accept-Language": "zh"}).text
    assert '<span class="chip" data-state="late">画面过暗</span>' in page
    assert 'src="/media/still.jpg?camera=cc-cam-1&amp;minute=' in page
    assert "最新画面正在加载…" in page, "until it has come"
    assert 'text-no-still="暂时无法读取最新画面。"' in page
    assert 'href="/counters/cc-1"' in page
    assert "/admin/cameras" not in page
    assert "/calendar/cc-cam-1" not in page
    assert "/calendar/cc-cam-1" in sign_in("investigator").get("/cameras").text


def test_nothing_is_known_while_the_watcher_is_silent_or_the_camera_is_off(day: Services, sign_in: SignIn) -> None:
    with day.database.transaction() as session:
        for node in session.exec(select(Node).where(Node.role == "watcher")):
            node.heartbeat = NOW - timedelta(minutes=9)
        session.get_one(Camera, "cc-cam-2").enabled = False
        session.add(CameraFault(camera_id="cc-cam-1", kind=FaultKind.MOVED, start=NOW - timedelta(minutes=20)))
    tiles = sign_in("supervisor").get("/cameras.json").json()["tiles"]
    assert [(tile["id"], tile["state"]) for tile in tiles] == [("cc-cam-1", "unknown"), ("cc-cam-2", "off")]


def test_a_recorder_that_stands_still_is_told_of_cameras_when_it_is_told_of_their_counters(
    day: Services, sign_in: SignIn
) -> None:
    """The watcher says so of counters after seconds; the recorder's last word is too old only after half a minute."""
    last_picture = NOW - timedelta(seconds=9)
    client = sign_in("supervisor")
    with day.database.transaction() as session:
        session.get_one(CameraStatus, "cc-cam-1").updated = NOW - timedelta(seconds=8)
        lasting = session.exec(select(Presence).where(Presence.counter_id == "cc-1", col(Presence.end).is_(None))).one()
        lasting.end = last_picture
        nothing: dict[str, Any] = {"staff": StaffState.UNKNOWN, "customer": CustomerState.UNKNOWN}
        session.add(Presence(counter_id="cc-1", start=last_picture, reason=RECORDER_SILENT, source="ssd", **nothing))
    board = client.get("/halls/cc/board.json").json()
    counters = {each["counter"]["id"]: each["reason"] for each in board["tiles"]}
    [camera] = [each for each in client.get("/cameras.json").json()["tiles"] if each["id"] == "cc-cam-1"]
    assert (counters["cc-1"], camera["state"], camera["recorder_silent"]) == (RECORDER_SILENT, "unknown", True)
    assert camera["since"] == last_picture.isoformat().replace("+00:00", "Z")
    page = client.get("/cameras", headers={"Accept-Language": "en"}).text
    assert "The recorder is not heard of" in page
    with day.database.transaction() as session:
        session.exec(select(Presence).where(Presence.reason == RECORDER_SILENT)).one().end = NOW
    [camera] = [each for each in client.get("/cameras.json").json()["tiles"] if each["id"] == "cc-cam-1"]
    assert camera["state"] == "ok", "it sends again"


@pytest.mark.parametrize(("apart", "told"), [(12.0, True), (4.0, False)])
def test_of_a_camera_that_is_looked_at_seldom_it_is_told_how_late_its_alerts_are(
    day: Services, sign_in: SignIn, apart: float, told: bool
) -> None:
    with day.database.transaction() as session:
        watcher = session.exec(select(Node).where(Node.role == "watcher")).one()
        watcher.detail = watcher.detail | {SLOW_CAMERAS: {"cc-cam-1": apart}}
    admin = sign_in("admin")
    for path in ("/cameras", "/health"):
        found = {
            camera["id"]: camera
            for camera in admin.get(f"{path}.json").json()["tiles" if path == "/cameras" else "cameras"]
        }
        assert found["cc-cam-1"]["pictures_apart_s"] == (apart if told else None)
        assert found["cc-cam-2"]["pictures_apart_s"] is None
        page = admin.get(path, headers={"Accept-Language": "zh"}).text
        assert page.count("告警可能因此推迟同样长的时间") == told


def test_of_a_camera_with_rare_keyframes_it_is_told_what_that_costs(day: Services, sign_in: SignIn) -> None:
    with day.database.transaction() as session:
        watcher = session.exec(select(Node).where(Node.role == "watcher")).one()
        watcher.detail = watcher.detail | {RARE_KEYFRAMES: {"cc-cam-1": {"apart_s": 20.0, "times": 3.14}}}
    admin = sign_in("admin")
    for path, named in (("/cameras", "tiles"), ("/health", "cameras")):
        found = {camera["id"]: camera["rare_keyframes"] for camera in admin.get(f"{path}.json").json()[named]}
        assert (found["cc-cam-1"], found["cc-cam-2"]) == ({"apart_s": 20.0, "times": 3.14}, None)
        page = admin.get(path, headers={"Accept-Language": "zh"}).text
        assert page.count("每隔 20 秒才有一个关键帧，因此要解码全部画面，开销是平常的 3.1 倍") == 1
