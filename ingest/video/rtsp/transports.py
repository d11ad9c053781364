"""How the packets of a stream come: in the connection itself (TCP), or as datagrams beside it (UDP)."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

from ingest.video.rtsp.failures import unreachable
from ingest.video.rtsp.reordering import Reordering
from ingest.video.rtsp.wire import PAUSE_S, Wire

_RECEIVE_BUFFER = 4 * 1024 * 1024
_LARGEST = 65_536
_AT_ONCE = 256
_PORT_TRIES = 50


class Transport(Protocol):
    def receive(self) -> Iterator[tuple[bool, memoryview]]:
        """Waits a little, then gives what has come: whether it is RTP (else RTCP), and the packet.

        Raises SourceFailure when the camera has gone.
        """

    def report(self, packet: bytes) -> None:
        """Sends RTCP to the camera. Raises SourceFailure."""

    def close(self) -> None: ...


class Interleaved:
    """RTP and RTCP in channels of the RTSP connection."""

    def __init__(self, wire: Wire, channels: tuple[int, int], early: list[tuple[int, bytes]]) -> None:
        self._wire, (self._media, self._control), self._early = wire, channels, early

    def receive(self) -> Iterator[tuple[bool, memoryview]]:
        early, self._early = self._early, []
        for channel, data in early:
            if channel in (self._media, self._control):
                yield channel == self._media, memoryview(data)
        if not early and not self._wire.receive():
            return
        for channel, packet in self._wire.packets():
            if channel == self._media:
                yield True, packet
            elif channel == self._control:
                yield False, packet

    def report(self, packet: bytes) -> None:
        self._wire.send(b"$" + bytes((self._control,)) + len(packet).to_bytes(2, "big") + packet)

    def close(self) -> None:
        """The connection is closed by its owner."""


class Datagrams:
    """Two ports for RTP and RTCP; what comes from elsewhere than the camera is not looked at."""

    def __init__(self, wire: Wire) -> None:
        """Raises SourceFailure when no two ports are free."""
        self._wire = wire
        self._peer = wire.peer_host
        self._media, self._control = _pair(wire.own_host)
        self._camera_ports: tuple[int, int] | None = None
        self._ordered = Reordering()

    @property
    def ports(self) -> tuple[int, int]:
        return self._media.getsockname()[1], self._control.getsockname()[1]

    def aim(self, ports: tuple[int, int]) -> None:
        """The camera's own ports are known: a datagram to each opens the way back through a firewall."""
        self._camera_ports = ports
        with suppress(OSError):
            self._media.sendto(b"\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", (self._peer, ports[0]))

    def receive(self) -> Iterator[tuple[bool, memoryview]]:
        sources: list[socket.socket | Wire] = [self._media, self._control, self._wire]
        ready, _, _ = select.select(sources, (), (), PAUSE_S)
        if self._wire in ready and self._wire.receive():
            for _ in self._wire.packets():
                pass  # answers are put aside; there are no packets in this connection
        for data in self._read(self._control) if self._control in ready else ():
            yield False, memoryview(data)
        for data in self._read(self._media) if self._media in ready else ():
            for packet in self._ordered.take(data, time.monotonic()):
                yield True, memoryview(packet)
        for packet in self._ordered.overdue(time.monotonic()):
            yield True, memoryview(packet)

    def report(self, packet: bytes) -> None:
        if self._camera_ports:
            with suppress(OSError):  # the next one is as good
                self._control.sendto(packet, (self._peer, self._camera_ports[1]))

    def close(self) -> None:
        self._media.close()
        self._control.close()

    def _read(self, source: socket.socket) -> Iterator[bytes]:
        for _ in range(_AT_ONCE):
            try:
                data, sender = source.recvfrom(_LARGEST)
            except OSError:
                return
            if sender[0] == self._peer:
                yield data


def _pair(host: str) -> tuple[socket.socket, socket.socket]:
    """An even port and the odd one after it (RFC 3550 section 11)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(_PORT_TRIES):
        first = _bound(family, host, 0)
        number = first.getsockname()[1] if first else 0
        second = _bound(family, host, number + 1) if number % 2 == 0 else None
        if first and second:
            return first, second
        if first:
            first.close()
    raise unreachable("no two UDP ports are free here")


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket | None:
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    try:
        made.bind((host, port))
    except OSError:
        made.close()
        return None
    return made
