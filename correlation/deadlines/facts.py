"""What is known of a case at one moment, as far as its limits are concerned."""

from dataclasses import dataclass
from datetime import datetime

from correlation.deadlines.observing import Observation
from storage.models import LimitUnit, StepKind, SuspensionReason


@dataclass(frozen=True, slots=True)
class Limit:
    amount: int
    unit: LimitUnit = LimitUnit.DAYS


@dataclass(frozen=True, slots=True)
class Suspension:
    reason: SuspensionReason
    start: datetime
    end: datetime | None = None
    """Exclusive; None while it lasts."""
    notice: str = ""
    """Of the written notice to the applicant; empty if none is on record."""


@dataclass(frozen=True, slots=True)
class Extension:
    """More time, approved by the head of the unit."""

    approved_at: datetime
    days: int


@dataclass(frozen=True, slots=True)
class Link:
    """One link that has a limit of its own."""

    kind: StepKind
    limit: Limit
    began_at: datetime
    """When the link before it was done."""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseFacts:
    received_at: datetime | None = None
    accepted_at: datetime | None = None
    decided_at: datetime | None = None
    closed_at: datetime | None = None
    delivered_at: datetime | None = None
    legal: Limit | None = None
    """The item's own; None: the law's, if the item is known."""
    promised: Limit | None = None
    is_item_known: bool = True
    """Of an item that nobody has declared it is not known whether the law sets it a limit."""
    reported_due: datetime | None = None
    """The promised limit as the platform reckons it: holds where the item promises nothing."""
    is_joint: bool = False
    """Several departments handle it together."""
    extensions: tuple[Extension, ...] = ()
    suspensions: tuple[Suspension, ...] = ()
    links: tuple[Link, ...] = ()
    observed: tuple[Observation, ...] = ()
    """Beside its limits."""
    is_emptied: bool = False
    """All its steps turned out to be of other cases; that is when it was closed."""
