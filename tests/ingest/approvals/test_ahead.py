"""Reading on while what was read is in use."""

import threading
from collections.abc import Iterator

import pytest

from ingest.approvals.ahead import one_ahead
from tests.servers import LIMIT_S


def test_items_come_in_their_order_and_the_next_is_made_while_one_is_in_use() -> None:
    made = [threading.Event() for _ in range(4)]

    def items() -> Iterator[int]:
        for number in range(3):
            made[number].set()
            yield number
        made[3].set()

    found = []
    for item in one_ahead(items()):
        assert made[item + 1].wait(LIMIT_S)
        assert item == 2 or not made[min(item + 2, 3)].is_set(), "one ahead, no more"
        found.append(item)
    assert found == [0, 1, 2]


def test_what_fails_while_it_is_made_fails_where_it_is_wanted() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    coming = one_ahead(items())
    assert next(coming) == 1
    with pytest.raises(OSError, match="disk"):
        next(coming)


def test_whoever_leaves_early_leaves_no_thread() -> None:
    before = threading.active_count()
    coming = one_ahead(iter(range(9)))
    assert next(coming) == 0
    assert threading.active_count() == before + 1
    coming.close()
    assert threading.active_count() == before
