"""Channels of notifications by page and API: told who gets what, tried out, and their addresses never shown again."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from storage.models import AlertKind, NotifyChannel
from tests.web.conftest import NOON, Clock, SignedIn
from tests.web.test_notify import Listener, listening
from web.auth import CSRF_HEADER
from web.channels import load_channels
from web.services import Services

SECRET = "very-secret"
DUTY = {"name": "duty", "url": f"json://user:{SECRET}@127.0.0.1:1/hook", "kinds": ["absence"]}
ADDRESS = "/api/v1/channels/duty"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as server:
        yield server


@pytest.fixture
def admin(signed_in: SignedIn) -> TestClient:
    return signed_in("admin")


def knock(client: TestClient) -> list[int]:
    forms = {"name": "duty", "url": str(DUTY["url"]), "kinds": "absence"}
    return [
        client.get("/api/v1/channels").status_code,
        client.put(ADDRESS, json=DUTY).status_code,
        client.post(f"{ADDRESS}/test").status_code,
        client.delete(ADDRESS).status_code,
        client.get("/admin/channels.json").status_code,
        client.post("/admin/channels", data=forms).status_code,
        client.post("/admin/channels/test?edit=duty").status_code,
        client.post("/admin/channels/remove?edit=duty").status_code,
    ]


def test_nobody_but_an_administrator_sees_or_changes_them(
    anonymous: TestClient, signed_in: SignedIn, services: Services
) -> None:
    assert knock(anonymous) == [401, 401, 401, 401, 401, 303, 303, 303]
    for role in ("supervisor", "inspector", "investigator", "department"):
        assert knock(signed_in(role)) == [403] * 8
    with services.database.transaction() as session:
        assert load_channels(session, services.secrets) == []


def test_the_list_names_the_alerts_that_are_chosen_and_says_where_none_counts(admin: TestClient) -> None:
    chosen: dict[str, dict[str, object]]
    chosen = {"all": {"kinds": [kind.value for kind in AlertKind]}, "some": {"kinds": ["absence", "queue"]}}
    chosen["cards"] = chosen["some"] | {"audience": "supervisor"}
    for name, told in chosen.items():
        assert admin.put(f"/api/v1/channels/{name}", json=DUTY | told | {"name": name}).status_code == 200
    rows = {row["key"]: row["cells"][-1] for row in admin.get("/admin/channels.json").json()["rows"]}
    assert rows == {"all": "all", "some": "Absence, Long queue", "cards": "none, but cards, orders and disputes"}
    page = admin.get("/admin/channels", headers={"Accept-Language": "zh"}).text
    assert "离岗、排队过长" in page
    assert "无（只发红黄牌、督办与异议）" in page


def test_a_forged_request_adds_none_and_sends_nothing(admin: TestClient, listener: Listener) -> None:
    admin.put(ADDRESS, json=DUTY | {"url": listener.address})
    del admin.headers[CSRF_HEADER]
    assert knock(admin) == [200, 403, 403, 403, 200, 403, 403, 403]
    assert listener.messages == []


def test_an_address_goes_in_and_never_comes_out(admin: TestClient, services: Services) -> None:
    answers = [
        admin.put(ADDRESS, json=DUTY),
        admin.get("/api/v1/channels"),
        admin.get("/admin/channels"),
        admin.get("/admin/channels?edit=duty"),
        admin.get("/admin/channels.json?edit=duty"),
        admin.post("/admin/channels?edit=duty", data={"url": DUTY["url"]}),
        admin.post(f"{ADDRESS}/test"),
    ]
    assert all(SECRET not in answer.text for answer in answers)
    shown: dict[str, Any] = {"name": "duty", "service": "json", "kinds": ["absence"], "audience": "alerts", "place": ""}
    shown |= {"place_kind": "", "after_minutes": 0, "person": "", "quiet_from": "", "quiet_to": "", "urgent": []}
    assert answers[1].json() == [shown]
    with services.database.transaction() as session:
        assert SECRET not in session.get_one(NotifyChannel, "duty").url
        [channel] = load_channels(session, services.secrets)
    assert (channel.url, channel.kinds, channel.since) == (DUTY["url"], (AlertKind.ABSENCE,), NOON)
    assert SECRET not in repr(channel)


def test_a_change_without_an_address_keeps_the_stored_one(admin: TestClient, services: Services) -> None:
    admin.put(ADDRESS, json=DUTY)
    assert admin.put(ADDRESS, json={"name": "duty", "kinds": ["camera_fault"]}).status_code == 200
    with services.database.transaction() as session:
        [channel] = load_channels(session, services.secrets)
    assert (channel.url, channel.kinds) == (DUTY["url"], (AlertKind.CAMERA_FAULT,))
    assert admin.delete(ADDRESS).status_code == 204
    assert admin.delete(ADDRESS).status_code == 404
    assert admin.get("/api/v1/channels").json() == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": None}, "url"),
        ({"url": "nonsense"}, "url"),
        ({"url": "no-such-service://x"}, "url"),
        ({"kinds": []}, "kinds"),
        ({"kinds": ["rain"]}, "kinds.0"),
        ({"name": "other"}, "name"),
        ({"url": "mailtos://user:word@mail.example?to={mail}", "person": "admin"}, "url"),
        ({"url": "mailtos://user:word@mail.example?to={mail}", "audience": "head"}, "url"),
        ({"audience": "contact"}, "department"),
        ({"audience": "contact", "department": "none"}, "department"),
        ({"audience": "district", "district": "none"}, "district"),
        ({"audience": "head", "hall": "cc"}, ""),
    ],
)
def test_a_mistake_names_its_field(admin: TestClient, wrong: dict[str, Any], field: str) -> None:
    answer = admin.put(ADDRESS, json=DUTY | wrong)
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == field


def test_a_channel_is_tried_out_by_api_and_by_page(admin: TestClient, listener: Listener) -> None:
    admin.put(ADDRESS, json=DUTY | {"url": listener.address})
    assert admin.post(f"{ADDRESS}/test").json() == {"ok": True, "error": ""}
    assert "测试消息" in listener.messages[0]["title"]
    assert "duty" in listener.messages[0]["message"]
    english = {"Accept-Language": "en"}
    assert "has taken a test message" in admin.post("/admin/channels/test?edit=duty", headers=english).text
    listener.status = 500
    answer = admin.post(f"{ADDRESS}/test").json()
    assert not answer["ok"]
    assert "refused" in answer["error"]
    assert "was not sent" in admin.post("/admin/channels/test?edit=duty", headers=english).text
    assert admin.post("/api/v1/channels/none/test").status_code == 404


def test_a_channel_is_made_by_page(admin: TestClient, services: Services) -> None:
    form = {"name": "duty", "url": DUTY["url"], "kinds": [kind.value for kind in AlertKind]}
    assert admin.post("/admin/channels", data=form).status_code == 303
    none = admin.post("/admin/channels?edit=duty", data={"url": ""})
    assert none.status_code == 422
    assert 'id="p-kinds"' in none.text
    with services.database.transaction() as session:
        [channel] = load_channels(session, services.secrets)
    assert channel.kinds == tuple(AlertKind)


def test_a_channel_for_contact_persons_is_made_by_page_and_tried_only_where_it_names_none(
    admin: TestClient, listener: Listener
) -> None:
    form = {
        "name": "tax",
        "url": listener.address,
        "kinds": "absence",
        "audience": "contact",
        "place": "department:tax",
    }
    assert admin.post("/admin/channels", data=form).status_code == 303
    [shown] = admin.get("/api/v1/channels").json()
    assert (shown["audience"], shown["place"]) == ("contact", "tax")
    assert admin.post("/api/v1/channels/tax/test").json()["ok"]
    for wrong in ({"place": "zzz"}, {"audience": "alerts", "person": "admin"}):
        assert admin.post("/admin/channels", data=form | {"name": "other"} | wrong).status_code == 422
    form |= {"name": "all", "url": "mailtos://user:word@mail.example?to={mail}", "place": ""}
    assert admin.post("/admin/channels", data=form).status_code == 303
    assert admin.post("/api/v1/channels/all/test").json() == {"ok": False, "error": "no_person"}


def test_who_reads_a_channel_anew_is_told_of_what_comes(admin: TestClient, services: Services, clock: Clock) -> None:
    admin.put(ADDRESS, json=DUTY)
    clock.forward(timedelta(hours=1))
    assert admin.put(ADDRESS, json=DUTY | {"audience": "contact", "department": "tax"}).status_code == 200
    with services.database.transaction() as session:
        [channel] = load_channels(session, services.secrets)
    assert channel.since == NOON + timedelta(hours=1)


def test_a_channel_that_was_sealed_with_another_key_is_shown_as_not_readable(
    admin: TestClient, services: Services
) -> None:
    admin.put(ADDRESS, json=DUTY)
    with services.database.transaction() as session:
        session.get_one(NotifyChannel, "duty").url = "sealed-with-another-key"
    assert admin.get("/api/v1/channels").json()[0]["service"] == ""
    assert admin.post(f"{ADDRESS}/test").json()["error"] == "address_not_readable"
    page = admin.post("/admin/channels/test?edit=duty", headers={"Accept-Language": "en"})
    assert "cannot be read with this secret.key" in page.text


def test_the_form_tells_all_that_is_wrong_at_once(admin: TestClient) -> None:
    def wrong(edit: str = "", **typed: str) -> list[bool]:
        sent = admin.post(f"/admin/channels{edit}", data=typed, headers={"Accept-Language": "en"})
        assert sent.status_code == 422
        assert SECRET not in sent.text
        return [f'id="p-{name}"' in sent.text for name in ("name", "url")]

    assert wrong(name="", url="", kinds="absence") == [True, True]
    assert wrong(name="a b", url=f"nothing/{SECRET}", kinds="absence") == [True, True]
    assert wrong(name="a b", url=str(DUTY["url"]), kinds="absence") == [True, False]
    admin.put(ADDRESS, json=DUTY)
    assert wrong("?edit=duty", url="", quiet_from="25:00", kinds="absence") == [False, False], "the stored one stays"
