"""Where the recording of a camera goes on after a start, and why there is no footage from the last run until now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, func, select

from ingest.video.frames import to_us
from ingest.video.gaps import GapOpened, Known, StartingPoint, account_for_absence
from ingest.video.journal import told_of, write_gap_change
from ingest.video.losses import newest_sequence
from ingest.video.steps import Step, reached
from ingest.video.writer import FinishedSegment
from storage.correcting import before_adding, correct_late
from storage.database import Database
from storage.intervals import Span
from storage.models import MAX_SEGMENT_SECONDS, Gap, GapCause, Node, Segment, TimeCorrection
from storage.time_shifts import recorded_span
from storage.undated import AHEAD

_MARGIN = timedelta(minutes=5)
_LONGEST = timedelta(seconds=MAX_SEGMENT_SECONDS)


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where the recording of a camera goes on."""

    next_sequence: int
    start: StartingPoint


def last_alive(database: Database, node_name: str) -> datetime | None:
    """The recorder's last heartbeat; None if nothing is known of one."""
    with database.transaction() as session:
        node = session.get(Node, node_name)
        return node.heartbeat if node else None


def resume(
    database: Database, camera_id: str, alive: datetime | None, adopted: Sequence[FinishedSegment], now: datetime
) -> Resumption:
    """Writes down why there is no footage from the last run until now; where recording goes on.

    `alive`: the last heartbeat before this start.
    """
    starts = [row.start for row in (segment.row() for segment in adopted) if row.camera_id == camera_id]
    with database.transaction() as session:
        before_adding(session)
        known = _known(session, camera_id, alive, min(starts, default=None), now)
        start = account_for_absence(known, now)
        for change in start.changes:
            write_gap_change(session, change)
        session.flush()
        correct_late(session, told_of(start.changes))
        reached(Step.ABSENCE_WRITTEN)
        newest = newest_sequence(session, camera_id)
    reached(Step.ABSENCE_COMMITTED)
    return Resumption(max((newest or 0) + 1, _unused(now)), start)


def without_past(now: datetime) -> Resumption:
    """While the database is away, nothing is known of the time before."""
    return Resumption(_unused(now), StartingPoint((), None, None))


def _unused(now: datetime) -> int:
    """A number that none before can have reached, also where the database was lost or is an older one: `recover` then
    finds the others in the store."""
    return to_us(now) // 1000


def _known(
    session: Session, camera_id: str, alive: datetime | None, earliest_adopted: datetime | None, now: datetime
) -> Known:
    """By the time that the recorder wrote, wherever corrections have put it since: so it explains its own time only."""
    still_open = session.exec(
        select(Gap).where(Gap.camera_id == camera_id, col(Gap.end).is_(None)).order_by(col(Gap.start))
    )
    opened = [GapOpened(camera_id, gap.start, gap.cause, gap.detail) for gap in still_open]
    moments = (_recorded_to(session, camera_id, now + AHEAD), earliest_adopted, opened[0].start if opened else None)
    since = min((moment for moment in moments if moment is not None), default=None)
    return Known(
        camera_id,
        tuple(span for span in _spans(session, camera_id, since) if span.duration and _is_near(span, since)),
        opened[-1] if opened else None,
        alive,
        tuple(opened[:-1]),
        end_unknown=alive is None and earliest_adopted is None,
    )


def _recorded_to(session: Session, camera_id: str, latest: datetime) -> datetime | None:
    """What ends after `latest` was recorded by a clock that was ahead, and tells nothing."""
    last = select(Segment.start, Segment.end, Segment.shift_us).where(Segment.camera_id == camera_id)
    newest = session.exec(last.order_by(col(Segment.sequence).desc()).limit(1)).first()
    ends = (_uncorrected_to(session, camera_id, latest), recorded_span(*newest).end if newest else None)
    return max((end for end in ends if end is not None and end <= latest), default=None)


def _uncorrected_to(session: Session, camera_id: str, latest: datetime) -> datetime | None:
    """The last end up to `latest`, of what began last: months of segments lie before."""
    told = (
        Segment.camera_id == camera_id,
        col(Segment.correction_id).is_(None),
        Segment.start <= latest,
        Segment.end <= latest,
    )
    began = session.exec(select(Segment.start).where(*told).order_by(col(Segment.start).desc()).limit(1)).first()
    if began is None:
        return None
    return session.exec(select(func.max(Segment.end)).where(*told, Segment.start > began - _LONGEST)).one()


def _is_near(span: Span, since: datetime | None) -> bool:
    """It ends after `since`, or not long before."""
    return since is None or (span.end > since - _MARGIN and span.start > since - _MARGIN * 2)


def _spans(session: Session, camera_id: str, since: datetime | None) -> Iterator[Span]:
    """Segments and closed gaps as they were recorded; of what was corrected also some that ended long before."""
    earliest = datetime.min.replace(tzinfo=UTC) if since is None else since - _MARGIN * 2
    as_recorded = select(Segment.start, Segment.end).where(
        Segment.camera_id == camera_id, col(Segment.correction_id).is_(None), Segment.start > earliest
    )
    yield from (Span(start, end) for start, end in session.exec(as_recorded))
    corrections = select(TimeCorrection.id).where(TimeCorrection.camera_id == camera_id, TimeCorrection.end > earliest)
    corrected = select(Segment.start, Segment.end, Segment.shift_us).where(col(Segment.correction_id).in_(corrections))
    yield from (recorded_span(*row) for row in session.exec(corrected))
    start, end = func.coalesce(Gap.recorded_start, Gap.start), func.coalesce(Gap.recorded_end, Gap.end)
    gaps = select(start, end).where(
        Gap.camera_id == camera_id, col(Gap.end).is_not(None), Gap.cause != GapCause.CORRECTED, start > earliest
    )
    yield from (Span(began, max(began, ended)) for began, ended in session.exec(gaps))
