"""Footage was moved to another time, or a counter was looked at again: what rests on it is made anew."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlmodel import Session, col

from correlation import basis
from correlation.marks import LONG_AGO, unexamine, unsettle_expired, unsettle_span
from storage.intervals import Span
from storage.models import Absence, FootageLink, Reanalysis

_OVERLAP = timedelta(minutes=1)
"""A transaction that was committed while the last look was taken is found with the next."""


def on_moved(
    session: Session, camera_id: str, counters: Collection[str], spans: Iterable[Span], longest: timedelta
) -> None:
    """In the transaction that moves it. `spans`: where it lay and lies; no clip lasts longer than `longest`."""
    basis.lock(session)
    for span in spans:
        unsettle_expired(session, camera_id, span, longest)
        unsettle_span(session, camera_id, span, longest)
        for counter_id in counters:
            unexamine(session, counter_id, span)


class LookedAgain:
    """Notices counters of which something else is said of the past, and links their absences anew."""

    KEY = "looked_again"

    def __init__(self) -> None:
        self._handled: set[int | None] = set()

    def look(self, session: Session, remembered: dict[str, str], now: datetime) -> list[Reanalysis]:
        since = datetime.fromisoformat(remembered[self.KEY]) if self.KEY in remembered else now
        rows = session.execute(select(Reanalysis).where(col(Reanalysis.done_at) > since - _OVERLAP)).scalars().all()
        return [row for row in rows if row.id not in self._handled]

    def take_in(self, session: Session, rows: Collection[Reanalysis], now: datetime) -> dict[str, str]:
        """What is to be remembered."""
        for row in rows:
            _unsettle_absences(session, row.counter_id, Span(row.start, row.end))
        self._handled |= {row.id for row in rows}
        return {self.KEY: now.isoformat()}


def _unsettle_absences(session: Session, counter_id: str, span: Span) -> None:
    end = col(Absence.end)
    absences = select(col(Absence.id)).where(
        col(Absence.counter_id) == counter_id,
        col(Absence.start) < span.end,
        or_(end.is_(None), end >= span.start),
    )
    session.execute(
        update(FootageLink)
        .where(col(FootageLink.absence_id).in_(absences))
        .values(settled=False, computed_at=LONG_AGO)
        .execution_options(synchronize_session=False)
    )
