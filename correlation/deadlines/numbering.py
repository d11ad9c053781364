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

    Of a number that never came nobody knows what was in it, and a push that others have overtaken was made before them:
    the step may have been in it as soon as the push before had come. `others` has all pushes, this one as well.
    """
    came = sorted(other for other in others if other.received_at <= push.received_at)
    is_overtaken = came[-1].sequence > push.sequence
    strayed = [
        max(end, before.received_at)
        for before, after in pairwise(came)
        if after.sequence <= push.sequence and after.received_at > end
        if after.sequence > before.sequence + 1 or (is_overtaken and after == push)
    ]
    return min(strayed, default=push.received_at)
