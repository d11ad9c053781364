"""Which zone rule was in force when."""

from datetime import datetime

from sqlmodel import Session, col, or_, select

from storage.inside import BUILT_IN
from storage.models import ZoneRule


def zone_rule_at(session: Session, at: datetime) -> ZoneRule:
    """The built-in one, of version 0, where none has ever been written."""
    begun = or_(col(ZoneRule.valid_from).is_(None), col(ZoneRule.valid_from) <= at)
    lasts = or_(col(ZoneRule.valid_to).is_(None), col(ZoneRule.valid_to) > at)
    found = session.exec(select(ZoneRule).where(begun, lasts).order_by(col(ZoneRule.version).desc()).limit(1)).first()
    return found or ZoneRule(version=0, inside=str(BUILT_IN))
