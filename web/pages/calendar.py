"""The recording calendar: which days of a hall's cameras were recorded, and one day of one camera to the second."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session, col, select

from storage.calendar import coverages, densities_of
from storage.density import OUTSIDE, Density, densities
from storage.footage import CorrectedTime, Coverage, UntrustedTime
from storage.intervals import Span
from storage.models import Camera, Hall
from storage.smeared import smeared_times
from web.auth import require
from web.months import Month, day_in, month_of
from web.pages.corrections import (
    CorrectionForm,
    CorrectionRow,
    corrections_of,
)
from web.pages.filters import DEFAULT_ZONE, chosen_hall
from web.pages.months import asked_day, asked_month, hours_in, local_day
from web.pages.places import HallRef, hall_ref, visible_halls
from web.pages.rendering import add_page
from web.pages.step_rows import MissingSpan
from web.pages.tables import Moments, Table, add_table
from web.pages.timelines import Timeline, footage_lane, timeline
from web.permissions import Permission
from web.scope import scoped_camera
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
CalendarViewer = Annotated[Viewer, Depends(require(Permission.SPAN))]
_LEVELS = (0.0, 0.5, 0.9, 0.999)
"""A share beyond each of them is shown a shade darker."""


@dataclass(frozen=True)
class RecordedSpan:
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Share:
    """How much of a span was recorded; time that has not come, or came before the first recording, does not count."""

    recorded_s: float
    share: float | None
    """0 to 1; None if nothing could have been recorded."""
    level: int
    """0 nothing, 4 all of it."""
    missing_s: dict[str, float]
    """By cause."""


@dataclass(frozen=True)
class CalendarDay:
    day: date
    density: Share


@dataclass(frozen=True)
class CalendarCamera:
    camera_id: str
    name: str
    days: tuple[CalendarDay, ...]


@dataclass(frozen=True)
class CalendarPage:
    now: datetime
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    month: str
    before: str
    after: str
    """The month after this one, if it has begun; else nothing."""
    days: tuple[date, ...]
    newest_day: date
    """The last of them that has begun."""
    cameras: tuple[CalendarCamera, ...]


@dataclass(frozen=True)
class CalendarHour:
    start: datetime
    end: datetime
    density: Share


@dataclass(frozen=True)
class CameraDayPage:
    now: datetime
    hall: HallRef
    camera_id: str
    name: str
    day: date
    month: str
    before: date
    after: date | None
    """The day after, if it has begun."""
    start: datetime
    end: datetime
    density: Share
    recorded: tuple[RecordedSpan, ...]
    """To the microsecond, in order."""
    missing: tuple[MissingSpan, ...]
    hours: tuple[CalendarHour, ...]
    timeline: Timeline
    clock_untrusted: tuple[UntrustedTime, ...]
    """Footage of the day whose time is in doubt."""
    clock_corrected: tuple[CorrectedTime, ...]
    """Footage of the day whose time was corrected by hand."""
    smeared: tuple[Span, ...]
    """Footage of the day of which packets were lost on the way."""
    corrections: tuple[CorrectionRow, ...]
    """That moved footage into the day or away from it, those that were taken back too."""
    form: CorrectionForm


def calendar_page(viewer: CalendarViewer, services: ServicesDep, hall: str = "", month: str = "") -> CalendarPage:
    """Raises NotFound for a hall out of scope, Unprocessable for what is no month."""
    now = services.clock()
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
        place = chosen_hall(halls, hall) or (halls[0] if halls else None)
        zone = place.timezone if place else "UTC"
        today = local_day(now, zone)
        newest = month_of(today)
        shown = asked_month(month, newest)
        cameras = _cameras_of(session, place, shown, now) if place else ()
    after = shown.plus(1)
    return CalendarPage(
        now=now,
        halls=halls,
        hall=place,
        month=str(shown),
        before=str(shown.plus(-1)),
        after=str(after) if after <= newest else "",
        days=shown.days,
        newest_day=min(today, shown.days[-1]),
        cameras=cameras,
    )


def _cameras_of(session: Session, place: HallRef, month: Month, now: datetime) -> tuple[CalendarCamera, ...]:
    cameras = session.exec(select(Camera).where(Camera.hall_id == place.id).order_by(col(Camera.id))).all()
    days = [day_in(day, place.timezone) for day in month.days]
    until = min(days[-1].end, now)  # what is to come is neither recorded nor missing
    found = densities_of(session, [camera.id for camera in cameras], days, until, now)
    return tuple(
        CalendarCamera(
            camera.id,
            camera.name or camera.id,
            tuple(
                CalendarDay(day, share_of(density)) for day, density in zip(month.days, found[camera.id], strict=True)
            ),
        )
        for camera in cameras
    )


def _coverage(session: Session, camera_id: str, day: Span, now: datetime) -> Coverage:
    """Up to now: what is to come is neither recorded nor missing."""
    if now <= day.start:
        return Coverage((), ())
    return coverages(session, [camera_id], Span(day.start, min(day.end, now)), now)[camera_id]


def share_of(density: Density) -> Share:
    share = density.share
    level = sum(share > limit for limit in _LEVELS) if share is not None else 0
    missing = {cause: length.total_seconds() for cause, length in density.missing.items()}
    return Share(density.recorded.total_seconds(), share, level, dict(sorted(missing.items(), key=_outside_last)))


def _outside_last(lacking: tuple[str, float]) -> tuple[bool, float]:
    cause, seconds = lacking
    return cause in OUTSIDE, -seconds


def camera_day_page(viewer: CalendarViewer, services: ServicesDep, camera: str, day: str = "") -> CameraDayPage:
    """Raises NotFound for a camera out of scope, Unprocessable for what is no day."""
    return camera_day_with(viewer, services, camera, day, CorrectionForm())


def camera_day_with(viewer: Viewer, services: Services, camera: str, day: str, form: CorrectionForm) -> CameraDayPage:
    """With the form that corrects as it was sent. Raises as `camera_day_page`."""
    now = services.clock()
    with services.database.transaction() as session:
        found = scoped_camera(session, viewer, camera)
        place = hall_ref(session.get_one(Hall, found.hall_id))
        today = local_day(now, place.timezone)
        chosen = asked_day(day, today)
        span = day_in(chosen, place.timezone)
        coverage = _coverage(session, found.id, span, now)
        untrusted = services.footage.untrusted_times(session, found.id, span.start, span.end)
        corrected = services.footage.corrected_times(session, found.id, span.start, span.end)
        smeared = smeared_times(session, found.id, span.start, span.end)
        corrections = corrections_of(session, viewer, found.id, span)
    hours = hours_in(span)
    after = _next_day(chosen)
    return CameraDayPage(
        now=now,
        hall=place,
        camera_id=found.id,
        name=found.name or found.id,
        day=chosen,
        month=str(month_of(chosen)),
        before=_next_day(chosen, -1),
        after=after if after <= today else None,
        start=span.start,
        end=span.end,
        density=share_of(densities(coverage, [span])[0]),
        recorded=tuple(RecordedSpan(run.start, run.end) for run in coverage.covered),
        missing=tuple(MissingSpan(hole.start, hole.end, hole.cause) for hole in coverage.missing),
        hours=tuple(
            CalendarHour(hour.start, hour.end, share_of(density))
            for hour, density in zip(hours, densities(coverage, hours), strict=True)
        ),
        timeline=timeline(span.start, span.end, place.timezone, [footage_lane(coverage)]),
        clock_untrusted=untrusted,
        clock_corrected=corrected,
        smeared=smeared,
        corrections=corrections,
        form=form,
    )


def _next_day(day: date, by: int = 1) -> date:
    return date.fromordinal(day.toordinal() + by)


def calendar_table(page: Annotated[CalendarPage, Depends(calendar_page)]) -> Table:
    """Each camera's days; `missing_s` of all causes that count."""
    columns = ("camera", "name", "day", "recorded_s", "share", "missing_s")
    rows = (
        (camera.camera_id, camera.name, each.day, each.density.recorded_s, each.density.share, _missing_s(each.density))
        for camera in page.cameras
        for each in camera.days
    )
    return Table(f"calendar-{page.month}", page.hall.timezone if page.hall else DEFAULT_ZONE, columns, rows)


def _missing_s(share: Share) -> float:
    return sum(seconds for cause, seconds in share.missing_s.items() if cause not in OUTSIDE)


def missing_table(page: Annotated[CameraDayPage, Depends(camera_day_page)]) -> Table:
    columns = (Moments("start"), Moments("end"), "cause")
    rows = ((hole.start, hole.end, hole.cause) for hole in page.missing)
    return Table(f"missing-{page.camera_id}-{page.day}", page.hall.timezone, columns, rows)


add_table(router, "/calendar", calendar_table)
add_table(router, "/calendar/{camera}", missing_table)  # first, lest 1.csv is taken for a camera
add_page(router, "/calendar", "calendar.html", calendar_page)
add_page(router, "/calendar/{camera}", "camera_day.html", camera_day_page)
