"""Corrects the time of footage by hand, and takes that back: rows move, files do not.

Every function works inside the caller's transaction. `remap` puts the rows of a span where the corrections in force
say, so it can be repeated at any time, for footage that turns up later, too.
"""

import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, func, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from storage.asked_corrections import CorrectionRefused, Wanted, check, check_reason, meant
from storage.corrected_gaps import leave_gaps, move_gaps
from storage.database import share_turn, take_turn_alone
from storage.holds import take_turns
from storage.intervals import Span, merge
from storage.models import MAX_SEGMENT_SECONDS, Hold, Segment, TimeCorrection
from storage.runs import FRAME_HOLE
from storage.sayings import Saying
from storage.time_shifts import Shift, in_force, placed_footage, recorded_span, whole_segments

_MAX_LENGTH = timedelta(seconds=MAX_SEGMENT_SECONDS)
_BRIDGE = timedelta(minutes=1)
_OF_BOTH = {"camera_id", "start", "end", "first_sequence", "last_sequence", "shift_us", "error_us"}
"""Of a correction, and of what takes it back."""
_CORRECTING = 116
"""Turns of those who correct and those who add footage; it has to differ from every other turn."""


@dataclass(frozen=True, slots=True)
class Move:
    """Footage that lay together, and has moved together."""

    before: Span
    by: timedelta

    @property
    def after(self) -> Span:
        return Span(self.before.start + self.by, self.before.end + self.by)


@dataclass(frozen=True, slots=True)
class Moved:
    """What a change of corrections did."""

    correction: TimeCorrection
    segments: int
    moves: tuple[Move, ...]
    """By where the footage lay."""

    @property
    def touched(self) -> list[Span]:
        return merge([span for move in self.moves for span in (move.before, move.after)], bridge=_BRIDGE)


def before_adding(session: Session) -> None:
    """First of all in a transaction that adds footage or gaps and then calls `correct_late`.

    Else a correction at the same moment would not see what is added, nor this transaction the correction.
    """
    share_turn(session, _CORRECTING)


def before_correcting(session: Session) -> None:
    """Waits until everything that is being added can be seen; what comes later sees the correction."""
    take_turn_alone(session, _CORRECTING)


def correct(session: Session, wanted: Wanted, now: datetime) -> Moved:
    """Raises CorrectionRefused."""
    before_correcting(session)
    take_turns(session, wanted.camera_id)
    rows = [row for row in _rows(session, wanted.camera_id, wanted.span) if row.sequence in wanted.numbers]
    check(wanted, rows, now)
    numbers = meant(wanted, rows, now)
    span = whole_segments(wanted.span, (row.recorded for row in rows))
    correction = TimeCorrection(
        camera_id=wanted.camera_id,
        start=span.start,
        end=span.end,
        first_sequence=numbers.first,
        last_sequence=numbers.last,
        shift_us=wanted.shift // timedelta(microseconds=1),
        error_us=wanted.error // timedelta(microseconds=1),
        reason=wanted.reason,
        made_by=wanted.made_by,
        made_at=(made_at := _after_others(session, wanted.camera_id, now)),
        key=_key(wanted.camera_id, made_at),
    )
    session.add(correction)
    session.flush()
    return _moved(session, correction)


def take_back(session: Session, correction: TimeCorrection, reason: str, made_by: str, now: datetime) -> Moved:
    """What another correction says of the span holds again, else what the files say. Raises CorrectionRefused."""
    check_reason(reason)
    before_correcting(session)
    take_turns(session, correction.camera_id)
    if correction.takes_back is not None:
        raise CorrectionRefused("id", Saying("This takes a correction back and stays; correct the time anew instead."))
    if session.exec(select(TimeCorrection.id).where(TimeCorrection.takes_back == correction.id)).first():
        raise CorrectionRefused("id", Saying("This correction was taken back already."))
    row = TimeCorrection(
        **correction.model_dump(include=_OF_BOTH),
        reason=reason,
        made_by=made_by,
        made_at=(made_at := _after_others(session, correction.camera_id, now)),
        takes_back=correction.id,
        key=_key(correction.camera_id, made_at),
    )
    session.add(row)
    session.flush()
    return _moved(session, row)


def remap(session: Session, camera_id: str, span: Span) -> tuple[list[Move], int]:
    """Puts what was recorded in the span where the corrections in force say; what is there already stays.

    Returns what has moved, and how many segments that are.
    """
    corrections = _corrections(session, camera_id)
    shifts = in_force(corrections)
    changes = [change for row in _rows(session, camera_id, span) if (change := _change(row, shifts))]
    moves = _moves(changes)
    _write(session, changes)
    _keep_held(session, camera_id, moves)
    move_gaps(session, camera_id, span, shifts)
    touched = [row for row in corrections if row.start < span.end and row.end > span.start]
    leave_gaps(session, camera_id, touched, shifts)
    return moves, len(changes)


def correct_late(session: Session, added: Collection[tuple[str, Span]]) -> None:
    """Footage and gaps that were just added, by camera and recorded time, which may have been corrected since.

    A gap that ended at a corrected span moves its edge. `before_adding` has to stand at the transaction's beginning.
    """
    if not added:
        return
    cameras = {camera_id for camera_id, _ in added}
    first, last = min(span.start for _, span in added), max(span.end for _, span in added)
    found = session.exec(
        select(TimeCorrection.camera_id, TimeCorrection.start, TimeCorrection.end).where(
            col(TimeCorrection.camera_id).in_(cameras), TimeCorrection.end >= first, TimeCorrection.start <= last
        )
    )
    for camera_id, start, end in set(found):
        if any(of == camera_id and span.start <= end and start <= span.end for of, span in added):
            remap(session, camera_id, Span(start, end))


def _moved(session: Session, correction: TimeCorrection) -> Moved:
    moves, count = remap(session, correction.camera_id, Span(correction.start, correction.end))
    return Moved(correction, count, tuple(moves))


@dataclass(frozen=True, slots=True)
class _Row:
    """Of a segment, what a correction may change."""

    id: int
    sequence: int
    lies: Span
    recorded: Span
    correction_id: int | None
    error_us: int
    recorded_error_us: int


@dataclass(frozen=True, slots=True)
class _Change:
    row: _Row
    to: Span
    shift: Shift | None


def _rows(session: Session, camera_id: str, span: Span) -> list[_Row]:
    """Segments that were recorded in the span, wherever they lie; those that only reach into it, too."""
    as_recorded = select_columns(*_COLUMNS).where(
        col(Segment.camera_id) == camera_id,
        col(Segment.start) > span.start - _MAX_LENGTH,
        col(Segment.start) < span.end,
        col(Segment.correction_id).is_(None),
    )
    of_camera = select(TimeCorrection.id).where(
        TimeCorrection.camera_id == camera_id, TimeCorrection.start < span.end, TimeCorrection.end > span.start
    )
    elsewhere = select_columns(*_COLUMNS).where(col(Segment.correction_id).in_(of_camera))
    rows = [
        _Row(row_id, sequence, Span(start, end), recorded_span(start, end, shift_us), *others)
        for query in (as_recorded, elsewhere)
        for row_id, sequence, start, end, shift_us, *others in session.execute(query)
    ]
    return [row for row in rows if row.recorded.start < span.end and row.recorded.end > span.start]


_COLUMNS: Sequence[Any] = (
    col(Segment.id),
    col(Segment.sequence),
    col(Segment.start),
    col(Segment.end),
    col(Segment.shift_us),
    col(Segment.correction_id),
    col(Segment.clock_error_us),
    func.coalesce(Segment.recorded_error_us, Segment.clock_error_us),
)


def _change(row: _Row, shifts: Sequence[Shift]) -> _Change | None:
    placed = placed_footage(row.recorded, row.sequence, shifts)
    wanted = (placed.shift.id, placed.shift.error_us) if placed.shift else (None, row.recorded_error_us)
    stands = (row.correction_id, row.error_us) == wanted and row.lies == placed.span
    return None if stands else _Change(row, placed.span, placed.shift)


def _moves(changes: Sequence[_Change]) -> list[Move]:
    lay: dict[timedelta, list[Span]] = defaultdict(list)
    for change in changes:
        lay[change.to.start - change.row.lies.start].append(change.row.lies)
    moves = [Move(span, by) for by, spans in lay.items() for span in merge(spans, bridge=FRAME_HOLE)]
    return sorted(moves, key=lambda move: (move.before.start, move.by))


def _write(session: Session, changes: Sequence[_Change]) -> None:
    if not changes:
        return
    table: Table = Segment.__table__  # type: ignore[attr-defined]
    values = [
        {
            "the_id": change.row.id,
            "new_start": change.to.start,
            "new_end": change.to.end,
            "new_shift": (change.to.start - change.row.recorded.start) // timedelta(microseconds=1),
            "new_correction": change.shift.id if change.shift else None,
            "new_error": change.shift.error_us if change.shift else change.row.recorded_error_us,
            "new_recorded_error": change.row.recorded_error_us if change.shift else None,
        }
        for change in changes
    ]
    session.execute(
        update(table)
        .where(table.c.id == bindparam("the_id"))
        .values(
            start=bindparam("new_start"),
            end=bindparam("new_end"),
            shift_us=bindparam("new_shift"),
            correction_id=bindparam("new_correction"),
            clock_error_us=bindparam("new_error"),
            recorded_error_us=bindparam("new_recorded_error"),
        ),
        values,
    )
    moved = {change.row.id for change in changes}
    for loaded in list(session.identity_map.values()):
        if isinstance(loaded, Segment) and loaded.id in moved:
            session.refresh(loaded)


def _keep_held(session: Session, camera_id: str, moves: Sequence[Move]) -> None:
    """Footage that was held stays held wherever it lies now: no correction may bring it within reach of a deletion."""
    for by, was in ((move.by, move.before) for move in moves if move.by):
        holds = session.exec(
            select(Hold).where(
                Hold.camera_id == camera_id,
                col(Hold.released_at).is_(None),
                Hold.start < was.end,
                Hold.end > was.start,
            )
        )
        for hold in list(holds):
            span = Span(max(hold.start, was.start) + by, min(hold.end, was.end) + by)
            kept = hold.model_dump(exclude={"id", "start", "end", "store_error"})
            if not _is_held(session, kept, span):
                session.add(Hold(**kept, start=span.start, end=span.end))
                session.flush()


def _is_held(session: Session, kept: Mapping[str, object], span: Span) -> bool:
    """Whether the same holder holds all of it already, for the same reason."""
    same = (col(getattr(Hold, name)) == value for name, value in kept.items())
    return (
        session.exec(select(Hold.id).where(*same, Hold.start <= span.start, Hold.end >= span.end)).first() is not None
    )


def _corrections(session: Session, camera_id: str) -> list[TimeCorrection]:
    query = select(TimeCorrection).where(TimeCorrection.camera_id == camera_id)
    return list(session.exec(query.order_by(col(TimeCorrection.id))))


def _after_others(session: Session, camera_id: str, now: datetime) -> datetime:
    """Objects are sorted by their keys, and what is taken back has to come first."""
    newest = session.exec(select(func.max(TimeCorrection.made_at)).where(TimeCorrection.camera_id == camera_id)).one()
    return now if newest is None else max(now, newest + timedelta(microseconds=1))


def _key(camera_id: str, made_at: datetime) -> str:
    return f"{camera_id}/corrections/{made_at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}.json"
