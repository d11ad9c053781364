"""Names of counters as a source writes them."""

import pytest

from web.pages.admin.aliases import read_aliases, written_aliases


def test_what_is_written_is_read_again() -> None:
    aliases = {"A03": "cc-3", "甲 1": "cc-1"}
    assert read_aliases("\n\n".join(written_aliases(aliases))) == aliases


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("A03 cc-3", "Line 1: “A03 cc-3” has no ="),
        ("\n= cc-3", "Line 2: no name stands before the ="),
        ("A03 =", "Line 1: no counter stands after the ="),
        ("1 = cc-1\n2 = cc-2\n1 = cc-2", "Line 3: “1” stands there twice"),
    ],
)
def test_a_line_that_says_nothing_or_contradicts_one_before_is_named(lines: str, problem: str) -> None:
    with pytest.raises(ValueError, match="Line") as refused:
        read_aliases(lines)
    assert str(refused.value).startswith(problem)
