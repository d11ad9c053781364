"""A camera's silence is its own only while a recorder lives that would have brought its pictures."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from analytics.onlookers import STARTING
from analytics.recorder_heard import Heard, RecorderHeard
from tests.analytics.scenes import at

PATIENCE = timedelta(seconds=5)


def heard(*moments: float, started: float = -3600) -> RecorderHeard:
    found = RecorderHeard()
    for moment in moments:
        found.follow(Heard(at(started), at(moment)))
    return found


def test_a_recorder_that_goes_on_without_the_camera_blames_it() -> None:
    assert not heard(0, 3).would_have_brought(at(0), PATIENCE)
    assert heard(0, 3, 6).would_have_brought(at(0), PATIENCE)


@given(st.floats(-600, 4.9))
def test_one_that_died_with_the_pictures_blames_nobody(last: float) -> None:
    assert not heard(last).would_have_brought(at(0), PATIENCE)


def test_one_that_is_back_has_time_to_connect_before_anybody_is_blamed() -> None:
    grace = STARTING.total_seconds()
    for back in (heard(0, 60), heard(0, 63, started=60), heard(3, 6, started=60)):
        assert not back.would_have_brought(at(0), PATIENCE)
    back = heard(0, 60, 63, 66, 69, 72, 75)
    assert grace <= 75 - 60
    assert back.would_have_brought(at(0), PATIENCE)


def test_where_there_is_no_recorder_to_be_waited_for_the_cameras_tell_that_nothing_comes() -> None:
    found = heard(0)
    found.follow(None)
    assert found.would_have_brought(at(100), PATIENCE)
