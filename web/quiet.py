"""Hours in which a channel is left in peace, for what can wait. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of the day up to another, of the next day where that is not later. Raises ValueError if equal."""

    start: time
    end: time
    zone: ZoneInfo = ZONE

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError(f"quiet hours from {self.start:%H:%M} to {self.end:%H:%M}: the two have to differ")

    def over_at(self, now: datetime) -> datetime | None:
        """When those end in which `now` lies; None outside of them."""
        today = now.astimezone(self.zone).date()
        for day in (today - timedelta(days=1), today):
            end = self._moment(day if self.start < self.end else day + timedelta(days=1), self.end)
            if self._moment(day, self.start) <= now < end:
                return end
        return None

    def _moment(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.zone).astimezone(UTC)


def quiet_hours(start: str, end: str) -> QuietHours | None:
    """From times of day as HH:MM; None where there are none."""
    return QuietHours(time.fromisoformat(start), time.fromisoformat(end)) if start and end else None
