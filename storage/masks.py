"""Which parts of a camera's picture are hidden when."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, or_, select

from storage.models import PrivacyMask
from storage.models.places import Polygon


def masks_between(session: Session, camera_id: str, start: datetime, end: datetime) -> tuple[PrivacyMask, ...]:
    """Those in force at any moment of start..end, both included: what one of them hides is hidden in all of it."""
    query = select(PrivacyMask).where(
        PrivacyMask.camera_id == camera_id,
        or_(col(PrivacyMask.valid_from).is_(None), col(PrivacyMask.valid_from) <= end),
        or_(col(PrivacyMask.valid_to).is_(None), col(PrivacyMask.valid_to) > start),
    )
    return tuple(session.exec(query.order_by(col(PrivacyMask.id))))


def polygons_of(masks: Sequence[PrivacyMask]) -> tuple[Polygon, ...]:
    return tuple(mask.polygon for mask in masks)
