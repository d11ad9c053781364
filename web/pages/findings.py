"""Findings: steps that an inspector should look at, with what they rest on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from storage.models import Case, Counter, Finding, FindingKind, Step
from storage.models.columns import JsonObject
from web.auth import require
from web.pages.filters import DayRange, DayRangeDep, chosen_hall, zone_of
from web.pages.paging import PAGE_SIZE, Cursor, after, cut, parse_cursor
from web.pages.places import HallRef, visible_halls
from web.pages.rendering import add_page
from web.pages.scoping import cases_in_scope, halls_in_scope
from web.pages.step_rows import LaterStamp, StepRow, step_finding, step_rows
from web.permissions import Permission
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()


@dataclass(frozen=True)
class FindingRow:
    id: int
    kind: FindingKind
    step: StepRow
    before: tuple[LaterStamp, ...]
    """What the step is stamped before, if that is what was found."""
    found_at: datetime
    withdrawn_at: datetime | None
    evidence: JsonObject


@dataclass(frozen=True)
class FindingsPage:
    now: datetime
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    days: DayRange
    withdrawn: bool
    """Whether withdrawn ones are shown too."""
    findings: tuple[FindingRow, ...]
    next: str


def findings_page(
    viewer: Annotated[Viewer, Depends(require(Permission.FINDINGS))],
    services: ServicesDep,
    days: DayRangeDep,
    hall: str = "",
    withdrawn: bool = False,
    after: str = "",
) -> FindingsPage:
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
        chosen = chosen_hall(halls, hall)
        shown, more = cut(_findings(session, viewer, chosen, days, zone_of(halls, chosen), withdrawn, after))
        last = shown[-1][0] if more else None
        rows = step_rows(session, [step for _, step in shown])
        return FindingsPage(
            now=services.clock(),
            halls=halls,
            hall=chosen,
            days=days,
            withdrawn=withdrawn,
            findings=tuple(_row(finding, row) for (finding, _), row in zip(shown, rows, strict=True)),
            next=str(Cursor(last.found_at, last.id or 0)) if last else "",
        )


def _row(finding: Finding, step: StepRow) -> FindingRow:
    assert finding.id is not None
    before = step_finding(finding).before
    return FindingRow(finding.id, finding.kind, step, before, finding.found_at, finding.withdrawn_at, finding.evidence)


def _findings(
    session: Session, viewer: Viewer, hall: HallRef | None, days: DayRange, zone: str, withdrawn: bool, cursor: str
) -> list[tuple[Finding, Step]]:
    wanted = (
        select(Finding, Step)
        .join(Step, col(Step.id) == col(Finding.step_id))
        .join(Case, col(Case.id) == col(Step.case_id))
        .outerjoin(Counter, col(Counter.id) == col(Finding.counter_id))
        .where(cases_in_scope(viewer))
        .where(or_(col(Finding.counter_id).is_(None), halls_in_scope(viewer, col(Counter.hall_id))))
        .where(days.contains(col(Step.start), zone))
        .where(after(parse_cursor(cursor), col(Finding.found_at), col(Finding.id)))
        .order_by(col(Finding.found_at).desc(), col(Finding.id).desc())
        .limit(PAGE_SIZE + 1)
    )
    if hall:
        wanted = wanted.where(func.coalesce(Counter.hall_id, Case.hall_id) == hall.id)
    if not withdrawn:
        wanted = wanted.where(col(Finding.withdrawn_at).is_(None))
    return [(finding, step) for finding, step in session.exec(wanted)]


add_page(router, "/findings", "findings.html", findings_page)
