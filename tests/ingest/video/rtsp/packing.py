"""RTP as cameras send it: H.264 (RFC 6184) and HEVC (RFC 7798), written apart from what it tests."""

import struct
from collections.abc import Iterator, Sequence
from enum import Enum, auto

from ingest.video.frames import Codec

FIRST, LAST = 0x80, 0x40
_NTP_EPOCH_S = 2_208_988_800


class Marks(Enum):
    """Which packets say that they are the last of their picture."""

    LAST = auto()
    EVERY_UNIT = auto()
    EVERY_PACKET = auto()
    NONE = auto()


def header(
    sequence: int, timestamp: int, *, marked: bool = False, payload_type: int = 96, source: int = 7, flags: int = 0x80
) -> bytes:
    marked_type = payload_type | marked << 7
    return struct.pack(">BBHII", flags, marked_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, source)


def kind_of(codec: Codec, unit: bytes) -> int:
    return unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F


def fragments(codec: Codec, unit: bytes, limit: int) -> Iterator[bytes]:
    """FU-A, or HEVC's FU."""
    if codec == "h264":
        head, body = bytes([unit[0] & 0xE0 | 28]), unit[1:]
    else:
        head, body = bytes([unit[0] & 0x81 | 49 << 1, unit[1]]), unit[2:]
    step = limit - len(head) - 1
    for at in range(0, len(body), step):
        edge = FIRST * (at == 0) | LAST * (at + step >= len(body))
        yield head + bytes([kind_of(codec, unit) | edge]) + body[at : at + step]


def aggregate(codec: Codec, units: Sequence[bytes]) -> bytes:
    """STAP-A, or HEVC's AP."""
    head = bytes([0x60 | 24]) if codec == "h264" else bytes([48 << 1, 1])
    return head + b"".join(struct.pack(">H", len(unit)) + unit for unit in units)


class Packer:
    """Numbers the packets of one stream."""

    def __init__(
        self,
        codec: Codec = "h264",
        *,
        sequence: int = 0,
        payload_type: int = 96,
        source: int = 7,
        limit: int = 1200,
        aggregates: bool = False,
        marks: Marks = Marks.LAST,
    ) -> None:
        self.codec, self.sequence, self.payload_type, self.source = codec, sequence, payload_type, source
        self.limit, self.aggregates, self.marks = limit, aggregates, marks

    def picture(self, units: Sequence[bytes], timestamp: int) -> list[bytes]:
        packed = list(self._packed(units))
        made: list[bytes] = []
        for number, parts in enumerate(packed):
            for part in parts:
                marked = self._is_marked(part is parts[-1], number == len(packed) - 1)
                made.append(self.packet(part, timestamp, marked=marked))
        return made

    def packet(self, payload: bytes, timestamp: int, *, marked: bool = False) -> bytes:
        first = header(self.sequence, timestamp, marked=marked, payload_type=self.payload_type, source=self.source)
        self.sequence = self.sequence + 1 & 0xFFFF
        return first + payload

    def _packed(self, units: Sequence[bytes]) -> Iterator[list[bytes]]:
        """The payloads of each unit, or of several small ones."""
        small: list[bytes] = []
        for unit in units:
            if self.aggregates and sum(len(one) + 2 for one in [*small, unit]) + 2 <= self.limit:
                small.append(unit)
                continue
            yield from self._aggregated(small)
            small = []
            yield [unit] if len(unit) <= self.limit else list(fragments(self.codec, unit, self.limit))
        yield from self._aggregated(small)

    def _aggregated(self, units: list[bytes]) -> Iterator[list[bytes]]:
        if units:
            yield [aggregate(self.codec, units) if len(units) > 1 else units[0]]

    def _is_marked(self, ends_unit: bool, in_last_unit: bool) -> bool:
        match self.marks:
            case Marks.LAST:
                return ends_unit and in_last_unit
            case Marks.EVERY_UNIT:
                return ends_unit
            case Marks.EVERY_PACKET:
                return True
            case Marks.NONE:
                return False


def sender_report(wall_us: int, timestamp: int, source: int = 7) -> bytes:
    seconds, rest = divmod(wall_us, 1_000_000)
    return raw_report(seconds + _NTP_EPOCH_S, (rest << 32) // 1_000_000, timestamp, source)


def raw_report(ntp_seconds: int, ntp_fraction: int, timestamp: int, source: int = 7) -> bytes:
    body = (source, ntp_seconds & 0xFFFFFFFF, ntp_fraction, timestamp & 0xFFFFFFFF, 0, 0)
    return struct.pack(">BBHIIIIII", 0x80, 200, 6, *body)


def goodbye(source: int = 7) -> bytes:
    return struct.pack(">BBHI", 0x81, 203, 1, source)


def interleaved(channel: int, packet: bytes) -> bytes:
    return struct.pack(">BBH", 0x24, channel, len(packet)) + packet
