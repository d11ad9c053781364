"""One camera stream, kept going: connect, take packets, and after any failure start anew."""

import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import structlog

from ingest.video.accompaniment import Accompaniment
from ingest.video.connection import NOTHING_LEARNED, Connection, Learned
from ingest.video.hub import Hub
from ingest.video.intake import Intake
from ingest.video.meter import Meter
from ingest.video.parameter_sets import BadParameterSets
from ingest.video.rtsp.failures import PasswordRefused
from ingest.video.segmenter import Gop
from ingest.video.server_clock import ServerClock
from ingest.video.source import Pauses, RtspSource, SourceFailure, SourcePacket, Transport, open_source
from storage.models import GapCause

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 10.0
PROVEN_S = 10.0
"""A connection that lasted this long was good: the next wait is short again."""
REFUSED_WAIT_S = 180.0
"""After a refused password: cameras lock whoever repeats a wrong one. A new one is tried at once, by a new worker.

One that was taken before is tried once more after LONGEST_WAIT_S: cameras also refuse everybody while they start.
"""

OpenStream = Callable[[str, Transport, ServerClock, bool], AbstractContextManager[RtspSource]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CameraFeed:
    """A camera as the recorder needs it."""

    id: str
    url: str
    """With credentials; never logged."""
    sub_url: str = ""
    transport: Transport = "tcp"
    enabled: bool = True
    audio: bool = False
    """Its sound is recorded, too."""

    @property
    def main(self) -> tuple[str, Transport, bool]:
        """What the recording depends on: when it changes, the stream is opened anew."""
        return self.url, self.transport, self.audio

    @property
    def sub(self) -> tuple[str, Transport]:
        """The same for the sub-stream."""
        return self.sub_url, self.transport

    def __repr__(self) -> str:
        return f"CameraFeed(id={self.id!r})"


def next_wait(before_s: float, lasted_s: float, refused: bool) -> float:
    """Seconds until the next attempt, after one that lasted so long."""
    if refused:
        return REFUSED_WAIT_S
    return FIRST_WAIT_S if lasted_s > PROVEN_S else min(before_s * 2, LONGEST_WAIT_S)


class CameraWorker:
    """A thread for one stream. `intake` is None for a sub-stream, which is watched and not recorded."""

    def __init__(
        self,
        camera_id: str,
        url: str,
        transport: Transport,
        hub: Hub,
        intake: Intake | None = None,
        clock: ServerClock | None = None,
        audio: bool = False,
        open_stream: OpenStream = open_source,
        learned: Learned = NOTHING_LEARNED,
    ) -> None:
        """`learned`: of the camera before."""
        self._camera_id, self._url, self._transport = camera_id, url, transport
        self._open_stream = open_stream
        self._hub, self._intake, self._clock = hub, intake, clock or ServerClock()
        self._audio = audio
        self._stop = threading.Event()
        self._abandoned = self._was_accepted = False
        self.learned = learned
        """What its next connection begins with."""
        self.meter = Meter()
        self._thread = threading.Thread(target=self._run, name=f"camera-{camera_id}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._stop.set()

    def join(self, timeout: float) -> bool:
        """Whether the thread has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def abandon(self, detail: str) -> None:
        """For a thread that hangs in a look-up of a name or in a write: what it still brings is not taken."""
        self._abandoned = True
        self._stop.set()
        self._hub.disconnected()
        self.meter.failed(detail, self._clock.now())
        if self._intake is not None:
            self._intake.failed(GapCause.CAMERA_STALLED, detail, self._clock.now())

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._stop.is_set():
            wait_s = self.attempt(wait_s)
            self._stop.wait(wait_s * random.uniform(0.5, 1.0))  # noqa: S311

    def attempt(self, waited_s: float) -> float:
        """One connection, to its end. Seconds until the next attempt, after a wait of `waited_s` before this one."""
        began, refused = self._clock.since_boot_s(), False
        try:
            self._run_once()
        except SourceFailure as failure:
            refused = isinstance(failure, PasswordRefused)
            self._failed(failure.cause, str(failure))
        except BadParameterSets as error:
            self._failed(GapCause.STREAM_UNSUPPORTED, str(error))
        except Exception:
            log.exception("camera_worker_failed", camera=self._camera_id)
            self._failed(GapCause.UNKNOWN, "internal error, see the log")
        if refused and self._was_accepted:
            self._was_accepted = False
            return LONGEST_WAIT_S
        return next_wait(waited_s, self._clock.since_boot_s() - began, refused)

    def _run_once(self) -> None:
        """Returns when asked to stop; raises when the stream fails."""
        with self._open_stream(self._url, self._transport, self._clock, self._audio) as source:
            connection = Connection(source.codec, source.extradata, source.time_base, self.learned)
            source.pauses = Pauses(self.learned.pause_ms)
            sound = Accompaniment(source.audio) if source.audio is not None else None
            self._tell_audio(source.audio_problem)
            try:
                self._receive(source, connection, sound)
            finally:
                self._learn(source, connection)
                last = connection.finish()
                self._record(last if sound is None else sound.finish(last))
                if not self._abandoned:
                    self._hub.disconnected()

    def _receive(self, source: RtspSource, connection: Connection, sound: Accompaniment | None) -> None:
        self._was_accepted = True
        self.meter.connected(self._clock.now())
        log.info("camera_connected", camera=self._camera_id)
        is_recorded = self._intake is not None
        for packet in source.packets():
            source.is_patient = is_recorded and not self._hub.is_watched and connection.clock.is_calm
            if self._stop.is_set():
                return
            if packet is None:
                continue
            gops = self._take(packet, connection)
            if gops:
                self._learn(source, connection)
            self._record(gops if sound is None else self._joined(sound, gops, packet.arrival_us))

    def _learn(self, source: RtspSource, connection: Connection) -> None:
        self.learned = replace(connection.learned, pause_ms=source.pauses.usual_ms)

    def _joined(self, sound: Accompaniment, gops: tuple[Gop, ...], now_us: int) -> tuple[Gop, ...]:
        ready = sound.joined(gops, now_us)
        if ready:
            self._tell_audio(sound.problem)
        return ready

    def _tell_audio(self, problem: str) -> None:
        if self.meter.audio(problem):
            log.warning("audio_not_recorded", camera=self._camera_id, detail=problem)

    def _take(self, packet: SourcePacket, connection: Connection) -> tuple[Gop, ...]:
        taken = connection.take(packet)
        if taken.rate_error_ppm:
            log.warning("camera_counts_time_wrongly", camera=self._camera_id, rate_error_ppm=taken.rate_error_ppm)
        self.meter.packet(packet, connection.clock)
        for item in (taken.info, taken.frame):
            if item is not None:
                self._hub.publish(item)
        return taken.gops

    def _record(self, gops: tuple[Gop, ...]) -> None:
        if self._intake is not None and not self._abandoned:
            for gop in gops:
                self._intake.record(gop, self._clock.now())

    def _failed(self, cause: GapCause, detail: str) -> None:
        if self._stop.is_set():
            return
        if self.meter.failed(detail, self._clock.now()):
            log.warning("camera_failed", camera=self._camera_id, cause=cause.value, detail=detail)
        if self._intake is not None:
            self._intake.failed(cause, detail, self._clock.now())
