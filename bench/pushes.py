"""Steps a second that one web process takes over HTTP: from the body of a push to its answer.

python -m bench.pushes --rows 60000 [--platforms 1 2 4] [--postgres URL]

The role `web` is a process of its own, with a clerk beside it where `--clerk` is given. So many platforms push at once,
each batches of 500 steps one after the other, with a key and a sequence of its own; the same bytes are pushed a second
time as a platform does that has not heard the answer.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
from sqlmodel import func, select

from bench.approvals_import import KINDS, PUSHED
from bench.emptied import empty
from bench.processes import cpu_seconds, role
from storage.database import Database
from storage.models import Counter, District, Hall, Item, Source, Step
from tests.servers import free_port, wait_until
from web.composition import build_services
from web.places import key_hash
from web.settings_file import read_settings

KEY = "the-key-of-a-platform-that-is-measured"
LONGEST_S = 120.0


def prepare(database: Database, platforms: int) -> None:
    empty(database)
    with database.transaction() as session:
        session.add(District(id="d", name="d"))
        session.flush()
        session.add(Hall(id="h", district_id="d", name="h"))
        session.flush()
        session.add_all(Counter(id=f"h-{n}", hall_id="h", number=str(n)) for n in range(1, 21))
        session.add(Item(code="JZ-0103", name="i", legal_days=20, promised_days=5))
        session.add_all(Source(id=f"s{n}", hall_id="h", key_hash=key_hash(f"{KEY}-{n}")) for n in range(platforms))


def bodies(platform: int, rows: int, now: datetime) -> Iterator[bytes]:
    chance = random.Random(platform)
    made = [_row(platform, number, now, chance) for number in range(rows)]
    for sequence, first in enumerate(range(0, rows, PUSHED), start=1):
        yield orjson.dumps({"sequence": sequence, "rows": made[first : first + PUSHED]})


def _row(platform: int, number: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    case, step = divmod(number, len(KINDS))
    start = now - timedelta(hours=10) + timedelta(hours=step, seconds=chance.randrange(600))
    return {
        "case": f"2026-{platform}-{case:06}",
        "step": f"S{platform}-{number}",
        "kind": KINDS[step],
        "name": "环节",
        "operator": f"操作员{chance.randrange(40)}",
        "counter": str(chance.randrange(1, 21)),
        "start": start.isoformat(),
        "end": (start + timedelta(seconds=chance.randrange(400))).isoformat(),
        "item": "JZ-0103",
        "applicant": "王芳",
    }


def push(address: str, platform: int, sent: list[bytes]) -> None:
    headers = {"Authorization": f"Bearer {KEY}-{platform}", "Content-Type": "application/json"}
    with httpx.Client(base_url=address, headers=headers, timeout=LONGEST_S) as client:
        for body in sent:
            client.post(f"/api/v1/sources/s{platform}/batches", content=body).raise_for_status()


def measure(name: str, url: str, rows: int, platforms: int, folder: Path, *, with_clerk: bool) -> None:
    folder.mkdir()
    listen = f"127.0.0.1:{free_port()}"
    config = folder / "hallwatch.toml"
    config.write_text(f'data_dir = "{folder}"\n[database]\nurl = "{url}"\n[web]\nlisten = "{listen}"\n', "utf-8")
    config.chmod(0o600)
    services = build_services(read_settings(config))
    address, now = f"http://{listen}", datetime.now(UTC)
    with closing(services.database), ExitStack() as running:
        prepare(services.database, platforms)
        sent = [list(bodies(platform, rows // platforms, now)) for platform in range(platforms)]
        web = running.enter_context(role("web", config))
        if with_clerk:
            running.enter_context(role("clerk", config))
        wait_until(lambda: _answers(address))
        for what in ("first", "the same again"):
            began, worked = time.perf_counter(), cpu_seconds([web.pid])
            with ThreadPoolExecutor(platforms) as pool:
                list(pool.map(push, [address] * platforms, range(platforms), sent))
            took, cpu = time.perf_counter() - began, cpu_seconds([web.pid]) - worked
            print(
                f"| {name}{', with a clerk' if with_clerk else ''} | {platforms} | {what} | {rows:,} | {took:.1f} s"
                f" | {1e6 * cpu / rows:.0f} µs | {rows / took:,.0f} |",
                flush=True,
            )
        with services.database.transaction() as session:
            assert session.exec(select(func.count()).select_from(Step)).one() == sum(
                len(orjson.loads(body)["rows"]) for each in sent for body in each
            )


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/sign-in").status_code < 400
    except httpx.TransportError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--platforms", type=int, nargs="*", default=[1, 2, 4], help="that push at once")
    parser.add_argument("--clerk", action="store_true", help="who reckons limits at the same time")
    parser.add_argument("--postgres", help="URL of an empty database that may be wiped")
    options = parser.parse_args()
    print("| database | platforms | pushed | steps | time | CPU of web a step | steps/s |")
    print("|---|---:|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        for platforms in options.platforms:
            folder = Path(name) / str(platforms)
            url = options.postgres or f"sqlite:///{folder / 'bench.db'}"
            database = "PostgreSQL" if options.postgres else "SQLite"
            measure(database, url, options.rows, platforms, folder, with_clerk=options.clerk)


if __name__ == "__main__":
    main()
