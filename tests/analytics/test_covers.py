"""When nobody is absent: leave, cover, and the paired counter."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from analytics.covers import by_pair, excuses
from analytics.diary import Diary
from analytics.looker import Looker
from analytics.runs import COVERED, OFF_DUTY, UNKNOWN, Excuse, PresenceSpan
from analytics.watch import Watch
from storage.database import Database
from storage.intervals import Span, intersect, total
from storage.models import CounterPair, Cover, CoverKind, CustomerState, Presence, Role, Roster, StaffState, User
from storage.statutory import is_announced
from tests.analytics.scenes import START, at
from tests.analytics.world import MarkerDetector
from tests.sample import a_hall

S, U, N = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
NOBODY = CustomerState.NONE
UNANNOUNCED = next(year for year in range(2026, 2100) if not is_announced(year))


def of_pair(presence: list[PresenceSpan], start: float, end: float) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {COVERED: [], UNKNOWN: []}
    for excuse in by_pair(presence, Span(at(start), at(end))):
        found[excuse.why].append(
            ((excuse.span.start - START).total_seconds(), (excuse.span.end - START).total_seconds())
        )
    return found


def seen(start: float, end: float | None, staff: StaffState) -> PresenceSpan:
    return PresenceSpan(at(start), None if end is None else at(end), staff, NOBODY)


def test_a_paired_counter_covers_while_it_is_staffed_and_excuses_while_it_is_unknown() -> None:
    presence = [seen(0, 100, S), seen(100, 200, U), seen(200, 300, N), seen(300, None, U)]
    assert of_pair(presence, 50, 400) == {COVERED: [(50, 100)], UNKNOWN: [(200, 300)]}


def test_a_paired_counter_that_nobody_has_watched_is_unknown() -> None:
    assert of_pair([], 0, 100) == {COVERED: [], UNKNOWN: [(0, 100)]}


def test_its_last_state_is_taken_to_go_on() -> None:
    assert of_pair([seen(0, None, S)], 50, 400) == {COVERED: [(50, 400)], UNKNOWN: []}


@given(st.lists(st.tuples(st.integers(0, 200), st.sampled_from(StaffState)), max_size=8), st.integers(0, 500))
def test_only_where_the_other_was_seen_unstaffed_somebody_can_be_absent(
    parts: list[tuple[int, StaffState]], start: int
) -> None:
    presence, clock = [], 0
    for length, staff in parts:
        presence.append(seen(clock, clock + length, staff))
        clock += length
    held = Span(at(start), at(start + 600))
    excused = [excuse.span for excuse in by_pair(presence, held)]
    alone = intersect([Span(p.start, p.end or p.start) for p in presence if p.staff is U], [held])
    assert total(excused) + total(alone) == held.duration
    assert intersect(excused, alone) == []


def a_hall_with_cover(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        session.add(User(id=1, name="s", password_hash="", role=Role.SUPERVISOR, created_at=START))
        session.flush()
        for kind, start, end, withdrawn in (
            (CoverKind.LEAVE, at(0), at(60), None),
            (CoverKind.COVER, at(90), None, None),
            (CoverKind.LEAVE, at(0), at(90), at(5)),
        ):
            session.add(
                Cover(
                    counter_id="cc-1",
                    kind=kind,
                    who="w",
                    start=start,
                    end=end,
                    noted_by=1,
                    noted_at=START,
                    withdrawn_at=withdrawn,
                )
            )
        session.add(CounterPair(one_id="cc-1", other_id="cc-2", valid_from=at(-50), valid_to=at(70)))
        session.add(Presence(counter_id="cc-1", start=at(-99), staff=U, customer=NOBODY))
        session.add(Presence(counter_id="cc-2", start=at(-99), end=at(65), staff=U, customer=NOBODY))
        session.add(Presence(counter_id="cc-2", start=at(65), end=at(80), staff=S, customer=NOBODY))


def test_what_is_registered_holds_unless_it_was_withdrawn(database: Database) -> None:
    a_hall_with_cover(database)
    with database.transaction() as session:
        found = excuses(session, {"cc-1": Span(at(-99), at(100)), "cc-2": Span(at(-99), at(100))})
    assert found["cc-1"] == tuple(
        Excuse(Span(at(start), at(end)), COVERED) for start, end in ((0, 60), (65, 70), (90, 100))
    )
    assert [(excuse.span, excuse.why) for excuse in found["cc-2"]] == []


def test_outside_its_roster_nobody_is_absent_from_a_counter(database: Database) -> None:
    """09:00 to 12:00 of weekdays in China, which a holiday has not and a make-up Saturday has; not before it held."""
    with database.transaction() as session:
        a_hall(session)
        since = datetime(2026, 2, 9, tzinfo=UTC)
        for day in range(7):
            session.add(Roster(counter_id="cc-1", weekday=day, opens="09:00", closes="12:00", valid_from=since))
    hours = timedelta(hours=1)
    monday, new_year, make_up = (datetime(2026, 2, day, 1, tzinfo=UTC) for day in (9, 17, 28))
    with database.transaction() as session:

        def off(start: datetime, end: datetime, counter: str = "cc-1") -> list[tuple[datetime, datetime]]:
            found = excuses(session, {counter: Span(start, end)})[counter]
            assert {excuse.why for excuse in found} <= {OFF_DUTY}
            return [(excuse.span.start, excuse.span.end) for excuse in found]

        assert off(monday, monday + 5 * hours) == [(monday + 3 * hours, monday + 5 * hours)]
        assert off(monday, monday + 5 * hours, "cc-2") == []
        assert off(new_year, new_year + 5 * hours) == [(new_year, new_year + 5 * hours)]
        assert off(make_up, make_up + 4 * hours) == [(make_up + 3 * hours, make_up + 4 * hours)]
        assert off(since - 99 * hours, since) == []
        perhaps_new_year = datetime(UNANNOUNCED, 1, 1, 1, tzinfo=UTC)
        assert off(perhaps_new_year, perhaps_new_year + hours) == [(perhaps_new_year, perhaps_new_year + hours)]


def test_the_watcher_hears_of_it(sqlite_database: Database) -> None:
    a_hall_with_cover(sqlite_database)
    watch = Watch(Looker(MarkerDetector()))
    Diary(sqlite_database, "marker", "watcher-1", START).follow(watch, at(95))
    assert [excuse.span.start for excuse in watch.counters["cc-1"].excuses] == [at(0), at(65), at(90)]
    assert watch.counters["cc-1"].excuses[-1].span.end > at(95) + timedelta(days=1)
