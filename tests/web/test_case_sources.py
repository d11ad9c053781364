"""Cases by the platform that sent them: in the list, its address, its files and saved views, and for whom."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from storage.models import Case, Source
from tests.web.conftest import NOON, SignedIn
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
