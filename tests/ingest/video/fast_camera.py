"""A camera that does everything wrong, on a clock that runs as fast as the machine counts: real RTP, and no sockets.

What goes wrong is a list of spells. Each picture carries the true time in its own bytes, so that what becomes of it can
be compared with the truth.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from heapq import heappop, heappush
from itertools import count

from ingest.simulator.disturbance import Disturbance, Way
from ingest.simulator.rtp import RtpClock, RtpSender, split_nals
from ingest.video.frames import from_us
from ingest.video.gathering import Patience
from ingest.video.rtsp.audio_descriptions import AudioTrack
from ingest.video.rtsp.descriptions import VideoTrack, video_track
from ingest.video.rtsp.failures import ended, unreachable
from ingest.video.rtsp.reordering import Reordering
from ingest.video.rtsp.transports import Listener, Packets
from ingest.video.server_clock import ServerClock
from ingest.video.source import RtspSource, Transport
from tests.ingest.video.encoded import packets
from tests.ingest.video.timed import EPOCH, REPORT_US, SECOND, FakeServer

FPS = 5
PAUSE_US = SECOND // 2
SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
_CLOSED, _LAST = 4, FPS - 1
"""Pictures of a group where some are sent after the next; what those look like does not matter."""
_MARK = b"hallwatch-true-time:"
"""At the end of the last slice, so that it is lost with the picture; nobody decodes these pictures."""


class Wrong(Enum):
    """What goes wrong for a while."""

    LOSS = auto()  # a tenth of the packets
    REORDERING = auto()  # a fifth of the packets comes later than others
    NOISE = auto()  # bytes that mean nothing between the packets
    BACKLOG = auto()  # nothing comes for three seconds, then all of it
    SILENCE = auto()  # the connection is half open: nothing comes until it is made anew
    NO_PICTURES = auto()  # only sender reports come
    UNREACHABLE = auto()
    WRONG_SDP = auto()
    ENDS = auto()  # the camera ends each stream after some seconds, and begins its numbers anew
    LEAPS = auto()  # the RTP timestamps leap ahead and back
    COUNTS_WRONGLY = auto()  # declares 25 pictures a second and delivers 21
    NO_REPORTS = auto()
    HOURS_OFF = auto()
    DRIFTS = auto()  # the camera's clock gains 2 %
    OTHER_PICTURE = auto()  # another resolution
    SERVER_STEPS = auto()  # not the camera: the server's time of day is ten seconds off


@dataclass(frozen=True)
class Spell:
    wrong: Wrong
    begin_us: int
    end_us: int

    def holds(self, at_us: int) -> bool:
        return self.begin_us <= at_us < self.end_us


def true_us(data: bytes) -> int:
    """When a picture was taken, microseconds since 1970, as it says itself."""
    begin = data.index(_MARK) + len(_MARK)
    return int(data[begin : begin + 16])


@dataclass(frozen=True)
class _Stream:
    """What RtspSource needs of a session."""

    track: VideoTrack
    transport: "FastCamera"
    audio_track: AudioTrack | None = None
    audio_problem: str = ""

    def stay(self, now: float) -> None:
        pass


class FastCamera:
    """Its packets come as the one who receives them waits; that moves the server's clock on."""

    room = None

    def __init__(
        self,
        server: FakeServer,
        spells: list[Spell],
        chance: random.Random,
        until_us: int,
        audio_track: AudioTrack | None = None,
        *,
        b_frames: bool = False,
    ) -> None:
        """`audio_track`: it promises sound, and sends none. `b_frames`: each second picture is sent after the next."""
        self._audio_track, self.most_wanted = audio_track, 0
        self._server, self._spells, self._chance, self._until_us = server, spells, chance, until_us
        self._pictures, self._b_frames = [_gop(width) for width in (192, 320)], b_frames
        self._disturbance = Disturbance()
        self._numbers = count()
        self._wanted, self._rest_us, self._transport = 1, 0, "tcp"
        self.lay_us: int | None = 0

    @contextmanager
    def open(self, _url: str, transport: Transport, clock: ServerClock, _audio: bool) -> Iterator[RtspSource]:
        """As `open_source`."""
        if self._goes_wrong(Wrong.UNREACHABLE):
            raise unreachable("no route to host")
        track = video_track(SDP.replace("video", "text") if self._goes_wrong(Wrong.WRONG_SDP) else SDP)
        self._sender = RtpSender(self._chance.getrandbits(32), RtpClock())
        self._sender.clock.set(from_us(EPOCH + self._server.now_us), self._chance.getrandbits(32))
        self._ordered, self._way = Reordering(), Way(self._disturbance, self._chance.getrandbits(32))
        self._coming: list[tuple[int, int, bool, bytes]] = []
        self._taken_us = self._opened_us = self._last_us = self._server.now_us
        self._reported_us, self._rate, self._leapt = -REPORT_US, 1.0, False
        self._is_half_open = False
        self._wanted, self._rest_us, self.lay_us, self._transport = 1, 0, 0, transport
        yield RtspSource(_Stream(track, self, self._audio_track), clock)

    def receive(self) -> Iterator[Packets]:
        """What comes next, or nothing for half a second."""
        self._take_until(self._server.now_us + PAUSE_US)
        rests = bool(self._rest_us) and self.lay_us is not None and not self._ordered.is_waiting
        self.lay_us = None if rests else 0
        pause_us = self._rest_us if rests else self._enough_at() - self._server.now_us
        self._server.now_us += max(0, min(pause_us, PAUSE_US))
        self._server.off_us = 10 * SECOND if self._goes_wrong(Wrong.SERVER_STEPS) else 0
        ends_us = self._opened_us + 7 * SECOND if self._goes_wrong(Wrong.ENDS) else self._until_us
        if self._server.now_us >= ends_us:
            raise ended("the camera ended the stream")
        now_s = self._server.now_us / SECOND
        while self._coming and self._coming[0][0] <= self._server.now_us:
            _, _, is_media, packet = heappop(self._coming)
            given = [memoryview(packet)]
            yield is_media, self._ordered.take(given, now_s) if is_media else given
        yield True, self._ordered.overdue(now_s)

    def _enough_at(self) -> int:
        """When as many bytes have come as are waited for."""
        came = 0
        for due, _, _, packet in sorted(self._coming):
            came += len(packet)
            if came >= self._wanted:
                return due
        return self._server.now_us + PAUSE_US

    def gather(self, patience: Patience) -> None:
        if self._transport == "udp":
            self._rest_us = int(patience.rest_s * SECOND)
        else:
            self._wanted = patience.size
            self.most_wanted = max(self.most_wanted, patience.size)

    def report(self, packet: bytes) -> None:
        assert packet

    def report_audio(self, packet: bytes) -> None:
        assert packet

    def offer_audio(self) -> str:
        return ""

    def accept_audio(self, answer: str) -> None:
        pass

    def listen(self, listener: Listener) -> None:
        pass

    def close(self) -> None:
        pass

    def _goes_wrong(self, wrong: Wrong, at_us: int | None = None) -> Spell | None:
        at_us = self._server.now_us if at_us is None else at_us
        return next((spell for spell in self._spells if spell.wrong is wrong and spell.holds(at_us)), None)

    def _take_until(self, until_us: int) -> None:
        while self._taken_us <= until_us:
            self._be_as_it_is(self._taken_us)
            self._report(self._taken_us)
            number, before_us = self._taken_us * FPS // SECOND, self._taken_us - SECOND // FPS
            if not self._b_frames:
                self._send_picture(self._taken_us, self._taken_us, number % FPS)
            elif number % 2 == 0:
                self._send_picture(self._taken_us, self._taken_us, number % _CLOSED)
                if before_us >= self._opened_us:
                    self._send_picture(self._taken_us, before_us, _LAST)
            self._taken_us += SECOND // FPS

    def _be_as_it_is(self, at_us: int) -> None:
        wall, clock = from_us(EPOCH + at_us), self._sender.clock
        self._disturbance.loss = 0.1 if self._goes_wrong(Wrong.LOSS, at_us) else 0
        self._disturbance.reordering = 0.2 if self._goes_wrong(Wrong.REORDERING, at_us) else 0
        self._disturbance.noise = 0.1 if self._goes_wrong(Wrong.NOISE, at_us) else 0
        rate = 21 / 25 if self._goes_wrong(Wrong.COUNTS_WRONGLY, at_us) else 1.0
        if rate != self._rate:
            self._rate = rate
            clock.run_at(rate, wall)
        leaps = bool(self._goes_wrong(Wrong.LEAPS, at_us))
        if leaps != self._leapt:
            self._leapt = leaps
            clock.set(wall, clock.timestamp(wall) + (3_600 if leaps else -3_600) * 90_000 & 0xFFFFFFFF)
        self._is_half_open |= bool(self._goes_wrong(Wrong.SILENCE, at_us))

    def _report(self, at_us: int) -> None:
        if at_us - self._reported_us < REPORT_US or self._goes_wrong(Wrong.NO_REPORTS, at_us):
            return
        self._reported_us = at_us
        off = timedelta(hours=5) if self._goes_wrong(Wrong.HOURS_OFF, at_us) else timedelta(0)
        if spell := self._goes_wrong(Wrong.DRIFTS, at_us):
            off += timedelta(microseconds=(at_us - spell.begin_us) // 50)
        self._send(at_us, False, self._sender.report(from_us(EPOCH + at_us), off))

    def _send_picture(self, at_us: int, taken_us: int, number: int) -> None:
        """`number`: in its group of pictures."""
        picture = self._pictures[bool(self._goes_wrong(Wrong.OTHER_PICTURE, at_us))][number]
        marked = picture[-1] + _MARK + str(EPOCH + taken_us).encode()
        sent = self._sender.packets([*picture[:-1], marked], from_us(EPOCH + taken_us))
        if self._goes_wrong(Wrong.NO_PICTURES, at_us):
            return
        for packet in self._way.in_any_order(self._way.arriving(sent)):
            if noise := self._way.noise():
                self._send(at_us, True, noise)
            self._send(at_us, True, packet)

    def _send(self, at_us: int, is_media: bool, packet: bytes) -> None:
        if self._is_half_open:
            return
        late_us = 20_000 + round(100_000 * self._chance.random() ** 3)
        arrives_us = at_us + late_us
        if (spell := self._goes_wrong(Wrong.BACKLOG, at_us)) and at_us < spell.begin_us + 3 * SECOND:
            arrives_us = spell.begin_us + 3 * SECOND
        self._last_us = max(self._last_us, arrives_us)
        heappush(self._coming, (self._last_us, next(self._numbers), is_media, packet))


def _gop(width: int) -> list[list[bytes]]:
    """The units of the pictures of one second; the first one begins with the parameter sets."""
    return [split_nals(packet.data) for packet in packets(FPS, gop=FPS, fps=FPS, width=width)]


def drawn_spells(chance: random.Random, kinds: list[Wrong], length_us: int, calm_us: Callable[[], int]) -> list[Spell]:
    """One after the other, each kind in turn and then again in another order."""
    spells: list[Spell] = []
    at_us = 60 * SECOND
    while True:
        for wrong in chance.sample(kinds, len(kinds)):
            end_us = at_us + chance.randrange(5 * SECOND, 40 * SECOND)
            if end_us > length_us - 60 * SECOND:
                return spells
            spells.append(Spell(wrong, at_us, end_us))
            at_us = end_us + calm_us()
