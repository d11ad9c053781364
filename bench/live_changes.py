"""From the push of a step over HTTP until the page of its case tells the changed limit, card and standing.

python -m bench.live_changes --cases 100000 --pushes 50 [--round] [--postgres URL]

The roles `web` and `clerk` run as processes of their own while so many cases are open. Each push accepts one case that
was received four working days ago, so that its promised day has passed: it becomes yellow. The page (its JSON) is asked
again and again, each time `PAUSE_S` after the last answer. What the page reckons itself is there with the next answer;
the standing in lists and the card that people answer are the clerk's, and both have to be there.

With --round a closure of the hall is noted just before, so that the clerk reckons all cases anew meanwhile; the last
line tells how many of them still waited for that at the end.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
from sqlmodel import col, func, select

from bench.emptied import empty
from bench.processes import role
from correlation.comparing import find_steps_out_of_order
from correlation.deadlines.keeping import DeadlineKeeper
from correlation.deadlines.rules import shipped_rules
from correlation.deadlines.work_calendar import WorkCalendar
from correlation.examining import find_unstaffed_steps
from correlation.linking import Linker
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from storage.database import Database
from storage.models import Case, Closure, Deadline, District, Hall, Item, Role, Source, User
from tests.servers import free_port, wait_until
from web import sessions
from web.composition import build_services
from web.places import key_hash
from web.services import Services
from web.settings_file import read_settings

PAUSE_S = 0.02
BETWEEN_S = 1.5
"""Between two pushes at most: they meet the clerk at any moment of its round."""
LONGEST_S = 60.0
START_S = 300.0
KEY = "the-key-of-a-platform-that-is-measured"
NO_PASSWORD = "not-a-hash"  # noqa: S105  (nobody signs in by it)
WORKING_DAYS_AGO = 4
DAY_CLOSED = date(2026, 1, 5)
"""Long before any case, so that no limit moves."""


class Seen(NamedTuple):
    """Seconds after a push was sent."""

    answered: float
    limit: float
    """On the case's page."""
    standing: float
    """As lists have it, and with the card in the inbox."""


def received_at(now: datetime) -> datetime:
    calendar = WorkCalendar()
    day = calendar.nth(calendar.upto(calendar.day_of(now)) - WORKING_DAYS_AGO)
    return calendar.midnight(day) + timedelta(hours=9)


def row(number: int, kind: str, at: datetime) -> dict[str, str]:
    return {
        "case": f"2026-{number:07}",
        "item": "JZ-0103",
        "step": f"{kind}-{number}",
        "kind": kind,
        "start": at.isoformat(),
    }


def fill(services: Services, count: int, now: datetime) -> str:
    """So many cases that wait to be accepted, all reckoned. Returns the session of somebody who may see them."""
    database = services.database
    empty(database)
    with database.transaction() as session:
        session.add(District(id="d", name="d"))
        session.flush()
        session.add(Hall(id="h", district_id="d", name="h"))
        session.flush()
        session.add(Source(id="s", hall_id="h", key_hash=key_hash(KEY)))
        session.add(Item(code="JZ-0103", name="i", legal_days=20, promised_days=1))
        user = User(name="admin", role=Role.ADMIN, password_hash=NO_PASSWORD, created_at=now)
        session.add(user)
        session.flush()
        token = sessions.open_session(session, user.id or 0, now).token
    rows = read_rows([row(number, "receive", received_at(now)) for number in range(count)])
    accept_batch(database, "s", rows, sequence=None, name="file", sha256="", now=received_at(now) + timedelta(hours=1))
    settle(services, now)
    return token


def settle(services: Services, now: datetime) -> None:
    """Does all that the clerk would do first."""
    keeper, linker = DeadlineKeeper(services.database, shipped_rules()), Linker(services.database, services.footage)
    keeper.look_around(now)
    jobs = (
        keeper.run_once,
        linker.run_once,
        lambda at: find_unstaffed_steps(services.database, at),
        lambda at: find_steps_out_of_order(services.database, at),
    )
    while sum(job(now) for job in jobs):
        pass


def changes(services: Services, config: Path, token: str, cases: int, pushes: int) -> Iterator[Seen]:
    chance, address = random.Random(5), f"http://{services.settings.web.listen}"
    chosen, now = chance.sample(range(cases), pushes), datetime.now(UTC)
    with services.database.transaction() as session:
        ids = dict(session.exec(select(Case.number, Case.id)).all())
    with (
        role("web", config),
        role("clerk", config),
        httpx.Client(base_url=address, cookies={sessions.COOKIE: token}, timeout=LONGEST_S) as client,
    ):
        wait_until(lambda: listens(client), START_S)
        time.sleep(5)  # the first rounds of the clerk
        for sequence, number in enumerate(chosen, start=1):
            time.sleep(chance.uniform(0, BETWEEN_S))
            accepted = row(number, "accept", received_at(now) + timedelta(minutes=5))
            yield change(client, sequence, accepted, ids[accepted["case"]])


def listens(client: httpx.Client) -> bool:
    try:
        return client.get("/sign-in").status_code < 400
    except httpx.ConnectError:
        return False


def change(client: httpx.Client, sequence: int, step: dict[str, str], case_id: int | None) -> Seen:
    began = time.perf_counter()
    body = {"sequence": sequence, "rows": [step]}
    client.post("/api/v1/sources/s/batches", json=body, headers={"Authorization": f"Bearer {KEY}"}).raise_for_status()
    answered = time.perf_counter() - began
    limit = None
    while True:
        page = client.get(f"/cases/{case_id}.json").raise_for_status().json()
        passed = time.perf_counter() - began
        if limit is None and any(card["kind"] == "yellow" for card in page["deadlines"]["cards"]):
            limit = passed
        if limit is not None and page["case"]["standing"] == "yellow":
            inbox = client.get("/cards.json", params={"q": step["case"]}).raise_for_status().json()
            assert "yellow" in [card["kind"] for card in inbox["cards"]]
            return Seen(answered, limit, passed)
        if passed > LONGEST_S:
            raise TimeoutError(f"{step['case']} did not become yellow")
        time.sleep(PAUSE_S)


def close_the_hall(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        session.add(Closure(hall_id="h", day=DAY_CLOSED, reason="r", noted_at=now))


def measure(name: str, url: str, cases: int, pushes: int, folder: Path, *, with_round: bool) -> None:
    folder.mkdir()
    config = folder / "hallwatch.toml"
    listen = f"127.0.0.1:{free_port()}"
    text = f'data_dir = "{folder}"\n[database]\nurl = "{url}"\n[web]\nlisten = "{listen}"\n'
    config.write_text(text, "utf-8")
    config.chmod(0o600)
    services = build_services(read_settings(config))
    with closing(services.database):
        token = fill(services, cases, datetime.now(UTC))
        began = datetime.now(UTC)
        if with_round:
            close_the_hall(services.database, began)
        seen = list(changes(services, config, token, cases, pushes))
        waiting, old = still_open(services.database), reckoned_before(services.database, began)
    for what, found in zip(
        ("answered", "limit and card on the page", "standing and card by the clerk"),
        zip(*seen, strict=True),
        strict=True,
    ):
        figures = statistics.median(found), statistics.quantiles(found, n=20, method="inclusive")[-1], max(found)
        told = " | ".join(f"{figure:.2f} s" for figure in figures)
        print(f"| {name} | {what} | {waiting:,} | {len(found)} | {told} |", flush=True)
    if with_round:
        print(f"{old:,} cases still waited to be reckoned anew")


def still_open(database: Database) -> int:
    with database.transaction() as session:
        return session.exec(select(func.count()).select_from(Case).where(col(Case.closed_at).is_(None))).one()


def reckoned_before(database: Database, moment: datetime) -> int:
    with database.transaction() as session:
        return session.exec(select(func.count()).select_from(Deadline).where(col(Deadline.reckoned_at) < moment)).one()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--pushes", type=int, default=50)
    parser.add_argument("--postgres", help="URL of an empty database that may be wiped")
    parser.add_argument("--round", action="store_true", help="while the clerk reckons all cases anew")
    options = parser.parse_args()
    print("| database | seen | open cases | pushes | half | 95 % | worst |\n|---|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.postgres:
            measure(
                "PostgreSQL",
                options.postgres,
                options.cases,
                options.pushes,
                folder / "postgres",
                with_round=options.round,
            )
            return
        url = f"sqlite:///{folder / 'bench.db'}"
        measure("SQLite", url, options.cases, options.pushes, folder / "sqlite", with_round=options.round)


if __name__ == "__main__":
    main()
