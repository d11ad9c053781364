"""How far a case has come, for whoever has its number and its secret. Nothing of it names a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlmodel import Session, col, select

from storage.models import Case, Deadline, Source, Standing, Step, SuspensionReason
from web.case_due import ENDED
from web.case_secret import sources_meant
from web.errors import NotAForm, TooOften
from web.item_names import ItemRef
from web.pages.case_course import Stop, stops_of
from web.pages.case_progress import Stage, progress
from web.pages.case_rows import DepartmentRef, case_rows
from web.pages.filters import DEFAULT_ZONE
from web.pages.places import HallRef
from web.pages.rendering import ScreenDep, add_page, html, json_response
from web.public.limits import Visitor, VisitorDep
from web.services import Services, ServicesDep

router = APIRouter()
Number = Annotated[str, Form(max_length=100)]
Secret = Annotated[str, Form(max_length=50)]
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def asking(visitor: VisitorDep, request: Request) -> Visitor:
    """Raises NotAForm for a body in which no number and no secret would be found: it is no try to guess one."""
    kind = request.headers.get("Content-Type", "")
    if kind and kind.partition(";")[0].strip().lower() not in _FORMS:
        raise NotAForm
    return visitor


Asking = Annotated[Visitor, Depends(asking)]


@dataclass(frozen=True)
class Pause:
    """What does not count and still lasts, or what its applicant has to bring."""

    reason: SuspensionReason
    since: datetime
    told_in_writing: bool
    """Its platform has told of a written notice."""


@dataclass(frozen=True)
class CaseProgress:
    number: str
    item: ItemRef | None
    department: DepartmentRef | None
    hall: HallRef | None
    zone: str
    opened_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    """By its limits as reckoned, else as its platform says; None while none is known or runs."""
    stopped: bool
    """Its days stand still: a supplement is awaited, before it is accepted or later, or a procedure does not count."""
    accepted: bool
    """False while it is known to wait for that, and no limit runs."""
    pause: Pause | None
    """A supplement before anything else, because its applicant has to bring it. One that was asked for too late stops
    no clock, and is awaited all the same."""
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class ProgressPage:
    number: str
    """As it was asked for."""
    found: CaseProgress | None
    unknown: bool
    """It was asked for, and number and secret do not belong together. Which of them is wrong is not said."""


def progress_page(visitor: VisitorDep) -> ProgressPage:
    return ProgressPage("", None, unknown=False)


add_page(router, "/public/progress", "public/progress.html", progress_page)


@router.post("/public/progress", include_in_schema=False)
def ask(
    visitor: Asking, services: ServicesDep, around: ScreenDep, number: Number = "", secret: Secret = ""
) -> Response:
    page = answer(visitor, services, number.strip(), secret)
    return html(around, "public/progress.html", page, status=404 if page.unknown else 200)


@router.post("/public/progress.json", summary="How far a case has come", responses={200: {"model": ProgressPage}})
def ask_as_program(visitor: Asking, services: ServicesDep, number: Number, secret: Secret) -> Response:
    page = answer(visitor, services, number.strip(), secret)
    return json_response(page, 404 if page.unknown else 200)


def answer(visitor: Visitor, services: Services, number: str, secret: str) -> ProgressPage:
    """The secret is tried before the case is looked for, so an unknown number takes as long as a wrong secret.

    Raises TooOften after too many that were wrong.
    """
    now = services.clock()
    if visitor.limits.lookups.is_locked(number, visitor.home, now):
        raise TooOften
    with services.database.transaction() as session:
        source_ids = session.exec(select(Source.id).order_by(col(Source.id))).all()
        meant = sources_meant(services.secrets, source_ids, number, secret)
        found = _found(session, meant, number, now) if meant else None
    if found is None:
        visitor.limits.lookups.add(number, visitor.home, now)
    else:
        visitor.limits.lookups.clear(number, visitor.home)
    return ProgressPage(number, found, unknown=found is None)


def _found(session: Session, source_ids: list[str], number: str, now: datetime) -> CaseProgress | None:
    wanted = select(Case).where(col(Case.source_id).in_(source_ids), Case.number == number)
    case = session.exec(wanted.order_by(col(Case.id))).first()
    return None if case is None else _progress(session, case, now)


def _progress(session: Session, case: Case, now: datetime) -> CaseProgress:
    (row,) = case_rows(session, [case], show_applicant=False)
    steps = session.exec(select(Step).where(Step.case_id == case.id)).all()
    deadline = session.get(Deadline, case.id)
    standing = deadline.standing if deadline else None
    has_ended = case.closed_at is not None or standing in ENDED
    pause = None if has_ended else _pause(stops_of(session, case), now)
    is_awaited = pause is not None and pause.reason is SuspensionReason.SUPPLEMENT
    return CaseProgress(
        number=case.number,
        item=row.item,
        department=row.department,
        hall=row.hall,
        zone=row.hall.timezone if row.hall else DEFAULT_ZONE,
        opened_at=case.opened_at,
        closed_at=case.closed_at,
        due_at=row.due_at,
        stopped=standing is Standing.STOPPED or (standing is Standing.WAITING and is_awaited),
        accepted=standing is not Standing.WAITING,
        pause=pause,
        stages=progress(steps, case.closed_at, now),
    )


def _pause(stops: Iterable[Stop], now: datetime) -> Pause | None:
    """Of several supplements, or of several others, the one that has lasted for longest."""
    lasting = [stop for stop in stops if stop.start <= now and (stop.end is None or stop.end > now)]
    if not lasting:
        return None
    first = min(lasting, key=lambda stop: (stop.reason is not SuspensionReason.SUPPLEMENT, stop.start))
    return Pause(first.reason, first.start, told_in_writing=bool(first.notice_number or first.notice_date))
