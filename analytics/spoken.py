"""What people have said about absences that are judged anew: nothing of it is lost, and what was decided stays so.

Every function works inside the caller's transaction.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select

from analytics.going_on import ENDLESS
from storage.dispute_holds import free_footage, hold_footage
from storage.intervals import Span
from storage.models import Absence, AbsenceWord, DisputeAct, DisputeState

UNDECIDED = frozenset((DisputeState.DISPUTED, DisputeState.SETTLED))
DECIDED_STATES = frozenset((DisputeState.UPHELD, DisputeState.WITHDRAWN))


def decided_in(session: Session, counter_id: str, span: Span) -> list[tuple[Absence, Span]]:
    """The counter's absences on which a supervisor has decided, each with the time that the decision was about.

    That is the absence as it was said to be then; of one that lasted then, up to its end.
    """
    return _spoken_in(session, counter_id, span, DECIDED_STATES, AbsenceWord.act != DisputeAct.DISPUTE)


def disputed_in(session: Session, counter_id: str, span: Span) -> list[tuple[Absence, Span]]:
    """Those that are disputed, also when they were taken back meanwhile, with the time that is."""
    return _spoken_in(session, counter_id, span, UNDECIDED, AbsenceWord.act == DisputeAct.DISPUTE)


def _spoken_in(
    session: Session,
    counter_id: str,
    span: Span,
    states: Collection[DisputeState],
    of_words: ColumnElement[bool] | bool,
) -> list[tuple[Absence, Span]]:
    start = func.coalesce(AbsenceWord.start, Absence.start)
    until = func.coalesce(AbsenceWord.end, Absence.said_until, Absence.end)
    spoken = select(Absence, AbsenceWord).join(AbsenceWord, col(AbsenceWord.absence_id) == col(Absence.id))
    spoken = spoken.where(
        of_words,
        Absence.counter_id == counter_id,
        col(Absence.dispute).in_(states),
        start < span.end,
        or_(until.is_(None), until > span.start, col(AbsenceWord.at) > span.start),
    )
    found = session.exec(spoken.order_by(col(Absence.start), col(Absence.id))).all()
    return [(row, _about(row, word)) for row, word in found]


def _about(row: Absence, word: AbsenceWord) -> Span:
    start = word.start or row.start
    if word.start and word.end:
        return Span(start, word.end)
    until = row.said_until or row.end
    return Span(start, max(until, word.at, start) if until else ENDLESS)


def settle(session: Session, row: Absence, now: datetime) -> None:
    """It is none any more: whoever disputed it was right, nobody has to decide, and its footage is held no longer."""
    if row.dispute is DisputeState.DISPUTED and row.id is not None:
        row.dispute = DisputeState.SETTLED
        free_footage(session, row.id, None, now)


def dispute_goes_on(session: Session, row: Absence, now: datetime) -> None:
    """As long as nobody has decided, with the footage held as long as the absence is by now."""
    if row.dispute in UNDECIDED and row.id is not None:
        row.dispute = DisputeState.DISPUTED
        session.flush()
        hold_footage(session, row, _words(session, row.id)[0].user_id, now)


def say_of_both(session: Session, spoken_of: int, row: Absence, now: datetime) -> None:
    """What was said about one that has become two was said about both; each is decided by itself."""
    if row.id is None or row.dispute is not None:
        return
    for word in _words(session, spoken_of):
        session.add(AbsenceWord(**word.model_dump(exclude={"id", "absence_id"}), absence_id=row.id))
    row.dispute, row.answerable_at = DisputeState.DISPUTED, session.get_one(Absence, spoken_of).answerable_at
    session.flush()
    dispute_goes_on(session, row, now)


def _words(session: Session, absence_id: int) -> Sequence[AbsenceWord]:
    words = select(AbsenceWord).where(AbsenceWord.absence_id == absence_id)
    return session.exec(words.order_by(col(AbsenceWord.number))).all()
