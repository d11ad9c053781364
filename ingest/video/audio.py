"""A camera's sound as everybody behind its connection sees it."""

from dataclasses import dataclass
from typing import Literal

AudioCodec = Literal["aac", "pcmu", "pcma"]


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """What a player needs to know of the frames."""

    codec: AudioCodec
    hz: int
    """Ticks a second, and samples a second."""
    channels: int
    frame_ticks: int
    """How long a frame of AAC lasts; of G.711, which has as many samples as bytes, 0."""
    config: bytes = b""
    """AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1) of AAC."""

    def ticks_of(self, data: bytes) -> int:
        """How long a frame lasts."""
        return self.frame_ticks or len(data) // self.channels


@dataclass(slots=True)
class AudioFrame:
    """As it came. Not to be changed; not frozen because that would make it twice as costly."""

    data: bytes
    ticks: int
    """Since the first one of its connection, by the camera's timestamps."""


@dataclass(frozen=True, slots=True)
class Audio:
    """The sound of one GOP."""

    format: AudioFormat
    frames: tuple[AudioFrame, ...]
    """One at least."""
    offset_us: int
    """From the GOP's first picture to the first frame; a little less than nought at most."""

    def durations(self) -> list[int]:
        """Ticks from each frame to the next: only where some are lost, more than a frame lasts.

        Timestamps of cameras jitter, and a player would click at each.
        """
        usual = [self.format.ticks_of(frame.data) for frame in self.frames]
        steps = (after.ticks - before.ticks for before, after in zip(self.frames, self.frames[1:], strict=False))
        return [*(step if step * 2 >= own * 3 else own for step, own in zip(steps, usual, strict=False)), usual[-1]]
