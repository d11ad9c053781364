"""Finding cameras by API: who may let the server ask somebody, and what comes back."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from ingest.simulator.onvif_device import OnvifDevice, Stream
from ingest.simulator.onvif_server import OnvifServer
from ingest.simulator.rtsp_messages import Credentials
from storage.models import AccessEntry, Role
from tests.web.conftest import NOON, SignedIn
from web.declarations import CameraDeclaration
from web.found_cameras import FoundCamera, with_its_password
from web.services import Services

STREAMS = (Stream("main", "rtsp://h/main", 1920, 1080, 25), Stream("sub", "rtsp://h/sub", 640, 360, 15))
PASSWORD = "geheim-9"
ASKING = {"address": "192.0.2.10", "username": "viewer", "password": PASSWORD}


@pytest.fixture
def camera() -> Iterator[OnvifServer]:
    with OnvifServer([OnvifDevice("cam-1", "Entrance", STREAMS, Credentials("viewer", PASSWORD))]) as server:
        yield server


DOORS = [("/api/v1/camera-discovery", {"seconds": 0.5}), ("/api/v1/camera-profiles", ASKING)]


@pytest.mark.parametrize(("path", "body"), DOORS)
def test_nobody_but_an_administrator_makes_the_server_ask_anybody(
    anonymous: TestClient, signed_in: SignedIn, services: Services, path: str, body: dict[str, object]
) -> None:
    assert anonymous.post(path, json=body).status_code == 401
    for role in Role:
        if role is not Role.ADMIN:
            assert signed_in(role.value).post(path, json=body).status_code == 403, role
    with services.database.transaction() as session:
        assert session.exec(select(AccessEntry).where(AccessEntry.action == "administer")).all() == []


def test_another_site_cannot_make_it_ask_either(signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    del admin.headers["X-CSRF-Token"]
    for path, body in DOORS:
        assert admin.post(path, json=body).status_code == 403


def test_a_camera_tells_its_streams_and_two_are_proposed(signed_in: SignedIn, camera: OnvifServer) -> None:
    answer = signed_in("admin").post("/api/v1/camera-profiles", json=ASKING | {"address": camera.address("cam-1")})
    told = answer.json()
    assert (told["ok"], told["url"], told["sub_url"]) == (True, "rtsp://127.0.0.1/main", "rtsp://127.0.0.1/sub")
    assert [profile["codec"] for profile in told["device"]["profiles"]] == ["h264", "h264"]
    assert PASSWORD not in answer.text


def test_cameras_are_found(signed_in: SignedIn, camera: OnvifServer) -> None:
    admin = signed_in("admin")
    for _ in range(20):  # a machine at its limit may not answer within one look
        found = admin.post("/api/v1/camera-discovery", json={"seconds": 1}).json()
        if camera.address("cam-1") in {device["address"] for device in found}:
            return
    raise AssertionError(found)


def test_what_goes_wrong_is_told_in_words(signed_in: SignedIn, camera: OnvifServer) -> None:
    admin = signed_in("admin")
    for changed, trouble in [
        ({"address": camera.address("cam-1"), "password": "wrong"}, "refused"),
        ({"address": "127.0.0.1:1"}, "unreachable"),
        ({"address": "file:///etc/passwd"}, "bad_address"),
        ({"address": f"http://viewer:{PASSWORD}@192.0.2.1/"}, "bad_address"),
    ]:
        answer = admin.post("/api/v1/camera-profiles", json=ASKING | changed)
        assert (answer.json()["ok"], answer.json()["trouble"]) == (False, trouble)
        assert answer.json()["error"]
        assert PASSWORD not in answer.text


def test_mistakes_name_their_field(signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    for path, body, field in [
        ("/api/v1/camera-discovery", {"seconds": 600}, "seconds"),
        ("/api/v1/camera-discovery", {"seconds": 0.5, "host": "no-such-host.invalid"}, "host"),
        ("/api/v1/camera-discovery", {"seconds": 0.5, "host": "192.0.2.10:8000"}, "host"),
        ("/api/v1/camera-profiles", ASKING | {"address": ""}, "address"),
    ]:
        answer = admin.post(path, json=body)
        assert answer.status_code == 422
        assert [problem["field"] for problem in answer.json()["fields"]] == [field]


def test_each_question_is_in_the_access_log_without_a_password(signed_in: SignedIn, services: Services) -> None:
    admin = signed_in("admin")
    admin.post("/api/v1/camera-discovery", json={"seconds": 0.5})
    admin.post("/api/v1/camera-profiles", json=ASKING | {"address": "127.0.0.1:1"})
    for address in (
        f"http://viewer:{PASSWORD}@127.0.0.1:1",
        f"127.0.0.1:1/onvif/device_service?user=a&password={PASSWORD}",
        f"127.0.0.1:1/{PASSWORD}/device_service",
    ):
        admin.post("/api/v1/camera-profiles", json=ASKING | {"address": address})
    with services.database.transaction() as session:
        subjects = session.exec(select(AccessEntry.subject).order_by(col(AccessEntry.id))).all()
    assert subjects == ["onvif:discovery", "onvif:127.0.0.1", "onvif:?", "onvif:127.0.0.1", "onvif:127.0.0.1"]


FOUND = FoundCamera("192.0.2.10", "Entrance", "viewer", PASSWORD, NOON)


def declared(url: str, sub_url: str = "", username: str = "viewer", password: str | None = None) -> CameraDeclaration:
    given = {"url": url, "sub_url": sub_url, "username": username, "password": password}
    return CameraDeclaration.model_validate({"id": "c", "hall": "cc", **given})


def test_the_kept_password_is_for_the_same_user_and_host_alone() -> None:
    same = declared("rtsp://192.0.2.10:554/main", "rtsp://192.0.2.10/sub")
    assert with_its_password(same, FOUND).credentials() == f"viewer:{PASSWORD}"
    for other in (
        declared("rtsp://192.0.2.11/main"),
        declared("rtsp://192.0.2.10/main", "rtsp://192.0.2.11/sub"),
        declared("rtsp://192.0.2.10.example/main"),
        declared("rtsp://192.0.2.10/main", username="other"),
        declared("rtsp://192.0.2.10/main", password="own"),
    ):
        assert PASSWORD not in with_its_password(other, FOUND).credentials()
    assert with_its_password(same, None) == same


@given(
    st.text("1290.:/@abc", max_size=20), st.text("1290.:/@abc", max_size=20), st.sampled_from(["viewer", "other", ""])
)
def test_no_other_address_gets_it(host: str, other: str, username: str) -> None:
    try:
        camera = declared(f"rtsp://{host}/main", f"rtsp://{other}/sub", username)
    except ValueError:
        return
    got = with_its_password(camera, FOUND)
    if PASSWORD in got.credentials():
        assert username == "viewer"
        assert all(url.split("/")[2].split(":")[0] == "192.0.2.10" for url in (camera.url, camera.sub_url))


def test_what_is_kept_does_not_show_its_password() -> None:
    assert PASSWORD not in repr(FOUND)
