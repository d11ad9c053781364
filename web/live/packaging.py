"""Turns what the relay sends into what viewers are sent: once per stream, however many watch."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from ingest.video.fragmented import fragment, initial_part
from ingest.video.frames import EncodedFrame, StreamInfo
from ingest.video.parameter_sets import ParameterSets
from web.live.timeline import TIMESCALE, Timeline


class Offline(StrEnum):
    """Why nothing comes at the moment."""

    RECORDER_DOWN = "recorder_down"
    NOT_RECORDED = "not_recorded"


@dataclass(frozen=True, slots=True)
class LiveStart:
    """New stream parameters; the frame after it is a keyframe."""

    sets: ParameterSets
    width: int
    height: int
    init: bytes
    """The MP4 header."""
    instead: bool = False
    """The main stream comes in place of the sub-stream."""


@dataclass(frozen=True, slots=True)
class LiveFrame:
    annex_b: bytes
    """With parameter sets before a keyframe."""
    fragment: bytes
    """The same picture alone in an MP4 fragment: nothing waits for the next one, which keeps the delay low."""
    decode: int
    """Ticks of 1/90000 s on the stream's timeline."""
    present: int
    wall: datetime
    keyframe: bool


LiveItem = LiveStart | LiveFrame | Offline


class Packager:
    """Keeps the timeline and the parameter sets of one stream over reconnects."""

    def __init__(self) -> None:
        self._timeline = Timeline()
        self._info: StreamInfo | None = None
        self._sets: ParameterSets | None = None
        self._sequence = 0

    def accept(self, item: StreamInfo | EncodedFrame) -> list[LiveItem]:
        """What viewers get for this item: nothing, a frame, or a start and a frame. Raises BadParameterSets."""
        if isinstance(item, StreamInfo):
            self._info, self._sets = item, None
            self._timeline.restart(item.time_base)
            return []
        started = self._start_at(self._info, item) if self._info and item.keyframe else []
        return [*started, self._package(item, self._sets)] if self._sets else []

    def _start_at(self, info: StreamInfo, frame: EncodedFrame) -> list[LiveItem]:
        """A start when the keyframe's parameter sets are not those told before."""
        sets = ParameterSets.find(info.codec, frame.data) or self._sets
        sets = sets or ParameterSets.find(info.codec, info.extradata)
        if sets is None or sets == self._sets:
            return []
        self._sets = sets
        told = replace(info, extradata=sets.extradata, time_base=Fraction(1, TIMESCALE))
        return [LiveStart(sets, info.width, info.height, initial_part(told), info.instead)]

    def _package(self, frame: EncodedFrame, sets: ParameterSets) -> LiveFrame:
        placed = self._timeline.place(frame)
        self._sequence += 1
        moved = replace(frame, pts=placed.present, dts=placed.decode)
        packed = b"".join(fragment([moved], self._sequence, placed.decode, [placed.duration], frame.wall))
        annex_b = sets.extradata + frame.data if frame.keyframe else frame.data
        return LiveFrame(annex_b, packed, placed.decode, placed.present, frame.wall, frame.keyframe)
