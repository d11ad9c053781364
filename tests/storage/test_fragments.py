"""The packed index of a segment says what went in, and which keyframe a fragment rests on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.fragments import (
    Fragment,
    decodable_from,
    groups_of_pictures,
    pack_fragments,
    pack_holes,
    recorded_parts,
    unpack_fragments,
)
from storage.intervals import Span

NUMBER = st.integers(0, 2**32 - 1)
FRAGMENTS = st.lists(
    st.builds(Fragment, NUMBER, st.integers(0, 2**29 - 1), NUMBER, NUMBER, *[st.booleans()] * 3), max_size=30
)


@given(FRAGMENTS)
def test_what_is_unpacked_is_what_was_packed(fragments: list[Fragment]) -> None:
    assert unpack_fragments(pack_fragments(fragments)) == fragments


@given(FRAGMENTS.filter(bool), st.data())
def test_pictures_rest_on_the_last_keyframe_that_is_not_later(fragments: list[Fragment], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(fragments) - 1))
    first = decodable_from(fragments, number)
    assert fragments[first].keyframe or not any(f.keyframe for f in fragments[: number + 1])
    assert not any(f.keyframe for f in fragments[first + 1 : number + 1])


@given(FRAGMENTS)
def test_groups_of_pictures_are_all_fragments_in_order(fragments: list[Fragment]) -> None:
    groups = groups_of_pictures(fragments)
    assert [fragment for group in groups for fragment in group] == fragments
    assert all(group[0].keyframe for group in groups[1:])
    assert not any(fragment.keyframe for group in groups for fragment in group[1:])


def test_an_index_that_is_cut_off_is_an_error() -> None:
    with pytest.raises(ValueError, match="cut off"):
        unpack_fragments(b"123")


def test_where_no_pictures_came_for_more_than_half_a_second_is_a_hole_of_the_segment() -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)

    def at(us: int) -> datetime:
        return start + timedelta(microseconds=us)

    times = [(0, 1_000_000), (1_000_000, 500_000), (2_100_000, 1_000_000), (3_600_000, 400_000)]
    fragments = [Fragment(offset, duration, 0, 0) for offset, duration in times]
    holes = pack_holes(fragments)
    parts = recorded_parts(start, at(4_000_000), holes)
    assert parts == [Span(start, at(1_500_000)), Span(at(2_100_000), at(4_000_000))]
    assert recorded_parts(start, at(4_000_000), pack_holes(fragments[:2])) == [Span(start, at(4_000_000))]
    with pytest.raises(ValueError, match="cut off"):
        recorded_parts(start, at(4_000_000), holes[:-1])
