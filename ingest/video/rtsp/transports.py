"""How the packets of a stream come: in the connection itself (TCP), or as datagrams beside it (UDP)."""

import select
import socket
import time
from collections import deque
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
_EMPTY_MEDIA, _EMPTY_REPORT = b"\x80" + bytes(11), b"\x80\xc9\x00\x01" + bytes(4)


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

    def __init__(self, wire: Wire, channels: tuple[int, int], early: deque[tuple[int, bytes]]) -> None:
        self._wire, (self._media, self._control), self._early = wire, channels, early
        wire.skips_noise = True

    def receive(self) -> Iterator[tuple[bool, memoryview]]:
        if not self._early and not self._wire.receive():
            return
        while self._early:
            channel, data = self._early.popleft()
            if channel in (self._media, self._control):
                yield channel == self._media, memoryview(data)
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
        own, self._peer = wire.hosts()
        self._media, self._control = _pair(own)
        self._camera_ports: tuple[int, int] | None = None
        self._ordered = Reordering()
        # Not select: that ends at 1,024 open files, and this is one process for many cameras.
        self._poll = select.poll()
        for source in (self._media, self._control, wire):
            self._poll.register(source, select.POLLIN)

    @property
    def ports(self) -> tuple[int, int]:
        return self._media.getsockname()[1], self._control.getsockname()[1]

    def aim(self, ports: tuple[int, int]) -> None:
        """The camera's own ports are known: a datagram to each opens the way back through a firewall."""
        self._camera_ports = ports
        for source, port, packet in ((self._media, ports[0], _EMPTY_MEDIA), (self._control, ports[1], _EMPTY_REPORT)):
            with suppress(OSError):
                source.sendto(packet, (self._peer, port))

    def receive(self) -> Iterator[tuple[bool, memoryview]]:
        ready = {descriptor for descriptor, _ in self._poll.poll(PAUSE_S * 1000)}
        if self._wire.fileno() in ready and self._wire.receive():
            for _ in self._wire.packets():
                pass  # answers are put aside; there are no packets in this connection
        for data in self._read(self._control, ready):
            yield False, memoryview(data)
        now = time.monotonic()
        for data in self._read(self._media, ready):
            for packet in self._ordered.take(data, now):
                yield True, memoryview(packet)
        for packet in self._ordered.overdue(now):
            yield True, memoryview(packet)

    def report(self, packet: bytes) -> None:
        if self._camera_ports:
            with suppress(OSError):  # the next one is as good
                self._control.sendto(packet, (self._peer, self._camera_ports[1]))

    def close(self) -> None:
        self._media.close()
        self._control.close()

    def _read(self, source: socket.socket, ready: set[int]) -> Iterator[bytes]:
        for _ in range(_AT_ONCE if source.fileno() in ready else 0):
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
