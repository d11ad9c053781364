"""The page that finds cameras, and the form that it fills in."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect
from sqlmodel import select

from ingest.simulator.onvif_device import OnvifDevice, Stream
from ingest.simulator.onvif_server import OnvifServer
from ingest.simulator.rtsp_messages import Credentials
from storage.models import AccessEntry, Camera, Role, WebSession
from tests.web.pages.a_day import NOW
from tests.web.pages.browser import IN_BROWSER, WITHIN_MS
from tests.web.pages.conftest import SignIn, signed_in
from web.services import Services

PASSWORD = "geheim-3"
MAIN, SUB = "rtsp://127.0.0.1:8554/main", "rtsp://127.0.0.1:8554/sub"
STREAMS = (
    Stream("main", MAIN, 1920, 1080, 25),
    Stream("sub", SUB, 640, 360, 15),
    Stream("jpeg", "http://h/", 640, 360, 5, "JPEG"),
)
CAMERA = OnvifDevice("cam-1", "Entrance 入口", STREAMS, Credentials("viewer", PASSWORD))
FIND, FOUND = "/admin/cameras/find", "/admin/cameras/found"
NEW = "/admin/cameras?new=true&found=true"
CHOSEN = {"url": MAIN, "sub_url": SUB}


@pytest.fixture
def camera() -> Iterator[OnvifServer]:
    with OnvifServer([CAMERA, OnvifDevice("cam-2", "<b>Exit</b>", STREAMS[:1])]) as server:
        yield server


def asking(server: OnvifServer, **changes: str) -> dict[str, str]:
    return {"address": server.address("cam-1"), "username": "viewer", "password": PASSWORD, **changes}


def saving(**changes: str) -> dict[str, str]:
    """The form as it was filled in, with an id and no password."""
    form = {"id": "cc-cam-9", "hall": "cc", "name": "", "transport": "tcp", "username": "viewer", "enabled": "true"}
    return {**form, **CHOSEN, "password": "", **changes}


def stored(services: Services, camera_id: str = "cc-cam-9") -> Camera | None:
    with services.database.transaction() as session:
        return session.get(Camera, camera_id)


def credentials(services: Services) -> str:
    camera = stored(services)
    assert camera
    return services.secrets.open(camera.credentials)


def test_nobody_but_an_administrator_comes_in(anonymous: TestClient, sign_in: SignIn) -> None:
    assert anonymous.get(FIND).status_code == 303
    assert anonymous.get(f"{FIND}.json").status_code == 401
    for path in (FIND, FOUND):
        assert anonymous.post(path, data={"address": "192.0.2.1"}).status_code == 303
    for role in Role:
        if role is Role.ADMIN:
            continue
        client = sign_in(role.value)
        assert client.get(f"{FIND}?look=true").status_code == 403
        assert client.get(f"{FIND}.json?look=true").status_code == 403
        assert client.post(FIND, data={"address": "192.0.2.1"}).status_code == 403
        assert client.post(FOUND, data=CHOSEN).status_code == 403


def test_another_site_cannot_make_the_server_ask(sign_in: SignIn) -> None:
    admin = sign_in("admin")
    del admin.headers["X-CSRF-Token"]
    assert admin.post(FIND, data={"address": "192.0.2.1"}).status_code == 403
    assert admin.post(FOUND, data=CHOSEN).status_code == 403


def test_the_page_looks_by_itself_and_not_before(sign_in: SignIn, day: Services) -> None:
    page = sign_in("admin").get(FIND)
    assert 'hx-trigger="load"' in page.text
    with day.database.transaction() as session:
        assert session.exec(select(AccessEntry).where(AccessEntry.subject == "onvif:discovery")).all() == []


def test_found_cameras_are_listed_and_those_of_the_site_marked(
    sign_in: SignIn, day: Services, camera: OnvifServer
) -> None:
    with day.database.transaction() as session:
        session.add(Camera(id="cc-cam-8", hall_id="cc", url="rtsp://127.0.0.1/x"))
    admin = sign_in("admin")
    for _ in range(20):  # a machine at its limit may not answer within one look
        devices = admin.get(f"{FIND}.json?look=true").json()["devices"]
        mine = [found for found in devices if found["device"]["address"].startswith(camera.base)]
        if len(mine) == 2:
            break
    assert [found["device"]["name"] for found in mine] == ["Entrance 入口", "<b>Exit</b>"]
    assert all("cc-cam-8" in found["cameras"] for found in mine)


def test_where_nobody_answers_is_said_what_to_look_at(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.api.onvif.discover", lambda _seconds: ())
    page = sign_in("admin").get(f"{FIND}?look=true").text
    assert "No camera has answered" in page
    assert "Switch on ONVIF" in page
    assert "没有摄像机" in sign_in("admin").get(f"{FIND}?look=true", headers={"Accept-Language": "zh"}).text


def test_streams_are_listed_with_a_proposal_and_without_the_password(
    sign_in: SignIn, day: Services, camera: OnvifServer
) -> None:
    with day.database.transaction() as session:
        session.add(Camera(id="cc-cam-8", hall_id="cc", url=MAIN))
    page = sign_in("admin").post(FIND, data=asking(camera)).text
    assert "Hallwatch Simulated camera at 127.0.0.1 has told its streams." in page
    assert re.findall(r'name="(\w+)" value="([^"]*)" aria-label="[^"]*" checked', page) == [
        ("url", MAIN),
        ("sub_url", SUB),
    ]
    assert "taken by cc-cam-8" in page
    assert "none that can be used" in page
    assert PASSWORD not in page


def test_a_cameras_words_are_no_markup(sign_in: SignIn, camera: OnvifServer) -> None:
    evil = replace(STREAMS[0], name='<script>alert("1")</script>', url='rtsp://h/"><script>')
    with OnvifServer([OnvifDevice("cam-1", "x", (evil,))]) as server:
        page = sign_in("admin").post(FIND, data=asking(server)).text
    assert "<script>" not in page.split("<main")[1].split("</main>")[0]


@pytest.mark.parametrize(("language", "said"), [("en", "It refuses the user name or password."), ("zh", "拒绝")])
def test_a_wrong_password_is_told_in_the_readers_language(
    sign_in: SignIn, camera: OnvifServer, language: str, said: str
) -> None:
    answer = sign_in("admin").post(FIND, data=asking(camera, password="wrong"), headers={"Accept-Language": language})
    assert said in answer.text
    assert f'value="{camera.address("cam-1")}"' in answer.text
    assert "wrong" not in answer.text.split("<main")[1].split("</main>")[0]


def test_an_address_is_asked_for(sign_in: SignIn) -> None:
    assert "Enter the address of a camera." in sign_in("admin").post(FIND, data={"address": " "}).text
    assert "The address is not understood" in sign_in("admin").post(FIND, data={"address": "rtsp://192.0.2.1"}).text


def test_a_clock_that_is_off_is_told(sign_in: SignIn) -> None:
    late = replace(CAMERA, clock_offset=lambda: timedelta(minutes=-2))
    with OnvifServer([late]) as server:
        page = sign_in("admin").post(FIND, data=asking(server)).text
    # Cameras tell whole seconds, and the answer was some time under way.
    assert re.search(r"Its clock differs from the server's by 1(19|2\d) s", page)


def test_the_form_of_a_new_camera_is_filled_in_and_its_password_kept(
    sign_in: SignIn, day: Services, camera: OnvifServer
) -> None:
    admin = sign_in("admin")
    admin.post(FIND, data=asking(camera))
    answer = admin.post(FOUND, data=CHOSEN)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{NEW}#form")
    page = admin.get(NEW)
    for value in (MAIN, SUB, "viewer", "Hallwatch Simulated camera"):
        assert f'value="{value}"' in page.text
    assert "has just listed the streams of 127.0.0.1" in page.text
    told = admin.get("/admin/cameras.json?new=true&found=true").json()["fields"]
    assert {field["name"]: field["value"] for field in told}["password"] == ""
    assert PASSWORD not in page.text
    assert admin.post("/admin/cameras", data=saving()).status_code == 303
    assert credentials(day) == f"viewer:{PASSWORD}"


def test_a_mistake_in_the_form_does_not_lose_the_password(sign_in: SignIn, day: Services, camera: OnvifServer) -> None:
    admin = sign_in("admin")
    admin.post(FIND, data=asking(camera))
    assert admin.post("/admin/cameras", data=saving(id="with blanks")).status_code == 422
    assert admin.post("/admin/cameras", data=saving()).status_code == 303
    assert credentials(day) == f"viewer:{PASSWORD}"


def test_the_password_is_not_for_another_host_user_or_administrator(
    sign_in: SignIn, day: Services, camera: OnvifServer
) -> None:
    admin, other = sign_in("admin"), sign_in("admin")
    for client, changed in [
        (admin, {"url": "rtsp://192.0.2.66/main", "sub_url": ""}),
        (admin, {"sub_url": "rtsp://192.0.2.66/sub"}),
        (admin, {"username": "root"}),
        (other, {}),
    ]:
        admin.post(FIND, data=asking(camera))
        assert client.post("/admin/cameras", data=saving(**changed)).status_code == 303
        assert PASSWORD not in credentials(day)
        with day.database.transaction() as session:
            session.delete(session.get_one(Camera, "cc-cam-9"))
    assert f'value="{MAIN}"' not in other.get(NEW).text


def test_the_password_is_used_once(sign_in: SignIn, day: Services, camera: OnvifServer) -> None:
    admin = sign_in("admin")
    admin.post(FIND, data=asking(camera))
    assert admin.post("/admin/cameras", data=saving(id="first")).status_code == 303
    assert admin.post("/admin/cameras", data=saving()).status_code == 303
    assert credentials(day) == "viewer:"


def test_the_password_is_sealed_while_it_is_kept_and_forgotten_in_time(day: Services, camera: OnvifServer) -> None:
    admin = signed_in(day, "admin")
    admin.post(FIND, data=asking(camera))
    with day.database.transaction() as session:
        [kept] = [row.found_camera for row in session.exec(select(WebSession)) if row.found_camera]
    assert PASSWORD not in kept
    assert PASSWORD in day.secrets.open(kept)
    later = replace(day, clock=lambda: NOW + timedelta(minutes=16))
    client = signed_in(later, "admin")
    client.cookies = admin.cookies
    client.headers["X-CSRF-Token"] = admin.headers["X-CSRF-Token"]
    assert "has been forgotten" in client.post(FOUND, data=CHOSEN).text
    assert client.post("/admin/cameras", data=saving()).status_code == 303
    assert credentials(day) == "viewer:"


def test_nothing_is_taken_that_nobody_has_told(sign_in: SignIn) -> None:
    assert "has been forgotten" in sign_in("admin").post(FOUND, data=CHOSEN).text
    assert sign_in("admin").get(NEW).status_code == 200


class TestInBrowser:
    pytestmark = IN_BROWSER

    def test_a_camera_is_set_up_from_what_was_found(self, page: Page, day: Services, camera: OnvifServer) -> None:
        page.goto("/admin/cameras")
        page.get_by_role("link", name="Find cameras").click()
        expect(page.locator("#devices .while-busy")).to_be_visible()
        entrance = page.locator("#devices tr", has_text=camera.address("cam-1"))
        while not entrance.count():
            again = page.get_by_role("link", name="Look again")
            again.wait_for(timeout=WITHIN_MS)
            if not entrance.count():
                again.click()
        with page.expect_response(lambda response: "look=true" in response.url):
            page.get_by_role("link", name="Look again").click()
            expect(page.locator("#devices .while-busy")).to_be_visible()
        expect(page.locator("#devices .while-busy")).to_be_hidden()
        page.get_by_role("link", name="Look again").wait_for()
        entrance.get_by_role("link").click()
        expect(page.locator("#f-address")).to_have_value(camera.address("cam-1"))
        page.fill("#f-username", "viewer")
        page.fill("#f-password", "wrong")
        page.get_by_role("button", name="List the streams").click()
        expect(page.locator("#streams [role=alert]")).to_contain_text("It refuses", timeout=WITHIN_MS)
        page.fill("#f-password", PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("#streams input[name=url]:checked")).to_have_value(MAIN, timeout=WITHIN_MS)
        assert entrance.count() == 1, "the list stays beside it"
        page.get_by_role("button", name="Fill in the form of a new camera").click()
        expect(page.locator("#f-url")).to_have_value(MAIN, timeout=WITHIN_MS)
        expect(page.locator("#f-sub_url")).to_have_value(SUB)
        expect(page.locator("#f-password")).to_have_value("")
        page.fill("#f-id", "cc-cam-9")
        page.get_by_role("button", name="Save").click()
        page.locator("tr", has_text="cc-cam-9").wait_for(timeout=WITHIN_MS)
        assert credentials(day) == f"viewer:{PASSWORD}"

    def test_nothing_is_wider_than_a_phone(self, page: Page, camera: OnvifServer) -> None:
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(f"/admin/cameras/find?look=true&address={camera.address('cam-1')}")
        page.fill("#f-username", "viewer")
        page.fill("#f-password", PASSWORD)
        page.get_by_role("button", name="List the streams").click()
        page.locator("#streams input[name=url]").first.wait_for(timeout=WITHIN_MS)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_address_that_carries_a_password_is_sent_back_without_it(sign_in: SignIn) -> None:
    answer = sign_in("admin").post(FIND, data={"address": f"http://viewer:{PASSWORD}@192.0.2.10", "username": ""})
    assert "must not carry a user name or password" in answer.text
    assert PASSWORD not in answer.text
    assert 'value="http://192.0.2.10"' in answer.text
