"""Whether a case was in time, and to which month that belongs."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from correlation.deadlines.clocks import clocks
from correlation.deadlines.facts import CaseFacts, Limit, Suspension
from correlation.evaluation.verdicts import Verdict, verdict
from storage.models import ClockName, SuspensionReason
from tests.correlation.deadlines.cases import CALENDAR, RULES, accepted, at

DAY = timedelta(days=1)


def judged(facts: CaseFacts, now: datetime) -> Verdict | None:
    """Without its limits and how early it ended."""
    found = verdict(clocks(facts, RULES, CALENDAR), now, DAY)
    return found and found._replace(lead=None, limits=None)


def test_how_early_a_case_ended_says_for_every_number_of_hours_whether_it_was_early() -> None:
    # Promised within five working days: it is late from Tuesday 9 June on.
    late_from = at("2026-06-09", "00:00")
    for before in (timedelta(hours=30), timedelta(hours=30, seconds=1), timedelta(microseconds=1), timedelta(0)):
        told = clocks(accepted("2026-06-01", decided_at=late_from - before), RULES, CALENDAR)
        for hours in range(1, 40):
            found = verdict(told, late_from + DAY, timedelta(hours=hours))
            assert found is not None
            assert found.is_early == (found.lead is not None and found.lead >= hours), (before, hours)
            assert found.limits == (20, 5)


def test_a_case_counts_when_it_ended_or_when_its_limit_passed() -> None:
    # Promised within five working days: from Monday 1 June until Monday 8 June.
    june = "2026-06-01"
    assert judged(accepted(june), at("2026-06-08", "23:59")) is None, "it is open, and in time"
    passed = at("2026-06-09", "00:00")
    assert judged(accepted(june), passed) == Verdict(passed, ClockName.PROMISED, True, False)
    assert judged(accepted(june, decided_at=at("2026-07-01")), at("2026-07-02")) == Verdict(
        passed, ClockName.PROMISED, True, False
    ), "of two limits that passed the first, in June"
    last_day = at("2026-06-08")
    assert judged(accepted(june, decided_at=last_day), last_day) == Verdict(last_day, None, True, False)
    early = at("2026-06-07")
    assert judged(accepted(june, decided_at=early), early) == Verdict(early, None, True, True)
    without_promise = accepted(june, promised=None, decided_at=early)
    assert judged(without_promise, early) == Verdict(early, None, False, False)


def test_a_case_that_is_deemed_accepted_is_late_from_then_on_though_its_limit_had_passed() -> None:
    received = CaseFacts(received_at=at("2026-04-24"), legal=Limit(20), promised=Limit(2))
    deemed = at("2026-05-07", "00:00")
    assert judged(received, deemed - timedelta(seconds=1)) is None, "somebody may still answer it"
    assert judged(received, deemed) == Verdict(deemed, ClockName.PROMISED, True, False)


def test_what_has_no_limit_is_stopped_or_may_still_move_is_not_judged() -> None:
    unknown = accepted("2026-06-01", legal=None, promised=None, is_item_known=False, decided_at=at("2026-06-02"))
    assert judged(unknown, at("2026-12-01")) is None
    stopped = accepted("2026-06-01", suspensions=(Suspension(SuspensionReason.HEARING, at("2026-06-02")),))
    assert judged(stopped, at("2026-12-01")) is None
    moving = accepted("2027-06-01")
    assert judged(moving, at("2028-01-01")) is None, "the holidays of 2027 are not announced"
    assert judged(accepted("2027-06-01", decided_at=at("2027-06-02")), at("2027-06-02")) is not None


@settings(max_examples=80)
@given(
    st.datetimes(datetime(2026, 2, 1), datetime(2026, 9, 1)),  # noqa: DTZ001
    st.none() | st.integers(0, 60),
    st.integers(1, 25),
    st.integers(1, 25) | st.none(),
    st.integers(0, 90),
    st.integers(0, 90),
)
def test_a_verdict_is_for_good(
    day: datetime, decided: int | None, legal: int, promised: int | None, first: int, more: int
) -> None:
    """The same facts at a later moment: a case that was counted in one month is not counted in another, too."""
    began = at(day.date().isoformat())
    facts = accepted(
        day.date().isoformat(),
        legal=Limit(legal),
        promised=None if promised is None else Limit(promised),
        decided_at=None if decided is None else began + decided * DAY,
    )
    # Of the facts only those that had happened by then are known.
    then = began + first * DAY
    known = (
        facts
        if decided is None or decided <= first
        else accepted(day.date().isoformat(), legal=facts.legal, promised=facts.promised)
    )
    before = judged(known, then)
    after = judged(facts, then + more * DAY)
    if before is not None:
        assert after == before
        assert before.at <= then
        assert not (before.is_early and before.late)
        assert before.is_promised or not before.is_early
