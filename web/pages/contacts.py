"""The contact persons of counters and departments: as platforms report them, and those that are kept here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlmodel import Session, col, select

from storage.models import Contact, Department, KeptContact
from web.api import contacts as contacts_api
from web.api.contacts import ContactChange, ContactKeeper, ContactRequest
from web.contact_scope import ContactScope, contact_scope
from web.counter_contacts import counter_contacts
from web.pages.admin.forms import SentForm, text
from web.pages.filters import zone_of
from web.pages.paging import PAGE_SIZE, cut
from web.pages.places import CounterRef, counters_by_id, visible_halls
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.tables import Cell, Moments, Table, add_table
from web.pages.typed import Typed
from web.row_ids import RowId
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
_FARTHEST = 1_000_000


@dataclass(frozen=True)
class DepartmentRef:
    id: str
    name: str
    name_en: str


@dataclass(frozen=True)
class ContactRow:
    id: int
    """Of one that is kept here, or of the record."""
    name: str
    phone: str
    mail: str
    counter: CounterRef | None
    department: DepartmentRef | None
    source: str
    """Whose platform reports it; empty: it is kept here."""
    since: datetime
    until: datetime | None
    is_in_force: bool
    may_change: bool


@dataclass(frozen=True)
class ContactsPage:
    now: datetime
    zone: str
    contacts: tuple[ContactRow, ...]
    counters: tuple[CounterRef, ...]
    """Whose contact persons the viewer keeps."""
    departments: tuple[DepartmentRef, ...]
    without: tuple[CounterRef, ...]
    """Counters at which nobody would be called: no contact person of their own, none of a department."""
    next: str


def contacts_page(
    viewer: ContactKeeper, services: ServicesDep, after: Annotated[int, Query(ge=0, le=_FARTHEST)] = 0
) -> ContactsPage:
    """`after`: how many come before."""
    now = services.clock()
    with services.database.transaction() as session:
        scope = contact_scope(session, viewer, now)
        found = list(_rows(session, scope, now))
        shown, more = cut(found[after : after + PAGE_SIZE + 1])
        departments = _departments(session)
        return ContactsPage(
            now=now,
            zone=zone_of(visible_halls(session, viewer), None),
            contacts=tuple(shown),
            counters=_in_order(counters_by_id(session, scope.kept_counters)),
            departments=tuple(each for key, each in departments.items() if key in scope.kept_departments),
            without=_without(session, scope, now),
            next=str(after + PAGE_SIZE) if more else "",
        )


def _without(session: Session, scope: ContactScope, now: datetime) -> tuple[CounterRef, ...]:
    contacts = counter_contacts(session, now)
    lacking = [each for each in scope.counters if not contacts.of(each)]
    return _in_order(counters_by_id(session, lacking))


def _in_order(counters: dict[str, CounterRef]) -> tuple[CounterRef, ...]:
    return tuple(sorted(counters.values(), key=lambda counter: (counter.hall.name, counter.number)))


def _departments(session: Session) -> dict[str, DepartmentRef]:
    found = session.exec(select(Department).order_by(col(Department.name), col(Department.id)))
    return {each.id: DepartmentRef(each.id, each.name, each.name_en) for each in found}


def _rows(session: Session, scope: ContactScope, now: datetime) -> Iterator[ContactRow]:
    """Those in force and to come first, then those of before."""
    found = [*_kept(session, scope, now), *_reported(session, scope, now)]
    yield from sorted(found, key=lambda row: row.until is not None and row.until <= now)


def _kept(session: Session, scope: ContactScope, now: datetime) -> Iterator[ContactRow]:
    kept = session.exec(select(KeptContact).order_by(col(KeptContact.id).desc())).all()
    counters, departments = counters_by_id(session, [each.counter_id for each in kept]), _departments(session)
    for each in kept:
        if scope.sees(each.counter_id, each.department_id):
            of = counters.get(each.counter_id or ""), departments.get(each.department_id or "")
            may_change = each.valid_to is None and scope.keeps(each.counter_id, each.department_id)
            yield _row(each, *of, "", now, may_change=may_change)


def _reported(session: Session, scope: ContactScope, now: datetime) -> Iterator[ContactRow]:
    departments = _departments(session)
    for each in session.exec(select(Contact).order_by(col(Contact.valid_from).desc(), col(Contact.id))):
        if scope.sees(None, each.department_id):
            yield _row(each, None, departments.get(each.department_id or ""), each.source_id, now, may_change=False)


def _row(
    each: Contact | KeptContact,
    counter: CounterRef | None,
    department: DepartmentRef | None,
    source: str,
    now: datetime,
    *,
    may_change: bool,
) -> ContactRow:
    return ContactRow(
        id=each.id or 0,
        name=each.name,
        phone=each.phone,
        mail=each.mail,
        counter=counter,
        department=department,
        source=source,
        since=each.valid_from,
        until=each.valid_to,
        is_in_force=each.valid_from <= now and (each.valid_to is None or each.valid_to > now),
        may_change=may_change,
    )


add_page(router, "/contacts", "contacts.html", contacts_page)


@router.post("/contacts", include_in_schema=False)
def add(request: Request, viewer: ContactKeeper, services: ServicesDep, around: ScreenDep, form: SentForm) -> Response:
    kind, _colon, place = text(form, "of").partition(":")
    of = {kind: place} if kind in ("counter", "department") else {}

    def save() -> None:
        contacts_api.add_contact(ContactRequest.model_validate(of | _said(form)), request, services, viewer)

    return _saved("contact", save, viewer, services, around, form)


@router.post("/contacts/{contact_id}", include_in_schema=False)
def change(
    contact_id: RowId,
    request: Request,
    viewer: ContactKeeper,
    services: ServicesDep,
    around: ScreenDep,
    form: SentForm,
) -> Response:
    def save() -> None:
        wanted = ContactChange.model_validate(_said(form))
        contacts_api.change_contact(contact_id, wanted, request, services, viewer)

    if text(form, "act") == "end":
        contacts_api.end_contact(contact_id, request, services, viewer)
        return RedirectResponse("/contacts?done=contact_ended", 303)
    return _saved(f"contact-{contact_id}", save, viewer, services, around, form)


def _said(form: SentForm) -> dict[str, str]:
    return {name: text(form, name) for name in ("name", "phone", "mail")}


def _saved(
    name: str, save: Callable[[], None], viewer: Viewer, services: ServicesDep, around: ScreenDep, form: SentForm
) -> Response:
    try:
        save()
    except ValidationError as error:
        again = around.again(Typed.refused(name, form, error), "/contacts")
        return html(again, "contacts.html", contacts_page(viewer, services), status=422)
    return RedirectResponse("/contacts?done=saved", 303)


_COLUMNS = ("name", "phone", "mail", "counter", "department", "source", Moments("since"), Moments("until"), "in_force")


def contacts_table(viewer: ContactKeeper, services: ServicesDep) -> Table:
    now = services.clock()
    with services.database.transaction() as session:
        rows = list(_rows(session, contact_scope(session, viewer, now), now))
        zone = zone_of(visible_halls(session, viewer), None)
    return Table("contacts", zone, _COLUMNS, map(_cells, rows))


def _cells(row: ContactRow) -> list[Cell]:
    of = row.counter.id if row.counter else "", row.department.id if row.department else ""
    return [row.name, row.phone, row.mail, *of, row.source, row.since, row.until, row.is_in_force]


add_table(router, "/contacts", contacts_table)
