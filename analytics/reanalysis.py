"""Works off what is to be looked at again: claims it, looks piece by piece, writes each, and tells what has changed.

Whoever dies in between has written whole pieces; the next worker goes on after the last of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, CursorResult
from sqlmodel import Session, col, or_, select, update

from analytics.again import Again, Look, pieces, within
from analytics.judging import changes_of_plan, judge_all_that_rests_on, plan_then
from analytics.presence import Transition
from analytics.recording import take_turns
from analytics.rewriting import known_in, rewrite_presence
from analytics.rhythm import is_due
from storage.database import Database
from storage.intervals import Span, intersect, merge, subtract
from storage.models import ABSENCES, Absence, Presence, Reanalysis, StaffState
from storage.models.columns import JsonObject

ABANDONED = timedelta(minutes=2)
"""A worker that gives no sign of life for so long has died."""
MOST_SHOWN = 200
"""Spans of which it is kept what was said before and is said now."""
_ALIVE_EVERY = timedelta(seconds=10)
_ASK_EVERY = timedelta(seconds=3)

log = structlog.get_logger(__name__)


def ask(
    session: Session,
    counter_id: str,
    span: Span,
    asked_by: str,
    now: datetime,
    *,
    correction_id: int | None = None,
    worker: str = "",
    source: str = "",
    closeness: str = "",
) -> Reanalysis:
    """Keeps what is said of the span now, so that it can be told what has changed.

    `worker` takes it up at once; with a `source` only that detector does it, and with a `closeness` only who looks so.
    """
    row = Reanalysis(
        counter_id=counter_id,
        start=span.start,
        end=span.end,
        correction_id=correction_id,
        asked_by=asked_by,
        asked_at=now,
        worker=worker,
        alive_at=now if worker else None,
        source=source,
        closeness=closeness,
        changes={"before": said(session, counter_id, span)},
    )
    session.add(row)
    session.flush()
    return row


def ask_instead(
    session: Session, counter_id: str, spans: Iterable[Span], asked_by: str, now: datetime, *, correction_id: int | None
) -> list[Reanalysis]:
    """Whatever is still to be looked at of these spans is looked at by these alone, as a whole: the newest word counts.

    Who has such a one in hand writes nothing more of it. To stand before anything that takes the counter's turn.
    """
    wanted = list(spans)
    void = [row for row in _open_rows(session, counter_id) if intersect([Span(row.start, row.end)], wanted)]
    whole = merge([*wanted, *(Span(row.start, row.end) for row in void)])
    asked = [ask(session, counter_id, span, asked_by, now, correction_id=correction_id) for span in whole]
    for row in void:
        row.done_at, row.changes = now, {}
        row.superseded_by = next(new.id for new in asked if new.start <= row.start and row.end <= new.end)
    session.flush()
    return asked


def _open_rows(session: Session, counter_id: str) -> Sequence[Reanalysis]:
    """As they stand once whoever writes one of them at this moment has done so."""
    rows = select(Reanalysis).where(Reanalysis.counter_id == counter_id, col(Reanalysis.done_at).is_(None))
    locked = rows.order_by(col(Reanalysis.id)).with_for_update().execution_options(populate_existing=True)
    return session.exec(locked).all()


def said(session: Session, counter_id: str, span: Span) -> JsonObject:
    """What is said of a counter in the span: its staff states, and the absences and events that are none withdrawn."""
    found = _found_in(session, counter_id, span)
    rows = [(row.kind, [row.start.isoformat(), row.end.isoformat() if row.end else None]) for row in found]
    return {
        "states": _states_in(session, counter_id, span),
        "absences": [times for kind, times in rows if kind in ABSENCES],
        "events": [[*times, kind.value] for kind, times in rows if kind not in ABSENCES],
    }


def _states_in(session: Session, counter_id: str, span: Span) -> list[list[str]]:
    """Joined where only the customers changed, or how many there were."""
    end = col(Presence.end)
    rows = session.exec(
        select(Presence)
        .where(Presence.counter_id == counter_id, Presence.start < span.end, or_(end.is_(None), end > span.start))
        .order_by(col(Presence.start))
    )
    states: list[list[str]] = []
    for row in rows:
        start, ends = max(row.start, span.start).isoformat(), min(row.end or span.end, span.end).isoformat()
        if states and states[-1][1:] == [start, row.staff.value]:
            states[-1][1] = ends
        else:
            states.append([start, ends, row.staff.value])
    return states


def _found_in(session: Session, counter_id: str, span: Span) -> Sequence[Absence]:
    ended = col(Absence.end)
    return session.exec(
        select(Absence)
        .where(
            Absence.counter_id == counter_id,
            Absence.start < span.end,
            or_(ended.is_(None), ended > span.start),
            Absence.ended_by != "withdrawn",
        )
        .order_by(col(Absence.start))
    ).all()


def differences(before: JsonObject, after: JsonObject) -> JsonObject:
    """Seconds by state, absences, other events, and the spans of which another state is said now, up to MOST_SHOWN."""
    changed = list(_changed(_states(before), _states(after)))
    return {
        "before_s": _seconds(_states(before)),
        "after_s": _seconds(_states(after)),
        "absences_before": before["absences"],
        "absences_after": after["absences"],
        "events_before": before["events"],
        "events_after": after["events"],
        "changed": [
            {"start": span.start.isoformat(), "end": span.end.isoformat(), "before": old, "after": new}
            for span, old, new in changed[:MOST_SHOWN]
        ],
        "left_out": max(len(changed) - MOST_SHOWN, 0),
    }


_State = tuple[Span, str]


def _states(told: JsonObject) -> list[_State]:
    return [
        (Span(datetime.fromisoformat(start), datetime.fromisoformat(end)), staff)
        for start, end, staff in told["states"]
    ]


def _seconds(states: Iterable[_State]) -> dict[str, float]:
    lengths = {staff.value: 0.0 for staff in StaffState}
    for span, staff in states:
        lengths[staff] += span.duration.total_seconds()
    return lengths


def _changed(before: Sequence[_State], after: Sequence[_State]) -> Iterator[tuple[Span, str, str]]:
    """In order, where both say something and not the same."""
    first = 0
    for span, new in after:
        while first < len(before) and before[first][0].end <= span.start:
            first += 1
        for old_span, old in before[first:]:
            if old_span.start >= span.end:
                break
            if old != new:
                yield from ((common, old, new) for common in intersect([old_span], [span]))


class ClaimLost(Exception):
    """Another worker has taken the row over, or another row its span: what this one has seen is not written."""


@dataclass
class _InHand:
    row: Reanalysis
    left: list[Span]
    piece: Span
    again: Again


class Redoing:
    """One per process; several processes share the work, each row being one's."""

    def __init__(self, database: Database, look: Look, worker: str, source: str) -> None:
        """`source` is stored beside presence: the detector."""
        self._database, self._look, self._worker, self._source = database, look, worker, source
        self._in_hand: _InHand | None = None
        self._ask_due = self._alive_due = datetime.min.replace(tzinfo=UTC)

    @property
    def busy(self) -> bool:
        return self._in_hand is not None

    def go_on(self, now: datetime, limit: int, only_id: int | None = None) -> bool:
        """Looks at up to `limit` pictures of what is to be done; returns whether there is anything left to do.

        `only_id`: of this row alone. Raises SQLAlchemyError, and StoreError; then the piece in hand is begun anew.
        """
        hand, self._in_hand = self._in_hand or self._take_up(now, only_id), None
        if hand is None:
            return False
        try:
            self._in_hand = self._look_on(hand, now, limit)
        except ClaimLost:
            log.warning("looking_again_taken_over", counter=hand.row.counter_id, row=hand.row.id)
        return True

    def progress(self) -> tuple[int, datetime] | None:
        """The row in hand, and up to where it has been looked at."""
        return (self._in_hand.row.id or 0, self._in_hand.again.seen_to) if self._in_hand else None

    def _take_up(self, now: datetime, only_id: int | None) -> _InHand | None:
        if only_id is None and not is_due(now, self._ask_due, _ASK_EVERY):
            return None
        self._ask_due = now + _ASK_EVERY
        with self._database.transaction() as session:
            row = claim(session, self._worker, self._source, now, only_id, self._look.closeness)
            if row is None:
                judge_what_was_left(session, now)
                return None
            left = _left(session, row)
        log.info("looking_again", counter=row.counter_id, start=row.start.isoformat(), end=row.end.isoformat())
        return self._begin(row, left, now)

    def _begin(self, row: Reanalysis, left: list[Span], now: datetime) -> _InHand | None:
        if not left:
            self._finish(row, now)
            return None
        piece, *rest = left
        with self._database.transaction() as session:
            plan = plan_then(session, row.counter_id, piece.start)
        return _InHand(row, rest, piece, Again(plan, row.counter_id, piece, self._look))

    def _look_on(self, hand: _InHand, now: datetime, limit: int) -> _InHand | None:
        """What is in hand then."""
        if not hand.again.go_on(limit):
            self._stay_alive(hand.row, now)
            return hand
        with self._database.transaction() as session:
            self._note(session, hand.row, watched_to=hand.piece.end, alive_at=now)
            take_turns(session, hand.row.counter_id)
            # Footage that is gone by now takes back nothing that was seen in it.
            kept = intersect(hand.again.unseen(), known_in(session, hand.row.counter_id, hand.piece))
            for part in subtract([hand.piece], kept):
                states = within(part, hand.again.states())
                rewrite_presence(session, hand.row.counter_id, part, states, self._source)
        return self._begin(hand.row, hand.left, now)

    def _stay_alive(self, row: Reanalysis, now: datetime) -> None:
        if is_due(now, self._alive_due, _ALIVE_EVERY):
            self._alive_due = now + _ALIVE_EVERY
            with self._database.transaction() as session:
                self._note(session, row, alive_at=now)

    def _finish(self, row: Reanalysis, now: datetime) -> None:
        with self._database.transaction() as session:
            self._note(session, row, alive_at=now)
            span = Span(row.start, row.end)
            judge_all_that_rests_on(session, row.counter_id, span, now)
            changes = differences(row.changes["before"], said(session, row.counter_id, span))
            self._note(session, row, done_at=now, changes=changes)
        log.info("looked_again", counter=row.counter_id, changed=len(changes["changed"]))

    def _note(self, session: Session, row: Reanalysis, **values: object) -> None:
        """Stands before whatever else the transaction writes: nobody takes the row over until its end.

        Raises ClaimLost when somebody has already, because this worker was silent for too long, or it is superseded.
        """
        noted = session.execute(
            update(Reanalysis)
            .where(
                col(Reanalysis.id) == row.id, col(Reanalysis.worker) == self._worker, col(Reanalysis.done_at).is_(None)
            )
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        assert isinstance(noted, CursorResult)
        if not noted.rowcount:
            raise ClaimLost
        for name, value in values.items():
            setattr(row, name, value)


def claim(
    session: Session, worker: str, source: str, now: datetime, only_id: int | None = None, closeness: str = ""
) -> Reanalysis | None:
    """The oldest that nobody works at, from now on this worker's.

    What was asked of one detector is done by it, and looked at as closely: what is begun is not ended otherwise.
    """
    free = (
        col(Reanalysis.done_at).is_(None),
        col(Reanalysis.source).in_(["", source]),
        col(Reanalysis.closeness).in_(["", closeness]),
        or_(
            col(Reanalysis.alive_at).is_(None),
            col(Reanalysis.alive_at) < now - ABANDONED,
            Reanalysis.worker == worker,
        ),
        *([col(Reanalysis.id) == only_id] if only_id else []),
    )
    row = session.exec(select(Reanalysis).where(*free).order_by(col(Reanalysis.id)).limit(1)).first()
    if row is None:
        return None
    claimed = session.execute(
        update(Reanalysis)
        .where(col(Reanalysis.id) == row.id, *free)
        .values(worker=worker, alive_at=now)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(claimed, CursorResult)
    return row if claimed.rowcount else None


def let_go(session: Session, row_id: int, worker: str, now: datetime) -> None:
    """What this worker has not done yet is anybody's at once, without waiting whether it gives a sign of life.

    What it has written is judged: who goes on with the rest may never come.
    """
    _judge_left(session, now, col(Reanalysis.id) == row_id, col(Reanalysis.worker) == worker)


def judge_what_was_left(session: Session, now: datetime) -> None:
    """The same where a worker has died, so that no absence contradicts the presence that it has written."""
    _judge_left(session, now, col(Reanalysis.worker) != "", col(Reanalysis.alive_at) < now - ABANDONED)


def _judge_left(session: Session, now: datetime, *whose: ColumnElement[bool]) -> None:
    of_these = (*whose, col(Reanalysis.done_at).is_(None))
    for row in session.exec(select(Reanalysis).where(*of_these)).all():
        let = session.execute(
            update(Reanalysis)
            .where(col(Reanalysis.id) == row.id, *of_these)
            .values(worker="", alive_at=None)
            .execution_options(synchronize_session=False)
        )
        assert isinstance(let, CursorResult)
        if let.rowcount and row.watched_to:
            judge_all_that_rests_on(session, row.counter_id, Span(row.start, row.watched_to), now)


def _left(session: Session, row: Reanalysis) -> list[Span]:
    start = max(row.start, row.watched_to or row.start)
    return list(pieces(Span(start, max(start, row.end)), changes_of_plan(session, row.counter_id)))


def said_by(states: Sequence[Transition], span: Span, before: JsonObject, kept: Sequence[Span]) -> JsonObject:
    """As `said`, of states that are not written; where they are `kept`, what was said before stays."""
    ends = [*(state.at for state in states[1:]), span.end]
    seen = [(Span(s.at, end), s.staff.value) for s, end in zip(states, ends, strict=True)]
    told = [
        *((part, staff) for each, staff in seen for part in subtract([each], kept)),
        *((part, staff) for each, staff in _states(before) for part in intersect([each], kept)),
    ]
    rows = [[part.start.isoformat(), part.end.isoformat(), staff] for part, staff in sorted(told)]
    return {"states": rows, "absences": [], "events": []}
