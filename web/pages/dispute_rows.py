"""The dispute of an absence as its page shows it: what it counts for, what was said, and what may be said."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from correlation.deadlines.workflow import Party
from correlation.disputes.dispute_log import Deadlines, spoken, words_of
from correlation.disputes.voices import has_voice
from correlation.disputes.workflow import decision_due, is_overdue, possible, standing, was_late
from storage.bulk import is_among, table_of
from storage.models import (
    Absence,
    AbsenceStanding,
    AbsenceWord,
    Alert,
    Department,
    DisputeAct,
    DisputeGround,
    DisputeState,
    Hall,
    User,
)
from storage.statutory import is_announced
from web.api.disputes import may_dispute, parties_of
from web.pages.case_rows import DepartmentRef
from web.permissions import roles_that_dispute
from web.viewer import Viewer

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class AbsenceWordRow:
    act: DisputeAct
    ground: DisputeGround | None
    text: str
    by: str
    department: DepartmentRef | None
    """Of whoever said it."""
    at: datetime


@dataclass(frozen=True)
class Dispute:
    standing: AbsenceStanding
    dispute_until: datetime | None
    """The last moment in which it may be disputed; None while it lasts, or nobody could."""
    is_over: bool
    lacks_account: bool
    """It is over, and nobody has an account to dispute it."""
    is_provisional: bool
    """The holidays of its year are not announced: perhaps its hall was closed."""
    decide_until: datetime | None
    """The last moment in which a decision is in time; None where nothing is disputed, or nobody has to decide."""
    rules: str
    """Their version, by which that is so."""
    is_overdue: bool
    """Nobody has decided in time. It counts nothing all the same."""
    was_late: bool
    """The decision came too late."""
    log: tuple[AbsenceWordRow, ...]
    possible: tuple[DisputeAct, ...]
    """What the viewer can say now."""


def dispute_of(
    session: Session, viewer: Viewer, absence: Absence, alert: Alert | None, hall_id: str, now: datetime
) -> Dispute:
    assert absence.id is not None
    judged = Deadlines(session).judged(absence, alert, hall_id)
    written = words_of(session, [absence.id])[absence.id]
    words = spoken(written)
    parties = parties_of(viewer)
    zone = ZoneInfo(session.get_one(Hall, hall_id).timezone)
    is_provisional = not is_announced(absence.start.astimezone(zone).year)
    if not may_dispute(session, viewer, absence, now):
        parties -= {Party.DEPARTMENT}
    waits = absence.end is not None and absence.answerable_at is None and not is_provisional
    return Dispute(
        standing=standing(judged, words, now),
        dispute_until=_before(judged.dispute_by),
        is_over=absence.end is not None,
        lacks_account=waits and not has_voice(session, absence, hall_id, roles_that_dispute()),
        is_provisional=is_provisional,
        decide_until=None if judged.is_none else _before(decision_due(words)),
        rules=next((word.rules for word in written if word.rules), ""),
        is_overdue=is_overdue(words, now) and not judged.is_none,
        was_late=was_late(words),
        log=_log(session, written),
        possible=possible(judged, words, parties, viewer.user_id, now),
    )


def overdue(session: Session, absences: Sequence[Absence], now: datetime) -> frozenset[int]:
    """Ids of those on whose dispute nobody has decided in time."""
    disputed = [one.id for one in absences if one.dispute is DisputeState.DISPUTED]
    if not disputed:
        return frozenset()
    of_these = is_among(session, table_of(AbsenceWord).c.absence_id, disputed)
    late = select(AbsenceWord.absence_id).where(of_these, col(AbsenceWord.due_by) <= now)
    return frozenset(session.exec(late))


def _log(session: Session, words: Sequence[AbsenceWord]) -> tuple[AbsenceWordRow, ...]:
    users = _users(session, {word.user_id for word in words})
    ids = {user.department_id for user in users.values() if user.department_id}
    departments = {
        each.id: DepartmentRef(each.id, each.name, each.name_en)
        for each in session.exec(select(Department).where(col(Department.id).in_(ids)))
    }
    return tuple(_word(word, users[word.user_id], departments) for word in words)


def _word(word: AbsenceWord, user: User, departments: dict[str, DepartmentRef]) -> AbsenceWordRow:
    by = user.display_name or user.name
    return AbsenceWordRow(word.act, word.ground, word.text, by, departments.get(user.department_id or ""), word.at)


def _users(session: Session, ids: Collection[int]) -> dict[int, User]:
    return {user.id or 0: user for user in session.exec(select(User).where(col(User.id).in_(ids)))}


def _before(moment: datetime | None) -> datetime | None:
    return moment - _MOMENT if moment else None
