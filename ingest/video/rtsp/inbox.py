"""Datagrams of one camera, many with one call of the system.

Python's sockets give one with each call, and let other threads run meanwhile: with many cameras in one process these
two are most of what a datagram costs. Linux gives many (`recvmmsg`); elsewhere they are taken one by one.
"""

import ctypes
import mmap
import socket
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress

_LARGEST = 1 << 16
"""Of a datagram. Of the memory that is set aside for it only what datagrams have filled is used."""
_NAME_SIZE = 28
"""Room for a sender's address: 16 bytes of IPv4, 28 of IPv6."""
_SO_TIMESTAMPNS = 35
"""Of Linux (asm-generic/socket.h), which the socket module does not have: the system notes when a datagram comes."""
_STAMP = struct.Struct("@Niill")
"""`struct cmsghdr` and `struct timespec`: size, level, type, seconds, nanoseconds."""
_HOST_IN_NAME: dict[int, slice] = {socket.AF_INET: slice(4, 8), socket.AF_INET6: slice(8, 24)}
_AT_ONCE = 4096
"""More than lies there after a rest, so that no datagram is given up for lost while it does."""


class _Part(ctypes.Structure):
    """`struct iovec`."""

    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """`struct msghdr`."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint32),
        ("parts", ctypes.POINTER(_Part)),
        ("part_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """`struct mmsghdr`."""

    _fields_ = (("header", _Header), ("size", ctypes.c_uint))


def _found() -> "ctypes._NamedFuncPointer | None":
    # Not CDLL, which would let other threads run: the call never waits, and changing threads takes longer.
    found = getattr(ctypes.PyDLL(None), "recvmmsg", None) if sys.platform == "linux" else None
    if found is not None:
        found.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
    return found


_receive_many = _found()
CAN_TAKE_MANY = _receive_many is not None


class Inbox:
    """What comes to a socket that does not wait, from one host. Not safe to share between threads."""

    def __init__(self, source: socket.socket, host: str, slots: int, *, many: bool = CAN_TAKE_MANY) -> None:
        """`host` as the system writes it; `slots`: so many datagrams are taken with one call."""
        self._source, self._host, self._slots = source, host, slots
        self._memory = mmap.mmap(-1, slots * _LARGEST)
        if hasattr(mmap, "MADV_NOHUGEPAGE"):
            self._memory.madvise(mmap.MADV_NOHUGEPAGE)
        view = memoryview(self._memory)
        self._rooms = [view[at : at + _LARGEST] for at in range(0, slots * _LARGEST, _LARGEST)]
        self._letters = _Letters(source, host, self._memory, slots) if many else None
        self.newest_ns: int | None = None
        """When the last datagram came that was taken, by the server's time of day; None where the system tells none.

        It is asked to note that when an inbox is made, and does so from a moment later on; what came before counts as
        having come when it was taken.
        """

    def take(self) -> Iterator[Sequence[memoryview]]:
        """All that is here, some at a time, each valid until the next are taken."""
        for _ in range(0, _AT_ONCE, self._slots):
            sizes = self._letters.receive(self._source.fileno()) if self._letters is not None else self._one_by_one()
            if sizes:
                self.newest_ns = self._letters.stamp_ns(len(sizes) - 1) if self._letters is not None else None
                yield [room[:size] for room, size in zip(self._rooms, sizes, strict=False) if size >= 0]
            if len(sizes) < self._slots:
                return

    def _one_by_one(self) -> list[int]:
        sizes: list[int] = []
        for room in self._rooms:
            try:
                size, sender = self._source.recvfrom_into(room)
            except OSError:
                break
            sizes.append(size if sender[0] == self._host else -1)
        return sizes


class _Letters:
    """What the system wants to know to fill the slots, and what it says of them."""

    def __init__(self, source: socket.socket, host: str, memory: mmap.mmap, slots: int) -> None:
        self._slots = slots
        self._host = socket.inet_pton(source.family, host.partition("%")[0])
        self._host_in_name = _HOST_IN_NAME[source.family]
        with suppress(OSError):  # without, no arrivals are known
            source.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._known = b""
        """The name of the last sender that was the right one."""
        first = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        self._names = ctypes.create_string_buffer(slots * _NAME_SIZE)
        self._parts = (_Part * slots)(*(_Part(first + number * _LARGEST, _LARGEST) for number in range(slots)))
        self._stamps = ctypes.create_string_buffer(slots * _STAMP.size)
        self._messages = (_Message * slots)()
        for number, message in enumerate(self._messages):
            message.header.name = ctypes.addressof(self._names) + number * _NAME_SIZE
            message.header.name_size = _NAME_SIZE
            message.header.parts = ctypes.pointer(self._parts[number])
            message.header.part_count = 1
            message.header.control = ctypes.addressof(self._stamps) + number * _STAMP.size
            message.header.control_size = _STAMP.size
        self._address = ctypes.addressof(self._messages)
        word = ctypes.sizeof(ctypes.c_uint)
        self._words = memoryview(self._messages).cast("B").cast("I")
        self._size_at, self._step = _Message.size.offset // word, ctypes.sizeof(_Message) // word

    def receive(self, descriptor: int) -> list[int]:
        """How many bytes there are in each slot that was filled; -1 where they are somebody else's."""
        assert _receive_many is not None
        count = _receive_many(descriptor, self._address, self._slots, socket.MSG_DONTWAIT, None)
        if count <= 0:
            return []
        sizes = self._words[self._size_at : self._size_at + count * self._step : self._step].tolist()
        names = self._names.raw[: count * _NAME_SIZE]
        if names != self._known * count:  # as hardly ever
            return [size if self._is_from_host(names, number) else -1 for number, size in enumerate(sizes)]
        return sizes

    def stamp_ns(self, number: int) -> int | None:
        """When the datagram in that slot came."""
        _, *kind, seconds, rest_ns = _STAMP.unpack_from(self._stamps, number * _STAMP.size)
        return seconds * 1_000_000_000 + rest_ns if kind == [socket.SOL_SOCKET, _SO_TIMESTAMPNS] else None

    def _is_from_host(self, names: bytes, number: int) -> bool:
        name = names[number * _NAME_SIZE :][:_NAME_SIZE]
        if name[self._host_in_name] != self._host:
            return False
        self._known = name
        return True
