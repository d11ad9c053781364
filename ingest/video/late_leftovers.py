"""Gaps of the last recorder that its disk lets be read only after this one has begun."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog
from sqlmodel import Session, col, or_, select

from ingest.video import leftovers
from ingest.video.gaps import END_UNKNOWN, TOLERANCE, GapClosed, GapOpened
from ingest.video.journal import REFUSALS, told_of, write_entry, write_gap_change
from ingest.video.leftovers import Leftover
from ingest.video.losses import known_spans, next_start
from storage.correcting import before_adding, correct_late
from storage.database import Database
from storage.intervals import Span, subtract
from storage.models import Gap, GapCause

_GUESSED = (GapCause.RECORDER_CRASHED, GapCause.UNKNOWN)

log = structlog.get_logger(__name__)


def write_late_leftovers(database: Database, spool: Path) -> bool:
    """As `write_leftovers`. What was guessed meanwhile of their time gives way to what they tell.

    False, and nothing has happened, while such a guess still lasts: who told it is about to say when it ends.
    """
    entries = leftovers.kept(spool)
    cameras = sorted({entry.camera_id for entry in entries})
    try:
        with database.transaction() as session:
            before_adding(session)
            by_camera = {c: [entry for entry in entries if entry.camera_id == c] for c in cameras}
            guessed = {c: _guessed(session, c, own) for c, own in by_camera.items()}
            if any(gap.end is None for gaps in guessed.values() for gap in gaps):
                return False
            for camera_id, own in by_camera.items():
                _write(session, own, guessed[camera_id])
            correct_late(session, told_of(entries))
    except REFUSALS as error:
        log.error("leftovers_refused", error=str(error))
        leftovers.set_aside(spool)
        return True
    leftovers.forget(spool)
    return True


def _guessed(session: Session, camera_id: str, entries: Sequence[Leftover]) -> list[Gap]:
    """Gaps in their time of which nobody knew the cause."""
    first, end = min(entry.start for entry in entries), col(Gap.end)
    query = select(Gap).where(
        Gap.camera_id == camera_id,
        col(Gap.cause).in_(_GUESSED),
        col(Gap.detail).in_(("", END_UNKNOWN)),
        col(Gap.recorded_start).is_(None),
        or_(end.is_(None), end > first),
    )
    return list(session.exec(query))


def _write(session: Session, entries: Sequence[Leftover], guessed: Sequence[Gap]) -> None:
    """Of one camera."""
    told = [(Span(g.start, g.end), g.model_dump(exclude={"id", "start", "end"})) for g in guessed if g.end is not None]
    for gap in guessed:
        session.delete(gap)
    session.flush()
    for entry in entries:
        write_entry(session, entry)
        session.flush()
    latest = max((span.end for span, _ in told), default=None)
    for opened in (entry for entry in entries if isinstance(entry, GapOpened)):
        _end(session, opened, latest)
    for span, same in told:
        for rest in subtract([span], known_spans(session, entries[0].camera_id, span.start, span.end)):
            if rest.duration > TOLERANCE:
                session.add(Gap(**same, start=rest.start, end=rest.end))
                session.flush()


def _end(session: Session, opened: GapOpened, latest: datetime | None) -> None:
    """It lasted until the recorder began, and what that guessed; where nothing has come since, it lasts."""
    end = next_start(session, opened.camera_id, opened.start) or latest
    if end is not None:
        write_gap_change(session, GapClosed(opened.camera_id, opened.start, end))
