"""The recording calendar on PostgreSQL: a camera-day and a hall-month, beside working them out from the segments.

    python -m bench.calendar [--cameras 1000] [--days 30] [--segment-s 100] [--full 1000] [--gaps 10] [--runs 200]

`--full` cameras have every segment in the table, the others only what the calendar keeps of them, so that the tables
which the calendar reads have their full size. With segments of a hundred seconds a thousand cameras have 26 million in
thirty days; with ten, as recorded, so have a hundred. What the calendar says of the first cameras and days is compared
with what the segments say. Tells, too, what the rows of a camera-day weigh.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from sqlmodel import Session, func, select

from bench.calendar_site import FIRST, Site, fill
from storage.calendar import coverages, densities_of
from storage.database import Database
from storage.density import densities
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.intervals import Span
from storage.models import RecordedDay, Segment
from storage.runs import DAY
from tests.servers import PostgresServer
from web.roles import spare_the_collector

ZONE_SHIFT = timedelta(hours=8)
"""A day in the hall touches two days in UTC."""
SMALL_HALL, HALLS = 12, (25, 100, 170)
"""Cameras: a thousand in six centres are some hundred and seventy in each."""
WORKED_OUT = 12
"""Cameras whose calendar is worked out from their segments."""
CAMERA_DAY_GOAL_MS, HALL_MONTH_GOAL_MS = 50.0, 300.0

_SIZES = text("SELECT pg_table_size('segment'), pg_total_relation_size('segment')")


@dataclass(frozen=True)
class Times:
    name: str
    goal_ms: float | None
    ms: list[float]
    cpu_ms: list[float]
    """Of both, the one who asks and the database."""


def _at(share: float, ms: list[float]) -> float:
    return statistics.quantiles(ms, n=100)[round(share * 100) - 1] if len(ms) > 1 else ms[0]


def main() -> None:
    spare_the_collector()  # as the process does that serves the calendar
    options = _options()
    site = Site(
        options.cameras,
        options.days,
        timedelta(seconds=options.segment_s),
        options.full,
        min(WORKED_OUT, options.full),
        options.gaps,
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = PostgresServer(folder)
        server.start()
        try:
            database = Database(server.url("postgres"))
            footage = Footage(database, FolderStore(folder), folder)
            console = Console(width=130)
            for line in fill(database, site):
                console.print(line)
            _tell_sizes(database, site, console)
            _check(footage, site)
            rows = _measure(footage, site, options.runs)
        finally:
            server.stop()
    _print(console, rows)
    sys.exit(not all(map(_is_met, rows)))


def _tell_sizes(database: Database, site: Site, console: Console) -> None:
    with database.transaction() as session:
        segments = session.exec(select(func.count()).select_from(Segment)).one()
        kept = session.exec(
            select(func.count(), func.avg(func.length(RecordedDay.runs) + func.length(RecordedDay.gaps)))
        ).one()
        table, whole = session.connection().execute(_SIZES).one()
    console.print(f"{segments:,} segments of {site.full} cameras, {kept[0]:,} days in the calendar")
    a_day, mb = DAY / timedelta(seconds=10) / segments, 1_000_000
    console.print(
        f"index of a camera-day (8,640 segments of 10 s): {whole * a_day / mb:.1f} MB in the database, of which "
        f"{(whole - table) * a_day / mb:.1f} MB its indexes; {whole / segments:.0f} bytes a segment; "
        f"a day in the calendar: {float(kept[1]):.0f} bytes of runs and gaps"
    )


def _check(footage: Footage, site: Site) -> None:
    """The calendar says what the segments say: of a camera that was worked out and of one that was written so."""
    for camera in {site.names[0], site.names[site.full - 1]}:
        for day in (Span(FIRST, FIRST + DAY), Span(FIRST + (site.days - 1) * DAY, FIRST + site.days * DAY)):
            with footage.database.transaction() as session:
                by_rows = footage.coverage(session, camera, day.start, day.end)
                assert coverages(session, [camera], day, datetime.now(UTC))[camera] == by_rows, (camera, day)
                told = densities_of(session, [camera], [day], day.end, datetime.now(UTC))[camera]
                assert told == densities(by_rows, [day]), (camera, day)


def _measure(footage: Footage, site: Site, runs: int) -> list[Times]:
    random = Random(1)
    everyone, full = site.names, site.names[: site.full]
    small = full[:SMALL_HALL]
    days = [Span(FIRST + n * DAY - ZONE_SHIFT, FIRST + (n + 1) * DAY - ZONE_SHIFT) for n in range(1, site.days)]
    last = days[-1]

    def hall_month(cameras: Sequence[str]) -> Callable[[Session], object]:
        return lambda session: densities_of(session, cameras, days, last.end, datetime.now(UTC))

    def camera_day(camera: str, day: Span) -> Callable[[Session], object]:
        return lambda session: densities(coverages(session, [camera], day, datetime.now(UTC))[camera], [day])

    def naive(cameras: Sequence[str], parts: Sequence[Span]) -> Callable[[Session], object]:
        return lambda session: [
            footage.coverage(session, camera, day.start, day.end) for camera in cameras for day in parts
        ]

    chosen = [(random.choice(full), random.choice(days)) for _ in range(runs)]
    some = runs // 5
    return [
        _timed("camera-day", CAMERA_DAY_GOAL_MS, footage, [camera_day(c, d) for c, d in chosen]),
        _timed("camera-day, newest", CAMERA_DAY_GOAL_MS, footage, [camera_day(c, last) for c, _ in chosen]),
        _timed("camera-day from segments", None, footage, [naive([c], [d]) for c, d in chosen[:some]]),
        _timed(f"hall-month of {len(small)}", HALL_MONTH_GOAL_MS, footage, [hall_month(small)] * some),
        _timed(f"hall-month of {len(small)} from segments", None, footage, [naive(small, days)]),
        *(
            _timed(f"hall-month of {n}", HALL_MONTH_GOAL_MS, footage, [hall_month(everyone[:n])] * some)
            for n in HALLS
            if n <= len(everyone)
        ),
    ]


def _timed(name: str, goal_ms: float | None, footage: Footage, asked: Sequence[Callable[[Session], object]]) -> Times:
    took, used = list[float](), list[float]()
    for ask in asked:
        with footage.database.transaction() as session:
            pids = [os.getpid(), session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()]
            began, before = time.perf_counter(), _cpu_ms(pids)
            ask(session)
            took.append((time.perf_counter() - began) * 1000)
            used.append(_cpu_ms(pids) - before)
    return Times(name, goal_ms, took, used)


def _cpu_ms(pids: Sequence[int]) -> float:
    """What the first thread of each process has used, to the nanosecond."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1_000_000


def _is_met(row: Times) -> bool:
    return row.goal_ms is None or _at(0.95, row.ms) <= row.goal_ms


def _print(console: Console, rows: list[Times]) -> None:
    by_name = {row.name: row for row in rows}
    table = Table(title="The recording calendar on PostgreSQL")
    for heading in ("what", "p50", "p95", "CPU p50", "CPU p95", "from segments / calendar", "goal for p95"):
        table.add_column(heading, justify="right")
    for row in rows:
        naive = by_name.get(f"{row.name} from segments")
        ratio = f"{_at(0.5, naive.ms) / _at(0.5, row.ms):.0f} x" if naive else ""
        goal = "" if row.goal_ms is None else f"{row.goal_ms:.0f} ms, {'met' if _is_met(row) else 'missed'}"
        times = (f"{_at(share, ms):.1f} ms" for ms in (row.ms, row.cpu_ms) for share in (0.5, 0.95))
        table.add_row(row.name, *times, ratio, goal)
    console.print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=1000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--segment-s", type=int, default=100, help="how long each lasts")
    parser.add_argument("--full", type=int, default=1000, help="cameras with all their segments")
    parser.add_argument("--gaps", type=int, default=10, help="of each camera a day: 3, 10, 24 or 96")
    parser.add_argument("--runs", type=int, default=200)
    return parser.parse_args()


if __name__ == "__main__":
    main()
