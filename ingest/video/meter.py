"""How a stream is doing: counted by its thread, read by the one that reports."""

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ingest.video.clock import CameraClock
from ingest.video.frames import from_us
from ingest.video.source import SourcePacket
from storage.models import ClockSource


@dataclass(frozen=True, slots=True)
class Health:
    """A moment's view of a stream; rates are over the time since the view before."""

    connected: bool = False
    since: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    last_frame: datetime | None = None
    fps: float = 0.0
    bitrate: float = 0.0
    """Bit/s."""
    reconnects: int = 0
    smears: int = 0
    """Pictures before which packets were lost, since the recorder started."""
    clock_source: ClockSource = ClockSource.ARRIVAL
    clock_offset_us: int = 0
    error: str = ""
    error_since: datetime | None = None
    """Since when it is this one."""
    sub_error: str = ""
    """Of the sub-stream, when it was last asked for."""
    audio_problem: str = ""
    """Why the sound is not recorded though it is to be."""


class Meter:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._health = Health(since=datetime.now(UTC))
        self._connections = 0
        self._clock: CameraClock | None = None
        self._frames = self._bytes = self._last_us = self._smears = 0
        self._read_at = datetime.now(UTC)

    def connected(self, now: datetime) -> None:
        with self._lock:
            self._connections += 1
            self._set(connected=True, since=now, reconnects=self._connections - 1)
            self._last_us = 0

    def packet(self, packet: SourcePacket, clock: CameraClock) -> None:
        # Without the lock: only the stream's thread writes these, and a reader may miss one packet.
        self._frames += 1
        self._bytes += len(packet.data)
        self._smears += packet.after_loss
        self._last_us = packet.arrival_us
        self._clock = clock

    def failed(self, detail: str, now: datetime) -> bool:
        """Whether this is news: the same error again is not."""
        with self._lock:
            before = self._health
            since = now if before.connected else before.since
            error_since = before.error_since if before.error == detail else now
            self._health = replace(before, connected=False, since=since, error=detail, error_since=error_since)
            return before.connected or before.error != detail

    def audio(self, problem: str) -> bool:
        """How the sound is doing; whether that is bad news."""
        with self._lock:
            before = self._health.audio_problem
            self._set(audio_problem=problem)
            return problem not in ("", before)

    def read(self, now: datetime) -> Health:
        """The state now; starts a new span for the rates."""
        with self._lock:
            seconds = max((now - self._read_at).total_seconds(), 0.001)
            frames, size, self._frames, self._bytes = self._frames, self._bytes, 0, 0
            self._read_at = now
            last = from_us(self._last_us + self._server_step_us) if self._last_us else self._health.last_frame
            self._set(last_frame=last, fps=frames / seconds, bitrate=size * 8 / seconds, smears=self._smears)
            if self._clock is not None:
                self._set(clock_source=self._clock.source, clock_offset_us=self._clock.offset_us)
            if self._health.connected and frames:
                self._set(error="", error_since=None)
            return self._health

    @property
    def _server_step_us(self) -> int:
        """Others compare the last frame's time with their own time of day."""
        return self._clock.server_step_us if self._clock is not None else 0

    def _set(self, **changes: object) -> None:
        self._health = replace(self._health, **changes)  # type: ignore[arg-type]
