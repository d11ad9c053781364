"""How much of what is wrong in a simulated city is found, and how much is said that is not.

python -m bench.city --cases 20000 --seed 1 [--replay 92] [--postgres URL]

With --replay the cards of every case are replayed for so many days up to the last one, and compared with what is kept.
"""

import argparse
import csv
import hashlib
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson
from sqlmodel import col, select

from correlation.deadlines.keeping import DeadlineKeeper
from correlation.deadlines.replaying import Difference, replay_all
from correlation.rule_files import read_rules as read_versions
from correlation.rulebook import shipped_book
from ingest.approvals.acceptance import BatchReport, SequenceConflict, accept_batch
from ingest.approvals.formats import read_rows
from ingest.approvals.importing import import_file
from ingest.approvals.reconciliation import DayFigures, reconcile
from ingest.approvals.sequences import missing_batches
from ingest.simulator.city.city import make_city
from ingest.simulator.city.write import ARRIVALS, CLOSURES, FIGURES, SITE, TRUTH, write_city
from storage.database import Database
from storage.migrate import upgrade
from storage.models import Batch, Card, CardKind, Case, Closure, RejectedRow
from storage.secrets import SecretBox
from web.settings_file import read_settings
from web.site import apply_site

ZONE = ZoneInfo("Asia/Shanghai")

_REQUIRED = """
[[cards]]
version = "city-2026"
effective = 2026-01-01
source = "数据交换标准"
required = [
  {what = "decision"}, {what = "result"}, {what = "delivery"},
  {what = "fee"}, {what = "operator"}, {what = "counter"}, {what = "notice"},
]
"""
RULES = shipped_book().plus(read_versions(_REQUIRED, shipped_book())[0].rules).rules
"""The usual ones, with what this city wants of its platforms."""

Fact = tuple[object, ...]
"""Names one thing that is wrong, so that what was injected and what was found can be compared."""


@dataclass
class Score:
    """Of one kind of fault."""

    injected: set[Fact] = field(default_factory=set)
    found: set[Fact] = field(default_factory=set)

    @property
    def recall(self) -> float:
        return len(self.injected & self.found) / len(self.injected) if self.injected else 1.0

    @property
    def precision(self) -> float:
        return len(self.injected & self.found) / len(self.found) if self.found else 1.0


Scores = dict[str, Score]


class Replayed(NamedTuple):
    cases: int
    cards: int
    """On all days together."""
    differences: list[Difference]


class Played:
    """A simulated city as Hallwatch lives through it: batch after batch, and the clerk once a month."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self._keeper = DeadlineKeeper(database, RULES)
        self._arrivals = _lines(folder / ARRIVALS)
        first, *_, last = (datetime.fromisoformat(arrival["at"]) for arrival in self._arrivals)
        self._begins, self.ends = first - timedelta(days=1), last + timedelta(hours=1)
        self._files: dict[int, str] = {}
        """By the batch: what it came as."""
        self.noticed: list[tuple[str, Fact]] = []
        """Of what was sent, while it came: kind of fault and fact."""

    def live_through(self) -> None:
        self._declare()
        closures = self._closures()
        clerk_at = self._begins
        for arrival in self._arrivals:
            now = datetime.fromisoformat(arrival["at"])
            while closures and closures[0].noted_at <= now:
                with self.database.transaction() as session:
                    session.add(closures.pop(0))
            if now.date().month != clerk_at.date().month:
                clerk_at = now
                self._clerk(now)
            self._receive(arrival["source"], arrival["file"], now)
        self._clerk(self.ends)

    def replay(self, days: int) -> Replayed:
        """The cards of every case, on each of so many days up to the last."""
        moments = [self.ends - timedelta(days=number) for number in range(days)]
        portions = list(replay_all(self.database, RULES, moments, None))
        differences = [difference for portion in portions for difference in portion.differences]
        return Replayed(sum(p.cases for p in portions), sum(p.cards for p in portions), differences)

    def _declare(self) -> None:
        settings = read_settings(self.folder / SITE, {})
        with self.database.transaction() as session:
            apply_site(session, settings, SecretBox(self.folder / "secret.key"), b"", self._begins)

    def _closures(self) -> list[Closure]:
        with (self.folder / CLOSURES).open(encoding="utf-8", newline="") as file:
            rows = [
                Closure(
                    hall_id=row["hall"],
                    day=date.fromisoformat(row["day"]),
                    reason=row["reason"],
                    noted_at=datetime.fromisoformat(row["noted_at"]),
                )
                for row in csv.DictReader(file)
            ]
        return sorted(rows, key=lambda closure: closure.noted_at)

    def _clerk(self, now: datetime) -> None:
        while self._keeper.look_around(now) or self._keeper.run_once(now):
            pass

    def _receive(self, source: str, name: str, now: datetime) -> None:
        path = self.folder / name
        if path.suffix == ".jsonl":
            self._note(name, import_file(self.database, source, path, None, now))
            return
        body = path.read_bytes()
        push = orjson.loads(body)
        sequence = push["sequence"]
        self._note_gap(source, sequence, now)
        sha256 = hashlib.sha256(body).hexdigest()
        try:
            rows = read_rows(push["rows"])
            report = accept_batch(self.database, source, rows, sequence=sequence, name="push", sha256=sha256, now=now)
        except SequenceConflict:
            self.noticed.append(("number_reused", (name,)))
            return
        self._note(name, report)

    def _note(self, name: str, report: BatchReport) -> None:
        assert report.batch_id is not None
        is_file = name.endswith(".jsonl")
        if report.batch_id in self._files or (is_file and report.duplicates and not report.accepted):
            self.noticed.append(("batch_repeated", (name,)))
        elif report.duplicates:
            self.noticed.append(("rows_repeated", (name, report.duplicates)))
        self._files.setdefault(report.batch_id, name)

    def _note_gap(self, source: str, sequence: int, now: datetime) -> None:
        """One that comes after a later number: whether it was missed until then."""
        with self.database.transaction() as session:
            later = select(Batch.id).where(Batch.source_id == source, col(Batch.sequence) > sequence)
            if session.exec(later).first() is None:
                return
            gaps = missing_batches(session, source, self._begins, now)
        if any(gap.first <= sequence <= gap.last for gap in gaps):
            self.noticed.append(("batch_late", (source, sequence)))

    def found(self) -> Iterator[tuple[str, Fact]]:
        """Kind of fault and fact, of all that is said to be wrong when the year is over."""
        yield from self.noticed
        with self.database.transaction() as session:
            standing = select(Card, Case).where(
                Card.case_id == Case.id, Card.kind != CardKind.REMINDER, col(Card.withdrawn_at).is_(None)
            )
            for card, case in session.exec(standing):
                on = card.raised_at.astimezone(ZONE).date().isoformat()
                yield card.cause.value, (case.source_id, case.number, card.link, on)
            for row in session.exec(select(RejectedRow)):
                yield "row_refused", (self._files[row.batch_id], row.line, row.field)
        yield from self._missing()
        yield from self._other_figures()

    def _missing(self) -> Iterator[tuple[str, Fact]]:
        sources = {arrival["source"] for arrival in self._arrivals}
        with self.database.transaction() as session:
            for source in sources:
                for gap in missing_batches(session, source, self._begins, self.ends):
                    for sequence in range(gap.first, gap.last + 1):
                        yield "batch_lost", (source, sequence)

    def _other_figures(self) -> Iterator[tuple[str, Fact]]:
        """Where our figures of a day and those of the platform differ."""
        said = {(line["source"], line["day"]): line for line in _lines(self.folder / FIGURES)}
        for source in {source for source, _ in said}:
            for ours in self._figures(source):
                theirs = said.get((source, ours.day.isoformat()), _NOTHING)
                for what, (here, there) in _figures(ours, theirs).items():
                    if here != there:
                        yield "rows_dropped", (source, ours.day.isoformat(), what)

    def _figures(self, source: str) -> Iterator[DayFigures]:
        first = self._begins.date()
        with self.database.transaction() as session:
            while first < self.ends.date():
                last = min(first + timedelta(days=99), self.ends.date())
                yield from reconcile(session, source, first, last, ZONE, self.ends)
                first = last + timedelta(days=1)


_NOTHING = {"records": {}, "cases_opened": 0, "fees_fen": 0, "late": 0}


def _figures(ours: DayFigures, theirs: dict[str, object]) -> dict[str, tuple[int, object]]:
    records = theirs["records"]
    assert isinstance(records, dict)
    compared = {str(kind): (count, records.get(str(kind), 0)) for kind, count in ours.records.items()}
    compared |= {kind: (0, count) for kind, count in records.items() if kind not in compared}
    if len(set(compared.get("fee", (0, 0)))) == 1:  # else it is told by their number
        compared["fees_fen"] = ours.fees_fen, theirs["fees_fen"]
    return compared | {"cases_opened": (ours.cases_opened, theirs["cases_opened"]), "late": (ours.late, theirs["late"])}


def injected(folder: Path) -> Iterator[tuple[str, Fact]]:
    """Kind of fault and fact, as the truth has them. Cards go by their cause: a fault may lead to several."""
    for line in _lines(folder / TRUTH):
        fault, source = line["fault"], line["source"]
        if "case" in line:
            for card in line["cards"]:
                yield card["cause"], (source, line["case"], card["link"], card["on"])
        elif fault == "row_refused":
            yield fault, (line["file"], line["line"], line["field"])
        elif fault == "rows_repeated":
            yield fault, (line["file"], line["count"])
        elif fault in ("batch_repeated", "number_reused"):
            yield fault, (line["file"],)
        elif fault == "rows_dropped":
            yield fault, (source, line["day"], line["record"])
        else:
            yield fault, (source, line["sequence"])


def compare(there: Iterator[tuple[str, Fact]], said: Iterator[tuple[str, Fact]]) -> Scores:
    scores: Scores = defaultdict(Score)
    for kind, fact in there:
        scores[kind].injected.add(fact)
    for kind, fact in said:
        scores[kind].found.add(fact)
    return scores


def _lines(path: Path) -> Sequence[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", type=int, default=0, metavar="DAYS", help="replay the cards of so many days")
    parser.add_argument("--postgres", help="URL of an empty database that may be written to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "city"
        write_city(make_city(options.seed, options.cases), folder)
        database = Database(options.postgres or f"sqlite:///{name}/city.db")
        upgrade(database)
        played = Played(database, folder)
        began = time.perf_counter()
        played.live_through()
        print(f"{options.cases:,} cases, {time.perf_counter() - began:.0f} s")
        print("| kind | injected | found | false | recall | precision |\n|---|---:|---:|---:|---:|---:|")
        for kind, score in sorted(compare(injected(folder), played.found()).items()):
            false = len(score.found - score.injected)
            counts = f"{len(score.injected):,} | {len(score.injected & score.found):,} | {false:,}"
            print(f"| {kind} | {counts} | {score.recall:.3f} | {score.precision:.3f} |")
        if options.replay:
            began, worked = time.perf_counter(), time.process_time()
            replayed = played.replay(options.replay)
            print(
                f"{replayed.cases:,} cases replayed for {options.replay} days, {replayed.cards:,} cards: "
                f"{len(replayed.differences):,} differ; {time.perf_counter() - began:.0f} s, "
                f"{time.process_time() - worked:.1f} s of CPU"
            )
        database.close()


if __name__ == "__main__":
    main()
