"""SIGTERM and SIGINT ask a process to stop in good order."""

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
