"""What waits for a taker that needs few pictures: keyframes, and where those are rare, everything between them."""

from datetime import timedelta

from ingest.video.frames import EncodedFrame
from ingest.video.hub import MAX_CACHED_BYTES, Item, TakerQueue

_MOST_FRAMES = 3000
"""A group of pictures that lasts two minutes, so that who joins at its end gets it, too."""


class SparseQueue:
    """A group of pictures comes whole when it has lasted for so long, and the ones after it at once, until one has not.

    Not locked.
    """

    def __init__(self, rare_s: float = 0.0) -> None:
        """`rare_s`: how long a group lasts of which the keyframe is enough; 0: as long as it will."""
        self._queue = TakerQueue(_MOST_FRAMES, MAX_CACHED_BYTES)
        self._enough = timedelta(seconds=rare_s)
        self._opening: EncodedFrame | None = None
        self._held: list[EncodedFrame] = []
        """Of the last group what has come after its keyframe, unless it comes whole."""
        self._is_whole = False

    def offer(self, item: Item) -> None:
        if not isinstance(item, EncodedFrame):
            self._opening, self._held, self._is_whole = None, [], False
            self._queue.offer(item)
        elif item.keyframe:
            self._is_whole = self._is_long(item)
            self._opening, self._held = item, []
            self._queue.offer(item)
        elif self._opening and self._enough:
            self._held.append(item)
            self._is_whole = self._is_whole or self._is_long(item)
            if self._is_whole:
                self._offer_held()

    def take(self) -> Item | None:
        """The oldest item; None when nothing waits."""
        return self._queue.take()

    def _is_long(self, at: EncodedFrame) -> bool:
        # A clock that leaps ends the waiting, too.
        return self._opening is not None and bool(self._enough) and abs(at.wall - self._opening.wall) > self._enough

    def _offer_held(self) -> None:
        for frame in self._held:
            self._queue.offer(frame)
        self._held = []
