"""How fast the limits and cards of open cases are reckoned: in memory, and with the clerk from the database.

python -m bench.deadlines --cases 1000000 --rows 20000
"""

import argparse
import multiprocessing
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TypeAlias

import orjson
from sqlmodel import func, select

from bench.approvals_import import prepare
from correlation.deadlines.cards import Watched, watch
from correlation.deadlines.clocks import clocks
from correlation.deadlines.facts import CaseFacts, Limit, Suspension
from correlation.deadlines.keeping import DeadlineKeeper, waiting
from correlation.deadlines.known import Known
from correlation.deadlines.rules import shipped_rules
from correlation.deadlines.standing import standing
from correlation.deadlines.work_calendar import Closure, WorkCalendar
from ingest.approvals.importing import import_file
from storage import models
from storage.database import Database
from storage.models import Card, Item, Standing, SuspensionReason
from web.roles import spare_the_collector

Reckon = Callable[[tuple[Known, ...]], Standing]
Answers: TypeAlias = "multiprocessing.Queue[tuple[float, float, Counter[Standing]]]"
Reckonings: TypeAlias = "multiprocessing.Queue[tuple[float, float, int]]"

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
DAYS_BACK = 30
MOST_IN_SQLITE = 20_000


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
    spare_the_collector()
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


def in_database(name: str, url: str, count: int, clerks: int) -> None:
    """By so many clerks at once, everything read and written: all told anew, a day later, after a closure is noted."""
    with closing(Database(url)) as database:
        _tell(database, count)
        keeper = DeadlineKeeper(database, shipped_rules())
        keeper.look_around(NOW)
        by = f"{name}, {clerks} at once" if clerks > 1 else name
        _in_turn(f"told anew, {by}", url, NOW, clerks)
        _in_turn(f"nothing to do, {by}", url, NOW, clerks)
        tomorrow = NOW + timedelta(days=1)
        _in_turn(f"a day later, whose moment has come, {by}", url, tomorrow, clerks)
        with database.transaction() as session:
            day = (NOW + timedelta(days=8)).date()
            session.add(models.Closure(hall_id="h", day=day, reason="typhoon", noted_at=tomorrow))
        began, worked = time.perf_counter(), time.process_time()
        keeper.look_around(tomorrow)
        _print(
            f"their hall notes a closure: marked, {by}",
            count,
            time.perf_counter() - began,
            time.process_time() - worked,
        )
        _in_turn(f"and reckoned, {by}", url, tomorrow, clerks)
        with database.transaction() as session:
            cards = session.exec(select(func.count()).select_from(Card)).one()
    print(f"{cards:,} cards")


def _tell(database: Database, count: int) -> None:
    prepare(database)
    with database.transaction() as session:
        session.add(Item(code="JZ-0103", name="i", legal_days=20, promised_days=5))
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "open.jsonl"
        with path.open("wb") as file:
            for number in range(count):
                file.writelines(orjson.dumps(row) + b"\n" for row in _rows(number, chance))
        import_file(database, "s", path, None, NOW - timedelta(days=1))


def _in_turn(name: str, url: str, now: datetime, clerks: int) -> None:
    """Until nothing waits any more."""
    spawning = multiprocessing.get_context("spawn")  # no connection is shared
    start = spawning.Barrier(clerks)
    told: Reckonings = spawning.Queue()
    workers = [spawning.Process(target=_clerk, args=(url, now, start, told)) for _ in range(clerks)]
    for worker in workers:
        worker.start()
    found = [told.get() for _ in workers]
    for worker in workers:
        worker.join()
    reckoned = sum(done for _, _, done in found)
    _print(name, reckoned, max(wall for wall, _, _ in found), sum(cpu for _, cpu, _ in found))


def _clerk(url: str, now: datetime, start: Barrier, told: Reckonings) -> None:
    with closing(Database(url)) as database:
        keeper = DeadlineKeeper(database, shipped_rules())
        with database.transaction() as session:
            waiting(session, now, limit=1)
        spare_the_collector()
        start.wait()
        began, worked, done = time.perf_counter(), time.process_time(), 0
        while reckoned := keeper.run_once(now):
            done += reckoned
        took, cpu = time.perf_counter() - began, time.process_time() - worked
    told.put((took, cpu, done))


def _print(what: str, count: int, took: float, cpu: float) -> None:
    print(f"| {what} | {count:,} | {took:.2f} s | {cpu:.2f} s | {count / took:,.0f} |", flush=True)


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
        in_database("SQLite", f"sqlite:///{Path(folder) / 'bench.db'}", min(options.rows, MOST_IN_SQLITE), 1)
    if options.postgres:
        in_database("PostgreSQL", options.postgres, options.rows, options.processes)


if __name__ == "__main__":
    main()
