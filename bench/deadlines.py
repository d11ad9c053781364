"""How fast the limits and cards of open cases are reckoned: in memory, and with the clerk from the database.

python -m bench.deadlines --cases 1000000 --rows 20000
"""

import argparse
import gc
import multiprocessing
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TypeAlias

from sqlmodel import func, select

from bench.approvals_import import prepare
from correlation.deadlines.cards import Watched, watch
from correlation.deadlines.clocks import clocks
from correlation.deadlines.facts import CaseFacts, Limit, Suspension
from correlation.deadlines.keeping import DeadlineKeeper
from correlation.deadlines.known import Known
from correlation.deadlines.rules import shipped_rules
from correlation.deadlines.standing import standing
from correlation.deadlines.work_calendar import Closure, WorkCalendar
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from storage.database import Database
from storage.models import Card, Case, Item, Standing, SuspensionReason

Reckon = Callable[[tuple[Known, ...]], Standing]
Answers: TypeAlias = "multiprocessing.Queue[tuple[float, float, Counter[Standing]]]"

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
DAYS_BACK = 30


def open_cases(count: int, seed: int) -> list[tuple[Known, ...]]:
    """As they are known: received, accepted, one in five suspended once; most of them in time."""
    chance = random.Random(seed)
    closed = (Closure((NOW - timedelta(days=9)).date(), "typhoon"),)
    calendars = [WorkCalendar(), WorkCalendar(closures=closed)]
    return [_open_case(chance, calendars[number % 2]) for number in range(count)]


def _open_case(chance: random.Random, calendar: WorkCalendar) -> tuple[Known, ...]:
    legal, promised = Limit(20), Limit(chance.choice([3, 5, 7, 10, 15]))
    received = NOW - timedelta(days=chance.uniform(0.2, 1.8 * promised.amount))
    accepted = received + (NOW - received) * chance.uniform(0, 0.2)
    facts = CaseFacts(received_at=received, accepted_at=accepted, legal=legal, promised=promised)
    waiting = CaseFacts(received_at=received, legal=legal, promised=promised)
    known = [Known(received, waiting, calendar), Known(accepted, facts, calendar)]
    if chance.random() < 0.2:
        start = accepted + (NOW - accepted) * chance.random()
        end = start + timedelta(days=chance.uniform(1, 10))
        pause = Suspension(SuspensionReason.SUPPLEMENT, start, end if end < NOW else None)
        suspended = CaseFacts(
            received_at=received, accepted_at=accepted, legal=legal, promised=promised, suspensions=(pause,)
        )
        known.append(Known(start if pause.end is None else end, suspended, calendar))
    return tuple(known)


def _limits(case: tuple[Known, ...]) -> Standing:
    """Both limits and where it stands, from what is known now."""
    known = case[-1]
    now = clocks(known.facts, shipped_rules(), known.calendar)
    return standing(Watched((), known.facts, now, None), NOW)


def _replayed(case: tuple[Known, ...]) -> Standing:
    """All its cards from the beginning, too."""
    watched = watch(case, shipped_rules(), NOW)
    assert watched is not None
    return standing(watched, NOW)


def _share(reckon: Reckon, count: int, seed: int, start: Barrier, told: Answers) -> None:
    cases = open_cases(count, seed)
    gc.freeze()  # as each role of the product does
    start.wait()
    began, worked = time.perf_counter(), time.process_time()
    tally = Counter(reckon(case) for case in cases)
    told.put((time.perf_counter() - began, time.process_time() - worked, tally))


def in_memory(name: str, reckon: Reckon, count: int, processes: int) -> None:
    """Each process has its share of the cases before the clock starts."""
    start = multiprocessing.Barrier(processes)
    told: Answers = multiprocessing.Queue()
    shares = [(reckon, count // processes, seed, start, told) for seed in range(processes)]
    workers = [multiprocessing.Process(target=_share, args=share) for share in shares]
    for worker in workers:
        worker.start()
    found = [told.get() for _ in workers]
    for worker in workers:
        worker.join()
    took, cpu = max(wall for wall, _, _ in found), sum(cpu for _, cpu, _ in found)
    late = sum(tally[state] for _, _, tally in found for state in (Standing.YELLOW, Standing.RED))
    what = f"{name}, {processes} processes; {late:,} late"
    print(f"| {what} | {count:,} | {took:.1f} s | {cpu:.1f} s | {count / took:,.0f} |")


def in_database(name: str, database: Database, count: int) -> None:
    """Everything that was told is read, limits and cards are written."""
    prepare(database)
    with database.transaction() as session:
        session.add(Item(code="JZ-0103", name="i", legal_days=20, promised_days=5))
    chance = random.Random(7)
    rows = [row for number in range(count) for row in _rows(number, chance)]
    accept_batch(database, "s", read_rows(rows), sequence=1, name="push", sha256="", now=NOW - timedelta(days=1))
    keeper = DeadlineKeeper(database, shipped_rules())
    began, worked, done = time.perf_counter(), time.process_time(), 0
    while reckoned := keeper.run_once(NOW):
        done += reckoned
    took, cpu = time.perf_counter() - began, time.process_time() - worked
    print(f"| told anew, {name} | {done:,} | {took:.1f} s | {cpu:.1f} s | {done / took:,.0f} |")
    began, worked = time.perf_counter(), time.process_time()
    assert keeper.run_once(NOW) == 0
    took, cpu = time.perf_counter() - began, time.process_time() - worked
    print(f"| nothing to do, {name} | {done:,} | {took * 1000:.1f} ms | {cpu * 1000:.1f} ms | |")
    began, worked, turned, tomorrow = time.perf_counter(), time.process_time(), 0, NOW + timedelta(days=1)
    while reckoned := keeper.run_once(tomorrow):
        turned += reckoned
    took, cpu = time.perf_counter() - began, time.process_time() - worked
    print(f"| a day later, {name}: {turned:,} whose moment has come | {done:,} | {took:.1f} s | {cpu:.1f} s | |")
    with database.transaction() as session:
        cases = session.exec(select(func.count()).select_from(Case)).one()
        cards = session.exec(select(func.count()).select_from(Card)).one()
    print(f"{cases:,} cases, {cards:,} cards")
    database.close()


def _rows(number: int, chance: random.Random) -> list[dict[str, str]]:
    received = NOW - timedelta(days=chance.uniform(2, DAYS_BACK))
    case = {"case": f"2026-{number:07}", "item": "JZ-0103"}
    return [
        {**case, "step": f"R{number}", "kind": "receive", "start": received.isoformat()},
        {**case, "step": f"A{number}", "kind": "accept", "start": (received + timedelta(hours=1)).isoformat()},
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rows", type=int, default=20_000, help="cases in the database")
    parser.add_argument("--postgres", help="URL of an empty database that may be wiped")
    options = parser.parse_args()
    print("| what | cases | time | CPU | cases/s |\n|---|---:|---:|---:|---:|")
    in_memory("limits and standing", _limits, options.cases, options.processes)
    in_memory("and all cards replayed", _replayed, options.cases, options.processes)
    with tempfile.TemporaryDirectory() as folder:
        in_database("SQLite", Database(f"sqlite:///{Path(folder) / 'bench.db'}"), options.rows)
    if options.postgres:
        in_database("PostgreSQL", Database(options.postgres), options.rows)


if __name__ == "__main__":
    main()
