"""What asks a process to stop in good order: SIGTERM, SIGINT, and the death of who started it."""

import os
import signal
import sys
import threading

_LOOK_S = 0.5


def set_on_signal(stop: threading.Event) -> None:
    """From a thread of its own: the handler runs in the main thread, which may hold the event's lock as it waits."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=stop.set, name="stop").start())


def wait_for(stop: threading.Event) -> None:
    """In the main thread, until it is set.

    A signal that the system hands to another thread interrupts no wait here, and Python runs its handler in the main
    thread alone: who waits without a limit never stops.
    """
    while not stop.wait(_LOOK_S):
        pass


def leave_in_order() -> None:
    """SIGTERM ends the main thread as Ctrl-C does: with whatever has to be done at the end."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def watch_stdin(stop: threading.Event) -> None:
    """Sets `stop` when standard input ends: the supervisor has died, even by SIGKILL, and nobody else would stop us."""

    def watch() -> None:
        # Not through sys.stdin: Python could not shut down while a thread holds its lock.
        while os.read(0, 4096):
            pass
        stop.set()

    threading.Thread(target=watch, name="parent", daemon=True).start()
