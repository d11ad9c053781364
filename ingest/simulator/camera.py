"""A simulated camera: looks at the stage, burns in the clock, encodes once for the main stream and once for the sub."""

import threading
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import structlog

from ingest.simulator.catalogue import SIGN
from ingest.simulator.clock_code import draw_clock
from ingest.simulator.encoder import Encoder
from ingest.simulator.hall_picture import HEIGHT, WIDTH
from ingest.simulator.lens import Lens, Picture, View
from ingest.simulator.mounts import Lie, Mount
from ingest.simulator.places import CameraPlan
from ingest.simulator.rtp import RTP_CLOCK_HZ
from ingest.simulator.scene import Scene
from ingest.simulator.stage import Stage

SUB_SIZE = (640, 360)

log = structlog.get_logger(__name__)


class SimulatedCamera:
    """Feeds a main and a sub mount from its own thread, pictures on the grid of the wall clock."""

    def __init__(self, plan: CameraPlan, stage: Stage, main: Mount, sub: Mount, fps: int) -> None:
        """Raises PhotographsMissingError."""
        self.plan = plan
        self.main, self.sub = main, sub
        self._stage = stage
        self._scene = Scene(tuple(str(number) for number in plan.counters), *SIGN)
        self._view = View()
        self._shown: Picture | None = None
        """The last picture, with its clock."""
        self._interval = timedelta(seconds=1 / fps)
        self._main_encoder = Encoder(WIDTH, HEIGHT, fps)
        self._sub_encoder = Encoder(*SUB_SIZE, fps)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=plan.id, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def drop(self) -> None:
        """Cuts all clients of both streams and refuses new ones."""
        self.main.drop()
        self.sub.drop()

    def restore(self) -> None:
        self.main.restore()
        self.sub.restore()

    def set_stalled(self, stalled: bool) -> None:
        self.main.stalled = self.sub.stalled = stalled

    def set_reports(self, reports: bool) -> None:
        self.main.reports = self.sub.reports = reports

    def set_clock_offset(self, offset: timedelta) -> None:
        self.main.clock_offset = self.sub.clock_offset = offset

    def set_clock_rate(self, rate: float) -> None:
        for mount in (self.main, self.sub):
            mount.set_clock_rate(rate)

    def set_media_rate(self, rate: float) -> None:
        for mount in (self.main, self.sub):
            mount.rtp_clock.run_at(rate, datetime.now(UTC))

    def leap(self, seconds: float) -> None:
        """Of the timestamps, while pictures go on."""
        for mount in (self.main, self.sub):
            now = datetime.now(UTC)
            mount.rtp_clock.set(now, mount.rtp_clock.timestamp(now) + round(seconds * RTP_CLOCK_HZ) & 0xFFFFFFFF)

    def half_open(self) -> None:
        for mount in (self.main, self.sub):
            mount.half_open()

    def set_lie(self, lie: Lie) -> None:
        self.main.lie = self.sub.lie = lie

    @property
    def lens(self) -> Lens:
        return self._view.lens

    def set_lens(self, lens: Lens) -> None:
        self._view.lens = lens

    def disturb(self, what: str, share: float) -> None:
        """`what` is a field of Disturbance. Raises ValueError."""
        if not 0 <= share <= 1:
            raise ValueError(f"{what}: a share of the packets, from 0 to 1")
        for mount in (self.main, self.sub):
            setattr(mount.disturbance, what, share)

    def reboot(self) -> None:
        for mount in (self.main, self.sub):
            mount.reboot()

    def _run(self) -> None:
        now = datetime.now(UTC)
        while not self._stop.wait(self._until_next(now)):
            now = datetime.now(UTC)
            self._take(now)

    def _until_next(self, last: datetime) -> float:
        """Seconds until the next picture; a late one is left out rather than made up for."""
        now = datetime.now(UTC)
        due = last + self._interval - (last - datetime.min.replace(tzinfo=UTC)) % self._interval
        return max(0.0, (due - now).total_seconds())

    def _take(self, wall: datetime) -> None:
        picture = self._picture(wall)
        for unit in self._main_encoder.encode(picture, wall):
            self.main.feed(unit)
        small = cv2.resize(picture, SUB_SIZE, interpolation=cv2.INTER_AREA)
        for unit in self._sub_encoder.encode(np.asarray(small, np.uint8), wall):
            self.sub.feed(unit)

    def _picture(self, wall: datetime) -> Picture:
        if self._view.lens is Lens.FROZEN and self._shown is not None:
            return self._shown
        seen = self._scene.picture(self._stage.seen(self.plan.counters, wall), wall.timestamp() % 86_400)
        draw_clock(seen, wall)  # it hangs in the hall: a lens that is covered shows no clock either
        self._shown = self._view.of(seen)
        return self._shown
