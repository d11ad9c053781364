"""Time to link steps to footage, and to find steps while nobody was there.

python -m bench.linking --segments 100000 --steps 10000
"""

import argparse
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlmodel import SQLModel, func, select

from correlation.examining import find_unstaffed_steps
from correlation.linking import Linker
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import (
    Camera,
    Case,
    ClockSource,
    Counter,
    CustomerState,
    District,
    FootageLink,
    Hall,
    Location,
    Presence,
    Segment,
    Source,
    StaffState,
    Step,
    StepKind,
    View,
    WatchCursor,
)

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CAMERAS = 10
SEGMENT_S = 10


def fill(database: Database, segments: int, steps: int) -> datetime:
    """Ten cameras that record without a break, a counter before each, steps spread over the whole time."""
    SQLModel.metadata.drop_all(database.engine)
    SQLModel.metadata.create_all(database.engine)
    length = segments // CAMERAS * SEGMENT_S
    with database.transaction() as session:
        session.add(District(id="d", name="d"))
        session.flush()
        session.add(Hall(id="h", district_id="d", name="h"))
        session.flush()
        for n in range(CAMERAS):
            session.add(Counter(id=f"h-{n}", hall_id="h", number=str(n)))
            session.add(Camera(id=f"cam-{n}", hall_id="h", url="rtsp://camera/"))
        session.add(Source(id="s", hall_id="h"))
        session.flush()
        session.add_all(View(camera_id=f"cam-{n}", counter_id=f"h-{n}", staff_zone=[]) for n in range(CAMERAS))
        session.add_all(
            WatchCursor(camera_id=f"cam-{n}", watched_to=START + timedelta(seconds=length)) for n in range(CAMERAS)
        )
        session.add(Case(id=1, source_id="s", number="1", opened_at=START))
        session.flush()
        session.execute(insert(Segment), [_segment(n) for n in range(segments)])
        session.execute(insert(Presence), [_presence(n) for n in range(CAMERAS * length // 600)])
        session.execute(insert(Step), _steps(steps, length))
    return START + timedelta(seconds=length)


def _segment(number: int) -> dict[str, Any]:
    sequence, camera = divmod(number, CAMERAS)
    start = START + timedelta(seconds=sequence * SEGMENT_S)
    return {
        "camera_id": f"cam-{camera}",
        "sequence": sequence,
        "start": start,
        "end": start + timedelta(seconds=SEGMENT_S),
        "size": 2_500_000,
        "sha256": "",
        "key": f"cam-{camera}/{sequence}",
        "location": Location.STORED,
        "codec": "h264",
        "width": 1280,
        "height": 720,
        "init_size": 800,
        "fragments": bytes(160),
        "clock_source": ClockSource.SENDER_REPORT,
    }


def _presence(number: int) -> dict[str, Any]:
    position, counter = divmod(number, CAMERAS)
    start = START + timedelta(seconds=position * 600)
    return {
        "counter_id": f"h-{counter}",
        "start": start,
        "end": start + timedelta(seconds=600),
        "staff": StaffState.UNSTAFFED if position % 10 == 0 else StaffState.STAFFED,
        "customer": CustomerState.NONE,
    }


def _steps(count: int, length: int) -> list[dict[str, Any]]:
    chance = random.Random(7)
    rows = []
    for number in range(count):
        start = START + timedelta(seconds=chance.randrange(60, length - 400))
        rows.append(
            {
                "case_id": 1,
                "source_id": "s",
                "reference": f"S{number}",
                "kind": StepKind.ACCEPT,
                "counter_ref": "",
                "counter_id": f"h-{chance.randrange(CAMERAS)}",
                "start": start,
                "end": start + timedelta(seconds=chance.randrange(300)),
                "first_received_at": start + timedelta(seconds=300),
                "received_at": start + timedelta(seconds=300),
            }
        )
    return rows


def measure(name: str, database: Database, segments: int, steps: int, folder: Path) -> None:
    now = fill(database, segments, steps) + timedelta(hours=1)
    linker = Linker(database, Footage(database, FolderStore(folder / "store"), folder / "spool"))

    def show(what: str, began: float, worked: float, done: int) -> None:
        took, cpu = time.perf_counter() - began, time.process_time() - worked
        print(f"| {name} | {what} | {took:.2f} s | {cpu:.2f} s | {done:,} |", flush=True)

    began, worked, linked = time.perf_counter(), time.process_time(), 0
    while done := linker.run_once(now):
        linked += done
    show("link all steps", began, worked, linked)
    began, worked = time.perf_counter(), time.process_time()
    show("nothing to do", began, worked, linker.run_once(now + timedelta(minutes=5)))
    began, worked, found = time.perf_counter(), time.process_time(), 0
    while _unexamined(database):
        found += find_unstaffed_steps(database, now)
    show("examine all steps; findings", began, worked, found)
    database.close()


def _unexamined(database: Database) -> int:
    with database.transaction() as session:
        query = select(func.count()).select_from(FootageLink).where(FootageLink.examined == False)  # noqa: E712
        return session.exec(query).one()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--postgres", help="URL of an empty database that may be wiped")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print("| database | what | time | CPU of the clerk | done |\n|---|---|---|---|---|")
        url = f"sqlite:///{folder}/bench.db"
        measure("SQLite", Database(url), options.segments, options.steps, Path(folder))
        if options.postgres:
            measure("PostgreSQL", Database(options.postgres), options.segments, options.steps, Path(folder))


if __name__ == "__main__":
    main()
