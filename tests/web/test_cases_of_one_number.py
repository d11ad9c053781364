"""Cases of one number that two platforms sent: where a case is named by its number, its platform is, too."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from storage.models import (
    CallBack,
    Case,
    Complaint,
    Counter,
    Finding,
    FindingKind,
    Rating,
    Source,
    Step,
    StepKind,
    SupervisionOrder,
)
from tests.web.carded import a_card
from tests.web.conftest import NOON, SignedIn
from tests.web.evaluated import an_evaluation
from web.services import Services

POST, HALL = "邮政平台", "大厅平台"
_HOUR = timedelta(hours=1)


def a_case_of_each(services: Services, *, post: str) -> None:
    """Case 1 and case 7 of hall `cc`, both of number 2026-1, with a card, an order, a finding and a call back each."""
    with services.database.transaction() as session:
        session.get_one(Source, "cc-platform").name = HALL
        if post != "cc-platform":
            session.add(Source(id=post, hall_id="cc", name=POST))
        session.flush()
        number = "2026-1" if post != "cc-platform" else "2026-7"
        of_hall: dict[str, Any] = {"department_id": "tax", "hall_id": "cc", "opened_at": NOON - _HOUR}
        session.add(Case(id=7, source_id=post, number=number, **of_hall))
        session.flush()
        told: dict[str, Any] = {"first_received_at": NOON, "received_at": NOON}
        at: dict[str, Any] = {"counter_id": "cc-1", "start": NOON - _HOUR, "end": NOON, **told}
        session.add(Step(id=7, case_id=7, source_id=post, reference="S7", kind=StepKind.RECEIVE, **at))
        session.flush()
        for case, source in ((1, "cc-platform"), (7, post)):
            session.add(a_card(case, id=case))
            session.flush()
            due: dict[str, Any] = {"first_days": 1, "first_due_by": NOON + _HOUR, "due_by": NOON + _HOUR}
            by: dict[str, Any] = {"department_id": "tax", "issued_by": 1, "issued_at": NOON}
            session.add(SupervisionOrder(id=case, case_id=case, card_id=case, text="催办", **by, **due))
            of_step: dict[str, Any] = {"kind": FindingKind.STEP_OUT_OF_ORDER, "found_at": NOON, "evidence": {}}
            session.add(Finding(step_id=case, **of_step))
            rated: dict[str, Any] = {"level": 1, "rated": NOON, "case_number": number, **told}
            session.add(Rating(id=case, source_id=source, reference=f"R{case}", **rated))
            session.flush()
            of_rating: dict[str, Any] = {"hall_id": "cc", "department_id": "tax", "due_by": NOON + _HOUR}
            of_rating |= {"opened_at": NOON, "known_at": NOON, "rated_due_by": NOON + _HOUR}
            session.add(CallBack(rating_id=case, case_id=case, **of_rating))


def rows(client: TestClient, address: str) -> str:
    """What the table holds, or the list, without the filters above."""
    page = client.get(address)
    assert page.status_code == 200
    return re.sub(r"<(select|datalist|form).*?</\1>", "", page.text, flags=re.DOTALL)


LISTS = ("/cases", "/cards", "/orders", "/findings", "/call-backs", "/counters/cc-1", "/cards/7", "/orders/7")
ROLE = {"/findings": "inspector", "/call-backs": "supervisor"}


@pytest.mark.parametrize("address", LISTS)
def test_where_several_platforms_send_cases_each_row_says_which(
    signed_in: SignedIn, services: Services, address: str
) -> None:
    a_case_of_each(services, post="cc-post")
    shown = rows(signed_in(ROLE.get(address, "supervisor")), address)
    assert POST in shown
    assert (HALL in shown) is not address.endswith("/7")


@pytest.mark.parametrize("address", LISTS)
def test_where_one_platform_sends_all_cases_no_row_names_it(
    signed_in: SignedIn, services: Services, address: str
) -> None:
    a_case_of_each(services, post="cc-platform")
    shown = rows(signed_in(ROLE.get(address, "supervisor")), address)
    assert "2026-7" in shown
    assert HALL not in shown


def test_a_list_of_one_platform_does_not_repeat_its_name(signed_in: SignedIn, services: Services) -> None:
    a_case_of_each(services, post="cc-post")
    assert POST not in rows(signed_in("supervisor"), "/cases?source=cc-post")


@pytest.mark.parametrize("address", ["/cases", "/cards", "/orders", "/findings", "/call-backs"])
def test_files_have_the_platform_as_a_column(signed_in: SignedIn, services: Services, address: str) -> None:
    a_case_of_each(services, post="cc-post")
    text = signed_in(ROLE.get(address, "supervisor")).get(f"{address}.csv").text.removeprefix("\ufeff")
    found = list(csv.DictReader(io.StringIO(text)))
    assert {row.get("case", row.get("number")) for row in found} == {"2026-1"}
    assert {row["source"] for row in found} == {"cc-platform", "cc-post"}


def test_points_and_spans_name_the_platform_of_their_cases(signed_in: SignedIn, services: Services) -> None:
    a_case_of_each(services, post="cc-post")
    with services.database.transaction() as session:
        evaluation = an_evaluation(session, NOON, ("tax", "civil"))
    client = signed_in("admin")
    address = f"/evaluation/{evaluation}/marks"
    query = "unit_kind=department&unit=tax&kind=late_case"
    assert HALL in rows(client, f"{address}?{query}")
    found = list(csv.DictReader(io.StringIO(client.get(f"{address}.csv?{query}").text.removeprefix("\ufeff"))))
    assert [row["source"] for row in found] == ["cc-platform"]
    shown = rows(signed_in("inspector"), "/span?hall=cc&counter=cc-1&from=2026-03-02T10:30&to=2026-03-02T12:00")
    assert HALL in shown
    assert POST in shown


def test_a_department_is_not_told_of_a_platform_by_the_orders_of_others(
    signed_in: SignedIn, services: Services
) -> None:
    a_case_of_each(services, post="cc-post")
    with services.database.transaction() as session:
        session.add(Source(id="third", hall_id="cc", name="第三平台"))
        session.flush()
        session.get_one(Case, 1).source_id = "third"
        session.get_one(Case, 1).department_id = "civil"
    shown = rows(signed_in("department"), "/orders")
    assert "/orders/1" in shown
    assert "第三平台" not in shown


@pytest.mark.parametrize("several", [False, True])
def test_a_complaint_leads_to_its_case_and_where_there_are_two_to_both(
    signed_in: SignedIn, services: Services, several: bool
) -> None:
    a_case_of_each(services, post="cc-post" if several else "cc-platform")
    with services.database.transaction() as session:
        assert session.get(Counter, "cc-1")
        said: dict[str, Any] = {"text": "等了很久", "agreed_to": "1", "hall_id": "cc"}
        session.add(Complaint(id=1, reference="T1", received_at=NOON, case_number="2026-1", **said))
    client = signed_in("investigator")
    wanted = "/cases?q=2026-1" if several else "/cases/1"
    for address in ("/complaints", "/complaints/1"):
        assert f'href="{wanted}"' in client.get(address).text
    (row,) = client.get("/complaints.json").json()["complaints"]
    assert (row["case_id"], row["cases"]) == ((None, 2) if several else (1, 1))
    assert len(client.get("/cases.json?q=2026-1").json()["cases"]) == (2 if several else 1)
