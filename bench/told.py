"""From what a camera takes to what is stored of it: how soon a counter's state and its alert are there.

python -m bench.told [--cameras 1 4 8] [--rounds 4] [--weights ONNX] [--postgres URL]

A simulated hall of so many cameras, with one counter each, in a process of its own; the roles `recorder` and `watcher`
run as `hallwatch serve` starts them. Clerks leave and come back at moments drawn by chance, and the database is asked
again and again what it has. Told are the seconds

- from the picture that made a state certain, by the camera's clock, until the row of that state can be read;
- from the moment at which the clerk really left or came until then: with it what is waited for until it is certain;
- from the moment at which the threshold was over until the row of the absence can be read (goal: 10 s);
- between the moment at which the clerk really left or came and that which is stored for it.
"""

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from sqlmodel import col, select

from bench.emptied import empty
from bench.processes import cpu_seconds, role
from ingest.simulator.options import SimulationOptions
from ingest.simulator.places import counter_id
from ingest.simulator.simulation import run_simulation
from ingest.simulator.site import site_text
from storage.database import Database
from storage.models import Absence, Presence, StaffState
from tests.servers import free_port, wait_until
from web.composition import build_services
from web.preparation import prepare
from web.settings_file import read_settings

THRESHOLD_S = 12
FPS = 10
PAUSE_S = 0.02
LONGEST_S = 60.0
START_S = 120.0
BETWEEN_S = (1.0, 6.0)
"""From a change at one counter to the next at another one."""


@dataclass
class Told:
    """Seconds; see above."""

    from_picture: list[float] = field(default_factory=list)
    from_moment: list[float] = field(default_factory=list)
    from_threshold: list[float] = field(default_factory=list)
    off: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Hall:
    """The simulated one, and the database of those who watch it."""

    database: Database
    control: httpx.Client

    def order(self, number: int, action: str) -> datetime:
        """When the clerk of this counter really left or came."""
        answer = self.control.post(f"/counters/{number}/clerk", json={"action": action}).raise_for_status()
        return datetime.fromisoformat(answer.json()["truth"]["at"])

    def state(self, number: int) -> Presence | None:
        with self.database.transaction() as session:
            lasting = select(Presence).where(Presence.counter_id == counter_id(number), col(Presence.end).is_(None))
            return session.exec(lasting).first()

    def staffed(self, numbers: Sequence[int]) -> bool:
        states = [self.state(number) for number in numbers]
        return all(state is not None and state.staff is StaffState.STAFFED for state in states)

    def first_seen(self, number: int, staff: StaffState) -> tuple[datetime, Presence]:
        """When its row could first be read, and the row."""
        until = time.monotonic() + LONGEST_S
        while True:
            state = self.state(number)
            if state is not None and state.staff is staff:
                return datetime.now(UTC), state
            if time.monotonic() > until:
                raise TimeoutError(f"counter {number} did not become {staff}")
            time.sleep(PAUSE_S)

    def absence_seen(self, number: int, left: datetime) -> datetime:
        until = time.monotonic() + LONGEST_S
        begun = Absence.counter_id == counter_id(number), col(Absence.start) > left - timedelta(seconds=5)
        while time.monotonic() < until:
            with self.database.transaction() as session:
                if session.exec(select(Absence.id).where(*begun)).first() is not None:
                    return datetime.now(UTC)
            time.sleep(PAUSE_S)
        raise TimeoutError(f"the absence at counter {number} was not told")


def follow(hall: Hall, number: int, rounds: int, told: Told, seed: int) -> None:
    """One counter: its clerk leaves until the absence is told, and comes back."""
    chance = random.Random(seed)
    for _ in range(rounds):
        time.sleep(chance.uniform(*BETWEEN_S))
        left = hall.order(number, "leave")
        note(told, left, *hall.first_seen(number, StaffState.UNSTAFFED))
        seen = hall.absence_seen(number, left)
        told.from_threshold.append((seen - left).total_seconds() - THRESHOLD_S)
        came = hall.order(number, "come")
        note(told, came, *hall.first_seen(number, StaffState.STAFFED))


def note(told: Told, moment: datetime, seen: datetime, state: Presence) -> None:
    taken = max(datetime.fromisoformat(at) for _, at in state.frames)
    told.from_picture.append((seen - taken).total_seconds())
    told.from_moment.append((seen - moment).total_seconds())
    told.off.append(abs((state.start - moment).total_seconds()))


def measure(cameras: int, rounds: int, url: str, weights: str, folder: Path) -> None:
    folder.mkdir()
    with simulated(cameras, folder) as (options, control):
        config = folder / "hallwatch.toml"
        head = f'data_dir = "{folder}"\n[database]\nurl = "{url}"\n'
        if weights:
            head += f'[watcher]\ndetector = "onnx"\nweights = "{Path(weights).resolve()}"\n'
        config.write_text(head + site_text(options, options.rtsp_port), "utf-8")
        config.chmod(0o600)
        services = build_services(read_settings(config))
        with closing(services.database):
            empty(services.database)
            prepare(services)
            hall, told = Hall(services.database, control), Told()
            with role("recorder", config), role("watcher", config) as watcher:
                numbers = range(1, cameras + 1)
                wait_until(lambda: hall.staffed(numbers), START_S, 0.5)
                began, used = time.monotonic(), cpu_seconds([watcher.pid])
                run_all(
                    [threading.Thread(target=follow, args=(hall, number, rounds, told, number)) for number in numbers]
                )
                share = (cpu_seconds([watcher.pid]) - used) / (time.monotonic() - began)
    report("PostgreSQL" if "postgresql" in url else "SQLite", cameras, share, told)


def run_all(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def simulated(cameras: int, folder: Path) -> Iterator[tuple[SimulationOptions, httpx.Client]]:
    """A hall in a process of its own; clerks sit, and do what they are told."""
    rtsp, control = free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.told", "--hall", str(cameras), str(rtsp), str(control), str(folder / "hall")],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{control}", timeout=LONGEST_S) as client:
            wait_until(lambda: answers(client), START_S)
            yield _options(cameras, rtsp, control, folder / "hall"), client
    finally:
        process.terminate()
        process.wait(30)


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/state").status_code == 200
    except httpx.TransportError:
        return False


def _options(cameras: int, rtsp: int, control: int, folder: Path) -> SimulationOptions:
    return SimulationOptions(
        folder=folder,
        cameras=cameras,
        counters_per_camera=1,
        story=False,
        rtsp_port=rtsp,
        control_port=control,
        absence_threshold_s=THRESHOLD_S,
        fps=FPS,
    )


def report(database: str, cameras: int, share: float, told: Told) -> None:
    for what, found in (
        ("from the deciding picture to the row of the state", told.from_picture),
        ("from leaving or coming to that row", told.from_moment),
        ("from the end of the threshold to the row of the absence", told.from_threshold),
        ("between the true moment and the stored one", told.off),
    ):
        figures = statistics.median(found), statistics.quantiles(found, n=20, method="inclusive")[-1], max(found)
        seconds = " | ".join(f"{figure:.2f} s" for figure in figures)
        print(f"| {database} | {cameras} | {share:.0%} | {what} | {len(found)} | {seconds} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, nargs="*", default=[1, 4, 8])
    parser.add_argument("--rounds", type=int, default=4, help="how often each clerk leaves and comes back")
    parser.add_argument("--weights", default="", help="look with the detector onnx and these; else with ssd")
    parser.add_argument("--postgres", help="URL of an empty database that may be wiped")
    parser.add_argument("--hall", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.hall:
        cameras, rtsp, control = map(int, options.hall[:3])
        run_simulation(_options(cameras, rtsp, control, Path(options.hall[3])), threading.Event(), print)
        return
    print("| database | cameras | a core for watching | seconds | seen | half | 95 % | worst |")
    print("|---|---:|---:|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        for cameras in options.cameras:
            folder = Path(name) / str(cameras)
            measure(
                cameras, options.rounds, options.postgres or f"sqlite:///{folder / 'bench.db'}", options.weights, folder
            )


if __name__ == "__main__":
    main()
