"""Supervision orders by page and API: who issues, who answers, who sees them, and who is told."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from storage.models import (
    AccessEntry,
    Audience,
    CardCause,
    Case,
    ClockName,
    OrderState,
    StepKind,
    SupervisionOrder,
    User,
)
from tests.web.carded import a_card
from tests.web.conftest import NOON, Clock, SignedIn
from tests.web.test_card_news import Post
from web.channels import Channel
from web.notify import Notifier
from web.services import Services

WISH = {"text": "三日内办结并说明原因", "days": 3}


def issue(client: TestClient, case: int = 1, **more: Any) -> Any:
    return client.post(f"/api/v1/cases/{case}/orders", json=WISH | more)


def say(client: TestClient, act: str, order: int = 1, **more: Any) -> int:
    return client.post(f"/api/v1/orders/{order}/words", json={"act": act, "text": "已补办", **more}).status_code


def ids(client: TestClient, query: str = "") -> list[int]:
    return [order["id"] for order in client.get(f"/orders.json?{query}").json()["orders"]]


def test_supervisors_issue_orders_on_cases_of_their_halls_alone(
    anonymous: TestClient, signed_in: SignedIn, services: Services
) -> None:
    assert issue(anonymous).status_code == 401
    for role in ("inspector", "investigator", "department"):
        assert issue(signed_in(role)).status_code == 403
    assert issue(signed_in("supervisor"), case=2).status_code == 404
    with services.database.transaction() as session:
        assert session.exec(select(SupervisionOrder)).all() == []


def test_of_two_who_end_an_order_at_once_the_second_sees_it_as_it_is_and_keeps_the_words(signed_in: SignedIn) -> None:
    supervisor, admin, department = signed_in("supervisor"), signed_in("admin"), signed_in("department")
    admin.headers["Accept-Language"] = "en"
    assert issue(supervisor).status_code == 200
    assert say(department, "answer") == 200
    assert supervisor.post("/orders/1/say", data={"act": "close", "text": "同意"}).status_code == 303
    late = admin.post("/orders/1/say", data={"act": "return", "text": "还缺材料", "days": "2"})
    assert late.status_code == 409
    for words in ("see what was said meanwhile", "同意", "This was not kept:", "还缺材料"):
        assert words in late.text


def test_an_order_goes_from_its_issue_to_its_end_with_every_word_kept(
    signed_in: SignedIn, services: Services, clock: Clock
) -> None:
    supervisor, department = signed_in("supervisor"), signed_in("department")
    order = issue(supervisor).json()
    assert (order["department_id"], order["state"], order["due_by"]) == ("tax", "issued", "2026-03-05T16:00:00Z")
    assert say(supervisor, "answer") == 403
    assert say(department, "close") == 403
    assert say(supervisor, "close") == 409
    assert say(department, "answer") == 200
    assert say(supervisor, "return") == 422
    assert say(supervisor, "return", days=2) == 200
    clock.forward(timedelta(days=3))
    supervisor, department = signed_in("supervisor"), signed_in("department")
    assert say(department, "answer") == 200
    assert say(supervisor, "close") == 200
    assert say(department, "answer") == 409
    shown = department.get("/orders/1.json").json()["order"]
    assert [word["act"] for word in shown["log"]] == ["answer", "return", "answer", "close"]
    assert (shown["state"], shown["was_late"], shown["is_overdue"]) == ("closed", True, False)
    with services.database.transaction() as session:
        actions = [entry.action for entry in session.exec(select(AccessEntry).order_by(AccessEntry.id))]  # type: ignore[arg-type]
    assert actions == ["order", "order_answer", "order_return", "order_answer", "order_close"]


def test_a_unit_sees_the_orders_that_it_has_to_answer_and_no_others(signed_in: SignedIn, services: Services) -> None:
    admin = signed_in("admin")
    for case, unit in ((1, "tax"), (1, "civil"), (2, "tax")):
        assert issue(admin, case=case, department=unit).status_code == 200
    department = signed_in("department")
    assert ids(department) == [1]
    assert [department.get(f"/orders/{number}.json").status_code for number in (1, 2, 3)] == [200, 404, 404]
    assert say(department, "answer", order=2) == 404
    assert ids(signed_in("supervisor")) == [1, 2]
    assert ids(admin) == [1, 2, 3]
    assert [order["id"] for order in department.get("/cases/1.json").json()["orders"]] == [1]
    with services.database.transaction() as session:
        session.get_one(User, 4).department_id = None
    assert ids(signed_in("department")) == []


def test_what_is_overdue_comes_first(signed_in: SignedIn, clock: Clock) -> None:
    admin = signed_in("admin")
    for days in (9, 1, 2):
        issue(admin, days=days)
    say(admin, "answer", order=2)
    clock.forward(timedelta(days=3))
    admin = signed_in("admin")
    assert ids(admin) == [3, 1, 2]
    assert ids(admin, "state=overdue") == [3]
    assert ids(admin, "state=answered") == [2]
    assert ids(admin, "state=closed") == []
    assert ids(admin, "q=2026-1&hall=cc") == [3, 1, 2]
    assert ids(admin, "hall=nh") == []
    rows = list(csv.DictReader(io.StringIO(admin.get("/orders.csv").text.removeprefix("\ufeff"))))
    assert [(row["id"], row["overdue"], row["state"]) for row in rows] == [
        ("3", "true", "issued"),
        ("1", "false", "issued"),
        ("2", "false", "answered"),
    ]


@pytest.mark.parametrize(
    ("wrong", "field"), [({"days": 0}, "days"), ({"text": " "}, "text"), ({"department": "none"}, "department")]
)
def test_a_mistake_names_its_field(signed_in: SignedIn, wrong: dict[str, Any], field: str) -> None:
    answer = issue(signed_in("supervisor"), **wrong)
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == field


def test_an_order_on_a_card_is_issued_and_answered_by_page(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.add_all([a_card(1, id=1), a_card(2, id=2)])
    supervisor, department = signed_in("supervisor"), signed_in("department")
    english = {"Accept-Language": "en"}
    assert "Issue a supervision order" in supervisor.get("/cards/1", headers=english).text
    assert "Issue a supervision order" not in department.get("/cards/1", headers=english).text
    assert supervisor.post("/cards/2/orders", data=WISH).status_code == 404
    sent = supervisor.post("/cards/1/orders", data=WISH)
    assert sent.headers["location"] == "/orders/1?done=ordered"
    page = department.get("/orders/1", headers=english).text
    for words in ("三日内办结并说明原因", "Waits for an answer", "What was done, or why"):
        assert words in page
    answered = department.post("/orders/1/say", data={"act": "answer", "text": "已补办"})
    assert answered.headers["location"] == "/orders/1?done=answered"
    assert "待回复" not in department.get("/orders", headers={"Accept-Language": "zh"}).text
    assert "已回复" in supervisor.get("/cases/1", headers={"Accept-Language": "zh"}).text


def test_the_card_that_an_order_came_from_is_told_in_words(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.add(a_card(1, id=1, cause=CardCause.LINK_LATE, clock=ClockName.LINK, link=StepKind.REVIEW))
    supervisor, department = signed_in("supervisor"), signed_in("department")
    assert supervisor.post("/cards/1/orders", data=WISH).status_code == 303
    assert issue(supervisor, department="civil", card=1).status_code == 200
    assert issue(supervisor).status_code == 200
    said = {"en": "Yellow card: A single link was late: Review", "zh-CN": "黄牌：单个环节超期：审核"}
    for language, words in said.items():
        for address in ("/orders", "/orders/1"):
            page = department.get(address, headers={"Accept-Language": language}).text
            assert f'<a href="/cards/1">{words}</a>' in page, (language, address)
        assert "/cards/" not in re.sub(r"<nav.*?</nav>", "", supervisor.get("/orders/3").text, flags=re.DOTALL)
    (shown,) = department.get("/orders.json").json()["orders"][:1]
    assert shown["card"] == {"id": 1, "kind": "yellow", "cause": "link_late", "link": "review"}
    rows = list(csv.DictReader(io.StringIO(supervisor.get("/orders.csv").text.removeprefix("\ufeff"))))
    told = [(row["card"], row["card_kind"], row["card_cause"], row["card_link"]) for row in rows]
    assert sorted(told) == [("", "", "", ""), *[("1", "yellow", "link_late", "review")] * 2]


def test_who_answers_for_another_is_led_neither_to_the_case_nor_to_the_card(
    signed_in: SignedIn, services: Services
) -> None:
    with services.database.transaction() as session:
        session.add(a_card(1, id=1))
        session.get_one(Case, 1).department_id = "civil"
    assert issue(signed_in("supervisor"), department="tax", card=1).status_code == 200
    department = signed_in("department")
    assert department.get("/cards/1").status_code == 404
    assert department.get("/orders/1.json").json()["order"]["card"] is None
    for address in ("/orders", "/orders/1"):
        page = department.get(address).text
        assert "2026-1" in page
        assert "/cards/1" not in page
        assert "/cases/1" not in page
        assert 'href="/cases/1"' in signed_in("supervisor").get(address).text


def test_one_whose_date_may_still_move_is_not_overdue(signed_in: SignedIn, services: Services) -> None:
    admin = signed_in("admin")
    assert issue(admin).json()["provisional"] is False
    with services.database.transaction() as session:
        order = session.get_one(SupervisionOrder, 1)
        assert order.first_days == WISH["days"]
        order.first_due_by = order.due_by = NOON
        order.first_provisional = order.provisional = True
    assert ids(admin, "state=overdue") == []
    (shown,) = admin.get("/orders.json").json()["orders"]
    assert (shown["is_overdue"], shown["provisional"]) == (False, True)
    assert [admin.get(path).text.count("Provisional</span>") for path in ("/orders?lang=en", "/orders/1?lang=en")] == [
        1,
        1,
    ]


def test_the_unit_is_told_of_an_order_and_of_its_deadline_once(
    signed_in: SignedIn, services: Services, clock: Clock
) -> None:
    long_ago = NOON - timedelta(days=9)
    unit = Channel("unit", "json://127.0.0.1/unit", (), long_ago, Audience.CONTACT, "tax")
    chief = Channel("chief", "json://127.0.0.1/chief", (), long_ago, Audience.SUPERVISOR)
    post = Post()
    outbox = Notifier(services.database, lambda _session: (unit, chief), "https://hall.example", post)
    issue(signed_in("supervisor"))
    assert outbox.run_once(NOON) == 1
    title = "办件 2026-1 督办单 1 · Supervision order 1 on case 2026-1"
    assert post.sent[0][1].title == title
    assert post.sent[0][1].body.split("\n")[-2:] == [
        "To be answered by 2026-03-05 23:59:59",
        "https://hall.example/orders/1",
    ]
    assert "三日内" not in f"{post.sent}", "what people write may be about the applicant"
    overdue = NOON + timedelta(days=3, hours=12)
    assert outbox.run_once(overdue) == 2
    assert outbox.run_once(overdue) == 0
    clock.forward(overdue - NOON)
    say(signed_in("department"), "answer")
    assert outbox.run_once(overdue) == 1
    assert post.sent[-1][0] == "json://127.0.0.1/chief"
    with services.database.transaction() as session:
        assert session.get_one(SupervisionOrder, 1).state is OrderState.ANSWERED
    [told] = [one for one in signed_in("admin").get("/orders/1.json").json()["told"] if one["news"] == "issued"]
    assert (told["channel"], told["state"]) == ("unit", "sent")
