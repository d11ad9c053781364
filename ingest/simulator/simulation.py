"""A hall at work: cameras, people, an approval platform, and the truth about them."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

from ingest.simulator.camera import SUB_SIZE, SimulatedCamera
from ingest.simulator.control import ControlServer, Orders
from ingest.simulator.director import Director
from ingest.simulator.directory import directory_rows
from ingest.simulator.faults import CAMERA_LOST_SECONDS, CLOCK_OFF_SECONDS, LENS_OF, LENS_SECONDS, Fault, FaultKind
from ingest.simulator.hall_picture import HEIGHT, WIDTH
from ingest.simulator.lens import Lens
from ingest.simulator.microphone import ClockMicrophone
from ingest.simulator.onvif_device import OnvifDevice, Stream
from ingest.simulator.onvif_server import OnvifServer
from ingest.simulator.options import SimulationOptions
from ingest.simulator.platform import Platform
from ingest.simulator.rtsp_server import RtspServer
from ingest.simulator.script import Act, ActKind, clerks, story
from ingest.simulator.site import write_site
from ingest.simulator.stage import Stage
from ingest.simulator.truth import TRUTH_FILE, Truth

ROWS_FILE, SITE_FILE = "rows.jsonl", "site.toml"


class PortUnavailableError(Exception):
    """Nobody can listen on a port that was asked for."""

    def __init__(self, option: str, port: int, reason: str) -> None:
        """`option` is the field of SimulationOptions that names the port."""
        super().__init__(f"{option}: {port} cannot be used ({reason})")
        self.option = option
        self.port = port
        self.reason = reason


def run_simulation(options: SimulationOptions, stop: threading.Event, say: Callable[[str], None]) -> None:
    """Runs until `stop` is set; `say` gets lines for the user.

    Raises PhotographsMissingError without the extra `demo`, and PortUnavailableError.
    """
    simulation = Simulation(options)
    simulation.start()
    try:
        for line in simulation.summary():
            say(line)
        stop.wait()
    finally:
        simulation.stop()
    say(f"Pushed {simulation.platform.pushed} rows, {simulation.platform.waiting} not acknowledged")


class Simulation:
    """`start` and `stop` once each; in between `control_url` directs it and `truth` tells what happens."""

    def __init__(self, options: SimulationOptions) -> None:
        """Raises PhotographsMissingError."""
        self.options = options
        begin = datetime.now(UTC)
        self.truth = Truth(options.folder / TRUTH_FILE)
        self.server = RtspServer(options.host, options.rtsp_port, options.credentials)
        self.stage = Stage(options.counters, self.truth)
        self._microphones: list[ClockMicrophone] = []
        self.cameras = [self._camera(number) for number in range(options.cameras)]
        first_sequence = int(begin.timestamp() * 1000)  # later runs must not repeat the numbers of earlier ones
        self.platform = Platform(
            options.push_url, options.push_key, options.push_delay_s, options.folder / ROWS_FILE, first_sequence
        )
        plot = (
            story(options.seed, options.counters, options.speed, options.faults) if options.story else _quiet(options)
        )
        self.director = Director(
            self.stage,
            self.platform,
            self.truth,
            iter(plot),
            datetime.now(UTC),
            speed=options.speed,
            offset=timedelta(seconds=options.platform_offset_s),
        )
        self._control: ControlServer | None = None
        self._onvif: OnvifServer | None = None

    def start(self) -> None:
        """Returns when cameras can be watched and orders be given. Raises PortUnavailableError."""
        with _port_named("rtsp_port", self.options.rtsp_port):
            self.server.start()
        try:
            self._open_control()
            self._open_onvif()
        except PortUnavailableError:
            if self._control:
                self._control.stop()
            self.server.stop()
            raise
        write_site(self.options, self.options.folder / SITE_FILE, self.server.port)
        self._tell_start()
        for camera in self.cameras:
            camera.start()
        for microphone in self._microphones:
            microphone.start()
        for row in directory_rows(self.options.counters):
            self.platform.add(row)
        self.platform.start()
        self._plan_camera_faults()
        self.director.start()

    def stop(self) -> None:
        if self._control:
            self._control.stop()
        if self._onvif:
            self._onvif.stop()
        self.director.stop()
        self.platform.stop()
        for camera in self.cameras:
            camera.stop()
        for microphone in self._microphones:
            microphone.stop()
        self.server.stop()
        self.truth.write("stopped", datetime.now(UTC))

    @property
    def control_url(self) -> str | None:
        return self._control.url if self._control else None

    @property
    def onvif(self) -> OnvifServer | None:
        return self._onvif

    def summary(self) -> list[str]:
        options = self.options
        lines = [f"Camera {c.plan.id}: {self.server.url(c.plan.main_path)} and {c.plan.sub_path}" for c in self.cameras]
        lines.append(
            f"Approval platform: {'pushes to ' + options.push_url if options.push_url else 'writes rows only'}"
        )
        lines.append(f"Configuration of this hall: {options.folder / SITE_FILE}")
        lines.append(f"Ground truth: {self.truth.path}")
        if self._onvif:
            lines.append(f"ONVIF: `hallwatch cameras find` finds them; {self._onvif.base}")
        if self.control_url:
            lines.append(f"Control: {self.control_url}/state")
        return lines

    def _camera(self, index: int) -> SimulatedCamera:
        plan = self.options.plans[index]
        main, sub = self.server.mount(plan.main_path), self.server.mount(plan.sub_path)
        if self.options.sound:
            self._microphones.append(ClockMicrophone(main, self.options.sound))
        return SimulatedCamera(plan, self.stage, main, sub, self.options.fps)

    def _open_control(self) -> None:
        if self.options.control_port is not None:
            orders = Orders(self.stage, self.director, self.cameras, self.platform, self.truth)
            with _port_named("control_port", self.options.control_port):
                self._control = ControlServer(self.options.control_port, orders)
            self._control.start()

    def _open_onvif(self) -> None:
        if self.options.onvif_port is None:
            return
        with _port_named("onvif_port", self.options.onvif_port):
            devices = [self._device(camera) for camera in self.cameras]
            self._onvif = OnvifServer(devices, self.options.host, self.options.onvif_port)
        self._onvif.start()

    def _device(self, camera: SimulatedCamera) -> OnvifDevice:
        plan, fps = camera.plan, self.options.fps
        streams = (
            Stream("main", self.server.url(plan.main_path), WIDTH, HEIGHT, fps),
            Stream("sub", self.server.url(plan.sub_path), *SUB_SIZE, fps),
        )
        return OnvifDevice(
            plan.id, plan.id, streams, self.options.credentials, clock_offset=lambda: camera.main.clock_offset
        )

    def _tell_start(self) -> None:
        options = self.options
        facts = {"seed": options.seed, "speed": options.speed, "cameras": options.cameras, "counters": options.counters}
        offset = {"platform_offset_s": options.platform_offset_s}
        self.truth.write("started", datetime.now(UTC), **facts, **offset)

    def _plan_camera_faults(self) -> None:
        for fault in self.options.faults:
            camera = next(camera for camera in self.cameras if fault.counter in camera.plan.counters)
            if fault.kind is FaultKind.LOSE_CAMERA:
                self._plan(fault, fault.after_s, camera, camera.drop, "camera_lost")
                self._plan(fault, fault.after_s + CAMERA_LOST_SECONDS, camera, camera.restore, "camera_back")
            elif fault.kind is FaultKind.CLOCK_OFF:
                lie = partial(camera.set_clock_offset, timedelta(seconds=CLOCK_OFF_SECONDS))
                self._plan(fault, fault.after_s, camera, lie, "clock_off")
            elif fault.kind in LENS_OF:
                worse, clear = (partial(camera.set_lens, lens) for lens in (LENS_OF[fault.kind], Lens.CLEAR))
                self._plan(fault, fault.after_s, camera, worse, "lens_changed")
                self._plan(fault, fault.after_s + LENS_SECONDS, camera, clear, "lens_clear")

    def _plan(self, fault: Fault, at_s: float, camera: SimulatedCamera, act: Callable[[], None], event: str) -> None:
        def happen() -> None:
            act()
            self.truth.write(event, datetime.now(UTC), camera=camera.plan.id, fault=fault.kind.value)

        self.director.schedule(at_s, happen)


@contextmanager
def _port_named(option: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PortUnavailableError(option, port, os.strerror(error.errno or 0)) from error


def _quiet(options: SimulationOptions) -> list[Act]:
    """Everybody sits down, and then nothing happens by itself."""
    numbers = range(1, options.counters + 1)
    return [Act(0.0, number, ActKind.CLERK_COMES, clerks(number)[0], "shift") for number in numbers]
