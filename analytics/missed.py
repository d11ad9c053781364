"""Time that nobody looked at while live pictures came before and after it: it is looked at again in its footage."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from analytics.again import AROUND
from analytics.reanalysis import ask
from analytics.rhythm import is_due
from storage.database import Database
from storage.intervals import Span
from storage.models import Counter

ASKED_BY = "watcher"
_IS_RECORDED = AROUND + timedelta(seconds=10)
"""So long after it, what is looked at around it has been recorded, too: a segment is ten seconds long. And what is
seen since is certain by then."""


class MissedTime:
    """What is still to be asked for. A process that ends forgets it; it stays unknown then."""

    def __init__(self) -> None:
        self._missed: list[tuple[datetime, str, Span]] = []
        """When it may be asked for, the counter, and when nobody looked at it."""

    def note(self, missed: Iterable[tuple[str, Span]], now: datetime) -> None:
        """Counters, and when nobody looked at each."""
        self._missed += [(now + _IS_RECORDED, counter_id, span) for counter_id, span in missed]

    def ask(self, database: Database, now: datetime) -> None:
        """Asks for what has been recorded by now. Raises SQLAlchemyError; nothing is forgotten then."""
        due = [missed for missed in self._missed if is_due(now, missed[0], _IS_RECORDED)]
        if not due:
            return
        with database.transaction() as session:
            for _, counter_id, span in due:
                if session.get(Counter, counter_id) is not None:
                    ask(session, counter_id, span, ASKED_BY, now)
        self._missed = [missed for missed in self._missed if missed not in due]
