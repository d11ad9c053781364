"""Absences that are judged anew: which is which, and what people have said about them. Nothing of that is lost."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, delete, select

from analytics.absence import FoundAbsence, find_absences
from analytics.going_on import ENDLESS, length
from analytics.judging import judge_anew
from analytics.presence import Transition
from analytics.recording import write_absences
from analytics.rewriting import rewrite_presence
from analytics.rule import Rule
from analytics.runs import PresenceSpan
from correlation.disputes.dispute_log import Said, SayingRefused, say, words_of
from correlation.disputes.workflow import Refusal
from storage.database import Database
from storage.dispute_holds import subject_of
from storage.intervals import Span, intersect, subtract
from storage.models import (
    Absence,
    AbsenceRule,
    AbsenceWord,
    Alert,
    AlertState,
    CustomerState,
    DisputeAct,
    DisputeGround,
    DisputeState,
    Hold,
    Presence,
    Role,
    StaffState,
    User,
    WatchCursor,
)
from tests.analytics.scenes import START, at
from tests.sample import CAMERA, HALL, a_hall

COUNTER = "cc-1"
NOW = at(4000)
STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
CLERK, CHIEF = 1, 2
DISPUTE = Said(DisputeAct.DISPUTE, "当时在岗", DisputeGround.WAS_THERE)
UPHOLD, WITHDRAW = Said(DisputeAct.UPHOLD, "属实"), Said(DisputeAct.WITHDRAW, "有人在岗")
Told = list[tuple[int, float, float | None, str, str]]


@pytest.fixture
def hall(database: Database) -> Database:
    return a_morning(database)


@pytest.fixture
def site(sqlite_database: Database) -> Database:
    return a_morning(sqlite_database)


def a_morning(database: Database) -> Database:
    """Unknown before 1000, unstaffed from there to 1600, which is an absence; staffed from 2000 on."""
    with database.transaction() as session:
        a_hall(session)
        for number, role in ((CLERK, Role.DEPARTMENT), (CHIEF, Role.SUPERVISOR)):
            session.add(User(id=number, name=f"u{number}", password_hash="", role=role, created_at=START))
        since = START - timedelta(days=1)
        session.add(AbsenceRule(threshold_s=300, waiting_threshold_s=300, valid_from=since))
        session.add(WatchCursor(camera_id=CAMERA, watched_to=NOW))
        seen(session, (0, UNKNOWN), (1000, UNSTAFFED), (1600, UNKNOWN), (2000, STAFFED), end=3000)
        judge_anew(session, COUNTER, Span(at(0), at(3000)), NOW)
    return database


def seen(session: Session, *states: tuple[float, StaffState], end: float) -> None:
    """From each moment on; the presence that was there is replaced."""
    people = {STAFFED: 1, UNSTAFFED: 0}
    told = [
        Transition(COUNTER, at(s), staff, CustomerState.NONE, 0.9, staff_count=people.get(staff)) for s, staff in states
    ]
    told = [replace(each, staff_most=each.staff_count) for each in told]
    rewrite_presence(session, COUNTER, Span(at(states[0][0]), at(end)), told, "marker")


def looked_again(database: Database, *states: tuple[float, StaffState], end: float) -> None:
    with database.transaction() as session:
        seen(session, *states, end=end)
        judge_anew(session, COUNTER, Span(at(states[0][0]), at(end)), NOW)


def told(database: Database) -> Told:
    with database.transaction() as session:
        rows = session.exec(select(Absence).order_by(col(Absence.start), col(Absence.id))).all()
        return [
            (
                r.id or 0,
                _s(r.start),
                None if r.end is None else _s(r.end),
                r.ended_by,
                r.dispute.value if r.dispute else "",
            )
            for r in rows
        ]


def spoken(database: Database, absence: int) -> list[DisputeAct]:
    with database.transaction() as session:
        return [word.act for word in words_of(session, [absence])[absence]]


def held(database: Database, absence: int) -> list[Span]:
    with database.transaction() as session:
        rows = session.exec(select(Hold).where(Hold.subject == subject_of(absence), col(Hold.lifted_at).is_(None)))
        return [Span(row.start, row.end) for row in rows]


def alerts(database: Database) -> list[AlertState]:
    with database.transaction() as session:
        return [alert.state for alert in session.exec(select(Alert).order_by(col(Alert.id)))]


def speak(database: Database, said: Said, absence: int = 1) -> None:
    with database.transaction() as session:
        say(session, absence, said, CLERK if said.act is DisputeAct.DISPUTE else CHIEF, NOW)


def _s(moment: datetime) -> float:
    return (moment - START).total_seconds()


def test_one_that_turns_out_to_have_begun_earlier_is_the_same_one(hall: Database) -> None:
    looked_again(hall, (800, UNSTAFFED), end=1000)
    assert told(hall) == [(1, 800, 1600, "unknown", "")]
    assert alerts(hall) == [AlertState.RESOLVED]


def test_a_dispute_goes_on_with_its_absence_and_its_footage_is_held_as_long_as_that_is(hall: Database) -> None:
    speak(hall, DISPUTE)
    looked_again(hall, (800, UNSTAFFED), end=1000)
    assert told(hall) == [(1, 800, 1600, "unknown", "disputed")]
    around = timedelta(minutes=5)
    assert not subtract([Span(at(800) - around, at(1600) + around)], held(hall, 1))
    speak(hall, UPHOLD)
    assert held(hall, 1) == []
    assert spoken(hall, 1) == [DisputeAct.DISPUTE, DisputeAct.UPHOLD]


@pytest.mark.parametrize("decision", [UPHOLD, WITHDRAW])
def test_what_was_decided_stays_for_its_time_and_what_is_too_short_beside_it_accuses_nobody(
    hall: Database, decision: Said
) -> None:
    state = {UPHOLD: "upheld", WITHDRAW: "withdrawn"}[decision]
    speak(hall, DISPUTE)
    speak(hall, decision)
    looked_again(hall, (800, UNSTAFFED), end=1000)
    looked_again(hall, (1600, UNSTAFFED), end=1800)
    assert told(hall) == [(1, 1000, 1600, "unknown", state)]
    assert len(alerts(hall)) == 1


def test_what_is_new_beside_it_and_long_enough_by_itself_is_another_that_may_be_disputed(hall: Database) -> None:
    speak(hall, DISPUTE)
    speak(hall, WITHDRAW)
    looked_again(hall, (600, UNSTAFFED), end=1000)
    assert told(hall) == [(2, 600, 1000, "decided", ""), (1, 1000, 1600, "unknown", "withdrawn")]
    assert alerts(hall) == [AlertState.RESOLVED] * 2
    speak(hall, DISPUTE, 2)
    looked_again(hall, (500, UNSTAFFED), end=600)
    assert told(hall) == [(2, 500, 1000, "decided", "disputed"), (1, 1000, 1600, "unknown", "withdrawn")]


def test_of_what_was_upheld_no_more_stands_than_is_seen(hall: Database) -> None:
    speak(hall, DISPUTE)
    speak(hall, UPHOLD)
    looked_again(hall, (1000, STAFFED), (1200, UNSTAFFED), end=1600)
    assert told(hall) == [(1, 1200, 1600, "unknown", "upheld")]
    looked_again(hall, (900, UNSTAFFED), end=1200)
    assert told(hall) == [(1, 1000, 1600, "unknown", "upheld")], "it was decided on"


def test_one_that_was_decided_and_then_taken_back_is_found_again_with_its_decision(hall: Database) -> None:
    speak(hall, DISPUTE)
    speak(hall, WITHDRAW)
    looked_again(hall, (1000, STAFFED), end=1600)
    assert told(hall) == [(1, 1000, 1000, "withdrawn", "withdrawn")]
    looked_again(hall, (900, UNSTAFFED), (1500, STAFFED), end=1600)
    assert told(hall) == [(1, 1000, 1500, "returned", "withdrawn")]
    assert spoken(hall, 1) == [DisputeAct.DISPUTE, DisputeAct.WITHDRAW]


def test_one_that_is_none_any_more_settles_its_dispute_and_frees_its_footage(hall: Database) -> None:
    speak(hall, DISPUTE)
    assert held(hall, 1)
    looked_again(hall, (1000, STAFFED), end=1600)
    assert told(hall) == [(1, 1000, 1000, "withdrawn", "settled")]
    assert held(hall, 1) == []
    assert alerts(hall) == [AlertState.WITHDRAWN]
    with pytest.raises(SayingRefused) as refused:
        speak(hall, UPHOLD)
    assert refused.value.why is Refusal.NONE


def test_who_disputes_it_at_that_moment_finds_that_it_is_none(hall: Database) -> None:
    def dispute() -> Refusal | None:
        try:
            speak(hall, DISPUTE)
        except SayingRefused as refused:
            return refused.why
        return None

    with ThreadPoolExecutor() as threads:
        with hall.transaction() as session:
            seen(session, (1000, STAFFED), end=1600)
            judge_anew(session, COUNTER, Span(at(1000), at(1600)), NOW)
            said = threads.submit(dispute)
            wait([said], timeout=1)  # who does not take turns has spoken by then
        assert said.result() is Refusal.NONE
    assert told(hall) == [(1, 1000, 1000, "withdrawn", "")]


@pytest.mark.parametrize("decision", [UPHOLD, WITHDRAW])
def test_what_is_decided_while_it_lasts_is_decided_to_its_end(hall: Database, decision: Said) -> None:
    state = {UPHOLD: "upheld", WITHDRAW: "withdrawn"}[decision]
    with hall.transaction() as session:
        seen(session, (1600, UNSTAFFED), end=3900)
        session.exec(select(Presence).where(Presence.end == at(3900))).one().end = None
        session.exec(delete(Presence).where(col(Presence.start) >= at(2000)))
        judge_anew(session, COUNTER, Span(at(1600), at(3900)), NOW)
    assert told(hall) == [(1, 1000, None, "", "")]
    speak(hall, DISPUTE)
    speak(hall, decision)
    looked_again(hall, (950, UNSTAFFED), end=1000)
    assert told(hall) == [(1, 1000, None, "", state)]
    with hall.transaction() as session:
        write_absences(session, HALL, COUNTER, _lasting(950, 4000), at(4000))
        write_absences(session, HALL, COUNTER, _lasting(950, 4000, end=4200), at(4200))
    assert told(hall) == [(1, 1000, 4200, "returned", state)]
    with hall.transaction() as session:
        write_absences(session, HALL, COUNTER, _lasting(950, 4000, end=4200), at(4201))
        seen(session, (950, UNSTAFFED), (4200, STAFFED), end=4300)
        judge_anew(session, COUNTER, Span(at(950), at(4300)), at(4300))
    assert told(hall) == [(1, 1000, 4200, "returned", state)]


def test_it_is_disputed_again_once_it_is_one_after_all(hall: Database) -> None:
    speak(hall, DISPUTE)
    looked_again(hall, (1000, STAFFED), end=1600)
    looked_again(hall, (980, UNSTAFFED), end=1600)
    assert told(hall) == [(1, 980, 1600, "unknown", "disputed")]
    assert held(hall, 1)
    speak(hall, WITHDRAW)
    assert told(hall) == [(1, 980, 1600, "unknown", "withdrawn")]


def test_one_that_becomes_two_is_disputed_as_both_and_each_is_decided_by_itself(hall: Database) -> None:
    looked_again(hall, (1600, UNSTAFFED), end=2000)
    speak(hall, DISPUTE)
    looked_again(hall, (1400, STAFFED), end=1500)
    assert told(hall) == [(2, 1000, 1400, "returned", "disputed"), (1, 1500, 2000, "returned", "disputed")]
    assert spoken(hall, 2) == [DisputeAct.DISPUTE]
    assert held(hall, 2)
    speak(hall, WITHDRAW, 2)
    assert held(hall, 2) == []
    assert held(hall, 1)


def test_nobody_has_said_anything_about_one_that_becomes_two(hall: Database) -> None:
    looked_again(hall, (1600, UNSTAFFED), end=2000)
    looked_again(hall, (1400, STAFFED), end=1500)
    assert told(hall) == [(2, 1000, 1400, "returned", ""), (1, 1500, 2000, "returned", "")]
    assert alerts(hall) == [AlertState.RESOLVED] * 2, "nobody is called for it"


def _two(database: Database) -> None:
    """Beside that from 1000 to 1600 one from 500 to 900."""
    looked_again(database, (500, UNSTAFFED), (900, UNKNOWN), end=1000)
    assert told(database) == [(2, 500, 900, "unknown", ""), (1, 1000, 1600, "unknown", "")]


def test_two_that_become_one_are_the_longer_of_them(hall: Database) -> None:
    _two(hall)
    looked_again(hall, (900, UNSTAFFED), end=1000)
    assert told(hall) == [(1, 500, 1600, "unknown", ""), (2, 500, 500, "withdrawn", "")]
    assert alerts(hall) == [AlertState.RESOLVED, AlertState.WITHDRAWN]


def test_or_the_one_that_is_disputed(hall: Database) -> None:
    _two(hall)
    speak(hall, DISPUTE, 2)
    looked_again(hall, (900, UNSTAFFED), end=1000)
    assert told(hall) == [(2, 500, 1600, "unknown", "disputed"), (1, 1000, 1000, "withdrawn", "")]


def test_two_that_are_disputed_stay_two_and_divide_the_time(hall: Database) -> None:
    _two(hall)
    speak(hall, DISPUTE, 1)
    speak(hall, DISPUTE, 2)
    looked_again(hall, (900, UNSTAFFED), end=1000)
    both = [(2, 500, 1000, "divided", "disputed"), (1, 1000, 1600, "unknown", "disputed")]
    assert told(hall) == both
    with hall.transaction() as session:
        judge_anew(session, COUNTER, Span(at(700), at(800)), NOW)
    assert told(hall) == both
    speak(hall, WITHDRAW, 1)
    assert told(hall)[0] == both[0]


def test_what_reaches_into_what_is_seen_otherwise_becomes_shorter_from_both_sides(hall: Database) -> None:
    looked_again(hall, (1200, STAFFED), end=1300)
    assert told(hall) == [(1, 1300, 1600, "unknown", "")]
    looked_again(hall, (1400, STAFFED), end=1450)
    assert told(hall) == [(1, 1300, 1300, "withdrawn", "")]


def _lasting(since: float, now: float, end: float | None = None) -> list[FoundAbsence]:
    """As the watch finds it: it lasts, or somebody came back."""
    spans = [PresenceSpan(at(since), None if end is None else at(end), UNSTAFFED, CustomerState.NONE)]
    spans += [] if end is None else [PresenceSpan(at(end), None, STAFFED, CustomerState.NONE)]
    rule = Rule(threshold=timedelta(seconds=300), waiting=timedelta(seconds=300))
    return find_absences(spans, [Span(at(-9999), at(99999))], rule, at(now if end is None else end))


def test_the_watch_goes_on_with_one_whose_beginning_is_another_by_now(site: Database) -> None:
    with site.transaction() as session:
        session.add(Absence(id=7, counter_id="cc-2", start=at(1000), threshold_s=300))
        session.flush()
        write_absences(session, HALL, "cc-2", _lasting(800, 1500), at(1500))
    assert [row[:3] for row in told(site) if row[0] != 1] == [(7, 1000, None)]


def test_the_watch_accuses_nobody_anew_of_what_was_decided(site: Database) -> None:
    with site.transaction() as session:
        row = Absence(id=7, counter_id="cc-2", start=at(1000), end=at(1500), ended_by="unknown", threshold_s=300)
        session.add(row)
        session.flush()
        row.judged_at = at(1500)
        say(session, 7, DISPUTE, CLERK, NOW)
        say(session, 7, WITHDRAW, CHIEF, NOW)
        write_absences(session, HALL, "cc-2", _lasting(900, 1700), at(1700))
    assert [row[:3] for row in told(site) if row[0] != 1] == [(7, 1000, 1500)]
    with site.transaction() as session:
        write_absences(session, HALL, "cc-2", _lasting(900, 1801), at(1801))
    assert [row[:3] for row in told(site) if row[0] != 1] == [(7, 1000, 1500), (8, 1500, None)]


_PIECES = 24
_PIECE_S = 100
"""The rule accuses of three of them."""
_STATES = st.sampled_from([UNSTAFFED, UNSTAFFED, UNSTAFFED, STAFFED, UNKNOWN])


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.lists(_STATES, min_size=_PIECES, max_size=_PIECES),
    steps=st.lists(
        st.one_of(
            st.tuples(st.integers(0, _PIECES - 1), st.lists(_STATES, min_size=1, max_size=8)),
            st.tuples(st.integers(0, 9), st.sampled_from([DISPUTE, UPHOLD, WITHDRAW])),
        ),
        min_size=4,
        max_size=14,
    ),
)
def test_no_word_is_lost_and_nobody_is_accused_twice_whatever_is_seen_and_said(
    sqlite_database: Database, first: list[StaffState], steps: list[tuple[int, list[StaffState] | Said]]
) -> None:
    with sqlite_database.transaction() as session:
        if session.get(User, CLERK) is None:
            _a_bare_hall(session)
    with sqlite_database.transaction() as session:
        _see(session, 0, first)
        for number, (where, what) in enumerate(steps):
            now = NOW + timedelta(seconds=number)
            if isinstance(what, Said):
                _say_of_one(session, where, what, now)
            else:
                _see(session, where, what[: _PIECES - where])
            _nothing_is_lost(session)
        before = _rows(session)
        judge_anew(session, COUNTER, Span(at(0), at(_PIECES * _PIECE_S)), NOW)
        assert _rows(session) == before, "judged again without anything new"
        session.rollback()


def _a_bare_hall(session: Session) -> None:
    a_hall(session)
    for number, role in ((CLERK, Role.DEPARTMENT), (CHIEF, Role.SUPERVISOR)):
        session.add(User(id=number, name=f"u{number}", password_hash="", role=role, created_at=START))
    since = START - timedelta(days=1)
    session.add(AbsenceRule(threshold_s=300, waiting_threshold_s=300, valid_from=since))
    session.add(WatchCursor(camera_id=CAMERA, watched_to=NOW))


def _see(session: Session, piece: int, states: Sequence[StaffState]) -> None:
    told = [((piece + number) * _PIECE_S, state) for number, state in enumerate(states)]
    end = (piece + len(states)) * _PIECE_S
    seen(session, *told, end=end)
    judge_anew(session, COUNTER, Span(at(piece * _PIECE_S), at(end)), NOW)


def _say_of_one(session: Session, which: int, said: Said, now: datetime) -> None:
    rows = session.exec(select(Absence).order_by(col(Absence.id))).all()
    if rows:
        try:
            say(session, rows[which % len(rows)].id or 0, said, CLERK if said is DISPUTE else CHIEF, now)
        except SayingRefused:
            return


def _rows(session: Session) -> list[tuple[object, ...]]:
    rows = session.exec(select(Absence).order_by(col(Absence.id))).all()
    return [(row.id, row.start, row.end, row.ended_by, row.said_until, row.dispute) for row in rows]


def _nothing_is_lost(session: Session) -> None:
    session.flush()
    session.expire_all()
    rows = {row.id: row for row in session.exec(select(Absence)).all()}
    there = sorted(
        (Span(r.start, r.end or ENDLESS), r.id, r.dispute) for r in rows.values() if r.ended_by != "withdrawn"
    )
    for (one, *_), (other, *_) in pairwise(there):
        assert one.end <= other.start, "one absence at most over a moment"
    staffed = [
        Span(row.start, row.end or NOW) for row in session.exec(select(Presence)).all() if row.staff is not UNSTAFFED
    ]
    assert not intersect([span for span, *_ in there], sorted(staffed)), "nobody is accused of what was not seen"
    for word in session.exec(select(AbsenceWord)).all():
        row = rows[word.absence_id]
        assert row.dispute is not None
        assert word.start
        assert word.end
        said = Span(word.start, word.end)
        if row.dispute in (DisputeState.UPHELD, DisputeState.WITHDRAWN):
            if word.act is not DisputeAct.DISPUTE:
                assert all(not length(said, span) for span, its, _ in there if its != row.id), "it was decided on"
        else:
            assert row.dispute is (DisputeState.SETTLED if row.ended_by == "withdrawn" else DisputeState.DISPUTED)
            assert not [its for span, its, dispute in there if length(said, span) and dispute is None], "it is disputed"
    held = [hold.subject for hold in session.exec(select(Hold).where(col(Hold.lifted_at).is_(None))).all()]
    disputed = {subject_of(row.id or 0) for row in rows.values() if row.dispute is DisputeState.DISPUTED}
    assert set(held) == disputed
    told_of = [alert.absence_id for alert in session.exec(select(Alert)).all()]
    assert sorted(told_of, key=str) == sorted(rows, key=str), "one alert for each"
