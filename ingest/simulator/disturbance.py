"""What happens to a camera's packets on their way: they get lost, overtake each other, and noise comes between them."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_HELD_BACK = 6
"""A packet that is overtaken comes after so many others at most."""
_NOISE_BYTES = 200


@dataclass
class Disturbance:
    """Shares of the packets, from 0 to 1; may be set from any thread, at any time."""

    loss: float = 0.0
    """Do not arrive, over TCP neither: a camera whose network is too slow throws them away."""
    reordering: float = 0.0
    """Are overtaken by others; datagrams only, for TCP keeps the order."""
    noise: float = 0.0
    """Come after some bytes that mean nothing."""


class Way:
    """Of one client's media. Not safe to share between threads."""

    def __init__(self, disturbance: Disturbance, seed: int | None = None) -> None:
        self._disturbance = disturbance
        self._chance = random.Random(seed)
        self._held: list[tuple[int, bytes]] = []
        """Packets that are overtaken, and by how many others still."""

    def arriving(self, packets: Iterable[bytes]) -> Iterator[bytes]:
        for packet in packets:
            if not self._happens(self._disturbance.loss):
                yield packet

    def in_any_order(self, packets: Iterable[bytes]) -> Iterator[bytes]:
        """All of them, some later than others; the last may come only with the next call."""
        for packet in packets:
            if self._happens(self._disturbance.reordering):
                self._held.append((self._chance.randint(1, _HELD_BACK), packet))
                continue
            yield packet
            yield from self._overtaken()

    def noise(self) -> bytes:
        """What comes before a packet; mostly nothing."""
        return (
            self._chance.randbytes(self._chance.randint(1, _NOISE_BYTES))
            if self._happens(self._disturbance.noise)
            else b""
        )

    def _overtaken(self) -> Iterator[bytes]:
        self._held = [(others - 1, packet) for others, packet in self._held]
        yield from (packet for others, packet in self._held if others == 0)
        self._held = [(others, packet) for others, packet in self._held if others]

    def _happens(self, share: float) -> bool:
        return share > 0 and self._chance.random() < share
