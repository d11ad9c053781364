"""What a simulation can be asked for."""

import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from ingest.simulator.faults import Fault
from ingest.simulator.microphone import SoundCodec
from ingest.simulator.places import CameraPlan, camera_plans
from ingest.simulator.rtsp_messages import Credentials

_HIGHEST_PORT = 65_535


@dataclass(frozen=True)
class SimulationOptions:
    """Raises ValueError when it makes no sense, with a message for the user."""

    folder: Path = Path("simulated")
    """Gets truth.jsonl, rows.jsonl and site.toml."""
    cameras: int = 2
    counters_per_camera: int = 2
    """1 or 2."""
    speed: float = 20.0
    """How much faster than in a real hall customers come and go; the video always runs in real time."""
    seed: int = 1
    story: bool = True
    """False: clerks sit down and then nothing happens by itself; everything comes through the control interface."""
    faults: tuple[Fault, ...] = ()
    host: str = "127.0.0.1"
    rtsp_port: int = 8554
    """0 takes a free one, then only the site file of the running simulation tells it."""
    control_port: int | None = 8555
    """On 127.0.0.1 only; 0 takes a free one, None switches the control interface off."""
    onvif_port: int | None = None
    """Of the cameras' ONVIF services; 0 takes a free one, None: they speak no ONVIF and are not found."""
    credentials: Credentials | None = None
    push_url: str | None = None
    """Address of Hallwatch, e.g. http://127.0.0.1:8080; None: rows are only written to rows.jsonl."""
    push_key: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    push_delay_s: float = 4.0
    """Seconds for which the platform collects rows before it pushes them."""
    platform_offset_s: float = 0.0
    """How far the platform's clock is ahead."""
    fps: int = 10
    sound: SoundCodec | None = None
    """What the main streams send besides: a beep at each full second; None: nothing."""
    absence_threshold_s: int | None = None
    """For the site file; None: fits the speed."""

    def __post_init__(self) -> None:
        if self.cameras < 1:
            raise ValueError("cameras: at least 1")
        if self.counters_per_camera not in (1, 2):
            raise ValueError("counters per camera: 1 or 2")
        if self.speed <= 0:
            raise ValueError("speed: more than 0, e.g. 20")
        self._check_addresses()
        beyond = [fault.counter for fault in self.faults if not 1 <= fault.counter <= self.counters]
        if beyond:
            raise ValueError(f"fault: there is no counter {beyond[0]}; this hall has 1 to {self.counters}")

    def _check_addresses(self) -> None:
        ports = {
            "RTSP port": self.rtsp_port,
            "control port": self.control_port or 0,
            "ONVIF port": self.onvif_port or 0,
        }
        if wrong := [name for name, port in ports.items() if not 0 <= port <= _HIGHEST_PORT]:
            raise ValueError(f"{wrong[0]}: 0 to {_HIGHEST_PORT}")
        if self.push_url and not re.match(r"https?://[^/\s]", self.push_url):
            raise ValueError("push URL: the address of Hallwatch, e.g. http://127.0.0.1:8080")

    @property
    def counters(self) -> int:
        return self.cameras * self.counters_per_camera

    @property
    def plans(self) -> tuple[CameraPlan, ...]:
        return camera_plans(self.cameras, self.counters_per_camera)

    @property
    def threshold_s(self) -> int:
        """Shorter than every absence of the story."""
        if self.absence_threshold_s:
            return self.absence_threshold_s
        return max(10, min(300, round(400 / self.speed)))
