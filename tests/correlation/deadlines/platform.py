"""An approval platform that tells of one case, and the clerk who reckons it."""

from datetime import datetime
from typing import Any

from sqlmodel import col, select

from correlation.deadlines.asking import asked_of
from correlation.deadlines.explaining import Explained, explain
from correlation.deadlines.keeping import DeadlineKeeper
from correlation.deadlines.observing import Telling
from correlation.deadlines.rules import Rules
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from storage.database import Database
from storage.models import Card, Case, Deadline, Item, Source
from tests.correlation.deadlines.cases import RULES
from tests.sample import HALL, a_hall

SOURCE = "platform"


def step(reference: str, kind: str, start: str) -> dict[str, Any]:
    return {
        "case": "2026-001",
        "step": reference,
        "kind": kind,
        "item": "JZ-0103",
        "start": f"{start}:00+08:00",
    }


class Platform:
    """What it tells comes in as a push at that moment."""

    def __init__(self, database: Database, rules: Rules = RULES) -> None:
        self.database = database
        self._rules = rules
        self._keeper = DeadlineKeeper(database, rules)
        self._sequence = 0
        with database.transaction() as session:
            a_hall(session)
            session.add(Source(id=SOURCE, hall_id=HALL))
            session.add(Item(code="JZ-0103", name="食品经营许可", legal_days=20, promised_days=5))

    def tells(self, now: datetime, *rows: dict[str, Any], number: int = 0) -> None:
        """By the next number of its pushes, or by one that was left out."""
        sequence = number or self._sequence + 1
        self._sequence = max(sequence, self._sequence)
        report = accept_batch(
            self.database, SOURCE, read_rows(rows), sequence=sequence, name="push", sha256=str(sequence), now=now
        )
        assert report.rejected_rows == 0, report.rejected

    def drops(self, now: datetime, *rows: dict[str, Any]) -> None:
        """By a file."""
        report = accept_batch(
            self.database, SOURCE, read_rows(rows), sequence=None, name="day.jsonl", sha256=now.isoformat(), now=now
        )
        assert report.rejected_rows == 0, report.rejected

    def clerk_runs(self, now: datetime) -> int:
        return self._keeper.run_once(now)

    def look_around_and_run(self, now: datetime) -> int:
        self._keeper.look_around(now)
        return self._keeper.run_once(now)

    def deadline(self) -> Deadline:
        with self.database.transaction() as session:
            return session.exec(select(Deadline)).one()

    def explained(self, at: datetime) -> Explained:
        """The case, by what was known then."""
        with self.database.transaction() as session:
            case = session.exec(select(Case.id).where(Case.number == "2026-001")).one()
            found = explain(session, case or 0, self._rules, at)
        assert found is not None
        return found

    def asked(self) -> dict[Telling, datetime]:
        """Since when it has told what the rules want."""
        with self.database.transaction() as session:
            return dict(asked_of(session, SOURCE, [self._rules]).since)

    def cards(self) -> list[Card]:
        with self.database.transaction() as session:
            return list(session.exec(select(Card).order_by(col(Card.raised_at), col(Card.id))))
