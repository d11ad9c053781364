"""What `hallwatch demo` plays: the simulated hall, the site that supervises it, and the keys to both."""

import json
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from ingest.simulator.faults import parse_fault
from ingest.simulator.options import SimulationOptions
from ingest.simulator.site import site_text
from web import passwords
from web import serve as serving
from web.commands.plain_errors import UserError

DATA_FOLDER = "data"
SIMULATED_FOLDER = "simulated"
_RTSP_PORT = 8554
_CONTROL_PORT = 8555
_ONVIF_PORT = 8556


@dataclass(frozen=True)
class DemoAccess:
    """Kept between runs, readable by the owner only."""

    password: str
    push_key: str


@dataclass(frozen=True)
class Demo:
    folder: Path
    access: DemoAccess
    hall: SimulationOptions
    port: int
    """Of the pages."""
    log_file: Path | None
    """None: the log goes to the terminal."""
    open_browser: bool

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def control(self) -> str:
        return f"http://127.0.0.1:{self.hall.control_port}"


def demo_access(file: Path) -> DemoAccess:
    if file.exists():
        try:
            return DemoAccess(**json.loads(file.read_text("utf-8")))
        except (ValueError, TypeError):
            raise UserError(f"{file} cannot be read; delete {file.parent} to begin anew.") from None
    access = DemoAccess(passwords.generate(), passwords.generate())
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as target:
        json.dump(access.__dict__, target, indent=1)
    return access


def demo_hall(folder: Path, port: int, cameras: int, speed: float, faults: list[str]) -> SimulationOptions:
    if refused := serving.refusal("127.0.0.1", port):
        remedy = "stop what uses it, or choose another with --port"
        raise UserError(f"--port: port {port} cannot be used ({refused}); {remedy}.")
    try:
        return SimulationOptions(
            folder=folder / SIMULATED_FOLDER,
            cameras=cameras,
            speed=speed,
            faults=tuple(map(parse_fault, faults)),
            rtsp_port=free_port(_RTSP_PORT),
            control_port=free_port(_CONTROL_PORT),
            onvif_port=free_port(_ONVIF_PORT),
            push_url=f"http://127.0.0.1:{port}",
        )
    except ValueError as error:
        raise UserError(str(error)) from None


def free_port(preferred: int) -> int:
    """The preferred port of 127.0.0.1, or any free one where something else has it."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise UserError("No free port on 127.0.0.1.")


def write_config(config: Path, demo: Demo) -> None:
    """Anew at every start: the ports may be others, and the cameras' declarations follow them."""
    head = f'data_dir = "{DATA_FOLDER}"\n\n[web]\nlisten = "127.0.0.1:{demo.port}"\n\n[public]\nenabled = true\n\n'
    partial = config.with_name(f".{config.name}")
    partial.touch(mode=0o600)
    partial.write_text(head + site_text(demo.hall, demo.hall.rtsp_port), "utf-8")
    partial.replace(config)


def simulator_command(hall: SimulationOptions) -> tuple[str, ...]:
    options = [
        ("--folder", hall.folder),
        ("--cameras", hall.cameras),
        ("--speed", hall.speed),
        ("--rtsp-port", hall.rtsp_port),
        ("--control-port", hall.control_port),
        ("--onvif-port", hall.onvif_port),
        ("--push-url", hall.push_url),
        *(("--fault", fault) for fault in hall.faults),
    ]
    flat = [str(part) for pair in options for part in pair]
    return (sys.executable, "-m", "web", "simulate", *flat, "--until-stdin-closes")
