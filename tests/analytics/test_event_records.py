"""Events that are no absences, in the tables: live, after a restart, and judged again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from analytics.counters import WatchedCounter
from analytics.onlookers import Shows
from analytics.plan import CounterPlan
from analytics.presence import Transition
from analytics.recording import resumed_presence, write_absences, write_transitions
from analytics.rewriting import rejudge
from analytics.rule import MoreThan, Rule
from analytics.seen import absences_in
from storage.database import Database
from storage.hours import HallHours
from storage.intervals import Span
from storage.models import (
    Absence,
    Alert,
    AlertKind,
    AlertState,
    CustomerState,
    EventKind,
    OpeningHours,
    Presence,
    StaffState,
)
from tests.analytics.scenes import START, at, seen
from tests.sample import HALL, a_hall

MINUTE = timedelta(seconds=60)
RULE = Rule(5 * MINUTE, 5 * MINUTE, required=2, unattended=MINUTE, never_staffed=2 * MINUTE, queue=MoreThan(2, MINUTE))
PLAN = CounterPlan("cc-1", HALL, {"cam": Shows.WHOLE}, RULE, HallHours(ZoneInfo("Asia/Shanghai")))
Row = tuple[EventKind, float, float | None, str]


def of_mondays(opens: str, closes: str) -> HallHours:
    return HallHours(PLAN.hours.zone, (OpeningHours(hall_id=HALL, weekday=0, opens=opens, closes=closes),))


def found(session: Session) -> list[Row]:
    rows = session.exec(select(Absence).order_by(col(Absence.start), col(Absence.kind)))
    return [(r.kind, _s(r.start), _s(r.end) if r.end else None, r.ended_by) for r in rows]


def _s(moment: datetime) -> float:
    return (moment - START).total_seconds()


def _of_cc_1(changes: Sequence[Transition]) -> list[Transition]:
    return [replace(change, counter_id="cc-1") for change in changes]


def watched(counter: WatchedCounter, session: Session, *parts: tuple[int, int, int, int]) -> None:
    """Parts [from second, to second, staff, customers], a sample a second; written every ten, as the watcher does."""
    for start, end, staff, customers in parts:
        for second in range(start, end):
            write_transitions(session, _of_cc_1(counter.observe(seen(second, staff, customers))), "marker")
            if second % 10 == 0:
                write_absences(session, HALL, "cc-1", counter.absences(), at(second))
                counter.forget_settled()


def test_each_kind_is_an_event_with_an_alert_of_its_own_and_only_absences_count_as_absence(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        watched(WatchedCounter(PLAN), session, (0, 100, 1, 0), (100, 201, 0, 4), (201, 401, 1, 4), (401, 421, 2, 1))
        assert found(session) == [
            (EventKind.TOO_FEW, 0, 401, "enough"),
            (EventKind.QUEUE, 100, 401, "fewer"),
            (EventKind.UNATTENDED, 100, 201, "returned"),
        ]
        alerts = session.exec(select(Alert)).all()
        assert {alert.kind for alert in alerts} == {AlertKind.ABSENCE, AlertKind.QUEUE, AlertKind.UNATTENDED}
        assert {alert.state for alert in alerts} == {AlertState.RESOLVED}
        people = {row.kind: (row.people_rule, row.people_seen) for row in session.exec(select(Absence))}
        assert people == {EventKind.TOO_FEW: (2, 0), EventKind.QUEUE: (2, 4), EventKind.UNATTENDED: (None, None)}
        counted, disputed = absences_in(session, "cc-1", Span(at(0), at(500)), at(500))
        assert (counted, disputed) == ([Span(at(0), at(401))], [])


def test_a_restart_in_the_middle_goes_on_with_the_same_events(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        watched(WatchedCounter(PLAN), session, (0, 50, 2, 0), (50, 151, 1, 3), (151, 201, 0, 5))
        resumed = resumed_presence(session, "cc-1", RULE)
        assert resumed is not None
        assert [span.staff_count for span in resumed.history] == [2, 1, 0]
        again = WatchedCounter(PLAN)
        again.resume(resumed.history, resumed.state, at(200))
        watched(again, session, (201, 500, 0, 5))
        assert found(session) == [
            (EventKind.QUEUE, 50, None, ""),
            (EventKind.TOO_FEW, 50, None, ""),
            (EventKind.UNATTENDED, 151, None, ""),
        ]


def test_what_has_ended_while_another_event_lasts_is_not_found_twice(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        queue_before, queue_gone = (0, 100, 2, 5), (150, 700, 1, 0)
        watched(WatchedCounter(PLAN), session, queue_before, (100, 150, 1, 5), queue_gone)
        assert found(session) == [(EventKind.QUEUE, 0, 150, "fewer"), (EventKind.TOO_FEW, 100, None, "")]


def test_a_hall_that_opens_while_nobody_is_there_says_so_and_one_that_is_open_already_does_not(
    sqlite_database: Database,
) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        opens_at_nine = replace(PLAN, hours=of_mondays("09:00", "17:00"))
        watched(WatchedCounter(opens_at_nine), session, (-30, 131, 0, 0))
        assert found(session)[0][:2] == (EventKind.NEVER_STAFFED, 0)
    counter = WatchedCounter(opens_at_nine)
    for second in range(60, 400):
        counter.observe(seen(second, 0, 0))
    assert EventKind.NEVER_STAFFED not in {event.kind for event in counter.absences()}


def test_that_somebody_left_early_is_found_at_closing_once_and_its_alert_is_over(sqlite_database: Database) -> None:
    rule = Rule(5 * MINUTE, 5 * MINUTE, left_early=4 * MINUTE)
    counter = WatchedCounter(replace(PLAN, rule=rule, hours=of_mondays("09:00", "09:10")))
    with sqlite_database.transaction() as session:
        a_hall(session)
        watched(counter, session, (0, 360, 1, 0), (360, 600, 0, 0))
        assert found(session) == []
        watched(counter, session, (600, 700, 0, 0), (700, 720, 1, 0))
        assert found(session) == [(EventKind.LEFT_EARLY, 360, 600, "closed")]
        [alert] = session.exec(select(Alert)).all()
        assert (alert.kind, alert.state) == (AlertKind.LEFT_EARLY, AlertState.RESOLVED)


def a_presence(start: float, end: float | None, staff: int, customers: int) -> Presence:
    return Presence(
        counter_id="cc-1",
        start=at(start),
        end=None if end is None else at(end),
        staff=StaffState.STAFFED if staff else StaffState.UNSTAFFED,
        customer=CustomerState.WAITING if customers else CustomerState.NONE,
        staff_count=staff,
        staff_most=staff,
        customer_count=customers,
    )


def judged(session: Session, presence: Sequence[Presence], span: tuple[float, float]) -> list[Row]:
    for row in session.exec(select(Presence)).all():
        session.delete(row)
    session.flush()
    session.add_all(presence)
    session.flush()
    rejudge(session, PLAN, Span(at(span[0]), at(span[1])), at(2000))
    return found(session)


def test_judged_again_each_kind_is_judged_by_itself_as_a_whole(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        first = [a_presence(0, 400, 2, 5), a_presence(400, 1200, 1, 0), a_presence(1200, 1400, 2, 0)]
        assert judged(session, first, (0, 1400)) == [
            (EventKind.QUEUE, 0, 400, "fewer"),
            (EventKind.TOO_FEW, 400, 1200, "enough"),
        ]
        # The queue ended long before what is looked at again; that there were too few begins before it.
        second = [a_presence(0, 400, 2, 5), a_presence(400, 1000, 1, 0), a_presence(1000, 1400, 2, 0)]
        assert judged(session, second, (950, 1400)) == [
            (EventKind.QUEUE, 0, 400, "fewer"),
            (EventKind.TOO_FEW, 400, 1000, "enough"),
        ]
        third = [a_presence(0, 400, 2, 5), a_presence(400, 1400, 2, 0)]
        assert judged(session, third, (300, 1400))[1] == (EventKind.TOO_FEW, 400, 400, "withdrawn")
