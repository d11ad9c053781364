"""Buckets: bursts pass, floods wait, and a clock that leaps gives nobody anything."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web import rate_limit
from web.rate_limit import Limiter, Rate, home_of

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
RATE = Rate(3, timedelta(minutes=1))


def test_a_burst_passes_and_the_next_waits_for_its_share_of_the_minute() -> None:
    limiter = Limiter(RATE)
    assert [limiter.may("a", NOON) for _ in range(4)] == [True, True, True, False]
    assert not limiter.may("a", NOON + timedelta(seconds=19))
    assert limiter.may("a", NOON + timedelta(seconds=20))
    assert limiter.may("b", NOON), "another client has a bucket of its own"


@given(st.lists(st.integers(0, 40), max_size=60))
def test_no_more_pass_than_the_rate_gives(pauses: list[int]) -> None:
    limiter, now, passed = Limiter(RATE), NOON, 0
    for pause in pauses:
        now += timedelta(seconds=pause)
        passed += limiter.may("a", now)
    assert passed <= RATE.burst + RATE.burst * ((now - NOON) / RATE.refill)


def test_a_clock_that_is_set_back_neither_gives_nor_takes() -> None:
    limiter = Limiter(RATE)
    for _ in range(3):
        limiter.may("a", NOON)
    earlier = NOON - timedelta(hours=1)
    assert not limiter.may("a", earlier)
    assert limiter.may("a", earlier + timedelta(seconds=20))


def test_its_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "_MAX_KEYS", 2)
    limiter = Limiter(Rate(1, timedelta(minutes=1)))
    assert [limiter.may(key, NOON) for key in "abcb"] == [True, True, True, False]
    assert len(limiter._buckets) == 2


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_whoever_has_one_address_of_the_sixth_version_has_its_network(address: str, home: str) -> None:
    assert home_of(address) == home
