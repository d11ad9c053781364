"""Datagrams that nobody waits for lie where they come for a while."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pytest

from ingest.video.gathering import AT_ONCE, Patience
from ingest.video.rtsp.audio_descriptions import AudioTrack
from ingest.video.rtsp.descriptions import VideoTrack, video_track
from ingest.video.rtsp.failures import SourceFailure, stalled
from ingest.video.rtsp.transports import Datagrams
from ingest.video.rtsp.wire import Wire
from ingest.video.server_clock import ServerClock
from ingest.video.source import Attention, RtspSource
from storage.models import GapCause
from tests.ingest.video.rtsp.scripted_camera import description, pictures, rtp
from tests.ingest.video.timed import SECOND, FakeServer
from tests.servers import wait_until

LONG = Patience(100_000, 60.0)
"""Longer than a test may last: whoever rests so long is seen."""
SHORT = Patience(100_000, 0.01)


@dataclass
class Peer:
    """The camera's side."""

    said: socket.socket
    media: socket.socket
    datagrams: Datagrams

    def send(self, *packets: bytes) -> None:
        for packet in packets:
            self.media.sendto(packet, ("127.0.0.1", self.datagrams.ports[0]))

    def speak(self) -> None:
        self.said.sendall(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")

    def received(self) -> list[bytes]:
        return [bytes(packet) for is_media, some in self.datagrams.receive() if is_media for packet in some]


@contextmanager
def connected(many: bool = True) -> Iterator[tuple[Wire, Peer]]:
    """`many`: by a system that notes when each comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        wire = Wire(socket.create_connection(server.getsockname()))
        said, media = server.accept()[0], socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with closing(wire), said, media, closing(Datagrams(wire, many=many)) as datagrams:
        yield wire, Peer(said, media, datagrams)


@pytest.fixture(scope="module")
def noting() -> Iterator[None]:
    """The system notes when datagrams come: it begins with that a moment after it has been asked, once for all."""
    with connected() as (_, peer):

        def is_noted() -> bool:
            """Of what was sent when this was asked before."""
            lay_us = peer.datagrams.lay_us
            peer.datagrams.gather(Patience(100_000, 0.02))
            peer.send(packet(0))
            peer.received()
            return lay_us is not None and lay_us >= 10_000

        wait_until(is_noted)
        yield


def packet(number: int) -> bytes:
    return b"\x80\x60" + number.to_bytes(2, "big") + bytes(8)


def test_what_has_come_in_a_rest_is_taken_at_once_and_the_next_is_seen_as_it_comes() -> None:
    with connected(many=False) as (_, peer):
        many = [packet(number) for number in range(400)]
        peer.datagrams.gather(SHORT)
        peer.send(*many)
        assert peer.received() == many
        assert peer.datagrams.lay_us is None
        peer.datagrams.gather(LONG)
        peer.send(packet(400))
        assert peer.received() == [packet(400)]
        assert peer.datagrams.lay_us == 0


@pytest.mark.usefixtures("noting")
def test_where_the_system_notes_when_each_comes_one_rest_follows_another() -> None:
    with connected() as (_, peer):
        for number in range(3):
            peer.datagrams.gather(Patience(100_000, 0.05))
            peer.send(packet(number))
            assert peer.received() == [packet(number)]
            assert peer.datagrams.lay_us is not None
            assert peer.datagrams.lay_us >= 40_000


def test_after_a_rest_in_which_nothing_came_the_next_is_seen_as_it_comes() -> None:
    with connected() as (_, peer):
        peer.datagrams.gather(SHORT)
        assert peer.received() == []
        peer.datagrams.gather(LONG)
        peer.send(packet(0))
        assert peer.received() == [packet(0)]
        assert peer.datagrams.lay_us == 0


def test_a_time_of_day_that_was_set_in_a_rest_tells_of_no_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    with connected() as (_, peer):
        peer.datagrams.gather(SHORT)
        peer.send(packet(0))
        true_ns = time.time_ns
        monkeypatch.setattr("time.time_ns", lambda: true_ns() + 300_000_000)
        assert peer.received() == [packet(0)]
        assert peer.datagrams.lay_us is None


def test_a_camera_that_says_something_ends_a_rest() -> None:
    with connected() as (wire, peer):
        peer.datagrams.gather(LONG)
        peer.send(packet(0))
        peer.speak()
        assert peer.received() == [packet(0)]
        assert len(wire.answers) == 1


def test_nobody_rests_while_a_packet_is_missing() -> None:
    with connected() as (_, peer):
        peer.datagrams.gather(SHORT)
        peer.send(packet(0), packet(2))
        assert peer.received() == [packet(0)]
        peer.send(packet(3))
        assert peer.received() == []
        peer.datagrams.gather(LONG)
        peer.send(packet(1))
        assert peer.received() == [packet(number) for number in (1, 2, 3)]


def test_one_that_comes_late_in_a_rest_is_not_given_up() -> None:
    with connected() as (_, peer):
        peer.datagrams.gather(SHORT)
        order = [0, *range(2, 400), 1]
        peer.send(*(packet(number) for number in order))
        assert peer.received() == [packet(number) for number in range(400)]


def test_the_room_is_what_the_system_grants() -> None:
    with connected() as (_, peer):
        assert 0 < peer.datagrams.room <= 2 * 1024 * 1024


@dataclass(frozen=True)
class Stream:
    """What RtspSource needs of a session."""

    track: VideoTrack
    transport: Datagrams
    audio_track: AudioTrack | None = None
    audio_problem: str = ""

    def stay(self, now: float) -> None:
        pass


@pytest.mark.usefixtures("noting")
def test_pictures_that_lay_there_have_arrived_when_the_last_of_them_came() -> None:
    media = rtp(pictures(9))
    with connected() as (_, peer):
        clock = ServerClock()
        packets = RtspSource(Stream(video_track(description()), peer.datagrams), clock).packets()
        peer.send(*media)
        came_us = clock.read()[0]
        peer.datagrams.gather(Patience(100_000, 0.3))
        lay = [one for one in (next(packets) for _ in range(9)) if one is not None]
        assert [one.seen for one in lay] == [False] * 8 + [True]
        assert abs(lay[-1].arrival_us - came_us) < 100_000


def test_no_arrival_is_told_of_pictures_that_lay_there_where_nobody_notes_it() -> None:
    media = rtp(pictures(9))
    with connected(many=False) as (_, peer):
        packets = RtspSource(Stream(video_track(description()), peer.datagrams), ServerClock()).packets()
        peer.send(*media[:-1])
        peer.datagrams.gather(SHORT)
        lay = [next(packets) for _ in range(8)]
        peer.send(media[-1])
        seen = next(packets)
        assert [one.seen for one in lay if one is not None] == [False] * 8
        assert seen is not None
        assert seen.seen
        peer.datagrams.gather(AT_ONCE)


def test_a_camera_is_not_blamed_for_what_nobody_took() -> None:
    """The machine slept for a minute, or the process was stopped: cameras hang up meanwhile."""
    server = FakeServer()
    with connected() as (_, peer):
        packets = RtspSource(Stream(video_track(description()), peer.datagrams), server.clock).packets()
        peer.send(*rtp(pictures(3)))
        assert [next(packets) is not None for _ in range(2)] == [True, True]
        server.now_us += 60 * SECOND
        with pytest.raises(SourceFailure, match="recorder did not run for 60 s") as failure:
            list(packets)
    assert failure.value.cause is GapCause.RECORDER_STALLED


@dataclass(frozen=True)
class Unheard(Stream):
    """The camera takes what we send only after a while."""

    server: FakeServer = field(default_factory=FakeServer)

    def stay(self, now: float) -> None:
        self.server.now_us += 9 * SECOND // 2


def test_a_camera_that_took_nothing_and_then_fails_is_to_blame() -> None:
    server = FakeServer()
    with connected() as (_, peer):
        stream = Unheard(video_track(description()), peer.datagrams, server=server)
        packets = RtspSource(stream, server.clock).packets()
        with pytest.raises(SourceFailure) as failure:
            list(packets)
    assert failure.value.cause is GapCause.CAMERA_STALLED


def test_a_camera_that_goes_silent_while_we_listen_is_to_blame() -> None:
    attention, silent = Attention(0.0), stalled("nothing has come")
    for now in (0.5, 60.0, 63.9):
        attention.pay(now)
    assert attention.explained(silent, 63.9).cause is GapCause.RECORDER_STALLED
    attention.pay(64.5)
    assert attention.explained(silent, 64.5) is silent
