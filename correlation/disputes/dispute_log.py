"""What people have said about absences: an append-only log, with the state that it leads to beside the absence."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from correlation.deadlines.calendars import CalendarBook
from correlation.deadlines.work_calendar import WorkCalendar
from correlation.disputes.rules import DisputeRules, rules_of
from correlation.disputes.workflow import MOVES, Judged, Refusal, Word, decide_by, dispute_by, refusal
from correlation.rulebook import rule_book
from storage.bulk import is_among, table_of
from storage.dispute_holds import free_footage, hold_footage
from storage.models import ACCUSING, Absence, AbsenceWord, Alert, Counter, DisputeAct, DisputeGround
from storage.turns import take_turns

NO_ABSENCE = "withdrawn"
"""How an absence ended that has been none, as was found later."""


class SayingRefused(Exception):
    """This may not be said about the absence now."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True)
class Said:
    """What somebody says."""

    act: DisputeAct
    text: str
    ground: DisputeGround | None = None
    """Of a dispute."""


class Deadlines:
    """By when absences may be disputed and have to be decided on, by the calendars of their halls."""

    def __init__(self, session: Session, rules: Sequence[DisputeRules] | None = None) -> None:
        self._rules = rules or rule_book(session).disputes
        self._book = CalendarBook()
        self._book.refresh(session)

    def judged(self, absence: Absence, alert: Alert | None, hall_id: str) -> Judged:
        raised_at = alert.raised_at if alert else absence.start
        until = None
        if absence.end is not None and absence.answerable_at is not None:
            judged_at = max(absence.judged_at or max(absence.end, raised_at), absence.answerable_at)
            until = dispute_by(self._calendar(hall_id), self._rules, judged_at)
        return Judged(raised_at, until, absence.ended_by == NO_ABSENCE, absence.kind in ACCUSING)

    def decision(self, hall_id: str, disputed_at: datetime) -> tuple[datetime | None, str]:
        """First moment at which it is late, and the version of the rules by which that is so.

        None while it may still move by itself, as the time to explain a card: nobody is told that they are late.
        """
        calendar = self._calendar(hall_id)
        rules = rules_of(self._rules, calendar.day_of(disputed_at))
        due_by = decide_by(calendar, rules, disputed_at)
        is_provisional = calendar.is_provisional(calendar.day_of(disputed_at), calendar.day_of(due_by) - 1)
        return None if is_provisional else due_by, rules.version

    def _calendar(self, hall_id: str) -> WorkCalendar:
        return self._book.of(hall_id)[-1][1]


def say(session: Session, absence_id: int, said: Said, by: int, now: datetime) -> Absence:
    """Appends it to the log; the footage is held while it is disputed. Raises SayingRefused.

    In the counter's turn: whoever judges its past anew at this moment has done so before.
    """
    wanted = select(Absence).where(Absence.id == absence_id)
    take_turns(session, Counter, session.exec(wanted).one().counter_id)
    take_turns(session, Absence, absence_id)
    absence = session.exec(wanted.execution_options(populate_existing=True)).one()
    alert = session.exec(select(Alert).where(Alert.absence_id == absence_id)).first()
    hall_id = session.get_one(Counter, absence.counter_id).hall_id
    deadlines = Deadlines(session)
    before = words_of(session, [absence_id])[absence_id]
    is_dispute = said.act is DisputeAct.DISPUTE
    due_by, rules = deadlines.decision(hall_id, now) if is_dispute else (None, "")
    why = refusal(deadlines.judged(absence, alert, hall_id), spoken(before), Word(said.act, by, now, due_by))
    if why is not None:
        raise SayingRefused(why)
    number, ground = len(before) + 1, said.ground if is_dispute else None
    told = AbsenceWord(
        absence_id=absence_id, number=number, act=said.act, ground=ground, text=said.text, user_id=by, at=now
    )
    told.due_by, told.rules = due_by, rules
    told.start, told.end = absence.start, absence.end
    absence.dispute = MOVES[said.act].after
    session.add_all([told, absence])
    if is_dispute:
        hold_footage(session, absence, by, now)
    else:
        free_footage(session, absence_id, by, now)
    session.flush()
    return absence


def words_of(session: Session, absence_ids: Collection[int]) -> defaultdict[int, list[AbsenceWord]]:
    """By absence, in their order."""
    found: defaultdict[int, list[AbsenceWord]] = defaultdict(list)
    of_these = is_among(session, table_of(AbsenceWord).c.absence_id, absence_ids)
    for word in session.exec(select(AbsenceWord).where(of_these).order_by(col(AbsenceWord.number))):
        found[word.absence_id].append(word)
    return found


def spoken(words: Sequence[AbsenceWord]) -> tuple[Word, ...]:
    return tuple(Word(word.act, word.user_id, word.at, word.due_by) for word in words)
