"""Whether a counter serves, as the public is told. Pure."""

from enum import StrEnum

from storage.models import StaffState


class CounterState(StrEnum):
    OPEN = "open"
    PAUSED = "paused"  # the hall is open and nobody sits there
    CLOSED = "closed"  # the hall is
    UNKNOWN = "unknown"


_SEEN = {StaffState.STAFFED: CounterState.OPEN, StaffState.UNSTAFFED: CounterState.PAUSED}


def state_of(staff: StaffState, *, is_open: bool) -> CounterState:
    """`is_open`: the hall is. What cannot be seen is never guessed."""
    return _SEEN.get(staff, CounterState.UNKNOWN) if is_open else CounterState.CLOSED
