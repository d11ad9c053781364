"""The recorder node: many cameras in one process, depending on nothing but its disk and, late, the database.

It records from the start on: without the database the cameras that it knew last. What it has to write down waits until
what was before its start has been looked into, for which it needs the database.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ingest.video.camera import CameraFeed, CameraWorker
from ingest.video.connection import NOTHING_LEARNED, Learned
from ingest.video.files_before import FilesBefore
from ingest.video.gaps import GapClosed, GapKeeper, GapOpened
from ingest.video.hub import Hub
from ingest.video.intake import Intake
from ingest.video.journal import Entry, Journal, told_of, write_gap_change
from ingest.video.learned_file import LearnedFile
from ingest.video.meter import Health
from ingest.video.missing_files import reconcile_rows
from ingest.video.own_absence import OwnAbsence
from ingest.video.refused_files import RefusedFiles
from ingest.video.relay_server import RelayServer
from ingest.video.resuming import last_alive, resume, without_past
from ingest.video.server_clock import ServerClock
from ingest.video.spool_room import LIMIT_REACHED, SpoolLimits, SpoolRoom
from ingest.video.status import report
from ingest.video.steps import Step, reached
from ingest.video.streams import MainStream, StreamTable, end_all
from ingest.video.uploader import LONGEST_WAIT_S, Uploader
from storage.clock_discipline import is_synchronised
from storage.correcting import before_adding, correct_late
from storage.database import Database
from storage.failures import Failures
from storage.load import process_load
from storage.models import GapCause
from storage.models.columns import JsonObject
from storage.objects import ObjectStore

__all__ = ["CameraFeed", "FeedMemory", "RecorderNode", "RecorderSettings"]

JOB = "supervision"
"""Its name, where it keeps failing."""
MEASURING_JOB = "spool_disk"

LAST_LOOK_S = 5.0
"""For so long a stop waits for the look through the spool, so that all that was recorded can be written down."""

LAST_ROUND_S = LAST_LOOK_S + 3
"""For so long it waits for what is asked of the database."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    spool: Path
    relay_socket: Path
    segment_seconds: int = 10
    node_name: str = "recorder-1"
    poll_seconds: float = 2.5
    """How often cameras are looked up, and status and heartbeat written."""
    spool_limits: SpoolLimits = field(default_factory=SpoolLimits)
    longest_upload_wait_s: float = LONGEST_WAIT_S


class FeedMemory(Protocol):
    """Where the cameras are kept that a recorder knew last. Neither raises: recording must not depend on it."""

    def keep(self, feeds: Sequence[CameraFeed]) -> None: ...

    def read(self) -> list[CameraFeed]:
        """Empty if none are kept or they cannot be read."""


class _NoMemory:
    def keep(self, feeds: Sequence[CameraFeed]) -> None:
        pass

    def read(self) -> list[CameraFeed]:
        return []


class RecorderNode:
    """Records every enabled camera that `cameras` names, from `start` to `stop`."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        settings: RecorderSettings,
        cameras: Callable[[], list[CameraFeed]],
        memory: FeedMemory = _NoMemory(),
        clock: ServerClock | None = None,
        failures: Failures | None = None,
    ) -> None:
        """`cameras` is asked every few seconds; when it raises, everything goes on as it is.

        `memory` is asked when it raises SQLAlchemyError from the start on. `failures` are this process's.
        """
        self._database, self._store, self._settings, self._cameras = database, store, settings, cameras
        self._clock = clock or ServerClock()
        self._failures = failures or Failures()
        self._refused = RefusedFiles(self._failures)
        self._uploader = Uploader(
            database,
            store,
            settings.spool,
            lambda: self._camera_ids,
            settings.longest_upload_wait_s,
            failures=self._failures,
            on_refused=self._refused.note,
        )
        self._journal = Journal(database, settings.spool, self._uploader.wake, held=True, failures=self._failures)
        self._room = SpoolRoom(settings.spool, settings.spool_limits, self._refused.note, self._failures)
        self._memory = memory
        self._learned_file = LearnedFile(settings.spool)
        self._learned_before: dict[str, Learned] = {}
        self._known: list[CameraFeed] | None = None
        self._camera_ids: frozenset[str] = frozenset()
        self._not_written: dict[str, GapOpened] = {}
        self._streams = StreamTable()
        self._relay = RelayServer(settings.relay_socket, self._streams)
        self._intakes: dict[str, Intake] = {}
        self._before = FilesBefore(database, settings.spool, self._refused, self._go_on, self._has_begun)
        self._past_unknown: dict[str, datetime] = {}
        """Cameras that were begun before the database told of the time before, and when."""
        self._own_absence = OwnAbsence()
        self._started = self._clock.now()
        self._reconciled = self._knows_last_run = False
        self._alive_before: datetime | None = None
        self._tended = self._stop_asked = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="recorder", daemon=True)

    def start(self) -> None:
        """Opens the relay and starts recording; waits for nothing. Raises OSError (spool or socket not usable)."""
        self._settings.spool.mkdir(parents=True, exist_ok=True)
        self._learned_before = self._learned_file.read()
        self._relay.start()
        self._journal.start()
        self._room.start()
        self._thread.start()

    def stop(self) -> None:
        """Ends all segments and writes down that the stop was orderly."""
        self._stop_asked = time.monotonic()
        self._stop.set()
        self._thread.join(LAST_ROUND_S)
        self._relay.stop()
        self._streams.stop_subs()
        streams = list(self._streams.main().values())
        end_all(streams)
        self._keep_learned(streams, at_once=True)
        for stream in streams:
            stream.intake.close(GapCause.RECORDER_STOPPED, self._clock.now())
        takes = self._journal.stop()
        self._room.stop()
        if self._reconciled and takes:
            self._uploader.stop()
            with contextlib.suppress(SQLAlchemyError):
                self._report({camera_id: replace(h, connected=False) for camera_id, h in self._health().items()})

    def _supervise(self) -> None:
        while not self._stop.is_set():
            try:
                self._tend()
                self._failures.succeeded(JOB)
            except SQLAlchemyError as error:
                log.warning("database_away", error=type(error).__name__)
                self._failures.failed(JOB, error, datetime.now(UTC))
            except Exception as error:
                log.exception("recorder_supervision_failed")
                self._failures.failed(JOB, error, datetime.now(UTC))
            self._stop.wait(self._settings.poll_seconds)

    def _tend(self) -> None:
        """One round: everything in it may fail and is tried again in the next."""
        self._tend_cameras()
        if not self._reconciled:
            self._reconcile()
        self._before.look_again(datetime.now(UTC))

    def _tend_cameras(self) -> None:
        self._tended = time.monotonic()
        self._streams.tend(self._clock.now())
        self._keep_learned(self._streams.main().values())
        try:
            feeds = self._look_up()
        except SQLAlchemyError:
            if not self._reconciled:
                self._follow(self._remembered())
            raise
        if not self._knows_last_run:
            self._alive_before = last_alive(self._database, self._settings.node_name)
            self._knows_last_run = True
        self._follow(feeds)
        self._report(self._health())

    def _look_up(self) -> dict[str, CameraFeed]:
        """The cameras to be recorded."""
        every = self._cameras()
        if every != self._known:
            self._memory.keep(every)
            self._known = every
        # A camera that is switched off still has its footage here.
        self._camera_ids |= {feed.id for feed in every}
        return _enabled(every)

    def _remembered(self) -> dict[str, CameraFeed]:
        if self._known is None:
            self._known = self._memory.read()
            log.warning("recording_as_remembered", cameras=len(self._known))
        return _enabled(self._known)

    def _keep_learned(self, streams: Iterable[MainStream], *, at_once: bool = False) -> None:
        learned = {stream.feed.id: stream.worker.learned for stream in streams}
        # Those that are not followed yet, or are switched off, keep what they have; those that are gone do not.
        before = {
            camera_id: each
            for camera_id, each in self._learned_before.items()
            if not self._reconciled or camera_id in self._camera_ids
        }
        self._learned_file.keep(before | learned, self._clock.since_boot_s(), at_once=at_once)

    def _health(self) -> dict[str, Health]:
        sub_errors = self._streams.sub_errors()
        health = {
            camera_id: replace(stream.worker.meter.read(self._clock.now()), sub_error=sub_errors.get(camera_id, ""))
            for camera_id, stream in self._streams.main().items()
        }
        for camera_id, gap in self._not_written.copy().items():
            if camera_id in health:
                error = f"not recorded: {gap.detail}; {self._remedy(gap)}"
                health[camera_id] = replace(health[camera_id], error=error, error_since=None)
        return health

    def _remedy(self, gap: GapOpened) -> str:
        if gap.detail == LIMIT_REACHED:
            return "bring the store back, or raise recorder.spool_max_gb"
        if gap.cause is GapCause.DISK_ERROR:
            return f"look at the disk of {self._settings.spool} and at the system's log; it may be failing"
        return f"make room on the disk of {self._settings.spool}"

    def _put(self, entry: Entry) -> None:
        """Into the journal; remembers whose pictures the disk does not take."""
        if isinstance(entry, GapOpened) and entry.cause in (GapCause.DISK_FULL, GapCause.DISK_ERROR):
            self._not_written[entry.camera_id] = entry
        elif isinstance(entry, GapClosed):
            self._not_written.pop(entry.camera_id, None)
        self._journal.put(entry)

    def _report(self, health: dict[str, Health]) -> None:
        # Others compare the heartbeat with their own time of day.
        settings, now = self._settings, datetime.now(UTC)
        detail: JsonObject = {
            "journal_waiting": self._journal.waiting,
            **self._figures(now),
            **process_load(settings.spool),
            **_clock(),
            **self._failures.told(),
        }
        unheard = self._own_absence.unheard(health, now, self._clock.since_boot_s())
        report(self._database, settings.node_name, self._started, now, health, detail, unheard)

    def _figures(self, now: datetime) -> JsonObject:
        try:
            figures = self._room.figures(now)
        except OSError as error:
            log.error("spool_not_measured", error=str(error))
            self._failures.failed(MEASURING_JOB, error, now)
            return {}
        self._failures.succeeded(MEASURING_JOB)
        return figures

    def _reconcile(self) -> None:
        """Brings disk and database together: before that nothing is written down. Cameras are recorded meanwhile."""
        self._before.reconcile()
        missed = self._refused.note
        reconcile_rows(self._database, self._store, self._settings.spool, self._camera_ids, self._go_on, missed)
        while self._go_on():
            if not self._past_unknown:
                break
            self._join_past(*next(iter(self._past_unknown.items())))
        else:
            return
        self._journal.release()
        self._uploader.start()
        self._reconciled = True

    def _has_begun(self, camera_id: str, number: int) -> bool:
        intake = self._intakes.get(camera_id)
        return intake is not None and intake.has_begun(number)

    def _go_on(self) -> bool:
        """While the spool is looked through, which takes minutes after an outage of the store: tends the cameras.

        No when a stop was asked for and it takes longer still: the next start does all of it.
        """
        now = time.monotonic()
        if self._stop.is_set():
            return now < self._stop_asked + LAST_LOOK_S
        if now - self._tended >= self._settings.poll_seconds:
            self._tend_cameras()
        return True

    def _follow(self, feeds: dict[str, CameraFeed]) -> None:
        """Starts, changes and ends streams so that they are what the cameras now are."""
        running = self._streams.main()
        for camera_id in feeds.keys() - running.keys():
            self._begin(feeds[camera_id], Hub())
        gone = [stream for camera_id, stream in running.items() if camera_id not in feeds]
        changed = [s for camera_id, s in running.items() if camera_id in feeds and feeds[camera_id] != s.feed]
        for stream in gone:
            self._streams.remove_main(stream.feed.id)
        reopened = [stream for stream in changed if feeds[stream.feed.id].main != stream.feed.main]
        end_all([*gone, *reopened])
        for stream in gone:
            stream.intake.close(GapCause.CAMERA_DISABLED, self._clock.now())
        for stream in reopened:
            stream.intake.failed(GapCause.RECONFIGURED, "", self._clock.now())
        for stream in changed:
            self._change(stream, feeds[stream.feed.id])

    def _begin(self, feed: CameraFeed, hub: Hub) -> None:
        intake = self._intake(feed.id)
        intake.reopen()
        # Once only: under another address it may be another camera.
        learned = self._learned_before.pop(feed.id, NOTHING_LEARNED)
        worker = CameraWorker(feed.id, feed.url, feed.transport, hub, intake, self._clock, feed.audio, learned=learned)
        self._streams.put_main(MainStream(worker=worker, feed=feed, hub=hub, intake=intake))
        worker.start()

    def _change(self, stream: MainStream, feed: CameraFeed) -> None:
        """Only what is another stream now is opened anew; who is subscribed goes over to it."""
        if feed.main == stream.feed.main:
            self._streams.put_main(replace(stream, feed=feed))
        else:
            self._begin(feed, stream.hub)

    def _join_past(self, camera_id: str, began: datetime) -> None:
        """What was recorded without the database continues what the database knows."""
        past = resume(self._database, camera_id, self._alive_before, self._before.adopted, began).start
        changes = self._intakes[camera_id].inherit(past.known_to, past.open_gap)
        with self._database.transaction() as session:
            before_adding(session)
            for change in changes:
                write_gap_change(session, change)
            session.flush()
            correct_late(session, told_of(changes))
            reached(Step.PAST_WRITTEN)
        reached(Step.PAST_COMMITTED)
        del self._past_unknown[camera_id]

    def _intake(self, camera_id: str) -> Intake:
        if camera_id not in self._intakes:
            now = self._clock.now()
            if self._reconciled:
                alive = last_alive(self._database, self._settings.node_name)
                resumption = resume(self._database, camera_id, alive, self._before.adopted, now)
            else:
                resumption = without_past(now)
                self._past_unknown[camera_id] = now
            keeper = GapKeeper(camera_id, now, resumption.start.known_to, resumption.start.open_gap)
            self._intakes[camera_id] = Intake(
                camera_id,
                self._settings.spool,
                self._settings.segment_seconds,
                resumption.next_sequence,
                keeper,
                self._put,
                self._room,
                self._journal.grew,
            )
        return self._intakes[camera_id]


def _clock() -> JsonObject:
    synchronised = is_synchronised()
    return {} if synchronised is None else {"clock_synchronised": synchronised}


def _enabled(feeds: Sequence[CameraFeed]) -> dict[str, CameraFeed]:
    return {feed.id: feed for feed in feeds if feed.enabled}
