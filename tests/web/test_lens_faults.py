"""Whatever is wrong with a camera's picture, sent by RTSP: its state on the camera board, and *unknown* at the counter.

Nobody is at the counters, so that a picture that cannot be trusted would make an absence.
"""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from zoneinfo import ZoneInfo

import av
import httpx
import pytest

from analytics.decoding import image_of
from analytics.looker import Looker
from analytics.looking import WatchedView
from analytics.onlookers import Shows
from analytics.pictures import Picture
from analytics.plan import CameraPlan, CounterPlan, WatchPlan
from analytics.rule import Rule
from analytics.watch import Watch
from analytics.zones import zone_of
from ingest.simulator.faults import LENS_OF
from ingest.simulator.lens import Lens
from ingest.simulator.options import SimulationOptions
from ingest.simulator.scene import zone
from ingest.simulator.simulation import Simulation
from storage.hours import HallHours
from storage.models import FaultKind, StaffState
from tests.analytics.world import MarkerDetector
from tests.servers import LIMIT_S

TOLD_AS = {
    Lens.COVERED: FaultKind.OBSTRUCTED,
    Lens.BLURRED: FaultKind.BLURRED,
    Lens.OVEREXPOSED: FaultKind.OVEREXPOSED,
    Lens.DARK: FaultKind.DARK,
    Lens.TURNED: FaultKind.MOVED,
    Lens.FROZEN: FaultKind.FROZEN,
}
RTSP = {"rtsp_transport": "tcp", "analyzeduration": "100000", "fpsprobesize": "0"}


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Simulation]:
    """A camera for each."""
    options = SimulationOptions(
        tmp_path, len(TOLD_AS), 1, story=False, rtsp_port=0, control_port=0, fps=2, absence_threshold_s=60
    )
    simulation = Simulation(options)
    simulation.start()
    yield simulation
    simulation.stop()


class Watched:
    """The hall, watched through its sub-streams by their keyframes, as live cameras are."""

    def __init__(self, hall: Simulation) -> None:
        self.cameras = [camera.plan.id for camera in hall.cameras]
        self.watch = Watch(Looker(MarkerDetector()))
        views = {c: (WatchedView(c, c, zone_of(zone("staff", 0))),) for c in self.cameras}
        hours = HallHours(ZoneInfo("Asia/Shanghai"))
        counters = {c: CounterPlan(c, "hall", {c: Shows.WHOLE}, Rule(), hours) for c in self.cameras}
        plan = WatchPlan({c: CameraPlan(c, "hall", shown) for c, shown in views.items()}, counters)
        self.watch.follow(plan, datetime.now(UTC))
        self._newest: dict[str, Picture] = {}
        self._stop = threading.Event()
        urls = {camera.plan.id: hall.server.url(camera.plan.sub_path) for camera in hall.cameras}
        self._readers = [threading.Thread(target=self._read, args=pair, daemon=True) for pair in urls.items()]

    def __enter__(self) -> "Watched":
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for reader in self._readers:
            reader.join()

    def until(self, condition: Callable[[], bool], what: str) -> None:
        ends = monotonic() + LIMIT_S
        while not condition():
            assert monotonic() < ends, f"{what}: {self.watch.changes.faults}, {self.states()}"
            now = datetime.now(UTC)
            self.watch.take_live([self._newest.pop(c) for c in list(self._newest)], now)
            self.watch.settle(now)
            sleep(0.05)

    def states(self) -> dict[str, tuple[StaffState, str]]:
        told = {c: counter.state for c, counter in self.watch.counters.items()}
        return {c: (state.staff, state.reason) for c, state in told.items() if state}

    def faults(self, *, began: bool) -> set[tuple[str, FaultKind]]:
        """Of pictures: where the machine is busy one may come late, which is told as well."""
        found = {(fault.camera_id, fault.kind) for fault in self.watch.changes.faults if fault.began is began}
        return {(camera_id, kind) for camera_id, kind in found if kind is not FaultKind.NO_SIGNAL}

    def _read(self, camera_id: str, url: str) -> None:
        with av.open(url, options=RTSP, timeout=(10, 10)) as container:
            container.streams.video[0].codec_context.skip_frame = "NONKEY"
            for frame in container.decode(video=0):
                if self._stop.is_set():
                    return
                self._newest[camera_id] = Picture(camera_id, datetime.now(UTC), image_of(frame))


def test_each_is_told_as_what_it_is_and_the_counter_becomes_unknown_until_it_is_over(hall: Simulation) -> None:
    assert set(LENS_OF.values()) == set(TOLD_AS) == set(Lens) - {Lens.CLEAR}, "all can be had by --fault, too"
    for number in hall.stage.counters:
        hall.stage.leave("staff", number, "", datetime.now(UTC))
    assert hall.control_url
    with Watched(hall) as watched, httpx.Client(base_url=hall.control_url, trust_env=False) as control:
        wrong = dict(zip(watched.cameras, TOLD_AS.items(), strict=True))
        empty = dict.fromkeys(watched.cameras, (StaffState.UNSTAFFED, ""))
        watched.until(lambda: all(camera.aim for camera in watched.watch.cameras.values()), "where cameras look")
        watched.until(lambda: watched.states() == empty, "empty counters")
        assert watched.faults(began=True) == set()

        for number, (lens, _) in enumerate(wrong.values(), start=1):
            assert control.post(f"/cameras/{number}", json={"lens": lens.value}).is_success
        told = {(camera, kind) for camera, (_, kind) in wrong.items()}
        watched.until(lambda: watched.faults(began=True) >= told, "the faults")
        assert watched.faults(began=True) == told
        for camera, (_, kind) in wrong.items():
            staff, reason = watched.states()[camera]
            assert staff is StaffState.UNKNOWN
            assert reason in (kind.value, FaultKind.NO_SIGNAL.value)

        for number in range(1, len(wrong) + 1):
            control.post(f"/cameras/{number}", json={"lens": "clear"})
        watched.until(lambda: watched.faults(began=False) >= told, "their ends")
        watched.until(lambda: watched.states() == empty, "empty counters")
        refused = control.post("/cameras/1", json={"lens": "dirty"})
        assert (refused.status_code, "dirty" in refused.json()["problem"]) == (400, True)
