"""Recorded footage is looked at again: what is seen now takes the place of what was said, and nothing is guessed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from analytics.again import PIECE, Look, pieces, within
from analytics.diary import Diary
from analytics.looker import Looker
from analytics.pictures import Picture
from analytics.presence import Debounce, Transition
from analytics.reanalysis import ABANDONED, Redoing, ask, ask_instead, claim, differences, let_go
from analytics.rewriting import rejudge, rewrite_presence
from analytics.taken_back import TIME_CORRECTED, take_back
from analytics.watch import Watch
from storage.database import Database
from storage.intervals import Span, total
from storage.models import (
    Absence,
    Alert,
    AlertKind,
    AlertState,
    CustomerState,
    Presence,
    PrivacyMask,
    Reanalysis,
    StaffState,
    WatchCursor,
)
from storage.objects import StoreError
from tests.analytics.scenes import START, at
from tests.analytics.world import FailingDetector, MarkerDetector, drawn
from tests.sample import CAMERA, HALL, a_hall

COUNTER = "cc-1"
NOW = at(4000)
STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
Script = Callable[[float], str]


class Recorded:
    """Footage in which every second shows what the script says; nothing where it says nothing."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.asked: list[datetime] = []

    def pictures(self, camera_id: str, start: datetime, end: datetime, step: timedelta) -> Iterator[Picture]:
        self.asked.append(start)
        wall = start
        while wall < end:
            seconds = (wall - START).total_seconds()
            if seconds >= 0 and (shown := self._script(seconds)):
                yield Picture(camera_id, wall, drawn(shown, seconds))
            wall += step

    def picture(self, camera_id: str, at: datetime) -> Picture | None:
        """Between those."""
        seconds = (at - START).total_seconds()
        return Picture(camera_id, at, drawn(self._script(seconds), seconds))


class Away(Recorded):
    """In a store that does not answer at first."""

    def pictures(self, camera_id: str, start: datetime, end: datetime, step: timedelta) -> Iterator[Picture]:
        if not self.asked:
            self.asked.append(start)
            raise StoreError("connection refused")
        yield from super().pictures(camera_id, start, end, step)


def redoing(
    database: Database,
    script: Script | Recorded,
    worker: str = "watcher-1",
    detector: str = "marker",
    looker: Looker | None = None,
) -> Redoing:
    recorded = script if isinstance(script, Recorded) else Recorded(script)
    look = Look(looker or Looker(MarkerDetector()), recorded, timedelta(seconds=5), Debounce())
    return Redoing(database, look, worker, detector)


def work_off(database: Database, script: Script | Recorded, now: datetime = NOW) -> None:
    worker = redoing(database, script)
    while worker.go_on(now, 100):
        pass


def presence(database: Database) -> list[tuple[float, float | None, StaffState, str]]:
    with database.transaction() as session:
        rows = session.exec(select(Presence).where(Presence.counter_id == COUNTER).order_by(col(Presence.start)))
        return [(_s(row.start), None if row.end is None else _s(row.end), row.staff, row.reason) for row in rows]


def absences(database: Database) -> list[tuple[float, float | None, str]]:
    with database.transaction() as session:
        rows = session.exec(select(Absence).order_by(col(Absence.start)))
        return [(_s(row.start), None if row.end is None else _s(row.end), row.ended_by) for row in rows]


def alerts(database: Database) -> list[AlertState]:
    with database.transaction() as session:
        return [alert.state for alert in session.exec(select(Alert).order_by(col(Alert.id)))]


def _s(moment: datetime) -> float:
    return (moment - START).total_seconds()


def seen(start: float, end: float | None, staff: StaffState) -> Presence:
    ends = None if end is None else at(end)
    people = {STAFFED: 1, UNSTAFFED: 0}.get(staff)
    row = Presence(counter_id=COUNTER, start=at(start), end=ends, staff=staff, customer=CustomerState.UNKNOWN)
    row.staff_count, row.staff_most, row.source = people, people, "marker"
    return row


def absent(session: Session, start: float, end: float | None) -> None:
    row = Absence(
        counter_id=COUNTER,
        start=at(start),
        end=None if end is None else at(end),
        ended_by="" if end is None else "returned",
        threshold_s=300,
    )
    session.add(row)
    session.flush()
    session.add(Alert(kind=AlertKind.ABSENCE, hall_id=HALL, absence_id=row.id, raised_at=at(start + 300)))
    session.flush()


@pytest.fixture
def hall(database: Database) -> Database:
    return _with_a_morning(database)


@pytest.fixture
def site(sqlite_database: Database) -> Database:
    return _with_a_morning(sqlite_database)


def _with_a_morning(database: Database) -> Database:
    """Staffed, empty from 1000 to 1600, which was an absence, and staffed since."""
    with database.transaction() as session:
        a_hall(session)
        session.add_all([seen(0, 1000, STAFFED), seen(1000, 1600, UNSTAFFED), seen(1600, None, STAFFED)])
        session.add(WatchCursor(camera_id=CAMERA, watched_to=NOW))
        absent(session, 1000, 1600)
    return database


def corrected(database: Database, start: float, end: float) -> None:
    """As a correction of time does."""
    with database.transaction() as session:
        span = Span(at(start), at(end))
        ask_instead(session, COUNTER, [span], "li.wei", NOW, correction_id=None)
        take_back(session, COUNTER, [span], NOW, TIME_CORRECTED)


def job(database: Database) -> Reanalysis:
    with database.transaction() as session:
        return session.exec(select(Reanalysis)).one()


def test_edges_are_found_to_the_second_where_there_are_pictures_between_the_samples(hall: Database) -> None:
    def left(seconds: float) -> str:
        return "nobody" if 1302.5 <= seconds < 1898.5 else "staff"

    corrected(hall, 900, 2000)
    footage = Recorded(left)
    look = Look(Looker(MarkerDetector()), footage, timedelta(seconds=5), Debounce(), footage)
    worker = Redoing(hall, look, "watcher-1", "marker")
    while worker.go_on(NOW, 100):
        pass
    ((start, end),) = [(start, end) for start, end, state, _ in presence(hall) if state is UNSTAFFED and start > 1000]
    assert end is not None
    assert (abs(start - 1302.5) <= 1, abs(end - 1898.5) <= 1) == (True, True)
    with hall.transaction() as session:
        row = session.exec(select(Presence).where(Presence.start == at(start))).one()
    assert row.frames[0] == [CAMERA, at(start).isoformat()], "the picture by which it is dated"
    assert all(_s(datetime.fromisoformat(taken)) >= 1302.5 for _camera, taken in row.frames)


def five_minutes_later(seconds: float) -> str:
    """What the morning was, by the right time."""
    return "nobody" if 1300 <= seconds < 1900 else "staff"


def test_until_it_was_looked_at_again_it_is_unknown(hall: Database) -> None:
    corrected(hall, 900, 2000)
    assert presence(hall) == [
        (0, 900, STAFFED, ""),
        (900, 1000, UNKNOWN, "time_corrected"),
        (1000, 1600, UNKNOWN, "time_corrected"),
        (1600, 2000, UNKNOWN, "time_corrected"),
        (2000, None, STAFFED, ""),
    ]
    assert absences(hall) == [(1000, 1000, "withdrawn")]
    assert alerts(hall) == [AlertState.WITHDRAWN]


def test_what_is_seen_again_is_said_from_then_on_with_its_absence(hall: Database) -> None:
    corrected(hall, 900, 2000)
    work_off(hall, five_minutes_later)
    assert presence(hall) == [
        (0, 1300, STAFFED, ""),
        (1300, 1900, UNSTAFFED, ""),
        (1900, 2000, STAFFED, ""),
        (2000, None, STAFFED, ""),
    ]
    assert absences(hall) == [(1300, 1900, "returned")], "it is the same, of another time"
    assert alerts(hall) == [AlertState.RESOLVED]
    changes = job(hall).changes
    assert (changes["before_s"]["unstaffed"], changes["after_s"]["unstaffed"]) == (600, 600)
    assert [(each["before"], each["after"]) for each in changes["changed"]] == [
        ("unstaffed", "staffed"),
        ("staffed", "unstaffed"),
    ]


def test_the_same_seen_again_is_the_same_absence_and_calls_nobody(site: Database) -> None:
    corrected(site, 900, 2000)
    work_off(site, lambda seconds: "nobody" if 1001 <= seconds < 1600 else "staff")
    assert absences(site) == [(1005, 1600, "returned")]
    assert alerts(site) == [AlertState.RESOLVED], "it was one after all"
    with site.transaction() as session:
        (alert,) = session.exec(select(Alert)).all()
        assert alert.state is AlertState.RESOLVED


def test_where_there_is_no_footage_nothing_is_known(site: Database) -> None:
    corrected(site, 900, 2000)
    work_off(site, lambda seconds: "" if seconds >= 1200 else "staff")
    assert presence(site)[:2] == [(0, 1195, STAFFED, ""), (1195, 2000, UNKNOWN, "no_footage")]
    assert absences(site) == [(1000, 1000, "withdrawn")]


def test_footage_that_is_gone_takes_back_nothing_that_was_seen_in_it(site: Database) -> None:
    before = presence(site), absences(site)
    with site.transaction() as session:
        ask(session, COUNTER, Span(at(900), at(2000)), "li.wei", NOW)
    work_off(site, lambda seconds: "")
    assert job(site).done_at == NOW
    assert (presence(site), absences(site)) == before


@pytest.mark.parametrize("failing", [(0, 4000), (1200, 1300)], ids=["all the time", "for a while"])
def test_nor_does_a_detector_that_fails_on_it(site: Database, failing: tuple[int, int]) -> None:
    """What it saw before it failed stands: nothing else was seen instead."""
    before = absences(site)
    with site.transaction() as session:
        ask(session, COUNTER, Span(at(900), at(2000)), "li.wei", NOW)
    first, last = failing

    def shown(seconds: float) -> str:
        return "broken" if first <= seconds < last else "nobody" if 1000 <= seconds < 1600 else "staff"

    worker = redoing(site, shown, looker=Looker(FailingDetector(), goes_on=True))
    while worker.go_on(NOW, 100):
        pass
    assert job(site).changes["changed"] == []
    assert absences(site) == before
    assert UNKNOWN not in [staff for _, _, staff, _ in presence(site)]


@pytest.mark.parametrize("missing", [(0, 1200), (1200, 1300)], ids=["of the beginning", "between"])
def test_nor_does_footage_that_is_gone_in_part(site: Database, missing: tuple[int, int]) -> None:
    before = absences(site)
    with site.transaction() as session:
        ask(session, COUNTER, Span(at(900), at(2000)), "li.wei", NOW)
    start, end = missing

    def left_over(seconds: float) -> str:
        return "" if start <= seconds < end else "nobody" if 1000 <= seconds < 1600 else "staff"

    work_off(site, left_over)
    assert job(site).changes["changed"] == []
    assert absences(site) == before


def test_what_nobody_saw_and_what_is_dark_now_stays_or_becomes_unknown(site: Database) -> None:
    with site.transaction() as session:
        ask(session, COUNTER, Span(at(900), at(2000)), "li.wei", NOW)
    work_off(
        site, lambda seconds: "dark" if 1200 <= seconds < 1300 else "nobody" if 1000 <= seconds < 1600 else "staff"
    )
    assert [(row[2], row[3]) for row in presence(site) if row[2] is UNKNOWN] == [(UNKNOWN, "dark")]


def test_while_the_store_is_away_nothing_is_said(site: Database) -> None:
    corrected(site, 900, 2000)
    worker = redoing(site, Away(five_minutes_later))
    with pytest.raises(StoreError):
        worker.go_on(NOW, 100)
    assert job(site).done_at is None
    while worker.go_on(NOW + timedelta(minutes=5), 100):
        pass
    assert absences(site)[-1] == (1300, 1900, "returned")


def test_an_absence_that_began_before_is_judged_as_a_whole(site: Database) -> None:
    corrected(site, 1500, 2000)
    work_off(site, lambda seconds: "nobody" if 1000 <= seconds < 1800 else "staff")
    assert absences(site) == [(1000, 1800, "returned")]


def test_an_absence_that_lasts_goes_on_with_its_alert(site: Database) -> None:
    with site.transaction() as session:
        rewrite_presence(session, COUNTER, Span(at(1600), NOW), [_state(1600, UNSTAFFED)], "marker")
        open_row = session.exec(select(Presence).where(col(Presence.end).is_(None))).one()
        open_row.staff = UNSTAFFED
        row = session.exec(select(Absence)).one()
        row.end, row.ended_by = None, ""
    corrected(site, 900, 2000)
    work_off(site, lambda seconds: "staff" if seconds < 1000 else "nobody")
    assert absences(site) == [(1000, None, "")]
    with site.transaction() as session:
        assert session.exec(select(Alert)).one().state is AlertState.RAISED


def _state(start: float, staff: StaffState) -> Transition:
    return Transition(COUNTER, at(start), staff, CustomerState.UNKNOWN)


def test_who_dies_has_written_whole_pieces_and_the_next_goes_on_after_them(site: Database) -> None:
    corrected(site, 0, 1500)
    first = Recorded(five_minutes_later)
    worker = redoing(site, first)
    while job(site).watched_to is None:
        worker.go_on(NOW, 100)
    assert (job(site).watched_to, job(site).done_at) == (at(600), None)
    second = Recorded(five_minutes_later)
    work_off(site, second)
    assert min(second.asked) == at(560)
    assert job(site).done_at == NOW
    assert presence(site)[:2] == [(0, 1300, STAFFED, ""), (1300, 1500, UNSTAFFED, "")]


def test_nobody_takes_up_what_another_works_at_unless_that_one_has_died(hall: Database) -> None:
    corrected(hall, 0, 1000)
    with hall.transaction() as session:
        assert claim(session, "one", "marker", NOW) is not None
        assert claim(session, "another", "marker", NOW) is None
        assert claim(session, "one", "marker", NOW) is not None, "started anew"
        assert claim(session, "another", "marker", NOW + ABANDONED + timedelta(seconds=1)) is not None


@pytest.mark.parametrize("looks_at_once", [1, 1000], ids=["as it looks", "as it writes"])
def test_who_was_silent_for_so_long_that_another_took_over_writes_nothing_more(
    hall: Database, looks_at_once: int
) -> None:
    corrected(hall, 500, 1700)
    slow = redoing(hall, lambda _seconds: "nobody", "slow")
    assert slow.go_on(NOW, looks_at_once)
    later = NOW + ABANDONED + timedelta(seconds=1)
    other = redoing(hall, five_minutes_later, "other")
    assert other.go_on(later, 1)
    before = job(hall), presence(hall), absences(hall)
    assert slow.go_on(later, 1000)
    assert (job(hall), presence(hall), absences(hall)) == before
    assert not slow.go_on(later, 1000), "and it works at it no more"
    while other.go_on(later, 1000):
        pass
    after = job(hall), presence(hall), absences(hall)
    assert (after[0].worker, after[0].done_at) == ("other", later)
    assert not slow.go_on(later + ABANDONED, 1000)
    assert (job(hall), presence(hall), absences(hall)) == after


def jobs(database: Database) -> list[tuple[float, float, bool, int | None]]:
    with database.transaction() as session:
        rows = session.exec(select(Reanalysis).order_by(col(Reanalysis.id)))
        return [(_s(row.start), _s(row.end), row.done_at is not None, row.superseded_by) for row in rows]


@pytest.mark.parametrize("looked", [0, 1], ids=["nobody has begun", "half of it is written"])
def test_a_correction_that_is_taken_back_is_not_looked_at_any_more(hall: Database, looked: int) -> None:
    corrected(hall, 500, 2000)
    dead = redoing(hall, lambda _seconds: "nobody", "slow")
    while looked and job(hall).watched_to is None:
        dead.go_on(NOW, 100)
    corrected(hall, 500, 2000)
    assert jobs(hall) == [(500, 2000, True, 2), (500, 2000, False, None)]
    before = presence(hall), absences(hall)
    while dead.busy:
        dead.go_on(NOW, 1000)
    assert (presence(hall), absences(hall)) == before
    work_off(hall, lambda seconds: "nobody" if 1000 <= seconds < 1600 else "staff")
    assert absences(hall) == [(1000, 1600, "returned")]


def test_the_newest_word_on_a_span_looks_at_all_that_the_earlier_ones_left(site: Database) -> None:
    corrected(site, 500, 1200)
    corrected(site, 3000, 3100)
    corrected(site, 1100, 2000)
    assert jobs(site) == [(500, 1200, True, 3), (3000, 3100, False, None), (500, 2000, False, None)]
    for _each in (2, 3):
        work_off(site, five_minutes_later)
    assert absences(site) == [(1300, 1900, "returned")]


def test_what_was_begun_with_one_detector_is_not_ended_with_another(site: Database) -> None:
    with site.transaction() as session:
        ask(session, COUNTER, Span(at(0), at(60)), "li.wei", NOW, source="yolo")
        assert claim(session, "one", "marker", NOW) is None
        assert claim(session, "one", "yolo", NOW) is not None


def test_nor_is_it_ended_by_another_score_or_with_pictures_further_apart(site: Database) -> None:
    def look(score: float, step: float) -> Look:
        return Look(Looker(MarkerDetector(), score), Recorded(five_minutes_later), timedelta(seconds=step), Debounce())

    with site.transaction() as session:
        ask(session, COUNTER, Span(at(0), at(1500)), "li.wei", NOW, source="marker", closeness=look(0.35, 5).closeness)
    for other in (look(0.5, 5), look(0.35, 1)):
        assert not Redoing(site, other, "watcher-1", "marker").go_on(NOW, 100)
    assert job(site).worker == ""
    assert Redoing(site, look(0.35, 5), "watcher-1", "marker").go_on(NOW, 100)
    assert job(site).worker == "watcher-1"


def test_its_progress_is_told_within_a_piece(site: Database) -> None:
    corrected(site, 0, 1500)
    worker = redoing(site, five_minutes_later)
    told: list[float] = []
    while worker.go_on(NOW, 16):
        if progress := worker.progress():
            told.append(_s(progress[1]))
    assert told == sorted(told)
    assert max(after - before for before, after in pairwise([0.0, *told, 1500.0])) <= 16 * 5 + 5
    assert told[-1] <= 1500


def test_the_live_watch_goes_on_from_what_was_written_again(site: Database) -> None:
    """The counter has been empty since before the correction's end, and the watch remembers it from 1000 on."""
    with site.transaction() as session:
        for row in session.exec(select(Presence).where(col(Presence.start) > at(1000))):
            session.delete(row)
        session.flush()
        row = session.exec(select(Presence).where(Presence.staff == UNSTAFFED)).one()
        row.end = None
    watch = Watch(Looker(MarkerDetector()))
    diary = Diary(site, "marker", "watcher-1", NOW)
    diary.follow(watch, NOW)
    assert watch.counters[COUNTER].since == at(1000)
    corrected(site, 900, 2000)
    diary.follow(watch, NOW)
    assert watch.counters[COUNTER].since == at(2000), "what was taken back is forgotten"
    work_off(site, lambda seconds: "staff" if seconds < 1300 else "nobody")
    diary.follow(watch, NOW)
    assert watch.counters[COUNTER].since == at(1300)
    remembered = watch.counters[COUNTER]
    diary.follow(watch, NOW)
    assert watch.counters[COUNTER] is remembered, "once is enough"


def test_judging_again_what_has_not_changed_changes_nothing(site: Database) -> None:
    from analytics.judging import plan_then

    def rows() -> list[dict[str, Any]]:
        with site.transaction() as session:
            return [row.model_dump(exclude={"evidence", "rule_version"}) for row in session.exec(select(Absence))]

    before = rows()
    with site.transaction() as session:
        plan = plan_then(session, COUNTER, at(0)).counters[COUNTER]
        rejudge(session, plan, Span(at(1200), at(1300)), NOW)
    assert rows() == before


moments = st.integers(0, 4000)


@given(moments, moments, st.lists(moments, max_size=5))
@settings(max_examples=60)
def test_pieces_are_the_span_and_none_goes_across_a_change(first: int, length: int, changes: list[int]) -> None:
    span = Span(at(first), at(first + length))
    found = list(pieces(span, sorted(map(at, changes))))
    assert total(found) == span.duration
    assert [piece.start for piece in found[1:]] == [piece.end for piece in found[:-1]]
    assert all(piece.duration <= PIECE for piece in found)
    assert not any(piece.start < at(change) < piece.end for piece in found for change in changes)


@given(st.lists(moments, unique=True, max_size=8), moments, st.integers(1, 500))
@settings(max_examples=60)
def test_the_states_of_a_piece_begin_with_it_and_follow_one_another(
    changes: list[int], start: int, length: int
) -> None:
    piece = Span(at(start), at(start + length))
    told = [replace(_state(change, STAFFED), at=at(change)) for change in sorted([-1, *changes])]
    states = within(piece, told)
    assert states[0].at == piece.start
    assert all(one.at < two.at < piece.end for one, two in pairwise(states))


def test_differences_are_told_where_both_say_something() -> None:
    def told(*states: tuple[float, float, str]) -> dict[str, Any]:
        rows = [[at(start).isoformat(), at(end).isoformat(), staff] for start, end, staff in states]
        return {"states": rows, "absences": [], "events": []}

    changes = differences(
        told((0, 10, "staffed"), (10, 30, "unstaffed")), told((0, 5, "staffed"), (5, 20, "unstaffed"))
    )
    assert [(each["before"], each["after"]) for each in changes["changed"]] == [("staffed", "unstaffed")]
    assert changes["after_s"] == {"staffed": 5, "unstaffed": 15, "unknown": 0}


def test_nobody_is_seen_under_a_privacy_mask_when_it_is_looked_again(hall: Database) -> None:
    """A mask over what is drawn of the clerk, who fills less than half of the zone."""
    with hall.transaction() as session:
        session.add(
            PrivacyMask(
                camera_id=CAMERA, polygon=[[0.15, 0.3], [0.35, 0.3], [0.35, 0.8], [0.15, 0.8]], reason="a window"
            )
        )
        ask(session, COUNTER, Span(at(0), at(100)), "li.wei", NOW)
    work_off(hall, lambda _seconds: "staff")
    assert presence(hall)[0][2] is UNSTAFFED


@pytest.mark.parametrize("dies", [False, True], ids=["stopped", "killed"])
def test_what_is_left_half_done_has_the_absences_of_what_is_written(hall: Database, dies: bool) -> None:
    """The first half says that the absence never was; nobody goes on, for no other has that detector."""
    with hall.transaction() as session:
        ask(session, COUNTER, Span(at(1000), at(3000)), "li.wei", NOW, worker="command", source="marker")
    command = redoing(hall, lambda _seconds: "staff", "command")
    while job(hall).watched_to is None:
        command.go_on(NOW, 100)
    assert absences(hall) == [(1000, 1600, "returned")], "the piece ends at 1600, and is not judged yet"
    if not dies:
        with hall.transaction() as session:
            let_go(session, job(hall).id or 0, "command", NOW)
    later = NOW + 2 * ABANDONED
    watcher = redoing(hall, lambda _seconds: "nobody", "watcher-1", "ssd")
    assert not watcher.go_on(later, 100)
    assert absences(hall) == [(1000, 1000, "withdrawn")]
    assert (job(hall).watched_to, job(hall).done_at) == (at(1600), None)
    assert command.go_on(later + ABANDONED, 100), "who has it in hand still notices that it is no longer theirs"
    assert not command.busy
    again = redoing(hall, lambda _seconds: "staff", "command-2")
    while again.go_on(later + 2 * ABANDONED, 100):
        pass
    assert job(hall).done_at is not None


def test_what_one_detector_has_begun_of_what_any_may_do_another_goes_on_with(site: Database) -> None:
    corrected(site, 0, 1500)
    before = redoing(site, lambda _seconds: "staff")
    while job(site).watched_to is None:
        before.go_on(NOW, 100)
    after = redoing(site, lambda _seconds: "staff", "watcher-1", "another")
    while after.go_on(NOW, 100):
        pass
    assert job(site).done_at == NOW
