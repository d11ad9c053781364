"""The limits of cases, and the cards that are raised when they pass."""

from enum import StrEnum


class Standing(StrEnum):
    """Where a case stands."""

    WAITING = "waiting"  # not accepted yet, or for its applicant
    OPEN = "open"
    DUE_SOON = "due_soon"
    STOPPED = "stopped"  # suspended: its days stand still
    YELLOW = "yellow"  # past its promised limit
    RED = "red"  # past its legal limit, or past the correction deadline
    DONE = "done"
    DONE_LATE = "done_late"


class CardKind(StrEnum):
    REMINDER = "reminder"
    YELLOW = "yellow"
    RED = "red"


class CardCause(StrEnum):
    DUE_SOON = "due_soon"
    PAST_PROMISED = "past_promised"
    PAST_LEGAL = "past_legal"
    NOT_CORRECTED = "not_corrected"  # its correction deadline has passed
    LINK_LATE = "link_late"  # a single link, though the whole may be in time
    HANDED_OVER_LATE = "handed_over_late"
