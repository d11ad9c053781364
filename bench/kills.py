"""`kill -9` of a recorder under load, at moments drawn by chance, over and over: what does it cost?

    python -m bench.kills [--kills 200] [--cameras 4] [--kbps 2000] [--gop-s 4] [--fps 25] [--b-frames 0]
                          [--run-s 0.3 8] [--servers] [--sound]

Each recorder runs for some seconds and is killed, be it while it starts, brings the last one's spool in order, records
or uploads. With `--servers` it writes to PostgreSQL and S3 in place of SQLite and a folder; in three of four runs the
store is killed or frozen, or the database restarted, while the recorder lives, and is back before or after it dies.

Lost is what lies between the last frame kept and the kill. Ends with exit code 1 if it is more than two seconds of a
camera, or if anything else is missing.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlmodel import select

from bench.camera_process import Kind
from bench.outages import Outage, drawn, outages
from bench.recording import simulated_cameras
from ingest.video.spool_files import QUARANTINE
from storage.database import Database
from storage.footage import Footage
from storage.migrate import upgrade
from storage.models import Camera, Segment
from tests.conftest import create_database
from tests.ingest.video.evidence import rows_without_bytes, segments, unexplained, unreadable
from tests.ingest.video.recorder_process import Order, Recorder, start_recorder
from tests.sample import CAMERA, HALL, a_hall
from tests.servers import PostgresServer, S3Server, wait_until

GOP_S = 4
MAX_LOST_S = 2.0
"""By one kill and camera."""
RUNS_S = (0.3, 8.0)
END_LIMIT_S = 60.0


@dataclass(frozen=True)
class Outcome:
    lost_s: tuple[float, ...]
    """By each kill, of each camera of which that recorder has left footage."""
    longest_without_s: float
    """Of the recorders that have left nothing of a camera, how long that ran which ran longest."""
    rows_without_bytes: int
    acknowledged_gone: int
    unreadable: int
    unexplained_s: float
    quarantined: int
    segments: int

    @property
    def worst_s(self) -> float:
        return max(self.lost_s, default=0.0)

    @property
    def is_whole(self) -> bool:
        """Whether all that was kept before is there, and the rest explained."""
        return not any((self.rows_without_bytes, self.acknowledged_gone, self.unreadable, self.unexplained_s))


class Soak:
    """Kills recorders of one order, one after the other."""

    def __init__(
        self, order: Order, database: Database, chance: random.Random, runs_s: tuple[float, float], out: list[Outage]
    ) -> None:
        self._order, self._database, self._chance, self._runs_s, self._outages = order, database, chance, runs_s, out
        self._cameras = [feed.id for feed in order.feeds()]
        self._acknowledged: dict[str, str] = {}
        self._kills: list[tuple[datetime, datetime]] = []

    def run(self, kills: int, *, one_recorded: bool = False) -> Outcome:
        """`one_recorded`: one more is killed, as soon as there is footage of it: however slow the machine is."""
        self._stop_one()  # whatever is done once only is done
        if one_recorded:
            self._kill_recorded()
        for number in range(kills):
            self._kill_one()
            print(f"\r{number + 1} of {kills}", end="", file=sys.stderr, flush=True)
        self._stop_one()
        return self._outcome(datetime.now(UTC))

    def _kill_one(self) -> None:
        run_s = self._chance.uniform(*self._runs_s)
        began = datetime.now(UTC)
        recorder = start_recorder(self._order)
        events = [*drawn(self._outages, self._chance, run_s), (run_s, lambda: self._kill(recorder, began))]
        for after_s, happen in sorted(events, key=lambda event: event[0]):
            time.sleep(max(0.0, after_s - (datetime.now(UTC) - began).total_seconds()))
            happen()
        self._acknowledged |= self._rows()

    def _kill_recorded(self) -> None:
        began = datetime.now(UTC)
        recorder = start_recorder(self._order)
        wait_until(lambda: all(self._is_recorded_since(began, camera) for camera in self._cameras))
        self._kill(recorder, began)
        self._acknowledged |= self._rows()

    def _kill(self, recorder: Recorder, began: datetime) -> None:
        self._kills.append((began, datetime.now(UTC)))
        recorder.kill()
        recorder.wait(END_LIMIT_S)

    def _stop_one(self) -> None:
        """Brings in order what was left before, and records every camera."""
        began = datetime.now(UTC)
        recorder = start_recorder(self._order)
        wait_until(lambda: all(self._is_recorded_since(began, camera) for camera in self._cameras))
        recorder.terminate()
        recorder.wait(END_LIMIT_S)

    def _is_recorded_since(self, moment: datetime, camera_id: str) -> bool:
        return any(row.start > moment for row in segments(self._database, camera_id))

    def _rows(self) -> dict[str, str]:
        with self._database.transaction() as session:
            return dict(session.exec(select(Segment.key, Segment.sha256)).all())

    def _outcome(self, until: datetime) -> Outcome:
        spool = Path(self._order.folder) / "spool"
        footage = Footage(self._database, self._order.store(), spool)
        left = self._rows()
        holes = [hole for camera in self._cameras for hole in unexplained(self._database, until, camera)]
        return Outcome(
            tuple((killed - max(ends)).total_seconds() for _, killed, ends in self._left() if ends),
            max(((killed - began).total_seconds() for began, killed, ends in self._left() if not ends), default=0.0),
            sum(len(rows_without_bytes(footage, camera)) for camera in self._cameras),
            sum(left.get(key) != checksum for key, checksum in self._acknowledged.items()),
            sum(len(unreadable(footage, camera)) for camera in self._cameras),
            sum(hole.duration.total_seconds() for hole in holes),
            sum(path.is_file() for path in (spool / QUARANTINE).rglob("*")),
            len(left),
        )

    def _left(self) -> Iterator[tuple[datetime, datetime, list[datetime]]]:
        """Of each recorder and camera: when it began, when it was killed, and where the segments end that it left."""
        for rows in [segments(self._database, camera) for camera in self._cameras]:
            for began, killed in self._kills:
                yield began, killed, [row.end for row in rows if began < row.start < killed]


def soak(
    folder: Path,
    kills: int,
    cameras: int,
    kind: Kind,
    *,
    runs_s: tuple[float, float] = RUNS_S,
    servers: bool = False,
    seed: int = 1,
    one_recorded: bool = False,
) -> Outcome:
    with (
        simulated_cameras(cameras, kind) as urls,
        _order(folder, urls, servers, bool(kind.sound)) as (order, out),
        closing(Database(order.database)) as database,
    ):
        upgrade(database)
        _declare(database, order)
        return Soak(order, database, random.Random(seed), runs_s, out).run(kills, one_recorded=one_recorded)


@contextmanager
def _order(folder: Path, urls: Sequence[str], servers: bool, sound: bool) -> Iterator[tuple[Order, list[Outage]]]:
    others = tuple((f"cc-cam-{number}", url) for number, url in enumerate(urls[1:], 2))
    order = Order(f"sqlite:///{folder}/hallwatch.db", str(folder), urls[0], others=others, sound=sound)
    if not servers:
        yield order, []
        return
    (folder / "s3").mkdir()
    (folder / "postgres").mkdir()
    s3, postgres = S3Server(folder / "s3"), PostgresServer(folder / "postgres")
    try:
        s3.start()
        postgres.start()
        create_database(postgres, "hallwatch")
        access = {name: getattr(s3, name) for name in ("endpoint", "bucket", "access_key", "secret_key")}
        yield replace(order, database=postgres.url("hallwatch"), **access), outages(s3, postgres)
    finally:
        postgres.stop()
        s3.stop()


def _declare(database: Database, order: Order) -> None:
    with database.transaction() as session:
        a_hall(session)
        more = [feed for feed in order.feeds() if feed.id != CAMERA]
        session.add_all(Camera(id=feed.id, hall_id=HALL, name=feed.id, url=feed.url) for feed in more)


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="hallwatch-kills-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as somebody else
        outcome = soak(
            Path(folder),
            options.kills,
            options.cameras,
            Kind(options.kbps, options.gop_s, options.fps, options.b_frames, options.sound),
            runs_s=tuple(options.run_s),
            servers=options.servers,
            seed=options.seed,
        )
    _print(outcome, options)
    sys.exit(not (outcome.is_whole and outcome.worst_s <= MAX_LOST_S))


def _print(outcome: Outcome, options: argparse.Namespace) -> None:
    lost = sorted(outcome.lost_s) or [0.0]
    load = f"{options.cameras} cameras of {options.kbps} kbit/s and {options.fps} fps"
    load += f", a keyframe every {options.gop_s} s" + (f", {options.b_frames} B-frames" if options.b_frames else "")
    table = Table(title=f"{options.kills} x kill -9, {load}")
    table.add_column("what")
    table.add_column("found", justify="right")
    table.add_column("goal", justify="right")
    table.add_row("lost by a kill and camera, median", f"{lost[len(lost) // 2]:.2f} s", "")
    table.add_row("the same, 95 %", f"{lost[len(lost) * 95 // 100]:.2f} s", "")
    table.add_row("the same, most", f"{outcome.worst_s:.2f} s", f"{MAX_LOST_S:.0f} s")
    table.add_row("longest run without footage of a camera", f"{outcome.longest_without_s:.2f} s", "")
    table.add_row("rows without their bytes", str(outcome.rows_without_bytes), "0")
    table.add_row("acknowledged segments gone", str(outcome.acknowledged_gone), "0")
    table.add_row("segments that do not play", str(outcome.unreadable), "0")
    table.add_row("neither footage nor a gap", f"{outcome.unexplained_s:.1f} s", "0")
    table.add_row("files in quarantine", str(outcome.quarantined), "")
    table.add_row("segments; kills x cameras counted", f"{outcome.segments}; {len(lost)}", "")
    Console(width=110).print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--kbps", type=int, default=2000)
    parser.add_argument("--gop-s", type=int, default=GOP_S, help="from keyframe to keyframe")
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--b-frames", type=int, default=0, help="in a row, between two others")
    parser.add_argument("--run-s", type=float, nargs=2, default=RUNS_S, help="a recorder's life: least and most")
    parser.add_argument("--servers", action="store_true", help="PostgreSQL and S3, with outages of both")
    parser.add_argument("--sound", action="store_true", help="AAC in each camera, recorded, too")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
