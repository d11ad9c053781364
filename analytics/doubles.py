"""One person whom a detector reports twice: head and shoulders, and the whole body around them. Pure."""

from collections.abc import Iterable

from analytics.people import Box

_NESTED = 0.9
"""Share of the smaller box that lies in the larger."""
_SAME_TOP, _SAME_MIDDLE = 0.15, 0.25
"""Of the larger box's height and width: two heads so near to each other would hide one another."""


def distinct(boxes: Iterable[Box]) -> list[Box]:
    """The largest box of each person. Whoever stands behind somebody has a head of their own, and counts."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: box.area, reverse=True):
        if not any(is_part_of(box, larger) for larger in kept):
            kept.append(box)
    return kept


def is_part_of(box: Box, larger: Box) -> bool:
    """Whether both have the same head."""
    wide = min(box.x1, larger.x1) - max(box.x0, larger.x0)
    high = min(box.y1, larger.y1) - max(box.y0, larger.y0)
    is_nested = min(wide, high) > 0 and wide * high >= _NESTED * box.area
    same_top = abs(box.y0 - larger.y0) <= _SAME_TOP * (larger.y1 - larger.y0)
    same_middle = abs(box.centre[0] - larger.centre[0]) <= _SAME_MIDDLE * (larger.x1 - larger.x0)
    return is_nested and same_top and same_middle
