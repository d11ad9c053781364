"""How the packets of a stream come: in the connection itself (TCP), or as datagrams beside it (UDP)."""

import re
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from ingest.video.gathering import Patience
from ingest.video.rtsp.failures import unreachable
from ingest.video.rtsp.inbox import CAN_TAKE_MANY, Inbox
from ingest.video.rtsp.reordering import Reordering
from ingest.video.rtsp.wire import PAUSE_S, Wire

_RECEIVE_BUFFER = 4 * 1024 * 1024
_ROOM_SHARE = 4
"""Of what the system grants us, so small a part may be filled on purpose: it counts what a datagram takes with all
that belongs to it, up to four times its bytes."""
_LARGEST = 65_536
_SLOTS, _SOUND_SLOTS = 32, 8
"""Datagrams of a stream that are taken with one call of the system."""
_SET_NS = 5_000_000
"""By more than this the time of day and the monotonic clock part only when one is set."""
_TOLD_AT_ONCE = 256
"""Datagrams of what a camera tells of its streams, whoever sends more."""
_PORT_TRIES = 50
_EMPTY_MEDIA, _EMPTY_REPORT = b"\x80" + bytes(11), b"\x80\xc9\x00\x01" + bytes(4)


Packets = tuple[bool, Sequence[memoryview]]
"""Whether they are RTP (else RTCP), and some that follow one another (or none), valid until the next are given."""
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
    def receive(self) -> Iterator[Packets]:
        """Waits a little, then gives what has come.

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
    def lay_us(self) -> int | None:
        """For how long the last packet lay there that `receive` gave; None: nobody knows."""

    def gather(self, patience: Patience) -> None:
        """`receive` may wait until so much has come, for half a second at most."""

    def close(self) -> None: ...


class Interleaved:
    """RTP and RTCP in channels of the RTSP connection."""

    room = None
    lay_us = 0
    """What was waited for wakes us as it comes."""

    def __init__(self, wire: Wire, channels: tuple[int, int], early: deque[tuple[int, bytes]]) -> None:
        self._wire, (self._media, self._control), self._early = wire, channels, early
        self._audio: tuple[int, int] = (-1, -1)
        self._listener: Listener | None = None
        wire.skips_noise = True

    def receive(self) -> Iterator[Packets]:
        if not self._early and not self._wire.receive():
            return
        while self._early:
            channel, data = self._early.popleft()
            yield from self._given(channel, [memoryview(data)])
        for channel, packets in self._wire.packets():
            if channel == self._media:
                yield True, packets
            else:
                yield from self._given(channel, packets)

    def _given(self, channel: int, packets: Sequence[memoryview]) -> Iterator[Packets]:
        if channel in (self._media, self._control):
            yield channel == self._media, packets
        elif self._listener is not None and channel in self._audio:
            for packet in packets:
                self._listener(channel == self._audio[0], packet)

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


class Datagrams:
    """Two ports for RTP and RTCP; what comes from elsewhere than the camera is not looked at."""

    def __init__(self, wire: Wire, *, many: bool = CAN_TAKE_MANY) -> None:
        """`many`: as of an inbox. Raises SourceFailure when no two ports are free."""
        self._wire = wire
        own, self._peer = wire.hosts()
        self._own = own
        self._media, self._control = _pair(own)
        self._camera_ports: tuple[int, int] | None = None
        self._inbox, self._ordered = Inbox(self._media, self._peer, _SLOTS, many=many), Reordering()
        self._sound: _SoundPorts | None = None
        # Not select: that ends at 1,024 open files, and this is one process for many cameras.
        self._poll = select.poll()
        for source in (self._media, self._control, wire):
            self._poll.register(source, select.POLLIN)
        self._calls = select.poll()
        for source in (self._control, wire):
            self._calls.register(source, select.POLLIN)
        self._rest_s = 0.0
        self._ahead_ns = _ahead_ns()
        self.lay_us: int | None = 0
        self.room = self._media.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // _ROOM_SHARE

    @property
    def ports(self) -> tuple[int, int]:
        return self._media.getsockname()[1], self._control.getsockname()[1]

    def aim(self, ports: tuple[int, int]) -> None:
        """The camera's own ports are known: a datagram to each opens the way back through a firewall."""
        self._camera_ports = ports
        self._knock(self._media, ports[0], _EMPTY_MEDIA)
        self._knock(self._control, ports[1], _EMPTY_REPORT)

    def receive(self) -> Iterator[Packets]:
        rests = self._may_rest()
        ready = self._rested() if rests else self._woken()
        if self._wire.fileno() in ready and self._wire.receive():
            for _ in self._wire.packets():
                pass  # answers are put aside; there are no packets in this connection
        for data in self._read(self._control, ready):
            yield False, [memoryview(data)]
        now = time.monotonic()
        self.lay_us = None if rests else 0
        if self._media.fileno() in ready:
            for packets in self._inbox.take():
                self.lay_us = self._age_us() if rests else 0
                yield True, self._ordered.take(packets, now)
        if self._ordered.is_waiting:
            yield True, self._ordered.overdue(now)
        if self._sound is not None:
            self._hear(self._sound, ready, now)

    def offer_audio(self) -> str:
        media, control = _pair(self._own)
        self._sound = _SoundPorts(media, control, Inbox(media, self._peer, _SOUND_SLOTS))
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
        """Not twice without knowing when something came: then the next picture's arrival is seen. Nor while a packet is
        missing, whose time has an end."""
        return bool(self._rest_s) and self.lay_us is not None and not self._ordered.is_waiting

    def _rested(self) -> set[int]:
        """Leaves the packets where they come, unless the camera has something to say; then all are looked at."""
        called = {descriptor for descriptor, _ in self._calls.poll(self._rest_s * 1000)}
        sound = {self._sound.media.fileno(), self._sound.control.fileno()} if self._sound is not None else set()
        return called | sound | {self._media.fileno()}

    def _woken(self) -> set[int]:
        return {descriptor for descriptor, _ in self._poll.poll(PAUSE_S * 1000)}

    def _age_us(self) -> int | None:
        """Of the newest packet. None, too, when the time of day was set meanwhile, by which the system notes it."""
        before_ns, self._ahead_ns = self._ahead_ns, _ahead_ns()
        came_ns = self._inbox.newest_ns
        if came_ns is None or abs(self._ahead_ns - before_ns) > _SET_NS:
            return None
        return max(time.time_ns() - came_ns, 0) // 1000

    def _knock(self, source: socket.socket, port: int, packet: bytes) -> None:
        with suppress(OSError):  # the next one is as good
            source.sendto(packet, (self._peer, port))

    def _hear(self, sound: "_SoundPorts", ready: set[int], now: float) -> None:
        for data in self._read(sound.control, ready):
            sound.hear(False, [memoryview(data)])
        if sound.media.fileno() in ready:
            for packets in sound.inbox.take():
                sound.hear(True, sound.ordered.take(packets, now))
        sound.hear(True, sound.ordered.overdue(now))

    def _read(self, source: socket.socket, ready: set[int]) -> Iterator[bytes]:
        """What little the camera tells of its streams."""
        for _ in range(_TOLD_AT_ONCE if source.fileno() in ready else 0):
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
    inbox: Inbox
    ordered: Reordering = field(default_factory=Reordering)
    listener: Listener | None = None
    camera_control: int | None = None
    """The camera's port for what is told of the sound."""

    def hear(self, is_media: bool, packets: Sequence[memoryview]) -> None:
        if self.listener is not None:
            for packet in packets:
                self.listener(is_media, packet)


def _ahead_ns() -> int:
    # Whoever is interrupted between the two sees too little.
    return max(time.time_ns() - time.monotonic_ns() for _ in range(3))


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
