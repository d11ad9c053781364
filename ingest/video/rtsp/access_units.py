"""Frames of sound out of RTP payloads: AAC (RFC 3640) and G.711 (RFC 3551)."""

from collections.abc import Iterator

from ingest.video.bits import Bits
from ingest.video.rtsp.audio_descriptions import AudioTrack, UnitHeader
from ingest.video.rtsp.rtp import HEADER, BadPacket, payload_span, signed

_MAX_UNITS = 256
_MAX_BYTES = 1 << 16


class FrameCollector:
    """Takes RTP packets in the order of their numbers; what misses a part is left out."""

    def __init__(self, track: AudioTrack) -> None:
        self._payload_type, self._format, self._header = track.payload_type, track.format, track.unit_header
        self._begun: tuple[int, int, bytearray] | None = None
        """Timestamp, size and first parts of a unit that comes in several packets."""
        self.source: int | None = None
        """SSRC of the stream."""
        self.highest_sequence = -1
        """Of the last packet, with the number of wraps above its 16 bits."""

    def take(self, packet: memoryview) -> Iterator[tuple[int, bytes]]:
        """Timestamp (32 bits) and bytes of each frame that is complete. Raises BadPacket."""
        start, end = payload_span(packet)
        _, marked_type, sequence, timestamp, source = HEADER.unpack_from(packet)
        if marked_type & 0x7F != self._payload_type:
            return
        self._follow(sequence, source)
        payload = bytes(packet[start:end])
        if self._header is not None:
            yield from self._units(self._header, payload, timestamp)
        elif whole := len(payload) - len(payload) % self._format.channels:
            yield timestamp, payload[:whole]

    def _follow(self, sequence: int, source: int) -> None:
        step = signed(sequence - self.highest_sequence, 16)
        if source != self.source or step != 1:
            self._begun = None
        self.highest_sequence = self.highest_sequence + step if source == self.source else sequence
        self.source = source

    def _units(self, header: UnitHeader, payload: bytes, timestamp: int) -> Iterator[tuple[int, bytes]]:
        sizes, position = _sizes(header, payload)
        if len(sizes) == 1 and len(payload) - position < sizes[0]:
            yield from self._part(payload[position:], sizes[0], timestamp)
            return
        self._begun = None
        for number, size in enumerate(sizes):
            if size and position + size <= len(payload):
                yield timestamp + number * self._format.frame_ticks & 0xFFFFFFFF, payload[position : position + size]
            position += size

    def _part(self, part: bytes, size: int, timestamp: int) -> Iterator[tuple[int, bytes]]:
        if self._begun is None or self._begun[:2] != (timestamp, size):
            self._begun = timestamp, size, bytearray()
        gathered = self._begun[2]
        gathered += part
        if len(gathered) >= size:
            self._begun = None
            if len(gathered) == size:
                yield timestamp, bytes(gathered)


def _sizes(header: UnitHeader, payload: bytes) -> tuple[list[int], int]:
    """The units' sizes, and where the first begins. Raises BadPacket."""
    length = int.from_bytes(payload[:2], "big")
    position = 2 + (length + 7) // 8
    if len(payload) < position or length > 8 * _MAX_BYTES:
        raise BadPacket("the headers of the units lead beyond the end")
    bits, sizes, index_bits = Bits(payload[2:position]), list[int](), header.index
    while length >= header.size + index_bits and len(sizes) < _MAX_UNITS:
        size, index = bits.read(header.size), bits.read(index_bits)
        if index:
            raise BadPacket("interleaved units")
        sizes.append(size)
        length -= header.size + index_bits
        index_bits = header.index_delta
    if header.auxiliary:
        position = _after_auxiliary(payload, position, header.auxiliary)
    return sizes, position


def _after_auxiliary(payload: bytes, position: int, size_bits: int) -> int:
    told = Bits(payload[position : position + 4].ljust(4, b"\0")).read(size_bits)
    return position + (size_bits + told + 7) // 8
