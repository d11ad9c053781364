"""Places, cameras, users and sources through the API: nobody sees a secret again, and mistakes name their field."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from ingest.simulator.clock_camera import ClockCamera
from ingest.simulator.rtsp_server import RtspServer
from ingest.simulator.sound import PCMA, SoundStream
from storage.models import MAX_THRESHOLD_S, AbsenceRule, AccessEntry, Camera, CameraAim, Hall
from tests.sample import a_segment
from tests.web.conftest import NOON, Clock, SignedIn
from web import accounts
from web.services import Services

HALL = {"id": "gm", "district": "chancheng", "name": "高明大厅"}
CAMERA = {"id": "cc-cam-9", "hall": "cc", "url": "rtsp://192.0.2.9/main", "username": "viewer", "password": "geheim-1"}
CAM = "cc-cam-1"
SQUARE = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]]


@pytest.fixture
def admin(signed_in: SignedIn) -> TestClient:
    return signed_in("admin")


def fields(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [problem["field"] for problem in answer.json()["fields"]]


def test_a_hall_is_made_changed_and_removed(admin: TestClient) -> None:
    hours = [{"days": "mon-wed", "open": "09:00", "close": "12:00"}]
    assert admin.put("/api/v1/halls/gm", json=HALL | {"hours": hours}).status_code == 200
    [hall] = [hall for hall in admin.get("/api/v1/halls").json() if hall["id"] == "gm"]
    assert [span["days"] for span in hall["hours"]] == ["mon", "tue", "wed"]
    assert admin.put("/api/v1/halls/gm", json=HALL | {"name": "高明"}).json()["name"] == "高明"
    [hall] = [hall for hall in admin.get("/api/v1/halls").json() if hall["id"] == "gm"]
    assert hall["hours"] == []
    assert admin.delete("/api/v1/halls/gm").status_code == 204
    assert admin.delete("/api/v1/halls/gm").status_code == 404


def test_a_hall_with_counters_cannot_be_removed(admin: TestClient) -> None:
    assert admin.delete("/api/v1/halls/cc").status_code == 409
    assert admin.get("/api/v1/halls").json()


def test_a_mistake_names_its_field(admin: TestClient) -> None:
    assert fields(admin.put("/api/v1/halls/gm", json=HALL | {"district": "none"})) == ["district"]
    assert fields(admin.put("/api/v1/halls/other", json=HALL)) == ["id"]
    assert fields(admin.put("/api/v1/halls/gm", json=HALL | {"timezone": "Mars/Base"})) == ["timezone"]
    assert fields(admin.put("/api/v1/halls/gm", json=HALL | {"nmae": "x"})) == ["nmae"]
    assert fields(admin.put("/api/v1/cameras/c", json=CAMERA | {"id": "c", "url": "http://x"})) == ["url"]
    assert fields(admin.put("/api/v1/views", json=view("cc-1") | {"staff_zone": [[0, 0]]})) == ["staff_zone"]
    assert fields(admin.put("/api/v1/views", json=view("cc-1") | {"staff_inside": "hat"})) == ["staff_inside"]
    assert fields(admin.put("/api/v1/zone-rules", json={"inside": ""})) == ["inside"]
    assert fields(admin.put("/api/v1/zone-rules", json={})) == ["inside"]
    assert fields(admin.put("/api/v1/views", json=view("nh-1"))) == ["counter"]
    assert fields(admin.put("/api/v1/rules", json={"hall": "cc", "threshold_s": 0})) == ["threshold_s"]
    assert fields(admin.put("/api/v1/halls/gm", json=HALL | {"name": "Guang\0ming"})) == ["name"]
    for user in ("a:b", "a\r\nX-Other: 1"):
        assert fields(admin.put("/api/v1/cameras/c", json=CAMERA | {"id": "c", "username": user})) == ["username"]


def test_what_is_in_use_says_by_what(admin: TestClient, services: Services) -> None:
    with services.database.transaction() as session:
        session.add_all(Hall(id=f"h{number}", district_id="chancheng", name="大厅") for number in range(9))
    told = admin.delete("/api/v1/districts/chancheng")
    assert (told.status_code, told.json()["detail"]) == (
        409,
        "“chancheng” is in use by halls: cc, h0, h1, h2, h3 …. Nothing was changed.",
    )
    assert "in use by counters: cc-1, cc-2; cameras: cc-cam-1" in admin.delete("/api/v1/halls/cc").json()["detail"]
    page = admin.post("/admin/cameras/remove?edit=cc-cam-1", headers={"Accept-Language": "zh"})
    assert (page.status_code, "正被使用：画面" in page.text, "in use" in page.text) == (409, True, False)
    assert admin.delete("/api/v1/halls/h8").status_code == 204


def test_an_absence_takes_no_longer_while_a_customer_waits(admin: TestClient) -> None:
    longer = {"hall": "cc", "threshold_s": 20, "waiting_threshold_s": 21}
    assert fields(admin.put("/api/v1/rules", json=longer)) == ["waiting_threshold_s"]
    assert admin.put("/api/v1/rules", json=longer | {"waiting_threshold_s": 20}).status_code == 200
    unsaid = {"hall": "nh", "threshold_s": 20}
    assert admin.put("/api/v1/rules", json=unsaid).status_code == 200, "what is not said is no longer than that"


def test_a_rule_that_says_nothing_is_none(admin: TestClient) -> None:
    before = admin.get("/api/v1/rules").json()
    assert fields(admin.put("/api/v1/rules", json={})) == ["threshold_s"]
    assert fields(admin.put("/api/v1/rules", json={"hall": "cc", "waiting_threshold_s": 30})) == ["threshold_s"]
    assert admin.get("/api/v1/rules").json() == before


@pytest.mark.parametrize(
    ("path", "body", "shown"),
    [
        ("districts/sd", {"name": "顺德区"}, "id"),
        ("halls/gm", {"district": "chancheng", "name": "高明大厅"}, "id"),
        ("counters/cc-9", {"hall": "cc", "number": "9"}, "id"),
        ("cameras/cc-cam-9", {"hall": "cc", "url": "rtsp://192.0.2.9/main"}, "id"),
        ("departments/market", {"name": "市场监督管理局"}, "id"),
        ("sources/city", {}, "id"),
        ("items/a/b", {"name": "食品经营许可"}, "code"),
        ("channels/duty", {"url": "json://192.0.2.9"}, "name"),
    ],
)
def test_a_body_need_not_repeat_what_its_address_says(
    admin: TestClient, path: str, body: dict[str, Any], shown: str
) -> None:
    answer = admin.put(f"/api/v1/{path}", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()[shown] == path.partition("/")[2]
    assert fields(admin.put(f"/api/v1/{path}", json=body | {shown: "other"})) == [shown]


@pytest.mark.parametrize("body", ["[]", "{", "5", ""])
def test_a_body_that_is_no_object_is_refused_in_words(admin: TestClient, body: str) -> None:
    answer = admin.put("/api/v1/halls/gm", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert not any("(" in problem["problem"] for problem in answer.json()["fields"])
    wrong_id = admin.put("/api/v1/halls/g%20m", json={"district": "chancheng", "name": "高明大厅"})
    assert fields(wrong_id) == ["id"]


@pytest.mark.parametrize("field", ["threshold_s", "waiting_threshold_s"])
def test_a_threshold_is_bounded_where_the_watcher_is(admin: TestClient, field: str) -> None:
    longest = {"hall": "cc", "threshold_s": MAX_THRESHOLD_S, "waiting_threshold_s": MAX_THRESHOLD_S}
    assert admin.put("/api/v1/rules", json=longest).status_code == 200
    assert fields(admin.put("/api/v1/rules", json=longest | {field: MAX_THRESHOLD_S + 1})) == [field]


def test_a_stored_rule_that_may_not_be_declared_any_more_can_be_seen(admin: TestClient, services: Services) -> None:
    with services.database.transaction() as session:
        session.add(AbsenceRule(hall_id="cc", threshold_s=2 * MAX_THRESHOLD_S, valid_from=NOON))
    assert [rule["threshold_s"] for rule in admin.get("/api/v1/rules").json()] == [2 * MAX_THRESHOLD_S]


def view(counter: str) -> dict[str, Any]:
    return {"camera": "cc-cam-1", "counter": counter, "staff_zone": SQUARE}


def test_a_password_goes_in_and_never_comes_out(admin: TestClient, services: Services) -> None:
    answers = [
        admin.put("/api/v1/cameras/cc-cam-9", json=CAMERA),
        admin.get("/api/v1/cameras"),
        admin.put("/api/v1/cameras/cc-cam-9", json=CAMERA | {"url": "geheim-1"}),
    ]
    assert all("geheim-1" not in answer.text for answer in answers)
    assert answers[0].json()["has_password"] is True
    with services.database.transaction() as session:
        stored = session.get_one(Camera, "cc-cam-9").credentials
    assert "geheim" not in stored
    assert services.secrets.open(stored) == "viewer:geheim-1"


def test_an_edit_without_a_password_keeps_it_but_not_for_another_host(admin: TestClient, services: Services) -> None:
    def credentials(**changed: str) -> str:
        admin.put("/api/v1/cameras/cc-cam-9", json={**CAMERA, "password": None, **changed})
        with services.database.transaction() as session:
            return services.secrets.open(session.get_one(Camera, "cc-cam-9").credentials)

    admin.put("/api/v1/cameras/cc-cam-9", json=CAMERA)
    assert credentials(name="Entrance") == "viewer:geheim-1"
    assert credentials(password="") == "viewer:"
    admin.put("/api/v1/cameras/cc-cam-9", json=CAMERA)
    assert credentials(url="rtsp://198.51.100.1/main") == "viewer:"


def test_a_camera_with_footage_or_a_view_stays_in_its_hall(admin: TestClient, services: Services) -> None:
    camera = CAMERA | {"id": "cc-cam-9"}
    assert admin.put("/api/v1/cameras/cc-cam-9", json=camera).status_code == 200
    assert admin.put("/api/v1/cameras/cc-cam-9", json=camera | {"hall": "nh"}).status_code == 200
    with services.database.transaction() as session:
        session.add(a_segment("cc-cam-9", NOON))
    for hall, status in {"cc": 409, "nh": 200}.items():
        assert admin.put("/api/v1/cameras/cc-cam-9", json=camera | {"hall": hall}).status_code == status
    seen = admin.put("/api/v1/cameras/cc-cam-1", json=camera | {"id": "cc-cam-1", "hall": "nh"})
    assert seen.status_code == 409
    assert "Make a new one" in seen.json()["detail"]


def test_a_counter_with_a_history_stays_in_its_hall(admin: TestClient) -> None:
    counter = {"id": "cc-9", "hall": "cc", "number": "9"}
    assert admin.put("/api/v1/counters/cc-9", json=counter).status_code == 200
    assert admin.put("/api/v1/counters/cc-9", json=counter | {"hall": "nh"}).status_code == 200
    absent = {"id": "nh-1", "hall": "cc", "number": "1"}
    assert admin.put("/api/v1/counters/nh-1", json=absent).status_code == 409
    assert admin.put("/api/v1/counters/nh-1", json=absent | {"hall": "nh"}).status_code == 200


def test_a_number_is_used_once_in_a_hall(admin: TestClient) -> None:
    counter = {"id": "cc-9", "hall": "cc", "number": "1"}
    assert fields(admin.put("/api/v1/counters/cc-9", json=counter)) == ["number"]
    assert admin.put("/api/v1/counters/cc-9", json=counter | {"hall": "nh", "number": "9"}).status_code == 200
    assert fields(admin.put("/api/v1/counters/nh-1", json={"id": "nh-1", "hall": "nh", "number": "9"})) == ["number"]
    assert admin.put("/api/v1/counters/nh-1", json={"id": "nh-1", "hall": "nh", "number": "1"}).status_code == 200


def test_a_camera_that_does_not_answer_is_told_in_words(admin: TestClient) -> None:
    unreachable = CAMERA | {"url": "rtsp://127.0.0.1:1/none"}
    answer = admin.post("/api/v1/camera-check", json=unreachable)
    assert answer.json()["ok"] is False
    assert answer.json()["main"]["error"]
    assert "geheim" not in answer.text


def test_a_check_opens_both_streams_and_says_which_failed(admin: TestClient) -> None:
    with RtspServer() as server, ClockCamera(server.mount("/main")):
        camera = CAMERA | {"url": server.url("/main"), "sub_url": server.url("/sub")}
        assert admin.put("/api/v1/cameras/cc-cam-9", json=camera).status_code == 200
        for answer in (
            admin.post("/api/v1/cameras/cc-cam-9/check").json(),
            admin.post("/api/v1/camera-check", json=camera).json(),
        ):
            assert (answer["ok"], answer["main"]["ok"], answer["sub"]["ok"]) == (False, True, False)


def test_a_check_says_what_of_the_sound_is_recorded_and_why_not(admin: TestClient) -> None:
    with RtspServer() as server, ClockCamera(server.mount("/main")) as camera:
        asked = CAMERA | {"url": server.url("/main")}
        for sound, wanted, audio, problem in (
            (PCMA, False, "", ""),
            (PCMA, True, "pcma 8000 Hz", ""),
            (SoundStream(98, "opus", 48_000, 2), True, "", "opus audio is not recorded"),
            (None, True, "", "the camera sends no audio"),
        ):
            camera.mount.sound = sound
            main = admin.post("/api/v1/camera-check", json=asked | {"audio": wanted}).json()["main"]
            assert (main["ok"], main["audio"]) == (True, audio)
            assert main["audio_problem"].startswith(problem)
            assert bool(main["audio_problem"]) == bool(problem)


def test_the_page_of_a_check_names_the_sound_as_it_is_written(admin: TestClient) -> None:
    with RtspServer() as server, ClockCamera(server.mount("/main")) as camera:
        camera.mount.sound = PCMA
        asked = CAMERA | {"url": server.url("/main"), "audio": True}
        assert admin.put("/api/v1/cameras/cc-cam-9", json=asked).status_code == 200
        page = admin.post("/admin/cameras/check?edit=cc-cam-9").text
    assert "PCMA 8000 Hz" in page


def test_a_changed_view_or_rule_begins_a_new_one(admin: TestClient, clock: Clock) -> None:
    first = admin.put("/api/v1/views", json=view("cc-1")).json()["view_id"]
    clock.forward(timedelta(minutes=1))
    assert admin.put("/api/v1/views", json=view("cc-1")).json()["view_id"] == first
    whole = admin.put("/api/v1/views", json=view("cc-1") | {"whole_zone": True}).json()
    assert (whole["view_id"] != first, whole["whole_zone"]) == (True, True)
    assert admin.delete(f"/api/v1/views/{whole['view_id']}").status_code == 204
    assert admin.delete(f"/api/v1/views/{whole['view_id']}").status_code == 404
    other = admin.put("/api/v1/views", json=view("cc-1") | {"staff_inside": "overlap .50"}).json()
    assert (other["view_id"] != first, other["staff_inside"]) == (True, "overlap 0.5")
    rules = [admin.put("/api/v1/rules", json={"hall": "cc", "threshold_s": s}).json() for s in (60, 90)]
    assert [rule["version"] for rule in rules] == [1, 2]
    assert [rule["threshold_s"] for rule in admin.get("/api/v1/rules").json()] == [90]
    assert admin.delete(f"/api/v1/rules/{rules[1]['rule_id']}").status_code == 204
    now = rules[1]["valid_from"]
    before = [rule for rule in admin.get("/api/v1/rules?ended=true").json() if rule["valid_to"]]
    held = [(rule["version"], rule["threshold_s"], rule["valid_to"]) for rule in before]
    assert held == [(2, 90, now), (1, 60, now)]


def test_a_former_version_of_a_rule_is_read_on_the_page_and_changed_by_nobody(
    admin: TestClient, services: Services, clock: Clock
) -> None:
    first = admin.put("/api/v1/rules", json={"hall": "cc", "threshold_s": 61, "unattended_s": 120}).json()["rule_id"]
    clock.forward(timedelta(hours=2))
    assert admin.put("/api/v1/rules", json={"hall": "cc", "threshold_s": 90}).status_code == 200
    rows = {row["key"]: row for row in admin.get("/admin/rules.json").json()["rows"]}
    key = f"past-{first}"
    assert rows[key]["muted"]
    assert rows[key]["cells"][-2:] == ["2026-03-02 12:00", "2026-03-02 14:00"]
    assert list(rows)[-1] == key, "what is over comes last"
    data = admin.get(f"/admin/rules.json?edit={key}").json()
    assert (data["is_former"], data["named"]) == (True, str(first))
    data = admin.get(f"/admin/rules.json?edit={first}").json()
    assert (data["is_former"], data["named"]) == (False, str(first)), "the mere number means what is in force there"
    page = admin.get(f"/admin/rules?edit={key}", headers={"Accept-Language": "en"}).text
    assert 'value="61"' in page
    assert "This version holds no more" in page
    assert ">Save<" not in page
    assert "/admin/rules/remove" not in page
    form = {"threshold_s": "300", "waiting_threshold_s": "60", "required_staff": "1"}
    assert admin.post(f"/admin/rules?edit={key}", data=form).status_code == 422
    assert admin.post(f"/admin/rules/remove?edit={key}").status_code in (409, 422)
    tried = admin.post(f"/admin/rules?edit={key}", data=form | {"try": "1"}, follow_redirects=False)
    assert tried.headers["location"].startswith("/admin/rules/dry-run?")
    assert [rule["threshold_s"] for rule in admin.get("/api/v1/rules").json() if rule["hall"] == "cc"] == [90]


def test_who_says_that_the_zones_fit_has_the_cameras_aim_found_anew(
    admin: TestClient, anonymous: TestClient, signed_in: SignedIn, services: Services, clock: Clock
) -> None:
    with services.database.transaction() as session:
        session.add(CameraAim(camera_id=CAM, zones="of then", since=clock(), picture=b"as it was"))
    address = f"/api/v1/cameras/{CAM}/aim"
    assert anonymous.post(address).status_code == 401
    assert signed_in("supervisor").post(address).status_code == 403
    assert admin.post("/api/v1/cameras/none/aim").status_code == 404
    assert admin.post(address).status_code == 204
    with services.database.transaction() as session:
        rows = session.exec(select(CameraAim).order_by(col(CameraAim.id))).all()
        assert [(row.zones, row.picture) for row in rows] == [("of then", b"as it was"), ("of then", b"")]


def test_the_zone_rule_keeps_its_versions(admin: TestClient, clock: Clock) -> None:
    assert admin.put("/api/v1/zone-rules", json={"inside": "centre"}).json()["version"] == 1
    clock.forward(timedelta(minutes=1))
    assert admin.put("/api/v1/zone-rules", json={"inside": "centre"}).json()["version"] == 1
    second = admin.put("/api/v1/zone-rules", json={"inside": "foot"}).json()
    assert [
        (rule["inside"], rule["valid_from"], rule["valid_to"]) for rule in admin.get("/api/v1/zone-rules").json()
    ] == [
        ("foot", second["valid_from"], None),
        ("centre", None, second["valid_from"]),
    ]


def test_a_view_says_since_when_and_until_when_it_holds(admin: TestClient) -> None:
    dates = {"valid_from": "2026-03-01T08:00:00+08:00", "valid_to": "2026-03-05T00:00:00Z"}
    made = admin.put("/api/v1/views", json=view("cc-1") | dates).json()
    assert (made["valid_from"], made["valid_to"]) == ("2026-03-01T00:00:00Z", "2026-03-05T00:00:00Z")
    assert made in admin.get("/api/v1/views").json()
    given = f"/api/v1/views/{made['view_id']}"
    assert admin.put(given, json=view("cc-2")).status_code == 404
    ended = admin.put(given, json=view("cc-1") | {"valid_to": "2026-03-02T00:00:00Z"}).json()
    assert ended["view_id"] == made["view_id"]
    assert ended not in admin.get("/api/v1/views").json()
    assert ended in admin.get("/api/v1/views?ended=true&camera=cc-cam-1").json()
    backwards = {"valid_from": "2026-03-05T00:00:00Z", "valid_to": "2026-03-05T00:00:00Z"}
    assert admin.put("/api/v1/views", json=view("cc-1") | backwards).status_code == 422
    assert fields(admin.put("/api/v1/views", json=view("cc-1") | {"valid_from": "2026-03-01"})) == ["valid_from"]


def test_a_user_gets_a_password_that_is_shown_once(admin: TestClient, services: Services) -> None:
    made = admin.post("/api/v1/users", json={"name": "li", "role": "supervisor", "halls": ["cc"]})
    assert made.status_code == 201
    password = made.json()["password"]
    assert password not in admin.get("/api/v1/users").text
    with services.database.transaction() as session:
        assert accounts.authenticate(session, "li", password)


def test_mistakes_about_users_name_their_field(admin: TestClient) -> None:
    li: dict[str, Any] = {"name": "li", "role": "supervisor"}
    assert fields(admin.post("/api/v1/users", json=li | {"password": "short"})) == ["password"]
    assert fields(admin.post("/api/v1/users", json=li | {"halls": ["none"]})) == ["halls"]
    assert fields(admin.post("/api/v1/users", json=li | {"role": "department"})) == ["department"]
    assert fields(admin.post("/api/v1/users", json=li | {"name": "admin"})) == ["name"]


@pytest.mark.parametrize(
    "name", ["bad name", "a\tb", "tab\x07", "null\x00", "hidden\u200bname", "_li", "li/wei", "x" * 65]
)
def test_nobody_can_be_given_a_name_that_is_hard_to_type(admin: TestClient, name: str) -> None:
    assert fields(admin.post("/api/v1/users", json={"name": name, "role": "supervisor"})) == ["name"]


@pytest.mark.parametrize("name", ["li.wei", "李伟", "li@hall.example", "a-b_c", "7"])
def test_people_are_called_by_their_names_in_any_script(admin: TestClient, name: str) -> None:
    assert admin.post("/api/v1/users", json={"name": name, "role": "supervisor"}).status_code == 201


def test_a_changed_role_ends_the_sessions(admin: TestClient, signed_in: SignedIn) -> None:
    browser = signed_in("inspector")
    admin.put("/api/v1/users/inspector", json={"role": "supervisor", "halls": ["cc"]})
    assert browser.get("/api/v1/me").status_code == 401


def test_administrators_cannot_lock_themselves_out(admin: TestClient) -> None:
    assert admin.put("/api/v1/users/admin", json={"role": "admin", "active": False}).status_code == 409
    assert admin.put("/api/v1/users/admin", json={"role": "inspector"}).status_code == 409


def test_a_new_key_works_at_once_and_the_old_one_no_more(admin: TestClient, anonymous: TestClient) -> None:
    keys = [admin.post("/api/v1/sources/cc-platform/key").json()["key"] for _ in range(2)]
    statuses = [
        anonymous.post(
            "/api/v1/sources/cc-platform/batches",
            json={"sequence": 1, "rows": []},
            headers={"Authorization": f"Bearer {key}"},
        ).status_code
        for key in keys
    ]
    assert statuses == [401, 200]
    assert keys[1] not in admin.get("/api/v1/sources").text


def test_a_source_keeps_its_key_when_its_counters_change(admin: TestClient) -> None:
    changed = admin.put(
        "/api/v1/sources/cc-platform", json={"id": "cc-platform", "hall": "cc", "counters": {"A": "cc-1"}}
    )
    assert changed.json()["may_push"] is True
    assert changed.json()["counters"] == {"A": "cc-1"}
    wrong = {"id": "cc-platform", "counters": {"A": "none"}}
    assert fields(admin.put("/api/v1/sources/cc-platform", json=wrong)) == ["counters.A"]


def test_every_change_is_in_the_access_log(admin: TestClient, services: Services) -> None:
    admin.put("/api/v1/halls/gm", json=HALL)
    admin.put("/api/v1/halls/bad", json=HALL)
    with services.database.transaction() as session:
        entries = [(entry.action, entry.subject) for entry in session.exec(select(AccessEntry))]
    assert entries == [("administer", "hall:gm")]


def test_the_first_who_acknowledges_an_alert_stays(signed_in: SignedIn, clock: Clock) -> None:
    first = signed_in("supervisor").post("/api/v1/alerts/1/acknowledge")
    assert first.json()["state"] == "acknowledged"
    clock.forward(timedelta(minutes=1))
    assert signed_in("admin").post("/api/v1/alerts/1/acknowledge").json() == first.json()


def test_the_api_describes_itself(admin: TestClient) -> None:
    paths = admin.get("/api/openapi.json").json()["paths"]
    assert "/api/v1/sources/{source}/batches" in paths
    page = admin.get("/programs").text
    assert 'href="/api/openapi.json"' in page
    assert [path for path in paths if f"<code>{path}</code>" not in page] == []
