"""Until when a dispute has to be decided on follows the hall's calendar."""

from datetime import date, datetime

import pytest
from sqlmodel import select

from correlation.disputes.dispute_log import Said, say
from correlation.disputes.moving import MovingDecisions
from storage.database import Database
from storage.models import Absence, AbsenceWord, Closure, DisputeAct, DisputeGround, Role, User
from tests.correlation.deadlines.cases import at
from tests.sample import HALL, a_hall

DISPUTED = at("2026-03-02", "11:00")
FIRST, PUT_OFF = at("2026-03-10", "00:00"), at("2026-03-11", "00:00")
CLERK, CHIEF = 1, 2


@pytest.fixture
def disputed(database: Database) -> Database:
    with database.transaction() as session:
        a_hall(session)
        for number, role in ((CLERK, Role.DEPARTMENT), (CHIEF, Role.SUPERVISOR)):
            session.add(User(id=number, name=f"u{number}", password_hash="", role=role, created_at=DISPUTED))
        began, ended = at("2026-03-02", "10:00"), at("2026-03-02", "10:10")
        absence = Absence(id=1, counter_id="cc-1", start=began, end=ended, ended_by="returned", threshold_s=300)
        absence.judged_at = ended
        session.add(absence)
    with database.transaction() as session:
        say(session, 1, Said(DisputeAct.DISPUTE, "当时在岗", DisputeGround.WAS_THERE), CLERK, DISPUTED)
    assert due(database) == FIRST
    return database


def due(database: Database) -> datetime | None:
    with database.transaction() as session:
        return session.exec(select(AbsenceWord.due_by).where(AbsenceWord.number == 1)).one()


def close(database: Database, day: date) -> None:
    with database.transaction() as session:
        session.add(Closure(hall_id=HALL, day=day, reason="台风", noted_at=DISPUTED))


def test_a_closure_puts_it_off_and_one_that_is_withdrawn_takes_nothing(disputed: Database) -> None:
    clerk = MovingDecisions(disputed)
    assert clerk.run_once(DISPUTED) == 0, "nothing has changed"
    close(disputed, date(2026, 3, 4))
    assert [clerk.run_once(DISPUTED) for _ in range(2)] == [1, 0]
    assert due(disputed) == PUT_OFF
    with disputed.transaction() as session:
        session.exec(select(Closure)).one().withdrawn_at = DISPUTED
    assert clerk.run_once(DISPUTED) == 0
    assert due(disputed) == PUT_OFF


def test_that_of_what_is_decided_stays(disputed: Database) -> None:
    with disputed.transaction() as session:
        say(session, 1, Said(DisputeAct.UPHOLD, "属实"), CHIEF, at("2026-03-03", "11:00"))
    close(disputed, date(2026, 3, 4))
    assert MovingDecisions(disputed).run_once(DISPUTED) == 0
    assert due(disputed) == FIRST
