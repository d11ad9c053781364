"""What each role sees of each page, and that nobody sees what lies outside the scope."""

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from storage.models import Case, User
from tests.web.pages.a_day import OTHER_COUNTER
from tests.web.pages.conftest import SignIn
from web.services import Services

ALLOWED = {
    "/board.json": {"supervisor", "investigator", "admin"},
    "/cameras.json": {"supervisor", "investigator", "admin"},
    "/counters/cc-1.json": {"supervisor", "investigator", "admin"},
    "/alerts.json": {"supervisor", "investigator", "department", "admin"},
    "/absences.json": {"supervisor", "inspector", "investigator", "department", "admin"},
    "/absences/1.json": {"supervisor", "inspector", "investigator", "department", "admin"},
    "/overview.json": {"supervisor", "inspector", "investigator", "department", "admin"},
    "/cases.json": {"supervisor", "inspector", "investigator", "department", "admin"},
    "/findings.json": {"inspector", "investigator", "admin"},
    "/span.json": {"inspector", "investigator", "admin"},
    "/calendar.json": {"inspector", "investigator", "admin"},
    "/calendar/cc-cam-1.json": {"inspector", "investigator", "admin"},
    "/import.json": {"inspector", "admin"},
    "/evaluation.json": {"supervisor", "inspector", "department", "admin"},
    "/evaluation/simulation.json": {"supervisor", "admin"},
    "/evaluation/periods.json": {"supervisor", "inspector", "department", "admin"},
    "/evaluation/figures.json": {"supervisor", "inspector", "department", "admin"},
    "/health.json": {"admin"},
    "/admin/users.json": {"admin"},
}
ROLES = ["supervisor", "inspector", "investigator", "department", "admin"]


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_the_pages_of_its_work(sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    answers = {path: client.get(path).status_code for path in ALLOWED}
    assert answers == {path: 200 if role in roles else 403 for path, roles in ALLOWED.items()}


@pytest.mark.parametrize(
    "path",
    [
        f"/counters/{OTHER_COUNTER}",
        "/absences/3",
        "/cameras?hall=nh",
        "/calendar/nh-cam-1",
        "/calendar?hall=nh",
        "/cases/60",
        "/absences?hall=nh",
        "/alerts?hall=nh",
        "/cases?hall=nh",
        "/overview?hall=nh",
        "/findings?hall=nh",
        f"/span?hall=nh&counter={OTHER_COUNTER}",
    ],
)
def test_what_lies_outside_the_scope_is_not_there(sign_in: SignIn, path: str) -> None:
    assert sign_in("investigator").get(path).status_code == 404
    address, mark, query = path.partition("?")
    assert sign_in("investigator").get(f"{address}.json{mark}{query}").status_code == 404


def test_lists_leave_out_what_lies_outside_the_scope(sign_in: SignIn) -> None:
    client = sign_in("investigator")
    assert {row["counter"]["hall"]["id"] for row in client.get("/absences.json").json()["absences"]} == {"cc"}
    assert {row["hall"]["id"] for row in client.get("/alerts.json?state=all").json()["alerts"]} == {"cc"}
    assert {hall["id"] for hall in client.get("/cases.json").json()["halls"]} == {"cc"}


def test_a_department_sees_its_own_cases_only(sign_in: SignIn) -> None:
    client = sign_in("department")
    assert [case["number"] for case in client.get("/cases.json").json()["cases"]] == [
        "CC-2026-00001",
        "CC-2026-00002",
        "CC-2026-00003",
    ]
    assert client.get("/cases/4").status_code == 404


def test_a_supervisor_neither_reads_nor_searches_applicants(sign_in: SignIn, day: Services) -> None:
    client = sign_in("supervisor")
    assert client.get("/cases/1.json").json()["case"]["applicant"] is None
    assert "申请人1号" not in client.get("/cases/1").text
    assert client.get("/cases.json?q=申请人1号").json()["cases"] == []
    assert len(sign_in("inspector").get("/cases.json?q=申请人1号").json()["cases"]) == 1
    with day.database.transaction() as session:
        assert session.get_one(Case, 1).applicant == "申请人1号"


def test_a_forged_form_changes_nothing(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    del client.headers["X-CSRF-Token"]
    new = {"name": "mallory", "role": "admin", "password": "long enough to be one"}
    assert client.post("/admin/users", data=new).status_code == 403
    with day.database.transaction() as session:
        assert set(session.exec(select(User.name))) == set(ROLES)


def test_a_renewal_without_a_session_sends_the_whole_page_to_sign_in_and_back(anonymous: TestClient) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/cases?status=open"}
    answer = anonymous.get("/cases?status=open&after=1", headers=headers)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in?next=/cases%3Fstatus%3Dopen")
