"""Rows per second of an import, on SQLite and, with --postgres URL, on PostgreSQL beside a COPY of its steps.

python -m bench.approvals_import --rows 100000
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from sqlalchemy import delete, select
from sqlmodel import SQLModel

from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from ingest.approvals.importing import import_file
from storage.bulk import insert_many, table_of
from storage.database import Database
from storage.models import Counter, District, FootageLink, Hall, Source, Step

PUSHED = 500
KINDS = ("receive", "accept", "review", "decide", "close", "deliver")
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
RECEIVED = datetime(2036, 1, 1, tzinfo=UTC)  # what lies ahead of it would be refused


def write_rows(path: Path, count: int) -> None:
    """Cases of six steps, their rows in the order of time, so that a case's rows lie far apart."""
    chance = random.Random(7)
    rows = []
    for number in range(count):
        case, step = divmod(number, len(KINDS))
        start = START + timedelta(seconds=case * 20 + step * 3_600 + chance.randrange(600))
        rows.append(
            {
                "case": f"2026-{case:06}",
                "step": f"S{number}",
                "kind": KINDS[step],
                "name": "环节",
                "operator": f"操作员{chance.randrange(40)}",
                "counter": str(chance.randrange(1, 21)),
                "start": start.isoformat(),
                "end": (start + timedelta(seconds=chance.randrange(400))).isoformat(),
                "item": "JZ-0103",
                "department": "market",
                "applicant": "王芳",
            }
        )
    rows.sort(key=lambda row: row["start"])
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def prepare(database: Database) -> None:
    SQLModel.metadata.drop_all(database.engine)
    SQLModel.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(District(id="d", name="d"))
        session.flush()
        session.add(Hall(id="h", district_id="d", name="h"))
        session.flush()
        session.add_all(Counter(id=f"h-{n}", hall_id="h", number=str(n)) for n in range(1, 21))
        session.add(Source(id="s", hall_id="h"))


def measure(name: str, url: str, path: Path, rows: int) -> None:
    database = Database(url)
    prepare(database)
    for what in ("first import", "same file again"):
        began, worked = time.perf_counter(), time.process_time()
        report = import_file(database, "s", path, None, RECEIVED)
        took, cpu = time.perf_counter() - began, time.process_time() - worked
        print(
            f"| {name} | {what} | {took:.1f} s | {cpu:.1f} s | {rows / took:,.0f} | {report.accepted:,} |", flush=True
        )
    database.close()


def measure_push(name: str, url: str, path: Path, rows: int) -> None:
    """Pushes of `PUSHED` rows each, one after the other, from the text of the body to the report; without HTTP."""
    database = Database(url)
    prepare(database)
    bodies = list(batched(path.read_text("utf-8").splitlines(), PUSHED))
    began, worked = time.perf_counter(), time.process_time()
    accepted = 0
    for sequence, lines in enumerate(bodies):
        pushed = read_rows(orjson.loads(f"[{','.join(lines)}]"))
        report = accept_batch(database, "s", pushed, sequence=sequence, name="push", sha256=str(sequence), now=RECEIVED)
        accepted += report.accepted
    took, cpu = time.perf_counter() - began, time.process_time() - worked
    print(f"| {name} | pushes | {took:.1f} s | {cpu:.1f} s | {rows / took:,.0f} | {accepted:,} |", flush=True)
    database.close()


def batched(lines: list[str], size: int) -> Iterator[list[str]]:
    return (lines[first : first + size] for first in range(0, len(lines), size))


def measure_copy(url: str, rows: int) -> None:
    """What the database alone takes for the steps that `measure` has left, with all indexes and keys of their table."""
    database = Database(url)
    table = table_of(Step)
    with database.transaction() as session:
        steps = [dict(row) for row in session.connection().execute(select(table)).mappings()]
        for other in (FootageLink, Step):
            session.execute(delete(other))
    with database.transaction() as session:
        began = time.perf_counter()
        insert_many(session, table, steps)
    took = time.perf_counter() - began
    print(f"| PostgreSQL | plain COPY of the steps | {took:.1f} s |  | {rows / took:,.0f} | {len(steps):,} |")
    database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--postgres", help="URL of an empty database that may be wiped")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        write_rows(path, options.rows)
        print("| database | what | time | CPU of the importer | rows/s | accepted |\n|---|---|---|---|---|---|")
        measure("SQLite", f"sqlite:///{folder}/bench.db", path, options.rows)
        measure_push("SQLite", f"sqlite:///{folder}/pushed.db", path, options.rows)
        if options.postgres:
            measure_push("PostgreSQL", options.postgres, path, options.rows)
            measure("PostgreSQL", options.postgres, path, options.rows)
            measure_copy(options.postgres, options.rows)


if __name__ == "__main__":
    main()
