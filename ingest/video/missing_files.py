"""Rows whose file has gone from the spool."""

from collections.abc import Callable, Collection
from pathlib import Path

import structlog
from sqlmodel import col, select

from ingest.video.gaps import Lost
from ingest.video.losses import write_loss
from ingest.video.refused_files import Refused, only_logged
from ingest.video.spool_files import always
from ingest.video.steps import Step, reached
from ingest.video.writer import part_path
from storage.correcting import before_adding, correct_late
from storage.database import Database
from storage.models import GapCause, Location, Segment
from storage.objects import ObjectStore, StoreError
from storage.time_shifts import recorded_span

log = structlog.get_logger(__name__)


def reconcile_rows(
    database: Database,
    store: ObjectStore,
    spool: Path,
    camera_ids: Collection[str],
    go_on: Callable[[], bool] = always,
    on_refused: Refused = only_logged,
) -> None:
    """Rows whose file has gone: stored after all, or lost, which is a gap. `camera_ids`: this node's, all of them.

    Where the store does not answer, the rest is left to the uploader, which comes to the same.
    """
    with database.transaction() as session:
        waiting = select(Segment.key).where(Segment.location == Location.SPOOL, col(Segment.camera_id).in_(camera_ids))
        keys = list(session.exec(waiting))
    for key in keys:
        if not go_on():
            return
        try:
            decide_missing(database, store, spool, key)
        except OSError as error:
            on_refused(spool / key, error)
        except StoreError as error:
            log.warning("lost_files_undecided", key=key, error=str(error))
            return


def decide_missing(database: Database, store: ObjectStore, spool: Path, key: str) -> None:
    """If no file holds the row's bytes: the row says where they are, or goes and leaves a gap.

    Raises StoreError, and OSError where the disk does not say whether there is one.
    """
    if (spool / key).is_file() or part_path(spool, key).is_file():
        return
    with database.transaction() as session:
        row = session.exec(select(Segment).where(Segment.key == key, Segment.location == Location.SPOOL)).first()
    if row is None:
        return
    stored = store.size(key) == row.size
    with database.transaction() as session:
        before_adding(session)
        if stored:
            row.location = Location.STORED
            session.add(row)
        else:
            log.error("segment_lost", key=key)
            recorded = recorded_span(row.start, row.end, row.shift_us)
            write_loss(session, Lost(row.camera_id, recorded.start, recorded.end, GapCause.UNKNOWN, "file lost"))
            session.delete(row)
            session.flush()
            correct_late(session, [(row.camera_id, recorded)])
        session.flush()
        reached(Step.MISSING_WRITTEN)
    reached(Step.MISSING_COMMITTED)
