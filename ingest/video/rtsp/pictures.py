"""Coded pictures out of the RTP packets of one video stream."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.video.frames import Codec
from ingest.video.recovery_points import recovery_frames
from ingest.video.rtsp.rtp import HEADER, HEADER_SIZE, PLAIN, BadPacket, payload_span, signed
from ingest.video.rtsp.units import UnitCollector

_H264_IDR, _H264_SEI = 5, 6
_HEVC_KEYS = frozenset(range(16, 22))
_LEAST_PAYLOAD = 3
_HEADS = {"h264": struct.Struct(">HHQBB"), "hevc": struct.Struct(">HHQHB")}
"""Of a packet without anything unusual: flags, marker and payload type; number; timestamp and source; then the header
of the payload and, of a part of a unit, the byte after it."""
_MAX_BYTES = 16 * 1024 * 1024
"""Of one picture; a camera that never ends one must not fill the memory."""


@dataclass(slots=True)
class Picture:
    """One coded picture. Not to be changed; not frozen because that would make it twice as costly."""

    data: bytes
    """Annex B."""
    timestamp: int
    """32 bits, of the camera's RTP clock."""
    keyframe: bool
    after_loss: bool = False
    """Packets between the picture before and this one are missing."""


class PictureAssembler:
    """Takes RTP packets in the order of their numbers.

    A picture ends with the packet that is marked as its last. Some cameras mark every slice, others none: so the first
    picture ends when the next one begins, and so do all if the marks are found to be untrue.
    """

    def __init__(self, codec: Codec, payload_type: int) -> None:
        self._codec, self._payload_type = codec, payload_type
        self._head = _HEADS[codec]
        self._units = UnitCollector(codec)
        self._timestamp: int | None = None
        self._finished: int | None = None
        self._marks = 0
        self._marks_are_true: bool | None = None
        self._has_clean_keys = False
        self._next_sequence = 0
        self._has_lost = False
        self.source: int | None = None
        """SSRC of the stream."""

    @property
    def highest_sequence(self) -> int:
        """Of the last packet, with the number of wraps above its 16 bits."""
        return self._next_sequence - 1

    @property
    def is_between(self) -> bool:
        """No picture is begun and not yet complete."""
        return not self._units.size

    def take(self, packet: memoryview) -> Iterator[Picture]:
        """The pictures that are complete with this packet. Raises BadPacket."""
        start, end = HEADER_SIZE, len(packet)
        if end < HEADER_SIZE or packet[0] != PLAIN:
            start, end = payload_span(packet)
        _, marked_type, sequence, timestamp, source = HEADER.unpack_from(packet)
        if marked_type & 0x7F != self._payload_type:
            return
        if sequence != self._next_sequence & 0xFFFF or source != self.source:
            self._follow(sequence, source)
        self._next_sequence += 1
        payload = packet[start:end] if end - start >= _LEAST_PAYLOAD else None
        if timestamp != self._timestamp or not self._marks_are_true:
            if self._ends_before(timestamp, payload):
                yield self._finish()
            self._timestamp = timestamp
        if payload is not None:
            self._units.take(payload)
        if marked_type & 0x80 and self._units.is_picture:
            self._marks += 1
            if self._marks_are_true:
                yield self._finish()
        elif self._units.size > _MAX_BYTES:
            self._units.finish()

    def take_all(self, packets: Sequence[memoryview]) -> list[Picture]:
        """The same of many packets, which need not stay as they are afterwards; what is no RTP is left out."""
        pictures: list[Picture] = []
        position = 0
        while position < len(packets):
            position += 1
            try:
                pictures += self.take(packets[position - 1])
            except BadPacket:
                continue  # noise, or of another protocol
            position = self._take_parts(packets, position)
        self._units.keep()
        return pictures

    def _take_parts(self, packets: Sequence[memoryview], first: int) -> int:
        """As `take` of the packets from `first` on that go on with a unit and do not end it, as most packets do.

        Returns the number of the first that is not of these.
        """
        unit = self._units.going_on
        if unit is None or self._timestamp is None or self.source is None or not self._marks_are_true:
            return first
        plain, stream, (head, middle) = PLAIN << 8 | self._payload_type, self._timestamp << 32 | self.source, unit
        unpack, size = self._head.unpack_from, self._head.size
        parts: list[memoryview] = []
        for packet in packets[first:]:
            if len(packet) <= size:
                break
            kind, sequence, of, begins, part = unpack(packet)
            expected = self._next_sequence + len(parts) & 0xFFFF
            if part != middle or sequence != expected or begins != head or of != stream or kind != plain:
                break
            parts.append(packet[size:])
        if parts:
            self._next_sequence += len(parts)
            self._units.go_on(parts)
            if self._units.size > _MAX_BYTES:
                self._units.finish()
        return first + len(parts)

    def _ends_before(self, timestamp: int, payload: memoryview | None) -> bool:
        """Whether the picture that was gathered is whole, by what comes now; learns whether marks are true."""
        begins = payload is None or self._units.begins(payload)
        if not self._units.is_picture:
            if timestamp == self._finished and not begins:
                self._marks_are_true = False
            return False
        if timestamp == self._timestamp:
            return payload is not None and begins
        if self._marks_are_true is None and self._marks:
            self._marks_are_true = self._marks == 1
        return True

    def _follow(self, sequence: int, source: int) -> None:
        """After packets that are missing, or in a stream that has begun anew."""
        self._units.lost()
        self._has_lost = self.source is not None
        if source == self.source:
            self._next_sequence += signed(sequence - self._next_sequence, 16)
        else:
            self._next_sequence, self.source = sequence, source

    def _finish(self) -> Picture:
        assert self._timestamp is not None
        self._finished, self._timestamp, self._marks = self._timestamp, None, 0
        kinds, data = self._units.finish()
        after_loss, self._has_lost = self._has_lost, False
        return Picture(data, self._finished, self._is_key(kinds, data), after_loss)

    def _is_key(self, kinds: list[int], data: bytes) -> bool:
        if self._codec == "hevc":
            return not _HEVC_KEYS.isdisjoint(kinds)
        if _H264_IDR in kinds:
            self._has_clean_keys = True
            return True
        return _H264_SEI in kinds and self._recovers(data)

    def _recovers(self, data: bytes) -> bool:
        """A stream that is refreshed part by part may have no better place to begin."""
        frames = recovery_frames(data)
        self._has_clean_keys |= frames == 0
        return frames == 0 or (frames is not None and not self._has_clean_keys)
