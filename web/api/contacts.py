"""Contact persons that are kept here: of a counter, who is called first, or of a department."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, model_validator
from sqlmodel import Session

from storage.models import KeptContact
from storage.sayings import Saying
from web.access_log import log_access
from web.addresses import client_address
from web.auth import require
from web.contact_scope import contact_scope, scoped_contact
from web.declared_values import Id, Strict
from web.errors import Conflict, NotFound
from web.permissions import Permission
from web.row_ids import RowId
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["channels"])
ContactKeeper = Annotated[Viewer, Depends(require(Permission.CONTACTS))]


class ContactChange(Strict):
    """Who it is, and how they are reached: by phone, by mail, or both."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    phone: Annotated[str, Field(max_length=40, pattern=r"^[0-9+() -]*$")] = ""
    mail: Annotated[str, Field(max_length=200, pattern=r"^$|^[^@\s]+@[^@\s]+$")] = ""

    @model_validator(mode="after")
    def _is_reached(self) -> Self:
        if not (self.phone or self.mail):
            raise ValueError(Saying("Give a phone number or a mail address, or both."))
        return self


class ContactRequest(ContactChange):
    """Of one counter or of one department."""

    counter: Id | None = None
    department: Id | None = None

    @model_validator(mode="after")
    def _is_of_one(self) -> Self:
        if bool(self.counter) == bool(self.department):
            raise ValueError(Saying("Say whose contact person it is: one counter's, or one department's."))
        return self


class ContactShown(BaseModel):
    id: int
    counter_id: str | None
    department_id: str | None
    name: str
    phone: str
    mail: str
    valid_from: datetime
    valid_to: datetime | None


@router.post("/contacts")
def add_contact(wanted: ContactRequest, request: Request, services: ServicesDep, viewer: ContactKeeper) -> ContactShown:
    """Told of what happens from now on: of alerts at the counter, or of those and the cards of the department."""
    now = services.clock()
    with services.database.transaction() as session:
        if not contact_scope(session, viewer, now).keeps(wanted.counter, wanted.department):
            raise NotFound
        said = wanted.model_dump(include={"name", "phone", "mail"})
        row = KeptContact(counter_id=wanted.counter, department_id=wanted.department, valid_from=now, **said)
        session.add(row)
        session.flush()
        _log(session, request, viewer, "contact", row, now)
    return _shown(row)


@router.put("/contacts/{contact_id}")
def change_contact(
    contact_id: RowId, wanted: ContactChange, request: Request, services: ServicesDep, viewer: ContactKeeper
) -> ContactShown:
    """Whose it is stays: somebody else is added, and this one ended."""
    now = services.clock()
    with services.database.transaction() as session:
        row = scoped_contact(session, viewer, contact_id, now)
        if row.valid_to is not None:
            raise Conflict(_ENDED)
        row.name, row.phone, row.mail = wanted.name, wanted.phone, wanted.mail
        _log(session, request, viewer, "change_contact", row, now)
    return _shown(row)


@router.delete("/contacts/{contact_id}")
def end_contact(contact_id: RowId, request: Request, services: ServicesDep, viewer: ContactKeeper) -> ContactShown:
    """Nobody is told by this address any more. What was told to whom stays."""
    now = services.clock()
    with services.database.transaction() as session:
        row = scoped_contact(session, viewer, contact_id, now)
        if row.valid_to is not None:
            raise Conflict(_ENDED)
        row.valid_to = now
        _log(session, request, viewer, "end_contact", row, now)
    return _shown(row)


_ENDED = Saying("This contact person has been ended already.")


def _log(session: Session, request: Request, viewer: Viewer, action: str, row: KeptContact, now: datetime) -> None:
    of = row.counter_id or row.department_id
    log_access(session, viewer, action, f"contact:{row.id} {of}", "", now, client_address(request))


def _shown(row: KeptContact) -> ContactShown:
    return ContactShown(**row.model_dump())
