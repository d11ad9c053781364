"""The ground truth: what really happened, one JSON object a line, in the order in which it became known."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TRUTH_FILE = "truth.jsonl"


class Truth:
    """Appends to `truth.jsonl`; every line is written when `write` returns. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []

    def write(self, event: str, at: datetime, **facts: object) -> dict[str, Any]:
        """`at` is the true time; datetimes among the facts are written as ISO 8601."""
        entry = {"event": event, "at": _plain(at), **{name: _plain(fact) for name, fact in facts.items()}}
        with self._lock:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            self._entries.append(entry)
        return entry

    def entries(self) -> list[dict[str, Any]]:
        """Everything written by this run."""
        with self._lock:
            return list(self._entries)


def read_truth(path: Path) -> list[dict[str, Any]]:
    """All entries of a file, their times still text."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _plain(fact: object) -> object:
    return fact.astimezone(UTC).isoformat() if isinstance(fact, datetime) else fact
