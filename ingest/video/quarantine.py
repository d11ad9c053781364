"""Files that could not be read, aside in a recorder's spool: they are kept as long as their camera's footage."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlmodel import col, select

from ingest.video.losses import key_start
from ingest.video.refused_files import only_logged
from ingest.video.spool_files import QUARANTINE, quarantined
from storage.database import Database, insert_new
from storage.deletions import aside_of, confirm, entry
from storage.expiry import ClockLeapt, DeletionPaused, Guard, load_rules
from storage.happenings import happenings, looking_of, shown_in
from storage.holds import held, overlaps, take_turns
from storage.intervals import Span
from storage.models import MAX_SEGMENT_SECONDS, Camera, Deletion
from storage.objects import sha256_of
from storage.retention import Keeping

log = structlog.get_logger(__name__)

EVERY, TICK_S = timedelta(minutes=10), 60.0
SHORTEST = timedelta(days=1)
"""No rule keeps for less."""
_LONGEST = timedelta(seconds=MAX_SEGMENT_SECONDS)


@dataclass(frozen=True, slots=True)
class Aside:
    """A file of a camera's footage that gave no row."""

    key: str
    """Where it lies below the spool."""
    camera_id: str
    span: Span
    """At most: by its name, up to when it was written last."""
    size: int


class Quarantine:
    """`run_once` deletes what is due, and proves it as of any footage. One for a spool, in the recorder's process."""

    def __init__(self, database: Database, spool: Path, guard: Guard) -> None:
        self._database, self._spool, self._guard = database, spool, guard

    def run_once(self, now: datetime) -> int:
        """Also what a run before has left. Returns the number of files that are gone. Raises SQLAlchemyError, and at
        the end OSError where the disk did not let one be removed: it keeps no other.

        While nothing may be deleted, which the clerk tells, nothing is.
        """
        try:
            self._guard.check(now)
        except (ClockLeapt, DeletionPaused):
            return 0
        refused: list[OSError] = []
        for aside in lying(self._spool):
            if now - aside.span.end > SHORTEST:
                with _noted(refused):
                    self._order_if_due(aside, now)
        gone = sum(self._delete(row_id, key, now, refused) for row_id, key in self._ordered())
        if refused:
            raise refused[0]
        return gone

    def _ordered(self) -> list[tuple[int, str]]:
        with self._database.transaction() as session:
            return aside_of(session)

    def _delete(self, row_id: int, key: str, now: datetime, refused: list[OSError]) -> bool:
        with _noted(refused):
            (self._spool / key).unlink(missing_ok=True)
            with self._database.transaction() as session:
                confirm(session, [row_id], now)
            log.info("quarantined_file_expired", key=key)
            return True
        return False

    def _order_if_due(self, aside: Aside, now: datetime) -> None:
        with self._database.transaction() as session:
            camera = session.get(Camera, aside.camera_id)
            if camera is None:
                return
            looking = looking_of(session, camera.id)
            counters = sorted({look.counter_id for look in looking})
            happened = happenings(session, camera.id, counters, aside.span, now)
            shown = shown_in(aside.span, looking, happened)
            keeping = load_rules(session, now).due(camera.hall_id, shown, aside.span.end, now)
        if keeping is not None:
            self._order(aside, keeping, now)

    def _order(self, aside: Aside, keeping: Keeping, now: datetime) -> None:
        sha256 = _sha256(self._spool / aside.key)
        with self._database.transaction() as session:
            take_turns(session, aside.camera_id)
            if overlaps(aside.span, held(session, aside.camera_id, aside.span)):
                return
            open_already = select(Deletion.id).where(Deletion.key == aside.key, col(Deletion.confirmed_at).is_(None))
            if session.exec(open_already).first() is None:
                what: dict[str, object] = {
                    "camera_id": aside.camera_id,
                    "start": aside.span.start,
                    "end": aside.span.end,
                }
                what |= {"key": aside.key, "sha256": sha256, "size": aside.size}
                insert_new(session, Deletion, [entry(what, keeping, now)])


def _sha256(path: Path) -> str:
    """Empty where the disk does not give its bytes: it is due all the same, and the ledger says as much as is known."""
    try:
        return sha256_of(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        log.warning("quarantined_file_unread", path=str(path), error=str(error))
        return ""


@contextmanager
def _noted(refused: list[OSError]) -> Iterator[None]:
    """What the disk does not let be removed; a file that somebody has taken away is no such thing."""
    try:
        yield
    except FileNotFoundError:
        pass
    except OSError as error:
        refused.append(error)


def lying(spool: Path) -> Iterator[Aside]:
    """What is in quarantine and whose name tells whose and when it is; the rest is nobody's to delete."""
    for path in quarantined(spool):
        named = key_start(str(path.relative_to(spool / QUARANTINE)))
        if named is None:
            continue
        camera_id, start = named
        try:
            found = path.stat()
        except OSError as error:
            only_logged(path, error)
            continue
        written = datetime.fromtimestamp(found.st_mtime, UTC)
        span = Span(start, min(max(written, start), start + _LONGEST))
        yield Aside(str(path.relative_to(spool)), camera_id, span, found.st_size)
