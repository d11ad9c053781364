"""Batches that never came are noticed by their numbers."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.approvals.sequences import BESIDE, GRACE, Missing, missing, missing_batches
from storage.database import Database
from storage.models import Batch
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


def test_a_source_that_changes_to_moments_misses_nothing_from_then_on() -> None:
    counted = [(n, START) for n in (*range(1, 200), *range(203, 300))]
    moments = [(1_790_000_000 + n * 60, START) for n in range(300)]
    gaps = missing(counted + moments, LATER)
    assert gaps[0] == Missing(200, 202, START)
    assert len(gaps) <= BESIDE + 1, "none of those that have only moments around them"


def test_every_second_batch_may_be_lost() -> None:
    came = [(n, START) for n in (1, 2, 3, 4, *range(6, 600, 2))]
    assert [gap.first for gap in missing(came, LATER)] == list(range(5, 598, 2))


def test_what_is_missing_was_noticed_by_the_first_batch_of_any_higher_number() -> None:
    came = [(1, START), (2, START), (4, LATER), (5, START), (6, START)]
    assert missing(came, LATER + GRACE) == (Missing(3, 3, START),)


@given(st.sets(st.integers(1, 60), min_size=2, max_size=BESIDE).map(sorted))
def test_the_gaps_and_what_came_make_up_all_numbers(numbers: list[int]) -> None:
    gaps = missing([(n, START) for n in numbers], LATER)
    absent = {n for gap in gaps for n in range(gap.first, gap.last + 1)}
    assert absent in (set(), set(range(numbers[0], numbers[-1])) - set(numbers))
    steps = [b - a for a, b in pairwise(numbers)]
    counts = 2 * steps.count(1) >= len(steps) or 4 * len(steps) >= sum(steps)
    assert bool(absent) == (max(steps) > 1 and counts)


def test_a_day_misses_the_same_however_far_back_one_looks(sqlite_platform: Database) -> None:
    """Some days have less than half of their batches, the third lies right after a gap, and the last is all late."""
    days: list[Iterable[int]] = [range(1, 5), range(7, 40, 2), range(44, 50), (80, 100, 120), (41, 42, 60, 121)]
    with sqlite_platform.transaction() as session:
        for n, sequences in enumerate(days):
            at = START + timedelta(days=n)
            session.add_all(
                Batch(source_id=SOURCE, sequence=sequence, name="push", sha256="", received_at=at, rows=0, rejected=0)
                for sequence in sequences
            )
    now = START + timedelta(days=len(days))
    with sqlite_platform.transaction() as session:
        seen = [missing_batches(session, SOURCE, START + timedelta(days=n), now) for n in range(len(days))]
    for n, gaps in enumerate(seen):
        assert gaps == tuple(gap for gap in seen[0] if gap.noticed_at >= START + timedelta(days=n))
    assert {gap.noticed_at for gap in seen[0]} == {START + timedelta(days=n) for n in (1, 2, 3)}


def test_a_batch_that_comes_late_closes_the_gap(sqlite_platform: Database) -> None:
    for number in (1, 2, 4, 5):
        push(sqlite_platform, number, a_row(step=f"S{number}"))
    with sqlite_platform.transaction() as session:
        assert missing_batches(session, SOURCE, START, NOW + GRACE) == (Missing(3, 3, NOW),)
    push(sqlite_platform, 3, a_row(step="S3"))
    with sqlite_platform.transaction() as session:
        assert missing_batches(session, SOURCE, START, NOW + GRACE) == ()
