"""A camera's coded pictures as a track that aiortc sends as they are, without decoding."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import VIDEO_TIME_BASE, MediaStreamError

from web.live.codecs import peer_problem
from web.live.hub import Viewing
from web.live.packaging import LiveFrame, LiveItem, LiveStart
from web.live.timeline import TIMESCALE

_WRAP = 1 << 32


class PassThroughTrack(MediaStreamTrack):
    """Ends when the stream turns into something that a peer connection cannot carry; `ended_by` then says why."""

    kind = "video"

    def __init__(self, viewing: Viewing, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._viewing = viewing
        self._frames: deque[LiveFrame] = deque()
        self._stamps = CatchUp(monotonic_s)
        self._last_present: int | None = None
        self.last_sent: LiveFrame | None = None
        self.ended_by: str | None = None

    async def recv(self) -> "av.Packet[Any]":
        while self.readyState == "live" and not self._frames:
            self._accept(await self._viewing.get())
        if self.readyState != "live":
            raise MediaStreamError
        frame = self.last_sent = self._frames.popleft()
        return _packet(frame, self._stamps.of(frame.present))

    def _accept(self, items: list[LiveItem]) -> None:
        for item in items:
            reason = self._unsuitable(item)
            if reason:
                self.ended_by = reason
                self.stop()
                return
            if isinstance(item, LiveFrame):
                self._frames.append(item)
                self._last_present = item.present

    def _unsuitable(self, item: LiveItem) -> str | None:
        if isinstance(item, LiveStart):
            return peer_problem(item.sets)
        early = isinstance(item, LiveFrame) and self._last_present is not None and item.present < self._last_present
        return "b_frames" if early else None


class CatchUp:
    """Stamps for pictures that arrive faster than they were taken.

    At the start the pictures since the last keyframe come in a burst. Stamped by their own times the browser would play
    them in real time and stay behind by their length; stamped a millisecond apart it shows the newest at once.
    """

    SLACK = TIMESCALE * 3 // 10
    STEP = TIMESCALE // 1000

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._first: tuple[float, int] | None = None
        self._last = 0
        self._skipped = 0

    def of(self, present: int) -> int:
        """The stamp of the picture whose own time is `present`; both in ticks, stamps always grow."""
        if self._first is None:
            self._first = (self._monotonic_s(), present)
            self._last = present
            return present
        began_s, first = self._first
        stamp = present - self._skipped
        if stamp - first > (self._monotonic_s() - began_s) * TIMESCALE + self.SLACK:
            stamp = self._last + self.STEP
            self._skipped = present - stamp
        self._last = max(stamp, self._last + 1)
        return self._last


def _packet(frame: LiveFrame, ticks: int) -> "av.Packet[Any]":
    packet = av.Packet(frame.annex_b)
    packet.pts = packet.dts = ticks % _WRAP
    packet.time_base = VIDEO_TIME_BASE
    return packet
