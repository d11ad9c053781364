"""What is there already is never written over by a form that adds."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.web.pages.chinese import problems
from tests.web.pages.conftest import SignIn

SQUARE = "[[0.1,0.1],[0.4,0.1],[0.4,0.4]]"
THERE: list[tuple[str, dict[str, Any], str, str]] = [
    ("districts", {"id": "chancheng", "name": "X"}, "a district chancheng", "区 chancheng 已存在"),
    ("departments", {"id": "housing", "name": "X"}, "a department housing", "部门 housing 已存在"),
    ("halls", {"id": "cc", "district": "chancheng", "name": "X"}, "a hall cc", "大厅 cc 已存在"),
    ("counters", {"id": "cc-1", "hall": "cc", "number": "99", "name": "X"}, "a counter cc-1", "窗口 cc-1 已存在"),
    (
        "cameras",
        {"id": "cc-cam-1", "hall": "cc", "name": "X", "url": "rtsp://192.0.2.9/main", "transport": "tcp"},
        "a camera cc-cam-1",
        "摄像机 cc-cam-1 已存在",
    ),
    ("items", {"code": "fs-0412", "name": "X"}, "an item fs-0412", "事项 fs-0412 已存在"),
    (
        "sources",
        {"id": "cc-platform", "name": "X", "new_key": "true"},
        "a source cc-platform",
        "来源 cc-platform 已存在",
    ),
    ("channels", {"name": "duty", "url": "json://192.0.2.9", "kinds": "absence"}, "a channel duty", "渠道 duty 已存在"),
    ("users", {"name": "inspector", "role": "admin", "active": "true"}, "a user", "用户“inspector”已存在"),
    ("rules", {"hall": "cc", "threshold_s": "9", "waiting_threshold_s": "9"}, "a rule for this", "已有适用于此的规则"),
    ("retention", {"kind": "plain", "days": "9"}, "a rule for this", "已有适用于此的规则"),
]
FORMS = pytest.mark.parametrize(("section", "form"), [one[:2] for one in THERE])
SECTIONS = pytest.mark.parametrize(("section", "form", "english", "chinese"), THERE)


def rows(client: TestClient, section: str) -> object:
    return client.get(f"/admin/{section}.json").json()["rows"]


@pytest.fixture
def admin(sign_in: SignIn) -> TestClient:
    """Of an installation that has one of everything."""
    client = sign_in("admin")
    for section, form in {
        "channels": {"name": "duty", "url": "json://192.0.2.7", "kinds": "camera_fault"},
        "retention": {"kind": "plain", "days": "30"},
    }.items():
        assert client.post(f"/admin/{section}", data=form).status_code == 303
    return client


@FORMS
def test_who_may_not_administer_adds_nothing(
    anonymous: TestClient, sign_in: SignIn, section: str, form: dict[str, Any]
) -> None:
    assert anonymous.post(f"/admin/{section}", data=form).headers["location"].startswith("/sign-in")
    assert sign_in("inspector").post(f"/admin/{section}", data=form).status_code == 403


@SECTIONS
def test_adding_what_is_there_changes_nothing_and_says_so(
    admin: TestClient, section: str, form: dict[str, Any], english: str, chinese: str
) -> None:
    before = rows(admin, section)
    for language, said in {"en": english, "zh-CN": chinese}.items():
        page = admin.post(f"/admin/{section}", data=form, headers={"Accept-Language": language})
        assert page.status_code == 422
        [problem] = problems(page.text)
        assert said in problem
    assert rows(admin, section) == before


@pytest.mark.parametrize(("section", "key"), [("halls", "cc"), ("items", "fs-0412"), ("users", "inspector")])
def test_what_is_there_is_a_link_away(admin: TestClient, section: str, key: str) -> None:
    form = next(form for name, form, *_ in THERE if name == section)
    page = admin.post(f"/admin/{section}", data=form).text
    assert f'href="/admin/{section}?edit={key}#form">Open {key}</a>' in page


def test_a_view_follows_another_of_the_same_pair(admin: TestClient) -> None:
    pair = {"camera": "cc-cam-1", "counter": "cc-1"}
    form = pair | {"staff_zone": SQUARE, "valid_from": "2027-01-01T00:00"}
    before = len(admin.get("/admin/views.json").json()["rows"])
    assert admin.post("/admin/views", data=form).status_code == 303
    assert len(admin.get("/admin/views.json").json()["rows"]) == before + 1
