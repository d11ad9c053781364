"""The approval platform: it turns planned steps into rows of the exchange format and pushes them, losing none."""

import json
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import structlog

from ingest.simulator.cases import PlannedStep
from ingest.simulator.catalogue import DEPARTMENTS, SOURCE, ZONE, due_after

FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 10.0
PATIENCE_S = 20.0
"""Hallwatch starts beside the platform: so long nobody has to be told that it does not listen yet."""
SEQUENCE_FILE = "next-sequence.txt"
MAX_ROWS = 500
_CONFLICT = 409

Row = dict[str, Any]
log = structlog.get_logger(__name__)


def row_of(step: PlannedStep, run: str, begin: datetime, offset: timedelta) -> Row:
    """The row that the platform sends; `run` tells the cases of runs apart, `begin` is the story's start."""
    zone = ZoneInfo(ZONE)

    def stamp(seconds: float) -> str:
        wall = begin + timedelta(seconds=seconds) + offset
        return wall.astimezone(zone).isoformat(timespec="milliseconds")

    start = stamp(step.stamped_start_s)
    opened = datetime.fromisoformat(start)
    department = next(entry for entry in DEPARTMENTS if entry.id == step.item.department)
    return {
        "case": f"CC{run}-{step.case}",
        "step": f"CC{run}-{step.case}-{step.kind}",
        "kind": step.kind,
        "name": step.name,
        "operator": step.operator,
        "counter": str(step.counter) if step.counter else "",
        "start": start,
        "end": stamp(step.stamped_end_s),
        "item": step.item.code,
        "item_name": step.item.name,
        "department": department.id,
        "applicant": step.applicant,
        "channel": "counter",
        "due": due_after(opened, step.item.promised_days).isoformat() if step.kind == "accept" else None,
    }


def _kept(file: Path) -> int | None:
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):
        return None


class Platform:
    """Collects rows, pushes them in order with a sequence number, and repeats a push until it is answered."""

    def __init__(
        self,
        url: str | None,
        key: str,
        delay_s: float,
        rows_path: Path,
        first_sequence: int,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`url` of Hallwatch or None to only write `rows_path`.

        That nobody answers at all is told at once after the first answer, and before it once it lasts for `patience_s`.

        Where an earlier run has pushed, what it has kept beside `rows_path` goes before `first_sequence`: with a leap
        between the numbers of two runs Hallwatch would miss all batches between them.
        """
        self._url = f"{url.rstrip('/')}/api/v1/sources/{SOURCE[0]}/batches" if url else None
        self._key = key
        self._delay_s = delay_s
        self._kept_sequence = rows_path.with_name(SEQUENCE_FILE)
        self._sequence = _kept(self._kept_sequence) or first_sequence
        self._waiting: list[Row] = []
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._patience_s = patience_s
        self._was_answered = False
        rows_path.parent.mkdir(parents=True, exist_ok=True)
        self._rows_path = rows_path
        self._thread = threading.Thread(target=self._run, name="simulated-platform", daemon=True)
        self.pushed = 0
        """Rows that Hallwatch has acknowledged."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Tries once more to push what waits, then returns."""
        self._stop.set()
        with self._changed:
            self._changed.notify()
        self._thread.join()

    def add(self, row: Row) -> None:
        with self._changed:
            with self._rows_path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            if self._url:
                self._waiting.append(row)
                self._changed.notify()

    @property
    def waiting(self) -> int:
        """Rows that are not acknowledged yet."""
        with self._changed:
            return len(self._waiting)

    def _run(self) -> None:
        with httpx.Client(timeout=10.0, headers={"Authorization": f"Bearer {self._key}"}, trust_env=False) as client:
            while not self._stop.is_set():
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting or self._stop.is_set())
                self._stop.wait(self._delay_s)
                self._push_waiting(client)
            self._push_waiting(client)

    def _push_waiting(self, client: httpx.Client) -> None:
        with self._changed:
            rows = self._waiting[:MAX_ROWS]
        if rows and self._push_until_answered(client, rows):
            with self._changed:
                del self._waiting[: len(rows)]
            self.pushed += len(rows)

    def _push_until_answered(self, client: httpx.Client, rows: list[Row]) -> bool:
        """False when the simulation ends before an answer. The same rows go with the same sequence each time."""
        pause, begun = FIRST_RETRY_S, time.monotonic()
        last_problem = ""
        while (problem := self._push(client, rows)) is not None:
            if problem != last_problem and self._is_worth_telling(time.monotonic() - begun):
                log.warning("push_waits", problem=problem, rows=len(rows))
                last_problem = problem
            if self._stop.wait(pause):
                return False
            pause = min(2 * pause, LONGEST_RETRY_S)
        self._sequence += 1
        self._kept_sequence.write_text(str(self._sequence), "ascii")
        return True

    def _is_worth_telling(self, waited_s: float) -> bool:
        return self._was_answered or waited_s >= self._patience_s

    def _push(self, client: httpx.Client, rows: list[Row]) -> str | None:
        """What went wrong, None when the rows were taken."""
        assert self._url
        try:
            answer = client.post(self._url, json={"sequence": self._sequence, "rows": rows})
        except httpx.HTTPError as error:
            return type(error).__name__
        self._was_answered = True
        if answer.status_code == _CONFLICT:
            self._sequence += 1  # somebody else has used this number for other rows
        return None if answer.is_success else f"HTTP {answer.status_code}"
