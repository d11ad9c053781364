"""The sound of a camera as it comes: frames, and when each was heard by the clocks there are."""

from collections import deque
from dataclasses import dataclass

from ingest.video.arrival import ArrivalFit
from ingest.video.audio import AudioFrame
from ingest.video.rtsp.access_units import FrameCollector
from ingest.video.rtsp.audio_descriptions import AudioTrack
from ingest.video.rtsp.media_time import MediaTime
from ingest.video.rtsp.reporting import Reporting
from ingest.video.rtsp.rtp import BadPacket, sender_report
from ingest.video.server_clock import ServerClock

_MOST_WAITING = 4_096
_LEAP_US = 1_000_000
"""By so much the time between two frames may differ from that between their arrivals; more is another time line."""


@dataclass(slots=True)
class HeardFrame:
    frame: AudioFrame
    media_us: int
    """Its ticks in microseconds."""
    reported_us: int | None
    """When it was heard by the camera's clock, microseconds since 1970; None as long as the camera has not said."""


class AudioReceiver:
    """Of one connection. Not safe to share between threads."""

    def __init__(self, track: AudioTrack, clock: ServerClock) -> None:
        self.format = track.format
        self._clock = clock
        self._collector = FrameCollector(track)
        self._media_time = MediaTime(track.format.hz)
        self._reporting = Reporting()
        self._fit = ArrivalFit()
        self._last: tuple[int, int] | None = None
        self._waiting: deque[HeardFrame] = deque(maxlen=_MOST_WAITING)

    def take(self, is_media: bool, packet: memoryview) -> None:
        """RTP, or else RTCP."""
        if not is_media:
            if report := sender_report(bytes(packet), self._clock.read()[0]):
                self._media_time.reported(report)
                self._reporting.heard(report, self._clock.since_boot_s())
            return
        try:
            for timestamp, data in self._collector.take(packet):
                self._hear(timestamp, data)
        except BadPacket:
            return  # noise, or of another protocol

    def report(self, now: float) -> bytes | None:
        """What to tell the camera of its sound; None before any has come."""
        return self._reporting.packet(self._collector.source, self._collector.highest_sequence, now)

    def heard(self) -> list[HeardFrame]:
        """What has come since it was asked for last."""
        frames = list(self._waiting)
        self._waiting.clear()
        return frames

    def monotonic_us(self, heard: HeardFrame) -> int:
        """When it was heard by the server's monotonic clock: as if it had come as quickly as the quickest.

        Where frames lie for a while before they are looked at, those are the quickest that came just before the look.
        """
        return heard.media_us + self._fit.base_us

    def _hear(self, timestamp: int, data: bytes) -> None:
        arrival_us, server = self._clock.read()
        monotonic_us = arrival_us - server.ahead_us
        ticks = self._media_time.ticks(timestamp, monotonic_us)
        media_us = ticks * 1_000_000 // self.format.hz
        if self._last is not None and abs(media_us - self._last[0] - monotonic_us + self._last[1]) > _LEAP_US:
            self._fit = ArrivalFit()
        self._last = media_us, monotonic_us
        # Before a frame has been heard out it cannot have been sent.
        lasts_us = self.format.ticks_of(data) * 1_000_000 // self.format.hz
        self._fit.observe(media_us + lasts_us, monotonic_us)
        self._waiting.append(HeardFrame(AudioFrame(data, ticks), media_us, self._media_time.report_us()))
