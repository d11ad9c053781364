"""One case in full, as it was known at a moment."""

from storage.models import Standing
from tests.correlation.deadlines.cases import at
from tests.correlation.deadlines.platform import Platform, step


def test_where_a_case_stands_is_in_doubt_while_its_stamps_contradict_each_other(a_platform: Platform) -> None:
    told, mended = at("2026-03-03"), at("2026-03-04")
    accepted = step("S1", "accept", "2026-03-02T22:06")
    a_platform.tells(told, accepted, step("S2", "decide", "2026-03-02T21:50"))
    a_platform.tells(mended, accepted | {"start": "2026-03-02T21:06:00+08:00"})
    before, after = a_platform.explained(told), a_platform.explained(mended)
    assert (before.standing, before.stamps_contradict) == (Standing.DONE, True)
    assert (after.standing, after.stamps_contradict) == (Standing.DONE, False)
    assert a_platform.explained(told) == before, "as it was known then"


def test_stamps_of_one_minute_contradict_nothing(a_platform: Platform) -> None:
    told = at("2026-03-03")
    a_platform.tells(told, step("S1", "accept", "2026-03-02T22:06"), step("S2", "decide", "2026-03-02T22:06"))
    assert not a_platform.explained(told).stamps_contradict
