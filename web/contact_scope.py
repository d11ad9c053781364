"""Whose contact persons somebody sees, and whose they keep."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from correlation.evaluation.places import departments_at_counters
from storage.intervals import Span
from storage.models import Counter, Department, KeptContact, Role
from web.counter_contacts import LATELY
from web.errors import NotFound
from web.viewer import Viewer


@dataclass(frozen=True)
class ContactScope:
    counters: frozenset[str]
    departments: frozenset[str]
    kept_counters: frozenset[str]
    """Whose own contact persons may be changed here, too."""
    kept_departments: frozenset[str]

    def sees(self, counter: str | None, department: str | None) -> bool:
        return counter in self.counters or department in self.departments

    def keeps(self, counter: str | None, department: str | None) -> bool:
        return counter in self.kept_counters or department in self.kept_departments


def contact_scope(session: Session, viewer: Viewer, now: datetime) -> ContactScope:
    """Whoever has halls in scope: of their counters, and of the departments that work there, whose own these are to
    keep. A department: its own, and of the counters in its halls where it works. Whoever has every hall: all."""
    counters = frozenset(each.id for each in session.exec(select(Counter)) if viewer.may_see_hall(each.hall_id))
    everywhere = frozenset(session.exec(select(col(Department.id))))
    there = departments_at_counters(session, Span(now - LATELY, now))
    if viewer.role is Role.DEPARTMENT:
        own = frozenset({viewer.department_id} if viewer.department_id else ())
        where = frozenset(each for each in counters if viewer.department_id in there.get(each, ()))
        return ContactScope(where, own, frozenset(), own)
    if viewer.halls is None:
        return ContactScope(counters, everywhere, counters, everywhere)
    working = frozenset(department for each in counters for department in there.get(each, ()))
    return ContactScope(counters, working, counters, frozenset())


def scoped_contact(session: Session, viewer: Viewer, contact_id: int, now: datetime) -> KeptContact:
    """One that the viewer may change."""
    found = session.get(KeptContact, contact_id)
    scope = contact_scope(session, viewer, now)
    if found is None or not scope.keeps(found.counter_id, found.department_id):
        raise NotFound
    return found
