"""Which parts of a camera's picture are hidden when."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from storage.models import PrivacyMask
from storage.models.places import Polygon


def masks_between(session: Session, camera_id: str, start: datetime, end: datetime) -> tuple[PrivacyMask, ...]:
    """Those in force at any moment of start..end, both included: what one of them hides is hidden in all of it."""
    query = select(PrivacyMask).where(PrivacyMask.camera_id == camera_id, *_in_force(start, end))
    return tuple(session.exec(query.order_by(col(PrivacyMask.id))))


def masks_at(session: Session, at: datetime) -> tuple[PrivacyMask, ...]:
    """Of all cameras."""
    return tuple(session.exec(select(PrivacyMask).where(*_in_force(at, at)).order_by(col(PrivacyMask.id))))


def masked_cameras(session: Session, at: datetime) -> frozenset[str]:
    """Those that have a mask in force."""
    return frozenset(session.exec(select(PrivacyMask.camera_id).where(*_in_force(at, at)).distinct()))


def _in_force(start: datetime, end: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    start, end = start.astimezone(UTC), end.astimezone(UTC)  # a time that no calendar has is told as such
    first, last = col(PrivacyMask.valid_from), col(PrivacyMask.valid_to)
    return or_(first.is_(None), first <= end), or_(last.is_(None), last > start)


def polygons_of(masks: Sequence[PrivacyMask]) -> tuple[Polygon, ...]:
    return tuple(mask.polygon for mask in masks)
