"""Work that takes long asks again and again whether it is to go on."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

GoOn = Callable[[], None]
"""Raises what ends the work."""
FEW = 400
"""Cases, cards, ratings or steps between two questions."""
_Row = TypeVar("_Row")


def nothing_else() -> None:
    """Goes on."""


def asking(rows: Iterable[_Row], go_on: GoOn) -> Iterator[_Row]:
    """The rows; before the first and after every few of them it asks."""
    go_on()
    for number, row in enumerate(rows, start=1):
        yield row
        if number % FEW == 0:
            go_on()
