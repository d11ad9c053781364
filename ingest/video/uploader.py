"""From the spool to the store, oldest first and some at a time.

The local copy goes only when the store has confirmed the checksum.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select, update

from ingest.video.day_folders import remove_days_past
from ingest.video.missing_files import decide_missing
from ingest.video.refused_files import Refused, only_logged
from ingest.video.steps import Step, reached
from storage.database import Database
from storage.failures import Failures
from storage.models import Location, Segment
from storage.objects import BytesChanged, ObjectStore, StoreError, first_line
from storage.waiting import WAITS

JOB = "upload"
"""Its name, where it keeps failing."""
CHANGED_FILES = "changed_files"
"""The same, where files of the spool are not what was written."""
BATCH = 32
AT_ONCE = 4
"""Uploads side by side: a store answers late, but more than one at a time."""
POLL_S = 15.0
"""It is woken for each new segment; this is for what others have left."""
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
LAST_WAIT_S = 30.0
"""For so long a stop waits for what is under way."""
HANGS_AFTER_S = 30.0
"""Without any answer. Whoever waits for one is patient for minutes, which nobody would be told of meanwhile."""
SET_ASIDE_S = 300.0
"""How long one object waits that the store refuses while it takes others, or whose file is missing."""
ROUNDS_MISSING = 2
"""A file that is still missing when it has waited so often is lost, if the store does not have it either."""

_REMEDY = "put a good copy back, or move the file out of the spool: its time becomes a gap then"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Aside:
    """Of an object that is tried again later than others."""

    until: float
    refusal: StoreError | None = None
    """None: its file is missing."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    id: int | None
    camera_id: str
    key: str
    sha256: str


class Uploader:
    """A thread; the store and the database may be away for as long as they like."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        spool: Path,
        own_cameras: Callable[[], Collection[str]] = tuple,
        longest_wait_s: float = LONGEST_WAIT_S,
        failures: Failures | None = None,
        set_aside_s: float = SET_ASIDE_S,
        hangs_after_s: float = HANGS_AFTER_S,
        on_refused: Refused = only_logged,
    ) -> None:
        """`own_cameras`: whose files lie in this spool or nowhere; another node's files are not missed here.

        `longest_wait_s`: until a store that was away is asked again; `set_aside_s`: until an object that it refuses is
        tried again, or a missing file looked for; `hangs_after_s`: without an answer, until that is told as a failure.
        `on_refused` is told of copies that the disk does not let go.
        """
        self._database, self._store, self._spool, self._own_cameras = database, store, spool, own_cameras
        self._longest_wait_s, self._set_aside_s, self._hangs_after_s = longest_wait_s, set_aside_s, hangs_after_s
        self._failures, self._on_refused = failures or Failures(), on_refused
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._store_is_away, self._store_refuses = threading.Event(), threading.Event()
        self._may_be_more = False
        """Than this batch, that was never tried."""
        self._set_aside: dict[str, _Aside] = {}
        self._missed: Counter[str] = Counter()
        self._tidied: date | None = None
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="upload")
        self._thread = threading.Thread(target=self._run, name="uploader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()
        self._thread.join(LAST_WAIT_S)
        self._pool.shutdown(wait=not self._thread.is_alive())  # a database that hangs keeps nobody waiting

    def wake(self) -> None:
        """There is something new to upload."""
        self._wake.set()

    def run_once(self) -> int:
        """Uploads one batch; the number of segments stored. Raises StoreError or SQLAlchemyError."""
        return self._upload([segment for segment in self._waiting() if self._is_there(segment)])

    def _run(self) -> None:
        wait_s = 0.0
        while not self._stop.is_set():
            try:
                self._tidy(datetime.now(UTC).date())
                wait_s = 0.0 if self.run_once() or self._may_go_on() else POLL_S
                self._tell(datetime.now(UTC))
            except (StoreError, SQLAlchemyError) as error:
                wait_s = min(max(wait_s * 2, FIRST_WAIT_S), self._longest_wait_s)
                log.warning("upload_waits", seconds=wait_s, error=first_line(error))
                self._failures.failed(JOB, error, datetime.now(UTC))
                self._stop.wait(wait_s)
                continue
            except Exception as error:
                log.exception("uploader_failed")
                self._failures.failed(JOB, error, datetime.now(UTC))
                wait_s = self._longest_wait_s
            self._wake.wait(wait_s)
            self._wake.clear()

    def _may_go_on(self) -> bool:
        """At once, though nothing of the batch was stored: a store that refuses what it was sent is left in peace."""
        return self._may_be_more and not self._store_refuses.is_set()

    def _tidy(self, today: date) -> None:
        """At the start, and when a day is over."""
        if today != self._tidied:
            self._tidied = today
            remove_days_past(self._spool, today)

    def _tell(self, now: datetime) -> None:
        """A store that takes other objects fails all the same while it refuses one. A changed file is not its fault."""
        for job, is_changed in ((JOB, False), (CHANGED_FILES, True)):
            refused = {
                key: aside.refusal
                for key, aside in self._set_aside.items()
                if aside.refusal is not None and isinstance(aside.refusal, BytesChanged) is is_changed
            }
            if refused:
                self._failures.failed(job, _altogether(refused), now, at_once=is_changed)
            else:
                self._failures.succeeded(job)

    def _waiting(self) -> list[_Waiting]:
        """The oldest; what was set aside, when its time is over, comes after all that was never tried.

        So however much of it there is, it holds up nothing.
        """
        now, most = time.monotonic(), BATCH + len(self._set_aside)
        query = select(Segment.id, Segment.camera_id, Segment.key, Segment.sha256).where(WAITS)
        with self._database.transaction() as session:
            oldest = [_Waiting(*row) for row in session.exec(query.order_by(col(Segment.start)).limit(most))]
        if len(oldest) < most:  # these are all: others of what was set aside wait no more
            keys = {segment.key for segment in oldest}
            self._set_aside = {key: aside for key, aside in self._set_aside.items() if key in keys}
        new = [segment for segment in oldest if segment.key not in self._set_aside]
        due = [s for s in oldest if s.key in self._set_aside and self._set_aside[s.key].until <= now]
        self._may_be_more = len(new) >= BATCH
        return [*new, *sorted(due, key=lambda segment: self._set_aside[segment.key].until)][:BATCH]

    def _is_there(self, segment: _Waiting) -> bool:
        until = time.monotonic() + self._set_aside_s
        try:
            if (self._spool / segment.key).is_file():
                self._missed.pop(segment.key, None)
                return True
            self._set_aside[segment.key] = _Aside(until)
            self._miss(segment)
        except OSError as error:
            log.error("file_not_readable", key=segment.key, error=str(error))
            self._set_aside[segment.key] = _Aside(until, StoreError(error.strerror or str(error)))
        return False

    def _upload(self, segments: Sequence[_Waiting]) -> int:
        """What is stored is written down, whatever becomes of the others."""
        self._store_is_away.clear()
        self._store_refuses.clear()
        answers = [(segment, self._pool.submit(self._put, segment)) for segment in segments]
        self._await([answer for _, answer in answers])
        stored = [segment for segment, answer in answers if answer.exception() is None and answer.result()]
        self._mark_stored(stored)
        for _, answer in answers:
            answer.result()  # raises what it met
        return len(stored)

    def _await(self, answers: Collection[Future[bool]]) -> None:
        """Until all are there. While none comes, the store hangs; who refuses is told of by who asked."""
        began, is_told = time.monotonic(), False
        waiting: Collection[Future[bool]] = answers
        while waiting:
            done, waiting = wait(waiting, self._hangs_after_s, FIRST_COMPLETED)
            if not done:
                is_told = True
                self._hang(time.monotonic() - began)
            elif any(answer.exception() is None and answer.result() for answer in done):
                began = time.monotonic()
                if is_told:
                    is_told = False
                    self._failures.succeeded(JOB)

    def _hang(self, seconds: float) -> None:
        error = StoreError(f"the store has not answered for {seconds:.0f} s; look whether its server still works")
        log.warning("upload_hangs", seconds=round(seconds))
        self._failures.failed(JOB, error, datetime.now(UTC))

    def _put(self, segment: _Waiting) -> bool:
        """In a thread of the pool: whether the store has it. Raises StoreError when the whole store is away."""
        if self._stop.is_set() or self._store_is_away.is_set():
            return False
        if refusal := self._refusal(segment):
            log.error("segment_refused_by_store", key=segment.key, error=first_line(refusal))
            self._set_aside[segment.key] = _Aside(time.monotonic() + self._set_aside_s, refusal)
            if not isinstance(refusal, BytesChanged):
                self._store_refuses.set()
        else:
            self._set_aside.pop(segment.key, None)
        return refusal is None

    def _refusal(self, segment: _Waiting) -> StoreError | None:
        """Why a store that is there does not take it; None: it has it. Raises StoreError when all of it is away."""
        reached(Step.UPLOAD_BEGINS)
        refusal = self._try(segment)
        if refusal is not None and not isinstance(refusal, BytesChanged):
            self._require_store()
            refusal = self._try(segment)  # the store may have come back since
        if refusal is None:
            reached(Step.UPLOADED)
        return refusal

    def _try(self, segment: _Waiting) -> StoreError | None:
        try:
            self._store.put(segment.key, self._spool / segment.key, segment.sha256)
        except StoreError as error:
            return error
        return None

    def _require_store(self) -> None:
        """Raises StoreError when the whole store is away; nothing more of the batch is tried then."""
        try:
            self._store.check()
        except StoreError:
            self._store_is_away.set()
            raise

    def _miss(self, segment: _Waiting) -> None:
        if segment.camera_id not in self._own_cameras():
            return
        self._missed[segment.key] += 1
        rounds = self._missed[segment.key]
        log.error("segment_file_missing", key=segment.key, rounds=rounds)
        if rounds < ROUNDS_MISSING:
            return
        try:
            decide_missing(self._database, self._store, self._spool, segment.key)
        except StoreError as error:
            self._require_store()
            log.warning("lost_file_undecided", key=segment.key, error=first_line(error))
            return
        self._missed.pop(segment.key)

    def _mark_stored(self, segments: list[_Waiting]) -> None:
        """The rows first, then the local copies."""
        if not segments:
            return
        ids = [segment.id for segment in segments]
        with self._database.transaction() as session:
            session.exec(update(Segment).where(col(Segment.id).in_(ids)).values(location=Location.STORED))
            reached(Step.STORED_WRITTEN)
        reached(Step.STORED_COMMITTED)
        for segment in segments:
            path = self._spool / segment.key
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                self._on_refused(path, error)
            reached(Step.LOCAL_COPY_GONE)


def _altogether(refused: Mapping[str, StoreError]) -> StoreError:
    """One line for people, with the remedy where the store does not say it."""
    key, error = next(iter(refused.items()))
    if isinstance(error, BytesChanged):
        return StoreError(f"segments changed since they were written: {len(refused)}, such as {key}; {_REMEDY}")
    return StoreError(f"segments refused: {len(refused)}, such as {key}: {first_line(error)}")
