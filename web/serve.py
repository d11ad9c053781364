"""`hallwatch serve`: checks that all is in order, then keeps every role running."""

import socket
import sys
import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from storage.objects import StoreError
from web.assets import assets_missing
from web.channels import load_channels
from web.database_check import database_problem
from web.installation import Services
from web.notify_apprise import address_problem
from web.preparation import prepare
from web.roles import ROLE_NAMES
from web.settings import WebSettings
from web.site import SiteError
from web.stop_signals import set_on_signal, wait_for
from web.supervisor import Supervisor, Worker

log = structlog.get_logger(__name__)


class CannotStart(Exception):
    """Something that is needed is not there; each line says what to do."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class BeforeOthers:
    workers: tuple[Worker, ...]
    wait: Callable[[], None]
    """Returns when the others may start."""


def role_command(role: str, config: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "web.one_role", role, str(config))


def workers(config: Path) -> list[Worker]:
    """The recorder first and last: it stops when nothing can want its packets any more."""
    return [Worker(role, role_command(role, config)) for role in ROLE_NAMES]


def make_ready(services: Services) -> None:
    """Schema and declared places. Raises CannotStart with everything that stands in the way."""
    problems = list(_problems(services))
    if problems:
        raise CannotStart(problems)
    try:
        changes = prepare(services)
    except SiteError as error:
        raise CannotStart(error.problems) from None
    for change in changes:
        log.debug("site_applied", kind=change.kind, key=change.key, did=change.did)
    if changes:
        log.info("site_applied", changes=dict(Tally(change.did for change in changes)))
    _warn_of_channels(services)


def _warn_of_channels(services: Services) -> None:
    """Recording goes on all the same, and each alert's delivery says so again."""
    with services.database.transaction() as session:
        channels = load_channels(session, services.secrets)
    if not channels:
        return
    by_file = {declared.name for declared in services.settings.notify}
    for channel in channels:
        where = f"notify[{channel.name}].url" if channel.name in by_file else "its address"
        if problem := address_problem(channel.url, where):
            log.warning("channel_unusable", channel=channel.name, problem=problem)


def _problems(services: Services) -> Iterator[str]:
    if missing := assets_missing():
        yield missing
    if problem := database_problem(services.database):
        yield problem
    try:
        services.store.check()
    except StoreError as error:
        yield f"store: {error}"
    if taken := port_problem(services.settings.web):
        yield taken


def port_problem(web: WebSettings) -> str | None:
    """Why nobody could listen there, or None."""
    refused = refusal(web.host, web.port)
    return refused and f"web.listen: {web.listen} cannot be used ({refused}); stop what uses it or choose another port"


def refusal(host: str, port: int) -> str | None:
    """What the system says to whoever would listen there; None when it is free."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror
    return None


def run(supervised: Sequence[Worker], stop: threading.Event, before: BeforeOthers | None = None) -> None:
    """Until `stop` is set or a SIGINT or SIGTERM comes; then every worker is stopped in order and waited for.

    `before` are workers that start first, are waited for, and stop after all others.
    """
    set_on_signal(stop)
    first = Supervisor(before.workers if before else ())
    supervisor = Supervisor(supervised)
    first.start()
    if before:
        before.wait()
    if not stop.is_set():
        supervisor.start()
    try:
        wait_for(stop)
    finally:
        log.info("stopping")
        supervisor.stop()
        first.stop()
        log.info("stopped")
