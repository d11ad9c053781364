"""The fixed contact person of a department, as its platforms have told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from storage.models import Contact
from web.permissions import Permission
from web.viewer import Viewer


@dataclass(frozen=True)
class ContactPerson:
    name: str
    phone: str | None
    """None for those who only look on; empty: none was told."""
    mail: str | None
    since: datetime


def contact_persons(session: Session, viewer: Viewer, department: str, now: datetime) -> tuple[ContactPerson, ...]:
    """Those in force. Who answers or judges cards may also know how they are reached."""
    reaches = viewer.may(Permission.ANSWER_CARDS) or viewer.may(Permission.JUDGE_CARDS)
    return tuple(
        ContactPerson(
            name=person.name,
            phone=person.phone if reaches else None,
            mail=person.mail if reaches else None,
            since=person.valid_from,
        )
        for person in _of_department(session, department, now)
    )


def _of_department(session: Session, department: str, now: datetime) -> Sequence[Contact]:
    found = select(Contact).where(Contact.department_id == department, is_in_force(now))
    return session.exec(found.order_by(col(Contact.valid_from).desc(), col(Contact.id))).all()


def is_in_force(now: datetime) -> ColumnElement[bool]:
    goes_on = or_(col(Contact.valid_to).is_(None), col(Contact.valid_to) > now)
    return and_(col(Contact.valid_from) <= now, goes_on)
