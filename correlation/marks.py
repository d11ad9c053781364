"""Puts links back into the queue."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Select, or_, select, update
from sqlmodel import Session, col

from storage.intervals import Span
from storage.models import Absence, FootageLink, Outcome, Step, View

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""`computed_at` of a link that shall be computed at the next occasion."""

_QUEUED = {"settled": False, "examined": False, "computed_at": LONG_AGO}


def unsettle(session: Session, steps: Select[Any]) -> int:
    """Of the steps whose ids the query gives; returns how many links there are."""
    return _run(session, col(FootageLink.step_id).in_(steps))


def unsettle_counter(session: Session, counter_id: str) -> int:
    """Of everything that happened at the counter."""
    return _run(session, _at_counters([counter_id], (), ()))


def unsettle_span(session: Session, camera_id: str, span: Span, longest: timedelta) -> int:
    """Of what the camera may have seen in the span and has not shown wholly; no clip lasts longer than `longest`."""
    counters = session.execute(select(col(View.counter_id)).where(col(View.camera_id) == camera_id)).scalars().all()
    since, until = span.start - longest, span.end + longest
    return _run(
        session,
        col(FootageLink.settled).is_(True),
        col(FootageLink.start).between(since, span.end),
        col(FootageLink.end) > span.start,
        col(FootageLink.outcome) != Outcome.CLIP,
        _at_counters(counters, (col(Step.start).between(since, until),), (col(Absence.start).between(since, until),)),
    )


def unsettle_expired(session: Session, camera_id: str, span: Span, longest: timedelta) -> int:
    """Of what the camera showed of the span. It is not compared with what was seen again: that stays as it was."""
    result = session.execute(
        update(FootageLink)
        .where(
            col(FootageLink.camera_id) == camera_id,
            col(FootageLink.start).between(span.start - longest, span.end),
            col(FootageLink.end) > span.start,
        )
        .values(settled=False, computed_at=LONG_AGO)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount


def _at_counters(counters: Iterable[str], steps: Iterable[Any], absences: Iterable[Any]) -> Any:  # noqa: ANN401
    wanted = list(counters)
    of_steps = select(col(Step.id)).where(col(Step.counter_id).in_(wanted), *steps)
    of_absences = select(col(Absence.id)).where(col(Absence.counter_id).in_(wanted), *absences)
    return or_(col(FootageLink.step_id).in_(of_steps), col(FootageLink.absence_id).in_(of_absences))


def _run(session: Session, *where: Any) -> int:  # noqa: ANN401
    result = session.execute(
        update(FootageLink).where(*where).values(_QUEUED).execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount


def unexamine(session: Session, counter_id: str, span: Span) -> int:
    """Steps at the counter that touch the span are compared with presence again; returns how many."""
    steps = select(col(Step.id)).where(
        col(Step.counter_id) == counter_id, col(Step.start) <= span.end, col(Step.end) >= span.start
    )
    result = session.execute(
        update(FootageLink)
        .where(col(FootageLink.step_id).in_(steps), col(FootageLink.examined).is_(True))
        .values(examined=False)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount
