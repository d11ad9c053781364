"""What platforms tell of a case: one word after the other about each of its records."""

from dataclasses import dataclass
from datetime import datetime

from correlation.deadlines.facts import Extension, Suspension
from correlation.deadlines.observing import Entered, Telling
from storage.models import Decision, StepKind


@dataclass(frozen=True, slots=True)
class ToldStep:
    kind: StepKind
    start: datetime
    end: datetime
    item: str = ""
    due: datetime | None = None
    closed: datetime | None = None
    entered_at: datetime | None = None
    """When it was first entered, as its platform says."""
    is_joint: bool = False
    lacks: frozenset[Telling] = frozenset()
    """What it leaves out: its operator; its counter, if its case came by one."""


@dataclass(frozen=True, slots=True)
class ToldResult:
    decided_at: datetime
    decision: Decision | None = None
    is_reasoned: bool = True
    """It says why, or names the document that does."""


@dataclass(frozen=True, slots=True)
class ToldFee:
    charged_at: datetime
    code: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class ToldDelivery:
    delivered_at: datetime


Said = ToldStep | Suspension | Extension | ToldResult | ToldDelivery | ToldFee


@dataclass(frozen=True, slots=True)
class Told:
    """One revision of one record."""

    record: tuple[str, int]
    """Which record it is a word about: its kind and its number."""
    told_at: datetime
    said: Said | None
    """None: the record was corrected to be another case's."""
    batch_id: int = 0
    """The push or file that brought it; 0: unknown."""
    entered: Entered | None = None
    """How it came, where a push of its source had left out what it says."""
    entered_with: tuple[datetime, ...] = ()
    """Where its platform says that it was entered late: when the first late step of each other case ended that the same
    operator entered at the same time."""
