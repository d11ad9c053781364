"""Any span of time at any counters of a hall: the footage of their cameras side by side, steps and absences."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session, col, or_, select

from storage.footage import Coverage, Missing, UntrustedTime
from storage.models import Camera, GapCause, View
from web.auth import require
from web.pages.absence_rows import AbsenceRow, absence_rows
from web.pages.counter import absences_between, presence_between, step_lane, steps_between
from web.pages.deleted import deleted_by
from web.pages.filters import chosen_hall, local_moment
from web.pages.places import CounterRef, HallRef, counters_of, visible_halls
from web.pages.rendering import add_page
from web.pages.step_rows import MissingSpan, StepRow, step_rows
from web.pages.timelines import Lane, Timeline, absence_lane, footage_lane, presence_lane, timeline
from web.permissions import Permission
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
LONGEST = timedelta(hours=2)
DEFAULT_LENGTH = timedelta(minutes=10)
MAX_COUNTERS = 12


@dataclass(frozen=True)
class CameraFootage:
    camera_id: str
    name: str
    counters: tuple[str, ...]
    """Numbers of the chosen counters that it shows."""
    covered_s: float
    missing: tuple[MissingSpan, ...]
    clock_untrusted: tuple[UntrustedTime, ...]


@dataclass(frozen=True)
class SpanResult:
    cameras: tuple[CameraFootage, ...]
    timeline: Timeline
    steps: tuple[StepRow, ...]
    absences: tuple[AbsenceRow, ...]


@dataclass(frozen=True)
class SpanPage:
    now: datetime
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    counters: tuple[CounterRef, ...]
    """Of the hall."""
    chosen: tuple[str, ...]
    start: datetime
    end: datetime
    problem: str
    """Why there is no result: unreadable, order, long, future, counters; or nothing."""
    result: SpanResult | None


def span_page(
    viewer: Annotated[Viewer, Depends(require(Permission.SPAN))],
    services: ServicesDep,
    hall: str = "",
    counter: Annotated[list[str] | None, Query()] = None,
    first: Annotated[str, Query(alias="from")] = "",
    last: Annotated[str, Query(alias="to")] = "",
) -> SpanPage:
    now = services.clock()
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
        place = chosen_hall(halls, hall) or (halls[0] if halls else None)
        counters = counters_of(session, (place,)) if place else ()
        chosen = tuple(ref for ref in counters if ref.id in (counter or ()))
        zone = place.timezone if place else "UTC"
        unreadable = any(text and local_moment(text, zone) is None for text in (first, last))
        start, end = local_moment(first, zone) or now - DEFAULT_LENGTH, local_moment(last, zone) or now
        problem = _problem(start, end, chosen, now, unreadable) if counter else ""
        wanted = place and chosen and not problem
        result = _result(session, services, viewer, chosen, start, end, now) if wanted else None
    return SpanPage(now, halls, place, counters, tuple(ref.id for ref in chosen), start, end, problem, result)


def _problem(start: datetime, end: datetime, chosen: tuple[CounterRef, ...], now: datetime, unreadable: bool) -> str:
    if unreadable:
        return "unreadable"
    if end <= start:
        return "order"
    if end - start > LONGEST:
        return "long"
    if start >= now:
        return "future"
    return "" if 0 < len(chosen) <= MAX_COUNTERS else "counters"


def _result(
    session: Session,
    services: Services,
    viewer: Viewer,
    chosen: tuple[CounterRef, ...],
    start: datetime,
    end: datetime,
    now: datetime,
) -> SpanResult:
    ids = [ref.id for ref in chosen]
    cameras = _cameras(session, chosen, start, end)
    coverage = {camera.id: services.footage.coverage(session, camera.id, start, end) for camera, _ in cameras}
    steps = [step for ref in chosen for step in steps_between(session, viewer, ref.id, start, end)]
    absences = absences_between(session, ids, start, end)
    return SpanResult(
        cameras=tuple(
            _footage(
                session,
                camera,
                numbers,
                coverage[camera.id],
                services.footage.untrusted_times(session, camera.id, start, end),
            )
            for camera, numbers in cameras
        ),
        timeline=_timeline(session, viewer, chosen, cameras, coverage, start, end, now),
        steps=step_rows(session, sorted(steps, key=lambda step: step.start)),
        absences=absence_rows(session, absences, now),
    )


def _cameras(
    session: Session, chosen: tuple[CounterRef, ...], start: datetime, end: datetime
) -> list[tuple[Camera, tuple[str, ...]]]:
    """Cameras that looked at these counters in the span, each with the counters' numbers."""
    numbers = {ref.id: ref.number for ref in chosen}
    found = session.exec(
        select(Camera, View.counter_id)
        .join(View, col(View.camera_id) == col(Camera.id))
        .where(
            col(View.counter_id).in_(list(numbers)),
            or_(col(View.valid_from).is_(None), col(View.valid_from) < end),
            or_(col(View.valid_to).is_(None), col(View.valid_to) > start),
        )
        .order_by(col(Camera.id))
    )
    cameras: dict[str, tuple[Camera, list[str]]] = {}
    for camera, counter_id in found:
        shown = cameras.setdefault(camera.id, (camera, []))[1]
        if numbers[counter_id] not in shown:
            shown.append(numbers[counter_id])
    return [(camera, tuple(shown)) for camera, shown in cameras.values()]


def _footage(
    session: Session,
    camera: Camera,
    numbers: tuple[str, ...],
    coverage: Coverage,
    untrusted: tuple[UntrustedTime, ...],
) -> CameraFootage:
    covered = sum((span.end - span.start).total_seconds() for span in coverage.covered)
    missing = tuple(_missing(session, camera.id, hole) for hole in coverage.missing)
    return CameraFootage(camera.id, camera.name or camera.id, numbers, covered, missing, untrusted)


def _missing(session: Session, camera_id: str, hole: Missing) -> MissingSpan:
    was_deleted = hole.cause == GapCause.EXPIRED
    by = deleted_by(session, camera_id, hole.start, hole.end) if was_deleted else None
    return MissingSpan(hole.start, hole.end, hole.cause, by)


def _timeline(
    session: Session,
    viewer: Viewer,
    chosen: tuple[CounterRef, ...],
    cameras: list[tuple[Camera, tuple[str, ...]]],
    coverage: dict[str, Coverage],
    start: datetime,
    end: datetime,
    now: datetime,
) -> Timeline:
    lanes: list[Lane] = []
    for ref in chosen:
        presence = presence_lane(presence_between(session, ref.id, start, end, now), end)
        absences = absence_lane(absence_rows(session, absences_between(session, [ref.id], start, end), now))
        steps = step_lane(steps_between(session, viewer, ref.id, start, end))
        lanes += [Lane(f"#{ref.number}", presence.bars), Lane("absences", absences.bars), Lane("steps", steps.bars)]
    lanes += [footage_lane(coverage[camera.id], camera.name or camera.id) for camera, _ in cameras]
    return timeline(start, end, chosen[0].hall.timezone, lanes)


add_page(router, "/span", "span.html", span_page)
