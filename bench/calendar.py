"""The recording calendar on PostgreSQL: a camera-day and a hall-month, beside working them out from the segments.

    python -m bench.calendar [--cameras 1000] [--days 30] [--full 12] [--runs 200]

`--full` cameras have every segment of ten seconds in the table (8,640 a day), the others only what the calendar keeps
of them, so that the tables which the calendar reads have their full size. Every camera has three gaps a day, and the
last minutes of each full camera have not been taken into its row yet. Tells, too, what the rows of a camera-day weigh.
"""

import argparse
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
from sqlalchemy import insert, text
from sqlmodel import Session, func, select

from storage.calendar import coverages, refresh
from storage.database import Database
from storage.density import densities
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.intervals import Span
from storage.migrate import upgrade
from storage.models import Camera, District, Gap, Hall, RecordedDay, Segment
from storage.runs import DAY, pack_runs
from tests.servers import PostgresServer

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
ZONE_SHIFT = timedelta(hours=8)
"""A day in the hall touches two days in UTC."""
SMALL_HALL, BIG_HALL = 12, 25
"""Cameras: a thousand are those of forty such halls."""
CAMERA_DAY_GOAL_MS, HALL_MONTH_GOAL_MS = 50.0, 300.0

_SEGMENTS = text("""
INSERT INTO segment (camera_id, sequence, start, "end", size, sha256, key, location, codec, width, height, init_size,
                     parameters, fragments, clock_source, clock_offset_us, audio, audio_hz, legal_hold, monotonic_us,
                     server_step_us, clock_error_us, shift_us)
SELECT CAST(:camera AS text), n, moment, moment + interval '10 seconds', 2500000, repeat('0', 64),
       CAST(:camera AS text) || '/' || n, 'stored', 'h264', 1920, 1080, 800, '', decode(repeat('00', 160), 'hex'),
       'sender_report', 0, '', 0, false, 0, 0, 50000, 0
FROM generate_series(0, :count - 1) AS n,
     LATERAL (SELECT CAST(:first AS timestamp) + n * interval '10 seconds') AS t (moment)
WHERE n % 2880 > 6
""")

_SIZES = text("SELECT pg_table_size('segment'), pg_total_relation_size('segment')")


@dataclass(frozen=True)
class Times:
    name: str
    goal_ms: float | None
    ms: list[float]

    def at(self, share: float) -> float:
        return statistics.quantiles(self.ms, n=100)[round(share * 100) - 1] if len(self.ms) > 1 else self.ms[0]


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = PostgresServer(folder)
        server.start()
        try:
            database = Database(server.url("postgres"))
            footage = Footage(database, FolderStore(folder), folder)
            console = Console(width=130)
            _fill(database, options, console)
            rows = _measure(footage, options)
        finally:
            server.stop()
    _print(console, rows)
    sys.exit(not all(row.at(0.95) <= row.goal_ms for row in rows if row.goal_ms))


def _fill(database: Database, options: argparse.Namespace, console: Console) -> None:
    upgrade(database)
    began = time.perf_counter()
    with database.transaction() as session:
        session.add(District(id="d", name="d"))
        session.flush()
        session.add(Hall(id="h", district_id="d", name="h"))
        session.flush()
        session.execute(insert(Camera), [_camera(number) for number in range(options.cameras)])
        session.execute(insert(Gap), [gap for n in range(options.cameras) for gap in _gaps(n, options.days)])
    for number in range(options.full):
        with database.transaction() as session:
            values = {"camera": _name(number), "count": options.days * 8640 - 6, "first": FIRST.replace(tzinfo=None)}
            session.execute(_SEGMENTS, values)
    filled = time.perf_counter()
    refresh(database)
    refreshed = time.perf_counter()
    with database.transaction() as session:
        days = [row for n in range(options.full, options.cameras) for row in _days(n, options.days)]
        session.execute(insert(RecordedDay), days)
    with database.transaction() as session:
        session.execute(text("UPDATE segment SET start = start WHERE start > :late"), {"late": _late(options)})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    with database.transaction() as session:
        segments = session.exec(select(func.count()).select_from(Segment)).one()
        kept = session.exec(select(func.count(), func.avg(func.length(RecordedDay.runs)))).one()
        table, whole = session.connection().execute(_SIZES).one()
    console.print(f"{segments:,} segments in {filled - began:.0f} s, their calendar in {refreshed - filled:.1f} s")
    console.print(f"{kept[0]:,} days in the calendar, {float(kept[1]):.0f} bytes of runs each")
    camera_days, mb = options.full * options.days, 1_000_000
    console.print(
        f"index of a camera-day (8,640 segments): {whole / camera_days / mb:.1f} MB in the database, of which "
        f"{(whole - table) / camera_days / mb:.1f} MB its indexes; {whole / segments:.0f} bytes a segment"
    )


def _late(options: argparse.Namespace) -> datetime:
    days: int = options.days
    return (FIRST + days * DAY - timedelta(minutes=2)).replace(tzinfo=None)


def _name(number: int) -> str:
    return f"camera-{number:04d}"


def _camera(number: int) -> dict[str, object]:
    return {"id": _name(number), "hall_id": "h", "url": "rtsp://none", "name": ""}


def _gaps(number: int, days: int) -> list[dict[str, object]]:
    """As the segments lack them: seventy seconds at 00:00, 08:00 and 16:00 in UTC."""
    starts = [FIRST + n * timedelta(hours=8) for n in range(days * 3)]
    end = timedelta(seconds=70)
    return [{"camera_id": _name(number), "start": s, "end": s + end, "cause": "camera_stalled"} for s in starts]


def _days(number: int, days: int) -> list[dict[str, object]]:
    made = []
    for start in (FIRST + n * DAY for n in range(days)):
        thirds = [start + n * timedelta(hours=8) for n in range(3)]
        runs = [Span(third + timedelta(seconds=70), third + timedelta(hours=8)) for third in thirds]
        made.append({"camera_id": _name(number), "day": start.date(), "runs": pack_runs(start.date(), runs)})
    return made


def _measure(footage: Footage, options: argparse.Namespace) -> list[Times]:
    random = Random(1)
    everyone = [_name(number) for number in range(options.cameras)]
    full = everyone[: options.full]
    small = full[:SMALL_HALL]
    days = [Span(FIRST + n * DAY - ZONE_SHIFT, FIRST + (n + 1) * DAY - ZONE_SHIFT) for n in range(1, options.days)]
    last = days[-1]

    def calendar(cameras: Sequence[str], span: Span, parts: Sequence[Span]) -> Callable[[Session], object]:
        return lambda session: [
            densities(found, parts) for found in coverages(session, cameras, span, datetime.now(UTC)).values()
        ]

    def naive(cameras: Sequence[str], parts: Sequence[Span]) -> Callable[[Session], object]:
        return lambda session: [
            footage.coverage(session, camera, day.start, day.end) for camera in cameras for day in parts
        ]

    month = Span(days[0].start, last.end)
    chosen = [(random.choice(full), random.choice(days)) for _ in range(options.runs)]
    some = options.runs // 5
    halls = [BIG_HALL, 100]
    return [
        _timed("camera-day", CAMERA_DAY_GOAL_MS, footage, [calendar([c], d, [d]) for c, d in chosen]),
        _timed("camera-day, newest", CAMERA_DAY_GOAL_MS, footage, [calendar([c], last, [last]) for c, _ in chosen]),
        _timed("camera-day from segments", None, footage, [naive([c], [d]) for c, d in chosen[:some]]),
        _timed(f"hall-month of {len(small)}", HALL_MONTH_GOAL_MS, footage, [calendar(small, month, days)] * some),
        _timed(f"hall-month of {len(small)} from segments", None, footage, [naive(small, days)]),
        *(
            _timed(
                f"hall-month of {n}",
                HALL_MONTH_GOAL_MS if n <= BIG_HALL else None,
                footage,
                [calendar(everyone[:n], month, days)] * some,
            )
            for n in halls
            if n <= len(everyone)
        ),
    ]


def _timed(name: str, goal_ms: float | None, footage: Footage, asked: Sequence[Callable[[Session], object]]) -> Times:
    took: list[float] = []
    for ask in asked:
        with footage.database.transaction() as session:
            began = time.perf_counter()
            ask(session)
            took.append((time.perf_counter() - began) * 1000)
    return Times(name, goal_ms, took)


def _print(console: Console, rows: list[Times]) -> None:
    by_name = {row.name: row for row in rows}
    table = Table(title="The recording calendar on PostgreSQL")
    for heading in ("what", "p50", "p95", "from segments / calendar", "goal for p95"):
        table.add_column(heading, justify="right")
    for row in rows:
        naive = by_name.get(f"{row.name} from segments")
        ratio = f"{naive.at(0.5) / row.at(0.5):.0f} x" if naive else ""
        met = (
            "" if row.goal_ms is None else f"{row.goal_ms:.0f} ms, {'met' if row.at(0.95) <= row.goal_ms else 'missed'}"
        )
        table.add_row(row.name, f"{row.at(0.5):.1f} ms", f"{row.at(0.95):.1f} ms", ratio, met)
    console.print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=1000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--full", type=int, default=12, help="cameras with all their segments")
    parser.add_argument("--runs", type=int, default=200)
    return parser.parse_args()


if __name__ == "__main__":
    main()
