"""What the numbers of a source's pushes tell of when a step was entered. Pure."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple


class Push(NamedTuple):
    sequence: int
    received_at: datetime


def entered_by(end: datetime, push: Push, others: Sequence[Push]) -> datetime:
    """The earliest moment at which a step that ended then may have been entered, by what had come until `push` told it.

    A push that others have overtaken was made before them. And of a number that never came nobody knows what was in it:
    the step may have been there, as soon as the push before it had come.
    """
    came = sorted(other for other in others if other.received_at <= push.received_at)
    overtaken = [other.received_at for other in came if other.sequence > push.sequence]
    lost = [
        max(end, before.received_at)
        for before, after in pairwise(came)
        if before.sequence + 1 < after.sequence <= push.sequence and after.received_at > end
    ]
    return min([push.received_at, *overtaken, *lost])
