"""NAL units out of RTP payloads: H.264 (RFC 6184) and HEVC (RFC 7798), in the usual, non-interleaved mode."""

from ingest.video.annexb import START_CODE
from ingest.video.frames import Codec

_FIRST, _LAST = 0x80, 0x40
"""Of a fragmented unit, in the byte after the payload's header."""


class UnitCollector:
    """Gathers the units of one picture, payload by payload.

    Both codecs pack units alike; they differ in the size of a unit's header, in where it has the unit's kind, and in
    the kinds that mean several units (aggregation) or a part of one (fragmentation).
    """

    def __init__(self, codec: Codec) -> None:
        h264 = codec == "h264"
        self._header = 1 if h264 else 2
        self._shift, self._mask = (0, 0x1F) if h264 else (1, 0x3F)
        self._aggregation, self._fragmentation = (24, 28) if h264 else (48, 49)
        self._keep = 0xFF & ~(self._mask << self._shift)
        self._parts: list[bytes] = []
        self._open_at: int | None = None
        self.kinds: set[int] = set()
        """Of the units that have begun."""
        self.size = 0

    def take(self, payload: memoryview) -> None:
        """At least three bytes."""
        kind = payload[0] >> self._shift & self._mask
        self.size += len(payload)
        if kind == self._fragmentation:
            self._fragment(payload)
        elif kind == self._aggregation:
            self._aggregate(payload)
        else:
            self._begin(kind, START_CODE + payload)

    def lost(self) -> None:
        """Packets are missing: a unit whose end will not come is taken out."""
        if self._open_at is not None:
            del self._parts[self._open_at :]
            self._open_at = None

    def finish(self) -> bytes:
        """All units in Annex B; starts anew."""
        data = b"".join(self._parts)
        self._parts, self._open_at, self.kinds, self.size = [], None, set(), 0
        return data

    def _begin(self, kind: int, part: bytes) -> None:
        self.kinds.add(kind)
        self._parts.append(part)

    def _fragment(self, payload: memoryview) -> None:
        header = payload[self._header]
        if header & _FIRST:
            self._open_at = len(self._parts)
            kind = header & self._mask
            first = payload[0] & self._keep | kind << self._shift
            self._begin(kind, START_CODE + bytes((first,)) + payload[1 : self._header])
        if self._open_at is None:
            return  # its beginning was lost
        self._parts.append(bytes(payload[self._header + 1 :]))
        if header & _LAST:
            self._open_at = None

    def _aggregate(self, payload: memoryview) -> None:
        """Each unit after a length of two bytes; what leads beyond the end is left out."""
        position = self._header
        while position + 2 < len(payload):
            size = int.from_bytes(payload[position : position + 2], "big")
            unit = payload[position + 2 : position + 2 + size]
            if size and len(unit) == size:
                self._begin(unit[0] >> self._shift & self._mask, START_CODE + unit)
            position += 2 + size
