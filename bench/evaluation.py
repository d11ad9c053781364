"""How long it takes to work a month out, from what was told to ranks and marks, and to give that up.

python -m bench.evaluation --cases 40000 --postgres postgresql://…
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.approvals_import import prepare
from correlation.deadlines.keeping import DeadlineKeeper
from correlation.deadlines.rules import shipped_rules
from correlation.evaluation.formula import shipped_formulas
from correlation.evaluation.keeping import keep_draft
from correlation.evaluation.working_out import work_out
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from storage.database import Database
from storage.models import Department, Item
from web.evaluating import period_of
from web.months import Month

PERIOD = period_of(Month(2026, 6), "Asia/Shanghai")
COUNTED_AT = datetime(2026, 7, 5, 1, tzinfo=UTC)
DEPARTMENTS = 40


class Asked:
    """Is asked whether to go on; remembers the longest time between two questions."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._last = time.perf_counter()

    def __call__(self) -> None:
        now = time.perf_counter()
        self.longest_s, self._last = max(self.longest_s, now - self._last), now


def measure(name: str, database: Database, count: int) -> None:
    prepare(database)
    with database.transaction() as session:
        session.add(Item(code="JZ-0103", name="i", legal_days=20, promised_days=5))
        session.add_all(Department(id=f"d{number}", name=f"部门{number}") for number in range(DEPARTMENTS))
    rows = [row for number in range(count) for row in _rows(number, random.Random(number))]
    accept_batch(database, "s", read_rows(rows), sequence=1, name="push", sha256="", now=PERIOD.span.end)
    keeper = DeadlineKeeper(database, shipped_rules())
    while keeper.run_once(COUNTED_AT):
        pass
    asked = Asked()
    began, worked = time.perf_counter(), time.process_time()
    with database.transaction() as session:
        found = work_out(session, PERIOD, shipped_formulas()[-1], shipped_rules(), COUNTED_AT, asked)
    took, cpu = time.perf_counter() - began, time.process_time() - worked
    print(f"| worked out, {name} | {count:,} | {took:.1f} s | {cpu:.1f} s | {count / took:,.0f} |")
    asked()
    print(f"| {name}: the longest in which nobody asks whether to stop | {count:,} | {asked.longest_s:.1f} s | | |")
    began, worked = time.perf_counter(), time.process_time()
    keep_draft(database, found)
    took, cpu = time.perf_counter() - began, time.process_time() - worked
    what = f"kept, {name}: {len(found.units)} units, {len(found.marks):,} marks"
    print(f"| {what} | {count:,} | {took:.1f} s | {cpu:.1f} s | |")
    database.close()


def _rows(number: int, chance: random.Random) -> Iterator[dict[str, str]]:
    """Received in the month; decided within days, some late."""
    received = PERIOD.span.start + timedelta(days=chance.uniform(0, 25))
    decided = received + timedelta(days=chance.choice((1, 2, 3, 5, 12)))
    case = {"case": f"2026-{number:07}", "item": "JZ-0103", "department": f"d{number % DEPARTMENTS}", "operator": "o"}
    yield {**case, "step": f"A{number}", "kind": "accept", "start": received.isoformat()}
    yield {**case, "step": f"D{number}", "kind": "decide", "start": decided.isoformat()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=40_000, help="received in the month")
    parser.add_argument("--postgres", help="URL of an empty database that may be wiped")
    options = parser.parse_args()
    print("| what | cases | time | CPU | cases/s |\n|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", Database(f"sqlite:///{Path(folder) / 'bench.db'}"), options.cases)
    if options.postgres:
        measure("PostgreSQL", Database(options.postgres), options.cases)


if __name__ == "__main__":
    main()
