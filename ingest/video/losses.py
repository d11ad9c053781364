"""Footage that was recorded and cannot be shown is a gap with its cause, like footage that never was."""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

import structlog
from sqlmodel import Session, col, delete, func, or_, select

from ingest.video.frames import from_us
from ingest.video.gaps import TOLERANCE, Lost
from ingest.video.writer import FinishedSegment
from storage.intervals import Span, subtract
from storage.models import MAX_SEGMENT_SECONDS, Camera, Gap, GapCause, Segment

NOT_READABLE = "file not readable"
"""The detail of its gap."""
_KEY = re.compile(r"(?P<camera>.+)/(?P<start>\d{4}/\d\d/\d\d/\d{6})-(?P<number>\d+)\.mp4.*")

log = structlog.get_logger(__name__)


def lost(segment: FinishedSegment, cause: GapCause, detail: str) -> Lost:
    """What to write down of a segment that gets no row."""
    recording = segment.recording
    return Lost(recording.camera_id, from_us(recording.start_us), from_us(segment.end_us), cause, detail)


def write_loss(session: Session, loss: Lost) -> None:
    """Writing the same loss again changes nothing."""
    same = (
        col(Gap.camera_id) == loss.camera_id,
        func.coalesce(Gap.recorded_start, Gap.start) == loss.start,
        func.coalesce(Gap.recorded_end, Gap.end) == loss.end,
    )
    if loss.end > loss.start and session.exec(select(Gap.id).where(*same)).first() is None:
        log.error("footage_lost", camera=loss.camera_id, start=loss.start.isoformat(), detail=loss.detail)
        session.add(
            Gap(
                camera_id=loss.camera_id,
                start=loss.start,
                end=loss.end,
                cause=loss.cause,
                detail=loss.detail.partition("\n")[0][:500],
                after_sequence=newest_sequence(session, loss.camera_id),
            )
        )


def newest_sequence(session: Session, camera_id: str) -> int | None:
    return session.exec(select(func.max(Segment.sequence)).where(Segment.camera_id == camera_id)).one()


def take_back_losses(session: Session, camera_id: str, found: Span) -> None:
    """Gaps in place of a segment that is there after all; `found` by the time that its file says."""
    session.exec(
        delete(Gap).where(
            col(Gap.camera_id) == camera_id,
            func.coalesce(Gap.recorded_start, Gap.start).between(found.start - 2 * TOLERANCE, found.start + TOLERANCE),
            func.coalesce(Gap.recorded_end, Gap.end).between(found.end - TOLERANCE, found.end + TOLERANCE),
        )
    )


def take_back_unread(session: Session, camera_id: str, found: Span) -> None:
    """The gap of a file that could not be read and now can; of time beyond the footage it goes on telling."""
    unread = session.exec(
        select(Gap).where(
            Gap.camera_id == camera_id,
            Gap.detail == NOT_READABLE,
            col(Gap.recorded_start).is_(None),
            col(Gap.start).between(found.start - 2 * TOLERANCE, found.start + TOLERANCE),
        )
    )
    for gap in unread:
        if gap.end is not None and gap.end - found.end > TOLERANCE:
            gap.start = found.end
        else:
            session.delete(gap)


def take_back_losses_of(session: Session, found: Collection[tuple[str, Span]]) -> None:
    """The same of many, by camera: one query where nothing was lost at that time, as usual."""
    begins = func.coalesce(Gap.recorded_start, Gap.start)
    first, last = min(span.start for _, span in found), max(span.start for _, span in found)
    wanted = select(Gap.camera_id).where(
        col(Gap.camera_id).in_({camera_id for camera_id, _ in found}),
        begins.between(first - 2 * TOLERANCE, last + TOLERANCE),
    )
    cameras = set(session.exec(wanted.distinct()))
    for camera_id, span in found:
        if camera_id in cameras:
            take_back_losses(session, camera_id, span)


def key_start(key: str) -> tuple[str, datetime] | None:
    """Camera and start, in whole seconds, by a segment's key or the name of its file; None when it is neither."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    try:
        return match["camera"], datetime.strptime(match["start"], "%Y/%m/%d/%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def key_number(key: str) -> tuple[str, int] | None:
    """Camera and number of the segment, by the same."""
    match = _KEY.fullmatch(key)
    return (match["camera"], int(match["number"])) if match else None


def segment_start(key: str) -> tuple[str, datetime] | None:
    """The same by the key of an object: what has more behind its .mp4 is a copy that somebody has made."""
    return key_start(key) if key.endswith(".mp4") else None


def write_unreadable(session: Session, camera_id: str, start: datetime, written_to: datetime, detail: str) -> None:
    """What cannot be read from `start` on, up to the next segment or gap; up to `written_to` if none follows.

    Where something is known already, nothing is written; nor beyond the time that a segment can last.
    """
    if session.get(Camera, camera_id) is None:
        return
    end = max(next_start(session, camera_id, start) or written_to, start)
    end = min(end, start + timedelta(seconds=MAX_SEGMENT_SECONDS))
    for hole in subtract([Span(start, end)], known_spans(session, camera_id, start, end)):
        if hole.duration > TOLERANCE:
            write_loss(session, Lost(camera_id, hole.start, hole.end, GapCause.UNKNOWN, detail))


def next_start(session: Session, camera_id: str, start: datetime) -> datetime | None:
    """A second later at least: `start` may be cut to the second, and what ran then may have begun within it."""
    found = (
        session.exec(
            select(func.min(table.start)).where(table.camera_id == camera_id, table.start >= start + 2 * TOLERANCE)
        ).one()
        for table in (Segment, Gap)
    )
    return min((moment for moment in found if moment is not None), default=None)


def known_spans(session: Session, camera_id: str, start: datetime, end: datetime) -> Iterator[Span]:
    """Segments and gaps that overlap start..end; an open one up to the end."""
    for table in (Segment, Gap):
        ends = col(table.end)
        query = select(table.start, table.end).where(
            table.camera_id == camera_id, table.start < end, or_(ends.is_(None), ends > start)
        )
        for began, ended in session.exec(query):
            yield Span(began, max(ended or end, began))
