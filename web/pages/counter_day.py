"""One day of one counter: its presence on a strip of 24 hours, where the time went, absences and footage."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session, col, or_, select

from analytics.covers import excuses
from analytics.figures import Ledger, Seen
from storage.intervals import Span, intersect, subtract
from storage.models import Camera, CustomerState, StaffState, View
from web.auth import require
from web.errors import NotFound
from web.months import day_in, month_of
from web.pages.absence_rows import AbsenceRow, absence_rows
from web.pages.counter import absences_between, step_lane, steps_between
from web.pages.counter_figures import COLUMNS, TimeSpent, cells_of, seen_at, time_spent, watched_since
from web.pages.covers import CoverRow, cover_lane, cover_rows, paired_with
from web.pages.months import asked_day, clock_hours, local_day
from web.pages.places import CameraRef, CounterRef, counters_by_id
from web.pages.rendering import add_page
from web.pages.tables import Table, add_table
from web.pages.timelines import (
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
DayViewer = Annotated[Viewer, Depends(require(Permission.BOARD))]


@dataclass(frozen=True)
class SeenSpan:
    """One unchanging state."""

    start: datetime
    end: datetime
    staff: StaffState
    customer: CustomerState
    reason: str


@dataclass(frozen=True)
class CounterDayPage:
    now: datetime
    counter: CounterRef
    day: date
    month: str
    before: date
    after: date | None
    """The day after, if it has begun."""
    cameras: tuple[CameraRef, ...]
    """That looked at the counter on that day."""
    camera_id: str | None
    """Whose footage and stills are shown."""
    stills: bool
    """Whether the viewer may see them."""
    timeline: Timeline
    begun: datetime | None
    """When it was watched for the first time, if some or all of what is shown lies before that."""
    spent: TimeSpent
    hours: tuple[TimeSpent, ...]
    """By the hall's clock."""
    recorded_s: tuple[float, ...]
    """How much footage of `camera_id` there is, by those hours."""
    seen: tuple[SeenSpan, ...]
    absences: tuple[AbsenceRow, ...]
    covers: tuple[CoverRow, ...]
    pairs: tuple[CounterRef, ...]
    """Counters whose clerks cover this one."""


def counter_day_page(
    counter: str, viewer: DayViewer, services: ServicesDep, day: str = "", camera: str = ""
) -> CounterDayPage:
    """Raises NotFound for a counter out of scope and a camera that did not look at the counter then, Unprocessable for
    what is no day and for one that has not begun."""
    now = services.clock()
    with services.database.transaction() as session:
        scoped_counter(session, viewer, counter)
        place = counters_by_id(session, [counter])[counter]
        zone = place.hall.timezone
        chosen = asked_day(day, local_day(now, zone))
        span = day_in(chosen, zone)
        cameras = _cameras_of(session, counter, span)
        shown = _chosen(cameras, camera)
        seen = seen_at(session, place, span, now)
        since = watched_since(session, counter)
        absences = absence_rows(session, absences_between(session, [counter], span.start, span.end), now)
        excused = excuses(session, {counter: span})[counter]
        lanes = [*_lanes(seen, span, now), *cover_lane(excused, span, now), *absence_lanes(absences)]
        covers = cover_rows(session, counter, span, now)
        pairs = tuple(counters_by_id(session, paired_with(session, counter, span)).values())
        lanes.append(step_lane(steps_between(session, viewer, counter, span.start, span.end)))
        recorded: tuple[Span, ...] = ()
        if shown:
            coverage = services.footage.coverage(session, shown, span.start, min(span.end, now))
            lanes.append(footage_lane(coverage))
            recorded = coverage.covered
    ledger = Ledger(span, seen, now)
    hours = [hour for _, hour in clock_hours(chosen, zone)]
    after = date.fromordinal(chosen.toordinal() + 1)
    return CounterDayPage(
        now=now,
        counter=place,
        day=chosen,
        month=str(month_of(chosen)),
        before=date.fromordinal(chosen.toordinal() - 1),
        after=after if after <= local_day(now, zone) else None,
        cameras=cameras,
        camera_id=shown,
        stills=viewer.may(Permission.CLIPS),
        timeline=timeline(span.start, span.end, zone, lanes),
        begun=since if since and span.start < since else None,
        spent=time_spent(ledger, [span])[0],
        hours=time_spent(ledger, hours),
        recorded_s=tuple(sum(part.duration.total_seconds() for part in intersect([hour], recorded)) for hour in hours),
        seen=tuple(
            SeenSpan(max(s.start, span.start), min(s.end or now, span.end), s.staff, s.customer, s.reason)
            for s in seen.presence
            if max(s.start, span.start) < min(s.end or now, span.end)
        ),
        absences=absences,
        covers=covers,
        pairs=pairs,
    )


def _cameras_of(session: Session, counter_id: str, span: Span) -> tuple[CameraRef, ...]:
    """Those with a view of the counter that held at any time of the span; by id."""
    begins, ends = col(View.valid_from), col(View.valid_to)
    held = (or_(begins.is_(None), begins < span.end), or_(ends.is_(None), ends > span.start))
    looked = select(View.camera_id).where(View.counter_id == counter_id, *held)
    found = session.exec(select(Camera).where(col(Camera.id).in_(looked)).order_by(col(Camera.id)))
    return tuple(CameraRef(camera.id, camera.name or camera.id) for camera in found)


def _chosen(cameras: Sequence[CameraRef], wanted: str) -> str | None:
    ids = [camera.id for camera in cameras]
    if wanted and wanted not in ids:
        raise NotFound
    return wanted or next(iter(ids), None)


def _lanes(seen: Seen, span: Span, now: datetime) -> Iterable[Lane]:
    passed = Span(span.start, min(span.end, now))
    yield presence_lane(seen.presence, passed, subtract([passed], seen.openings))
    yield customer_lane(seen.presence, now)


add_page(router, "/counters/{counter}/day", "counter_day.html", counter_day_page)


def counter_day_table(page: Annotated[CounterDayPage, Depends(counter_day_page)]) -> Table:
    """A line for each hour of the hall's clock."""
    return figures_table(f"{page.counter.id}_{page.day}", page.hours, page.counter.hall.timezone)


def figures_table(name: str, spent: Iterable[TimeSpent], zone: str) -> Table:
    return Table(name, zone, COLUMNS, map(cells_of, spent))


add_table(router, "/counters/{counter}/day", counter_day_table)
