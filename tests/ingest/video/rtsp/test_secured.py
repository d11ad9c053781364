"""A connection through TLS, as its bytes come."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ingest.video.rtsp.secured import Secured
from tests.certificates import own_tls

RECORD, RECORDS = 1_000, 40


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return own_tls(tmp_path_factory.mktemp("tls"))


@contextmanager
def connected(tls: ssl.SSLContext) -> Iterator[tuple[Secured, ssl.SSLSocket, socket.socket]]:
    """Ours, the camera's, and the socket below ours."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        below = socket.create_connection(server.getsockname(), 10)
        accepted, made = server.accept()[0], list[ssl.SSLSocket]()
    camera = threading.Thread(target=lambda: made.append(tls.wrap_socket(accepted, server_side=True)))
    camera.start()
    ours = Secured(below, "camera", 10)
    camera.join()
    below.settimeout(10)
    with below, made[0]:
        yield ours, made[0], below


def received(ours: Secured, size: int) -> int:
    """How many bytes come with one call into so much room; what is not there yet is waited for."""
    while True:
        try:
            return ours.recv_into(memoryview(bytearray(size)))
        except BlockingIOError:
            continue


def test_as_much_as_was_waited_for_comes_with_one_call_however_many_records_it_is(tls: ssl.SSLContext) -> None:
    with connected(tls) as (ours, camera, below):
        camera.sendall(b"first")
        assert received(ours, 100) == 5
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, RECORD * RECORDS)
        below.settimeout(None)
        for _ in range(RECORDS):
            camera.sendall(bytes(RECORD))
        assert received(ours, 1_000_000) >= RECORD * (RECORDS - 2)


def test_what_finds_no_room_comes_with_the_next_call(tls: ssl.SSLContext) -> None:
    with connected(tls) as (ours, camera, _):
        camera.sendall(bytes(700))
        assert [received(ours, 300) for _ in range(3)] == [300, 300, 100]
        ours.sendall(b"answer")
        assert camera.recv(100) == b"answer"


def test_the_end_of_the_connection_shows_as_that_of_a_socket(tls: ssl.SSLContext) -> None:
    with connected(tls) as (ours, camera, _):
        camera.sendall(b"last")
        camera.close()
        assert received(ours, 100) == 4
        assert received(ours, 100) == 0


def test_whoever_does_not_agree_in_time_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        below = socket.create_connection(server.getsockname(), 10)
        with below, server.accept()[0], pytest.raises(TimeoutError):
            Secured(below, "camera", 0.05)
