"""What is done again and again, by a clock that may be set back."""

from datetime import datetime, timedelta


def is_due(now: datetime, due: datetime, every: timedelta) -> bool:
    """Once `due` is reached, and where the clock was set back, so that nothing waits until it says as much again."""
    return now >= due or now < due - every
