"""Cases by the platform that sent them: in the list, its address, its files and saved views, and for whom."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlmodel import select

from storage.models import Case, Scope, Source, User
from tests.web.conftest import NOON, SignedIn
from tests.web.test_case_numbers import statements
from web.saved_views import filters_of
from web.services import Services

SHARED, FAR, NEAR = "shared-platform", "nh-platform", "cc-post"


@pytest.fixture(autouse=True)
def platforms(services: Services) -> None:
    """One of hall `cc` beside that of the morning, one of hall `nh`, and one of several halls, with cases in both."""
    with services.database.transaction() as session:
        session.add(Source(id=NEAR, hall_id="cc", name="邮政平台"))
        session.add(Source(id=FAR, hall_id="nh", name="南海平台"))
        session.add(Source(id=SHARED, name="三区平台"))
        session.add(Source(id="nowhere", name="无人平台"))
        session.flush()
        for number, (source, hall) in enumerate([(NEAR, "cc"), (FAR, "nh"), (SHARED, "cc"), (SHARED, "nh")]):
            said: dict[str, Any] = {"source_id": source, "hall_id": hall, "department_id": "tax"}
            session.add(Case(number=f"P-{number}", opened_at=NOON - timedelta(minutes=number), **said))


def numbers(client: TestClient, query: str) -> set[str]:
    return {case["number"] for case in client.get(f"/cases.json?{query}").json()["cases"]}


def test_a_list_of_one_platforms_cases_is_the_same_on_the_page_as_data_and_in_files(signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    assert numbers(admin, f"source={SHARED}") == {"P-2", "P-3"}
    assert numbers(admin, f"source={SHARED}&hall=cc") == {"P-2"}
    assert numbers(admin, "source=nowhere") == set()
    page = admin.get(f"/cases?source={SHARED}&lang=en").text
    assert f'<option value="{SHARED}" selected>三区平台</option>' in page
    assert "All sources" in page
    assert "P-0" not in page
    assert "全部来源" in admin.get("/cases?lang=zh-CN").text
    assert f"/cases.csv?source={SHARED}" in page.replace("&amp;", "&")
    rows = list(csv.DictReader(io.StringIO(admin.get(f"/cases.csv?source={SHARED}").text.removeprefix("\ufeff"))))
    assert [(row["number"], row["source"]) for row in rows] == [("P-2", SHARED), ("P-3", SHARED)]
    sheet = load_workbook(io.BytesIO(admin.get(f"/cases.xlsx?source={SHARED}").content)).active
    assert sheet is not None
    heading, *found = sheet.iter_rows(values_only=True)
    assert [row[heading.index("number")] for row in found] == ["P-2", "P-3"]


def test_nothing_found_of_a_platform_is_told_as_nothing_found(signed_in: SignedIn) -> None:
    assert "No case found" in signed_in("admin").get("/cases?source=nowhere&lang=en").text


def test_a_hall_is_offered_the_platforms_that_send_its_cases_and_no_others(signed_in: SignedIn) -> None:
    for role in ("supervisor", "inspector", "department"):
        client = signed_in(role)
        page = client.get("/cases.json").json()
        assert {source["id"] for source in page["sources"]} == {"cc-platform", NEAR, SHARED}, role
        assert numbers(client, f"source={SHARED}") == {"P-2"}
        shown = client.get("/cases").text
        assert "南海平台" not in shown
        assert "无人平台" not in shown
        for path in ("/cases", "/cases.json", "/cases.csv", "/cases.xlsx"):
            for unknown in (FAR, "nowhere", "there-is-none"):
                assert client.get(f"{path}?source={unknown}").status_code == 404, (role, path)
    assert {"nowhere", FAR} < {source["id"] for source in signed_in("admin").get("/cases.json").json()["sources"]}


def test_a_view_keeps_the_platform_and_is_offered_to_whom_it_leads_somewhere(signed_in: SignedIn) -> None:
    assert filters_of(f"?source={SHARED}&status=open&after=1") == f"status=open&source={SHARED}"
    admin, supervisor = signed_in("admin"), signed_in("supervisor")
    for name, source in (("三区", SHARED), ("南海", FAR)):
        wanted = {"name": name, "query": f"source={source}", "shared": True}
        assert admin.post("/api/v1/case-views", json=wanted).status_code == 200
    assert [view["name"] for view in supervisor.get("/api/v1/case-views").json()] == ["三区"]
    out_of_scope = supervisor.post("/api/v1/case-views", json={"name": "我的", "query": f"source={FAR}"})
    assert out_of_scope.status_code == 404


def test_a_view_of_a_platform_of_several_halls_is_offered_where_its_owner_has_a_hall(
    signed_in: SignedIn, services: Services
) -> None:
    supervisor, inspector = signed_in("supervisor"), signed_in("inspector")
    view = {"name": "三区", "query": f"source={SHARED}", "shared": True}
    assert supervisor.post("/api/v1/case-views", json=view).status_code == 200
    assert [one["name"] for one in inspector.get("/api/v1/case-views").json()] == ["三区"]
    with services.database.transaction() as session:
        session.exec(select(Scope).join(User).where(User.name == "inspector")).one().hall_id = "nh"
    assert numbers(inspector, f"source={SHARED}") == {"P-3"}, "they may look for it themselves"
    assert inspector.get("/api/v1/case-views").json() == []


def test_a_department_is_offered_the_platforms_of_its_own_cases_alone(signed_in: SignedIn, services: Services) -> None:
    others = {"secret": None, "secret-of-the-hall": "cc"}
    with services.database.transaction() as session:
        for source, hall in others.items():
            session.add(Source(id=source, hall_id=hall, name="机密平台"))
            session.flush()
            said: dict[str, Any] = {"source_id": source, "hall_id": "cc", "department_id": "civil"}
            session.add(Case(number="S", opened_at=NOON, **said))
    department, supervisor = signed_in("department"), signed_in("supervisor")
    offered = {source["id"] for source in department.get("/cases.json").json()["sources"]}
    assert offered == {"cc-platform", NEAR, SHARED}
    assert "机密平台" not in department.get("/cases").text
    assert others.keys() < {source["id"] for source in supervisor.get("/cases.json").json()["sources"]}
    for source in others:
        for path in ("/cases", "/cases.json", "/cases.csv", "/cases.xlsx"):
            assert department.get(f"{path}?source={source}").status_code == 404, path
            assert supervisor.get(f"{path}?source={source}").status_code == 200, path
        assert (
            department.post("/api/v1/case-views", json={"name": "机密", "query": f"source={source}"}).status_code == 404
        )
        shared = {"name": source, "query": f"source={source}", "shared": True}
        assert supervisor.post("/api/v1/case-views", json=shared).status_code == 200
    assert department.get("/api/v1/case-views").json() == []


@pytest.mark.parametrize(
    ("role", "columns"),
    [("supervisor", "(hall_id=? AND source_id=?)"), ("department", "(department_id=? AND source_id=? AND hall_id=?)")],
)
def test_platforms_are_offered_by_an_index_and_where_one_is_chosen(
    signed_in: SignedIn, services: Services, role: str, columns: str
) -> None:
    client = signed_in(role)
    for path in ("/cases", "/cases.csv", "/cases.xlsx"):
        for query in ("", f"?source={SHARED}", "?q=P-2"):
            with statements(services) as asked:
                assert client.get(path + query).status_code == 200
            of_platforms = [each for each in asked if "FROM source" in each[0] and "EXISTS" in each[0]]
            assert len(of_platforms) == (path == "/cases") + ("source" in query), (path, query)
            with services.database.engine.connect() as connection:
                for statement, parameters in of_platforms:
                    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                    assert any("SEARCH case_file" in row[3] and columns in row[3] for row in plan), plan
