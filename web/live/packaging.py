"""Turns what the relay sends into what viewers are sent: once per stream, however many watch."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ingest.video.frames import EncodedFrame, StreamInfo
from web.live.fmp4 import Sample, fragment, init_segment
from web.live.h264 import NoParameterSets, ParameterSets, length_prefixed, parameter_sets
from web.live.timeline import Timeline


class Offline(StrEnum):
    """Why nothing comes at the moment."""

    RECORDER_DOWN = "recorder_down"
    NOT_RECORDED = "not_recorded"


@dataclass(frozen=True, slots=True)
class LiveStart:
    """New stream parameters; the frame after it is a keyframe."""

    sets: ParameterSets | None
    """None for a codec that we do not send to browsers (H.265)."""
    width: int
    height: int
    init: bytes
    """MP4 header, empty without `sets`."""


@dataclass(frozen=True, slots=True)
class LiveFrame:
    annex_b: bytes
    """With parameter sets before a keyframe."""
    fragment: bytes
    """The same picture as MP4 fragment."""
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
        """What viewers get for this item: nothing, a frame, or a start (and a frame)."""
        if isinstance(item, StreamInfo):
            return self._restart(item)
        if self._info is None or self._info.codec != "h264":
            return []
        started = self._start_at(self._info, item) if item.keyframe else []
        return [*started, self._package(item, self._sets)] if self._sets else []

    def _restart(self, info: StreamInfo) -> list[LiveItem]:
        self._info, self._sets = info, None
        self._timeline.restart(info.time_base)
        return [] if info.codec == "h264" else [LiveStart(None, info.width, info.height, b"")]

    def _start_at(self, info: StreamInfo, frame: EncodedFrame) -> list[LiveItem]:
        """A start when the keyframe's parameter sets are not those told before."""
        try:
            sets = _first_sets(frame.data, info.extradata if self._sets is None else b"")
        except NoParameterSets:
            return []
        if sets == self._sets:
            return []
        self._sets = sets
        return [LiveStart(sets, info.width, info.height, init_segment(sets, info.width, info.height))]

    def _package(self, frame: EncodedFrame, sets: ParameterSets) -> LiveFrame:
        placed = self._timeline.place(frame)
        self._sequence += 1
        sample = Sample(length_prefixed(frame.data), placed.decode, placed.present, placed.duration, frame.keyframe)
        annex_b = sets.annex_b() + frame.data if frame.keyframe else frame.data
        packed = fragment(self._sequence, sample)
        return LiveFrame(annex_b, packed, placed.decode, placed.present, frame.wall, frame.keyframe)


def _first_sets(*places: bytes) -> ParameterSets:
    """From the keyframe itself, else from the stream's header. Raises NoParameterSets."""
    for annex_b in places:
        try:
            return parameter_sets(annex_b)
        except NoParameterSets:
            continue
    raise NoParameterSets
