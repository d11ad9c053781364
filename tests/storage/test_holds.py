"""A hold keeps footage from being deleted from the moment on that it is set."""

import threading
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from storage.database import Database
from storage.holds import held, lift_hold, overlaps, set_hold, take_turns
from storage.intervals import Span
from storage.models import Hold
from tests.sample import CAMERA, a_hall
from tests.servers import LIMIT_S
from tests.storage.recorded import BEGIN, a_user, at


def hold(session: Session, start: float, end: float, camera: str = CAMERA) -> Hold:
    row = Hold(camera_id=camera, start=at(start), end=at(end), reason="complaint", owner_id=1, set_at=BEGIN)
    return set_hold(session, row)


def test_what_several_hold_is_held_until_each_is_lifted(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        a_user(session)
        first, _second = hold(session, 0, 20), hold(session, 10, 30)
        assert held(session, CAMERA, Span(at(-10), at(60))) == [Span(at(0), at(30))]
        lift_hold(session, first, 1, at(100))
        assert held(session, CAMERA, Span(at(-10), at(60))) == [Span(at(10), at(30))]
        assert held(session, CAMERA, Span(at(30), at(60))) == []
        assert held(session, "another", Span(at(0), at(60))) == []


def test_who_lifted_it_first_stays_written(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        a_user(session)
        other = a_user(session, "admin")
        row = hold(session, 0, 20)
        lift_hold(session, row, 1, at(100))
        lift_hold(session, row, other, at(200))
        assert (row.lifted_at, row.lifted_by) == (at(100), 1)


def test_whoever_deletes_waits_for_a_hold_that_is_being_set(database: Database) -> None:
    """Else a batch that was chosen before would delete what is held from now on."""
    with database.transaction() as session:
        a_hall(session)
        a_user(session)
    waiting, seen = threading.Event(), []

    def delete() -> None:
        with database.transaction() as session:
            waiting.set()
            take_turns(session, CAMERA)
            seen.extend(held(session, CAMERA, Span(at(0), at(60))))

    with database.transaction() as session:
        hold(session, 0, 20)
        deleting = threading.Thread(target=delete)
        deleting.start()
        assert waiting.wait(LIMIT_S)
    deleting.join(LIMIT_S)
    assert seen == [Span(at(0), at(20))]


moment: st.SearchStrategy[datetime] = st.integers(0, 30).map(at)
span = st.tuples(moment, moment).map(lambda pair: Span(min(pair), max(pair)))


@given(span, st.lists(span, max_size=4))
def test_a_span_overlaps_what_shares_a_moment_with_it(one: Span, others: list[Span]) -> None:
    def moments(of: Span) -> set[int]:
        return set(range(int((of.start - BEGIN).total_seconds()), int((of.end - BEGIN).total_seconds())))

    assert overlaps(one, [o for o in others if o.start < o.end]) == any(moments(one) & moments(o) for o in others) or (
        one.start == one.end
    )
