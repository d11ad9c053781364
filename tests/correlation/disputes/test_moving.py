"""Until when a dispute has to be decided on follows the hall's calendar."""

from datetime import date, datetime

import pytest
from sqlmodel import col, select

from correlation.disputes.dispute_log import Said, say, spoken
from correlation.disputes.moving import MovingDecisions
from correlation.disputes.workflow import is_overdue
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


def test_in_a_year_that_is_not_announced_no_decision_is_late_and_once_it_is_the_days_count_from_then(
    disputed: Database,
) -> None:
    new_year = at("2026-12-31", "11:00")
    with disputed.transaction() as session:
        session.add(
            Absence(
                id=2,
                counter_id="cc-1",
                start=at("2026-12-31", "10:00"),
                end=at("2026-12-31", "10:10"),
                ended_by="returned",
                threshold_s=300,
                judged_at=at("2026-12-31", "10:10"),
            )
        )
    with disputed.transaction() as session:
        say(session, 2, Said(DisputeAct.DISPUTE, "当时在岗", DisputeGround.WAS_THERE), CLERK, new_year)
        first, second = session.exec(select(AbsenceWord).order_by(col(AbsenceWord.absence_id))).all()
        assert second.due_by is None
        assert not is_overdue(spoken([second]), at("2027-06-01"))
        first.due_by = None  # as if its year had been announced since
    assert MovingDecisions(disputed).run_once(at("2026-03-03", "11:00")) == 1
    with disputed.transaction() as session:
        first, second = session.exec(select(AbsenceWord).order_by(col(AbsenceWord.absence_id))).all()
        assert (first.due_by, second.due_by) == (PUT_OFF, None)
