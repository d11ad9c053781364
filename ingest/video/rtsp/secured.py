"""A connection through TLS.

Python's own sockets ask the system for each record twice, and records are as small as a camera's packets. Here all that
has come is taken with one call, so that the system can also be told of how much it shall wake us.
"""

import socket
import ssl
import time
from typing import Protocol, cast

_ROOM = 256 * 1024
"""More than is ever waited for; what has not been used takes no memory."""


class Stream(Protocol):
    """What a connection is asked for; as a socket has it."""

    def recv_into(self, room: memoryview, /) -> int: ...
    def sendall(self, data: bytes, /) -> None: ...
    def getsockname(self) -> tuple[object, ...]: ...
    def getpeername(self) -> tuple[object, ...]: ...
    def setsockopt(self, level: int, name: int, value: int, /) -> None: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...


class Secured:
    """Not safe to share between threads. As a socket it raises OSError."""

    def __init__(self, stream: socket.socket, host: str, limit_s: float) -> None:
        """TLS is agreed on within the limit. Cameras certify themselves, so it does not prove which camera answers."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._stream = stream
        self._coming, self._going = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._coming, self._going, server_hostname=host)
        self._room = memoryview(bytearray(_ROOM))
        self._is_read_out = True
        """What had come has been given: more must come first."""
        self._agree(time.monotonic() + limit_s)

    def recv_into(self, room: memoryview, /) -> int:
        """As of a socket; also BlockingIOError when what has come is no whole record."""
        if self._is_read_out:
            self._fetch()
        count = self._deciphered(room)
        self._send_on()
        if not count and not self._coming.eof:
            raise BlockingIOError
        return count

    def sendall(self, data: bytes, /) -> None:
        self._tls.write(data)
        self._send_on()

    def getsockname(self) -> tuple[object, ...]:
        return tuple(self._stream.getsockname())

    def getpeername(self) -> tuple[object, ...]:
        return tuple(self._stream.getpeername())

    def setsockopt(self, level: int, name: int, value: int, /) -> None:
        """Of the connection: sizes are those of enciphered bytes, a little more than what they hold."""
        self._stream.setsockopt(level, name, value)

    def fileno(self) -> int:
        return self._stream.fileno()

    def close(self) -> None:
        self._stream.close()

    def _agree(self, until: float) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._send_on()
                self._stream.settimeout(max(until - time.monotonic(), 0.001))
                self._fetch()
            else:
                self._send_on()
                self._is_read_out = False  # the camera may have said more already
                return

    def _fetch(self) -> None:
        count = self._stream.recv_into(self._room)
        if count:
            self._coming.write(self._room[:count])
        else:
            self._coming.write_eof()

    def _deciphered(self, room: memoryview) -> int:
        """How many bytes of the room are filled: all there are, unless the room ends before."""
        filled = 0
        self._is_read_out = False
        try:
            while filled < len(room):
                # With room to read into it returns how many bytes there were, whatever its annotation says.
                count = cast(int, self._tls.read(len(room) - filled, room[filled:]))
                if not count:
                    break
                filled += count
        except ssl.SSLWantReadError:
            self._is_read_out = True
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self._coming.write_eof()
        return filled

    def _send_on(self) -> None:
        if self._going.pending:
            self._stream.sendall(self._going.read())
