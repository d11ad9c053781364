"""Threads for answers that wait for the object store: a store that hangs takes none from the pages that need no store.

Plain handlers, their guards and their bodies all share the server's forty threads; some forty viewers of a frozen store
would hold up everybody.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync

AT_ONCE = 40
"""Answers; whoever comes later waits without a thread."""
_Asked = ParamSpec("_Asked")
_Answer = TypeVar("_Answer")
_limiter: RunVar[CapacityLimiter] = RunVar("store_threads")


def limiter() -> CapacityLimiter:
    """Of the event loop that runs."""
    try:
        return _limiter.get()
    except LookupError:
        _limiter.set(made := CapacityLimiter(AT_ONCE))
        return made


def waits_for_store(handler: Callable[_Asked, _Answer]) -> Callable[_Asked, Awaitable[_Answer]]:
    """Of a route that is a plain function, below its address."""

    @wraps(handler)
    async def apart(*args: _Asked.args, **asked: _Asked.kwargs) -> _Answer:
        return await run_sync(partial(handler, *args, **asked), limiter=limiter())

    return apart


async def sent(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Of a body that is read from the store while it is sent."""
    while (chunk := await run_sync(next, chunks, None, limiter=limiter())) is not None:
        yield chunk
