"""Reads on while what was read is still being written."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class OneAhead(Generic[T]):
    """The same items, each made in a thread of its own: from `go_on` on, at the latest when it is wanted.

    Who uses an item says by `go_on` when it has begun to wait for somebody else, so that both do not want the same
    processor at first and leave it idle later.
    """

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._coming: Future[T | None] | None = None
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reading-ahead")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._reader.shutdown()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        self.go_on()
        assert self._coming is not None
        coming, self._coming = self._coming, None
        item = coming.result()
        if item is None:
            raise StopIteration
        return item

    def go_on(self) -> None:
        """Begins to make the next one, unless that has begun."""
        if self._coming is None:
            self._coming = self._reader.submit(next, self._items, None)
