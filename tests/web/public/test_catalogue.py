"""The public catalogue: what is in force, whose it is, and where it differs."""

import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from storage.models import CatalogueChange, Department, Item, ItemVersion, ProposalState, Source
from tests.web.conftest import NOON
from web.catalogue_entry import EMPTY
from web.pages import paging
from web.public import catalogue
from web.services import Services

FEE = {"code": "F1", "name": "工本费", "amount": "10.00", "basis": "粤价〔2026〕1号"}
MATERIAL = {"name": "申请表", "original": True, "copies": 2, "required": True}


def version(source: str, reference: str, **more: Any) -> ItemVersion:
    said: dict[str, Any] = {
        "code": "FOOD",
        "version": "1",
        "valid_from": NOON - timedelta(days=30),
        "name": "食品经营许可",
        "name_en": "Food licence",
        "legal_limit": 20,
        "promised_limit": 5,
        "first_received_at": NOON,
        "received_at": NOON,
    }
    return ItemVersion(source_id=source, reference=reference, **{**said, **more})


@pytest.fixture(autouse=True)
def _items(services: Services) -> None:
    """The city's, Nanhai's, and one that was declared here; beside what is over, to come, or replaced."""
    with services.database.transaction() as session:
        session.add_all([Source(id="city"), Source(id="nh-platform", hall_id="nh")])
        session.get_one(Department, "tax").name_en = "Tax office"
        session.flush()
        old, ahead = NOON - timedelta(days=60), NOON + timedelta(days=1)
        session.add_all(
            [
                version("city", "1", fees=[FEE], materials=[MATERIAL], conditions=["有固定场所"]),
                version("city", "0", valid_from=old, promised_limit=15),
                version("city", "2", valid_from=ahead, promised_limit=1),
                version("nh-platform", "1", promised_limit=3, fees=[], department_ref="南海局"),
                version("city", "over", code="OLD", valid_to=NOON),
                version("city", "3", code="SAME", name="同", name_en="", department_id="tax"),
                version("nh-platform", "3", code="SAME", name="同", name_en=""),
            ]
        )
        session.add(Item(code="HAND", name="手工登记", legal_days=20, promised_days=10))


def items(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/public/items.json?{query}").json()["items"]
    return found


def test_what_is_in_force_is_listed_with_where_and_in_what_it_differs(anonymous: TestClient) -> None:
    found = {item["id"]: item for item in items(anonymous)}
    assert list(found) == ["FOOD", "HAND", "SAME"]
    assert [place["id"] for place in found["FOOD"]["authorities"]] == ["", "nanhai"]
    assert [offer["promised_limit"] for offer in found["FOOD"]["offers"]] == [5, 3]
    assert found["FOOD"]["differences"] == ["promised_limit", "fees", "materials", "conditions"]
    assert found["SAME"]["differences"] == []
    assert found["HAND"]["offers"][0]["legal_limit"] == 20
    rows = anonymous.get("/public/items.csv").text.splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["FOOD", "FOOD", "HAND", "SAME", "SAME"]


def test_an_item_is_taken_along_with_a_row_for_each_place(anonymous: TestClient) -> None:
    rows = anonymous.get("/public/items/FOOD.csv").text.splitlines()[1:]
    assert rows == [row for row in anonymous.get("/public/items.csv").text.splitlines() if row.startswith("FOOD,")]
    assert len(rows) == 2
    assert anonymous.get("/public/items/FOOD.xlsx").status_code == 200
    for ending in ("csv", "xlsx"):
        assert anonymous.get(f"/public/items/OLD.{ending}").status_code == 404


def test_an_item_is_shown_side_by_side(anonymous: TestClient) -> None:
    page = anonymous.get("/public/items/FOOD?lang=en").text
    words = ["Food licence", "20 working days", "5 working days", "3 working days", "工本费", "10.00 yuan", "申请表"]
    words += ["2 copies", "有固定场所", "none stated", "City and districts differ in:"]
    assert [word for word in words if word not in page] == []
    assert "Everywhere the same." in anonymous.get("/public/items/SAME?lang=en").text
    assert anonymous.get("/public/items/OLD").status_code == 404
    assert anonymous.get("/public/items/NOT-THERE.json").status_code == 404


def test_platforms_of_the_same_place_are_told_apart_by_their_names(anonymous: TestClient, services: Services) -> None:
    assert "nh-platform" not in anonymous.get("/public/items/FOOD").text, "where the places do it already"
    with services.database.transaction() as session:
        session.add(Source(id="second", name="第二平台"))
        session.flush()
        session.add(version("second", "1"))
    page = anonymous.get("/public/items/FOOD").text
    headings = re.findall(r'<th scope="col">.*?</th>', page, re.DOTALL)
    assert len(headings) == len(set(headings)) == 3
    assert "第二平台" in "".join(headings)


def test_it_is_searched_by_name_and_code_in_both_languages(anonymous: TestClient) -> None:
    for text in ("食品", "food", "licence", "FOOD"):
        assert [item["id"] for item in items(anonymous, f"q={text}")] == ["FOOD"]
    assert items(anonymous, "q=%25") == []
    assert anonymous.get("/public/items.json?q=%00").status_code == 200
    assert anonymous.get("/public/items.json", params={"q": "x" * 101}).status_code == 422


def test_it_goes_on_page_by_page(anonymous: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (catalogue, paging):
        monkeypatch.setattr(module, "PAGE_SIZE", 2)
    page = anonymous.get("/public/items.json").json()
    assert [item["id"] for item in page["items"]] == ["FOOD", "HAND"]
    assert [item["id"] for item in items(anonymous, f"after={page['next']}")] == ["SAME"]


def test_the_department_says_whose_it_is(anonymous: TestClient, services: Services) -> None:
    with services.database.transaction() as session:
        session.get_one(Department, "tax").district_id = "chancheng"
    (same,) = items(anonymous, "q=SAME")
    assert [place["id"] for place in same["authorities"]] == ["nanhai", "chancheng"], "by name"


def test_what_was_approved_here_is_what_is_offered(anonymous: TestClient, services: Services) -> None:
    entry = EMPTY | {"name": "食品经营许可", "name_en": "Food licence", "promised_limit": 2}
    decided: dict[str, Any] = {"reason": "", "proposed_by": 1, "proposed_at": NOON, "decided_at": NOON}
    with services.database.transaction() as session:
        for code, source, state in (
            ("FOOD", "city", ProposalState.APPROVED),
            ("SAME", None, ProposalState.APPROVED),
            ("HAND", None, ProposalState.PROPOSED),
            ("NEW", None, ProposalState.APPROVED),
        ):
            said: dict[str, Any] = {"code": code, "source_id": source, "state": state, "name": entry["name"]}
            session.add(CatalogueChange(valid_from=NOON - timedelta(days=1), content=entry, **said, **decided))
    found = {item["id"]: item["offers"] for item in items(anonymous)}
    limits = {code: [offer["promised_limit"] for offer in offers] for code, offers in found.items()}
    assert limits == {"FOOD": [2, 3], "HAND": [10], "NEW": [2], "SAME": [2, 2]}


def test_the_limit_of_a_link_is_told_in_working_time_like_any_other(anonymous: TestClient, services: Services) -> None:
    with services.database.transaction() as session:
        for found in session.exec(select(ItemVersion).where(ItemVersion.code == "FOOD")):
            found.links = [{"kind": "accept", "limit": 1}, {"kind": "decide", "limit": 4, "unit": "hours"}]
    page = anonymous.get("/public/items/FOOD", headers={"Accept-Language": "zh"}).text
    assert "1 个工作日" in page
    assert "4 个工作小时" in page
