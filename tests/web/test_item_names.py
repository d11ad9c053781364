"""What the item of a case is called: by what held when the case was accepted, wherever it is named."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from storage.database import Database
from storage.models import (
    Case,
    CatalogueChange,
    Deadline,
    Item,
    ItemVersion,
    ProposalState,
    Role,
    Source,
    Standing,
    SupervisionOrder,
    User,
)
from tests.web.carded import LATE_FROM, a_card
from tests.web.conftest import NO_PASSWORD, NOON, SignedIn
from tests.web.test_card_news import NOW, OFFICE, Post, a_department, notifier
from web.item_names import items_of
from web.pages.case_items import items_to_choose
from web.services import Services

DAY = timedelta(days=1)
SOURCE = "cc-platform"


def version(number: int, days: float, name: str, *, source: str = SOURCE, code: str = "i1", **more: Any) -> ItemVersion:
    """From so many days after noon on; the newest told is not the newest in force."""
    return ItemVersion(
        source_id=source,
        reference=f"{code}/{number}",
        code=code,
        version=str(number),
        valid_from=NOON + days * DAY,
        name=name,
        first_received_at=NOON,
        received_at=NOON,
        **more,
    )


def a_case(session: Session, number: str, opened: float, accepted: float | None = None, **more: Any) -> Case:
    said: dict[str, Any] = {"source_id": SOURCE, "hall_id": "cc", "item_code": "i1", **more}
    case = Case(number=number, opened_at=NOON + opened * DAY, **said)
    session.add(case)
    session.flush()
    started = None if accepted is None else NOON + accepted * DAY
    limits: dict[str, Any] = {"law": "1", "calendar": "1", "reckoned_at": NOON}
    session.add(Deadline(case_id=case.id or 0, standing=Standing.OPEN, started_at=started, **limits))
    return case


def renamed(session: Session) -> None:
    """Twice; the name of long ago is told last."""
    session.add_all([version(3, 50, "许可丙", name_en="Permit C"), version(2, -10, "许可乙", name_en="Permit B")])
    session.flush()
    ends = NOON - 10 * DAY
    session.add(version(1, -100, "许可甲", name_en="Permit A", valid_to=ends))


def test_a_case_bears_the_name_that_held_when_it_was_accepted_else_applied_for(
    signed_in: SignedIn, services: Services
) -> None:
    with services.database.transaction() as session:
        renamed(session)
        a_case(session, "N-applied-and-accepted-before", -30, -20)
        a_case(session, "N-accepted-after", -12, -8)
        a_case(session, "N-not-accepted", -12)
        a_case(session, "N-before-all", -200)
    client = signed_in("supervisor")
    page = client.get("/cases.json?q=N-").json()
    assert {case["number"]: (case["item"]["name"], case["item"]["name_en"]) for case in page["cases"]} == {
        "N-applied-and-accepted-before": ("许可甲", "Permit A"),
        "N-accepted-after": ("许可乙", "Permit B"),
        "N-not-accepted": ("许可甲", "Permit A"),
        "N-before-all": ("许可甲", "Permit A"),
    }
    for name in ("许可甲", "许可丙", "Permit B"):
        found = client.get(f"/cases.json?item={quote(name)}").json()["cases"]
        assert len(found) == 4, "any name leads to the cases of the code"
    assert [(item["id"], item["name"]) for item in page["items"]] == [("i1", "许可乙")], "the one of today is offered"


def test_a_name_approved_here_stands_before_what_is_declared_and_that_before_what_is_told(
    services: Services,
) -> None:
    with services.database.transaction() as session:
        session.add(Source(id="another"))
        session.add(Item(code="i1", name="申报之名", name_en="Declared"))
        session.flush()
        renamed(session)
        approved: dict[str, Any] = {"code": "i1", "reason": "", "proposed_by": 1, "proposed_at": NOON, "content": {}}
        named: dict[str, Any] = {"name": "此处之名", "name_en": "Of here", "state": ProposalState.APPROVED}
        session.add(User(id=90, name="x", role=Role.ADMIN, password_hash=NO_PASSWORD, created_at=NOON))
        session.flush()
        approved["proposed_by"] = 90
        since = NOON - 15 * DAY
        session.add(CatalogueChange(source_id=SOURCE, valid_from=since, decided_at=NOON, **named, **approved))
        session.add(CatalogueChange(source_id=SOURCE, valid_from=NOON, decided_at=NOON, **approved, ends=True,
                                    state=ProposalState.APPROVED))  # fmt: skip
        session.add(CatalogueChange(source_id=None, valid_from=NOON - 40 * DAY, **named | {
            "name": "草稿", "state": ProposalState.PROPOSED}, **approved))  # fmt: skip
        cases = [
            a_case(session, "before", -20),
            a_case(session, "while", -14),
            a_case(session, "after", 1),
            a_case(session, "elsewhere", -14, source_id="another"),
            a_case(session, "as the steps call it", -14, item_name="环节之名"),
            a_case(session, "of nothing", -14, item_code=""),
            a_case(session, "unknown", -14, item_code="i9"),
        ]
        found = items_of(session, cases)
        names = [(item.name, item.name_en) if (item := found[case.id or 0]) else None for case in cases]
    assert names == [
        ("申报之名", "Declared"),
        ("此处之名", "Of here"),
        ("申报之名", "Declared"),
        ("申报之名", "Declared"),
        ("环节之名", "Of here"),
        None,
        ("", ""),
    ]


def approve(session: Session, code: str, days: float, name: str, name_en: str = "", **more: Any) -> None:
    """From so many days after noon on, for every platform unless it says for which."""
    if session.get(User, 90) is None:
        session.add(User(id=90, name="x", role=Role.ADMIN, password_hash=NO_PASSWORD, created_at=NOON))
        session.flush()
    said: dict[str, Any] = {"state": ProposalState.APPROVED, "decided_at": NOON, "content": {}, "reason": "", **more}
    called: dict[str, Any] = {"code": code, "name": name, "name_en": name_en, "valid_from": NOON + days * DAY}
    session.add(CatalogueChange(proposed_by=90, proposed_at=NOON, **called, **said))


def offered(client: TestClient, query: str = "") -> dict[str, tuple[str, str]]:
    items = client.get(f"/cases.json{query}").json()["items"]
    return {item["id"]: (item["name"], item["name_en"]) for item in items}


def numbers(client: TestClient, query: str) -> set[str]:
    return {case["number"] for case in client.get(f"/cases.json?{query}").json()["cases"]}


def test_a_case_is_found_by_the_name_approved_here_and_its_item_offered_by_it(
    signed_in: SignedIn, services: Services
) -> None:
    with services.database.transaction() as session:
        session.add(Item(code="i1", name="申报之名", name_en="Declared", department_id="tax"))
        renamed(session)
        approve(session, "i1", -20, "此处之名", "Named here", source_id=SOURCE)
        approve(session, "i2", -20, "只在此处", content={"department": "civil"})
        approve(session, "i3", -20, "草稿之名", state=ProposalState.PROPOSED)
        a_case(session, "N-1", -12)
        a_case(session, "N-2", -12, item_code="i2")
        a_case(session, "N-3", -12, item_code="i3")
    client = signed_in("supervisor")
    for by in ("q", "item"):
        for text, found in (("此处之名", {"N-1"}), ("named HERE", {"N-1"}), ("只在", {"N-2"}), ("草稿", set())):
            assert numbers(client, f"{by}={quote(text)}") == found, (by, text)
        assert numbers(client, f"{by}={quote('申报')}") == {"N-1"}, "by what it is called elsewhere, too"
    assert offered(client) == {"i1": ("此处之名", "Named here"), "i2": ("只在此处", "")}
    assert offered(client, "?department=civil").keys() == {"i2"}
    assert offered(signed_in("department")).keys() == {"i1"}, "of whose department it was declared"


def test_of_what_was_approved_the_name_of_today_is_offered(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.add(Item(code="ended", name="申报之名", name_en="Declared"))
        session.add(Item(code="ahead", name="现名", name_en="Of now"))
        session.add(Item(code="half", name="旧名", name_en="Old"))
        approve(session, "ended", -20, "曾经之名", "Once")
        approve(session, "ended", -10, "曾经之名", "Once", ends=True)
        approve(session, "ahead", 10, "将来之名", "To come")
        approve(session, "half", -20, "更早", "Earlier")
        approve(session, "half", -10, "新名")
        approve(session, "everywhere", -10, "各处之名")
        approve(session, "everywhere", -5, "一处之名", source_id=SOURCE)
    assert offered(signed_in("supervisor")) == {
        "ended": ("申报之名", "Declared"),
        "ahead": ("现名", "Of now"),
        "half": ("新名", "Old"),
        "everywhere": ("各处之名", ""),
    }


def test_a_version_that_has_ended_is_offered_only_where_no_catalogue_has_another(database: Database) -> None:
    with database.transaction() as session:
        session.add_all([Source(id=SOURCE), Source(id="another")])
        session.flush()
        session.add(version(1, -100, "仍有效", source="another"))
        session.add(version(1, -20, "已失效", valid_to=NOON))
        session.add(version(1, -30, "被取代", code="i2"))
        session.add(version(2, -20, "不再有", code="i2", valid_to=NOON - 5 * DAY))
        session.add(version(3, 20, "将有", code="i2"))
        session.add(version(1, -20, "明日才失效", code="i3", valid_to=NOON + DAY))
        session.add(version(1, -100, "更早", code="i3", source="another"))
        session.add(version(1, -20, "先前", code="i4", valid_to=NOON))
        session.add(version(1, 20, "将来", code="i4", source="another"))
        approve(session, "i5", -20, "此处之名")
        session.flush()
        names = {item.id: item.name for item in items_to_choose(session, "", NOON)}
    assert names == {"i1": "仍有效", "i2": "不再有", "i3": "明日才失效", "i4": "先前", "i5": "此处之名"}


def coded(session: Session) -> None:
    """The case of `a_department`, of which nothing but the code of its item is told."""
    a_department(session)
    session.get_one(Case, 1).item_code = "i1"
    session.add(version(1, -1000, "许可甲", source="platform", name_en="Permit A"))
    session.add(version(2, -900, "许可乙", source="platform", name_en="Permit B", valid_to=NOON - 800 * DAY))
    session.add(version(3, 900, "许可丙", source="platform"))
    session.add(version(1, 0, "别处", source="platform", code="i8"))


@pytest.mark.parametrize("kind", ["card", "order"])
def test_messages_call_the_item_as_the_list_of_cases_does(database: Database, kind: str) -> None:
    with database.transaction() as session:
        coded(session)
        session.get_one(Case, 1).opened_at = NOON - 950 * DAY
        if kind == "card":
            session.add(a_card(1, id=1))
        else:
            at = LATE_FROM
            session.add(SupervisionOrder(case_id=1, department_id="tax", text="x", issued_by=1, issued_at=at,
                                         first_days=9,
                                         first_due_by=at + 9 * DAY, due_by=at + 9 * DAY))  # fmt: skip
    post = Post()
    assert notifier(database, post, OFFICE).run_once(NOW) == 1
    lines = post.sent[0][1].body.split("\n")
    assert "事项：许可甲" in lines
    assert "Item: Permit A" in lines


def test_inbox_and_overview_call_it_so_too(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        renamed(session)
        case = a_case(session, "N-1", -30, -20, department_id="tax")
        session.add(Source(id="another"))
        session.flush()
        a_case(session, "N-2", -30, source_id="another")
        session.add(a_card(case.id or 0, id=1))
    client = signed_in("supervisor")
    (card,) = client.get("/cards.json?q=N-1").json()["cards"]
    assert card["item"]["name"] == "许可甲"
    rows = {row["of"]["id"]: row for row in client.get("/overview.json?by=item").json()["rows"] if row["of"]}
    assert (rows["i1"]["of"]["name"], rows["i1"]["of"]["name_en"]) == ("许可乙", "Permit B"), "many cases: as of today"
    assert rows["i1"]["cases"]["open"] == 2
    assert "Permit B" in client.get("/overview?by=item&lang=en").text
