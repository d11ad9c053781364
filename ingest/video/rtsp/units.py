"""NAL units out of RTP payloads: H.264 (RFC 6184) and HEVC (RFC 7798), in the usual, non-interleaved mode."""

from collections.abc import Iterator, Sequence

from ingest.video.annexb import SHORT_START_CODE, START_CODE
from ingest.video.frames import Codec

_FIRST, _LAST = 0x80, 0x40
"""Of a fragmented unit, in the byte after the payload's header."""
_FIRST_SLICE = 0x80
"""In the byte after a slice's header: it is the first of its picture (H.264 7.4.3, H.265 7.4.7.1)."""


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
        self._slices = frozenset(range(1, 6) if h264 else range(32))
        self._leading = frozenset((6, 7, 8, 9, *range(14, 19)) if h264 else (*range(32, 36), 39, *range(41, 45)))
        self._keep = 0xFF & ~(self._mask << self._shift)
        self._parts: list[bytes | memoryview] = []
        self._kept = 0
        """So many parts from the beginning are no views of what will be overwritten."""
        self._kinds: list[int] = []
        self._open_at: tuple[int, int] | None = None
        self.going_on: tuple[int, int] | None = None
        """While a unit comes in parts: the header of a payload that goes on with it, and the byte after the header."""
        self.size = 0

    @property
    def is_picture(self) -> bool:
        """Whether there is a slice; parameter sets and the like belong to the picture that follows them."""
        return not self._slices.isdisjoint(self._kinds)

    def begins(self, payload: memoryview) -> bool:
        """Whether it begins a picture, if there is a slice already (H.264 7.4.1.2.3, H.265 7.4.2.4.4)."""
        kind, position = payload[0] >> self._shift & self._mask, self._header
        if kind == self._aggregation:
            payload = payload[position + 2 :]
            kind = payload[0] >> self._shift & self._mask if payload else kind
        elif kind == self._fragmentation:
            if not payload[position] & _FIRST:
                return False
            kind, position = payload[position] & self._mask, position + 1
        is_first_slice = position < len(payload) and bool(payload[position] & _FIRST_SLICE)
        return is_first_slice if kind in self._slices else kind in self._leading

    def take(self, payload: memoryview) -> None:
        """At least three bytes."""
        kind = payload[0] >> self._shift & self._mask
        self.size += len(payload)
        if kind == self._fragmentation:
            self._fragment(payload)
        elif kind < self._aggregation:
            self._begin(kind, START_CODE + payload)
        elif kind == self._aggregation:
            self._aggregate(payload)
        # What else there is belongs to modes that nobody asked for.

    def lost(self) -> None:
        """Packets are missing: a unit whose end will not come is taken out."""
        if self._open_at is not None:
            parts, kinds = self._open_at
            del self._parts[parts:], self._kinds[kinds:]
            self._open_at = self.going_on = None
            self._kept = min(self._kept, parts)

    def go_on(self, parts: Sequence[memoryview]) -> None:
        """The contents of payloads that begin as `going_on` says; valid until `keep`."""
        self._parts += parts
        self.size += sum(map(len, parts)) + len(parts) * (self._header + 1)

    def keep(self) -> None:
        """What was taken will be overwritten."""
        if len(self._parts) > self._kept:
            self._parts[self._kept :] = map(bytes, self._parts[self._kept :])
            self._kept = len(self._parts)

    def finish(self) -> tuple[list[int], bytes]:
        """The kinds of all units, and the units in Annex B; starts anew."""
        kinds, data = self._kinds, b"".join(self._parts)
        self._parts, self._kinds, self._kept, self.size = [], [], 0, 0
        self._open_at = self.going_on = None
        return kinds, data

    def _begin(self, kind: int, part: bytes) -> None:
        self._kinds.append(kind)
        if kind not in self._slices:
            self._kinds.extend(self._kinds_inside(part))
        self._parts.append(part)

    def _kinds_inside(self, part: bytes) -> Iterator[int]:
        """Some cameras (V380) send a keyframe with start codes, sets and slices, as if it were one parameter set."""
        found = part.find(SHORT_START_CODE, len(START_CODE))
        while 0 <= found < len(part) - 3:
            yield part[found + 3] >> self._shift & self._mask
            found = part.find(SHORT_START_CODE, found + 3)

    def _fragment(self, payload: memoryview) -> None:
        header = payload[self._header]
        content = payload[self._header + 1 :]
        if header & _FIRST:
            kind = header & self._mask
            first = payload[0] & self._keep | kind << self._shift
            self._open_at = len(self._parts), len(self._kinds)
            self.going_on = int.from_bytes(payload[: self._header], "big"), kind
            self._begin(kind, b"".join((START_CODE, bytes((first,)), payload[1 : self._header], content)))
        elif self._open_at is not None:  # else its beginning was lost
            self._parts.append(bytes(content))
        if header & _LAST:
            self._open_at = self.going_on = None

    def _aggregate(self, payload: memoryview) -> None:
        """Each unit after a length of two bytes; what leads beyond the end is left out."""
        position = self._header
        while position + 2 < len(payload):
            size = int.from_bytes(payload[position : position + 2], "big")
            unit = payload[position + 2 : position + 2 + size]
            if size and len(unit) == size:
                self._begin(unit[0] >> self._shift & self._mask, START_CODE + unit)
            position += 2 + size
