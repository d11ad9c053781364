"""Ranges of bytes, as RFC 9110 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.byte_ranges import ByteRange, asked_range


@pytest.mark.parametrize(
    ("header", "first", "stop"),
    [("bytes=0-0", 0, 1), ("bytes=5-", 5, 10), ("bytes=-3", 7, 10), ("bytes=-30", 0, 10), ("bytes=2-99", 2, 10)],
)
def test_one_range_is_understood(header: str, first: int, stop: int) -> None:
    assert asked_range({"range": header}, 10, "e") == ByteRange(first, stop, partial=True)


@pytest.mark.parametrize("header", ["", "bytes=-", "bytes=a-b", "items=0-1", "bytes=0-1,3-4", "bytes=5-4"])
def test_anything_else_gets_everything(header: str) -> None:
    assert asked_range({"range": header}, 10, "e") == ByteRange(0, 10, partial=False)


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=-0"])
def test_an_impossible_range_is_not_satisfiable(header: str) -> None:
    assert not asked_range({"range": header}, 10, "e").satisfiable


@given(st.integers(1, 1000), st.integers(0, 2000), st.integers(0, 2000))
def test_a_range_lies_within_the_file(size: int, first: int, last: int) -> None:
    asked = asked_range({"range": f"bytes={first}-{last}"}, size, "e")
    assert not asked.satisfiable or 0 <= asked.first < asked.stop <= size
