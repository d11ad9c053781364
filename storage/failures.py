"""Which jobs of this process keep failing: kept in memory, and told in the process's row, for everybody who asks."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from threading import Lock

from sqlalchemy.exc import DBAPIError

from storage.models.columns import JsonObject

DETAIL = "failing"
"""Key of a node's detail."""
_LONGEST = 300
_IN_ADDRESS = re.compile(r"(?<=://)[^/\s]*@")
"""User and password."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A job that failed the last time, and each time since."""

    job: str
    since: datetime
    last: datetime
    count: int
    error: str
    """One line, no credentials."""
    at_once: bool = False
    """Somebody has to be told the first time: it does not pass by itself."""


class Failures:
    """One per process, for all of its threads."""

    def __init__(self) -> None:
        self._failing: dict[str, Failure] = {}
        self._lock = Lock()

    def failed(self, job: str, error: Exception, now: datetime, *, at_once: bool = False) -> None:
        with self._lock:
            before = self._failing.get(job, Failure(job, now, now, 0, "", at_once))
            self._failing[job] = replace(before, last=now, count=before.count + 1, error=in_one_line(error))

    def succeeded(self, job: str) -> None:
        if job in self._failing:
            with self._lock:
                self._failing.pop(job, None)

    def told(self) -> JsonObject:
        """What goes into the node's detail."""
        with self._lock:
            failing = list(self._failing.values())
        rows = [asdict(f) | {"since": f.since.isoformat(), "last": f.last.isoformat()} for f in failing]
        return {DETAIL: rows} if rows else {}


def failures_told(detail: JsonObject) -> Iterable[Failure]:
    """Of a node, by its detail."""
    for row in detail.get(DETAIL, ()):
        since, last = datetime.fromisoformat(row["since"]), datetime.fromisoformat(row["last"])
        yield Failure(row["job"], since, last, row["count"], row["error"], row.get("at_once", False))


def in_one_line(error: Exception) -> str:
    """Its kind and the first line of what it says. Of a database's error the database's own words: SQLAlchemy adds
    the statement with its values, and these may be anybody's data."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = (str(cause).splitlines() or [""])[0]
    return _IN_ADDRESS.sub("***@", f"{type(cause).__name__}: {said}".rstrip(": "))[:_LONGEST]
