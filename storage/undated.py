"""Footage of a clock that was not set: it is kept until its time is corrected, and somebody has to be told."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from storage.models import Camera, Segment
from storage.retention import UNSET_BEFORE

AHEAD = timedelta(minutes=1)
"""What is later than now by more was recorded while the server's clock was ahead; a camera's own is off by less."""


@dataclass(frozen=True, slots=True)
class Undated:
    """Of one camera."""

    camera_id: str
    segments: int
    start: datetime
    """By the clock that was not set."""
    end: datetime


def undated(session: Session) -> list[Undated]:
    """The index begins with the camera: named, it is a short range for each."""
    rows = session.exec(
        select(Segment.camera_id, func.count(), func.min(Segment.start), func.max(Segment.end))
        .where(col(Segment.camera_id).in_(select(Camera.id)), Segment.start < UNSET_BEFORE)
        .group_by(col(Segment.camera_id))
        .order_by(col(Segment.camera_id))
    )
    return [Undated(*row) for row in rows]
