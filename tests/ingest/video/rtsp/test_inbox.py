"""Datagrams taken many at once."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ingest.video.rtsp.inbox import Inbox
from tests.ingest.video.rtsp.test_transports import has_ipv6

HOSTS = ["127.0.0.1", pytest.param("::1", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here"))]
WAYS = pytest.mark.parametrize("many", [True, False])


def family_of(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


@contextmanager
def an_inbox(host: str, slots: int, many: bool) -> Iterator[tuple[Inbox, socket.socket]]:
    """And a camera's socket whose datagrams come there."""
    with (
        socket.socket(family_of(host), socket.SOCK_DGRAM) as ours,
        socket.socket(family_of(host), socket.SOCK_DGRAM) as theirs,
    ):
        ours.setblocking(False)
        ours.bind((host, 0))
        theirs.connect(ours.getsockname())
        yield Inbox(ours, host, slots, many=many), theirs


def taken(inbox: Inbox) -> list[bytes]:
    return [bytes(packet) for some in inbox.take() for packet in some]


@WAYS
@pytest.mark.parametrize("host", HOSTS)
def test_all_that_has_come_is_taken_in_order_whatever_its_size(host: str, many: bool) -> None:
    with an_inbox(host, 4, many) as (inbox, camera):
        for count in (0, 1, 3, 4, 9):
            sent = [bytes([number]) * (number * 1_900) for number in range(count)]
            for packet in sent:
                camera.send(packet)
            assert taken(inbox) == sent


@WAYS
def test_what_others_send_is_left_out_and_hides_nothing_of_the_camera(many: bool) -> None:
    with (
        an_inbox("127.0.0.1", 2, many) as (inbox, camera),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
    ):
        stranger.bind(("127.0.0.2", 0))
        stranger.connect(camera.getpeername())
        camera.send(b"before")
        for _ in range(5):
            stranger.send(b"of somebody else")
        camera.send(b"after")
        assert taken(inbox) == [b"before", b"after"]


@WAYS
def test_a_camera_may_send_from_any_port(many: bool) -> None:
    with an_inbox("127.0.0.1", 8, many) as (inbox, camera), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.connect(camera.getpeername())
        for number in range(4):
            (camera, other)[number % 2].send(bytes([number]))
        assert taken(inbox) == [bytes([number]) for number in range(4)]


@WAYS
def test_of_a_closed_socket_nothing_is_taken(many: bool) -> None:
    with an_inbox("127.0.0.1", 2, many) as (inbox, _):
        pass
    assert taken(inbox) == []
