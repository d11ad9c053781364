"""How the packets of a stream come: in the connection itself (TCP), or as datagrams beside it (UDP)."""

import re
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from ingest.video.gathering import Patience
from ingest.video.rtsp.failures import unreachable
from ingest.video.rtsp.reordering import Reordering
from ingest.video.rtsp.wire import PAUSE_S, Wire

_RECEIVE_BUFFER = 4 * 1024 * 1024
_ROOM_SHARE = 4
"""Of what the system grants us, so small a part may be filled on purpose: it counts what a datagram takes with all
that belongs to it, up to four times its bytes."""
_LARGEST = 65_536
_AT_ONCE = 4096
"""More than lies there after a rest, so that no datagram is given up for lost while it does."""
_PORT_TRIES = 50
_EMPTY_MEDIA, _EMPTY_REPORT = b"\x80" + bytes(11), b"\x80\xc9\x00\x01" + bytes(4)


Listener = Callable[[bool, memoryview], None]
"""Takes the packets of the sound: whether it is RTP (else RTCP), and the packet."""

_LAST_CHANNEL, _LAST_PORT = 255, 65_535


def numbers(transport: str, name: str) -> tuple[int, int] | None:
    """Two numbers of a Transport header, e.g. interleaved=0-1; the second is the first and one when it is left out."""
    found = re.search(rf"\b{name}\s*=\s*(\d{{1,5}})(?:-(\d{{1,5}}))?", transport, re.IGNORECASE)
    told = (int(found[1]), int(found[2] or int(found[1]) + 1)) if found else None
    largest = _LAST_CHANNEL if name == "interleaved" else _LAST_PORT
    return told if told and max(told) <= largest else None


class Transport(Protocol):
    def receive(self) -> Iterator[tuple[bool, memoryview]]:
        """Waits a little, then gives what has come: whether it is RTP (else RTCP), and the packet.

        Raises SourceFailure when the camera has gone.
        """

    def report(self, packet: bytes) -> None:
        """Sends RTCP to the camera. Raises SourceFailure."""

    def offer_audio(self) -> str:
        """The Transport header that asks for the sound, too. Raises SourceFailure."""

    def accept_audio(self, answer: str) -> None:
        """The Transport header with which the camera agrees."""

    def report_audio(self, packet: bytes) -> None:
        """As `report`, for the sound."""

    def listen(self, listener: Listener) -> None:
        """Who takes the sound; what comes is not looked at before."""

    @property
    def room(self) -> int | None:
        """How many bytes may lie in the system while nobody looks; None: what finds no room is not lost."""

    @property
    def has_rested(self) -> bool:
        """What `receive` gave last lay there for nobody knows how long."""

    def gather(self, patience: Patience) -> None:
        """`receive` may wait until so much has come, for half a second at most."""

    def close(self) -> None: ...


class Interleaved:
    """RTP and RTCP in channels of the RTSP connection."""

    room = None
    has_rested = False
    """What was waited for wakes us as it comes."""

    def __init__(self, wire: Wire, channels: tuple[int, int], early: deque[tuple[int, bytes]]) -> None:
        self._wire, (self._media, self._control), self._early = wire, channels, early
        self._audio: tuple[int, int] = (-1, -1)
        self._listener: Listener | None = None
        wire.skips_noise = True

    def receive(self) -> Iterator[tuple[bool, memoryview]]:
        if not self._early and not self._wire.receive():
            return
        while self._early:
            channel, data = self._early.popleft()
            if channel in (self._media, self._control):
                yield channel == self._media, memoryview(data)
            else:
                self._hear(channel, memoryview(data))
        for channel, packet in self._wire.packets():
            if channel == self._media:
                yield True, packet
            elif channel == self._control:
                yield False, packet
            else:
                self._hear(channel, packet)

    def offer_audio(self) -> str:
        free = max(self._media, self._control) + 1
        self._audio = (free, free + 1) if free < _LAST_CHANNEL else (2, 3)
        return "RTP/AVP/TCP;unicast;interleaved={}-{}".format(*self._audio)

    def accept_audio(self, answer: str) -> None:
        self._audio = numbers(answer, "interleaved") or self._audio

    def listen(self, listener: Listener) -> None:
        self._listener = listener

    def gather(self, patience: Patience) -> None:
        self._wire.gather(patience.size)

    def report(self, packet: bytes) -> None:
        self._send(self._control, packet)

    def report_audio(self, packet: bytes) -> None:
        self._send(self._audio[1], packet)

    def close(self) -> None:
        """The connection is closed by its owner."""

    def _send(self, channel: int, packet: bytes) -> None:
        self._wire.send(b"$" + bytes((channel,)) + len(packet).to_bytes(2, "big") + packet)

    def _hear(self, channel: int, packet: memoryview) -> None:
        if self._listener is not None and channel in self._audio:
            self._listener(channel == self._audio[0], packet)


class Datagrams:
    """Two ports for RTP and RTCP; what comes from elsewhere than the camera is not looked at."""

    def __init__(self, wire: Wire) -> None:
        """Raises SourceFailure when no two ports are free."""
        self._wire = wire
        own, self._peer = wire.hosts()
        self._own = own
        self._media, self._control = _pair(own)
        self._camera_ports: tuple[int, int] | None = None
        self._ordered = Reordering()
        self._sound: _SoundPorts | None = None
        # Not select: that ends at 1,024 open files, and this is one process for many cameras.
        self._poll = select.poll()
        for source in (self._media, self._control, wire):
            self._poll.register(source, select.POLLIN)
        self._calls = select.poll()
        for source in (self._control, wire):
            self._calls.register(source, select.POLLIN)
        self._rest_s = 0.0
        self.has_rested = False
        self.room = self._media.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // _ROOM_SHARE

    @property
    def ports(self) -> tuple[int, int]:
        return self._media.getsockname()[1], self._control.getsockname()[1]

    def aim(self, ports: tuple[int, int]) -> None:
        """The camera's own ports are known: a datagram to each opens the way back through a firewall."""
        self._camera_ports = ports
        self._knock(self._media, ports[0], _EMPTY_MEDIA)
        self._knock(self._control, ports[1], _EMPTY_REPORT)

    def receive(self) -> Iterator[tuple[bool, memoryview]]:
        ready = self._rested() if self._may_rest() else self._woken()
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
        if self._sound is not None:
            self._hear(self._sound, ready, now)

    def offer_audio(self) -> str:
        self._sound = _SoundPorts(*_pair(self._own))
        for source in (self._sound.media, self._sound.control):
            self._poll.register(source, select.POLLIN)
        ports = (source.getsockname()[1] for source in (self._sound.media, self._sound.control))
        return "RTP/AVP;unicast;client_port={}-{}".format(*ports)

    def accept_audio(self, answer: str) -> None:
        if self._sound is not None and (ports := numbers(answer, "server_port")):
            self._sound.camera_control = ports[1]
            self._knock(self._sound.media, ports[0], _EMPTY_MEDIA)
            self._knock(self._sound.control, ports[1], _EMPTY_REPORT)

    def listen(self, listener: Listener) -> None:
        if self._sound is not None:
            self._sound.listener = listener

    def gather(self, patience: Patience) -> None:
        self._rest_s = patience.rest_s

    def report(self, packet: bytes) -> None:
        if self._camera_ports:
            self._knock(self._control, self._camera_ports[1], packet)

    def report_audio(self, packet: bytes) -> None:
        if self._sound is not None and self._sound.camera_control is not None:
            self._knock(self._sound.control, self._sound.camera_control, packet)

    def close(self) -> None:
        self._media.close()
        self._control.close()
        if self._sound is not None:
            self._sound.media.close()
            self._sound.control.close()

    def _may_rest(self) -> bool:
        """Not twice: then the next picture's arrival is seen. Nor while one is missing, whose time has an end."""
        return bool(self._rest_s) and not self.has_rested and not self._ordered.is_waiting

    def _rested(self) -> set[int]:
        """Leaves the packets where they come, unless the camera has something to say; then all are looked at."""
        self.has_rested = True
        called = {descriptor for descriptor, _ in self._calls.poll(self._rest_s * 1000)}
        return called | {self._media.fileno()}

    def _woken(self) -> set[int]:
        self.has_rested = False
        return {descriptor for descriptor, _ in self._poll.poll(PAUSE_S * 1000)}

    def _knock(self, source: socket.socket, port: int, packet: bytes) -> None:
        with suppress(OSError):  # the next one is as good
            source.sendto(packet, (self._peer, port))

    def _hear(self, sound: "_SoundPorts", ready: set[int], now: float) -> None:
        for data in self._read(sound.control, ready):
            sound.hear(False, data)
        for data in self._read(sound.media, ready):
            for packet in sound.ordered.take(data, now):
                sound.hear(True, packet)
        for packet in sound.ordered.overdue(now):
            sound.hear(True, packet)

    def _read(self, source: socket.socket, ready: set[int]) -> Iterator[bytes]:
        for _ in range(_AT_ONCE if source.fileno() in ready else 0):
            try:
                data, sender = source.recvfrom(_LARGEST)
            except OSError:
                return
            if sender[0] == self._peer:
                yield data


@dataclass(slots=True)
class _SoundPorts:
    media: socket.socket
    control: socket.socket
    ordered: Reordering = field(default_factory=Reordering)
    listener: Listener | None = None
    camera_control: int | None = None
    """The camera's port for what is told of the sound."""

    def hear(self, is_media: bool, packet: bytes) -> None:
        if self.listener is not None:
            self.listener(is_media, memoryview(packet))


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
