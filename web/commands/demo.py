"""`hallwatch demo`"""

import os
import socket
import threading
import time
import webbrowser
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ingest.simulator.truth import TRUTH_FILE
from storage.models import Role
from web import accounts, logs
from web import serve as serving
from web.accounts import NewUser
from web.commands.demo_hall import (
    DATA_FOLDER,
    Demo,
    DemoAccess,
    demo_access,
    demo_hall,
    simulator_command,
    write_config,
)
from web.commands.demo_log import ROLE, log_warnings_only, logging_into, warnings_of
from web.commands.plain_errors import err, out
from web.commands.simulate import FaultOption
from web.composition import build_services
from web.installation import Services
from web.one_instance import ONCE, only_one
from web.settings import Settings
from web.settings_file import FILE_NAME, read_settings
from web.supervisor import Worker

ACCESS_FILE = "demo-access.json"
LOG_FILE = "demo.log"
CENTRE = "centre"
"""A second supervisor, of every hall: nobody approves what they have drafted themselves."""
_READY_WITHIN_S = 60


def demo(
    folder: Annotated[Path, typer.Option(help="Gets everything; delete it to begin anew.", file_okay=False)] = Path(
        "hallwatch-demo"
    ),
    port: Annotated[int, typer.Option(help="Of the pages, on 127.0.0.1.", min=1, max=65535)] = 8080,
    cameras: Annotated[int, typer.Option(help="How many cameras.", min=1)] = 2,
    speed: Annotated[float, typer.Option(help="How much faster than in a real hall people come and go.")] = 20.0,
    fault: FaultOption = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")] = True,
    seconds: Annotated[float | None, typer.Option(help="End by itself after so long.", min=1)] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Print every line of the log, not warnings alone.")
    ] = False,
) -> None:
    r"""Show a simulated hall at work: live video, presence, absences and cases, in your browser.

    Example: hallwatch demo --port 9000 --no-open \
    --fault leave_early:2@60 --fault lose_camera:1@120
    """
    if verbose:
        logs.configure(ROLE)
    else:
        log_warnings_only()
    hall = demo_hall(folder, port, cameras, speed, fault or [])
    data = folder / DATA_FOLDER
    for made in (folder, data):
        made.mkdir(parents=True, exist_ok=True, mode=0o700)
    with only_one(Settings(data_dir=data).run_folder, ONCE):
        access = demo_access(folder / ACCESS_FILE)
        log_file = None if verbose else folder / LOG_FILE
        _play(Demo(folder, access, replace(hall, push_key=access.push_key), port, log_file, open_browser), seconds)


def _play(demo: Demo, seconds: float | None) -> None:
    """Until it is stopped, or for so many seconds."""
    config = demo.folder / FILE_NAME
    write_config(config, demo)
    users = _make_ready(config, demo.access)
    stop = threading.Event()
    threading.Thread(target=_announce, args=(demo, users, stop), name="announce", daemon=True).start()
    if seconds is not None:
        timer = threading.Timer(seconds, stop.set)
        timer.daemon = True
        timer.start()
    os.environ["HALLWATCH_PUSH_KEY"] = demo.access.push_key  # a command line is there for all to read
    simulator = Worker("simulator", simulator_command(demo.hall), output=demo.log_file)
    roles = [replace(worker, output=demo.log_file) for worker in serving.workers(config.resolve())]
    # The simulator ends between the recorder, which would miss its cameras, and the pages, to which it pushes.
    pages = [role for role in roles if role.name == "web"]
    opening = serving.BeforeOthers((*pages, simulator), lambda: _await_hall(demo.hall.rtsp_port, stop))
    with warnings_of(demo.log_file), logging_into(demo.log_file):
        serving.run([role for role in roles if role not in pages], stop, opening)
    out.print(stopped(demo.folder, demo.log_file), highlight=False, markup=False, soft_wrap=True)


def _await_hall(rtsp_port: int, stop: threading.Event) -> None:
    """Else each demo would begin with cameras that cannot be reached."""
    with err.status("The simulated hall is opening…"):
        if not _answers(f"http://127.0.0.1:{rtsp_port}", stop) and not stop.is_set():
            err.print("The simulated cameras do not answer yet; going on without them.", style="yellow")


def _make_ready(config: Path, access: DemoAccess) -> list[NewUser]:
    """Who may sign in."""
    services = build_services(read_settings(config))
    try:
        serving.make_ready(services)
        users = list(_users(services.settings, access))
        _make_users(services, users)
        return users
    finally:
        services.database.close()


def _make_users(services: Services, users: Iterable[NewUser]) -> None:
    for new in users:
        with services.database.transaction() as session:
            if not accounts.find_user(session, new.name):
                accounts.create_user(session, new, services.clock())


def _users(settings: Settings, access: DemoAccess) -> Iterator[NewUser]:
    """One for each role, named like it, one for each further department, and whoever approves what an administrator
    drafts for every hall."""
    halls = frozenset(hall.id for hall in settings.hall)
    first, *further = [department.id for department in settings.department]
    for role in Role:
        of = first if role is Role.DEPARTMENT else None
        yield NewUser(role.value, access.password, role, halls=halls, department_id=of)
    for department in further:
        yield NewUser(department, access.password, Role.DEPARTMENT, halls=halls, department_id=department)
    yield NewUser(CENTRE, access.password, Role.SUPERVISOR, all_halls=True)


def _announce(demo: Demo, users: Iterable[NewUser], stop: threading.Event) -> None:
    """As soon as the pages answer."""
    if not _answers(demo.address, stop):
        if stop.is_set():
            return
        err.print(f"The pages at {demo.address} do not answer yet; {demo.folder / LOG_FILE} says why.", style="yellow")
        while not _answers(demo.address, stop):
            if stop.is_set():
                return
    table = Table(title=f"A simulated hall is at work: {demo.address}", box=None, title_justify="left")
    table.add_column("sign-in name")
    table.add_column("password")
    table.add_column("of")
    for user in users:
        where = "every hall" if user.all_halls or user.role is Role.ADMIN else "the hall"
        table.add_row(user.name, demo.access.password, user.department_id or where)
    out.print(table)
    for line in _where_things_are(demo):
        out.print(line, highlight=False, markup=False, soft_wrap=True)
    if demo.open_browser:
        webbrowser.open(demo.address)


def _where_things_are(demo: Demo) -> Iterator[str]:
    yield f"Kept in {demo.folder / ACCESS_FILE}; the log is in {demo.folder / LOG_FILE}. Stop with Ctrl-C."
    yield f"What really happens is written to {demo.hall.folder / TRUTH_FILE}. To send a clerk away:"
    yield f"""  curl -H 'Content-Type: application/json' -d '{{"action": "leave"}}' {demo.control}/counters/1/clerk"""


def stopped(folder: Path, log_file: Path | None) -> str:
    log = f"; the log is in {log_file}" if log_file else ""
    return f"The demo has stopped{log}. The same command goes on with what is in {folder}."


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
