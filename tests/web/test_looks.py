"""What a camera shows of a counter holds for its own time: a turned camera does not show the past of another desk."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import nulls_first
from sqlmodel import Session, col, select

from correlation.linking import Linker
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import Case, Counter, FootageLink, Outcome, Source, View
from storage.views import in_force
from tests.correlation.scene import at, record, step
from tests.sample import CAMERA, HALL, LEFT_HALF, RIGHT_HALF, a_hall
from web.declarations import ViewDeclaration
from web.errors import NotFound, Unprocessable
from web.looks import end_view, put_view, views_left

NOON, DAY = at(3 * 3600), timedelta(days=1)
Spans = list[tuple[datetime | None, datetime | None]]


@pytest.fixture
def hall(sqlite_database: Database) -> Database:
    """A camera that has always looked at `cc-1`, and a counter `cc-3` that none has ever seen."""
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.delete(session.exec(select(View).where(View.counter_id == "cc-2")).one())
        session.add(Counter(id="cc-3", hall_id=HALL, number="3"))
    return sqlite_database


@pytest.fixture
def session(hall: Database) -> Iterator[Session]:
    with hall.transaction() as session:
        yield session


def view(counter: str = "cc-1", zone: list[list[float]] = LEFT_HALF, **dates: datetime) -> ViewDeclaration:
    return ViewDeclaration.model_validate({"camera": CAMERA, "counter": counter, "staff_zone": zone, **dates})


def spans(session: Session, counter: str = "cc-1") -> Spans:
    """In order; None is for ever."""
    found = session.exec(select(View).where(View.counter_id == counter).order_by(nulls_first(col(View.valid_from))))
    return [(view.valid_from, view.valid_to) for view in found]


def counters_at(session: Session, moment: datetime) -> set[str]:
    return set(session.exec(select(View.counter_id).where(in_force(moment))))


def test_a_step_from_before_a_camera_was_turned_gets_no_footage_of_the_other_desk(
    hall: Database, tmp_path: Path
) -> None:
    linker = Linker(hall, Footage(hall, FolderStore(tmp_path / "store"), tmp_path / "spool"))
    with hall.transaction() as session:
        record(session, 0, 300)
        session.add(Source(id="platform", hall_id=HALL))
        session.flush()
        session.add(Case(source_id="platform", number="1", hall_id=HALL, opened_at=at(0)))
        session.flush()
        step_id = step(session, 100, 160, counter_ref="3", counter_id="cc-3")
    linker.run_once(NOON)
    with hall.transaction() as session:
        (turned,) = views_left(session, CAMERA, "cc-1", NOON)
        end_view(session, turned, NOON)
        put_view(session, view("cc-3"), NOON)
    linker.run_once(NOON + timedelta(minutes=5))
    with hall.transaction() as session:
        link = session.exec(select(FootageLink).where(FootageLink.step_id == step_id)).one()
    assert (link.outcome, link.reason) == (Outcome.UNMAPPED, "no_view")


def test_the_first_view_of_a_camera_holds_for_all_time_and_a_later_one_from_now_on(session: Session) -> None:
    assert spans(session) == [(None, None)]
    put_view(session, view("cc-3"), NOON)
    assert spans(session, "cc-3") == [(NOON, None)]
    session.delete(session.exec(select(View).where(View.counter_id == "cc-1")).one())
    session.delete(session.exec(select(View).where(View.counter_id == "cc-3")).one())
    session.flush()
    put_view(session, view("cc-3"), NOON)
    assert spans(session, "cc-3") == [(None, None)]


def test_a_view_that_was_ended_begins_anew_and_not_in_the_past(session: Session) -> None:
    (ended,) = views_left(session, CAMERA, "cc-1", NOON)
    end_view(session, ended, NOON)
    put_view(session, view(), NOON + DAY)
    assert spans(session) == [(None, NOON), (NOON + DAY, None)]


def test_the_same_zones_with_other_dates_correct_the_view(session: Session) -> None:
    put_view(session, view(valid_from=NOON - DAY), NOON)
    assert spans(session) == [(NOON - DAY, None)]
    put_view(session, view(valid_to=NOON + DAY), NOON)
    assert spans(session) == [(NOON - DAY, NOON + DAY)]
    put_view(session, view(), NOON)
    assert spans(session) == [(NOON - DAY, None)]
    put_view(session, view(valid_to=NOON - DAY / 2), NOON)
    put_view(session, view(valid_to=NOON - DAY / 4), NOON)
    assert spans(session) == [(NOON - DAY, NOON - DAY / 4)]


def test_other_zones_from_a_day_on_end_what_was_before(session: Session) -> None:
    put_view(session, view(zone=RIGHT_HALF, valid_from=NOON - DAY), NOON)
    assert spans(session) == [(None, NOON - DAY), (NOON - DAY, None)]
    put_view(session, view(zone=LEFT_HALF, valid_from=NOON + DAY), NOON)
    assert spans(session) == [(None, NOON - DAY), (NOON - DAY, NOON + DAY), (NOON + DAY, None)]
    put_view(session, view(zone=[*LEFT_HALF[:3]], valid_from=NOON - 2 * DAY), NOON)
    assert spans(session) == [(None, NOON - 2 * DAY), (NOON - 2 * DAY, None)]


def test_what_was_in_between_long_ago_leaves_what_holds_now(session: Session) -> None:
    put_view(session, view(zone=RIGHT_HALF, valid_from=NOON - 2 * DAY, valid_to=NOON - DAY), NOON)
    assert spans(session) == [(None, NOON - 2 * DAY), (NOON - 2 * DAY, NOON - DAY), (NOON - DAY, None)]
    put_view(session, view(zone=[*LEFT_HALF[:3]], valid_from=NOON - 4 * DAY, valid_to=NOON - 3 * DAY), NOON)
    (found,) = views_left(session, CAMERA, "cc-1", NOON)
    assert (found.valid_from, found.staff_zone) == (NOON - DAY, LEFT_HALF)


def test_zones_of_a_morning_to_come_leave_what_is_shown_after_it(session: Session) -> None:
    end = NOON + DAY + timedelta(hours=3)
    put_view(session, view(zone=RIGHT_HALF, valid_from=NOON + DAY, valid_to=end), NOON)
    assert spans(session) == [(None, NOON + DAY), (NOON + DAY, end), (end, None)]
    after = session.exec(select(View).where(View.valid_from == end)).one()
    assert after.staff_zone == LEFT_HALF


def test_a_view_that_is_to_end_later_puts_off_the_one_that_follows_it(session: Session) -> None:
    put_view(session, view(zone=RIGHT_HALF, valid_from=NOON + DAY), NOON)
    now, _later = views_left(session, CAMERA, "cc-1", NOON)
    put_view(session, view(valid_to=NOON + 2 * DAY), NOON, view_id=now.id)
    assert spans(session) == [(None, NOON + 2 * DAY), (NOON + 2 * DAY, None)]
    assert [v.staff_zone for v in views_left(session, CAMERA, "cc-1", NOON)] == [LEFT_HALF, RIGHT_HALF]


def test_a_given_view_that_is_yet_to_begin_gets_other_zones_for_its_own_time(session: Session) -> None:
    planned = put_view(session, view(zone=RIGHT_HALF, valid_from=NOON + DAY), NOON)
    again = put_view(session, view(zone=[*LEFT_HALF[:3]]), NOON, view_id=planned.id)
    assert (again.id, again.valid_from, again.staff_zone) == (planned.id, NOON + DAY, LEFT_HALF[:3])


def test_a_view_of_another_pair_cannot_be_given(session: Session) -> None:
    other = put_view(session, view("cc-3"), NOON)
    with pytest.raises(NotFound):
        put_view(session, view(), NOON, view_id=other.id)


HOURS = st.integers(-4, 4)
ZONES = (LEFT_HALF, RIGHT_HALF, LEFT_HALF[:3])
DECLARED = st.tuples(st.integers(0, 2), st.none() | HOURS, st.none() | HOURS, st.none() | st.integers(0, 5))


def _at_half_past(views: Iterable[View]) -> dict[int, list[list[list[float]]]]:
    """What is shown in each hour."""
    found = list(views)
    return {
        hour: [v.staff_zone for v in found if _holds(v, NOON + timedelta(hours=hour + 0.5))] for hour in range(-6, 6)
    }


def _holds(view: View, moment: datetime) -> bool:
    return (view.valid_from is None or view.valid_from <= moment) and (view.valid_to is None or moment < view.valid_to)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(DECLARED, min_size=1, max_size=6))
def test_views_never_overlap_and_time_outside_of_what_is_declared_stays_as_it_was(
    session: Session, sequence: list[tuple[int, int | None, int | None, int | None]]
) -> None:
    for left in session.exec(select(View)):
        session.delete(left)
    session.flush()
    for zone, since, until, nth in sequence:
        if since is not None and until is not None and since >= until:
            continue
        views = {v.id: View(**v.model_dump()) for v in session.exec(select(View)).all()}
        dates = {"valid_from": since, "valid_to": until}
        times = {name: NOON + timedelta(hours=hour) for name, hour in dates.items() if hour is not None}
        declared = view("cc-1", ZONES[zone], **times)
        given_id = list(views)[nth] if nth is not None and nth < len(views) else None
        try:
            put = put_view(session, declared, NOON, view_id=given_id)
        except Unprocessable:
            continue
        before = _at_half_past(v for v in views.values() if v.id != put.id)
        after = _at_half_past(session.exec(select(View)).all())
        declared_time = _at_half_past([put])
        assert after == {hour: declared_time[hour] or before[hour] for hour in after}
        assert all(len(shown) <= 1 for shown in after.values())


def test_a_view_that_is_planned_holds_from_its_day_to_its_end(session: Session) -> None:
    put_view(session, view("cc-3", valid_from=NOON + DAY, valid_to=NOON + 2 * DAY), NOON)
    days = [NOON, NOON + DAY, NOON + 2 * DAY - timedelta(seconds=1), NOON + 2 * DAY]
    assert ["cc-3" in counters_at(session, day) for day in days] == [False, True, True, False]
    (planned,) = views_left(session, CAMERA, "cc-3", NOON)
    end_view(session, planned, NOON)
    assert spans(session, "cc-3") == []


def test_a_view_that_would_end_before_it_begins_is_refused(session: Session) -> None:
    with pytest.raises(Unprocessable) as refused:
        put_view(session, view("cc-3", valid_to=NOON - DAY), NOON)
    assert [problem.field for problem in refused.value.fields] == ["valid_to"]
