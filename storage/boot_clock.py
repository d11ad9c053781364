"""The machine's monotonic clock: it never steps, whatever is done to the time of day."""

import time
from datetime import timedelta
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_BOOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def since_boot_ns() -> int:
    """Monotonic, also through a sleep of the machine, where the system can tell."""
    return time.clock_gettime_ns(_BOOT) if _BOOT is not None else time.monotonic_ns()


def since_boot() -> timedelta:
    return timedelta(microseconds=since_boot_ns() // 1000)


def boot_id() -> str:
    """Names the machine and its start; empty where the system does not tell."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""
