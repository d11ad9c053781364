"""Batches that never came are noticed by their numbers."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.approvals.sequences import GRACE, Missing, missing, missing_batches
from storage.database import Database
from tests.ingest.approvals.samples import NOW, SOURCE, a_row, push

START = datetime(2026, 3, 2, tzinfo=UTC)
LATER = START + timedelta(days=1)


def test_what_lies_between_two_numbers_never_came() -> None:
    came = [(n, START) for n in (15, 16, 17, 21, 22)]
    assert missing(came, LATER) == (Missing(18, 20, START),)


def test_a_batch_may_overtake_another_for_a_while() -> None:
    came = [(1, START), (2, START), (4, START), (5, START)]
    assert missing(came, START + GRACE - timedelta(seconds=1)) == ()
    assert [gap.count for gap in missing(came, START + GRACE)] == [1]


def test_numbers_that_are_moments_miss_nothing() -> None:
    assert missing([(1_790_000_000_000 + n * 60_000, START) for n in range(50)], LATER) == ()


@given(st.sets(st.integers(1, 60), min_size=2).map(sorted))
def test_the_gaps_and_what_came_make_up_all_numbers(numbers: list[int]) -> None:
    gaps = missing([(n, START) for n in numbers], LATER)
    absent = {n for gap in gaps for n in range(gap.first, gap.last + 1)}
    assert absent in (set(), set(range(numbers[0], numbers[-1])) - set(numbers))
    follow = sum(b - a == 1 for a, b in pairwise(numbers))
    assert bool(absent) == (numbers[-1] - numbers[0] >= len(numbers) and 2 * follow >= len(numbers) - 1)


def test_a_batch_that_comes_late_closes_the_gap(sqlite_platform: Database) -> None:
    for number in (1, 2, 4, 5):
        push(sqlite_platform, number, a_row(step=f"S{number}"))
    with sqlite_platform.transaction() as session:
        assert missing_batches(session, SOURCE, START, NOW + GRACE) == (Missing(3, 3, NOW),)
    push(sqlite_platform, 3, a_row(step="S3"))
    with sqlite_platform.transaction() as session:
        assert missing_batches(session, SOURCE, START, NOW + GRACE) == ()
