"""Any span of time at any counters or cameras of a hall: footage side by side, steps and absences."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlmodel import Session, col, or_, select

from ingest.video.clip_plan import ClipPart
from ingest.video.readable import Unreadable, without
from ingest.video.unwritten import parts, with_unwritten
from storage.calendar import coverages
from storage.footage import CorrectedTime, Coverage, Missing, UntrustedTime
from storage.intervals import Span
from storage.models import Camera, GapCause, View
from storage.sayings import Saying
from storage.smeared import smeared_times
from web.api.media import LONGEST_CLIP, unreadable_of
from web.auth import require
from web.error_answers import also_wrong
from web.field_problems import FieldProblem
from web.pages.absence_rows import AbsenceRow, absence_rows
from web.pages.counter import absences_between, presence_between, step_lane, steps_between
from web.pages.deleted import deleted_by
from web.pages.filters import chosen_hall, local_moment
from web.pages.held import Held, held
from web.pages.opening import closed_spans
from web.pages.places import CameraRef, CounterRef, HallRef, cameras_of, counters_of, visible_halls
from web.pages.rendering import add_page
from web.pages.step_rows import MissingSpan, StepRow, step_rows
from web.pages.timelines import Lane, Timeline, absence_lanes, footage_lane, presence_lane, timeline
from web.permissions import Permission
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
LONGEST = LONGEST_CLIP
DEFAULT_LENGTH = timedelta(minutes=10)
_NO_TIME = Saying("There is no such time. Write it like 2026-03-02T09:00.")
MAX_COUNTERS = MAX_CAMERAS = 12
_WRONG = {
    "order": FieldProblem("to", Saying("The end has to lie after the beginning.")),
    "long": FieldProblem("to", Saying("The span is longer than 24 hours. Choose a shorter one.")),
    "future": FieldProblem("to", Saying("This time has not come yet. Choose a span that has begun.")),
    "counters": FieldProblem("counter", Saying("Choose one to twelve counters, or as many cameras.")),
}
"""By the words of `problem`, the same as on the page."""


@dataclass(frozen=True)
class Choice:
    hall: HallRef | None
    counters: tuple[CounterRef, ...]
    cameras: tuple[str, ...]


@dataclass(frozen=True)
class CameraFootage:
    camera_id: str
    name: str
    counters: tuple[str, ...]
    """Numbers of the chosen counters that it shows."""
    covered_s: float
    missing: tuple[MissingSpan, ...]
    parts: tuple[ClipPart, ...]
    """One, or several where the camera's format changes in the span."""
    clock_untrusted: tuple[UntrustedTime, ...]
    held: Held | None
    """What of the span somebody holds."""
    clock_corrected: tuple[CorrectedTime, ...]
    smeared: tuple[Span, ...]
    """Where packets of the footage were lost."""


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
    cameras: tuple[CameraRef, ...]
    """Of the hall."""
    chosen_cameras: tuple[str, ...]
    """Beside those that looked at the chosen counters."""
    start: datetime
    end: datetime
    unreadable: tuple[str, ...]
    """Which of `from` and `to` were given and are no time."""
    problem: str
    """Why there is no result though they can be read: order, long, future, counters; or nothing."""
    result: SpanResult | None


def span_page(
    request: Request,
    viewer: Annotated[Viewer, Depends(require(Permission.SPAN))],
    services: ServicesDep,
    hall: str = "",
    counter: Annotated[list[str] | None, Query()] = None,
    camera: Annotated[list[str] | None, Query()] = None,
    first: Annotated[str, Query(alias="from")] = "",
    last: Annotated[str, Query(alias="to")] = "",
) -> SpanPage:
    now = services.clock()
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
        place = chosen_hall(halls, hall) or (halls[0] if halls else None)
        counters = counters_of(session, (place,)) if place else ()
        chosen = tuple(ref for ref in counters if ref.id in (counter or ()))
        cameras = cameras_of(session, place) if place else ()
        wanted_cameras = tuple(ref.id for ref in cameras if ref.id in (camera or ()))
        zone = place.timezone if place else "UTC"
        sent = {"from": first, "to": last}
        unreadable = tuple(name for name, text in sent.items() if text and local_moment(text, zone) is None)
        also_wrong(request, [FieldProblem(name, _NO_TIME) for name in unreadable])
        start, end = local_moment(first, zone) or now - DEFAULT_LENGTH, local_moment(last, zone) or now
        choice = Choice(place, chosen, wanted_cameras)
        problem = _problem(start, end, choice, now) if (counter or camera) and not unreadable else ""
        if problem and (chosen or wanted_cameras):  # of a hall that was just chosen there are none yet
            also_wrong(request, [_WRONG[problem]])
        wanted = (counter or camera) and not problem and not unreadable
        result = _result(session, services, viewer, choice, unreadable_of(request), start, end, now) if wanted else None
    return SpanPage(
        now=now,
        halls=halls,
        hall=place,
        counters=counters,
        chosen=tuple(ref.id for ref in chosen),
        cameras=cameras,
        chosen_cameras=wanted_cameras,
        start=start,
        end=end,
        unreadable=unreadable,
        problem=problem,
        result=result,
    )


def _problem(start: datetime, end: datetime, choice: Choice, now: datetime) -> str:
    if end <= start:
        return "order"
    if end - start > LONGEST:
        return "long"
    if start >= now:
        return "future"
    few = len(choice.counters) <= MAX_COUNTERS and len(choice.cameras) <= MAX_CAMERAS
    return "" if few and (choice.counters or choice.cameras) else "counters"


def _result(
    session: Session,
    services: Services,
    viewer: Viewer,
    choice: Choice,
    unreadable: Unreadable,
    start: datetime,
    end: datetime,
    now: datetime,
) -> SpanResult:
    ids = [ref.id for ref in choice.counters]
    cameras = _cameras(session, choice, start, end)
    asked = Span(start, end)
    by_rows = coverages(session, [camera.id for camera, _ in cameras], asked, now)
    there = {id_: with_unwritten(services.footage, session, id_, known) for id_, known in by_rows.items()}
    coverage = {id_: without(known, unreadable.known_lost(session, id_, asked)) for id_, known in there.items()}
    steps = [step for ref in choice.counters for step in steps_between(session, viewer, ref.id, start, end)]
    absences = absences_between(session, ids, start, end)
    return SpanResult(
        cameras=tuple(
            _footage(
                session,
                camera,
                numbers,
                coverage[camera.id],
                parts(services.footage, session, camera.id, start, end),
                services.footage.untrusted_times(session, camera.id, start, end),
                held(session, viewer, camera.id, start, end),
                services.footage.corrected_times(session, camera.id, start, end),
                smeared_times(session, camera.id, start, end),
            )
            for camera, numbers in cameras
        ),
        timeline=_timeline(session, viewer, choice, cameras, coverage, start, end, now),
        steps=step_rows(session, sorted(steps, key=lambda step: step.start)),
        absences=absence_rows(session, absences, now),
    )


def _cameras(session: Session, choice: Choice, start: datetime, end: datetime) -> list[tuple[Camera, tuple[str, ...]]]:
    """Cameras that looked at these counters in the span, each with the counters' numbers, and the chosen cameras."""
    numbers = {ref.id: ref.number for ref in choice.counters}
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
    for camera in session.exec(select(Camera).where(col(Camera.id).in_(choice.cameras)).order_by(col(Camera.id))):
        cameras.setdefault(camera.id, (camera, []))
    return [(camera, tuple(shown)) for camera, shown in cameras.values()]


def _footage(
    session: Session,
    camera: Camera,
    numbers: tuple[str, ...],
    coverage: Coverage,
    played: tuple[ClipPart, ...],
    untrusted: tuple[UntrustedTime, ...],
    kept: Held | None,
    corrected: tuple[CorrectedTime, ...],
    smeared: tuple[Span, ...],
) -> CameraFootage:
    covered = sum((span.end - span.start).total_seconds() for span in coverage.covered)
    missing = tuple(_missing(session, camera.id, hole) for hole in coverage.missing)
    return CameraFootage(
        camera.id, camera.name or camera.id, numbers, covered, missing, played, untrusted, kept, corrected, smeared
    )


def _missing(session: Session, camera_id: str, hole: Missing) -> MissingSpan:
    was_deleted = hole.cause == GapCause.EXPIRED
    by = deleted_by(session, camera_id, hole.start, hole.end) if was_deleted else None
    return MissingSpan(hole.start, hole.end, hole.cause, by)


def _timeline(
    session: Session,
    viewer: Viewer,
    choice: Choice,
    cameras: list[tuple[Camera, tuple[str, ...]]],
    coverage: Mapping[str, Coverage],
    start: datetime,
    end: datetime,
    now: datetime,
) -> Timeline:
    lanes: list[Lane] = []
    closed = closed_spans(session, choice.hall, start, end) if choice.hall else []
    known = Span(start, max(start, min(end, now)))
    for ref in choice.counters:
        presence = presence_lane(presence_between(session, ref.id, start, end, now), known, closed)
        absences = absence_rows(session, absences_between(session, [ref.id], start, end), now)
        steps = step_lane(steps_between(session, viewer, ref.id, start, end))
        lanes += [Lane(f"#{ref.number}", presence.bars), *absence_lanes(absences), Lane("steps", steps.bars)]
    lanes += [footage_lane(coverage[camera.id], camera.name or camera.id) for camera, _ in cameras]
    return timeline(start, end, choice.hall.timezone if choice.hall else "UTC", lanes)


add_page(router, "/span", "span.html", span_page)
