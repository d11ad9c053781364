"""Messages and packets out of one connection, however the network cuts it up."""

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.video.rtsp.failures import SourceFailure, unreachable
from ingest.video.rtsp.wire import Wire
from storage.models import GapCause
from tests.ingest.video.rtsp.packing import interleaved

Packets = list[tuple[int, bytes]]
OK = b"RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n"
BODY = b"RTSP/1.0 200 OK\r\nCSeq: 4\r\nContent-Length: 10\r\n\r\nv=0\r\n$\x00\x00\x01\n"
PLAYED = b"RTSP/1.0 200 OK\r\nCSeq: 6\r\nSession: 8217\r\n \r\nRTP-Info: url=rtsp://c/1;seq=5\r\n\r\n"
LINE_FEEDS = b"RTSP/1.0 401 Unauthorized\nCSeq: 2\nWWW-Authenticate: Basic\n\n"
SERVER_ASKS = b"SET_PARAMETER rtsp://client/ RTSP/1.0\r\nCSeq: 9\r\nContent-Length: 3\r\n\r\nx:1"
RTP = b"\x80\x60" + bytes(30)


class CutStream:
    """A connection whose bytes come in pieces of given sizes, one at each call."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes = data, cycle(sizes)

    def recv_into(self, room: memoryview) -> int:
        if not self._data:
            raise BlockingIOError
        size = min(next(self._sizes), len(self._data), len(room))
        room[:size], self._data = self._data[:size], self._data[size:]
        return size

    def sendall(self, data: bytes) -> None:
        """Answers to the camera are not looked at."""


@contextmanager
def connected() -> Iterator[tuple[Wire, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    wire = Wire(ours)
    try:
        yield wire, theirs
    finally:
        wire.close()
        theirs.close()


def received(wire: Wire) -> Packets:
    found: Packets = []
    while wire.receive():
        found += [(channel, bytes(packet)) for channel, packets in wire.packets() for packet in packets]
    return found


def read(
    data: bytes, cuts: list[int] | None = None, skips_noise: bool = False
) -> tuple[Packets, list[tuple[int, str]]]:
    """Packets and answers of a stream that comes in pieces of these sizes."""
    wire = Wire(cast(socket.socket, CutStream(data, cuts or [len(data)])))
    wire.skips_noise = skips_noise
    return received(wire), [(answer.status, answer.body) for answer in wire.answers]


PIECES = st.one_of(
    st.sampled_from([OK, BODY, PLAYED, LINE_FEEDS, SERVER_ASKS, b"\r\n", b"\r\n\r\n"]),
    st.builds(interleaved, st.integers(0, 255), st.binary(max_size=300)),
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=12), st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_pieces_of_any_size_give_the_same_packets_and_answers(pieces: list[bytes], cuts: list[int]) -> None:
    packets, answers = read(b"".join(pieces), cuts)
    assert packets == [(piece[1], piece[4:]) for piece in pieces if piece[:1] == b"$"]
    said = {OK: (200, ""), PLAYED: (200, ""), LINE_FEEDS: (401, ""), BODY: (200, BODY[-10:].decode())}
    assert answers == [said[piece] for piece in pieces if piece in said]


def test_packets_of_the_largest_size_pass_through_the_buffer() -> None:
    packets = [interleaved(number % 2, bytes([number]) * 65_535) for number in range(9)]
    assert read(b"".join(packets), [60_000])[0] == [(packet[1], packet[4:]) for packet in packets]


def test_a_request_of_the_camera_is_answered_that_we_serve_none() -> None:
    with connected() as (wire, theirs):
        theirs.sendall(SERVER_ASKS + interleaved(0, RTP))
        assert received(wire) == [(0, RTP)]
        assert theirs.recv(500) == b"RTSP/1.0 501 Not Implemented\r\nCSeq: 9\r\n\r\n"


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02",
        b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"RTSP/1.0 2000 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 4000,
    ],
)
def test_what_is_not_rtsp_ends_the_connection_in_words(said: bytes) -> None:
    with pytest.raises(SourceFailure, match=r"the camera sent something that is not RTSP|makes no sense") as failure:
        read(said)
    assert failure.value.cause is GapCause.STREAM_ENDED


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=400), st.lists(st.integers(1, 300), min_size=1, max_size=4))
def test_noise_between_packets_costs_no_packet_after_it(noise: bytes, cuts: list[int]) -> None:
    noise = noise.translate(bytes.maketrans(b"$R\r\n", b"%r\x01\x02"))  # no beginnings of anything
    before, after = interleaved(0, RTP + b"before"), interleaved(2, RTP + b"after")
    if noise[:4].isupper():
        noise = b"\x00" + noise
    packets, answers = read(before + noise + after + OK, cuts, skips_noise=True)
    assert packets == [(0, RTP + b"before"), (2, RTP + b"after")]
    assert answers == [(200, "")]


def test_noise_that_does_not_end_ends_the_connection() -> None:
    with pytest.raises(SourceFailure, match="not RTSP"):
        read(b"\x00" * 400_000, [50_000], skips_noise=True)


def test_a_camera_that_closes_or_resets_the_connection_has_ended_the_stream() -> None:
    with connected() as (wire, theirs):
        theirs.close()
        with pytest.raises(SourceFailure, match="the camera ended the stream"):
            wire.receive()
        with pytest.raises(SourceFailure, match="roken pipe"):
            wire.send(OK)


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(st.binary(max_size=200), st.sampled_from([OK, BODY, b"$\x00\xff\xff", b"RTSP/1.0 ", b"\r\n\r\n"]))
    ),
    st.lists(st.integers(1, 300), min_size=1, max_size=4),
    st.booleans(),
)
def test_any_bytes_are_packets_or_a_failure_in_words(pieces: list[bytes], cuts: list[int], skips_noise: bool) -> None:
    with suppress(SourceFailure):
        read(b"".join(pieces), cuts, skips_noise)


def test_a_wire_that_gathers_is_woken_when_enough_has_come() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = socket.create_connection(server.getsockname())
        wire = Wire(server.accept()[0])
    wire.gather(1_000)
    theirs.sendall(interleaved(0, RTP) * 3)
    assert not select.select([wire], [], [], 0.1)[0]
    theirs.sendall(interleaved(0, RTP) * 40)
    assert select.select([wire], [], [], 5)[0]
    theirs.close()
    wire.gather(1)
    with pytest.raises(SourceFailure):
        received(wire)
    wire.close()


def test_what_a_failure_says_is_one_line_that_every_database_takes() -> None:
    said = str(unreachable("Busy\x00\r\nX\u2028Y" + "z" * 1000))

    assert not {*said} & {"\x00", "\r", "\n", "\u2028"}
    assert len(said) <= 300
