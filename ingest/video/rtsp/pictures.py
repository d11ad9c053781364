"""Coded pictures out of the RTP packets of one video stream."""

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.video.frames import Codec
from ingest.video.recovery_points import is_recovery_point
from ingest.video.rtsp.rtp import HEADER, is_plain, payload_span
from ingest.video.rtsp.units import UnitCollector

_H264_SLICES, _H264_IDR, _H264_SEI = frozenset(range(1, 6)), 5, 6
_HEVC_SLICES, _HEVC_KEYS = frozenset(range(32)), frozenset(range(16, 22))
_LEAST_PAYLOAD = 3
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


class PictureAssembler:
    """Takes RTP packets in the order of their numbers.

    A picture ends with the packet that is marked as its last. Cameras that mark every slice are found out by the next
    packet's timestamp, and from then on a picture ends when the next one begins.
    """

    def __init__(self, codec: Codec, payload_type: int) -> None:
        self._codec, self._payload_type = codec, payload_type
        self._slices = _H264_SLICES if codec == "h264" else _HEVC_SLICES
        self._units = UnitCollector(codec)
        self._timestamp: int | None = None
        self._finished: int | None = None
        self._marks_are_true = True
        self._next_sequence: int | None = None
        self.source: int | None = None
        """SSRC of the stream."""
        self.lost = 0
        """Packets that did not come."""

    @property
    def highest_sequence(self) -> int:
        """Of the last packet; 0 before there is one."""
        return ((self._next_sequence or 1) - 1) & 0xFFFF

    def take(self, packet: memoryview) -> Iterator[Picture]:
        """The pictures that are complete with this packet. Raises BadPacket."""
        start, end = (HEADER.size, len(packet)) if is_plain(packet) else payload_span(packet)
        _, marked_type, sequence, timestamp, source = HEADER.unpack_from(packet)
        if marked_type & 0x7F != self._payload_type:
            return
        self.source = source
        self._follow(sequence)
        if timestamp != self._timestamp:
            if self._is_picture:
                yield self._finish()
            self._marks_are_true &= timestamp != self._finished
            self._timestamp = timestamp
        if end - start >= _LEAST_PAYLOAD:
            self._units.take(packet[start:end])
        is_last = bool(marked_type & 0x80) and self._marks_are_true
        if (is_last and self._is_picture) or self._units.size > _MAX_BYTES:
            yield self._finish()

    @property
    def _is_picture(self) -> bool:
        """Whether there is a slice; parameter sets and the like belong to the picture that follows them."""
        return not self._units.kinds.isdisjoint(self._slices)

    def _follow(self, sequence: int) -> None:
        if sequence != self._next_sequence and self._next_sequence is not None:
            self.lost += (sequence - self._next_sequence) & 0xFFFF
            self._units.lost()
        self._next_sequence = (sequence + 1) & 0xFFFF

    def _finish(self) -> Picture:
        assert self._timestamp is not None
        kinds, data = self._units.kinds, self._units.finish()
        self._finished, self._timestamp = self._timestamp, None
        return Picture(data, self._finished, self._is_key(kinds, data))

    def _is_key(self, kinds: set[int], data: bytes) -> bool:
        if self._codec == "hevc":
            return not kinds.isdisjoint(_HEVC_KEYS)
        return _H264_IDR in kinds or (_H264_SEI in kinds and is_recovery_point(data))
