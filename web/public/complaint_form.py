"""The complaint form: what somebody tells goes to the investigators' list, and they get a reference to name it by."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from pydantic import AfterValidator, Field, ValidationError
from sqlmodel import Session, col, select
from starlette.datastructures import FormData

from storage.models import Complaint, Counter, Hall
from storage.sayings import Saying
from web.case_secret import ALPHABET
from web.declared_values import Strict
from web.errors import TooOften, Unprocessable
from web.field_problems import FieldProblem
from web.pages.admin.forms import SentForm, text
from web.pages.filters import local_moment
from web.pages.places import CounterRef, HallRef, counters_of, hall_ref
from web.pages.rendering import ScreenDep, add_page, html
from web.public.limits import EVERYBODY, Visitor, VisitorDep
from web.public.typed import readable
from web.services import Services, ServicesDep

router = APIRouter()
AGREEMENT = "2026-11"
"""Version of the words on what is kept; they stand in the template."""
TRAP = "website"
"""A field that people do not see and programs fill in."""
_FARTHEST_BACK = timedelta(days=366)


Short = Annotated[str, Field(max_length=200), AfterValidator(readable)]


class SentComplaint(Strict):
    text: Annotated[str, Field(max_length=4000), AfterValidator(readable)]
    hall: Short = ""
    counter: Short = ""
    """Its id."""
    case: Short = ""
    at: Short = ""
    """When it happened, on the hall's clock."""
    name: Short = ""
    contact: Short = ""
    agree: Short = ""
    """Anything but nothing: that is kept what the page says, for as long as it says."""


@dataclass(frozen=True)
class ComplaintPage:
    halls: tuple[HallRef, ...]
    counters: tuple[CounterRef, ...]
    kept_days: int
    """After it is settled."""
    values: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ThanksPage:
    reference: str


def complaint_page(visitor: VisitorDep, services: ServicesDep) -> ComplaintPage:
    return _page(services)


def thanks_page(visitor: VisitorDep, reference: str = "") -> ThanksPage:
    """Repeats only what looks like a reference of ours."""
    is_ours = 0 < len(reference) <= _REFERENCE and all(sign in ALPHABET for sign in reference)
    return ThanksPage(reference if is_ours else "")


def _page(
    services: Services, values: Mapping[str, str] | None = None, problems: Mapping[str, str] | None = None
) -> ComplaintPage:
    with services.database.transaction() as session:
        halls = tuple(map(hall_ref, session.exec(select(Hall).order_by(col(Hall.name)))))
        counters = counters_of(session, halls)
    return ComplaintPage(halls, counters, services.settings.public.complaint_days, values or {}, problems or {})


add_page(router, "/public/complaint", "public/complaint.html", complaint_page)
add_page(router, "/public/complaint/received", "public/thanks.html", thanks_page)


@router.post("/public/complaint", include_in_schema=False)
def send(visitor: VisitorDep, services: ServicesDep, around: ScreenDep, form: SentForm) -> Response:
    if text(form, TRAP):
        return _thanks(_reference())  # who fills it in learns nothing
    try:
        reference = receive(visitor, services, SentComplaint.model_validate(_values(form)))
    except ValidationError as error:
        problems = [FieldProblem.of(each) for each in error.errors()]
    except Unprocessable as error:
        problems = list(error.fields)
    else:
        return _thanks(reference)
    page = _page(services, _values(form), {problem.field: problem.problem for problem in problems})
    return html(around, "public/complaint.html", page, status=422)


@router.post("/public/complaint.json", summary="Sends a complaint", status_code=201)
def send_as_program(visitor: VisitorDep, services: ServicesDep, complaint: SentComplaint) -> ThanksPage:
    return ThanksPage(receive(visitor, services, complaint))


def _values(form: FormData) -> dict[str, str]:
    return {name: text(form, name) for name in SentComplaint.model_fields}


def _thanks(reference: str) -> Response:
    return RedirectResponse(f"/public/complaint/received?reference={reference}", 303)


def receive(visitor: Visitor, services: Services, sent: SentComplaint) -> str:
    """Keeps it and returns its reference. Raises Unprocessable and TooOften."""
    now = services.clock()
    with services.database.transaction() as session:
        complaint = _complaint(session, sent, now)
        # Only what would be kept counts, so that nobody is locked out by correcting a form.
        if not (
            visitor.limits.complaints_of_one.may(visitor.home, now) and visitor.limits.complaints.may(EVERYBODY, now)
        ):
            raise TooOften
        session.add(complaint)
    return complaint.reference


def _complaint(session: Session, sent: SentComplaint, now: datetime) -> Complaint:
    """Raises Unprocessable with everything that is wrong."""
    place = _place(session, sent)
    happened_at = local_moment(sent.at, place.zone) if sent.at else None
    problems = list(_problems(sent, place, happened_at, now))
    if problems:
        raise Unprocessable(fields=problems)
    return Complaint(
        reference=_reference(),
        received_at=now,
        hall_id=place.hall.id if place.hall else None,
        counter_id=place.counter.id if place.counter else None,
        case_number=sent.case,
        happened_at=happened_at,
        text=sent.text,
        name=sent.name,
        contact=sent.contact,
        agreed_to=AGREEMENT,
    )


@dataclass(frozen=True)
class _Place:
    """What was found of what was named."""

    hall: Hall | None
    counter: Counter | None
    zone: str


def _place(session: Session, sent: SentComplaint) -> _Place:
    counter = session.get(Counter, sent.counter) if sent.counter else None
    hall_id = sent.hall or (counter.hall_id if counter else "")
    hall = session.get(Hall, hall_id) if hall_id else None
    return _Place(hall, counter, hall.timezone if hall else _zone(session))


def _problems(
    sent: SentComplaint, place: _Place, happened_at: datetime | None, now: datetime
) -> Iterator[FieldProblem]:
    if not sent.text:
        yield FieldProblem("text", Saying("This is needed."))
    if sent.hall and place.hall is None:
        yield FieldProblem("hall", Saying("There is no such hall. Choose another one."))
    if sent.counter and (place.counter is None or place.hall is None or place.counter.hall_id != place.hall.id):
        yield FieldProblem("counter", Saying("This counter is not in that hall. Choose another one."))
    if sent.at and not _is_likely(happened_at, now):
        yield FieldProblem("at", Saying("Give a time of the last twelve months, such as 2026-03-02T09:30."))
    if not sent.agree:
        yield FieldProblem("agree", Saying("Nothing is kept without your consent. Tick the box, or come to the hall."))


def _is_likely(at: datetime | None, now: datetime) -> bool:
    return at is not None and now - _FARTHEST_BACK <= at <= now


def _zone(session: Session) -> str:
    return session.exec(select(Hall.timezone).order_by(col(Hall.name))).first() or "UTC"


_REFERENCE = 8


def _reference() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(_REFERENCE))
