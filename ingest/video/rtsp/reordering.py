"""Datagrams back into their order: pure, with the time as an argument."""

from collections.abc import Iterator, Sequence

from ingest.video.rtsp.rtp import signed

MAX_WAIT_S = 0.25
"""How long a packet is held back for those that are missing before it."""
MAX_HELD = 512
_NUMBERED = 4
"""So many bytes a packet has at least that tells its number."""
_FAR = 1 << 12
"""A number that is so far away is that of another stream, not of a late packet."""


class Reordering:
    """Holds RTP packets back behind one that is missing, until it comes or is given up."""

    def __init__(self) -> None:
        self._expected: int | None = None
        self._held: dict[int, tuple[memoryview, float]] = {}
        """By number, with the time of arrival, in the order of arrival."""

    @property
    def is_waiting(self) -> bool:
        """Something is held back."""
        return bool(self._held)

    def take(self, packets: Sequence[memoryview], now: float) -> list[memoryview]:
        """The packets that are in order now; `now` in seconds of any clock that does not go back.

        What is held back is copied.
        """
        ready: list[memoryview] = []
        for packet in packets:
            if len(packet) < _NUMBERED:
                continue
            number = packet[2] << 8 | packet[3]
            if number == self._expected and not self._held:  # as nearly always
                self._expected = number + 1 & 0xFFFF
                ready.append(packet)
            else:
                ready += self._place(number, packet, now)
        return ready

    def overdue(self, now: float) -> list[memoryview]:
        """What need not wait any longer."""
        ready: list[memoryview] = []
        while self._held and now - next(iter(self._held.values()))[1] >= MAX_WAIT_S:
            ready += self._give_up()
        return ready

    def _place(self, number: int, packet: memoryview, now: float) -> Iterator[memoryview]:
        if self._expected is None or abs(self._ahead(number)) > _FAR:
            while self._held:
                yield from self._give_up()
            self._expected = number
        if self._ahead(number) < 0:
            return  # late or twice
        self._held.setdefault(number, (memoryview(bytes(packet)), now))
        yield from self._release()
        if len(self._held) > MAX_HELD:
            yield from self._give_up()

    def _ahead(self, number: int) -> int:
        """By how much it is later than the expected one."""
        return signed(number - (self._expected or 0), 16)

    def _release(self) -> Iterator[memoryview]:
        assert self._expected is not None
        while held := self._held.pop(self._expected, None):
            self._expected = (self._expected + 1) & 0xFFFF
            yield held[0]

    def _give_up(self) -> Iterator[memoryview]:
        """Goes on with the next packet there is."""
        self._expected = min(self._held, key=self._ahead)
        yield from self._release()
