"""The list of cases by limit or newest first, page by page and as files; those with open cards, and of an item."""

import random
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from storage.models import (
    Card,
    CardKind,
    CardState,
    Case,
    Deadline,
    Item,
    ItemVersion,
    Source,
    Standing,
)
from tests.web.carded import a_card
from tests.web.conftest import NOON, SignedIn
from web.case_due import ENDED, due_at
from web.pages.case_order import Place, parse_place
from web.pages.paging import Cursor
from web.saved_views import filters_of
from web.services import Services

HOUR = timedelta(hours=1)
MANY = 170


def many_cases(services: Services) -> None:
    """With limits that fall together, and without any, under way and over; reckoned or not."""
    chance = random.Random(7)
    with services.database.transaction() as session:
        for number in range(10, 10 + MANY):
            opened = NOON - HOUR * chance.randrange(40)
            closed = opened + HOUR if chance.random() < 0.3 else None
            due = NOON + HOUR * chance.randrange(-10, 10) if chance.random() < 0.5 else None
            case: dict[str, Any] = {"hall_id": "cc", "department_id": "tax", "item_code": f"i{number % 3}"}
            session.add(
                Case(
                    id=number,
                    source_id="cc-platform",
                    number=f"M-{number}",
                    opened_at=opened,
                    closed_at=closed,
                    due_at=due,
                    **case,
                )
            )
            session.flush()
            if chance.random() < 0.8:
                session.add(_limits(chance, number))


def _limits(chance: random.Random, case_id: int) -> Deadline:
    def moment() -> datetime | None:
        return NOON + HOUR * chance.randrange(-10, 10) if chance.random() < 0.7 else None

    return Deadline(
        case_id=case_id,
        standing=chance.choice(list(Standing)),
        promised_late_from=moment(),
        legal_late_from=moment(),
        law="1",
        calendar="1",
        reckoned_at=NOON,
    )


def expected(services: Services, *, by_limit: bool) -> list[str]:
    """Walked through in plain Python."""
    with services.database.transaction() as session:
        cases = list(session.exec(select(Case).where(Case.hall_id == "cc")))
        limits = {deadline.case_id: deadline for deadline in session.exec(select(Deadline))}
    newest = sorted(cases, key=lambda case: (case.opened_at, case.id), reverse=True)
    if not by_limit:
        return [case.number for case in newest]
    ahead = [case for case in newest if _is_ahead(case, limits.get(case.id or 0))]
    ahead.sort(key=lambda case: (_limit(case, limits.get(case.id or 0)), case.id))
    return [case.number for case in ahead] + [case.number for case in newest if case not in ahead]


def _is_ahead(case: Case, deadline: Deadline | None) -> bool:
    is_over = case.closed_at is not None or (deadline is not None and deadline.standing in ENDED)
    return not is_over and due_at(case, deadline) is not None


def _limit(case: Case, deadline: Deadline | None) -> datetime | None:
    return (deadline and (deadline.promised_late_from or deadline.legal_late_from)) or case.due_at


def numbers(client: TestClient, address: str) -> list[str]:
    """Page by page."""
    found: list[str] = []
    place = ""
    for _ in count():
        page: dict[str, Any] = client.get(f"{address}&after={place}").json()
        found += [case["number"] for case in page["cases"]]
        place = page["next"]
        if not place:
            return found
    raise AssertionError


@pytest.mark.parametrize("sort", ["", "due"])
def test_pages_have_each_case_once_in_their_order_and_files_have_the_same(
    signed_in: SignedIn, services: Services, sort: str
) -> None:
    many_cases(services)
    client = signed_in("supervisor")
    wanted = expected(services, by_limit=sort == "due")
    assert len(wanted) == MANY + 1
    assert numbers(client, f"/cases.json?sort={sort}") == wanted
    lines = client.get(f"/cases.csv?sort={sort}").text.splitlines()[1:]
    assert [line.split(",")[1] for line in lines] == wanted
    assert client.get(f"/cases.xlsx?sort={sort}").status_code == 200


def test_files_go_on_where_a_portion_ends_in_either_part_of_the_order(
    signed_in: SignedIn, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_cases(services)
    monkeypatch.setattr("web.pages.tables.AT_ONCE", 7)
    lines = signed_in("supervisor").get("/cases.csv?sort=due").text.splitlines()[1:]
    assert [line.split(",")[1] for line in lines] == expected(services, by_limit=True)


@pytest.mark.parametrize("status", ["open", "overdue", "closed", "late", "still", "unknown", "soon", "today"])
def test_the_order_changes_nothing_of_what_a_filter_leaves(
    signed_in: SignedIn, services: Services, status: str
) -> None:
    many_cases(services)
    client = signed_in("supervisor")
    by_limit = numbers(client, f"/cases.json?status={status}&sort=due")
    assert by_limit
    assert sorted(by_limit) == sorted(numbers(client, f"/cases.json?status={status}"))
    assert by_limit == [number for number in expected(services, by_limit=True) if number in set(by_limit)]


def test_a_place_of_another_order_or_a_mangled_one_is_the_first_page() -> None:
    by_limit = Place(Cursor(NOON, 7), is_by_limit=True)
    assert parse_place(str(by_limit), "due") == by_limit
    assert parse_place(str(by_limit), "") is None
    opened = Place(Cursor(NOON, 7), is_by_limit=False)
    assert parse_place(str(opened), "due") == parse_place(str(opened), "") == opened
    assert [parse_place(text, "due") for text in ("", "d", "d1", "dd1.2", "x1.2", "1'--")] == [None] * 6


def test_cases_are_found_by_their_open_cards(signed_in: SignedIn, services: Services) -> None:
    many_cases(services)
    with services.database.transaction() as session:
        session.add(a_card(10))
        session.add(a_card(10, kind=CardKind.RED, clock="legal"))
        session.add(a_card(11, kind=CardKind.RED))
        session.add(a_card(12, kind=CardKind.REMINDER))
        session.add(a_card(13, state=CardState.CLOSED))
        session.add(a_card(14, withdrawn_at=NOON))
        session.add(a_card(15, kind=CardKind.RED, state=CardState.WITHDRAWN, withdrawn_at=NOON))
        session.add(a_card(2))  # of the other hall
    client = signed_in("supervisor")
    for card, found in {"any": ["M-10", "M-11"], "yellow": ["M-10"], "red": ["M-10", "M-11"]}.items():
        for sort in ("", "due"):
            assert sorted(numbers(client, f"/cases.json?card={card}&sort={sort}")) == found, card
        assert sorted(line.split(",")[1] for line in client.get(f"/cases.csv?card={card}").text.splitlines()[1:]) == (
            found
        )
    with services.database.transaction() as session:
        for one in session.exec(select(Card).where(Card.kind == CardKind.RED)):
            one.state = CardState.CLOSED
    assert numbers(client, "/cases.json?card=red") == []
    assert client.get("/cases?card=red&lang=en").text.count("No case found") == 1
    assert client.get("/cases.json?card=green").status_code == 422


def test_an_item_is_chosen_by_its_name_from_what_is_declared_or_told(signed_in: SignedIn, services: Services) -> None:
    many_cases(services)
    said: dict[str, Any] = {
        "source_id": "cc-platform",
        "first_received_at": NOON,
        "received_at": NOON,
        "valid_from": NOON,
    }
    with services.database.transaction() as session:
        session.add(Item(code="i0", name="食品经营许可", name_en="Food business licence", department_id="tax"))
        session.add(Item(code="i9", name="婚姻登记", department_id="civil"))
        session.add(ItemVersion(code="i1", version="1", reference="1", name="旧名", **said))
        session.flush()
        session.add(ItemVersion(code="i1", version="2", reference="2", name="建筑许可", department_id="tax", **said))
        session.add(ItemVersion(code="i0", version="1", reference="3", name="平台之名", **said))
    client = signed_in("supervisor")
    page = client.get("/cases?lang=zh&item=i1").text
    assert '<input id="f-item" name="item" list="items" value="i1"' in page
    offered = {item["id"]: item["name"] for item in client.get("/cases.json").json()["items"]}
    assert offered == {"i0": "食品经营许可", "i1": "建筑许可", "i9": "婚姻登记"}
    assert '<option value="i0">Food business licence</option>' in client.get("/cases?lang=en").text
    assert {item["id"] for item in client.get("/cases.json?department=tax").json()["items"]} == {"i0", "i1"}
    assert {item["id"] for item in signed_in("department").get("/cases.json").json()["items"]} == {"i0", "i1"}
    found = numbers(client, "/cases.json?item=%20i1%20")
    of_i1 = sorted(f"M-{number}" for number in range(10, 10 + MANY) if number % 3 == 1)
    assert sorted(found) == of_i1
    for typed in ("建筑许可", "建筑", "I1"):
        assert sorted(numbers(client, f"/cases.json?item={quote(typed)}")) == of_i1, typed
    of_i0 = sorted(numbers(client, "/cases.json?item=i0"))
    assert of_i0
    assert not set(of_i0) & set(of_i1)
    for typed in ("食品", "food business"):
        assert sorted(numbers(client, f"/cases.json?item={quote(typed)}")) == of_i0, typed
        assert sorted(numbers(client, f"/cases.json?q={quote(typed)}")) == of_i0, typed
    assert numbers(client, f"/cases.json?item={quote('渔业')}") == []


def test_an_item_bears_the_name_of_the_platforms_catalogue_where_the_steps_tell_its_code_alone(
    signed_in: SignedIn, services: Services
) -> None:
    many_cases(services)
    said: dict[str, Any] = {"first_received_at": NOON, "received_at": NOON, "valid_from": NOON, "version": "1"}
    with services.database.transaction() as session:
        for case in session.exec(select(Case).where(col(Case.item_code).in_(["i0", "i1", "i2"]))):
            case.item_name = ""
        session.add(Source(id="another", name="另一平台"))
        session.flush()
        named: dict[str, Any] = {"name": "建筑许可", "name_en": "Building permit"}
        session.add(ItemVersion(code="i1", reference="1", source_id="cc-platform", **named, **said))
        session.add(ItemVersion(code="i2", reference="2", source_id="another", name="别处之名", **said))
        session.add(ItemVersion(code="i0", reference="3", source_id="cc-platform", name="平台之名", **said))
        session.add(Item(code="i0", name="食品经营许可"))
    cases = signed_in("supervisor").get("/cases.json").json()["cases"]
    names = {(case["item"]["id"], case["item"]["name"], case["item"]["name_en"]) for case in cases if case["item"]}
    assert {("i0", "食品经营许可", ""), ("i1", "建筑许可", "Building permit"), ("i2", "", "")} <= names


def test_a_saved_view_keeps_cards_and_order(signed_in: SignedIn) -> None:
    assert filters_of("?sort=due&card=red&status=open&after=d1.2") == "status=open&card=red&sort=due"
    client = signed_in("supervisor")
    kept = client.post("/api/v1/case-views", json={"name": "红牌", "query": "?card=red&sort=due", "default": True})
    assert kept.json()["query"] == "card=red&sort=due"
    assert client.get("/cases").headers["location"] == "/cases?card=red&sort=due"
    shown = client.get("/cases?card=red&sort=due").text
    assert '<option value="red" selected>' in shown
    assert '<option value="due" selected>' in shown
