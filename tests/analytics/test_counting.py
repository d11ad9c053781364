from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.counting import Counting, CountingMost
from tests.analytics.scenes import START, at


def told(samples: list[int | None], counting: Counting | None = None) -> list[tuple[float, int | None]]:
    """A sample a second; edges as (second, count)."""
    counting = counting or Counting(2, 3, 3)
    edges = (counting.add(count, at(second)) for second, count in enumerate(samples))
    return [((edge.at - START).total_seconds(), edge.count) for edge in edges if edge is not None]


def test_a_number_is_believed_after_several_samples_and_dated_back_to_the_first() -> None:
    assert told([2]) == []
    assert told([2, 2, 2, 1, 1, 1, 1]) == [(0, 2), (3, 1)]


def test_somebody_who_is_missed_or_invented_once_changes_nothing() -> None:
    assert told([2, 2, 3, 2, 1, 2, 1, 1, 2, 2]) == [(0, 2)]


def test_samples_that_go_to_and_fro_tell_what_each_of_them_shows_at_least() -> None:
    assert told([0, 0, 0, 3, 2, 3, 2, 3]) == [(0, 0), (3, 2)]


def test_blind_samples_make_it_unknown_and_single_ones_do_not() -> None:
    assert told([1, 1, None, None, 1, None, 1, None, None, None]) == [(0, 1), (7, None)]
    assert told([1, 1, None, 0, None, 0, None, 0]) == [(0, 1), (3, 0)]


def test_it_goes_on_from_a_number_that_was_certain() -> None:
    counting = Counting(2, 3, 3)
    counting.resume(2)
    assert told([2, 1, 2, 1, 1, 1], counting) == [(3, 1)]


@settings(max_examples=60)
@given(st.lists(st.sampled_from([None, 0, 1, 2, 3]), max_size=30))
def test_every_number_was_shown_by_so_many_samples_and_no_edge_lies_before_what_was_sure(
    samples: list[int | None],
) -> None:
    counting, before = Counting(2, 3, 3), None
    for second, count in enumerate(samples):
        sure = counting.sure_to
        edge = counting.add(count, at(second))
        if edge is None:
            continue
        assert sure is None or edge.at >= sure
        shown = [c for c in samples[round((edge.at - START).total_seconds()) : second + 1] if c is not None]
        if edge.count is None:
            assert samples[second - 2 : second + 1] == [None] * 3
        elif edge.count > (before or 0):
            assert len(shown) == 2
            assert min(shown) == edge.count
        else:
            assert len(shown) == 3
            assert max(shown) == edge.count
        before = edge.count


def test_the_most_rises_when_half_of_the_last_samples_show_more_and_falls_when_none_of_three_does() -> None:
    def most(samples: list[int | None]) -> list[tuple[float, int | None]]:
        return told(samples, CountingMost(2, 3, 3))

    assert most([1, 2, 1, 2, 1, 2]) == [(0, 2)]
    assert most([1, 1, 1, 2, 1, 1, 2, 1, 1]) == [(0, 1)], "one of three"
    assert most([1, 1, 1, 2, 1, 2, 1, 2, 1]) == [(0, 1), (7, 2)]
    assert most([2, 2, 2, 1, 1, 1, 2, 1, 1]) == [(0, 2), (3, 1)], "what was before they fell counts no more"
    assert most([0, 0, 0, 1, 2, None, None, None]) == [(0, 0), (3, 2), (5, None)]


@settings(max_examples=100)
@given(st.lists(st.sampled_from([None, 0, 1, 2, 3]), max_size=30))
def test_the_most_never_lies_below_what_half_of_the_last_samples_show(samples: list[int | None]) -> None:
    counting, since = CountingMost(2, 3, 3), list[int]()
    for second, count in enumerate(samples):
        before, sure, edge = counting.value, counting.sure_to, counting.add(count, at(second))
        assert edge is None or sure is None or edge.at >= sure
        since = [*since, *([] if count is None else [count])][-6:]
        if edge and edge.count is None:
            since = []
        elif edge and (edge.count or 0) < (before or 0):
            since = since[-3:]  # it fell
        half = sorted(since, reverse=True)[:3]
        assert not counting.value or len(half) < 3 or counting.value >= half[-1]
