"""What lies on a recorder's disk only: the store has not confirmed it yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import literal
from sqlmodel import Session, col, func, select

from storage.models import Location, Segment

WAITS = col(Segment.location) == literal(Location.SPOOL.value, literal_execute=True)
"""No parameter: a database that plans a statement for all values could not use the index of those that wait."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Segments that wait for the store."""

    segments: int
    bytes: int
    oldest: datetime | None
    """The start of the oldest; None where none waits."""


NOTHING = Waiting(0, 0, None)


def waiting(session: Session) -> dict[str, Waiting]:
    """By camera, whether it is switched on or not; those that have none are left out."""
    rows = session.exec(
        select(Segment.camera_id, func.count(), func.sum(Segment.size), func.min(Segment.start))
        .where(WAITS)
        .group_by(col(Segment.camera_id))
    )
    return {camera_id: Waiting(count, int(size), oldest) for camera_id, count, size, oldest in rows}


def altogether(by_camera: Mapping[str, Waiting]) -> Waiting:
    each = by_camera.values()
    oldest = min((one.oldest for one in each if one.oldest), default=None)
    return Waiting(sum(one.segments for one in each), sum(one.bytes for one in each), oldest)
