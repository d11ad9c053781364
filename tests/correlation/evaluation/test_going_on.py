"""Long work that is asked whether it is to go on."""

import pytest

from correlation.evaluation.going_on import FEW, asking


def test_all_rows_come_and_each_few_of_them_it_asks() -> None:
    asked: list[int] = []
    came: list[int] = []
    for row in asking(range(3 * FEW + 1), lambda: asked.append(len(came))):
        came.append(row)
    assert came == list(range(3 * FEW + 1))
    assert asked == [0, FEW, 2 * FEW, 3 * FEW]


def test_work_that_is_not_to_begin_takes_no_row() -> None:
    def ended() -> None:
        raise InterruptedError

    rows = iter([1])
    with pytest.raises(InterruptedError):
        next(asking(rows, ended))
    assert next(rows) == 1
