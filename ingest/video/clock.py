"""Wall time of a camera's packets, and how far it may be off.

A camera's sender reports say when a frame was taken by the camera's own clock. They are believed while they differ from
the arrival of the least delayed picture (`ingest.video.arrival`) by no more than delay explains; else that arrival is
taken. The wall time of consecutive GOPs follows the media time with corrections of at most MAX_SLEW_PPM, so that jitter
never shows; a difference that would take long to make up is a step, which starts a new segment.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from ingest.video.arrival import FRESH_RATE_US, LEAST_DELAY_US, WINDOW_US, ArrivalFit
from ingest.video.report_rate import VOUCHED_PPM, ReportRate
from ingest.video.server_clock import UNDISTURBED, ServerReading
from storage.models import MAX_CLOCK_ERROR, MAX_CLOCK_OFFSET, ClockSource

MAX_DISAGREEMENT_US = MAX_CLOCK_OFFSET // timedelta(microseconds=1)
MAX_SLEW_PPM = 500
MAX_DRIFT_PPM = 200
"""Premise: a camera's crystal is not further off."""
STEP_US = 500_000
MAX_BEHIND_US, MAX_AHEAD_US = LEAST_DELAY_US + 50_000, 50_000
"""A report is believed from so far behind the least delayed arrival to so far ahead of it,"""
HYSTERESIS_US = 50_000
"""and once believed until it is further off by this."""
DRIFT_US = (WINDOW_US + 10_000_000) * MAX_DRIFT_PPM // 1_000_000
"""What a crystal can drift while the fit looks back, and within the longest GOP."""
_LEARNED_RATE_US = 100_000
"""By what a rate that was read off arrivals, right to some 3 %, goes astray in the two seconds that are looked at."""
_UNKNOWN_RATE_US = 200_000
"""By what a rate that is not known yet goes astray in a second, if it is no further off than that of 25 for 21."""
_REFINED_PPM = 40_000
"""What is left of a miscount by less than this needs no other proof while the rate is fresh."""
_RENEWED_STEP_US = 20_000
_FEWEST_SEEN = 2
_ROUNDING_US = 50_000
_TRUSTED_US = MAX_CLOCK_ERROR // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ClockEvidence:
    """What each clock says of a segment's first frame, so that its time can be judged, and corrected, later."""

    reported_us: int | None = None
    """By the camera's sender reports, believed or not; None without."""
    arrival_us: int | None = None
    """By the arrival of the least delayed picture; None when nobody has looked."""
    monotonic_us: int = 0
    """The same moment by the server's monotonic clock, since its boot."""
    server_step_us: int = 0
    """By how much the server's time of day disagreed, in a step that was not believed (yet)."""
    error_us: int = 500_000
    """Every frame's wall time is within this of the truth, under the premises."""


NO_EVIDENCE = ClockEvidence()


@dataclass(frozen=True, slots=True)
class Reading:
    """The clock at a GOP's first frame."""

    wall_us: int
    source: ClockSource
    offset_us: int
    """Camera clock minus recorder clock; 0 when the camera says nothing."""
    stepped: bool
    """The wall time does not continue that of the GOP before."""
    evidence: ClockEvidence


def with_stated_error(evidence: ClockEvidence, rise_us: int = 0) -> ClockEvidence:
    """The bound rounded up, so that it holds for what comes in the same segment, too, where it rises by so much.

    Not so far that it alone would make the footage untrusted.
    """
    rounded = -(-(evidence.error_us + rise_us + _ROUNDING_US // 2) // _ROUNDING_US) * _ROUNDING_US
    most = _TRUSTED_US if evidence.error_us <= _TRUSTED_US else rounded
    return replace(evidence, error_us=min(rounded, most))


class CameraClock:
    """One per connection. All times in integer microseconds; media time is `pts` in microseconds.

    `usual_lead_us` is by how much the camera's clock led (or, negative, trailed) the least delayed arrival on the
    connection before, so that a reconnection does not step when the first report comes. `has_learned_rate`: media time
    is stretched by a rate that was read off arrivals.
    """

    def __init__(self, usual_lead_us: int = 0, has_learned_rate: bool = False) -> None:
        self._usual_lead_us = usual_lead_us if -MAX_BEHIND_US <= usual_lead_us <= MAX_AHEAD_US else 0
        self._lead_us = self._usual_lead_us
        self._fit = ArrivalFit()
        self._server = UNDISTURBED
        self._report_base: int | None = None
        self._believed = self._was_believed = False
        self._reports = ReportRate()
        self._renewals = 0
        self._has_learned_rate = has_learned_rate
        self._rate_changed_us: int | None = None
        self._media_us = 0
        self._seen, self._came_together = 0, False
        self._base: int | None = None
        self._base_media = 0

    def observe(
        self,
        media_us: int,
        monotonic_us: int,
        report_us: int | None,
        server: ServerReading = UNDISTURBED,
        reports: int = 0,
        seen: bool = True,
    ) -> None:
        """A packet has arrived; `report_us` is its wall time by the last of so many sender reports, if there is one.

        Not `seen`: when it arrived is reckoned from one that came with it.
        """
        self._came_together |= not seen
        self._seen += seen
        self._fit.observe(media_us, monotonic_us)
        self._media_us = media_us
        self._server = server
        self._report_base = None if report_us is None else report_us - media_us
        if self._report_base is not None:
            self._reports.observe(media_us, self._report_base, reports)

    @property
    def offset_us(self) -> int:
        """Camera clock minus recorder clock at the least delayed packet; 0 without reports.

        While a step of the recorder's clock is not believed yet, the nearer of its two times counts.
        """
        report_base = self._report_base  # the one who asks may be another thread
        if report_base is None:
            return 0
        offset = report_base - self._arrival_base
        return min(offset, offset - self._server.step_us, key=abs)

    @property
    def source(self) -> ClockSource:
        return ClockSource.SENDER_REPORT if self._believed else ClockSource.ARRIVAL

    @property
    def is_calm(self) -> bool:
        """Nothing has to be found out that takes a look at every picture's arrival."""
        return not self._fit.is_settling and not self._fit.trend.ppm

    @property
    def server_step_us(self) -> int:
        """As in ClockEvidence, now."""
        return self._server.step_us

    @property
    def lead_us(self) -> int:
        """To hand to the next connection's clock."""
        return self._lead_us

    @property
    def rate_error_ppm(self) -> int:
        """By how much a second of media time is longer than a second; 0 unless it clearly is."""
        trend = self._fit.trend
        if not trend.ppm:
            return 0
        reported_ppm = self._reports.rate_ppm
        if reported_ppm is not None:
            if abs(reported_ppm - trend.ppm) <= abs(trend.ppm) // 2:
                return reported_ppm
            if self._believed and abs(reported_ppm) < VOUCHED_PPM:
                return 0
        return trend.ppm if trend.is_sure or self._is_left_of_a_miscount(trend.ppm) else 0

    def _is_left_of_a_miscount(self, ppm: int) -> bool:
        return self._is_refined and abs(ppm) < _REFINED_PPM

    @property
    def _is_refined(self) -> bool:
        """The connection's first rate was learned so lately that it may not be quite right."""
        return self._rate_changed_us is not None and self._media_us - self._rate_changed_us < FRESH_RATE_US

    def media_rate_changed(self, media_us: int, monotonic_us: int) -> None:
        """From this packet on media time counts differently."""
        self._fit.restart(media_us, monotonic_us)
        self._report_base, self._reports = None, ReportRate()
        # What was learned of them on this connection was reckoned by a wrong rate.
        self._lead_us = self._usual_lead_us
        self._has_learned_rate = True
        if self._rate_changed_us is None:
            self._rate_changed_us = media_us

    def wall_us(self, media_us: int) -> int:
        """Wall time of a frame just observed, as far as is known now; for those who watch live."""
        return media_us + (self._target() if self._base is None else self._base)

    def read(self, media_us: int, may_step: bool = True) -> Reading:
        """Wall time of a complete GOP's first frame; call it once per GOP, in order, after observing its packets."""
        target = self._target()
        stepped = self._advance(media_us, target, may_step)
        assert self._base is not None
        return Reading(self._base + media_us, self.source, self.offset_us, stepped, self._evidence(media_us))

    @property
    def _arrival_base(self) -> int:
        return self._fit.base_us + self._server.ahead_us

    def _target(self) -> int:
        self._judge()
        if self._believed and self._report_base is not None:
            return self._report_base
        return self._arrival_base + self._lead_us

    def _judge(self) -> None:
        """Whether the camera's reports are believed."""
        if self._report_base is None:
            self._believed = False
            return
        offset, more = self.offset_us, HYSTERESIS_US if self._believed else 0
        furthest_behind = MAX_DISAGREEMENT_US if self._fit.is_settling else MAX_BEHIND_US
        self._believed = -furthest_behind - more <= offset <= MAX_AHEAD_US + more
        if not self._fit.is_settling:
            # A camera that lies is not a camera that usually leads.
            self._lead_us = offset if self._believed else 0

    def _advance(self, media_us: int, target: int, may_step: bool) -> bool:
        elapsed, self._base_media = max(media_us - self._base_media, 0), media_us
        if self._base is None:
            self._base = target
        error, largest_slewed = target - self._base, self._largest_slewed()
        if may_step:
            self._was_believed, self._renewals = self._believed, self._fit.renewals
        if may_step and abs(error) > largest_slewed:
            self._base = target
            return True
        limit = elapsed * MAX_SLEW_PPM // 1_000_000
        self._base += max(-limit, min(limit, error))
        return False

    def _largest_slewed(self) -> int:
        """Where a new segment begins anyway, or what was known has been given up, nothing is gained by waiting."""
        changed = self._believed != self._was_believed or self._renewals != self._fit.renewals
        return _RENEWED_STEP_US if changed else STEP_US

    def _evidence(self, media_us: int) -> ClockEvidence:
        return ClockEvidence(
            None if self._report_base is None else media_us + self._report_base,
            media_us + self._arrival_base,
            media_us + self._fit.base_us,
            self._server.step_us,
            self._error_us(),
        )

    def _error_us(self) -> int:
        """The truth lies between the least delayed arrival and the longest least delay before it, by either time of day
        that the server has."""
        assert self._base is not None
        is_one_moment = self._came_together and self._seen < _FEWEST_SEEN  # which may be that of a backlog
        delay = MAX_DISAGREEMENT_US if self._fit.is_settling or is_one_moment else LEAST_DELAY_US
        step = self._server.step_us
        earliest = self._arrival_base - delay - DRIFT_US + min(0, step)
        latest = self._arrival_base + DRIFT_US + max(0, step) + self._later_by_rate()
        return max(self._base - earliest, latest - self._base)

    def _later_by_rate(self) -> int:
        """How far the least delayed picture of two minutes may lie before the truth: not after those that come now."""
        if self._has_learned_rate:
            return self._fit.least_of_late_us() - self._fit.base_us + _LEARNED_RATE_US
        rate_ppm = self._reports.rate_ppm
        if self._believed and rate_ppm is not None and abs(rate_ppm) < VOUCHED_PPM:
            return 0
        return self._fit.least_of_newest_us() - self._fit.base_us + _UNKNOWN_RATE_US
