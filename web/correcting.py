"""Corrects the time of footage, and everything that rests on it: one transaction for all.

What was seen at a counter in footage that has moved is unknown from then on, until the watcher has looked at it again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, select

from analytics import taken_back
from analytics.judging import judge_those_covered
from analytics.reanalysis import ask_instead, said
from correlation.linking import on_moved
from storage import correcting
from storage.asked_corrections import Wanted
from storage.correcting import Moved
from storage.database import Database
from storage.intervals import Span, intersect, merge
from storage.models import TimeCorrection, View

_BRIDGE = timedelta(minutes=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ToLookAgain:
    """A counter, and the spans of it that are unknown until it was looked at again."""

    counter_id: str
    spans: tuple[Span, ...]
    absences: int
    """Of those that were found in them: they no longer count, and are judged again."""


@dataclass(frozen=True, slots=True)
class Corrected:
    moved: Moved
    to_look_again: tuple[ToLookAgain, ...]


def correct_time(session: Session, wanted: Wanted, now: datetime) -> Corrected:
    """Raises CorrectionRefused."""
    return _said(_everything_else(session, correcting.correct(session, wanted, now), now))


def take_back_correction(
    session: Session, correction: TimeCorrection, reason: str, made_by: str, now: datetime
) -> Corrected:
    """Raises CorrectionRefused."""
    return _said(_everything_else(session, correcting.take_back(session, correction, reason, made_by, now), now))


def try_out(database: Database, wanted: Wanted, now: datetime) -> Corrected:
    """What `correct_time` would do. Raises CorrectionRefused."""
    return _only_tried(database, lambda session: correcting.correct(session, wanted, now), now)


def try_taking_back(database: Database, correction_id: int, reason: str, made_by: str, now: datetime) -> Corrected:
    """What `take_back_correction` would do. Raises CorrectionRefused."""

    def take_back(session: Session) -> Moved:
        row = session.get_one(TimeCorrection, correction_id)
        return correcting.take_back(session, row, reason, made_by, now)

    return _only_tried(database, take_back, now)


def _only_tried(database: Database, change: Callable[[Session], Moved], now: datetime) -> Corrected:
    try:
        with database.transaction() as session:
            raise _OnlyTried(_everything_else(session, change(session), now))
    except _OnlyTried as tried:
        return tried.outcome


class _OnlyTried(Exception):
    """Rolls back what was done."""

    def __init__(self, outcome: Corrected) -> None:
        super().__init__()
        self.outcome = outcome


def _everything_else(session: Session, moved: Moved, now: datetime) -> Corrected:
    row = moved.correction
    seen = _seen_by(session, row.camera_id, moved.touched)
    counters = [_look_again(session, row, counter_id, spans, now) for counter_id, spans in seen]
    for counter in counters:
        judge_those_covered(session, counter.counter_id, counter.spans, now)
    on_moved(session, row.camera_id, [counter.counter_id for counter in counters], moved.touched)
    return Corrected(moved, tuple(counters))


def _look_again(
    session: Session, row: TimeCorrection, counter_id: str, spans: tuple[Span, ...], now: datetime
) -> ToLookAgain:
    """What is said of time that is still to come is taken back as well; it is looked at when it comes."""
    past = tuple(Span(span.start, min(span.end, now)) for span in spans if span.start < now)
    ahead = [Span(max(span.start, now), span.end) for span in spans if span.end > now]
    seen_ahead = [said(session, counter_id, span) for span in ahead]
    asked = ask_instead(session, counter_id, past, row.made_by, now, correction_id=row.id)
    taken_back.take_back(session, counter_id, past, now, taken_back.TIME_CORRECTED)
    taken_back.take_back(session, counter_id, ahead, now, taken_back.TIME_CORRECTED, since=now)
    absences = {begun for job in asked for begun, _ended in job.changes["before"]["absences"]}
    absences |= {b for told in seen_ahead for b, _ended in told["absences"] if datetime.fromisoformat(b) >= now}
    return ToLookAgain(counter_id, past, len(absences))


def _said(done: Corrected) -> Corrected:
    row = done.moved.correction
    log.warning(
        "footage_time_corrected",
        camera=row.camera_id,
        correction=row.id,
        takes_back=row.takes_back,
        segments=done.moved.segments,
        shift_us=row.shift_us,
        by=row.made_by,
    )
    return done


def _seen_by(session: Session, camera_id: str, spans: Iterable[Span]) -> Iterator[tuple[str, tuple[Span, ...]]]:
    """Counters that the camera showed in these spans, each with what of them."""
    touched = list(spans)
    if not touched:
        return
    views = session.exec(select(View).where(View.camera_id == camera_id).order_by(col(View.counter_id)))
    looked: dict[str, list[Span]] = {}
    for view in views:
        first, last = min(span.start for span in touched), max(span.end for span in touched)
        start = max(view.valid_from or first, first)
        end = min(view.valid_to or last, last)
        looked.setdefault(view.counter_id, []).extend([Span(start, end)] if start < end else [])
    for counter_id, during in looked.items():
        if found := intersect(touched, merge(during, bridge=_BRIDGE)):
            yield counter_id, tuple(found)
