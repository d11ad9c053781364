"""A real log from its file to the pages: taken in, reckoned, linked, looked at and counted.

The figures are worked out anew from the text of the file. It is of 2010 to 2012 and is moved by sixteen years, since
the rules for cards begin in 2026; nothing else of it is changed.
"""

import csv
import io
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from correlation.comparing import find_steps_out_of_order
from correlation.deadlines.keeping import DeadlineKeeper
from correlation.evaluation.keeping import keep_draft
from correlation.examining import find_unstaffed_steps
from correlation.linking import Linker
from ingest.approvals.importing import import_file
from ingest.approvals.mapping import Mapping
from storage.models import Case, Hall, Source
from tests.sample import DISTRICT
from tests.web.conftest import Clock, SignedIn
from web.evaluating import period_of, worked_out
from web.months import Month
from web.services import Services

ROOT = Path(__file__).parents[2]
RECEIPT = ROOT.parent / "shared" / "data" / "eventlogs" / "receipt.csv"
MAPPING = ROOT / "ingest" / "approvals" / "mappings" / "receipt.toml"
SIXTEEN_YEARS = timedelta(days=5_844)
NOW = datetime(2028, 2, 4, 2, 0, tzinfo=UTC)
MONTH, ZONE = Month(2027, 6), "Asia/Shanghai"
TIMES = ("case:deadline", "case:enddate", "case:enddate_planned", "case:startdate", "time:timestamp")

pytestmark = pytest.mark.skipif(not RECEIPT.exists(), reason="the real log is not in ../shared/data/eventlogs")


class Permit(NamedTuple):
    """One case as its file has it."""

    due: datetime
    ended: datetime | None
    stamps: tuple[datetime, ...]
    """Of its steps."""

    @property
    def late_since(self) -> datetime:
        """Some were due before they came."""
        return max(self.due, min(self.stamps))

    @property
    def is_late(self) -> bool:
        return (self.ended or NOW) > self.due


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    path = tmp_path / "receipt.csv"
    with RECEIPT.open(encoding="utf-8", newline="") as source, path.open("w", encoding="utf-8", newline="") as moved:
        rows = csv.DictReader(source)
        writer = csv.DictWriter(moved, rows.fieldnames or ())
        writer.writeheader()
        writer.writerows({name: _moved(text) if name in TIMES else text for name, text in row.items()} for row in rows)
    return path


def _moved(text: str) -> str:
    return (datetime.fromisoformat(text) + SIXTEEN_YEARS).isoformat() if text else ""


@pytest.fixture
def permits(log_file: Path) -> dict[str, Permit]:
    with log_file.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    stamps: dict[str, list[datetime]] = defaultdict(list)
    for row in rows:
        stamps[row["case:concept:name"]].append(datetime.fromisoformat(row["time:timestamp"]))
    return {
        row["case:concept:name"]: Permit(
            datetime.fromisoformat(row["case:deadline"]),
            datetime.fromisoformat(row["case:enddate"]) if row["case:enddate"] else None,
            tuple(stamps[row["case:concept:name"]]),
        )
        for row in rows
    }


@pytest.fixture
def reader(services: Services, clock: Clock, log_file: Path, signed_in: SignedIn) -> TestClient:
    """Of a site whose clerk has done all that there was to do."""
    clock.now = NOW
    with services.database.transaction() as session:
        session.add(Hall(id="log", district_id=DISTRICT, name="receipt"))
        session.flush()
        session.add(Source(id="log", hall_id="log", name="receipt"))
    report = import_file(services.database, "log", log_file, Mapping.load(MAPPING), NOW)
    assert (report.accepted, report.rejected_rows) == (8_577, 0)
    keeper, linker = DeadlineKeeper(services.database), Linker(services.database, services.footage)
    clock.forward(timedelta(seconds=1))
    keeper.look_around(clock.now)
    jobs = (
        keeper.run_once,
        linker.run_once,
        lambda at: find_unstaffed_steps(services.database, at),
        lambda at: find_steps_out_of_order(services.database, at),
    )
    while sum(job(clock.now) for job in jobs):
        pass
    return signed_in("admin")


def table(client: TestClient, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


@pytest.mark.slow
def test_a_real_log_comes_out_on_every_page_as_its_file_has_it(
    reader: TestClient, permits: dict[str, Permit], services: Services
) -> None:
    underway = {number for number, permit in permits.items() if permit.ended is None}
    late = {number for number, permit in permits.items() if permit.is_late}
    assert (len(permits), len(permits) - len(underway), len(late - underway)) == (1_434, 1_329, 377)
    _overview(reader, permits, underway, late)
    _lists(reader, permits, underway, late)
    _inbox(reader, late)
    _pages(reader, permits, services)
    _month(reader, permits, services)
    _data_quality(reader, permits)


def _overview(reader: TestClient, permits: dict[str, Permit], underway: set[str], late: set[str]) -> None:
    page = reader.get("/overview.json?hall=log").json()
    assert (page["total"]["open"], page["total"]["late"]) == (len(underway), len(underway & late))
    day_ends = datetime(2028, 2, 5, tzinfo=ZoneInfo(ZONE))
    assert page["total"]["due_today"] == sum(NOW < permits[number].due <= day_ends for number in underway)
    first = day_ends - timedelta(days=len(page["trend"]))
    ended = [permit for permit in permits.values() if permit.ended and first <= permit.ended < day_ends]
    assert sum(day["closed"] for day in page["trend"]) == len(ended) > 0
    assert sum(day["closed_late"] for day in page["trend"]) == sum(permit.is_late for permit in ended)


def _lists(reader: TestClient, permits: dict[str, Permit], underway: set[str], late: set[str]) -> None:
    every = table(reader, "/cases.csv?hall=log")
    assert {row["number"] for row in every} == set(permits)
    assert {row["number"] for row in table(reader, "/cases.csv?hall=log&status=open")} == underway
    assert {row["number"] for row in table(reader, "/cases.csv?hall=log&status=overdue")} == underway & late
    assert {row["number"] for row in table(reader, "/cases.csv?hall=log&status=late")} == late


def _inbox(reader: TestClient, late: set[str]) -> None:
    """Whoever was late by the deadline that its platform set has one yellow card, and nobody else."""
    cards = table(reader, "/cards.csv?hall=log&kind=yellow&cause=past_promised&state=all")
    assert sorted(card["case"] for card in cards) == sorted(late)
    first = reader.get(f"/cards/{cards[0]['id']}.json").json()
    assert first["card"]["cause"] == "past_promised"


def _pages(reader: TestClient, permits: dict[str, Permit], services: Services) -> None:
    with services.database.transaction() as session:
        query = select(Case.number, Case.id).where(Case.source_id == "log").order_by(col(Case.id))
        ids = list(session.exec(query))
    for number, case_id in ids[::120]:
        page = reader.get(f"/cases/{case_id}.json").json()
        permit = permits[number]
        assert len(page["steps"]) == len(permit.stamps)
        assert abs(datetime.fromisoformat(page["case"]["due_at"]) - permit.due) <= timedelta(microseconds=1)
        expected = ("yellow" if permit.is_late else None) if permit.ended is None else "done"
        expected = "done_late" if permit.ended and permit.is_late else expected
        assert page["deadlines"]["standing"] == page["case"]["standing"] != "waiting"
        assert expected in (None, page["case"]["standing"])
        assert reader.get(f"/cases/{case_id}").status_code == 200


def _month(reader: TestClient, permits: dict[str, Permit], services: Services) -> None:
    """Who ended in time in the month, and whose deadline passed in it."""
    span = period_of(MONTH, ZONE).span
    in_time = [
        each for each in permits.values() if each.ended and not each.is_late and span.start <= each.ended < span.end
    ]
    passed = [each for each in permits.values() if each.is_late and span.start <= each.late_since < span.end]
    worked = worked_out(services.database, MONTH, services.clock())
    assert worked is not None
    keep_draft(services.database, worked)
    page = reader.get(f"/evaluation.json?month={MONTH}&kind=hall").json()
    (counted,) = [unit["counted"] for unit in page["units"] if unit["id"] == "log"]
    assert (counted["cases"], counted["late"]) == (len(in_time) + len(passed), len(passed))


def _data_quality(reader: TestClient, permits: dict[str, Permit]) -> None:
    page = reader.get(f"/data-quality.json?from={NOW:%Y-%m-%d}&to={NOW:%Y-%m-%d}").json()
    (row,) = [source for source in page["found"]["sources"] if source["id"] == "log"]
    assert (row["sums"]["rows"], row["sums"]["refused"]) == (8_577, 0)
