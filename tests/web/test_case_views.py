"""Saved views of the list of cases: whose they are, who is offered them, and with which the list opens."""

import re
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from storage.models import DefaultView, Role, SavedView, Scope, User
from tests.web.conftest import SignedIn
from web.pages.case_filters import CardFilter, Match, StatusFilter
from web.pages.case_order import Sort
from web.saved_views import FILTERS, filters_of, is_offered, leads_somewhere
from web.services import Services
from web.viewer import Viewer

LATE = {"name": "超期", "query": "?status=overdue&hall=cc&after=1.1&done=saved"}


def viewer(role: Role, halls: frozenset[str] | None, department: str | None = None) -> Viewer:
    return Viewer(1, "a", "a", role, halls, department, "", "")


def save(client: TestClient, **more: Any) -> Any:
    return client.post("/api/v1/case-views", json=LATE | more)


def names(client: TestClient) -> list[str]:
    return [view["name"] for view in client.get("/api/v1/case-views").json()]


def test_nobody_saves_a_view_without_signing_in(anonymous: TestClient, services: Services) -> None:
    assert save(anonymous).status_code == 401
    assert anonymous.get("/api/v1/case-views").status_code == 401
    assert anonymous.delete("/api/v1/case-views/1").status_code == 401
    assert anonymous.put("/api/v1/case-views/1/name", json={"name": "a"}).status_code == 401
    assert anonymous.put("/api/v1/case-views/default", json={"view": None}).status_code == 401
    assert anonymous.post("/cases/views", data=LATE).status_code == 303
    with services.database.transaction() as session:
        assert session.exec(select(SavedView)).all() == []


def test_a_view_is_its_owner_s_until_it_is_shared_within_the_scope(signed_in: SignedIn, services: Services) -> None:
    supervisor, inspector = signed_in("supervisor"), signed_in("inspector")
    assert save(supervisor).json()["query"] == "status=overdue&hall=cc"
    assert (names(supervisor), names(inspector)) == (["超期"], [])
    assert save(supervisor, shared=True).json()["id"] == 1, "in the place of the one of that name"
    assert names(inspector) == ["超期"]
    assert inspector.delete("/api/v1/case-views/1").status_code == 404
    with services.database.transaction() as session:
        inspectors = session.exec(select(Scope).where(Scope.user_id == list(Role).index(Role.INSPECTOR) + 1)).one()
        session.delete(inspectors)
        session.flush()
        session.add(Scope(user_id=inspectors.user_id, hall_id="nh"))
    assert names(inspector) == [], "another hall's"
    assert save(inspector).status_code == 404, "and they cannot save what is out of scope"
    assert supervisor.delete("/api/v1/case-views/1").status_code == 204
    assert names(supervisor) == []


@pytest.mark.parametrize(
    ("query", "owner", "reader", "offered"),
    [
        ("status=late", {"cc"}, viewer(Role.SUPERVISOR, frozenset({"cc"})), True),
        ("status=late", {"cc"}, viewer(Role.SUPERVISOR, frozenset({"nh"})), False),
        ("status=late", None, viewer(Role.SUPERVISOR, frozenset({"nh"})), True),
        ("hall=cc", None, viewer(Role.SUPERVISOR, frozenset({"nh"})), False),
        ("district=nanhai", {"cc"}, viewer(Role.SUPERVISOR, frozenset({"nh"})), True),
        ("district=chancheng", None, viewer(Role.SUPERVISOR, frozenset({"nh"})), False),
        ("hall=cc", {"cc"}, viewer(Role.ADMIN, None), True),
        ("source=shared", {"cc"}, viewer(Role.INSPECTOR, frozenset({"nh"})), False),
        ("source=shared", {"cc"}, viewer(Role.INSPECTOR, frozenset({"cc", "nh"})), True),
        ("source=shared", None, viewer(Role.INSPECTOR, frozenset({"nh"})), True),
        ("source=shared", {"cc"}, viewer(Role.ADMIN, None), True),
        ("source=shared&district=nanhai", {"cc"}, viewer(Role.INSPECTOR, frozenset({"nh"})), True),
        ("source=unknown", None, viewer(Role.INSPECTOR, frozenset({"nh"})), False),
        ("department=tax", None, viewer(Role.DEPARTMENT, frozenset({"cc"}), "tax"), True),
        ("department=tax", None, viewer(Role.DEPARTMENT, frozenset({"cc"}), "civil"), False),
    ],
)
def test_what_is_shared_is_offered_where_it_leads_to_something(
    query: str, owner: set[str] | None, reader: Viewer, offered: bool
) -> None:
    seen = {"nanhai"}, {"shared"}
    assert (leads_somewhere(query, reader, *seen) and is_offered(query, owner, reader)) is offered


def test_a_shared_view_names_nobody(signed_in: SignedIn) -> None:
    inspector = signed_in("inspector")
    refused = save(inspector, query="q=王小明", shared=True)
    assert [one["field"] for one in refused.json()["fields"]] == ["shared"]
    assert save(inspector, query="q=王小明").status_code == 200


def test_a_view_gets_another_name_and_stays_what_it_was(signed_in: SignedIn) -> None:
    supervisor, inspector = signed_in("supervisor"), signed_in("inspector")
    save(supervisor, default=True, shared=True)
    save(supervisor, name="另一个")
    assert supervisor.put("/api/v1/case-views/1/name", json={"name": "逾期"}).status_code == 204
    view = next(one for one in supervisor.get("/api/v1/case-views").json() if one["id"] == 1)
    assert (view["name"], view["query"], view["shared"], view["is_default"]) == (
        "逾期",
        "status=overdue&hall=cc",
        True,
        True,
    )
    taken = supervisor.put("/api/v1/case-views/1/name", json={"name": "另一个"})
    assert [one["field"] for one in taken.json()["fields"]] == ["name"]
    assert supervisor.put("/api/v1/case-views/1/name", json={"name": "逾期"}).status_code == 204, "its own name"
    assert inspector.put("/api/v1/case-views/1/name", json={"name": "别人的"}).status_code == 404
    assert names(inspector) == ["逾期"]


def test_on_the_list_a_view_is_renamed_under_its_filters(signed_in: SignedIn) -> None:
    supervisor, address = signed_in("supervisor"), "/cases/views/1/rename?status=overdue&hall=cc"
    save(supervisor)
    save(supervisor, name="另一个", query="status=late")
    refused = supervisor.post(address, data={"name": "另一个"}, headers={"Accept-Language": "zh"})
    assert refused.status_code == 422
    assert "已有同名视图" in refused.text
    assert refused.text.count('value="另一个"') == 2, "what was typed, and the other view's own name"
    done = supervisor.post(address, data={"name": "逾期"})
    assert done.headers["location"] == "/cases?status=overdue&hall=cc&done=saved"
    assert sorted(names(supervisor)) == ["另一个", "逾期"]


def test_filters_are_kept_in_one_order_and_nothing_else_is() -> None:
    for first, second in product(("status=late", "done=x", "view=all"), repeat=2):
        kept = filters_of(f"?{first}&hall=cc&{second}&channel=")
        assert kept == ("status=late&hall=cc" if "status=late" in (first, second) else "hall=cc")


def test_the_list_opens_with_the_default_view_and_everything_is_one_step_away(
    signed_in: SignedIn, services: Services
) -> None:
    supervisor = signed_in("supervisor")
    assert supervisor.get("/cases").status_code == 200
    save(supervisor, default=True)
    assert supervisor.get("/cases").headers["location"] == "/cases?status=overdue&hall=cc"
    assert supervisor.get("/cases?view=all").status_code == 200
    assert len(supervisor.get("/cases.json").json()["cases"]) == 1, "programs get what they ask for"
    assert supervisor.get("/cases.csv").status_code == 200
    page = supervisor.get("/cases?status=overdue&hall=cc").text
    assert "超期" in page
    assert supervisor.post("/cases/views/default", data={"view": ""}).status_code == 303
    assert supervisor.get("/cases").status_code == 200
    assert supervisor.put("/api/v1/case-views/default", json={"view": 9}).status_code == 404
    supervisor.post("/cases/views/default", data={"view": "1"})
    removed = supervisor.post("/cases/views/1/remove?hall=cc&q=2026")
    assert removed.headers["location"] == "/cases?q=2026&hall=cc&done=removed", "the list stays as it is"
    assert supervisor.post("/cases/views/1/remove").status_code == 404
    assert supervisor.get("/cases").status_code == 200
    with services.database.transaction() as session:
        assert session.exec(select(DefaultView)).all() == []


def test_a_view_of_somebody_who_left_is_offered_no_more(signed_in: SignedIn, services: Services) -> None:
    save(signed_in("supervisor"), shared=True)
    with services.database.transaction() as session:
        session.exec(select(User).where(User.name == "supervisor")).one().active = False
    assert names(signed_in("inspector")) == []


def test_every_filter_and_each_of_its_words_is_in_the_reference() -> None:
    reference = Path(__file__).resolve().parents[2] / "docs" / "reference" / "permissions.md"
    told = reference.read_text("utf-8").split("\n## Filters of the list of cases\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| (`.*?) \| (.*) \|$", told, flags=re.MULTILINE))
    assert {name for names in rows for name in re.findall(r"`(\w+)`", names)} == set(FILTERS)
    choices = {"match": Match, "status": StatusFilter, "card": CardFilter, "sort": Sort}
    for name, values in choices.items():
        assert set(re.findall(r"`(\w+)`", rows[f"`{name}`"])) == set(get_args(values)) - {""}, name
