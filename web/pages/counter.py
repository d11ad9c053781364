"""One counter: live, its presence over the last hours and the day, and what happened there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session, col, or_, select

from analytics.absence import WITHDRAWN
from storage.footage import Footage
from storage.intervals import Span
from storage.models import Absence, Case, Presence, Step
from storage.presence_now import known_presence, watched_counters
from web.auth import require
from web.pages.absence_rows import AbsenceRow, absence_rows
from web.pages.board_queries import CounterNow, describe
from web.pages.opening import duty_spans, free_spans
from web.pages.places import counters_by_id
from web.pages.presence_shares import Shares, day_start, hourly, shares_between
from web.pages.rendering import add_page
from web.pages.scoping import cases_in_scope
from web.pages.step_rows import StepRow, step_rows
from web.pages.timelines import (
    Bar,
    Lane,
    Timeline,
    absence_lanes,
    customer_lane,
    footage_lane,
    presence_lane,
    timeline,
)
from web.permissions import Permission
from web.scope import scoped_counter
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
RECENT = 12
LOOK_BACK = timedelta(minutes=5)
_MAX_SPANS = 2000


@dataclass(frozen=True)
class CounterPage:
    now: datetime
    state: CounterNow
    live: bool
    unmasked_for: str
    """Why its live picture is shown without privacy masks; empty: it has none, or is shown with them."""
    hours: int
    timeline: Timeline
    day: Shares
    """Of the open time of today, as is each of the hours."""
    by_hour: tuple[Shares, ...]
    absences: tuple[AbsenceRow, ...]
    steps: tuple[StepRow, ...]
    look_back: datetime
    """Start of the clip of the last minutes."""
    recent_footage: bool
    """Whether there is any of it."""


def counter_page(
    counter: str,
    viewer: Annotated[Viewer, Depends(require(Permission.BOARD))],
    services: ServicesDep,
    hours: Annotated[int, Query(ge=1, le=24)] = 4,
    camera: str = "",
    unmasked: Annotated[str, Query(max_length=200)] = "",
) -> CounterPage:
    """`camera` is the one to look through, where several look at the counter.

    `unmasked` is the purpose for which its live picture is shown without privacy masks.
    """
    now = services.clock()
    with services.database.transaction() as session:
        scoped_counter(session, viewer, counter)
        place = counters_by_id(session, [counter])[counter]
        state = describe(session, (place,), now, camera)[0]
        start, midnight = now - timedelta(hours=hours), day_start(now, place.hall.timezone)
        spans = presence_between(session, counter, min(start, midnight), now, now)
        openings = duty_spans(session, place, midnight, now)
        camera_id, look_back = state.camera_id or state.switched_off, now - LOOK_BACK
        recent = services.footage.coverage(session, camera_id, look_back, now).covered if camera_id else ()
        return CounterPage(
            now=now,
            state=state,
            live=viewer.may(Permission.LIVE),
            unmasked_for=unmasked.strip() if state.masked and viewer.may(Permission.UNMASKED) else "",
            hours=hours,
            timeline=_timeline(session, services.footage, viewer, state, spans, start, now),
            day=shares_between(spans, midnight, now, openings),
            by_hour=hourly(spans, midnight, now, openings),
            absences=_absences(session, counter, now - timedelta(days=7), now, RECENT)[::-1],
            steps=step_rows(session, recent_steps(session, viewer, counter)),
            look_back=look_back,
            recent_footage=bool(recent),
        )


def _timeline(
    session: Session,
    footage: Footage,
    viewer: Viewer,
    state: CounterNow,
    spans: list[Presence],
    start: datetime,
    now: datetime,
) -> Timeline:
    counter = state.counter
    closed = free_spans(session, counter, start, now)
    lanes = [presence_lane(spans, Span(start, now), closed), customer_lane(spans, now)]
    lanes += absence_lanes(_absences(session, counter.id, start, now, _MAX_SPANS))
    lanes.append(step_lane(steps_between(session, viewer, counter.id, start, now)))
    if camera_id := state.camera_id or state.switched_off:
        lanes.append(footage_lane(footage.coverage(session, camera_id, start, now)))
    return timeline(start, now, counter.hall.timezone, lanes)


def step_lane(steps: list[Step], name: str = "steps") -> Lane:
    return Lane(
        name,
        tuple(Bar("step", s.start, s.end, s.name or s.kind.value, f"/cases/{s.case_id}?step={s.id}") for s in steps),
    )


def presence_between(
    session: Session, counter_id: str, start: datetime, end: datetime, now: datetime
) -> list[Presence]:
    """Oldest first; what no watcher has seen, because none lives or it is behind, is unknown."""
    found = session.exec(
        select(Presence)
        .where(
            Presence.counter_id == counter_id,
            Presence.start < end,
            or_(col(Presence.end).is_(None), col(Presence.end) > start),
        )
        .order_by(col(Presence.start).desc())
        .limit(_MAX_SPANS)
    )
    watched = watched_counters(session, [counter_id], now)[counter_id]
    known = known_presence(list(found)[::-1], watched, now)
    return [span for span in known if span.start < end]


def _absences(
    session: Session, counter_id: str, start: datetime, now: datetime, at_most: int
) -> tuple[AbsenceRow, ...]:
    """The newest of them, oldest first."""
    return absence_rows(session, absences_between(session, [counter_id], start, now)[-at_most:], now)


def absences_between(session: Session, counter_ids: list[str], start: datetime, end: datetime) -> list[Absence]:
    found = session.exec(
        select(Absence)
        .where(
            col(Absence.counter_id).in_(counter_ids),
            Absence.ended_by != WITHDRAWN,
            Absence.start < end,
            or_(col(Absence.end).is_(None), col(Absence.end) > start),
        )
        .order_by(col(Absence.start).desc())
        .limit(_MAX_SPANS)
    )
    return list(found)[::-1]


def steps_between(session: Session, viewer: Viewer, counter_id: str, start: datetime, end: datetime) -> list[Step]:
    """Steps that began in start..end, of cases that the viewer may see."""
    if not viewer.may(Permission.CASES):
        return []
    found = session.exec(
        select(Step)
        .join(Case, col(Case.id) == col(Step.case_id))
        .where(Step.counter_id == counter_id, Step.start >= start, Step.start < end, cases_in_scope(viewer))
        .order_by(col(Step.start).desc())
        .limit(_MAX_SPANS)
    )
    return list(found)[::-1]


def recent_steps(session: Session, viewer: Viewer, counter_id: str) -> list[Step]:
    if not viewer.may(Permission.CASES):
        return []
    found = session.exec(
        select(Step)
        .join(Case, col(Case.id) == col(Step.case_id))
        .where(Step.counter_id == counter_id, cases_in_scope(viewer))
        .order_by(col(Step.start).desc())
        .limit(RECENT)
    )
    return list(found)


add_page(router, "/counters/{counter}", "counter.html", counter_page)
