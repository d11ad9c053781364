"""How long the figures of the case overview take over many cases: those under way, and the trend of 30 days.

python -m bench.overview --cases 1000000 --postgres postgresql+psycopg://localhost/bench
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import true
from sqlmodel import Session, SQLModel, col, text

from storage.bulk import Values, insert_many, table_of
from storage.database import Database
from storage.models import Case, Deadline, Department, District, Hall, Source, Standing
from web.pages import overview
from web.pages.filters import next_midnight
from web.pages.overview import By

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ZONE = "Asia/Shanghai"
DAYS = 365
HALLS, DEPARTMENTS, ITEMS = 20, 40, 500
CHUNK = 20_000
TIMES = 5


def prepare(database: Database) -> None:
    SQLModel.metadata.drop_all(database.engine)
    SQLModel.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(District(id="d", name="d"))
        session.add_all(Department(id=f"d{n}", name=f"d{n}") for n in range(DEPARTMENTS))
        session.flush()
        session.add_all(Hall(id=f"h{n}", district_id="d", name=f"h{n}") for n in range(HALLS))
        session.flush()
        session.add(Source(id="s"))


def fill(database: Database, count: int) -> None:
    """A year of cases, as many each day; one in twenty-five is under way."""
    chance = random.Random(1)
    for first in range(0, count, CHUNK):
        made = [case_and_limits(chance, number, count) for number in range(first, min(first + CHUNK, count))]
        with database.transaction() as session:
            insert_many(session, table_of(Case), [case for case, _ in made])
            insert_many(session, table_of(Deadline), [deadline for _, deadline in made])
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if database.engine.dialect.name == "postgresql" else "ANALYZE"))


def case_and_limits(chance: random.Random, number: int, count: int, now: datetime = NOW) -> tuple[Values, Values]:
    opened = now - timedelta(days=DAYS * (1 - number / count))
    lasts = timedelta(days=chance.uniform(0.1, 25))
    ended = opened + lasts if opened + lasts < now else None
    due = opened + timedelta(days=chance.uniform(5, 30))
    late = (ended or now) > due
    standing = (Standing.DONE_LATE if late else Standing.DONE) if ended else Standing.YELLOW if late else Standing.OPEN
    case: Values = {
        "id": number + 1,
        "source_id": "s",
        "number": f"{number:09}",
        "item_name": "",
        "applicant": "",
        "item_code": f"i{chance.randrange(ITEMS)}",
        "department_id": f"d{chance.randrange(DEPARTMENTS)}",
        "department_name": "",
        "hall_id": f"h{chance.randrange(HALLS)}",
        "channel": "counter",
        "opened_at": opened,
        "closed_at": ended,
        "due_at": None,
        "stamps_compared": True,
        "limits_reckoned": True,
    }
    limits = {"promised_late_from": due, "legal_late_from": due, "provisional": False, "started_at": opened}
    said = {"standing": standing, "law": "1", "rules": "1", "calendar": "1", "reckoned_at": now, "next_at": None}
    return case, {"case_id": number + 1, **limits, **said}


def measures(session: Session) -> Iterator[tuple[str, Callable[[], object]]]:
    day = next_midnight(NOW, ZONE)
    today = NOW.date()
    for name, condition in (("the city", true()), ("one hall", col(Case.hall_id) == "h3")):
        for by in (By.HALL, By.ITEM):
            yield f"{name}: under way by {by}", partial(overview._groups, session, [condition], by, NOW, day)
        yield f"{name}: 30 days", partial(overview._trend, session, [condition], today, ZONE)


def measure(database: Database, name: str, count: int) -> None:
    prepare(database)
    fill(database, count)
    with database.transaction() as session:
        for what, ask in measures(session):
            took = []
            for _ in range(TIMES):
                began = time.perf_counter()
                ask()
                took.append(time.perf_counter() - began)
            print(f"| {name} | {what} | {count:,} | {1000 * statistics.median(took):,.0f} ms |", flush=True)
    database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--postgres", help="URL of an empty database that may be wiped")
    options = parser.parse_args()
    print("| database | what | cases | median of 5 |\n|---|---|---:|---:|")
    if options.postgres:
        measure(Database(options.postgres), "PostgreSQL", options.cases)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Database(f"sqlite:///{Path(folder) / 'bench.db'}"), "SQLite", options.cases)


if __name__ == "__main__":
    main()
