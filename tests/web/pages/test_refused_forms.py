"""Forms on pages that show something else, too: who errs gets the page again, with what was typed and what is wrong."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from correlation.supervision.call_backs import CallBacks
from correlation.supervision.rules import shipped_call_back_rules
from storage.models import Absence, Case, Complaint, Cover, Rating, SavedView, SupervisionOrder
from tests.web.carded import a_card
from tests.web.conftest import NOON, SignedIn
from tests.web.pages.chinese import english_sentences, problems
from web.services import Services

EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh-CN"}
DAY = {"day": "2026-03-02"}
LEAVE = {"kind": "leave", "who": "王小明", "from": "2026-03-02T10:50:00", "to": "", "reason": "会议"}
ORDER = {"text": "三日内办结", "days": "3"}
VIEW = {"name": "超期", "shared": "true"}


def refused(client: TestClient, address: str, form: Mapping[str, str], language: dict[str, str]) -> str:
    answer = client.post(address, data=form, headers=language)
    assert answer.status_code == 422
    return answer.text


def beside(page: str, field: str) -> str:
    """What is wrong with it."""
    found = re.search(rf'id="p-{field}" role="alert">([^<]+)<', page)
    return found[1] if found else ""


def typed(page: str) -> list[str]:
    """Values of fields, and texts."""
    return re.findall(r'value="([^"]*)"', page) + re.findall(r"<textarea[^>]*>([^<]*)<", page)


@pytest.mark.parametrize(
    ("wrong", "field", "english", "chinese"),
    [
        ({}, "to", "Say until when the leave lasts.", "请填写请假的结束时间。"),
        ({"to": "2026-03-02T10:00"}, "to", "The end has to lie after the beginning.", "结束时间必须晚于开始时间。"),
        ({"kind": "cover", "to": "soon"}, "to", "This has to be a date and time that there is.", ""),
        ({"who": " ", "to": "2026-03-02T12:00"}, "who", "This is needed.", "此项必填。"),
        ({"from": "then", "to": "2026-03-02T12:00"}, "from", "This has to be a date and time that there is.", ""),
    ],
)
def test_leave_that_makes_no_sense_is_told_beside_its_field(
    signed_in: SignedIn, services: Services, wrong: dict[str, str], field: str, english: str, chinese: str
) -> None:
    client, form = signed_in("supervisor"), LEAVE | DAY | wrong
    page = refused(client, "/counters/cc-1/covers", form, EN)
    assert beside(page, field) == english
    assert "会议" in typed(page)
    assert form["from"] in typed(page)
    assert 'href="/counters/cc-1/day?day=2026-03-01"' in page, "its links are those of the day"
    told = beside(refused(client, "/counters/cc-1/covers", form, ZH), field)
    assert chinese in told
    assert not english_sentences(told)
    with services.database.transaction() as session:
        assert session.exec(select(Cover)).all() == []


@pytest.mark.parametrize("on", ["/cases/1", "/cards/1"])
def test_an_order_that_lacks_something_stays_on_its_page(signed_in: SignedIn, services: Services, on: str) -> None:
    with services.database.transaction() as session:
        session.add(a_card(1, id=1))
    client = signed_in("supervisor")
    page = refused(client, f"{on}/orders", ORDER | {"days": "61"}, EN)
    assert beside(page, "days") == "This may be at most 60."
    assert {"三日内办结", "61"} <= {*typed(page)}
    assert f'action="{on}/orders"' in page
    assert "Issue a supervision order" in page
    assert client.get(f"{on}/orders").headers["location"] == on, "the browser opens its address again"
    page = refused(client, f"{on}/orders", ORDER | {"text": " "}, ZH)
    assert beside(page, "text") == "此项必填。"
    assert not english_sentences("".join(problems(page)))
    with services.database.transaction() as session:
        assert session.exec(select(SupervisionOrder)).all() == []


@pytest.mark.parametrize("on", ["/cases/1", "/cards/1"])
def test_an_order_on_a_case_of_no_known_department_asks_who_has_to_answer(
    signed_in: SignedIn, services: Services, on: str
) -> None:
    client = signed_in("supervisor")
    with services.database.transaction() as session:
        session.add(a_card(1, id=1))
    assert 'name="department"' not in client.get(on).text, "its own answers"
    with services.database.transaction() as session:
        session.get_one(Case, 1).department_id = None
    assert 'name="department"' in client.get(on).text
    assert 'name="department"' not in signed_in("inspector").get(on).text, "they issue none"
    page = refused(client, f"{on}/orders", ORDER, EN)
    assert "The department of this case is not known here" in beside(page, "department")
    assert "三日内办结" in typed(page)
    page = refused(client, f"{on}/orders", ORDER | {"department": "civil", "days": "0"}, ZH)
    assert re.search(r'value="civil" selected', page)
    assert client.post(f"{on}/orders", data=ORDER | {"department": "civil"}).status_code == 303
    with services.database.transaction() as session:
        (order,) = session.exec(select(SupervisionOrder)).all()
        assert (order.department_id, order.card_id) == ("civil", 1 if on == "/cards/1" else None)


def test_what_is_returned_without_a_deadline_stays_to_be_said(signed_in: SignedIn) -> None:
    supervisor = signed_in("supervisor")
    assert supervisor.post("/cases/1/orders", data=ORDER).status_code == 303
    assert signed_in("department").post("/orders/1/say", data={"act": "answer", "text": "已办"}).status_code == 303
    supervisor = signed_in("supervisor")
    said = {"act": "return", "text": "请补充说明"}
    page = refused(supervisor, "/orders/1/say", said | {"days": ""}, EN)
    assert beside(page, "days") == "What is returned needs a new deadline: say within how many working days."
    assert "请补充说明" in typed(page)
    page = refused(supervisor, "/orders/1/say", said | {"days": "0"}, ZH)
    assert beside(page, "days") == "不能小于 1。"


def test_an_answer_to_a_card_that_says_nothing_goes_on_at_the_card(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.add(a_card(1, id=1))
    client = signed_in("department")
    page = refused(client, "/cards/1/say", {"act": "explain", "text": "因" * 2001}, ZH)
    assert beside(page, "text") == "不能超过 2000 个字符。"
    assert "因" * 2001 in typed(page)
    assert 'name="next" value="/cards/1?done=said"' in page
    page = refused(client, "/cards/1/say", {"act": "shout", "text": "已说明"}, EN)
    assert problems(page) == ["Choose one of the list."]


def test_a_dispute_without_its_reason_or_words_goes_on_at_the_absence(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        ended = services.clock() - timedelta(minutes=4)
        absence = Absence(counter_id="cc-1", start=ended - timedelta(minutes=6), end=ended, threshold_s=300)
        session.add(absence)
        session.flush()
        address = f"/absences/{absence.id}/say"
    department = signed_in("department")
    page = refused(department, address, {"act": "dispute", "text": "在窗口", "ground": ""}, EN)
    assert "reason" in beside(page, "ground").lower()
    assert "在窗口" in typed(page)
    page = refused(department, address, {"act": "dispute", "text": "", "ground": ""}, EN)
    assert (beside(page, "ground"), beside(page, "text")) == ("Choose a reason for the dispute.", "This is needed.")
    page = refused(department, address, {"act": "dispute", "text": "  ", "ground": "was_there"}, ZH)
    assert beside(page, "text") == "此项必填。"
    assert re.search(r'value="was_there" selected', page)
    assert not english_sentences("".join(problems(page)))
    said = {"act": "dispute", "text": "在窗口", "ground": "was_there"}
    assert department.post(address, data=said).status_code == 303
    supervisor = signed_in("supervisor")
    assert beside(refused(supervisor, address, {"act": "uphold", "text": ""}, EN), "text") == "This is needed."


def test_a_view_that_cannot_be_kept_is_told_beside_its_name(signed_in: SignedIn, services: Services) -> None:
    client = signed_in("inspector")
    page = refused(client, "/cases/views?status=late", VIEW | {"name": "长" * 61}, EN)
    assert beside(page, "name") == "This has more than 60 characters."
    assert "长" * 61 in typed(page)
    assert re.search(r'name="shared" value="true" checked', page)
    assert 'action="/cases/views?status=late"' in page
    page = refused(client, "/cases/views?q=%E7%8E%8B&status=late", VIEW, ZH)
    assert "搜索词" in beside(page, "shared")
    assert not english_sentences(beside(page, "shared"))
    with services.database.transaction() as session:
        assert session.exec(select(SavedView)).all() == []
    saved = client.post("/cases/views?status=late", data=VIEW)
    assert saved.headers["location"] == "/cases?status=late&done=saved"


def test_a_form_that_is_refused_still_asks_first_who_sends_it(anonymous: TestClient, signed_in: SignedIn) -> None:
    for address in (
        *("/counters/cc-1/covers", "/cases/1/orders", "/orders/1/say", "/cases/views?status=late"),
        "/cards/1/orders",
        "/absences/1/say",
    ):
        assert anonymous.post(address, data={}).status_code == 303, "to the page for signing in"
    for address in ("/counters/cc-1/covers", "/cases/1/orders"):
        assert signed_in("inspector").post(address, data={}).status_code == 403
    assert signed_in("supervisor").post("/counters/nh-1/covers", data={}).status_code == 404
    assert signed_in("supervisor").post("/cases/2/orders", data={}).status_code == 404


def test_a_wrong_alert_of_which_it_is_not_said_what_was_right_stays_on_its_page(signed_in: SignedIn) -> None:
    page = refused(signed_in("supervisor"), "/alerts/1/wrong", {"zone": "customer", "someone_there": ""}, EN)
    assert beside(page, "someone_there") == "Choose who was really there."
    assert 'value="customer" selected' in page
    assert "What the picture really showed" in page
    page = refused(signed_in("supervisor"), "/alerts/1/wrong", {}, ZH)
    assert (beside(page, "someone_there"), len(problems(page))) == ("请选择当时实际有没有人。", 1)


@pytest.mark.parametrize("language", [EN, ZH])
def test_a_call_back_without_a_note_stays_in_the_list(
    signed_in: SignedIn, services: Services, language: dict[str, str]
) -> None:
    said: dict[str, Any] = {"source_id": "cc-platform", "reference": "r1", "case_number": "2026-1", "level": 1}
    times: dict[str, Any] = {"rated": NOON, "first_received_at": NOON, "received_at": NOON}
    with services.database.transaction() as session:
        session.add(Rating(id=1, counter_id="cc-1", comment="太慢", **said, **times))
    CallBacks(services.database, shipped_call_back_rules()).run_once(NOON)
    page = refused(signed_in("supervisor"), "/call-backs/1/done", {"note": "长" * 2001}, language)
    assert ("2,000" if language is EN else "2000") in beside(page, "note").replace("，", "")
    assert "<details open>" in page
    assert "长" * 2001 in typed(page)


def test_a_complaint_is_not_settled_without_a_note(signed_in: SignedIn, services: Services) -> None:
    told: dict[str, Any] = {"received_at": NOON, "hall_id": "cc", "text": "排队过久", "agreed_to": "2026-11"}
    with services.database.transaction() as session:
        session.add(Complaint(id=1, reference="ABCDEFGH", **told))
    page = refused(signed_in("investigator"), "/complaints/1/settle", {"note": " "}, EN)
    assert beside(page, "note") == "Say what came of it, in at most 2,000 characters."
    assert "排队过久" in page
