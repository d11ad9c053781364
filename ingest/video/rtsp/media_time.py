"""Times of one stream: RTP timestamps without their wrap, decoding times, and the camera's own clock."""

from collections import deque
from statistics import median

from ingest.video.rtsp.rtp import SenderReport, signed

_MAX_DEPTH = 16
"""Pictures that a stream may send ahead of one that is shown earlier (H.264 A.3.1: at most 16)."""
_MOST_AHEAD = 6
"""Pictures that streams do send ahead of one that is shown earlier: five where 31 in a row are reordered."""
_MAX_BACK_S = 1
"""By so much a picture may be shown before the last one whatever was sent ahead."""
_MAX_REORDERED_S = 10
_LEAP_S = 1
"""By so much the time between two pictures may differ from that between their arrivals; more is a leap..."""
_LEAP_STEPS = 6
"""... unless it is less than so many usual steps: of a camera that sends few pictures, and these reordered."""
_STEPS = 16
"""So many tell what is usual."""
_MAX_REPORT_AGE_S = 10
"""Between a report and the first picture after it; more shows that the RTP clock has leapt between them."""


class MediaTime:
    """From 32-bit timestamps to ticks that go on counting; the first picture is at 0."""

    def __init__(self, clock_hz: int) -> None:
        self._clock_hz = clock_hz
        self._timestamp: int | None = None
        self._ticks = 0
        self.reports = 0
        """So many have been heard."""
        self.leapt = False
        """The RTP clock did, before the last picture."""
        self._reported: SenderReport | None = None
        self._reported_ticks: int | None = None
        self._arrival_us = 0
        self._steps: deque[int] = deque(maxlen=_STEPS)
        self._leap, self._max_report_age = _LEAP_S * clock_hz, _MAX_REPORT_AGE_S * clock_hz

    def ticks(self, timestamp: int, monotonic_us: int) -> int:
        """Of the next picture, which arrived at `monotonic_us`; it may lie before the last one."""
        if self._timestamp is not None:
            step = signed(timestamp - self._timestamp, 32)
            self._ticks += step
            self.leapt = abs(step) > self._leap and self._has_leapt(step, monotonic_us - self._arrival_us)
            if self.leapt:
                self._forget_report()
            self._steps.append(abs(step))
        self._timestamp, self._arrival_us = timestamp, monotonic_us
        return self._ticks

    def reported(self, report: SenderReport) -> None:
        self._reported, self._reported_ticks = report, None
        self.reports += 1

    def report_us(self) -> int | None:
        """The last picture's time by the camera's clock, microseconds since 1970.

        None before the first report, and between a leap of the RTP clock and the next one.
        """
        if self._reported is None or self._timestamp is None:
            return None
        if self._reported_ticks is None:
            # Once, while the report is fresh: timestamps wrap, and some cameras never report again.
            age = signed(self._timestamp - self._reported.timestamp, 32)
            if abs(age) > self._max_report_age:
                self._forget_report()
                return None
            self._reported_ticks = self._ticks - age
        since = self._ticks - self._reported_ticks
        return self._reported.wall_us + since * 1_000_000 // self._clock_hz

    def _has_leapt(self, step: int, passed_us: int) -> bool:
        """Pictures that are lost leave as long a pause as their timestamps tell of."""
        usual = median(self._steps) if self._steps else 0
        return abs(step - passed_us * self._clock_hz // 1_000_000) > max(self._leap, _LEAP_STEPS * usual)

    def _forget_report(self) -> None:
        """What it says holds for the RTP clock before a leap; the next one is of the clock after it."""
        self._reported = self._reported_ticks = None


class DecodingTimes:
    """RTP tells when a picture is shown, MP4 also wants when it is decoded.

    The decoding time is the smallest of the last shown times, of as many as the stream sends ahead. How many that are
    shows when a picture comes that is shown before one already sent.
    """

    def __init__(self, clock_hz: int) -> None:
        self._max_back, self._max_reordered = _MAX_BACK_S * clock_hz, _MAX_REORDERED_S * clock_hz
        self._sent: deque[int] = deque(maxlen=_MOST_AHEAD + 1)
        self._shown: list[int] = []
        self._depth = 0
        self._last: int | None = None

    def of(self, pts: int) -> int:
        """Ticks, each greater than the one before; a leap back of the timestamps themselves shows as one."""
        if self._last is not None and pts < self._last - self._max_back and self._has_leapt(self._last - pts, pts):
            self._shown, self._last = [], None
            self._sent.clear()
        self._sent.append(pts)
        if not self._depth and (self._last is None or pts > self._last):
            self._shown, self._last = [pts], pts
            return pts
        return self._reordered(pts)

    def _has_leapt(self, back: int, pts: int) -> bool:
        """Back by several pictures, all of which are shown later: no stream sends as many ahead."""
        return back > self._max_reordered or sum(sent > pts for sent in self._sent) > _MOST_AHEAD

    def _reordered(self, pts: int) -> int:
        ahead = sum(shown > pts for shown in self._shown)
        self._depth = min(max(self._depth, ahead), _MAX_DEPTH)
        self._shown = sorted([*self._shown, pts])[-(self._depth + 1) :]
        dts = self._shown[0]
        self._last = dts if self._last is None else max(dts, self._last + 1)
        return self._last
