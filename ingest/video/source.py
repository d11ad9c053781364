"""A camera's stream: coded pictures with their times, and plain words when it fails."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from ingest.video.frames import Codec
from ingest.video.gathering import AT_ONCE, GATHER_S, GATHER_WITH_SOUND_S, Gathering, arrivals
from ingest.video.rtsp.audio_descriptions import AudioTrack
from ingest.video.rtsp.audio_receiver import AudioReceiver
from ingest.video.rtsp.descriptions import VideoTrack
from ingest.video.rtsp.failures import SourceFailure, ended, not_running, stalled
from ingest.video.rtsp.media_time import DecodingTimes, MediaTime
from ingest.video.rtsp.pictures import Picture, PictureAssembler
from ingest.video.rtsp.reporting import Reporting
from ingest.video.rtsp.rtp import says_goodbye, sender_report
from ingest.video.rtsp.session import Session
from ingest.video.rtsp.session import TransportName as Transport
from ingest.video.rtsp.transports import Transport as Incoming
from ingest.video.server_clock import UNDISTURBED, ServerClock, ServerReading

__all__ = ["RtspSource", "SourceFailure", "SourcePacket", "Transport", "open_source"]

SILENCE_S = 4.0
"""A connection that brings nothing for so long is dead, and so is one that brings only reports, answers or sound:
pictures come several times a second."""
PICTURELESS_S = 10.0
"""The longest that a camera is waited for whose pictures come so seldom."""
_FEW_PICTURES, _USUAL_PAUSES, _FORGETTING = 5, 4, 0.9
"""So many times the longest pause of late may pass, before a camera that sends few pictures is taken for dead."""
AWAY_S = 4.0
"""Who did not look for so long cannot say that the camera was silent."""
REPORT_S = 5.0
"""Between our reports to the camera (RFC 3550 6.2)."""


@dataclass(slots=True)
class SourcePacket:
    """One coded picture as it came. Not to be changed; not frozen because that would make it twice as costly."""

    data: bytes
    """Annex B."""
    pts: int
    dts: int
    keyframe: bool
    arrival_us: int
    """Recorder's clock as counted on, microseconds since 1970. Reckoned for a picture that lay here for a while."""
    report_us: int | None
    """Camera's clock by its last sender report, at this `pts`; None before there is one, and after a leap."""
    server: ServerReading = UNDISTURBED
    """What `arrival_us` rests on."""
    seen: bool = True
    """When it arrived was seen, not reckoned."""
    after_loss: bool = False
    """Packets of the stream are missing between the picture before and this one."""
    reports: int = 0
    """How many sender reports had come: one that says the same as the one before says that, too."""
    leapt: bool = False
    """The timestamps have, between the picture before and this one."""


class Playing(Protocol):
    """A session whose stream plays."""

    @property
    def track(self) -> VideoTrack: ...

    @property
    def audio_track(self) -> AudioTrack | None: ...

    @property
    def audio_problem(self) -> str: ...

    @property
    def transport(self) -> Incoming: ...

    def stay(self, now: float) -> None:
        """As Session.stay."""


class RtspSource:
    """A stream that plays. Packets must be taken faster than they come."""

    def __init__(self, session: Playing, clock: ServerClock) -> None:
        self._session, self._clock, track = session, clock, session.track
        self.codec: Codec = track.codec
        self.extradata = track.extradata
        self.time_base = Fraction(1, track.clock_hz)
        self._assembler = PictureAssembler(track.codec, track.payload_type)
        self._media_time = MediaTime(track.clock_hz)
        self._decoding = DecodingTimes(track.clock_hz)
        self._reporting = Reporting()
        self._heard = self._seen = self._reported = clock.since_boot_s()
        self.pauses = Pauses()
        """Set it before packets are taken, to those that follow on the connection before."""
        longest_s = GATHER_S if session.audio_track is None else GATHER_WITH_SOUND_S
        self._gathering = Gathering(self._seen, session.transport.room, longest_s)
        self.is_patient = False
        """Pictures may be taken some at a time; set at any time."""
        self.audio: AudioReceiver | None = None
        """Takes the sound while packets are taken; None without."""
        self.audio_problem = session.audio_problem
        if session.audio_track is not None:
            self.audio = AudioReceiver(session.audio_track, clock)
            session.transport.listen(self.audio.take)

    def packets(self) -> Iterator[SourcePacket | None]:
        """Until the stream ends; None at least twice a second, so that the taker can look at a stop flag.

        Raises SourceFailure.
        """
        attention = Attention(self._clock.since_boot_s())
        while True:
            failure: SourceFailure | None = None
            together: list[SourcePacket] = []
            came = False
            try:
                for is_media, packets in self._session.transport.receive():
                    came = came or bool(packets)
                    if is_media:
                        together += [self._stamped(picture) for picture in self._assembler.take_all(packets)]
                    else:
                        self._control(packets)
            except SourceFailure as error:
                failure = error
            now = self._clock.since_boot_s()
            attention.pay(now)
            yield from self._reckoned(together)
            if failure is not None:
                raise attention.explained(failure, now)
            begun = self._clock.since_boot_s()
            try:
                self._tend(came, now, [len(picture.data) for picture in together])
            except SourceFailure as error:
                raise attention.explained(error, now) from None
            attention.waited(self._clock.since_boot_s() - begun)
            if not came:
                yield None

    def _stamped(self, picture: Picture) -> SourcePacket:
        arrival_us, server = self._clock.read()
        now = (arrival_us - server.ahead_us) / 1e6
        self.pauses.observe(now - self._seen)
        self._seen = now
        pts = self._media_time.ticks(picture.timestamp, arrival_us - server.ahead_us)
        report_us = self._media_time.report_us()
        dts = self._decoding.of(pts)
        return SourcePacket(
            picture.data,
            pts,
            dts,
            picture.keyframe,
            arrival_us,
            report_us,
            server,
            after_loss=picture.after_loss,
            reports=self._media_time.reports,
            leapt=self._media_time.leapt,
        )

    def _reckoned(self, together: list[SourcePacket]) -> list[SourcePacket]:
        lay_us = self._session.transport.lay_us
        # The last packet is that of the last picture, unless another one is begun.
        is_known = lay_us == 0 or (lay_us is not None and self._assembler.is_between)
        if together and lay_us and is_known:
            together[-1].arrival_us -= lay_us
        if len(together) > 1:
            media_us = [picture.dts * 1_000_000 // self.time_base.denominator for picture in together]
            for picture, at in zip(together, arrivals([p.arrival_us for p in together], media_us), strict=True):
                picture.arrival_us, picture.seen = at, picture is together[-1]
        if together and not is_known:
            together[-1].seen = False
        return together

    def _control(self, packets: Sequence[memoryview]) -> None:
        for packet in map(bytes, packets):
            if report := sender_report(packet, self._clock.read()[0]):
                self._media_time.reported(report)
                self._reporting.heard(report, self._clock.since_boot_s())
            if says_goodbye(packet):
                raise ended("the camera ended the stream")

    def _tend(self, came: bool, now: float, sizes: Sequence[int]) -> None:
        patience = self._gathering.patience(sizes, now)
        # What lies here at the end of a picture has just come: that is when its arrival is seen.
        self._session.transport.gather(patience if self.is_patient and self._assembler.is_between else AT_ONCE)
        if came:
            self._heard = now
        elif now - self._heard > SILENCE_S:
            raise stalled(f"connected, but nothing has come for {SILENCE_S:.0f} s")
        if now - self._seen > (patience_s := self.pauses.patience_s):
            self.pauses.end(now - self._seen)
            raise stalled(f"connected, but no pictures for {patience_s:.0f} s")
        self._session.stay(now)
        if now - self._reported >= REPORT_S:
            self._report(now)

    def _report(self, now: float) -> None:
        """Of pictures and sound: some cameras end the one to which nobody answers."""
        transport = self._session.transport
        if packet := self._reporting.packet(self._assembler.source, self._assembler.highest_sequence, now):
            self._reported = now
            transport.report(packet)
        if self.audio is not None and (packet := self.audio.report(now)):
            self._reported = now
            transport.report_audio(packet)


class Attention:
    """Whether we were there to take what the camera sent; seconds since boot."""

    __slots__ = ("_away_s", "_back", "_latest")

    def __init__(self, now: float) -> None:
        self._latest, self._back, self._away_s = now, -AWAY_S, 0.0

    def pay(self, now: float) -> None:
        """Several times a second, unless the machine sleeps or what is done with the pictures takes long."""
        if now - self._latest > AWAY_S:
            self._back, self._away_s = now, now - self._latest
        self._latest = now

    def waited(self, length_s: float) -> None:
        """For the camera to take what we sent: we were there meanwhile."""
        self._latest += length_s

    def explained(self, failure: SourceFailure, now: float) -> SourceFailure:
        """The failure, or what it comes from: a camera hangs up on somebody who takes nothing."""
        return not_running(self._away_s) if now - self._back <= AWAY_S else failure


class Pauses:
    """How long a stream lets one wait for its next picture. `usual_ms`: as the connection before has learned it."""

    __slots__ = ("_longest", "_pictures", "_usual_ms")

    def __init__(self, usual_ms: int = 0) -> None:
        self._longest, self._pictures, self._usual_ms = 0.0, 0, usual_ms

    def observe(self, pause_s: float) -> None:
        """A picture has come, so long after the one before."""
        self._longest = max(pause_s, _FORGETTING * self._longest) if self._pictures else 0.0
        self._pictures += 1

    def end(self, pause_s: float) -> None:
        """The stream is given up, as no picture came for so long.

        Before the first few have come, nobody knows whether the camera has died or is slow: the next connection waits
        for it.
        """
        if not self._is_known:
            self._usual_ms = max(self._usual_ms, int(pause_s * 1000))

    @property
    def usual_ms(self) -> int:
        """To hand to the next connection; 0 of a camera whose pictures come so often that it is waited for no longer.

        At most PICTURELESS_S.
        """
        if not self._is_known:
            usual_ms = self._usual_ms
        elif _USUAL_PAUSES * self._longest <= SILENCE_S:
            usual_ms = 0
        else:
            usual_ms = int(self._longest * 1000)
        return min(usual_ms, int(PICTURELESS_S * 1000))

    @property
    def patience_s(self) -> float:
        """After how long without a picture it is dead."""
        longest_s = self._longest if self._is_known else self._usual_ms / 1000
        return min(max(SILENCE_S, _USUAL_PAUSES * longest_s), PICTURELESS_S)

    @property
    def _is_known(self) -> bool:
        """The first pictures may come at once, from what the camera has kept."""
        return self._pictures >= _FEW_PICTURES


@contextmanager
def open_source(
    url: str, transport: Transport = "tcp", clock: ServerClock | None = None, audio: bool = False
) -> Iterator[RtspSource]:
    """`audio`: with the sound, if it is of a kind that can be recorded.

    Raises SourceFailure, whose text never shows the URL's credentials.
    """
    session = Session.open(url, transport, audio)
    try:
        yield RtspSource(session, clock or ServerClock())
    finally:
        session.close()
