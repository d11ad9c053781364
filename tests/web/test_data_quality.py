"""All sources beside each other: who sees which, and the same numbers for a district and for the city."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.approvals.sequences import GRACE
from storage.models import Batch, Hall, Source
from tests.web.conftest import NOON, Clock, SignedIn
from tests.web.test_push import ROW, push
from web.places import key_hash
from web.services import Services

DAYS = {"from": "2026-02-20", "to": "2026-03-03"}
OTHER = "key of nh-platform"


@pytest.fixture(autouse=True)
def _sources(services: Services, anonymous: TestClient, clock: Clock) -> None:
    """One in each of two districts, and one of the whole city that has never sent anything."""
    with services.database.transaction() as session:
        session.add(Source(id="nh-platform", name="南海平台", hall_id="nh", key_hash=key_hash(OTHER)))
        session.add(Source(id="the-city", name="市平台"))
    push(anonymous, 1, ROW, ROW | {"step": "S2", "start": "yesterday"})
    with services.database.transaction() as session:
        for number in (1, 2, 5, 6):
            came = NOON - timedelta(days=2)
            session.add(Batch(source_id="nh-platform", sequence=number, received_at=came, rows=10, rejected=1))
    clock.forward(GRACE)


def board(client: TestClient) -> Any:
    return client.get("/data-quality.json", params=DAYS).json()["found"]


def test_who_has_no_business_with_it_sees_nothing(anonymous: TestClient, signed_in: SignedIn) -> None:
    for ending in ("", ".json", ".csv", ".xlsx"):
        assert anonymous.get(f"/data-quality{ending}").status_code in (303, 401), ending
        for role in ("department", "investigator"):
            assert signed_in(role).get(f"/data-quality{ending}").status_code == 403, (role, ending)


def test_a_district_sees_its_own_sources_with_the_numbers_that_the_city_sees(signed_in: SignedIn) -> None:
    own, all_of_it = board(signed_in("supervisor")), board(signed_in("admin"))
    assert [source["id"] for source in own["sources"]] == ["cc-platform"]
    assert [source["id"] for source in all_of_it["sources"]] == ["cc-platform", "nh-platform", "the-city"]
    assert own["sources"][0] == all_of_it["sources"][0]
    assert own["together"] == [row for row in all_of_it["together"] if (row["district"] or {}).get("id") == "chancheng"]
    for ending in ("", ".csv"):
        shown = signed_in("supervisor").get(f"/data-quality{ending}", params=DAYS).text
        assert "cc-platform" in shown
        assert "nh-platform" not in shown
        assert "南海" not in shown


def test_who_sees_a_part_of_a_district_reads_no_sum_of_it(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.add(Hall(id="cc-2", district_id="chancheng", name="另一个大厅"))
    own = board(signed_in("supervisor"))
    assert [source["id"] for source in own["sources"]] == ["cc-platform"]
    assert own["together"] == []


def test_a_row_is_the_sum_of_the_days_of_its_own_page(signed_in: SignedIn) -> None:
    row = board(signed_in("admin"))["sources"][0]["sums"]
    days = signed_in("admin").get("/reconciliation.json", params=DAYS | {"source": "cc-platform"}).json()
    for name in ("steps", "cases_opened", "late", "batches", "rows", "refused", "ratings"):
        assert row[name] == sum(day[name] for day in days["found"]["days"]), name
    assert row["steps"] > 0
    assert row["refused"] == 1


def test_days_say_the_worst_and_what_never_came_is_counted(signed_in: SignedIn) -> None:
    cc, nh, city = board(signed_in("admin"))["sources"]
    states = {mark["day"]: mark["state"] for mark in nh["days"]}
    assert len(states) == 12
    assert [day for day, state in states.items() if state != "nothing"] == ["2026-02-28"]
    assert states["2026-02-28"] == "missing"
    assert nh["sums"]["missing_batches"] == 2
    assert nh["sums"]["completeness"] == pytest.approx(36 / 40 * 4 / 6)
    assert {mark["day"]: mark["state"] for mark in cc["days"]}["2026-03-02"] == "refused"
    assert city["last_batch"] is None
    assert city["sums"]["completeness"] is None


def test_what_is_still_missing_is_told_apart_from_what_was_refused(signed_in: SignedIn, anonymous: TestClient) -> None:
    cc, nh, _ = board(signed_in("admin"))["sources"]
    assert (cc["sums"]["refused"], cc["sums"]["still_missing"]) == (1, 1)
    assert nh["sums"]["still_missing"] == 4
    english = {"Accept-Language": "en"}
    assert "1 still missing" in signed_in("supervisor").get("/data-quality", params=DAYS, headers=english).text
    push(anonymous, 2, ROW | {"step": "S2"})
    found = board(signed_in("admin"))
    cc = found["sources"][0]["sums"]
    assert (cc["refused"], cc["still_missing"]) == (1, 0), "it was refused all the same"
    assert found["together"][-1]["sums"]["still_missing"] == 4
    for address in ("/data-quality", "/reconciliation"):
        assert "all came since" in signed_in("supervisor").get(address, params=DAYS, headers=english).text
        assert "still_missing" in signed_in("supervisor").get(f"{address}.csv", params=DAYS).text
    chinese = signed_in("admin").get("/data-quality", params=DAYS, headers={"Accept-Language": "zh"}).text
    assert "此后均已收到" in chinese
    assert "仍缺 4 行" in chinese


def test_the_city_is_the_sum_of_all_and_its_shares_are_those_of_the_sums(signed_in: SignedIn) -> None:
    found = board(signed_in("admin"))
    city = found["together"][-1]
    assert (city["district"], city["sources"]) == (None, 3)
    for name in ("steps", "rows", "refused", "missing_batches", "late"):
        assert city["sums"][name] == sum(source["sums"][name] for source in found["sources"]), name
    assert city["sums"]["late_share"] == pytest.approx(city["sums"]["late"] / city["sums"]["steps"])


def test_the_file_says_of_each_line_what_it_is_of(signed_in: SignedIn) -> None:
    text = signed_in("admin").get("/data-quality.csv", params=DAYS).text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["of"], row["id"]) for row in rows] == [
        ("source", "cc-platform"),
        ("source", "nh-platform"),
        ("source", "the-city"),
        ("district", "chancheng"),
        ("district", "nanhai"),
        ("city", ""),
    ]
    assert rows[1]["missing_batches"] == "2"
    assert rows[1]["days_with_gaps"] == "1"


def test_a_row_leads_to_the_days_of_its_source_and_back(signed_in: SignedIn) -> None:
    shown = signed_in("admin").get("/data-quality", params=DAYS).text
    assert 'href="/reconciliation?source=nh-platform&amp;from=2026-02-20&amp;to=2026-03-03"' in shown
    assert 'href="/data-quality"' in signed_in("admin").get("/reconciliation?source=nh-platform").text


def test_days_that_are_none_are_told(signed_in: SignedIn) -> None:
    wrong = {"from": "2026-03-03", "to": "2026-03-01"}
    assert signed_in("admin").get("/data-quality", params=wrong).status_code == 422
    assert signed_in("admin").get("/data-quality.csv", params=wrong).status_code == 422
