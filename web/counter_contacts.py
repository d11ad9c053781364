"""Who is called first when something happens at a counter: its own contact person, or those of its departments."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from correlation.evaluation.places import departments_at_counters
from storage.intervals import Span
from storage.models import Alert
from web.channels import Channel
from web.contact_address import reaches
from web.contact_persons import InForce, in_force

LATELY = timedelta(hours=1)
"""Whoever worked at the counter in that time was there."""


@dataclass(frozen=True)
class CounterContacts:
    """As they are at one moment."""

    departments: dict[str, frozenset[str]]
    """By counter: those whose operators work there."""
    persons: tuple[InForce, ...]

    def of(self, counter: str, department: str = "") -> tuple[InForce, ...]:
        """Its own where it has any, else those of its departments, or of `department` alone."""
        own = tuple(person for person in self.persons if person.counter == counter)
        there = self.departments.get(counter, frozenset())
        wanted = there & {department} if department else there
        return own or tuple(person for person in self.persons if person.department in wanted)

    def told_by(self, channel: Channel, counters: Iterable[str]) -> tuple[InForce, ...]:
        """Each once, of those whom the channel's address can reach."""
        department = channel.place if channel.place_kind == "department" else ""
        found = {person.number: person for counter in counters for person in self.of(counter, department)}
        return tuple(person for person in found.values() if reaches(channel.url, person.mail, person.phone))


def counter_contacts(session: Session, now: datetime) -> CounterContacts:
    departments = departments_at_counters(session, Span(now - LATELY, now))
    return CounterContacts(departments, tuple(in_force(session, now)))


def counters_of(session: Session, alert: Alert) -> tuple[str, ...]:
    """Of what concerns a whole hall those of its parts."""
    if alert.counter_id:
        return (alert.counter_id,)
    parts = select(Alert.counter_id).where(Alert.part_of == alert.id, col(Alert.counter_id).is_not(None))
    return tuple(sorted({counter for counter in session.exec(parts) if counter}))
