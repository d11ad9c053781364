"""One case: its steps in time, their footage, and all else that was told of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from sqlmodel import Session, col, select

from ingest.video.clip_plan import ClipPart
from storage.footage import CorrectedTime, UntrustedTime
from storage.intervals import Span
from storage.models import Case, Source, Step
from web.access_log import log_access
from web.addresses import client_address
from web.case_secret import case_secret
from web.pages.case_course import Stop, course, stops_of
from web.pages.case_filters import CaseViewer
from web.pages.case_limits import CaseLimits, case_limits
from web.pages.case_progress import Stage, progress
from web.pages.case_records import CaseRecord, records_of
from web.pages.case_rows import CaseRow, DepartmentRef, case_rows
from web.pages.cases import NamedThing
from web.pages.filters import (
    DEFAULT_ZONE,
)
from web.pages.held import Held, clip_held
from web.pages.order_rows import OrderRow, case_orders, to_address
from web.pages.rendering import add_page
from web.pages.step_rows import StepRow, clip_parts, corrected_times, smeared_times, step_rows, untrusted_times
from web.pages.timelines import Bar, Lane, Timeline, timeline
from web.permissions import Permission
from web.recent_looks import Look, RecentLooks
from web.row_ids import RowId
from web.scope import scoped_case
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
MARGIN = timedelta(minutes=5)


@dataclass(frozen=True)
class CasePage:
    now: datetime
    case: CaseRow
    zone: str
    source: NamedThing
    deadlines: CaseLimits | None
    """None while nothing has been told of the case."""
    progress: tuple[Stage, ...]
    timeline: Timeline
    """Of its steps alone."""
    course: Timeline | None
    """With limits, suspensions and cards; None while no limit is known."""
    stops: tuple[Stop, ...]
    """What does not count against its limits."""
    orders: tuple[OrderRow, ...]
    departments: tuple[DepartmentRef, ...]
    """To address an order to, where that of the case is not known."""
    steps: tuple[StepRow, ...]
    records: tuple[CaseRecord, ...]
    """Extensions, fees, results, deliveries and ratings."""
    chosen: StepRow | None
    """The step whose footage is open."""
    parts: tuple[ClipPart, ...]
    """Of its clip: several where the camera's format changes in it."""
    clock_untrusted: tuple[UntrustedTime, ...]
    """Where the time of the footage shown is in doubt."""
    smeared: tuple[Span, ...]
    """Where packets of the footage shown were lost."""
    clock_corrected: tuple[CorrectedTime, ...]
    secret: str
    """With which its applicant asks how far it has come, to be handed over; empty where there are no public pages."""
    held: Held | None
    """That footage, if somebody holds it and the viewer may know."""


def case_page(
    case_id: RowId,
    request: Request,
    viewer: CaseViewer,
    services: ServicesDep,
    step: int = 0,
) -> CasePage:
    now = services.clock()
    _write_down(case_id, request, viewer, services, now)
    with services.database.transaction() as session:
        case = scoped_case(session, viewer, case_id)
        steps = _steps(session, case_id)
        row = case_rows(session, [case], viewer.may(Permission.APPLICANT))[0]
        source = session.get_one(Source, case.source_id)
        chosen = next((s for s in steps if s.id == step), None)
        zone = row.hall.timezone if row.hall else DEFAULT_ZONE
        deadlines, stops = case_limits(session, case_id, now), stops_of(session, case)
        return CasePage(
            now=now,
            case=row,
            zone=zone,
            source=NamedThing(source.id, source.name or source.id, ""),
            deadlines=deadlines,
            progress=progress(steps, case.closed_at, now),
            timeline=_timeline(steps, zone, case.opened_at),
            course=course([_bar(each) for each in steps], deadlines, stops, zone, now),
            stops=stops,
            steps=steps,
            records=records_of(session, viewer, case, services.clock()),
            chosen=chosen,
            parts=clip_parts(session, services.footage, chosen.clip if chosen else None),
            clock_untrusted=untrusted_times(session, services.footage, chosen.clip if chosen else None),
            smeared=smeared_times(session, chosen.clip if chosen else None),
            orders=case_orders(session, viewer, case, now),
            departments=to_address(session, viewer, case),
            secret=_secret(services, case),
            held=clip_held(session, viewer, chosen.clip if chosen else None),
            clock_corrected=corrected_times(session, services.footage, chosen.clip if chosen else None),
        )


def _write_down(case_id: int, request: Request, viewer: Viewer, services: Services, now: datetime) -> None:
    """Before anything is shown; a page that renews itself is one look for a while."""
    looks: RecentLooks = request.app.state.recent_looks
    with services.database.transaction() as session:
        case = scoped_case(session, viewer, case_id)
        look = Look(viewer.user_id, "case", f"case:{case.source_id}/{case.number}")
        is_new = not looks.is_written(look, now)
        if is_new:
            log_access(session, viewer, look.action, look.subject, "", now, client_address(request))
    if is_new:
        looks.add(look, now)


def _steps(session: Session, case_id: int) -> tuple[StepRow, ...]:
    found = session.exec(select(Step).where(Step.case_id == case_id).order_by(col(Step.start), col(Step.id)))
    return step_rows(session, found.all())


def _secret(services: Services, case: Case) -> str:
    is_asked_for = services.settings.public.enabled
    return case_secret(services.secrets, case.source_id, case.number) if is_asked_for else ""


def _timeline(steps: tuple[StepRow, ...], zone: str, opened_at: datetime) -> Timeline:
    start = min((step.start for step in steps), default=opened_at)
    end = max((step.end for step in steps), default=opened_at)
    margin = max(MARGIN, (end - start) * 0.03)
    bars = tuple(_bar(step) for step in steps)
    return timeline(start - margin, end + margin, zone, [Lane("steps", bars)])


def _bar(step: StepRow) -> Bar:
    state = "finding" if step.findings else "step"
    return Bar(state, step.start, step.end, step.name or step.kind.value, f"?step={step.id}")


add_page(router, "/cases/{case_id}", "case.html", case_page)
