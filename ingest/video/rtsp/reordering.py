"""Datagrams back into their order: pure, with the time as an argument."""

from collections.abc import Iterator

MAX_WAIT_S = 0.25
"""How long one that is missing is waited for."""
MAX_HELD = 512
_WRAP = 1 << 16
_FAR = 1 << 12
"""A number that is so far away is that of another stream, not of a late packet."""


class Reordering:
    """Holds RTP packets back behind one that is missing, until it comes or is given up."""

    def __init__(self) -> None:
        self._expected: int | None = None
        self._held: dict[int, bytes] = {}
        self._since = 0.0

    def take(self, packet: bytes, now: float) -> Iterator[bytes]:
        """The packets that are in order now; `now` in seconds of any clock that does not go back."""
        if len(packet) < 4:
            return
        number = int.from_bytes(packet[2:4], "big")
        if self._expected is None or _FAR < (number - self._expected) % _WRAP < _WRAP - _FAR:
            self._held.clear()
            self._expected = number
        if (number - self._expected) % _WRAP >= _WRAP - _FAR:
            return  # late or twice
        if number != self._expected and not self._held:
            self._since = now
        self._held[number] = packet
        yield from self._release()
        if len(self._held) > MAX_HELD:
            yield from self._give_up(now)

    def overdue(self, now: float) -> Iterator[bytes]:
        """What need not wait any longer."""
        while self._held and now - self._since >= MAX_WAIT_S:
            yield from self._give_up(now)

    def _release(self) -> Iterator[bytes]:
        assert self._expected is not None
        while (packet := self._held.pop(self._expected, None)) is not None:
            self._expected = (self._expected + 1) % _WRAP
            yield packet

    def _give_up(self, now: float) -> Iterator[bytes]:
        """Goes on with the next packet there is."""
        assert self._expected is not None
        expected = self._expected
        self._expected = min(self._held, key=lambda number: (number - expected) % _WRAP)
        self._since = now
        yield from self._release()
