"""A clock that was a day ahead for a while and was set right again costs little of that day."""

from datetime import timedelta

import pytest
from sqlmodel import select

from analytics.again import Look
from analytics.clock_twice import CLOCK_SET_BACK, TimeSaidTwice
from analytics.diary import Diary
from analytics.looker import Looker
from analytics.pictures import Picture
from analytics.presence import Debounce
from analytics.reanalysis import Redoing
from analytics.watch import Watch
from storage.database import Database
from storage.intervals import Span
from storage.models import Reanalysis, StaffState
from tests.analytics.scenes import at
from tests.analytics.test_reanalysis import Recorded, absences, presence
from tests.analytics.world import MarkerDetector, drawn
from tests.sample import CAMERA, a_hall

DAY = 86400
STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN


@pytest.mark.parametrize(
    ("set_back_to", "leapt_over"),
    [
        (160, (160, DAY)),
        (130, (130, DAY)),
        (5000, (5000, DAY)),
        (20, None),
        (DAY + 10, None),
    ],
    ids=["as if it had never leapt", "nearly", "it may have stood", "before it leapt", "what it said since"],
)
def test_what_it_had_leapt_over_is_said_for_the_first_time(
    set_back_to: float, leapt_over: tuple[float, float] | None
) -> None:
    clock = TimeSaidTwice()
    for second in (98, 99, 100, DAY, DAY + 30, DAY + 60):
        assert not clock.says(at(second))
    assert clock.says(at(set_back_to))
    assert clock.leapt_over == (leapt_over and Span(at(leapt_over[0]), at(leapt_over[1])))


def test_a_clock_that_only_stood_had_leapt_over_nothing() -> None:
    clock = TimeSaidTwice()
    clock.has_leapt(at(0), at(5))
    assert [clock.says(at(second)) for second in (100, 40)] == [False, True]
    assert clock.leapt_over is None


def left(second: float) -> str:
    return "nobody" if 1000 <= second < 2000 else "staff"


@pytest.mark.parametrize(
    ("told", "now", "leapt_over"),
    [
        (1380, 1400, (160, DAY)),
        (1380, 5000, (160, DAY)),
        (1380, DAY + 1, None),
        (1380, 900, None),
        (DAY + 60, 170, (170, DAY)),
        (DAY + 60, 20, None),
    ],
    ids=["at once", "after an hour", "it has caught up", "set back again", "set right meanwhile", "before it leapt"],
)
def test_another_that_begins_goes_on_with_what_was_known_of_a_leap(
    told: float, now: float, leapt_over: tuple[float, float] | None
) -> None:
    known = None if told > DAY else Span(at(160), at(DAY))
    clock = TimeSaidTwice()
    clock.resume_leaps(Span(at(100), at(DAY)), known, at(told), at(now))
    assert clock.leapt_over == (leapt_over and Span(at(leapt_over[0]), at(leapt_over[1])))


@pytest.mark.parametrize(
    ("began_ahead", "restarted_at"),
    [(False, 1400), (True, None)],
    ids=["it leapt, and the watcher is restarted while it catches up", "it was wrong as the watcher started"],
)
def test_it_is_looked_at_in_footage_while_what_lies_ahead_is_still_to_come(
    sqlite_database: Database, began_ahead: bool, restarted_at: float | None
) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
    recorded = Recorded(left)
    again = Redoing(
        sqlite_database,
        Look(Looker(MarkerDetector()), recorded, timedelta(seconds=5), Debounce()),
        "watcher-1",
        "marker",
    )

    def tick(watch: Watch, diary: Diary, second: float) -> None:
        diary.follow(watch, at(second))
        watch.take_live([Picture(CAMERA, at(second), drawn(left(second), second))], at(second))
        watch.settle(at(second))
        diary.write(watch, at(second), {})

    def started(second: float) -> tuple[Watch, Diary]:
        return Watch(Looker(MarkerDetector())), Diary(sqlite_database, "marker", "watcher-1", at(second))

    watch, diary = started(0)
    for second in range(0, 40, 4):
        tick(watch, diary, second)
    if began_ahead:
        watch, diary = started(DAY)
    for second in range(DAY, DAY + 40, 4):
        tick(watch, diary, second)
    for second in range(80, 3000, 40):
        if second == restarted_at:
            watch, diary = started(second)
        tick(watch, diary, second)
        while again.go_on(at(second), 1000):
            pass
    said = [row for row in presence(sqlite_database) if row[2] is not UNKNOWN and row[0] < DAY]
    assert [(state, start) for start, _, state, _ in said if start > 100][:2] == [(UNSTAFFED, 1000), (STAFFED, 2000)]
    assert ((1000, 2000, "returned")) in absences(sqlite_database)
    with sqlite_database.transaction() as session:
        rows = session.exec(select(Reanalysis)).all()
        assert len({row.start for row in rows}) <= 5, "some minutes at once"
    for second in range(DAY - 40, DAY + 60, 4):
        tick(watch, diary, second)
    assert {row[3] for row in presence(sqlite_database) if row[0] >= DAY and row[2] is UNKNOWN} == {CLOCK_SET_BACK}
