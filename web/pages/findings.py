"""Findings: steps that an inspector should look at, with what they rest on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import orjson
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
from web.pages.tables import Cell, Moments, Table, add_table, read_on
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


@dataclass(frozen=True)
class Wanted:
    """The filters of the address."""

    viewer: Viewer
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    days: DayRange
    withdrawn: bool


def wanted(
    viewer: Annotated[Viewer, Depends(require(Permission.FINDINGS))],
    services: ServicesDep,
    days: DayRangeDep,
    hall: str = "",
    withdrawn: bool = False,
) -> Wanted:
    """A hall out of scope is not there."""
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
    return Wanted(viewer, halls, chosen_hall(halls, hall), days, withdrawn)


WantedDep = Annotated[Wanted, Depends(wanted)]


def findings_page(wanted: WantedDep, services: ServicesDep, after: str = "") -> FindingsPage:
    with services.database.transaction() as session:
        shown, more = cut(_findings(session, wanted, parse_cursor(after), PAGE_SIZE + 1))
        last = shown[-1][0] if more else None
        return FindingsPage(
            now=services.clock(),
            halls=wanted.halls,
            hall=wanted.hall,
            days=wanted.days,
            withdrawn=wanted.withdrawn,
            findings=_rows(session, shown),
            next=str(Cursor(last.found_at, last.id or 0)) if last else "",
        )


def _rows(session: Session, found: Sequence[tuple[Finding, Step]]) -> tuple[FindingRow, ...]:
    steps = step_rows(session, [step for _, step in found])
    return tuple(_row(finding, step) for (finding, _), step in zip(found, steps, strict=True))


def _row(finding: Finding, step: StepRow) -> FindingRow:
    assert finding.id is not None
    before = step_finding(finding).before
    return FindingRow(finding.id, finding.kind, step, before, finding.found_at, finding.withdrawn_at, finding.evidence)


def _findings(session: Session, wanted: Wanted, cursor: Cursor | None, limit: int) -> list[tuple[Finding, Step]]:
    viewer, zone = wanted.viewer, zone_of(wanted.halls, wanted.hall)
    query = (
        select(Finding, Step)
        .join(Step, col(Step.id) == col(Finding.step_id))
        .join(Case, col(Case.id) == col(Step.case_id))
        .outerjoin(Counter, col(Counter.id) == col(Finding.counter_id))
        .where(cases_in_scope(viewer))
        .where(or_(col(Finding.counter_id).is_(None), halls_in_scope(viewer, col(Counter.hall_id))))
        .where(wanted.days.contains(col(Step.start), zone))
        .where(after(cursor, col(Finding.found_at), col(Finding.id)))
        .order_by(col(Finding.found_at).desc(), col(Finding.id).desc())
        .limit(limit)
    )
    if wanted.hall:
        query = query.where(func.coalesce(Counter.hall_id, Case.hall_id) == wanted.hall.id)
    if not wanted.withdrawn:
        query = query.where(col(Finding.withdrawn_at).is_(None))
    return [(finding, step) for finding, step in session.exec(query)]


_COLUMNS = (
    *("id", "kind", "case", "step", "step_kind", "step_name", "operator", "counter", "hall"),
    *map(Moments, ("start", "end", "found_at", "withdrawn_at")),
    *("footage", "evidence", "source"),
)


def findings_table(wanted: WantedDep, services: ServicesDep) -> Table:
    """Everything that the filters leave."""

    def read(session: Session, at: Cursor | None, limit: int) -> tuple[FindingRow, ...]:
        return _rows(session, _findings(session, wanted, at, limit))

    rows = read_on(services.database, read, lambda row: Cursor(row.found_at, row.id))
    return Table("findings", zone_of(wanted.halls, wanted.hall), _COLUMNS, map(_cells, rows))


def _cells(row: FindingRow) -> list[Cell]:
    step, counter = row.step, row.step.counter
    return [
        *(row.id, row.kind, step.case_number, step.id, step.kind, step.name, step.operator),
        *(counter.id if counter else step.counter_ref, counter.hall.id if counter else ""),
        *(step.start, step.end, row.found_at, row.withdrawn_at),
        *(step.clip.outcome if step.clip else "", orjson.dumps(row.evidence).decode(), step.source),
    ]


add_table(router, "/findings", findings_table)
add_page(router, "/findings", "findings.html", findings_page)
