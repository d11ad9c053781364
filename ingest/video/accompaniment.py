"""A camera's sound joined to its pictures: each GOP gets what was heard while it was seen.

Sound comes later than the pictures of the same moment, so a GOP is held back until its sound is here, though not long.
Which moment that is the camera's own reports tell, where it sends them of both and they agree with arrival as far as
delay explains: then it does not matter whether its clock is right. Else arrival tells it.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from ingest.video.audio import Audio
from ingest.video.rtsp.audio_receiver import AudioReceiver, HeardFrame
from ingest.video.segmenter import Gop

MAX_WAIT_US = 700_000
"""Sound that comes later than this after its GOP is lost: what is waited for is not on the disk yet."""
MAX_APART_US = 500_000
"""Reports of pictures and sound are believed while they place it no further from where arrival does."""
_SLACK_US = 250_000
"""What was heard so long before a GOP is taken with it, if it did not come in time for the one before."""
SILENT_US = 10_000_000


class Accompaniment:
    """Of one connection. Not safe to share between threads."""

    def __init__(self, receiver: AudioReceiver) -> None:
        self._receiver = receiver
        self._heard: deque[HeardFrame] = deque()
        self._held: Gop | None = None
        self._until_us = 0
        self._without_us = 0

    @property
    def problem(self) -> str:
        """Why footage has no sound at present; empty if it has."""
        if self._without_us < SILENT_US:
            return ""
        return f"the camera offers audio, but has sent none for {SILENT_US // 1_000_000} s"

    def joined(self, gops: Sequence[Gop], now_us: int) -> tuple[Gop, ...]:
        """Those that are complete with their sound now; to be asked with every picture."""
        ready: list[Gop] = []
        for gop in gops:
            ready += self._release()
            self._held, self._until_us = gop, now_us + MAX_WAIT_US
        self._heard.extend(self._receiver.heard())
        if self._held is not None and (now_us >= self._until_us or self._is_heard_out(self._held)):
            ready += self._release()
        return tuple(ready)

    def finish(self, gops: Sequence[Gop]) -> tuple[Gop, ...]:
        """All there is, when the connection has ended."""
        ready = self._release()
        for gop in gops:
            self._held = gop
            ready += self._release()
        return tuple(ready)

    def _is_heard_out(self, gop: Gop) -> bool:
        return bool(self._heard) and self._offset_us(self._heard[-1], gop) >= gop.heard_us

    def _release(self) -> list[Gop]:
        gop, self._held = self._held, None
        if gop is None:
            return []
        self._heard.extend(self._receiver.heard())
        frames: list[HeardFrame] = []
        while self._heard and self._offset_us(self._heard[0], gop) < gop.heard_us:
            heard = self._heard.popleft()
            if self._offset_us(heard, gop) >= -_SLACK_US:
                frames.append(heard)
        self._without_us = 0 if frames else self._without_us + gop.heard_us
        if not frames:
            return [gop]
        offset_us = self._offset_us(frames[0], gop)
        return [replace(gop, audio=Audio(self._receiver.format, tuple(heard.frame for heard in frames), offset_us))]

    def _offset_us(self, heard: HeardFrame, gop: Gop) -> int:
        """From the GOP's first picture."""
        by_arrival = self._receiver.monotonic_us(heard) - gop.evidence.monotonic_us
        if heard.reported_us is None or gop.evidence.reported_us is None:
            return by_arrival
        by_reports = heard.reported_us - gop.evidence.reported_us
        return by_reports if abs(by_reports - by_arrival) <= MAX_APART_US else by_arrival
