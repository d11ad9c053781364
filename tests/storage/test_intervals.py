"""Spans behave like sets of moments."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.intervals import Span, intersect, lengths_in, merge, subtract, total, within

ZERO = datetime(2026, 1, 5, tzinfo=UTC)
SECONDS = 60


def at(second: int) -> datetime:
    return ZERO + timedelta(seconds=second)


def moments(spans: list[Span]) -> set[int]:
    return {second for second in range(SECONDS) for span in spans if span.start <= at(second) < span.end}


span = st.tuples(st.integers(0, SECONDS), st.integers(0, SECONDS)).map(lambda p: Span(at(min(p)), at(max(p))))
spans = st.lists(span, max_size=8)


def assert_tidy(result: list[Span]) -> None:
    assert all(one.start < one.end for one in result)
    assert all(before.end < after.start for before, after in pairwise(result))


@given(spans)
def test_merging_keeps_every_moment_and_no_other(a: list[Span]) -> None:
    assert moments(merge(a)) == moments(a)
    assert_tidy(merge(a))


@given(spans, spans)
def test_subtracting_leaves_what_is_in_no_hole(a: list[Span], b: list[Span]) -> None:
    assert moments(subtract(a, b)) == moments(a) - moments(b)
    assert_tidy(subtract(a, b))


@given(spans, spans)
def test_intersecting_leaves_what_is_in_both(a: list[Span], b: list[Span]) -> None:
    assert moments(intersect(a, b)) == moments(a) & moments(b)
    assert_tidy(intersect(a, b))


@given(spans, span)
def test_what_lies_within_one_span_is_what_both_have_in_common(a: list[Span], limits: Span) -> None:
    assert within(a, limits) == intersect(a, [limits])


@given(spans, st.lists(st.integers(0, SECONDS), min_size=2, max_size=8, unique=True))
def test_lengths_are_those_of_what_cells_and_spans_have_in_common(a: list[Span], edges: list[int]) -> None:
    cells = [Span(at(start), at(end)) for start, end in pairwise(sorted(edges))][::2]
    found: Counter[int] = Counter()
    for number, length_us in lengths_in(merge(a), cells):
        found[number] += length_us
    expected = [total(intersect(a, [cell])) // timedelta(microseconds=1) for cell in cells]
    assert [found[number] for number in range(len(cells))] == expected


@given(spans, spans)
def test_the_parts_add_up(a: list[Span], b: list[Span]) -> None:
    assert total(subtract(a, b)) + total(intersect(a, b)) == total(a)
    assert total(a) == timedelta(seconds=len(moments(a)))


@given(spans, st.integers(0, 10))
def test_bridging_closes_every_shorter_hole_and_no_longer_one(a: list[Span], seconds: int) -> None:
    bridge = timedelta(seconds=seconds)
    joined = merge(a, bridge)
    assert all(after.start - before.end >= bridge for before, after in pairwise(joined))
    assert all(hole.duration < bridge for hole in subtract(joined, a))


def test_a_span_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        Span(at(1), at(0))
