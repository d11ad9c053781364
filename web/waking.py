"""Tells the clerk of this machine at once that rows were accepted; one elsewhere finds them at its next look.

An empty datagram to a Unix socket: nothing waits for it, and whatever becomes of it, the clerk looks twice a second.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

NAME = "clerk.sock"
_WAKE, _END = b"w", b"e"
log = structlog.get_logger(__name__)


def wake_clerk(folder: Path) -> None:
    """`folder`: for what is there while something runs."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
        sending.setblocking(False)
        with suppress(OSError):  # no clerk runs here, or more than enough has been said to it
            sending.sendto(_WAKE, str(folder / NAME))


@contextmanager
def woken(folder: Path, on_wake: Callable[[], None]) -> Iterator[None]:
    """Calls `on_wake` in a thread of its own while the block lasts. Without a socket nobody is woken."""
    address = folder / NAME
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiving:
        try:
            address.unlink(missing_ok=True)
            receiving.bind(str(address))
            address.chmod(0o600)
        except OSError as error:  # a path may be too long for a socket
            log.warning("clerk_is_not_woken", socket=str(address), problem=str(error))
            yield
            return
        hearing = threading.Thread(target=_hear, args=(receiving, on_wake), name="waking", daemon=True)
        hearing.start()
        try:
            yield
        finally:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ending:
                ending.sendto(_END, str(address))
            hearing.join()
            address.unlink(missing_ok=True)


def _hear(receiving: socket.socket, on_wake: Callable[[], None]) -> None:
    while receiving.recv(1) != _END:
        on_wake()
