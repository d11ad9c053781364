"""The memory of looks ends with the minutes, and does not grow without end."""

from datetime import timedelta

from tests.web.conftest import NOON
from web.recent_looks import _MAX_LOOKS, ONE_LOOK, Look, RecentLooks


def look(number: int) -> Look:
    return Look(number, "play", "camera:c")


def test_a_look_counts_for_some_minutes() -> None:
    looks = RecentLooks()
    looks.add(look(1), NOON)
    assert looks.is_written(look(1), NOON + ONE_LOOK - timedelta(seconds=1))
    assert not looks.is_written(look(1), NOON + ONE_LOOK)
    assert not looks.is_written(look(2), NOON)


def test_of_too_many_looks_the_oldest_is_forgotten() -> None:
    looks = RecentLooks()
    for number in range(_MAX_LOOKS + 1):
        looks.add(look(number), NOON)
    assert not looks.is_written(look(0), NOON)
    assert looks.is_written(look(1), NOON)
    assert len(looks._written) == _MAX_LOOKS
