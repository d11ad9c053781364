"""Forms: what they change, and what they say when they cannot."""

import json
import re
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from storage.models import (
    AbsenceRule,
    Alert,
    AlertState,
    Camera,
    Case,
    Counter,
    Department,
    Hall,
    Item,
    OpeningHours,
    User,
    View,
)
from tests.web.pages.a_day import NOW
from tests.web.pages.conftest import SignIn
from tests.web.test_files import CSV, MAPPING
from web.services import Services

ROW = {
    "case": "CC-2026-90001",
    "step": "90001-0",
    "kind": "receive",
    "name": "收件",
    "operator": "陈静",
    "counter": "1",
    "start": "2026-11-23T10:00:00+08:00",
    "end": None,
    "item": "fs-0412",
    "item_name": "商品房预售许可",
    "channel": "counter",
}


def test_an_alert_is_acknowledged_once_and_by_whom(sign_in: SignIn, day: Services) -> None:
    answer = sign_in("supervisor").post("/alerts/2/acknowledge", data={"next": "/alerts?state=open"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts?state=open")
    with day.database.transaction() as session:
        alert = session.get_one(Alert, 2)
        assert (alert.state, alert.acknowledged_at) == (AlertState.ACKNOWLEDGED, NOW)
        assert session.get_one(User, alert.acknowledged_by).name == "supervisor"


def test_only_those_may_acknowledge_whose_work_it_is(sign_in: SignIn) -> None:
    assert sign_in("investigator").post("/alerts/2/acknowledge").status_code == 403
    assert sign_in("supervisor").post("/alerts/4/acknowledge").status_code == 404
    assert "Acknowledge</button>" not in sign_in("investigator").get("/alerts").text


def test_a_hall_is_made_with_its_opening_hours(sign_in: SignIn, day: Services) -> None:
    form = {
        "id": "sd",
        "district": "nanhai",
        "name": "顺德大厅",
        "timezone": "Asia/Shanghai",
        "hours": "mon-fri 09:00-12:00",
    }
    assert sign_in("admin").post("/admin/halls", data=form).status_code == 303
    with day.database.transaction() as session:
        assert session.get_one(Hall, "sd").name == "顺德大厅"
        assert len(session.exec(select(OpeningHours).where(OpeningHours.hall_id == "sd")).all()) == 5


def test_places_have_their_english_names_in_english_and_their_chinese_ones_in_chinese(
    sign_in: SignIn, day: Services
) -> None:
    with day.database.transaction() as session:
        hall, counter = session.get_one(Hall, "cc"), session.get_one(Counter, "cc-1")
        hall.name, hall.name_en = "禅城大厅", "Chancheng Hall"
        counter.name, counter.name_en = "综合窗口", "General counter"
    client = sign_in("admin")
    for section, chinese, english in (
        ("halls", "禅城大厅", "Chancheng Hall"),
        ("counters", "综合窗口", "General counter"),
        ("cameras", "禅城大厅", "Chancheng Hall"),
        ("users?edit=inspector", "禅城大厅", "Chancheng Hall"),
        ("rules?new=true", "综合窗口", "General counter"),
    ):
        for lang, wanted, other in (("en", english, chinese), ("zh", chinese, english)):
            page = client.get(f"/admin/{section}", headers={"Accept-Language": lang}).text
            assert (wanted in page, other in page) == (True, False), section


def test_a_wrong_field_is_named_beside_it_and_the_rest_is_kept(sign_in: SignIn, day: Services) -> None:
    form = {"id": "with blanks", "district": "nanhai", "name": "顺德大厅", "hours": "sometimes"}
    page = sign_in("admin").post("/admin/halls", data=form)
    assert page.status_code == 422
    assert 'id="p-hours"' in page.text
    assert 'value="顺德大厅"' in page.text
    assert 'id="p-id"' in page.text, "beside the other"
    with day.database.transaction() as session:
        assert len(session.exec(select(Hall)).all()) == 2


def test_a_cameras_password_goes_in_and_never_comes_out(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    form = {"hall": "cc", "url": "rtsp://192.0.2.9/main", "transport": "tcp", "username": "hall", "enabled": "true"}
    assert client.post("/admin/cameras?edit=cc-cam-1", data=form | {"password": "s3cret-word"}).status_code == 303
    assert "s3cret-word" not in client.get("/admin/cameras?edit=cc-cam-1").text
    assert client.post("/admin/cameras?edit=cc-cam-1", data=form).status_code == 303
    with day.database.transaction() as session:
        assert day.secrets.open(session.get_one(Camera, "cc-cam-1").credentials) == "hall:s3cret-word"


def test_a_cameras_sound_is_recorded_only_if_somebody_said_so(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    form = {"hall": "cc", "url": "rtsp://192.0.2.9/main", "transport": "tcp", "enabled": "true"}
    for sent, expected in ((form, False), (form | {"audio": "true"}, True), (form, False)):
        assert client.post("/admin/cameras?edit=cc-cam-1", data=sent).status_code == 303
        assert client.get("/api/v1/cameras").json()[0]["audio"] is expected
        with day.database.transaction() as session:
            assert session.get_one(Camera, "cc-cam-1").audio is expected


def test_a_views_dates_are_typed_in_the_halls_time(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    with day.database.transaction() as session:
        view = session.exec(select(View).where(View.camera_id == "cc-cam-1")).first()
        assert view
        key, counter = f"cc-cam-1~{view.counter_id}", view.counter_id
        form = {"staff_zone": json.dumps(view.staff_zone), "customer_zone": json.dumps(view.customer_zone)}
    dates = {"valid_from": "2026-11-02T08:00:00", "valid_to": "2027-01-01T00:00"}
    assert client.post(f"/admin/views?edit={key}", data=form | dates).status_code == 303
    page = client.get(f"/admin/views?edit={key}").text
    assert "2026-11-02 08:00" in page
    assert 'value="2027-01-01T00:00:00"' in page
    with day.database.transaction() as session:
        [view] = session.exec(select(View).where(View.camera_id == "cc-cam-1", View.counter_id == counter))
        assert view.valid_from == datetime(2026, 11, 2, tzinfo=UTC)
        given = f"{key}~{view.id}"
    other = json.dumps([[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]])
    follows = form | {
        "staff_zone": other,
        "valid_from": "2027-01-01T00:00",
        "whole_zone": "true",
        "staff_inside": "foot",
    }
    assert client.post(f"/admin/views?edit={key}", data=follows).status_code == 303
    assert '<option value="foot" selected>' in client.get(f"/admin/views?edit={key}").text
    assert 'data-label="Whole place"' in client.get("/admin/views").text
    assert client.post(f"/admin/views?edit={given}", data=form | {"valid_to": "2027-01-02T00:00"}).status_code == 303
    with day.database.transaction() as session:
        pair = select(View).where(View.camera_id == "cc-cam-1", View.counter_id == counter)
        first, second = session.exec(pair.order_by(col(View.valid_from)))
        assert first.valid_to == second.valid_from == datetime(2027, 1, 1, 16, tzinfo=UTC)
        session.delete(second)
    wrong = client.post(f"/admin/views?edit={key}", data=form | {"valid_from": "yesterday"})
    assert wrong.status_code == 422
    assert 'id="p-valid_from"' in wrong.text
    assert "<zone-editor" in wrong.text
    assert client.post(f"/admin/views/remove?edit={key}").status_code == 303
    assert client.get(f"/admin/views?edit={key}").status_code == 404
    given = f"{key}~{ended_view(day, counter)}"
    assert f"edit={given}" in client.get("/admin/views").text
    assert client.get(f"/admin/views?edit={given}").status_code == 200, "a wrong end can be corrected"
    assert client.post(f"/admin/views/remove?edit={given}").status_code == 409


def ended_view(day: Services, counter: str) -> int | None:
    with day.database.transaction() as session:
        pair = select(View).where(View.camera_id == "cc-cam-1", View.counter_id == counter)
        return session.exec(pair.where(col(View.valid_to) <= day.clock())).one().id


def test_a_new_view_has_no_zone_before_one_is_drawn_over_the_picture(sign_in: SignIn) -> None:
    client = sign_in("admin")
    first = client.get("/admin/views?new=true").text
    assert "zone-editor" not in first
    assert 'name="staff_zone"' not in first
    second = client.get("/admin/views?new=true&camera=cc-cam-2&counter=cc-3").text
    assert '<zone-editor image="/media/still.jpg?camera=cc-cam-2"' in second
    assert 'name="staff_zone" value="[]"' in second
    form = {"camera": "cc-cam-2", "counter": "cc-3", "staff_zone": "[]"}
    assert client.post("/admin/views", data=form).status_code == 422


def test_the_views_of_one_camera_are_shown_alone(sign_in: SignIn) -> None:
    page = sign_in("admin").get("/admin/views.json?camera=cc-cam-2").json()
    assert {row["key"].partition("~")[0] for row in page["rows"]} == {"cc-cam-2"}


def test_a_list_says_names_beside_ids(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        camera, counter = session.get_one(Camera, "cc-cam-1"), session.get_one(Counter, "cc-1")
        item = session.exec(select(Item).where(col(Item.department_id).is_not(None))).first()
        assert item
        department = session.get_one(Department, item.department_id).name
    chinese = {"Accept-Language": "zh"}
    views = sign_in("admin").get("/admin/views.json", headers=chinese).json()["rows"]
    assert [f"{camera.name} (cc-cam-1)", f"{counter.number} {counter.name} (cc-1)"] in [
        row["cells"][:2] for row in views
    ]
    items = sign_in("admin").get("/admin/items.json", headers=chinese).json()["rows"]
    assert department in [row["cells"][3] for row in items]


def test_administration_begins_with_its_first_section(sign_in: SignIn) -> None:
    answer = sign_in("admin").get("/admin", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/halls")
    assert sign_in("supervisor").get("/admin", follow_redirects=False).status_code == 403


def test_administration_as_data_begins_there_too(sign_in: SignIn, anonymous: TestClient) -> None:
    assert anonymous.get("/admin.json").status_code == 401
    assert sign_in("supervisor").get("/admin.json").status_code == 403
    assert sign_in("admin").get("/admin.json").headers["location"] == "/admin/halls.json"


def test_an_item_is_made_changed_and_removed_by_page(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    form = {"code": "粤/01 A", "name": "食品经营许可", "legal_days": "20", "promised_days": "", "department": ""}
    assert client.post("/admin/items", data=form).status_code == 303
    edit = "/admin/items?edit=%E7%B2%A4/01%20A"
    assert client.post(edit, data=form | {"promised_days": "5", "joint": "true"}).status_code == 303
    with day.database.transaction() as session:
        item = session.get_one(Item, "粤/01 A")
        assert (item.name, item.legal_days, item.promised_days, item.joint) == ("食品经营许可", 20, 5, True)
    assert "several departments jointly" in client.get("/admin/items?lang=en").text
    assert client.post(edit, data=form | {"limits_from": "2026-12-01", "name_en": "Food"}).status_code == 303
    assert 'value="2026-12-01"' in client.get(edit).text
    rows = client.get("/admin/items.json", headers={"Accept-Language": "en"}).json()["rows"]
    (listed,) = (row["cells"] for row in rows if row["key"] == "粤/01 A")
    assert listed[1:3] == ["食品经营许可", "Food"], "each in its language, whatever that of the page"
    assert listed[6] == "2026-12-01"
    wrong = client.post(edit, data=form | {"legal_days": "some"})
    assert wrong.status_code == 422
    assert 'id="p-legal_days"' in wrong.text
    assert client.post(edit.replace("?", "/remove?")).status_code == 303
    assert client.get(edit).status_code == 404


def test_a_cameras_streams_are_tested_and_each_is_told(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        camera = session.get_one(Camera, "cc-cam-1")
        camera.url, camera.sub_url = "rtsp://127.0.0.1:1/main", "rtsp://127.0.0.1:2/sub"
    page = sign_in("admin").post("/admin/cameras/check?edit=cc-cam-1").text
    assert "<b>Main stream</b> No pictures came: It refuses the connection" in page
    assert "<b>Sub-stream</b> No pictures came: It refuses the connection" in page
    assert "rtsp://127.0.0.1:2/sub" in page


@pytest.mark.parametrize(
    "typed", ["rtsp://viewer:geheim@192.0.2.9/main", "rtsp://192.0.2.9/main?password=geheim", "http://v:geheim@[2/main"]
)
@pytest.mark.parametrize("field", ["url", "sub_url"])
def test_a_refused_address_is_sent_back_without_the_password_in_it(sign_in: SignIn, typed: str, field: str) -> None:
    form = {"id": "cc-cam-9", "hall": "cc", "url": "rtsp://192.0.2.9/main", "sub_url": "rtsp://192.0.2.9/sub"}
    refused = sign_in("admin").post("/admin/cameras", data=form | {field: typed})
    assert refused.status_code == 422
    assert f'id="p-{field}"' in refused.text
    assert "geheim" not in refused.text
    other = "sub_url" if field == "url" else "url"
    assert f'value="{form[other]}"' in refused.text, "what is right stays as it was typed"


def test_a_new_users_password_is_shown_this_once(sign_in: SignIn) -> None:
    client = sign_in("admin")
    page = client.post(
        "/admin/users", data={"name": "newcomer", "role": "inspector", "halls": ["cc"], "active": "true"}
    )
    assert page.status_code == 200
    assert 'class="secret"' in page.text
    assert 'class="secret"' not in client.get("/admin/users?edit=newcomer").text


def test_a_user_without_halls_is_said_to_see_nothing(sign_in: SignIn) -> None:
    client, nothing = sign_in("admin"), "This user sees nothing yet: choose halls in scope."
    form = {"name": "newcomer", "role": "inspector", "active": "true"}
    assert nothing in client.post("/admin/users", data=form).text, "beside the new password"
    saved = client.post("/admin/users?edit=newcomer", data=form)
    assert nothing in client.get(saved.headers["location"]).text
    for enough in ({"halls": ["cc"]}, {"all_halls": "true"}, {"role": "admin"}, {"active": ""}):
        saved = client.post("/admin/users?edit=newcomer", data=form | enough)
        assert saved.headers["location"] == "/admin/users?done=saved"


def test_the_notice_with_a_new_secret_says_whose_it_is(sign_in: SignIn) -> None:
    client = sign_in("admin")
    form = {"name": "newcomer", "role": "inspector", "halls": ["cc"], "active": "true"}
    assert "Write this down now for newcomer" in client.post("/admin/users", data=form).text
    page = client.post("/admin/sources?edit=cc-platform", data={"hall": "cc", "new_key": "true"})
    assert "Write this down now for cc-platform" in page.text


@pytest.mark.parametrize(
    ("section", "form", "wrong"),
    [
        ("users", {"name": "bad name", "role": "king", "password": "short"}, {"name", "role", "password"}),
        ("sources", {"id": "bad id", "counters": "A1"}, {"id", "counters"}),
        ("halls", {"id": "bad id", "name": "", "hours": "never"}, {"id", "name", "hours", "district"}),
    ],
)
def test_all_that_is_wrong_is_told_at_once(
    sign_in: SignIn, section: str, form: dict[str, str], wrong: set[str]
) -> None:
    page = sign_in("admin").post(f"/admin/{section}", data=form)
    assert page.status_code == 422
    assert set(re.findall(r'class="problem" id="p-(\w+)"', page.text)) == wrong


def test_an_address_names_each_of_its_wrong_parts_by_the_words_of_the_page(sign_in: SignIn) -> None:
    page = sign_in("inspector").get("/cases?status=foo&from=abc&to=2026-11-23")
    assert page.status_code == 422
    assert "<b>Status</b> Choose one of the list." in page.text
    assert "<b>From</b> There is no such day." in page.text
    assert "<b>To</b>" not in page.text
    answer = sign_in("inspector").get("/cases.json?status=foo&from=abc&to=def")
    assert [problem["field"] for problem in answer.json()["fields"]] == ["status", "from", "to"]
    page = sign_in("inspector").get("/cases?from=abc")
    assert (page.status_code, 'name="from"' in page.text) == (422, True), "a wrong day alone is told by the page"
    page = sign_in("inspector").get("/cases?from=abc", headers={"HX-Request": "true", "HX-Target": "section#results"})
    assert (page.status_code, "There is no such day." in page.text) == (200, True), "htmx swaps no error in"
    assert sign_in("inspector").get("/cases.csv?from=abc").status_code == 422
    backwards = sign_in("inspector").get("/cases.json?from=2026-11-23&to=2026-11-22")
    assert [problem["field"] for problem in backwards.json()["fields"]] == ["to"]
    page = sign_in("inspector").get("/overview?by=zzz")
    assert "<b>Rows by</b> Choose one of the list." in page.text
    for nowhere in ("hall=nope", "department=nope"):
        assert sign_in("inspector").get(f"/cases?{nowhere}").status_code == 404, nowhere


def test_a_span_names_each_time_that_is_none_and_how_to_write_it(sign_in: SignIn) -> None:
    page = sign_in("inspector").get("/span?hall=cc&counter=cc-1&from=abc&to=2026-02-30T09:00")
    assert page.status_code == 422
    for field in ("From", "To"):
        assert f"<b>{field}</b> There is no such time. Write it like 2026-03-02T09:00." in page.text
    answer = sign_in("inspector").get("/span.json?from=2026-11-23T09:00&to=def")
    assert (answer.status_code, [problem["field"] for problem in answer.json()["fields"]]) == (422, ["to"])


def test_opening_hours_that_overlap_are_refused(sign_in: SignIn) -> None:
    form = {"id": "sd", "district": "nanhai", "name": "顺德大厅", "hours": "mon-fri 09:00-12:00\nwed 11:30-17:00"}
    page = sign_in("admin").post("/admin/halls", data=form)
    assert page.status_code == 422
    assert "wed 09:00-12:00 and wed 11:30-17:00 overlap" in page.text
    assert sign_in("admin").post("/admin/halls", data=form | {"hours": "wed 09:00-12:00\nwed 12:00-17:00"}).is_redirect


def test_lists_of_administration_name_halls_and_districts(sign_in: SignIn) -> None:
    client, chinese = sign_in("admin"), {"Accept-Language": "zh"}
    for section in ("counters", "cameras", "users", "sources", "rules"):
        assert re.search(
            r"<span[^>]*>禅城政务服务大厅|#form\">禅城政务服务大厅",
            client.get(f"/admin/{section}", headers=chinese).text,
        ), section
    assert ">南海区<" in client.get("/admin/halls", headers=chinese).text


@pytest.mark.parametrize("key", ["abc", "99", "1e99", "9" * 40])
def test_a_rule_that_does_not_exist_is_not_removed(sign_in: SignIn, key: str) -> None:
    assert sign_in("admin").post(f"/admin/rules/remove?edit={key}").status_code == 404


def test_a_changed_rule_is_a_new_version(sign_in: SignIn, day: Services) -> None:
    form = {"threshold_s": "600", "waiting_threshold_s": "90"}
    assert sign_in("admin").post("/admin/rules?edit=1", data=form).status_code == 303
    with day.database.transaction() as session:
        rules = session.exec(select(AbsenceRule).order_by(AbsenceRule.version)).all()  # type: ignore[arg-type]
        assert [(rule.threshold_s, rule.valid_to is None) for rule in rules] == [(240, False), (600, True)]


def test_a_hall_in_use_is_not_removed(sign_in: SignIn) -> None:
    assert sign_in("admin").post("/admin/halls/remove?edit=cc").status_code == 409


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_is_read_and_each_bad_row_explained(sign_in: SignIn, day: Services, dry_run: bool) -> None:
    body = json.dumps(ROW) + "\n" + json.dumps(ROW | {"step": "90001-1", "start": "2026-13-01 09:00"}) + "\n"
    form = {"source": "cc-platform", "dry_run": "true"} if dry_run else {"source": "cc-platform"}
    page = sign_in("inspector").post("/import", data=form, files={"file": ("steps.jsonl", body)})
    assert page.status_code == 200
    assert "<code>start</code>" in page.text
    with day.database.transaction() as session:
        found = session.exec(select(Case).where(Case.number == ROW["case"])).all()
        assert len(found) == (0 if dry_run else 1)


def test_a_trial_run_tells_a_refused_row_once_among_the_first_or_below(sign_in: SignIn) -> None:
    rows = [json.dumps(ROW | {"step": f"90001-{number}"}) for number in range(30)]
    rows[0] = json.dumps(ROW | {"start": "whenever"})
    form, files = {"source": "cc-platform", "dry_run": "true"}, {"file": ("steps.jsonl", "\n".join(rows))}
    page = sign_in("inspector").post("/import", data=form, files=files)
    assert page.text.count("whenever is not a time") == 1, "among the first rows"
    assert "Further refused rows" not in page.text
    rows[-1] = json.dumps(ROW | {"start": "sometime"})
    page = sign_in("inspector").post("/import", data=form, files={"file": ("steps.jsonl", "\n".join(rows))})
    assert page.text.count("whenever is not a time") == 1
    assert page.text.index("Further refused rows") < page.text.index("sometime is not a time")


def test_names_that_nobody_knows_are_listed_with_what_to_do(sign_in: SignIn) -> None:
    body = json.dumps(ROW | {"counter": "Z99", "department": "没有的局"})
    for form in ({"source": "cc-platform", "dry_run": "true"}, {"source": "cc-platform"}):
        page = sign_in("admin").post("/import", data=form, files={"file": ("steps.jsonl", body)}).text
        listed = page[page.index("Names that nobody knows here") :]
        assert 0 < listed.index("没有的局</span>") < listed.index("Declare a department of this id or name")
        assert 0 < listed.index("Z99</span>") < listed.index('<a href="/admin/sources">')
    known = json.dumps(ROW | {"step": "90001-9"})
    page = sign_in("admin").post("/import", data=form, files={"file": ("steps.jsonl", known)}).text
    assert "Names that nobody knows here" not in page


def test_a_mapping_of_ones_own_reads_the_file_and_its_mistakes_are_shown(sign_in: SignIn) -> None:
    def sent(mapping: str) -> tuple[int, str]:
        files = {"file": ("own.csv", CSV), "mapping_file": ("our.toml", mapping)}
        page = sign_in("inspector").post("/import", data={"source": "cc-platform", "dry_run": "true"}, files=files)
        return page.status_code, page.text

    status, text = sent(MAPPING)
    assert status == 200
    assert "sometime is not a time" in text
    assert "The first rows, and what each becomes" in text
    assert "<code>start</code> 2026-03-02 09:00:00" in text
    assert "times: Asia/Shanghai" in text
    assert "T01:00:00Z" not in text
    status, text = sent(MAPPING.replace('case = "办件"', ""))
    assert status == 422
    assert "nothing gives the field case" in text


def test_an_import_without_a_file_says_so(sign_in: SignIn) -> None:
    page = sign_in("inspector").post("/import", data={"source": "cc-platform"})
    assert page.status_code == 422
    assert "Choose a file." in page.text


@pytest.mark.parametrize(
    ("name", "body", "english", "chinese"),
    [
        ("empty.csv", "", "The file holds no rows", "文件中没有数据行"),
        ("cases.xlsx", "PK\x03\x04", "The workbook cannot be read", "无法读取该工作簿"),
        ("cases.zip", "PK\x03\x04", "The file is an archive", "该文件是压缩包"),
        ("film.mp4", "ftyp", "A file whose name ends in .mp4 is not read", "不能读取扩展名为 .mp4 的文件"),
        ("film", "\x00\x00", "The file is not text", "该文件不是文本"),
    ],
)
def test_a_file_that_cannot_be_read_is_no_trial_run(
    sign_in: SignIn, name: str, body: str, english: str, chinese: str
) -> None:
    for language, said in {"en": english, "zh-CN": chinese}.items():
        form, headers = {"source": "cc-platform", "dry_run": "true"}, {"Accept-Language": language}
        page = sign_in("inspector").post("/import", data=form, files={"file": (name, body)}, headers=headers)
        assert page.status_code == 422
        assert said in page.text
        assert 'class="panel-body figures"' not in page.text


def test_refused_rows_come_as_csv_that_runs_no_formula(sign_in: SignIn) -> None:
    answer = sign_in("inspector").get("/import/1.csv")
    assert answer.text == sign_in("inspector").get("/import/1/rejected.csv").text
    assert answer.headers["content-type"].startswith("text/csv")
    assert "2026-13-01" in answer.text


def test_colours_are_chosen_by_a_cookie(anonymous: TestClient) -> None:
    assert 'data-theme="auto"' in anonymous.get("/sign-in").text
    answer = anonymous.post("/theme", data={"theme": "dark", "next": "https://elsewhere.example/"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert 'data-theme="dark"' in anonymous.get("/sign-in").text


def test_a_fresh_installation_says_what_to_do(newcomer: TestClient) -> None:
    for path, advice in {
        "/": "Set up the first hall",
        "/alerts": "No open alert",
        "/absences": "Nobody was away",
        "/cases": "Import a file",
        "/findings": "Nothing found",
        "/span": "There is no hall yet",
        "/import": "Add a source",
        "/health": "Add a camera",
        "/admin/halls": "Nothing here yet",
    }.items():
        assert advice in newcomer.get(path).text, path


def seen_in(page: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page)
    assert found
    return found[1]


def test_who_saves_what_somebody_else_has_changed_meanwhile_is_told_and_may_insist(
    sign_in: SignIn, day: Services
) -> None:
    one, other = sign_in("admin"), sign_in("admin")
    address = "/admin/halls?edit=cc"
    seen = seen_in(one.get(address).text)
    form = {"district": "chancheng", "timezone": "Asia/Shanghai", "hours": "mon-fri 09:00-12:00", "seen": seen}

    def kept() -> str:
        with day.database.transaction() as session:
            return session.get_one(Hall, "cc").name

    assert other.post(address, data=form | {"name": "东厅"}).status_code == 303
    refused = one.post(address, data=form | {"name": "西厅"})
    assert (refused.status_code, kept()) == (409, "东厅")
    assert "Show it as it is now" in refused.text
    assert 'value="西厅"' in refused.text, "what was typed is not lost"
    assert one.post(address, data=form | {"name": "西厅", "seen": seen_in(refused.text)}).status_code == 303
    assert kept() == "西厅"


@pytest.mark.parametrize(
    ("section", "field"), [("rules", {"threshold_s": "{}", "waiting_threshold_s": "{}"}), ("retention", {"days": "{}"})]
)
def test_a_rule_that_somebody_else_has_changed_is_told_of_though_it_is_another_row_now(
    sign_in: SignIn, section: str, field: dict[str, str]
) -> None:
    one, other = sign_in("admin"), sign_in("admin")
    new = {"hall": "cc", "kind": "plain"} | dict.fromkeys(field, "70")
    one.post(f"/admin/{section}", data=new)
    [key] = re.findall(rf"/admin/{section}\?edit=(\d+)#form", one.get(f"/admin/{section}").text)[-1:]
    address = f"/admin/{section}?edit={key}"
    seen = seen_in(one.get(address).text)

    def form(value: int) -> dict[str, str]:
        return {name: said.format(value) for name, said in field.items()}

    assert other.post(address, data=form(80) | {"seen": seen}).status_code == 303
    refused = one.post(address, data=form(90) | {"seen": seen})
    assert refused.status_code == 409
    assert "Somebody else has changed this since you opened it" in refused.text
    assert 'value="90"' in refused.text, "what was typed is not lost"
    assert 'value="80"' in one.get(address).text, "as it is now"
    assert one.post(address, data=form(90) | {"seen": seen_in(refused.text)}).status_code == 303
    assert 'value="90"' in one.get(address).text
    assert one.post(f"/admin/{section}/remove?edit={key}").status_code == 404, "another version was meant"


def test_a_view_that_somebody_else_has_drawn_anew_is_not_drawn_over_unasked(sign_in: SignIn, day: Services) -> None:
    one, other = sign_in("admin"), sign_in("admin")
    with day.database.transaction() as session:
        view = session.exec(select(View).where(View.camera_id == "cc-cam-1", View.counter_id == "cc-1")).one()
        address = f"/admin/views?edit=cc-cam-1~cc-1~{view.id}"
    seen = seen_in(one.get(address).text)
    mine, theirs = "[[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]]", "[[0.2, 0.2], [0.4, 0.2], [0.4, 0.5]]"
    assert other.post(address, data={"staff_zone": theirs, "seen": seen}).status_code == 303
    refused = one.post(address, data={"staff_zone": mine, "seen": seen})
    assert refused.status_code == 409
    assert "Somebody else has changed this since you opened it" in refused.text
    assert "[[0.1, 0.1]" in refused.text, "what was drawn is not lost"
    assert one.post(address, data={"staff_zone": mine, "seen": seen_in(refused.text)}).status_code == 303
    with day.database.transaction() as session:
        drawn = session.exec(select(View.staff_zone).where(View.counter_id == "cc-1").order_by(col(View.id))).all()
        assert drawn[-1][0] == [0.1, 0.1]


def test_what_is_drawn_over_one_cameras_picture_is_not_saved_for_another(sign_in: SignIn) -> None:
    client = sign_in("admin")
    for answer in (
        client.get("/admin/views?new=true&camera=cc-cam-2&counter=cc-10"),
        client.post("/admin/views", data={"camera": "cc-cam-2", "counter": "cc-10", "staff_zone": "[[0, 0], [1, 0]]"}),
    ):
        assert 'name="camera" value="cc-cam-2"' in answer.text
        assert '<select id="f-camera"' not in answer.text
        assert '<select id="f-counter"' in answer.text
    assert '<select id="f-camera"' in client.get("/admin/views?new=true").text


@pytest.mark.parametrize("section", ["halls", "counters", "cameras", "views", "rules", "users", "items", "departments"])
def test_a_form_that_nobody_else_has_touched_is_saved(sign_in: SignIn, section: str) -> None:
    client = sign_in("admin")
    listed = client.get(f"/admin/{section}").text
    address = re.search(rf'href="(/admin/{section}\?edit=[^"#]+)', listed)
    assert address
    first, second = (seen_in(client.get(address[1]).text) for _ in range(2))
    assert first == second
