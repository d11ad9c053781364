"""A sub-stream's hub, which passes on the main stream's pictures while the sub-stream brings none."""

import time
from collections.abc import Callable
from dataclasses import replace

from ingest.video.frames import EncodedFrame, StreamInfo
from ingest.video.hub import Hub, Item, Media, Sink

SILENT_S = 5.0
"""Without a picture for so long, a sub-stream cannot be had at the moment; opening one takes less."""


class SubHub(Hub):
    """Goes back to its own stream at that one's next keyframe. Locks its own lock first, then that of `main`."""

    def __init__(self, main: Hub) -> None:
        super().__init__()
        self._main = main
        self._leave_main: dict[Sink, Callable[[], None]] | None = None
        """Of everybody who takes the main stream instead; None while the own one comes."""
        self._last = time.monotonic()

    def silent_s(self, now: float) -> float:
        """Seconds of the monotonic clock without a picture of its own."""
        return now - self._last

    def borrow(self) -> None:
        """Everybody gets the main stream's pictures from now on."""
        with self._lock:
            if self._leave_main is None and not self._ended:
                self._leave_main = {}
                for sink in self._sinks:
                    self._greet(sink)

    def publish(self, item: Media) -> None:
        self._last = time.monotonic()
        with self._lock:
            self._remember(item)
            if self._leave_main is not None and not self._go_back(item):
                return
            for sink in self._sinks:
                sink(item)

    def end(self) -> None:
        with self._lock:
            self._give_back()
        super().end()

    def _greet(self, sink: Sink) -> None:
        if self._leave_main is None:
            super()._greet(sink)
        else:
            self._leave_main[sink] = self._main.subscribe(_instead(sink))

    def _unsubscribe(self, sink: Sink) -> None:
        super()._unsubscribe(sink)
        with self._lock:
            leave = self._leave_main.pop(sink, None) if self._leave_main else None
        if leave is not None:
            leave()

    def _go_back(self, item: Media) -> bool:
        """Whether the own stream can be taken up with this item."""
        if isinstance(item, EncodedFrame) and not item.keyframe:
            return False
        self._give_back()
        if self._info is not None and item is not self._info:
            for sink in self._sinks:
                sink(self._info)
        return True

    def _give_back(self) -> None:
        for leave in (self._leave_main or {}).values():
            leave()
        self._leave_main = None


def _instead(sink: Sink) -> Sink:
    def told(item: Item) -> None:
        sink(replace(item, instead=True) if isinstance(item, StreamInfo) else item)

    return told
