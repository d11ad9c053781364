"""`hallwatch demo`"""

import json
import logging
import os
import socket
import sys
import threading
import time
import webbrowser
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.table import Table

from ingest.simulator.options import SimulationOptions
from ingest.simulator.site import site_text
from storage.models import Role
from web import accounts, logs, passwords
from web import serve as serving
from web.accounts import NewUser
from web.commands.common import UserError, err, out
from web.commands.demo_log import warnings_of
from web.composition import build_services
from web.services import Services
from web.settings_file import FILE_NAME, read_settings
from web.supervisor import Worker

ACCESS_FILE = "demo-access.json"
LOG_FILE = "demo.log"
_RTSP_PORT = 8554
_CONTROL_PORT = 8555
_READY_WITHIN_S = 60


@dataclass(frozen=True)
class DemoAccess:
    """Kept between runs, readable by the owner only."""

    password: str
    push_key: str


def demo(
    folder: Annotated[Path, typer.Option(help="Gets everything; delete it to begin anew.")] = Path("hallwatch-demo"),
    port: Annotated[int, typer.Option(help="Of the pages, on 127.0.0.1.")] = 8080,
    cameras: Annotated[int, typer.Option(help="How many cameras.", min=1)] = 2,
    speed: Annotated[float, typer.Option(help="How much faster than in a real hall people come and go.")] = 20.0,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")] = True,
    seconds: Annotated[float | None, typer.Option(help="End by itself after so long.")] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Print every line of the log, not warnings alone.")
    ] = False,
) -> None:
    """Show a simulated hall at work: live video, presence, absences and cases, in your browser.

    Example: hallwatch demo --port 9000 --no-open
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    log_file = None if verbose else folder / LOG_FILE
    logs.configure("demo")
    if not verbose:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    access = _access(folder / ACCESS_FILE)
    rtsp_port = free_port(_RTSP_PORT)
    config = folder / FILE_NAME
    _write_config(config, _options(folder, port, cameras, speed, rtsp_port, access), port, rtsp_port)
    _make_ready(config, access)
    stop = threading.Event()
    address = f"http://127.0.0.1:{port}"
    threading.Thread(
        target=_announce, args=(address, access, folder, open_browser, stop), name="announce", daemon=True
    ).start()
    if seconds is not None:
        timer = threading.Timer(seconds, stop.set)
        timer.daemon = True
        timer.start()
    os.environ["HALLWATCH_PUSH_KEY"] = access.push_key  # by environment: a command line is there for all to read
    simulator = Worker("simulator", _simulator_command(folder, port, cameras, speed, rtsp_port), output=log_file)
    roles = [replace(worker, output=log_file) for worker in serving.workers(config.resolve())]
    # The simulator ends between the recorder, which would miss its cameras, and the pages, to which it pushes.
    pages = [role for role in roles if role.name == "web"]
    opening = serving.BeforeOthers((*pages, simulator), lambda: _await_hall(rtsp_port, stop))
    with warnings_of(log_file):
        serving.run([role for role in roles if role not in pages], stop, opening)


def _await_hall(rtsp_port: int, stop: threading.Event) -> None:
    """Else each demo would begin with cameras that cannot be reached."""
    with err.status("The simulated hall is opening…"):
        if not _answers(f"http://127.0.0.1:{rtsp_port}", stop) and not stop.is_set():
            err.print("The simulated cameras do not answer yet; going on without them.", style="yellow")


def _access(file: Path) -> DemoAccess:
    if file.exists():
        return DemoAccess(**json.loads(file.read_text("utf-8")))
    access = DemoAccess(passwords.generate(), passwords.generate())
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as target:
        json.dump(access.__dict__, target, indent=1)
    return access


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


def _options(
    folder: Path, port: int, cameras: int, speed: float, rtsp_port: int, access: DemoAccess
) -> SimulationOptions:
    try:
        return SimulationOptions(
            folder=folder / "simulated",
            cameras=cameras,
            speed=speed,
            rtsp_port=rtsp_port,
            push_url=f"http://127.0.0.1:{port}",
            push_key=access.push_key,
        )
    except ValueError as error:
        raise UserError(str(error)) from None


def _write_config(config: Path, options: SimulationOptions, port: int, rtsp_port: int) -> None:
    """Anew at every start: the ports may be others, and the cameras' declarations follow them."""
    head = f'data_dir = "data"\n\n[web]\nlisten = "127.0.0.1:{port}"\n\n'
    partial = config.with_name(f".{config.name}")
    partial.touch(mode=0o600)
    partial.write_text(head + site_text(options, rtsp_port), "utf-8")
    partial.replace(config)


def _make_ready(config: Path, access: DemoAccess) -> None:
    services = build_services(read_settings(config))
    try:
        serving.make_ready(services)
        _make_users(services, access)
    finally:
        services.database.close()


def _make_users(services: Services, access: DemoAccess) -> None:
    """One for each role, named like it."""
    halls = frozenset(hall.id for hall in services.settings.hall)
    departments = [department.id for department in services.settings.department]
    for role in Role:
        with services.database.transaction() as session:
            if accounts.find_user(session, role.value):
                continue
            new = NewUser(
                name=role.value,
                password=access.password,
                role=role,
                halls=halls,
                department_id=departments[0] if role is Role.DEPARTMENT and departments else None,
            )
            accounts.create_user(session, new, services.clock())


def _simulator_command(folder: Path, port: int, cameras: int, speed: float, rtsp_port: int) -> tuple[str, ...]:
    options = {
        "--folder": folder / "simulated",
        "--cameras": cameras,
        "--speed": speed,
        "--rtsp-port": rtsp_port,
        "--control-port": free_port(_CONTROL_PORT),
        "--push-url": f"http://127.0.0.1:{port}",
    }
    flat = [str(part) for pair in options.items() for part in pair]
    return (sys.executable, "-m", "web", "simulate", *flat, "--until-stdin-closes")


def _announce(address: str, access: DemoAccess, folder: Path, open_browser: bool, stop: threading.Event) -> None:
    """As soon as the pages answer."""
    if not _answers(address, stop):
        if not stop.is_set():
            err.print(f"The pages at {address} do not answer; {folder / LOG_FILE} says why.", style="red")
        return
    table = Table(title=f"A simulated hall is at work: {address}", box=None, title_justify="left")
    table.add_column("sign-in name")
    table.add_column("password")
    for role in Role:
        table.add_row(role.value, access.password)
    out.print(table)
    out.print(f"Kept in {folder / ACCESS_FILE}; the log is in {folder / LOG_FILE}. Stop with Ctrl-C.", highlight=False)
    if open_browser:
        webbrowser.open(address)


def _answers(address: str, stop: threading.Event) -> bool:
    host, port = address.removeprefix("http://").split(":")
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline and not stop.is_set():
        try:
            with socket.create_connection((host, int(port)), timeout=1):
                return True
        except OSError:
            stop.wait(0.2)
    return False
