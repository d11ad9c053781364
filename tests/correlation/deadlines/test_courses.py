"""What was known of a case is kept: what the clock or a calendar brings is reckoned from it, all else is read anew."""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select, update

from correlation.deadlines import keeping, loading
from correlation.deadlines.courses import KnownCourse, pack, unpack
from correlation.deadlines.facts import CaseFacts
from correlation.deadlines.known import CardKey, Ruling
from correlation.deadlines.observing import Corrected, Observation, Telling
from correlation.deadlines.told import facts_in_turn
from correlation.deadlines.work_calendar import LONG_AGO
from storage.models import (
    Card,
    CardCause,
    CardKind,
    Case,
    ClockName,
    Closure,
    Course,
    Deadline,
    Item,
    Standing,
    StepKind,
)
from tests.correlation.deadlines.cases import at
from tests.correlation.deadlines.platform import Platform, step
from tests.correlation.deadlines.test_replay import a_case, catalogue
from tests.sample import HALL

NINE = at("2026-03-02", "09:00")
OVERDUE = at("2026-03-10", "00:00")
SAID = ("JZ-0103",), "JZ-0103=1,0,0,", ((Telling.FEE, NINE),)
"""Of items, and what is asked."""


@given(st.integers(0, 10**9), st.booleans())
@settings(max_examples=150)
def test_what_is_packed_comes_out_as_it_went_in(seed: int, is_ruled: bool) -> None:
    told = sorted(a_case(random.Random(seed)), key=lambda one: one.told_at)
    key = CardKey(CardKind.YELLOW, ClockName.LINK, StepKind.REVIEW, NINE, "")
    rulings = [Ruling(NINE, key), Ruling(OVERDUE, key._replace(link=None, about="fee:7"))] if is_ruled else []
    course = KnownCourse(facts_in_turn(told, catalogue), tuple(rulings), ((LONG_AGO, None), (NINE, HALL)), None, *SAID)
    found = unpack(pack(course))
    assert found == course
    assert repr(found.facts) == repr(course.facts), "enumerations, tuples and offsets, too"


@given(st.integers(-14 * 60, 14 * 60), st.datetimes(datetime(2004, 1, 1), datetime(2120, 1, 1)))  # noqa: DTZ001
def test_a_time_keeps_the_offset_in_which_it_was_told(minutes: int, naive: datetime) -> None:
    """So that derivations, which write it down, are the same."""
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    seen = Observation(CardCause.BACK_DATED, "step:1", moment, moment, corrected=Corrected(None, moment))
    course = KnownCourse(
        ((moment, CaseFacts(received_at=moment, observed=(seen,))),), (), ((LONG_AGO, HALL),), HALL, *SAID
    )
    (since, facts), *_ = unpack(pack(course)).facts
    assert facts.received_at is not None
    assert [each.isoformat() for each in (since, facts.received_at, facts.observed[0].at)] == [moment.isoformat()] * 3


@pytest.fixture
def an_open_case(a_platform: Platform) -> Platform:
    a_platform.tells(NINE, step("S1", "receive", "2026-03-02T08:50"), step("S2", "accept", "2026-03-02T08:55"))
    a_platform.look_around_and_run(NINE)
    return a_platform


@pytest.fixture
def read_anew(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many cases were, since it was asked last."""
    load, read = loading.load_told, list[int]()

    def counted(session: Session, cases: list[int], *rules: object) -> object:
        read.extend(cases)
        return load(session, cases, *rules)  # type: ignore[arg-type]

    def since_last() -> int:
        count = len(read)
        read.clear()
        return count

    monkeypatch.setattr(keeping, "load_told", counted)
    return since_last


def test_a_moment_that_comes_needs_nothing_read_anew_and_writes_what_would_be_written_otherwise(
    an_open_case: Platform, read_anew: Callable[[], int]
) -> None:
    assert an_open_case.clerk_runs(OVERDUE) == 1
    assert read_anew() == 0
    deadline, cards = an_open_case.deadline(), an_open_case.cards()
    assert (deadline.standing, [card.kind for card in cards]) == (Standing.YELLOW, ["reminder", "yellow"])
    with an_open_case.database.transaction() as session:
        session.exec(update(Case).values(limits_reckoned=False))
    assert an_open_case.clerk_runs(OVERDUE) == 1
    assert read_anew() == 1
    assert an_open_case.deadline() == deadline
    assert an_open_case.cards() == cards


def test_a_closure_moves_cases_that_nobody_has_to_read(an_open_case: Platform, read_anew: Callable[[], int]) -> None:
    with an_open_case.database.transaction() as session:
        session.add(Closure(hall_id=HALL, day=date(2026, 3, 4), reason="台风", noted_at=at("2026-03-03")))
    assert an_open_case.look_around_and_run(at("2026-03-03")) == 1
    assert an_open_case.deadline().promised_late_from == at("2026-03-11", "00:00")
    assert read_anew() == 0


def test_what_was_told_or_said_of_items_is_read_anew(an_open_case: Platform, read_anew: Callable[[], int]) -> None:
    told = at("2026-03-04", "10:00")
    an_open_case.tells(told, step("S2", "accept", "2026-03-03T08:55"))
    an_open_case.look_around_and_run(told)
    assert (read_anew(), an_open_case.deadline().started_at) == (1, at("2026-03-03", "08:55"))
    with an_open_case.database.transaction() as session:
        session.get_one(Item, "JZ-0103").promised_days = 7
    an_open_case.look_around_and_run(told)
    assert (read_anew(), an_open_case.deadline().promised_late_from) == (1, at("2026-03-13", "00:00"))
    assert an_open_case.clerk_runs(at("2026-03-13", "00:00")) == 1
    assert read_anew() == 0, "and kept again"


def test_a_case_that_comes_due_before_a_longer_promise_was_looked_at_gets_no_card(
    an_open_case: Platform, read_anew: Callable[[], int]
) -> None:
    """The clerk looks around every half minute only."""
    with an_open_case.database.transaction() as session:
        session.get_one(Item, "JZ-0103").promised_days = 15
    assert an_open_case.clerk_runs(OVERDUE) == 1
    assert (read_anew(), an_open_case.cards()) == (1, [])
    assert an_open_case.deadline().standing is Standing.OPEN


@pytest.mark.parametrize(
    "changed",
    [
        update(Course).values(edition="of before"),
        update(Course).values(known=b"[["),
        update(Case).values(hall_id=None),
    ],
    ids=["another edition", "torn", "another hall"],
)
def test_a_course_that_no_longer_holds_is_not_used(
    an_open_case: Platform, read_anew: Callable[[], int], changed: object
) -> None:
    with an_open_case.database.transaction() as session:
        session.exec(changed)  # type: ignore[call-overload]
    assert an_open_case.clerk_runs(OVERDUE) == 1
    assert read_anew() == 1


def test_nothing_is_kept_of_a_case_that_has_ended(an_open_case: Platform) -> None:
    kept = select(func.count()).select_from(Course)
    with an_open_case.database.transaction() as session:
        assert session.exec(kept).one() == 1
    told = at("2026-03-04", "10:00")
    an_open_case.tells(told, step("S3", "close", "2026-03-04T09:00"))
    an_open_case.clerk_runs(told)
    with an_open_case.database.transaction() as session:
        assert session.exec(kept).one() == 0


def test_many_cases_are_reckoned_alike_from_what_is_kept_and_from_what_was_told(
    a_platform: Platform, read_anew: Callable[[], int]
) -> None:
    """Day by day, beside a clerk that reads everything anew."""
    chance = random.Random(11)
    rows = []
    for number in range(40):
        received = at("2026-02-24") + timedelta(days=chance.uniform(0, 7))
        case = {"case": f"{number}", "item": "JZ-0103"}
        rows.append({**case, "step": f"R{number}", "kind": "receive", "start": received.isoformat()})
        if chance.random() < 0.8:
            accepted = received + (at("2026-03-04") - received) * chance.random()
            rows.append({**case, "step": f"A{number}", "kind": "accept", "start": accepted.isoformat()})
        if chance.random() < 0.5:
            paused = received + (at("2026-03-04") - received) * chance.random()
            pause = {"record": "suspension", "id": f"P{number}", "case": f"{number}", "reason": "supplement"}
            rows.append(
                {
                    **pause,
                    "start": paused.isoformat(),
                    "end": (paused + timedelta(days=chance.uniform(0.1, 5))).isoformat(),
                }
            )
    a_platform.tells(at("2026-03-04"), *rows)
    a_platform.look_around_and_run(at("2026-03-04"))
    read_anew()
    for day in range(45):
        now = at("2026-03-05", "00:30") + timedelta(days=day)
        while a_platform.clerk_runs(now):
            pass
        assert read_anew() == 0
        kept = _written(a_platform)
        with a_platform.database.transaction() as session:
            session.exec(update(Case).values(limits_reckoned=False))
        while a_platform.clerk_runs(now):
            pass
        assert read_anew() == 40
        assert _written(a_platform) == kept
    assert {card.kind for card in a_platform.cards()} == set(CardKind)


def _written(platform: Platform) -> object:
    """But for the moment of reckoning: what comes to its moment is not reckoned every day."""
    with platform.database.transaction() as session:
        query = select(Deadline).order_by(col(Deadline.case_id))
        deadlines = [row.model_dump(exclude={"reckoned_at"}) for row in session.exec(query)]
        cards = [row.model_dump() for row in session.exec(select(Card).order_by(col(Card.id)))]
    return deadlines, cards
