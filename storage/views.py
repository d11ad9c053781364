"""Which views hold at a moment, as conditions of a query."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col

from storage.models import View


def not_over(now: datetime) -> ColumnElement[bool]:
    """Those in force, and those that are yet to begin."""
    return or_(col(View.valid_to).is_(None), col(View.valid_to) > now)


def in_force(now: datetime) -> ColumnElement[bool]:
    return and_(or_(col(View.valid_from).is_(None), col(View.valid_from) <= now), not_over(now))
