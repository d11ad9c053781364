"""The connection to a camera: messages, and between them the packets that are interleaved (RFC 2326 10.12)."""

import re
import socket
import struct
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

from ingest.video.rtsp.addresses import Address
from ingest.video.rtsp.failures import SourceFailure, ended, hung_up, unreachable
from ingest.video.rtsp.messages import MAX_HEAD, NOT_RTSP, Answer, BadMessage, read_head, refusal
from ingest.video.rtsp.secured import Secured, Stream

CONNECT_S = 5.0
PAUSE_S = 0.5
"""The longest wait for data, so that whoever reads can look at a stop flag."""
_BUFFER = 512 * 1024
_ROOM = 68 * 1024
"""More than the largest packet (64 KiB and its frame); less than that left, and what waits is moved to the front."""
_DOLLAR = ord("$")
_LINE_ENDS = b"\r\n"
_BEGINS = re.compile(rb"[A-Z_]{4}")
_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")
_RESUMES = re.compile(rb"\$[\x00-\x0f]..[\x80-\xbf]|RTSP/1\.0 \d", re.DOTALL)
"""A packet of version 2 in a usual channel, or an answer."""
_LONGEST_SIGN = 10
_MAX_NOISE = 256 * 1024


class Wire:
    """Not safe to share between threads."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        self._noise = 0
        self.answers: deque[Answer] = deque()
        """That have come and were not looked at."""
        self._gathered = 1
        self.skips_noise = False
        """Some cameras (Canon) send bytes that belong to nothing between their packets."""

    @classmethod
    def connect(cls, address: Address) -> "Wire":
        """Raises SourceFailure."""
        try:
            stream = socket.create_connection((address.host, address.port), CONNECT_S)
        except (OSError, ValueError) as error:
            raise unreachable(_said(error)) from error
        try:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            secured = Secured(stream, address.host, CONNECT_S) if address.secure else None
            _limit(stream)
            return cls(secured or stream)
        except (OSError, ValueError) as error:
            stream.close()
            raise unreachable(_said(error)) from error

    def hosts(self) -> tuple[str, str]:
        """Our own and the camera's address. Raises SourceFailure."""
        try:
            return str(self._stream.getsockname()[0]), str(self._stream.getpeername()[0])
        except OSError as error:
            raise hung_up(_said(error)) from error

    def fileno(self) -> int:
        return self._stream.fileno()

    def close(self) -> None:
        self._stream.close()

    def send(self, data: bytes) -> None:
        """Raises SourceFailure."""
        try:
            self._stream.sendall(data)
        except OSError as error:
            raise hung_up(_said(error)) from error

    def gather(self, size: int) -> None:
        """From now on `receive` may wait until so many bytes have come, though not longer than PAUSE_S."""
        if size != self._gathered:
            self._gathered = size
            with suppress(OSError):  # a system that cannot do it wakes us more often
                self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)

    def receive(self) -> bool:
        """Waits for data; False when none came within PAUSE_S. Raises SourceFailure when the camera has gone."""
        if _BUFFER - self._end < _ROOM:
            self._view[: self._end - self._start] = bytes(self._view[self._start : self._end])
            self._start, self._end = 0, self._end - self._start
        try:
            count = self._stream.recv_into(self._view[self._end :])
        except (BlockingIOError, TimeoutError):
            return False
        except OSError as error:
            raise hung_up(_said(error)) from error
        if not count:
            raise hung_up("the camera ended the stream")
        self._end += count
        return True

    def packets(self) -> Iterator[tuple[int, list[memoryview]]]:
        """Channel and bytes of the packets that are here, those together that follow one another in a channel.

        They are valid until more is received. Answers are put aside. Raises SourceFailure when it is not RTSP.
        """
        while self._end - self._start >= 4:
            if self._buffer[self._start] == _DOLLAR:
                channel, packets = self._buffer[self._start + 1], self._run()
                if not packets:
                    break
                yield channel, packets
            elif self._buffer[self._start] in _LINE_ENDS:
                self._start += 1
            elif not self._take_message():
                break
        if self._start == self._end:
            self._start = self._end = 0

    def _run(self) -> list[memoryview]:
        """The packets that are whole, up to another channel or something else than a packet."""
        buffer, view, start, end = self._buffer, self._view, self._start, self._end
        channel, packets = buffer[start + 1], list[memoryview]()
        while end - start >= 4 and buffer[start] == _DOLLAR and buffer[start + 1] == channel:
            stop = start + 4 + (buffer[start + 2] << 8 | buffer[start + 3])
            if stop > end:
                break
            packets.append(view[start + 4 : stop])
            start = stop
        self._start = start
        return packets

    def _take_message(self) -> bool:
        """Whether to go on: a message was complete, or noise ends here."""
        try:
            return self._message()
        except BadMessage as error:
            if not self.skips_noise:
                raise ended(str(error)) from error
            return self._skip_noise()

    def _message(self) -> bool:
        if not _BEGINS.match(self._buffer, self._start, self._end):
            raise BadMessage(NOT_RTSP)
        found = _HEAD_ENDS.search(self._buffer, self._start, self._end)
        if not found:
            if self._end - self._start > MAX_HEAD:
                raise BadMessage(NOT_RTSP)
            return False
        head = read_head(bytes(self._view[self._start : found.start()]))
        stop = found.end() + head.body_length
        if stop > self._end:
            return False
        body = bytes(self._view[found.end() : stop]).decode("utf-8", "replace")
        self._start = stop
        if head.status is None:
            self.send(refusal(head))
        else:
            self.answers.append(Answer(head, body))
        return True

    def _skip_noise(self) -> bool:
        """Whether there is something after it. Raises SourceFailure when it does not end."""
        found = _RESUMES.search(self._buffer, self._start + 1, self._end)
        here = found.start() if found else max(self._start, self._end - _LONGEST_SIGN)
        self._noise += here - self._start
        self._start = here
        if self._noise > _MAX_NOISE:
            raise ended(NOT_RTSP)
        if found:
            self._noise = 0
        return bool(found)


def _limit(stream: socket.socket) -> None:
    """The kernel ends a wait, so that a read is one call and not also a poll before it."""
    stream.settimeout(None)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(PAUSE_S))
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(CONNECT_S))


def _timeval(seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack("ll", whole, int((seconds - whole) * 1_000_000))


def _said(error: Exception) -> str:
    """The system's words without addresses, which may be secret."""
    strerror = getattr(error, "strerror", None)
    return str(strerror or error)


def close_quietly(wire: Wire, goodbye: bytes) -> None:
    """Says goodbye if the camera still listens, and closes."""
    with suppress(SourceFailure):
        wire.send(goodbye)
    wire.close()
