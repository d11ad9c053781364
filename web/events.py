"""What changes at the counters, read once a second for everybody who listens.

Events, in the order in which a page meets them:

- `snapshot` once at the start, and again for a listener that was too slow:
  {"presence": [...], "alerts": [...], "cameras": [...]}, each entry as in the events below
- `presence` {counter_id, hall_id, staff, customer, since, reason}; unknown with reason `watcher_down` without a
  watcher, `catching_up` while one looks at what was recorded while it was away
- `alert` {id, kind, state, hall_id, counter_id, camera_id, node_name, absence_id, raised_at, acknowledged_at,
  resolved_at}; without a hall it concerns every hall
- `step` {id, case_id, kind, name, hall_id, counter_id, start, end, revision, footage, finding}: one that has just been
  reported or corrected, or whose footage or finding has just come; `footage` is null while it is looked up
- `camera` {camera_id, hall_id, connected, since, error}
- `beat` {} every 15 to 30 seconds: who has not heard it for longer has lost the connection
"""

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Literal

import structlog

from storage.database import Database
from storage.failures import Failures
from web.changes import Entry, State, read_state

log = structlog.get_logger(__name__)

EventName = Literal["snapshot", "presence", "alert", "step", "camera", "beat"]
POLL_S = 1.0
_QUEUE_LENGTH = 256


@dataclass(frozen=True)
class Event:
    name: EventName
    entry: Entry


def differences(before: State, after: State) -> list[Event]:
    """What has to be told to somebody who knows `before`."""
    events: list[Event] = []
    for name, old, new in (
        ("presence", before.presence, after.presence),
        ("alert", before.alerts, after.alerts),
        ("camera", before.cameras, after.cameras),
        ("step", before.steps, after.steps),
    ):
        events += [Event(name, entry) for entry in _changed(old, new)]  # type: ignore[arg-type]
    return events


def _changed(old: Mapping[Any, Entry], new: Mapping[Any, Entry]) -> Iterable[Entry]:
    return (entry for key, entry in new.items() if old.get(key) != entry)


@dataclass(eq=False)
class Listener:
    """One open page. `queue` holds Events; None asks for a new snapshot because some were lost."""

    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[Event | None] = field(default_factory=lambda: asyncio.Queue(_QUEUE_LENGTH))
    ended: bool = False
    """The server is about to stop."""

    def end(self) -> None:
        """Called in the listener's own loop."""
        self.ended = True
        self._start_again()

    def offer(self, events: list[Event]) -> None:
        """Called in the listener's own loop."""
        for event in events:
            if self.queue.full():
                self._start_again()
                return
            self.queue.put_nowait(event)

    def _start_again(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class EventHub:
    """One thread that reads the database while anybody listens, and tells them what changed."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        poll_s: float = POLL_S,
        failures: Failures | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._poll_s = poll_s
        self._failures = failures or Failures()
        self._listeners: set[Listener] = set()
        self._state = State()
        self._reading = threading.Lock()
        """Held while the database is read, and so never taken in an event loop."""
        self._lock = threading.Lock()
        """Over `_listeners` and `_state`; held for moments only, for event loops take it."""
        self._ending = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end_streams(self) -> None:
        """Streams never end by themselves; without this the server would have to tear them off. From any thread."""
        self._ending = True
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            self._call(listener, listener.end)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def listen(self, listener: Listener) -> State:
        """Everything as it is now; what changes later goes to the listener. Reads the database: not in the loop."""
        if not self._listeners:
            self._renew()
        with self._lock:
            self._listeners.add(listener)
            listener.ended = self._ending
            return self._state

    def leave(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.discard(listener)

    def state(self) -> State:
        with self._lock:
            return self._state

    def _run(self) -> None:
        while not self._stop.wait(self._poll_s):
            if self._listeners:
                self._poll_once()

    def _poll_once(self) -> None:
        try:
            self._renew()
        except Exception as error:  # the edge of the thread: without it every open page would stand still for ever
            log.warning("events_poll_failed", error=type(error).__name__, exc_info=True)
            self._failures.failed("events", error, self._clock())
        else:
            self._failures.succeeded("events")

    def _renew(self) -> None:
        """Reads the database and tells what changed since it was last read."""
        with self._reading:
            after = self._read()
            with self._lock:
                events = differences(self._state, after)
                self._state = after
                listeners = list(self._listeners)
            for listener in listeners if events else ():
                self._call(listener, partial(listener.offer, events))

    def _call(self, listener: Listener, what: Callable[[], None]) -> None:
        try:
            listener.loop.call_soon_threadsafe(what)
        except RuntimeError:  # its loop has closed meanwhile
            self.leave(listener)

    def _read(self) -> State:
        with self._database.transaction() as session:
            return read_state(session, self._clock(), self._state)
