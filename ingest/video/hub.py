"""One camera's packets to many takers: none of them can slow the camera or another one."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ingest.video.frames import EncodedFrame, StreamInfo


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The stream is over for good; who wants to go on asks for the camera anew."""


Media = StreamInfo | EncodedFrame
Item = Media | StreamEnd
Sink = Callable[[Item], None]

MAX_CACHED_BYTES = 16 * 1024 * 1024
QUEUE_FRAMES = 300
QUEUE_BYTES = 8 * 1024 * 1024


class Hub:
    """Fan-out of one stream, with the current GOP kept for those who join. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sinks: list[Sink] = []
        self._watching: list[Sink] = []
        self._info: StreamInfo | None = None
        self._gop: list[EncodedFrame] = []
        self._gop_bytes = 0
        self._ended = False

    def subscribe(self, sink: Sink, *, live: bool = True) -> Callable[[], None]:
        """Calls `sink`, which must not block, with what is cached and all that comes. Returns how to end it.

        `live`: the pictures must not be late, not even by a fraction of a second.
        """
        with self._lock:
            if self._ended:
                sink(StreamEnd())
            else:
                self._greet(sink)
                self._sinks.append(sink)
                self._watching += [sink] if live else []
        return lambda: self._unsubscribe(sink)

    def publish(self, item: Media) -> None:
        with self._lock:
            self._remember(item)
            for sink in self._sinks:
                sink(item)

    def disconnected(self) -> None:
        """Forgets the pictures: who joins now must not take an old one for live."""
        with self._lock:
            self._info = None
            self._gop, self._gop_bytes = [], 0

    def end(self) -> None:
        """Tells everybody, also who joins later, and forgets them."""
        with self._lock:
            self._ended = True
            for sink in self._sinks:
                sink(StreamEnd())
            self._sinks, self._watching = [], []

    @property
    def is_watched(self) -> bool:
        return bool(self._watching)

    @property
    def subscribers(self) -> int:
        return len(self._sinks)

    def _greet(self, sink: Sink) -> None:
        if self._info is not None:
            sink(self._info)
            for frame in self._gop:
                sink(frame)

    def _unsubscribe(self, sink: Sink) -> None:
        with self._lock:
            self._sinks = [other for other in self._sinks if other is not sink]
            self._watching = [other for other in self._watching if other is not sink]

    def _remember(self, item: Media) -> None:
        if isinstance(item, StreamInfo):
            self._info, self._gop, self._gop_bytes = item, [], 0
        elif item.keyframe or (self._gop and self._gop_bytes < MAX_CACHED_BYTES):
            if item.keyframe:
                self._gop, self._gop_bytes = [], 0
            self._gop.append(item)
            self._gop_bytes += len(item.data)
        else:
            self._gop = []


class TakerQueue:
    """What waits for one taker. Full means too slow: it is emptied and goes on with the next keyframe. Not locked."""

    def __init__(self, frames: int = QUEUE_FRAMES, size: int = QUEUE_BYTES) -> None:
        self._max_frames, self._max_bytes = frames, size
        self._waiting: deque[Item] = deque()
        self._bytes = 0
        self._needs_keyframe = True
        self.dropped = 0
        """Times it was emptied."""

    def __len__(self) -> int:
        return len(self._waiting)

    def offer(self, item: Item) -> None:
        if not isinstance(item, EncodedFrame):
            self._empty()
            self._waiting.append(item)
            return
        if not item.keyframe and self._needs_keyframe:
            return
        if len(self._waiting) >= self._max_frames or self._bytes + len(item.data) > self._max_bytes:
            self._overflow()
            if not item.keyframe:
                return
        self._needs_keyframe = False
        self._waiting.append(item)
        self._bytes += len(item.data)

    def take(self) -> Item | None:
        """The oldest item; None when nothing waits."""
        if not self._waiting:
            return None
        item = self._waiting.popleft()
        if isinstance(item, EncodedFrame):
            self._bytes -= len(item.data)
        return item

    def _overflow(self) -> None:
        info = next((item for item in self._waiting if isinstance(item, StreamInfo)), None)
        self._empty()
        self.dropped += 1
        if info is not None:
            self._waiting.append(info)

    def _empty(self) -> None:
        self._waiting.clear()
        self._bytes = 0
        self._needs_keyframe = True
