"""When somebody came or went between two looks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.counters import WatchedCounter
from analytics.edges import AGREEING, EXACT, MOST_LOOKS, MOST_LOOKS_THAT_AGREE, dated, first_agreed, first_shown
from analytics.looking import Observation
from analytics.onlookers import Shows
from analytics.plan import CounterPlan
from analytics.presence import CounterPresence, Debounce, Transition
from storage.hours import HallHours
from storage.models import CustomerState, StaffState
from tests.analytics.scenes import START, at

S, U, N = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
WAITING, NOBODY = CustomerState.WAITING, CustomerState.NONE


def change(after: float | None, seconds: float, staff: StaffState = U) -> Transition:
    return Transition("c", at(seconds), staff, NOBODY, after=None if after is None else at(after))


Told = tuple[datetime, StaffState]


def first(change: Transition, look: Callable[[datetime], Told | None]) -> datetime:
    def showed(moment: datetime) -> tuple[datetime, bool] | None:
        told = look(moment)
        return told and (told[0], told[1] is change.staff)

    return first_shown(change.after, change.at, showed)


class Footage:
    """Pictures four times a second; `shows` tells the state at a second."""

    def __init__(self, turns: float, *, new: StaffState = U, dark: tuple[float, float] = (0, 0)) -> None:
        self.turns, self.new, self.dark = turns, new, dark
        self.looks = 0

    def look(self, moment: datetime) -> Told:
        self.looks += 1
        seconds = (moment - START) / timedelta(seconds=1) // 0.25 * 0.25
        if self.dark[0] <= seconds < self.dark[1]:
            return at(seconds), N
        old = S if self.new is U else U
        return at(seconds), self.new if seconds >= self.turns else old


@given(st.floats(0, 1000), st.floats(0.01, 60), st.floats(0, 1), st.sampled_from([S, U]))
def test_it_is_found_to_the_second_by_few_looks_and_never_outside(
    before: float, length: float, share: float, staff: StaffState
) -> None:
    turns = before + length * share
    footage = Footage(turns, new=staff)
    wanted = change(before, before + length, staff)
    found = first(wanted, footage.look)
    assert wanted.after is not None
    assert wanted.after < found <= wanted.at or found == wanted.at
    assert found >= min(at(turns), wanted.at) - timedelta(seconds=0.25)
    assert found - at(turns) <= EXACT + timedelta(seconds=0.5)
    assert footage.looks <= MOST_LOOKS
    if length <= EXACT.total_seconds():
        assert footage.looks == 0


@given(st.floats(0, 40), st.floats(0, 40), st.floats(0, 40))
def test_what_looks_cannot_tell_stays_as_the_samples_said(turns: float, dark: float, light: float) -> None:
    """Unknown is no verdict: the new state never begins in the dark, nor by what was seen before it."""
    footage = Footage(turns, dark=(dark, light))
    found = first(change(0, 40), footage.look)
    assert found == at(40) or not at(dark) <= found < at(light)
    assert found >= min(at(turns // 0.25 * 0.25), at(40))


def test_what_was_not_known_before_is_not_looked_for() -> None:
    footage = Footage(5)
    assert first(change(None, 40), footage.look) == at(40)
    assert footage.looks == 0


def test_without_footage_it_stays_where_it_was() -> None:
    assert first(change(0, 40), lambda _: None) == at(40)


def test_a_picture_from_before_the_last_look_ends_the_search() -> None:
    assert first(change(0, 40), lambda _: (at(-3), U)) == at(40)


BEFORE = Transition("c", at(0), S, NOBODY, 0.8, staff_count=1, staff_most=1, customer_count=0, frames=(("cam", "0"),))
BOTH = Transition("c", at(40), U, WAITING, 0.9, staff_count=0, staff_most=0, customer_count=2, frames=(("cam", "40"),))


def test_staff_and_customers_that_changed_at_one_sample_each_have_their_own_time() -> None:
    staff, customer = dated(BOTH, BEFORE, at(33), at(35))
    assert (staff.at, staff.staff, staff.staff_count, staff.customer, staff.customer_count) == (at(33), U, 0, NOBODY, 0)
    assert customer == replace(BOTH, at=at(35))
    customer, staff = dated(BOTH, BEFORE, at(35), at(33))
    assert (customer.at, customer.staff, customer.staff_count, customer.staff_most) == (at(33), S, 1, 1)
    assert (customer.customer, customer.customer_count) == (WAITING, 2)
    assert (customer.confidence, customer.frames) == (0.8, BEFORE.frames), "what the staff state rests on"
    assert staff == replace(BOTH, at=at(35))
    assert dated(BOTH, BEFORE, at(33), at(33)) == [replace(BOTH, at=at(33))]
    assert dated(BOTH, BEFORE, at(40), at(40)) == [BOTH]


def test_where_one_of_the_two_changed_there_is_one_time() -> None:
    gone, come = replace(BOTH, customer=NOBODY, customer_count=0), replace(BEFORE, at=at(40), customer=WAITING)
    assert dated(gone, BEFORE, at(33), at(40)) == [replace(gone, at=at(33))]
    assert dated(come, BEFORE, at(40), at(33)) == [replace(come, at=at(33))]
    more = replace(come, staff_count=2, staff_most=2)
    assert [(one.at, one.staff_count) for one in dated(more, BEFORE, at(40), at(33))] == [(at(33), 1), (at(40), 2)]


def test_the_picture_by_which_a_change_is_dated_is_kept_with_those_that_made_it_certain() -> None:
    by = (("cam", "33"),)
    staff, customer = dated(BOTH, BEFORE, at(33), at(40), by)
    assert (staff.frames, customer.frames) == (by + BOTH.frames, BOTH.frames)
    assert dated(BOTH, BEFORE, at(40), at(40), by) == [BOTH]


def seen(seconds: float, staff: int | None, customers: int | None = 0) -> Observation:
    return Observation("c", "cam", at(seconds), staff, customers, 0.9, reason="" if staff is not None else "dark")


def test_a_transition_says_which_sample_showed_the_state_before() -> None:
    presence = CounterPresence("c", {"cam": Shows.WHOLE})
    samples = [seen(0, 1), seen(3, 1), seen(6, 1), seen(9, 0), seen(12, 0), seen(15, 0), seen(18, 0), seen(21, 1)]
    samples += [seen(24, 1), seen(27, None), seen(30, None), seen(33, None), seen(36, 0), seen(39, 0), seen(42, 0)]
    changes = [change for sample in samples for change in presence.observe(sample)]
    told = [(c.staff, c.at, c.after) for c in changes if c.staff is not N or c.reason]
    # With the first state a customer's comes, which is told by itself.
    assert [one for n, one in enumerate(told) if one not in told[:n]] == [
        (S, at(0), None),
        (U, at(9), at(6)),
        (S, at(21), at(18)),
        (N, at(27), None),
        (U, at(36), None),
    ]


def test_a_customer_who_leaves_with_the_clerk_leaves_the_time_of_the_clerk_to_be_found() -> None:
    presence = CounterPresence("c", {"cam": Shows.WHOLE})
    samples = [seen(0, 1, 1), seen(3, 1, 1), seen(6, 1, 1), seen(9, 0, 0), seen(12, 0, 0), seen(15, 0, 0)]
    last = [change for sample in samples for change in presence.observe(sample)][-1]
    assert (last.staff, last.customer, last.at, last.after, last.customer_after) == (U, NOBODY, at(9), at(6), at(6))


def test_a_transition_says_which_sample_showed_the_customers_before() -> None:
    presence = CounterPresence("c", {"cam": Shows.WHOLE}, with_customers=["cam"])
    # Nobody, one who comes, a second one, one who is missed once, nobody, nobody knows, nobody.
    counts = [0, 0, 0, 1, 1, 2, 2, 0, 2, 0, 0, 0, 0, None, None, None, 0, 0, 0]
    changes = [change for t, count in enumerate(counts) for change in presence.observe(seen(3 * t, 1, count))]
    told = [((c.at - START).total_seconds(), c.customer_count, c.customer_after) for c in changes]
    assert told[-6:] == [
        (0, 0, None),
        (9, 1, at(6)),
        (15, 2, None),
        (27, 0, at(24)),
        (39, None, None),
        (48, 0, None),
    ]


def test_a_look_that_told_nothing_of_customers_is_not_searched_before() -> None:
    """Up to there the state is confirmed, and what follows from it may have been told."""
    presence = CounterPresence("c", {"cam": Shows.WHOLE}, with_customers=["cam"])
    counts = [0, 0, 0, None, 1, 1]
    changes = [change for t, count in enumerate(counts) for change in presence.observe(seen(3 * t, 1, count))]
    assert (changes[-1].customer, changes[-1].at, changes[-1].customer_after) == (WAITING, at(12), at(9))


@pytest.mark.parametrize("staff", [S, U])
def test_a_look_that_tells_nothing_leaves_the_change_to_what_is_later(staff: StaffState) -> None:
    """It turns at 11 s, and from 11.5 to 12.5 s nobody can tell."""

    def look(moment: datetime) -> Told:
        seconds = (moment - START).total_seconds()
        if 11.5 <= seconds <= 12.5:
            return moment, StaffState.UNKNOWN
        return moment, staff if seconds >= 11 else (U if staff is S else S)

    assert at(12.5) < first(change(10, 14, staff), look) <= at(12.5) + EXACT


def test_where_there_is_no_picture_the_sample_dates_the_change() -> None:
    assert first(change(10, 14, S), lambda _moment: None) == at(14)


class Hall:
    """A camera with pictures ten times a second: somebody who passes, and a customer who comes and stays."""

    def __init__(self, comes: float, passes: tuple[float, float] = (0, 0)) -> None:
        self.comes, self.passes = comes, passes
        self.looks = 0

    def look(self, moment: datetime) -> tuple[datetime, bool]:
        self.looks += 1
        seconds = (moment - START) // timedelta(seconds=0.1) / 10
        return at(seconds), seconds >= self.comes or self.passes[0] <= seconds < self.passes[1]


tenths = st.integers(1, 100).map(lambda tenth: tenth / 10)


@given(tenths, tenths)
def test_who_passes_in_a_single_picture_never_begins_what_accuses(comes: float, passes: float) -> None:
    hall = Hall(comes, (passes - 0.05, passes + 0.05))
    assert first_agreed(at(0), at(10), hall.look) >= at(comes)
    assert hall.looks <= MOST_LOOKS_THAT_AGREE


@given(st.integers(2, 600).map(lambda tenth: tenth / 10), tenths, tenths, st.data())
def test_who_passes_begins_what_accuses_by_less_than_three_times_as_long_before_who_stays(
    length: float, share: float, lasted: float, data: st.DataObject
) -> None:
    comes = round(length * share / 10, 1)
    passes = data.draw(st.floats(0, comes))
    hall = Hall(comes, (passes, passes + lasted))
    found = first_agreed(at(0), at(length), hall.look)
    assert at(comes) - found < timedelta(seconds=3 * lasted + AGREEING.total_seconds())
    assert found <= at(length)
    assert hall.looks <= MOST_LOOKS_THAT_AGREE


def test_a_passer_by_and_a_customer_who_comes_later_are_two() -> None:
    assert first_shown(at(0), at(10), Hall(10, (4.6, 5.5)).look) < at(5), "as what excuses is dated"
    assert first_agreed(at(0), at(10), Hall(10, (4.6, 5.5)).look) == at(10)
    assert at(7.8) <= first_agreed(at(0), at(10), Hall(7.8, (4.6, 5.5)).look) <= at(8.5)


@given(st.integers(2, 600).map(lambda tenth: tenth / 10), st.floats(0.001, 1))
def test_who_comes_and_stays_is_found_to_the_second_by_a_bounded_number_of_looks(length: float, share: float) -> None:
    hall = Hall(length * share)
    late = first_agreed(at(0), at(length), hall.look) - at(length * share)
    assert timedelta(0) <= late <= EXACT + AGREEING + timedelta(seconds=0.2)
    assert hall.looks <= MOST_LOOKS_THAT_AGREE


def test_what_accuses_stays_late_where_it_cannot_be_looked_at() -> None:
    assert first_agreed(at(0), at(40), lambda _: None) == at(40)
    assert first_agreed(None, at(40), Hall(3).look) == at(40)
    halves = iter([(at(20), True)])
    assert first_agreed(at(0), at(40), lambda _: next(halves, None)) == at(40), "one picture agrees with no other"


@given(st.integers(2, 20), st.floats(0.3, 1))
def test_a_camera_with_few_pictures_dates_what_accuses_by_the_second(length: int, every: float) -> None:
    """Where none was taken in between, none can disagree."""

    def look(moment: datetime) -> tuple[datetime, bool]:
        taken = (moment - START) / timedelta(seconds=every) // 1 * every
        return at(taken), taken >= 1

    late = first_agreed(at(0), at(length), look) - at(1)
    assert timedelta(0) <= late <= timedelta(seconds=3 * every) + EXACT


def begins(shows: Callable[[datetime], tuple[int, int]]) -> list[tuple[StaffState, CustomerState, float]]:
    """By samples ten seconds apart for a minute, with the footage in between; of each moment staff and customers."""

    def look(moment: datetime) -> Observation:
        return Observation("c", "cam", moment, *shows(moment), 0.9)

    plan = CounterPlan(
        "c", "h", {"cam": Shows.WHOLE}, None, HallHours(ZoneInfo("UTC")), with_customers=frozenset({"cam"})
    )
    counter = WatchedCounter(plan, Debounce(max_gap=timedelta(seconds=20)), lambda moment: [look(moment)])
    changes = [change for seconds in range(0, 70, 10) for change in counter.observe(look(at(seconds)))]
    return [(change.staff, change.customer, (change.at - START).total_seconds()) for change in changes]


def test_a_passer_by_begins_no_waiting_before_the_customer_comes() -> None:
    """At 25 s, and the customer at 30 s."""
    [*_, waiting] = begins(lambda moment: (0, int(at(24.6) <= moment < at(25.5) or moment >= at(30))))
    assert waiting == (U, WAITING, 30)


def test_a_clerk_who_is_missed_once_is_away_only_once_they_have_left() -> None:
    """They bend down at 25 s, and leave at 28 s; the customer is there all the while."""
    [*_, left] = begins(lambda moment: (int(moment < at(24.6) or at(25.5) <= moment < at(28)), 1))
    assert left[:2] == (U, WAITING)
    assert 28 <= left[2] <= 29
