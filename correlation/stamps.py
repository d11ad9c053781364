"""How exact a platform's stamps are."""

from datetime import datetime, timedelta

COARSEST = timedelta(minutes=1)
"""A stamp without seconds may mean any moment of its minute."""


def latest(stamp: datetime) -> datetime:
    """The last moment that it may mean."""
    without_seconds = stamp.second == 0 and stamp.microsecond == 0
    return stamp + (COARSEST if without_seconds else timedelta(0))
