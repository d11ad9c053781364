"""What a camera shows of a counter holds for its own time: a turned camera does not show the past of another desk."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
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
from web.errors import Unprocessable
from web.looks import end_view, last_view, put_view

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
        turned = last_view(session, CAMERA, "cc-1", NOON)
        assert turned
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
    ended = last_view(session, CAMERA, "cc-1", NOON)
    assert ended
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
    found = last_view(session, CAMERA, "cc-1", NOON)
    assert found
    assert (found.valid_from, found.staff_zone) == (NOON - DAY, LEFT_HALF)


def test_a_view_that_is_planned_holds_from_its_day_to_its_end(session: Session) -> None:
    put_view(session, view("cc-3", valid_from=NOON + DAY, valid_to=NOON + 2 * DAY), NOON)
    days = [NOON, NOON + DAY, NOON + 2 * DAY - timedelta(seconds=1), NOON + 2 * DAY]
    assert ["cc-3" in counters_at(session, day) for day in days] == [False, True, True, False]
    planned = last_view(session, CAMERA, "cc-3", NOON)
    assert planned
    end_view(session, planned, NOON)
    assert spans(session, "cc-3") == []


def test_a_view_that_would_end_before_it_begins_is_refused(session: Session) -> None:
    with pytest.raises(Unprocessable) as refused:
        put_view(session, view("cc-3", valid_to=NOON - DAY), NOON)
    assert [problem.field for problem in refused.value.fields] == ["valid_to"]
