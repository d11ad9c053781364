"""A month in a hall: what a platform tells of five cases, ratings, cards, and absences at two counters."""

from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import select

from correlation.deadlines.card_log import say
from correlation.deadlines.keeping import DeadlineKeeper
from correlation.deadlines.rules import shipped_rules
from correlation.disputes.dispute_log import Said
from correlation.disputes.dispute_log import say as say_of_absence
from correlation.evaluation.formula import Formula
from correlation.evaluation.working_out import Period, WorkedOut, WorkedUnit, work_out
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from storage.database import Database
from storage.intervals import Span
from storage.models import (
    Absence,
    Alert,
    AlertKind,
    Card,
    CardAct,
    CardKind,
    Case,
    Department,
    DisputeAct,
    DisputeGround,
    Item,
    Presence,
    Role,
    Source,
    StaffState,
    UnitKind,
    User,
)
from storage.models import CustomerState as Customer
from tests.correlation.evaluation.numbers import FORMULA
from tests.sample import HALL, a_hall

ZONE = "Asia/Shanghai"
MAY = Period(
    "2026-05",
    date(2026, 5, 1),
    date(2026, 5, 31),
    ZONE,
    Span(datetime(2026, 4, 30, 16, tzinfo=UTC), datetime(2026, 5, 31, 16, tzinfo=UTC)),
)
COUNTED_AT = datetime(2026, 6, 5, 1, 0, tzinfo=UTC)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def step(case: str, number: int, kind: str, start: str, **more: Any) -> dict[str, Any]:
    said = {"operator": "王芳", "counter": "1", "item": "JZ-1", "department": "market", "channel": "counter"}
    return {"case": case, "step": f"{case}-{number}", "kind": kind, "start": f"{start}:00+08:00", **said, **more}


STEPS = (
    # in time and early: promised until 12 May, because the 9th is a make-up Saturday
    step("A", 1, "accept", "2026-05-06T10:00"),
    step("A", 2, "decide", "2026-05-08T10:00"),
    # in time on the last day
    step("B", 1, "accept", "2026-05-06T10:00"),
    step("B", 2, "decide", "2026-05-12T16:00", operator=""),
    # late, and nobody says at which counter it was received
    step("C", 1, "accept", "2026-05-06T11:00", counter=""),
    step("C", 2, "decide", "2026-05-14T09:00"),
    # late in May, and still open when the numbers are taken
    step("D", 1, "accept", "2026-05-18T10:00"),
    # in time, but its limit lies in June: it ended in May
    step("E", 1, "accept", "2026-05-28T10:00"),
    step("E", 2, "decide", "2026-05-29T10:00", counter=""),
    # of June
    step("F", 1, "accept", "2026-05-28T10:00"),
    step("F", 2, "decide", "2026-06-01T10:00"),
)
RATINGS = (5, 4, 3, 1)


def rating(number: int, level: int) -> dict[str, Any]:
    said = {"record": "rating", "id": f"r{number}", "case": "A", "counter": "1", "level": level}
    return {**said, "rated": "2026-05-08T11:00:00+08:00"}


def a_month(database: Database) -> None:
    """Everything told on the day on which it happened, and reckoned by the clerk."""
    _declare(database, promised_days=5)
    ratings = [rating(number, level) for number, level in enumerate(RATINGS, start=1)]
    for day, rows in groupby(sorted([*STEPS, *ratings], key=_day), key=_day):
        tell(database, list(rows), local(f"{day}T20:00"))
    DeadlineKeeper(database, shipped_rules()).run_once(COUNTED_AT)
    with database.transaction() as session:
        _absences(session)
        session.add(User(id=1, name="s", password_hash="", role=Role.SUPERVISOR, created_at=COUNTED_AT))
        session.add(User(id=2, name="d", password_hash="", role=Role.DEPARTMENT, created_at=COUNTED_AT))


def a_case_that_nobody_answers(database: Database, received: str) -> None:
    """Promised within two working days of 45, told of at once, and reckoned by the clerk."""
    _declare(database, promised_days=2, legal_days=45)
    tell(database, [step("L", 1, "receive", received)], local(received))
    DeadlineKeeper(database, shipped_rules()).run_once(COUNTED_AT)


def _declare(database: Database, promised_days: int, legal_days: int = 20) -> None:
    with database.transaction() as session:
        a_hall(session)
        session.add(Department(id="market", name="市场监督管理局", name_en="Market Regulation"))
        session.flush()
        session.add(Source(id="platform", hall_id=HALL))
        limits = {"legal_days": legal_days, "promised_days": promised_days}
        session.add(Item.model_validate({"code": "JZ-1", "name": "食品经营许可", "department_id": "market", **limits}))


def _day(row: dict[str, Any]) -> str:
    return str(row.get("start") or row["rated"])[:10]


def tell(database: Database, rows: list[dict[str, Any]], now: datetime) -> None:
    sha256 = now.isoformat()
    report = accept_batch(database, "platform", read_rows(rows), sequence=None, name="push", sha256=sha256, now=now)
    assert report.rejected_rows == 0, report.rejected


def _absences(session: Any) -> None:
    """Counter 1 was watched for ten hours and left for ten minutes twice; the second may still be disputed."""
    day = local("2026-05-12T09:00")
    for after, hours, staff in ((0, 9, StaffState.STAFFED), (9, 1, StaffState.UNSTAFFED), (10, 5, StaffState.UNKNOWN)):
        begins = day + timedelta(hours=after)
        session.add(
            Presence(
                counter_id="cc-1",
                start=begins,
                end=begins + timedelta(hours=hours),
                staff=staff,
                customer=Customer.NONE,
            )
        )
    for number, start in ((1, day + timedelta(hours=1)), (2, local("2026-05-29T11:00"))):
        session.add(
            Absence(
                id=number,
                counter_id="cc-1",
                start=start,
                end=start + timedelta(minutes=10),
                answerable_at=start + timedelta(minutes=10),
                ended_by="returned",
                threshold_s=300,
            )
        )
        session.flush()
        session.add(Alert(kind=AlertKind.ABSENCE, absence_id=number, raised_at=start, hall_id=HALL))


def appeal(database: Database, case: str, at: datetime) -> None:
    """The yellow card of the case is upheld, and its department appeals."""
    with database.transaction() as session:
        of_case = select(Card.id).join(Case).where(Case.number == case, Card.kind == CardKind.YELLOW)
        card = session.exec(of_case).one()
        assert card is not None
        say(session, card, CardAct.UPHOLD, "属实", 1, at)
        say(session, card, CardAct.APPEAL, "系统故障", 2, at)


def dispute(database: Database, absence: int, act: DisputeAct, by: int, at: datetime) -> None:
    with database.transaction() as session:
        say_of_absence(session, absence, Said(act, "当时在岗", DisputeGround.WAS_THERE), by, at)


def worked(
    database: Database, at: datetime = COUNTED_AT, period: Period = MAY, formula: Formula = FORMULA
) -> WorkedOut:
    with database.transaction() as session:
        return work_out(session, period, formula, shipped_rules(), at)


def unit(found: WorkedOut, kind: UnitKind, key: str) -> WorkedUnit:
    return next(each for each in found.units if (each.unit.kind, each.unit.key) == (kind, key))
