"""Footage of a clock that was not set, or ahead: somebody has to be told, and to correct its time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
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
    """By the clock that was wrong."""
    end: datetime


def undated(session: Session) -> list[Undated]:
    """Of a clock that was not set."""
    return _found(session, col(Segment.start) < UNSET_BEFORE)


def ahead(session: Session, now: datetime) -> list[Undated]:
    """What lies in the future, of a clock that was ahead."""
    return _found(session, col(Segment.start) > now + AHEAD)


def _found(session: Session, wanted: ColumnElement[bool]) -> list[Undated]:
    """The index begins with the camera: named, it is a short range for each."""
    rows = session.exec(
        select(Segment.camera_id, func.count(), func.min(Segment.start), func.max(Segment.end))
        .where(col(Segment.camera_id).in_(select(Camera.id)), wanted)
        .group_by(col(Segment.camera_id))
        .order_by(col(Segment.camera_id))
    )
    return [Undated(*row) for row in rows]
