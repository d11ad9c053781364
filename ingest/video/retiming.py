"""Media time of cameras whose clock for it runs wrong.

Some number their pictures by the rate that they declare (25 a second) and deliver another (21): by their timestamps a
minute lasts 50 seconds. Stretched by as much as arrival shows, the footage lasts as long as what it shows.
"""

from dataclasses import replace
from typing import TypeVar

from ingest.video.frames import EncodedFrame
from ingest.video.source import SourcePacket

_WHOLE_PPM = 1_000_000
_RIGHT_PPM = 5_000


Timed = TypeVar("Timed", EncodedFrame, SourcePacket)


def stretched(frame: Timed, by_ppm: int, before: SourcePacket) -> Timed:
    """As it lies before the packet when a second of media time is longer by so much than it was taken for."""
    pts, dts = (before.pts - (before.pts - t) * (_WHOLE_PPM + by_ppm) // _WHOLE_PPM for t in (frame.pts, frame.dts))
    return replace(frame, pts=pts, dts=dts)


class Retiming:
    """Of one connection: by the rate that the one before has learned until told otherwise."""

    def __init__(self, usual_ppm: int = 0, proven_after: int = 0) -> None:
        """`proven_after`: ticks that a rate has to stand before it is handed on."""
        self._ppm = self._proven_ppm = usual_ppm
        self._proven_after = proven_after
        self._from = self._to = 0
        self.is_active = bool(usual_ppm)

    def proven_ppm(self, until: int) -> int:
        """The rate that nothing contradicted for long, when the last packet was at `until`, as `applied` gave it."""
        return self._ppm if until - self._to >= self._proven_after else self._proven_ppm

    def change(self, by_ppm: int, at: SourcePacket) -> None:
        """From this packet on, as `applied` gave it: a second of media time is longer than it was taken for."""
        self._proven_ppm = self.proven_ppm(at.pts)
        self._from += (at.pts - self._to) * _WHOLE_PPM // (_WHOLE_PPM + self._ppm)
        self._to = at.pts
        self._ppm = (_WHOLE_PPM + self._ppm) * (_WHOLE_PPM + by_ppm) // _WHOLE_PPM - _WHOLE_PPM
        self.is_active = True

    def applied(self, packet: SourcePacket) -> SourcePacket:
        """With its report only if the camera's timestamps are right: it tells the time between two reports by them."""
        report_us = packet.report_us if abs(self._ppm) < _RIGHT_PPM else None
        return replace(packet, pts=self._ticks(packet.pts), dts=self._ticks(packet.dts), report_us=report_us)

    def _ticks(self, ticks: int) -> int:
        return self._to + (ticks - self._from) * (_WHOLE_PPM + self._ppm) // _WHOLE_PPM
