"""A camera that shows little but the time: enough to test recording, relaying and playing."""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from ingest.simulator.clock_code import Image, draw_clock
from ingest.simulator.encoder import Encoder
from ingest.simulator.mounts import AccessUnit, Mount
from ingest.simulator.running import Running


class ClockCamera(Running):
    """Feeds a mount, and others with the same, with a still background and the running clock, in its own thread."""

    def __init__(
        self,
        mount: Mount,
        width: int = 640,
        height: int = 360,
        fps: int = 10,
        gop_seconds: float = 1.0,
        others: Sequence[Mount] = (),
    ) -> None:
        self.mount, self._mounts = mount, (mount, *others)
        self._fps = fps
        self._gop_seconds = gop_seconds
        self._look = self._looking(width, height)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"clock-camera{mount.path}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def change(self, width: int, height: int) -> None:
        """From the next picture on, in the same stream."""
        self._look = self._looking(width, height)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            for unit in self._take():
                for mount in self._mounts:
                    mount.feed(unit)
            due += 1 / self._fps

    def _take(self) -> list[AccessUnit]:
        wall = datetime.now(UTC)
        background, encoder = self._look
        picture = background.copy()
        draw_clock(picture, wall)
        return encoder.encode(picture, wall)

    def _looking(self, width: int, height: int) -> tuple[Image, Encoder]:
        return _background(width, height), Encoder(width, height, self._fps, self._gop_seconds)


def _background(width: int, height: int) -> Image:
    """A soft gradient with a grid, so that it is neither dark nor flat."""
    across = np.linspace(90, 190, width, dtype=np.float32)[np.newaxis, :]
    down = np.linspace(0, 40, height, dtype=np.float32)[:, np.newaxis]
    picture = np.repeat((across + down).astype(np.uint8)[:, :, np.newaxis], 3, axis=2)
    picture[:: height // 8] = 70
    picture[:, :: width // 12] = 70
    return picture
