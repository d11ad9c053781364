"""Wall time of a camera's packets.

A camera's sender reports say when a frame was taken by the camera's own clock. Where they are missing or disagree with
the recorder's clock by more than MAX_CLOCK_OFFSET, the arrival of the least delayed packet is taken: delay only ever
makes a packet later, so the earliest `arrival − media time` is the nearest to the truth. The wall time of consecutive
GOPs follows the media time with corrections of at most MAX_SLEW_PPM, so that jitter never shows; a difference that
would take long to make up is a step, which starts a new segment.
"""

from dataclasses import dataclass
from datetime import timedelta

from storage.models import MAX_CLOCK_OFFSET, ClockSource

MAX_DISAGREEMENT_US = MAX_CLOCK_OFFSET // timedelta(microseconds=1)
MAX_SLEW_PPM = 500
STEP_US = 500_000
WINDOW_US = 60_000_000
"""The least delay is that of the last one to two windows, so that it follows a drifting camera crystal."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The clock at a GOP's first frame."""

    wall_us: int
    source: ClockSource
    offset_us: int
    """Camera clock minus recorder clock; 0 when the camera says nothing."""
    stepped: bool
    """The wall time does not continue that of the GOP before."""


class CameraClock:
    """One per connection. All times in integer microseconds; media time is `pts` in microseconds.

    `usual_lead_us` is by how much the camera's clock led (or, negative, trailed) the least delayed arrival on the
    connection before, so that a reconnection does not step when the first report comes.
    """

    def __init__(self, usual_lead_us: int = 0) -> None:
        self._usual_lead_us = usual_lead_us if abs(usual_lead_us) <= MAX_DISAGREEMENT_US else 0
        self._least: int | None = None
        self._least_before: int | None = None
        self._window_start: int | None = None
        self._report_base: int | None = None
        self._base: int | None = None
        self._base_media = 0

    def observe(self, media_us: int, arrival_us: int, report_us: int | None) -> None:
        """A packet has arrived; `report_us` is its wall time by the camera's last sender report, if there was one."""
        base = arrival_us - media_us
        if self._window_start is None or not 0 <= media_us - self._window_start < WINDOW_US:
            self._window_start, self._least_before, self._least = media_us, self._least, None
        self._least = base if self._least is None else min(self._least, base)
        if report_us is not None:
            self._report_base = report_us - media_us

    @property
    def offset_us(self) -> int:
        """Camera clock minus recorder clock at the least delayed packet; 0 without reports."""
        return self._report_base - self._arrival_base if self._report_base is not None else 0

    @property
    def source(self) -> ClockSource:
        sane = self._report_base is not None and abs(self.offset_us) <= MAX_DISAGREEMENT_US
        return ClockSource.SENDER_REPORT if sane else ClockSource.ARRIVAL

    @property
    def lead_us(self) -> int:
        """To hand to the next connection's clock."""
        return self.offset_us if self.source is ClockSource.SENDER_REPORT else 0

    def wall_us(self, media_us: int) -> int:
        """Wall time of a frame just observed, as far as is known now; for those who watch live."""
        return media_us + (self._target_base if self._base is None else self._base)

    def read(self, media_us: int) -> Reading:
        """Wall time of a complete GOP's first frame; call it once per GOP, in order, after observing its packets."""
        stepped = self._advance(media_us)
        assert self._base is not None
        return Reading(media_us + self._base, self.source, self.offset_us, stepped)

    @property
    def _arrival_base(self) -> int:
        known = [base for base in (self._least, self._least_before) if base is not None]
        return min(known)

    @property
    def _target_base(self) -> int:
        if self.source is ClockSource.SENDER_REPORT:
            assert self._report_base is not None
            return self._report_base
        # A camera that lies is not a camera that usually leads.
        return self._arrival_base + (self._usual_lead_us if self._report_base is None else 0)

    def _advance(self, media_us: int) -> bool:
        target = self._target_base
        elapsed, self._base_media = max(media_us - self._base_media, 0), media_us
        if self._base is None:
            self._base = target
            return False
        error = target - self._base
        if abs(error) > STEP_US:
            self._base = target
            return True
        limit = elapsed * MAX_SLEW_PPM // 1_000_000
        self._base += max(-limit, min(limit, error))
        return False
