"""The page of a case shows what was reported beside its steps, when it happened and since when it is known."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from storage.models import (
    AccessEntry,
    Card,
    CardCause,
    Case,
    CaseResult,
    ClockName,
    Decision,
    Extension,
    Fee,
    ItemVersion,
    Rating,
    ResultDelivery,
    Source,
)
from tests.web.carded import a_card
from tests.web.conftest import NOON, SignedIn
from web.services import Services

SOURCE = "cc-platform"
CASE: dict[str, Any] = {"source_id": SOURCE, "case_number": "2026-1"}
DAY = timedelta(days=1)


def reported(reference: str, late: timedelta = timedelta()) -> dict[str, Any]:
    return CASE | {"reference": reference, "first_received_at": NOON + late, "received_at": NOON + late}


@pytest.fixture(autouse=True)
def _records(services: Services) -> None:
    with services.database.transaction() as session:
        fee = Fee(**reported("F1"), name="工本费", amount_fen=1_050, charged=NOON, receipt="R-9")
        session.add(fee)
        session.add(Fee(**reported("F2"), name="证照费", amount_fen=500, charged=NOON))
        session.add(Extension(**reported("E1"), days=3, approved=NOON - DAY, approved_by="李局长", reason="案情复杂"))
        late = reported("R1", late=3 * DAY)
        session.add(CaseResult(**late, decision=Decision.REFUSED, reason="材料不全", document="D-1", decided=NOON))
        session.add(ResultDelivery(**reported("D1"), way="邮寄", tracking="EMS-77", delivered=NOON + DAY))
        session.add(Rating(**reported("T1"), level=2, comment="等了很久", operator="王芳", rated=NOON + 2 * DAY))
        session.add(Source(id="tablet"))
        session.flush()
        own = reported("T2") | {"source_id": "tablet", "case_source_id": SOURCE}
        session.add(Rating(**own, level=5, rated=NOON + 3 * DAY))
        session.add(Fee(**reported("F9") | {"case_number": "2026-2"}, name="别人的", amount_fen=1, charged=NOON))
        session.flush()
        conduct = {"cause": CardCause.FEE_UNLISTED, "clock": ClockName.CONDUCT, "about": f"fee:{fee.id}"}
        session.add(a_card(1, id=1, **conduct))


def records(signed_in: SignedIn, role: str) -> dict[str, Any]:
    found = signed_in(role).get("/cases/1.json").json()["records"]
    assert [record["reference"] for record in found] == ["E1", "F1", "F2", "R1", "D1", "T1", "T2"]
    return {record["reference"]: record for record in found}


def test_each_kind_says_what_its_platform_reported(signed_in: SignedIn) -> None:
    found = records(signed_in, "supervisor")
    assert (found["F1"]["name"], found["F1"]["amount_yuan"], found["F1"]["document"]) == ("工本费", "10.50", "R-9")
    assert (found["E1"]["days"], found["E1"]["by"], found["E1"]["reason"]) == (3, "李局长", "案情复杂")
    assert (found["R1"]["decision"], found["R1"]["reason"]) == ("refused", "材料不全")
    assert (found["D1"]["way"], found["T1"]["level"], found["T1"]["by"]) == ("邮寄", 2, "王芳")


def test_a_fee_that_the_catalogue_lacks_leads_to_its_card(signed_in: SignedIn, services: Services) -> None:
    found = records(signed_in, "supervisor")
    assert (found["F1"]["card"], found["F2"]["card"]) == (1, None)
    assert 'href="/cards/1"' in signed_in("supervisor").get("/cases/1").text
    with services.database.transaction() as session:
        session.get_one(Card, 1).withdrawn_at = NOON
    assert records(signed_in, "supervisor")["F1"]["card"] is None


def test_a_fee_stands_beside_what_the_catalogue_says_when_the_case_was_opened(
    signed_in: SignedIn, services: Services
) -> None:
    assert records(signed_in, "supervisor")["F1"]["listed"] is None
    entry = {"code": "", "name": "工本费", "amount": "10.00", "basis": "价格〔2011〕1号"}
    with services.database.transaction() as session:
        case = session.get_one(Case, 1)
        case.item_code = "JZ-9"
        said: dict[str, Any] = {"code": "JZ-9", "name": "居住证", "source_id": SOURCE}
        said |= {"first_received_at": NOON, "received_at": NOON}
        for reference, begins, amount in (("I1", -30, "10.00"), ("I2", 1, "8.00")):
            version = ItemVersion(
                **said,
                reference=reference,
                version=reference,
                valid_from=case.opened_at + begins * DAY,
                fees=[entry | {"amount": amount}],
            )
            session.add(version)
    found = records(signed_in, "supervisor")
    assert found["F1"]["listed"] == {"name": "工本费", "amount": "10.00", "basis": "价格〔2011〕1号"}
    assert found["F2"]["listed"] is None
    client = signed_in("supervisor")
    client.headers["Accept-Language"] = "en"
    assert "the catalogue says 10.00 yuan" in client.get("/cases/1").text
    rows = list(csv.DictReader(io.StringIO(client.get("/cases/1.csv").text.removeprefix("\ufeff"))))
    assert [row["listed_yuan"] for row in rows if row["record"] == "fee"] == ["10.00", ""]


def test_what_a_customer_wrote_is_for_who_calls_back_and_the_parcel_for_who_may_know_the_applicant(
    signed_in: SignedIn,
) -> None:
    shown = {role: records(signed_in, role) for role in ("supervisor", "inspector", "department", "admin")}
    comments = {role: found["T1"]["comment"] for role, found in shown.items()}
    assert comments == {"supervisor": "等了很久", "inspector": None, "department": "等了很久", "admin": "等了很久"}
    parcels = {role: found["D1"]["tracking"] for role, found in shown.items()}
    assert parcels == {"supervisor": None, "inspector": "EMS-77", "department": None, "admin": "EMS-77"}
    for ending in ("", ".csv"):
        assert "等了很久" not in signed_in("inspector").get(f"/cases/1{ending}").text
        assert "EMS-77" not in signed_in("supervisor").get(f"/cases/1{ending}").text


def test_late_records_show_both_times(signed_in: SignedIn) -> None:
    client = signed_in("supervisor")
    client.headers["Accept-Language"] = "en"
    page = client.get("/cases/1").text.partition('id="records"')[2].partition("</section>")[0]
    assert page.count("first heard of") == 1
    assert "5 Mar 2026 12:00:00" in page.partition("first heard of")[2].partition("</span>")[0]


def test_a_case_is_taken_along_whole_and_in_time(signed_in: SignedIn, services: Services) -> None:
    text = signed_in("inspector").get("/cases/1.csv").text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    kinds = [row["record"] for row in rows]
    assert kinds == ["extension", "step", "fee", "fee", "result", "delivery", "rating", "rating"]
    assert rows[2]["amount_yuan"] == "10.50"
    assert rows[4]["first_told_at (Asia/Shanghai)"] == "2026-03-05T12:00:00+08:00"
    assert signed_in("inspector").get("/cases/1.xlsx").status_code == 200
    with services.database.transaction() as session:
        looks = session.exec(select(AccessEntry).where(AccessEntry.subject == "case:cc-platform/2026-1")).all()
        assert len(looks) == 1, "a file is a look at the case"
        assert session.get_one(Case, 1).applicant not in text


def test_a_case_of_another_hall_or_department_is_not_taken_along(signed_in: SignedIn) -> None:
    for role in ("supervisor", "inspector", "department"):
        for ending in ("", ".json", ".csv", ".xlsx"):
            assert signed_in(role).get(f"/cases/2{ending}").status_code == 404, (role, ending)
