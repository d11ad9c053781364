"""Reading on while what was read is in use."""

import threading
from collections.abc import Iterator

import pytest

from ingest.approvals.ahead import OneAhead
from tests.servers import LIMIT_S


def test_items_come_in_their_order_and_the_next_is_made_once_its_user_says_so() -> None:
    made = [threading.Event() for _ in range(4)]

    def items() -> Iterator[int]:
        for number in range(3):
            made[number].set()
            yield number
        made[3].set()

    found = []
    with OneAhead(items()) as coming:
        for item in coming:
            assert not made[item + 1].is_set(), "nobody has said so"
            coming.go_on()
            assert made[item + 1].wait(LIMIT_S)
            coming.go_on()
            assert item == 2 or not made[item + 2].is_set(), "one ahead, no more"
            found.append(item)
    assert found == [0, 1, 2]


def test_what_nobody_said_is_made_when_it_is_wanted() -> None:
    with OneAhead(iter("ab")) as coming:
        assert list(coming) == ["a", "b"]


def test_what_fails_while_it_is_made_fails_where_it_is_wanted() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with OneAhead(items()) as coming:
        assert next(coming) == 1
        coming.go_on()
        with pytest.raises(OSError, match="disk"):
            next(coming)


def test_whoever_leaves_early_leaves_no_thread() -> None:
    before = threading.active_count()
    with OneAhead(iter(range(9))) as coming:
        assert next(coming) == 0
        coming.go_on()
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
