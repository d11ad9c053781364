"""How long pages of cases and cards take over HTTP when a city's cases of a year are there.

python -m bench.pages --cases 1000000 [--asked 40] [--postgres URL]

Cases, limits, two steps each, and a card for each late one are written in bulk, in five districts; one in twenty-five
is under way. The role `web` is a process of its own. Each address is asked so often, by an inspector of the whole city,
by one of one hall and by a department, with other cases, halls and departments each time.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from sqlmodel import Session, select, text

from bench.emptied import empty
from bench.overview import CHUNK, DEPARTMENTS, HALLS, ITEMS, case_and_limits
from bench.processes import role
from storage.bulk import Values, insert_many, table_of
from storage.database import Database
from storage.models import (
    Card,
    CardCause,
    CardKind,
    CardState,
    Case,
    ClockName,
    Counter,
    Deadline,
    Department,
    District,
    Hall,
    Item,
    Role,
    Source,
    Standing,
    Step,
    StepKind,
    User,
)
from storage.models.columns import JsonObject
from tests.servers import free_port, wait_until
from tests.web.carded import a_card
from web import sessions
from web.accounts import NewUser, create_user
from web.composition import build_services
from web.settings_file import read_settings

DISTRICTS = 5
PASSWORD = "nobody-signs-in-by-it"  # noqa: S105
LONGEST_S = 120.0
DAY = timedelta(days=1)

Address = Callable[[random.Random, int], str]

PAGES: tuple[tuple[str, str, Address], ...] = (
    ("city", "overview by district", lambda chance, cases: "/overview?by=district"),
    ("city", "overview by item", lambda chance, cases: "/overview?by=item"),
    ("city", "cases, the newest", lambda chance, cases: "/cases"),
    (
        "city",
        "cases, overdue, of a department",
        lambda chance, cases: f"/cases?status=overdue&department={_of(chance)}",
    ),
    ("city", "cases, due today", lambda chance, cases: "/cases?status=today"),
    ("city", "cases, due first", lambda chance, cases: "/cases?sort=due"),
    ("city", "cases with a yellow card that is open", lambda chance, cases: "/cases?card=yellow"),
    ("city", "a case by its number", lambda chance, cases: f"/cases?q={chance.randrange(cases):09}"),
    ("city", "cases by a part of their number", lambda chance, cases: f"/cases?q={chance.randrange(cases // 10):08}"),
    ("city", "cases of a source", lambda chance, cases: "/cases?source=s"),
    ("city", "one case", lambda chance, cases: f"/cases/{chance.randrange(cases) + 1}"),
    ("city", "cards, open", lambda chance, cases: "/cards"),
    ("city", "cards of a department, all", lambda chance, cases: f"/cards?state=all&department={_of(chance)}"),
    ("hall", "overview by department", lambda chance, cases: "/overview?by=department"),
    ("hall", "what is open there, counted", lambda chance, cases: "/api/v1/open-work"),
    ("hall", "cases, overdue", lambda chance, cases: "/cases?status=overdue"),
    ("department", "its cases, overdue", lambda chance, cases: "/cases?status=overdue"),
    ("department", "its cases, due first", lambda chance, cases: "/cases?sort=due"),
    ("department", "what is open for it, counted", lambda chance, cases: "/api/v1/open-work"),
    ("department", "its inbox of cards", lambda chance, cases: "/cards"),
)


def _of(chance: random.Random) -> str:
    return f"d{chance.randrange(DEPARTMENTS)}"


def places(session: Session) -> None:
    session.add_all(District(id=f"z{n}", name=f"z{n}") for n in range(DISTRICTS))
    session.flush()
    session.add_all(Department(id=f"d{n}", name=f"d{n}", district_id=f"z{n % DISTRICTS}") for n in range(DEPARTMENTS))
    session.add_all(Hall(id=f"h{n}", district_id=f"z{n % DISTRICTS}", name=f"h{n}") for n in range(HALLS))
    session.flush()
    session.add_all(Counter(id=f"h{n}-1", hall_id=f"h{n}", number="1") for n in range(HALLS))
    session.add_all(Item(code=f"i{n}", name=f"i{n}", department_id=f"d{n % DEPARTMENTS}") for n in range(ITEMS))
    session.add(Source(id="s"))


def fill(database: Database, count: int, now: datetime) -> None:
    chance, derivation = random.Random(1), a_card(1).derivation
    for first in range(0, count, CHUNK):
        made = [case_and_limits(chance, number, count, now) for number in range(first, min(first + CHUNK, count))]
        steps = [step for case, _ in made for step in _steps(case)]
        with database.transaction() as session:
            insert_many(session, table_of(Case), [case for case, _ in made])
            insert_many(session, table_of(Deadline), [limits for _, limits in made])
            insert_many(session, table_of(Step), steps)
            late = [_card(chance, *each, derivation) for each in made if _is_late(each[1])]
            insert_many(session, table_of(Card), late)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if database.engine.dialect.name == "postgresql" else "ANALYZE"))


def _is_late(limits: Values) -> bool:
    return limits["standing"] in (Standing.YELLOW, Standing.DONE_LATE)


def _steps(case: Values) -> list[Values]:
    opened, closed = case["opened_at"], case["closed_at"]
    ends = [("receive", StepKind.RECEIVE, opened)] + ([("close", StepKind.CLOSE, closed)] if closed else [])
    return [
        {
            "source_id": "s",
            "case_id": case["id"],
            "reference": f"{kind}-{case['number']}",
            "kind": step,
            "name": kind,
            "operator": "",
            "counter_ref": "1",
            "counter_id": f"{case['hall_id']}-1",
            "start": at,
            "end": at + timedelta(minutes=5),
            "entered": None,
            "revision": 1,
            "sequence": None,
            "first_received_at": at + timedelta(minutes=6),
            "received_at": at + timedelta(minutes=6),
        }
        for kind, step, at in ends
    ]


def _card(chance: random.Random, case: Values, limits: Values, derivation: JsonObject) -> Values:
    raised = limits["promised_late_from"]
    old = raised < case["opened_at"] + 30 * DAY and case["closed_at"]
    return {
        "case_id": case["id"],
        "kind": CardKind.YELLOW,
        "cause": CardCause.PAST_PROMISED,
        "clock": ClockName.PROMISED,
        "link": "",
        "about": "",
        "late_from": raised,
        "raised_at": raised,
        "correct_by": raised + 3 * DAY,
        "announced_at": raised,
        "explain_by": raised + 3 * DAY,
        "escalation": [],
        "escalates_until": None,
        "withdrawn_at": None,
        "state": CardState.CLOSED if old and chance.random() < 0.95 else CardState.RAISED,
        "derivation": derivation,
    }


def tokens(database: Database, now: datetime) -> dict[str, str]:
    users = {
        "city": NewUser("city", PASSWORD, Role.INSPECTOR, all_halls=True),
        "hall": NewUser("hall", PASSWORD, Role.INSPECTOR, halls=frozenset({"h3"})),
        "department": NewUser("department", PASSWORD, Role.DEPARTMENT, department_id="d7"),
    }
    with database.transaction() as session:
        for user in users.values():
            create_user(session, user, now)
        ids = dict(session.exec(select(User.name, User.id)).all())
        return {name: sessions.open_session(session, ids[name] or 0, now).token for name in users}


def measure(name: str, url: str, count: int, asked: int, folder: Path) -> None:
    now = datetime.now(UTC)
    listen = f"127.0.0.1:{free_port()}"
    config = folder / "hallwatch.toml"
    config.write_text(f'data_dir = "{folder}"\n[database]\nurl = "{url}"\n[web]\nlisten = "{listen}"\n', "utf-8")
    config.chmod(0o600)
    services = build_services(read_settings(config))
    with closing(services.database):
        empty(services.database)
        with services.database.transaction() as session:
            places(session)
        fill(services.database, count, now)
        clients = {
            who: httpx.Client(base_url=f"http://{listen}", cookies={sessions.COOKIE: token}, timeout=LONGEST_S)
            for who, token in tokens(services.database, now).items()
        }
    with role("web", config):
        wait_until(lambda: _answers(clients["city"]))
        chance = random.Random(3)
        for who, what, address in PAGES:
            took = [_seconds(clients[who], address(chance, count)) for _ in range(asked)]
            figures = statistics.median(took), statistics.quantiles(took, n=20, method="inclusive")[-1], max(took)
            told = " | ".join(f"{1000 * figure:,.0f} ms" for figure in figures)
            print(f"| {name} | {count:,} | {who} | {what} | {told} |", flush=True)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/sign-in").status_code < 400
    except httpx.TransportError:
        return False


def _seconds(client: httpx.Client, address: str) -> float:
    began = time.perf_counter()
    client.get(address).raise_for_status()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--asked", type=int, default=40, help="how often each address")
    parser.add_argument("--postgres", help="URL of an empty database that may be wiped")
    options = parser.parse_args()
    print("| database | cases | who | page | half | 95 % | worst |\n|---|---:|---|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = options.postgres or f"sqlite:///{folder / 'bench.db'}"
        measure("PostgreSQL" if options.postgres else "SQLite", url, options.cases, options.asked, folder)


if __name__ == "__main__":
    main()
