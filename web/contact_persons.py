"""Contact persons of departments and of counters: those that platforms report, and those that are kept here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from storage.models import Contact, KeptContact
from web.permissions import Permission
from web.viewer import Viewer


@dataclass(frozen=True)
class ContactPerson:
    name: str
    phone: str | None
    """None for those who only look on; empty: none was told."""
    mail: str | None
    since: datetime


@dataclass(frozen=True)
class InForce:
    """One who is written to now."""

    number: int
    """As messages name them: the id of the record, or minus that of one kept here."""
    department: str
    """Empty: of a counter."""
    counter: str
    name: str
    phone: str
    mail: str
    since: datetime


def contact_persons(session: Session, viewer: Viewer, department: str, now: datetime) -> tuple[ContactPerson, ...]:
    """Those in force, the latest first. Who answers or judges cards may also know how they are reached."""
    reaches = viewer.may(Permission.ANSWER_CARDS) or viewer.may(Permission.JUDGE_CARDS)
    found = [each for each in in_force(session, now) if department and each.department == department]
    return tuple(shown(each, reaches=reaches) for each in sorted(found, key=lambda each: each.since, reverse=True))


def shown(person: InForce, *, reaches: bool) -> ContactPerson:
    phone, mail = (person.phone, person.mail) if reaches else (None, None)
    return ContactPerson(name=person.name, phone=phone, mail=mail, since=person.since)


def in_force(session: Session, now: datetime) -> list[InForce]:
    """Those whose department or counter is known, in the order in which they came."""
    return [*_reported(session, now), *_kept(session, now)]


def _reported(session: Session, now: datetime) -> Iterator[InForce]:
    known = select(Contact).where(col(Contact.department_id).is_not(None), is_in_force(Contact, now))
    for each in session.exec(known.order_by(col(Contact.id))):
        yield InForce(
            each.id or 0, each.department_id or "", "", each.name, each.phone, each.mail, since=each.valid_from
        )


def _kept(session: Session, now: datetime) -> Iterator[InForce]:
    kept = select(KeptContact).where(is_in_force(KeptContact, now))
    for each in session.exec(kept.order_by(col(KeptContact.id))):
        of = each.department_id or "", each.counter_id or ""
        yield InForce(-(each.id or 0), *of, each.name, each.phone, each.mail, since=each.valid_from)


def named(session: Session, number: int) -> Contact | KeptContact | None:
    """Whom a message names."""
    return session.get(KeptContact, -number) if number < 0 else session.get(Contact, number)


def is_in_force(table: Any, now: datetime) -> ColumnElement[bool]:  # noqa: ANN401
    goes_on = or_(col(table.valid_to).is_(None), col(table.valid_to) > now)
    return and_(col(table.valid_from) <= now, goes_on)
