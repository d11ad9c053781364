"""Whether the system keeps the machine's time of day right: what every wall time of footage rests on."""

import ctypes

_TIMEX_BYTES = 512
"""More than any system's `struct timex` has; all zero asks and changes nothing."""
_TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronised."""


def is_synchronised() -> bool | None:
    """As NTP or PTP told the kernel; None where the system does not say."""
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return None
    state = adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return None if state < 0 else state != _TIME_ERROR
