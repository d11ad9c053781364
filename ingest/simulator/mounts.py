"""One stream of a simulated camera: what feeds it, who watches it, and how it can misbehave."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from ingest.simulator.disturbance import Disturbance
from ingest.simulator.rtp import ParameterSets, RtpClock, RtpSender, find_parameter_sets, split_nals
from ingest.simulator.sound import SoundStream, SoundUnit

REPORT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One encoded H.264 picture."""

    data: bytes
    """Annex B; a keyframe carries its parameter sets."""
    wall: datetime
    """When the picture was taken, by a true clock."""
    keyframe: bool


class Lie(StrEnum):
    """What is wrong in a stream's description."""

    NONE = "none"
    NO_PARAMETER_SETS = "no_parameter_sets"
    OTHER_PARAMETER_SETS = "other_parameter_sets"  # of pictures of another size
    OTHER_CODEC = "other_codec"
    NO_VIDEO = "no_video"
    NONSENSE = "nonsense"


class Viewer(Protocol):
    """A connected client that plays. Its methods run in the server's thread."""

    def send_media(self, packets: list[bytes], keyframe: bool) -> None: ...
    def send_report(self, report: bytes) -> None: ...
    def send_sound(self, packet: bytes, is_media: bool) -> None: ...
    def wait_for_keyframe(self) -> None: ...
    def disconnect(self) -> None: ...
    def fall_silent(self) -> None: ...


class Mount:
    """A stream at one path. The switches may be set from any thread, at any time.

    `stalled`: clients stay connected and get nothing.
    `reports`: False sends no sender reports.
    `clock_offset`: how far the camera's own clock is ahead, as told by its sender reports.
    `set_clock_rate()`: that it runs too fast, by so many parts of the true time, from then on.
    `rtp_clock`: the clock of its timestamps, which can leap and run at another rate.
    `reboot()` cuts all clients; the stream they find then has other numbers and another RTP clock.
    `disturbance`: what happens to its packets on their way.
    `sound`: what its description says of it; None without. `sound_stalled`: it is promised and not sent.
    `lie`: what is wrong in its description.
    `half_open()`: the clients of now stay connected and hear nothing more, not even answers; new ones are served.
    `drop()` closes every client and refuses new ones until `restore()`.
    """

    def __init__(self, path: str, call_soon: Callable[..., None], clock: Callable[[], datetime] | None = None) -> None:
        self.path = path
        self.stalled = False
        self.reports = True
        self.disturbance = Disturbance()
        self.lie = Lie.NONE
        self.sound: SoundStream | None = None
        self.sound_stalled = False
        self._sound_sender: RtpSender | None = None
        self.clock_offset = timedelta(0)
        self.parameters: ParameterSets | None = None
        self._call_soon = call_soon
        self._clock = clock or (lambda: datetime.now(UTC))
        self._dropped = False
        self._viewers: set[Viewer] = set()
        self._sender = RtpSender(secrets.randbits(31))
        self._clock_rate, self._rate_since = 0.0, self._clock()

    def feed(self, unit: AccessUnit) -> None:
        """Send a picture to everybody who watches; returns at once."""
        self._call_soon(self._deliver, unit)

    def feed_sound(self, unit: SoundUnit) -> None:
        """Send a frame of sound to everybody who has asked for it; returns at once."""
        self._call_soon(self._deliver_sound, unit)

    def half_open(self) -> None:
        self._call_soon(self._fall_silent)

    def drop(self) -> None:
        self._dropped = True
        self._call_soon(self._disconnect_all)

    def restore(self) -> None:
        self._dropped = False

    def set_clock_rate(self, rate: float) -> None:
        self._clock_rate, self._rate_since = rate, self._clock()

    @property
    def rtp_clock(self) -> RtpClock:
        return self._sender.clock

    def reboot(self) -> None:
        self._call_soon(self._start_anew)

    @property
    def dropped(self) -> bool:
        return self._dropped

    @property
    def viewers(self) -> int:
        """How many clients are playing."""
        return len(self._viewers)

    def join(self, viewer: Viewer) -> None:
        """Called in the server's thread; pictures start at the next keyframe."""
        self._viewers.add(viewer)
        if self.reports:
            self._report_to(viewer)

    def leave(self, viewer: Viewer) -> None:
        self._viewers.discard(viewer)

    async def report_forever(self) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            if self.reports and not self.stalled:
                for viewer in list(self._viewers):
                    self._report_to(viewer)

    def _report_to(self, viewer: Viewer) -> None:
        now = self._clock()
        ahead = self.clock_offset + (now - self._rate_since) * self._clock_rate
        viewer.send_report(self._sender.report(now, ahead))
        if self.sound is not None:
            viewer.send_sound(self._sender_of(self.sound).report(now, ahead), is_media=False)

    def _start_anew(self) -> None:
        self._disconnect_all()
        self._sound_sender = None
        self._sender = RtpSender(secrets.randbits(31))
        self._sender.clock.set(self._clock(), secrets.randbits(32))

    def _deliver(self, unit: AccessUnit) -> None:
        nals = split_nals(unit.data)
        self.parameters = find_parameter_sets(nals) or self.parameters
        if self.stalled:
            for viewer in self._viewers:
                viewer.wait_for_keyframe()
            return
        packets = self._sender.packets(nals, unit.wall)
        for viewer in list(self._viewers):
            viewer.send_media(packets, unit.keyframe)

    def _deliver_sound(self, unit: SoundUnit) -> None:
        if self.sound is None or self.sound_stalled:
            return
        if not self.stalled:
            packet = self._sender_of(self.sound).packet(unit.payload, unit.wall)
            for viewer in list(self._viewers):
                viewer.send_sound(packet, is_media=True)

    def _sender_of(self, sound: SoundStream) -> RtpSender:
        if self._sound_sender is None:
            # Another course than that of the pictures: only reports tell what belongs together.
            clock = RtpClock(sound.hz)
            clock.set(self._clock(), secrets.randbits(32))
            self._sound_sender = RtpSender(secrets.randbits(31), clock, sound.payload_type)
        return self._sound_sender

    def _fall_silent(self) -> None:
        for viewer in list(self._viewers):
            viewer.fall_silent()

    def _disconnect_all(self) -> None:
        for viewer in list(self._viewers):
            viewer.disconnect()
