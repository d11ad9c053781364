"""Rows per second of an import, on SQLite and, with --postgres URL, on PostgreSQL beside a COPY of its steps.

python -m bench.approvals_import --rows 100000
"""

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import psutil
from psycopg import Connection, connect
from sqlalchemy import func, select
from sqlmodel import SQLModel

from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from ingest.approvals.importing import import_file
from storage.database import Database
from storage.models import Counter, District, Hall, Source
from web.roles import spare_the_collector

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
    with closing(Database(url)) as database:
        prepare(database)
        for what in ("first import", "same file again"):
            with timed(name, what, rows, server_process(database)):
                report = import_file(database, "s", path, None, RECEIVED)
            assert report.accepted + report.duplicates == rows


def measure_push(name: str, url: str, path: Path, rows: int) -> None:
    """Pushes of `PUSHED` rows each, one after the other, from the text of the body to the report; without HTTP."""
    bodies = list(batched(path.read_text("utf-8").splitlines(), PUSHED))
    with closing(Database(url)) as database:
        prepare(database)
        with timed(name, f"pushes of {PUSHED}", rows, server_process(database)):
            for sequence, lines in enumerate(bodies):
                pushed, sha256 = read_rows(orjson.loads(f"[{','.join(lines)}]")), str(sequence)
                accept_batch(database, "s", pushed, sequence=sequence, name="push", sha256=sha256, now=RECEIVED)


def batched(lines: list[str], size: int) -> Iterator[list[str]]:
    return (lines[first : first + size] for first in range(0, len(lines), size))


def measure_copy(url: str) -> None:
    """What the database alone takes for the steps that `measure` has left: into their table, and into a bare one."""
    with connect(url, autocommit=True) as connection:
        with connection.cursor().copy("COPY step TO STDOUT (FORMAT BINARY)") as copy:
            steps = b"".join(copy)
        connection.execute("CREATE TEMPORARY TABLE bare (LIKE step)")
        rows = connection.execute("WITH gone AS (DELETE FROM step RETURNING 1) SELECT count(*) FROM gone").fetchone()
        connection.execute("VACUUM step")
        assert rows is not None
        server = psutil.Process(connection.info.backend_pid)
        copy_into(connection, "step", "plain COPY of the steps", steps, rows[0], server)
        copy_into(connection, "bare", "the same without indexes and keys", steps, rows[0], server)


def copy_into(
    connection: Connection[object], table: str, what: str, steps: bytes, rows: int, server: psutil.Process
) -> None:
    statement = f"COPY {table} FROM STDIN (FORMAT BINARY)".encode()
    with timed("PostgreSQL", what, rows, server), connection.cursor().copy(statement) as copy:
        copy.write(steps)


def server_process(database: Database) -> psutil.Process | None:
    """The process of PostgreSQL that serves this one, where it runs on this machine: sessions take turns on one."""
    if database.engine.dialect.name != "postgresql":
        return None
    with database.transaction() as session:
        pid = session.connection().execute(select(func.pg_backend_pid())).scalar_one()
    return psutil.Process(pid) if psutil.pid_exists(pid) else None


@contextmanager
def timed(name: str, what: str, rows: int, server: psutil.Process | None) -> Iterator[None]:
    """Prints the time, and the processor time of this process with those that it started, and of the database's."""
    began, worked, served = time.perf_counter(), own_cpu(), cpu_of(server)
    yield
    took = time.perf_counter() - began
    own, others = (f"{spent / rows * 1e6:.0f} µs" for spent in (own_cpu() - worked, cpu_of(server) - served))
    print(f"| {name} | {what} | {took:.1f} s | {own} | {others} | {rows / took:,.0f} |", flush=True)


def own_cpu() -> float:
    return sum(os.times()[:4])


def cpu_of(process: psutil.Process | None) -> float:
    return sum(process.cpu_times()[:2]) if process else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--postgres", help="URL of an empty database that may be wiped")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        write_rows(path, options.rows)
        spare_the_collector()
        print(
            "| database | what | time | CPU a row, ours | CPU a row, PostgreSQL | rows/s |\n|---|---|---|---|---|---|"
        )
        if options.postgres:
            measure("PostgreSQL", options.postgres, path, options.rows)
            measure_copy(options.postgres)
            measure_push("PostgreSQL", options.postgres, path, options.rows)
        measure("SQLite", f"sqlite:///{folder}/bench.db", path, options.rows)
        measure_push("SQLite", f"sqlite:///{folder}/pushed.db", path, options.rows)


if __name__ == "__main__":
    main()
