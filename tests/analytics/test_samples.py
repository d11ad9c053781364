"""Labelled samples: one for each wrong alert, by either database."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from analytics.samples import LONGEST, Answer, NoPicture, inside_of, label_of, mark, of_absence, take_back
from storage.database import Database
from storage.models import Absence, Role, Sample, SampleState, User, View, ZoneRole, ZoneRule
from tests.analytics.scenes import at
from tests.sample import LEFT_HALF, a_hall


def test_no_two_samples_are_kept_of_one_alert(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        session.add(User(id=1, name="s", role=Role.SUPERVISOR, password_hash="x", created_at=at(0)))
        absence = Absence(id=1, counter_id="cc-1", start=at(0), end=at(60), threshold_s=1)
        session.add(absence)
        session.flush()
        about = of_absence(absence, at(90))
        first = mark(session, about, Answer(True), 1, at(90))
        assert mark(session, about, Answer(True), 1, at(91)) is first
        assert first.polygon == LEFT_HALF
        with pytest.raises(NoPicture):
            mark(session, of_absence(Absence(id=2, counter_id="cc-1", start=at(0), end=at(1), threshold_s=1), at(9)),
                 Answer(True, ZoneRole.CUSTOMER), 1, at(9))  # fmt: skip
        take_back(session, first, 1, at(92))
        mark(session, about, Answer(True), 1, at(93))
    again = Sample(**first.model_dump(exclude={"id", "taken_back_at", "taken_back_by"}) | {"state": SampleState.KEPT})
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.add(again)


@pytest.mark.parametrize(
    ("of_view", "cut_at", "inside"),
    [("", None, "foot"), ("overlap 0.4", None, "overlap 0.4"), ("overlap 0.4", 30, "overlap 0.4"), ("", 0, "foot")],
)
def test_who_is_inside_is_told_by_the_rule_of_then(
    database: Database, of_view: str, cut_at: float | None, inside: str
) -> None:
    """Whatever the view and the zone rule say since, and though the past of the view was cut afterwards."""
    with database.transaction() as session:
        a_hall(session)
        session.add(ZoneRule(version=1, inside="foot", valid_to=at(100)))
        session.add(ZoneRule(version=2, inside="overlap 0.9", valid_from=at(100)))
        session.add(User(id=1, name="s", role=Role.SUPERVISOR, password_hash="x", created_at=at(0)))
        view = session.exec(select(View).where(View.counter_id == "cc-1")).one()
        view.staff_inside, view.customer_inside = of_view, "overlap 0.1"
        absence = Absence(id=1, counter_id="cc-1", start=at(40), end=at(60), threshold_s=1)
        session.add(absence)
        session.flush()
        sample = mark(session, of_absence(absence, at(90)), Answer(True), 1, at(90))
        view.valid_to = at(200) if cut_at is None else at(cut_at)
        after = View(camera_id=view.camera_id, counter_id="cc-1", staff_zone=LEFT_HALF, staff_inside="centre")
        after.valid_from = at(200)
        session.add(after)
        session.flush()
        assert inside_of(session, sample) == inside


@given(st.floats(0, 10_000), st.one_of(st.none(), st.floats(0, 10_000)), st.floats(0, 20_000))
def test_a_sample_begins_with_its_event_and_is_never_long_or_empty(
    start: float, lasted: float | None, now: float
) -> None:
    end = None if lasted is None else at(start + lasted)
    span = of_absence(Absence(id=1, counter_id="c", start=at(start), end=end, threshold_s=1), at(now)).span
    assert span.start == at(start)
    assert timedelta(0) < span.duration <= LONGEST


@given(st.booleans(), st.floats(0.001, 300))
def test_a_label_says_the_right_answer_for_all_of_the_clip(someone_there: bool, duration_s: float) -> None:
    sample = Sample(
        id=7, about="absence:1", camera_id="c", counter_id="cc-1", zone=ZoneRole.STAFF, polygon=LEFT_HALF,
        someone_there=someone_there, start=at(0), end=at(300), state=SampleState.KEPT, marked_by=1, marked_at=at(0),
        hold_id=1,
    )  # fmt: skip
    label = label_of(sample, "videos/sample-7.mp4", duration_s, "overlap 0.5")
    assert label["zones"][0]["inside"] == "overlap 0.5"
    present = label["zones"][0]["present"]
    assert present == ([[0.0, label["duration_s"]]] if someone_there else [])
