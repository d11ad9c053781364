"""Many clips of one camera as few constant windows: one range query each, instead of one per clip. Pure."""

from collections.abc import Sequence
from datetime import timedelta

from storage.intervals import Span


def windows(spans: Sequence[Span], bridge: timedelta, longest: timedelta) -> list[tuple[Span, tuple[int, ...]]]:
    """Windows with the positions of the spans in them; each span lies wholly in one window.

    A window is no longer than `longest` unless a single span is; spans further apart than `bridge` do not share one.
    """
    found: list[tuple[Span, tuple[int, ...]]] = []
    for position in sorted(range(len(spans)), key=lambda index: spans[index]):
        span = spans[position]
        if found and _fits(found[-1][0], span, bridge, longest):
            window, inside = found[-1]
            found[-1] = Span(window.start, max(window.end, span.end)), (*inside, position)
        else:
            found.append((span, (position,)))
    return found


def _fits(window: Span, span: Span, bridge: timedelta, longest: timedelta) -> bool:
    return span.start - window.end <= bridge and max(window.end, span.end) - window.start <= longest
