"""Of a stream the pictures that are looked at: its keyframes, and where those are rare, others between them.

The same for live pictures and for footage. Whoever has the stream leaves out what lies between keyframes that are near
enough; of all that is given here, so much is decoded as the pictures need that are due.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import thread_time
from typing import Protocol, runtime_checkable

from analytics.decoding import GroupDecoder, KeyframeDecoder, UndecodableFrame
from analytics.pictures import NOTHING_SHOWN, Picture, RareKeyframes

RARE = timedelta(seconds=4)
"""Keyframes further apart are too few to look at: three looks make a state, and ten seconds after the threshold an
alert is late."""
_NEARLY = 0.9


@runtime_checkable
class StreamParameters(Protocol):
    """Comes before the frames it is about."""

    @property
    def codec(self) -> str: ...
    @property
    def extradata(self) -> bytes: ...


@runtime_checkable
class Frame(Protocol):
    """One encoded picture, Annex B."""

    @property
    def data(self) -> bytes: ...
    @property
    def wall(self) -> datetime: ...
    @property
    def keyframe(self) -> bool: ...
    @property
    def after_loss(self) -> bool:
        """Packets before it were lost, or of it."""
        ...


@dataclass(slots=True)
class _Group:
    """A keyframe, and what has come after it."""

    opening: Frame
    is_damaged: bool
    """What comes up to the next keyframe may be smeared."""
    decoder: GroupDecoder | None = None
    """None while nothing came after the keyframe."""
    spent_s: float = 0.0
    looks: int = 0


class Sampler:
    """Takes the frames of one camera in the order in which they were sent."""

    def __init__(self, camera_id: str, step: timedelta) -> None:
        """Pictures that follow sooner than nine tenths of `step` are not given."""
        self.rare: RareKeyframes | None = None
        """What it costs that the keyframes are rare, as of the last that came; None where they are not."""
        self._camera_id = camera_id
        self._spacing = step * _NEARLY
        self._parameters = ("", b"")
        self._decoder: KeyframeDecoder | None = None
        self._keyframe_s = 0.0
        self._group: _Group | None = None
        self._last: datetime | None = None

    def begin(self, parameters: StreamParameters) -> None:
        """Frames of these follow. Raises ValueError where they cannot be decoded."""
        known = parameters.codec, parameters.extradata
        if known != self._parameters:
            self._decoder, self._parameters, self._group = KeyframeDecoder(*known), known, None

    def is_due(self, wall: datetime) -> bool:
        # A clock that was set back must not silence the camera.
        return self._last is None or wall < self._last or wall - self._last >= self._spacing

    def take(self, frame: Frame) -> Iterator[Picture]:
        """What is to be looked at with it; of what may be smeared, that there was a picture and no more."""
        if frame.keyframe and self._decoder:
            yield from self._keyframe(self._decoder, frame)
        elif self._group and self._group.is_damaged | frame.after_loss:
            self._group.is_damaged = True
            if self.is_due(frame.wall):
                self._last = frame.wall
                yield Picture(self._camera_id, frame.wall, NOTHING_SHOWN, damaged=True)
        elif self._group:
            yield from self._between(self._group, frame)

    def _keyframe(self, decoder: KeyframeDecoder, frame: Frame) -> Iterator[Picture]:
        self.rare = self._cost(frame.wall)
        group = self._group = _Group(frame, frame.after_loss and not decoder.tells_what_is_missing)
        if not self.is_due(frame.wall):
            return
        self._last = frame.wall
        if group.is_damaged:
            return
        began = thread_time()
        try:
            picture = Picture(self._camera_id, frame.wall, decoder.decode(frame.data))
        except UndecodableFrame:
            group.is_damaged = True  # a missed sample; a stream of them becomes silence
            return
        self._keyframe_s = thread_time() - began
        group.looks += 1
        yield picture

    def _between(self, group: _Group, frame: Frame) -> Iterator[Picture]:
        began = thread_time()
        try:
            pictures = list(self._decoded(group, frame))
        except UndecodableFrame:
            group.is_damaged = True
            return
        finally:
            group.spent_s += thread_time() - began
        group.looks += len(pictures)
        yield from pictures

    def _decoded(self, group: _Group, frame: Frame) -> Iterator[Picture]:
        if group.decoder is None:
            group.decoder = GroupDecoder(*self._parameters)
            group.decoder.decode(group.opening.data, group.opening.wall)
        for shown in group.decoder.decode(frame.data, frame.wall, is_wanted=self.is_due(frame.wall)):
            # What is shown before the keyframe rests on what came before that.
            if shown.wall > group.opening.wall and self.is_due(shown.wall):
                self._last = shown.wall
                yield Picture(self._camera_id, shown.wall, shown.image())

    def _cost(self, wall: datetime) -> RareKeyframes | None:
        """As the group ends, by a keyframe taken at `wall`."""
        group = self._group
        if group is None or group.decoder is None or not self._keyframe_s or not group.looks:
            return None
        times = (self._keyframe_s + group.spent_s) / (self._keyframe_s * group.looks)
        return RareKeyframes((wall - group.opening.wall).total_seconds(), times)
