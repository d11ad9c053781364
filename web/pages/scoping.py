"""The one place where queries of pages are narrowed to what the viewer may see."""

from typing import Any

from sqlalchemy import ColumnElement, and_, false, true
from sqlalchemy.orm import Mapped
from sqlmodel import col

from storage.models import CallBack, Case, Role, Source, SupervisionOrder
from web.viewer import Viewer


def halls_in_scope(viewer: Viewer, hall_id: Mapped[Any]) -> ColumnElement[bool]:
    """Whether the row's hall lies within the viewer's scope; a row without a hall needs the whole city as scope."""
    return true() if viewer.halls is None else hall_id.in_(sorted(viewer.halls))


def cases_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """A department sees its own cases in its halls."""
    halls = halls_in_scope(viewer, col(Case.hall_id))
    if viewer.role is not Role.DEPARTMENT:
        return halls
    return and_(halls, col(Case.department_id) == viewer.department_id) if viewer.department_id else false()


def orders_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """A department sees the orders that it has to answer, in its halls."""
    halls = halls_in_scope(viewer, col(Case.hall_id))
    if viewer.role is not Role.DEPARTMENT:
        return halls
    own = col(SupervisionOrder.department_id) == viewer.department_id
    return and_(halls, own) if viewer.department_id else false()


def call_backs_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """A department sees those about its own cases, in its halls."""
    halls = halls_in_scope(viewer, col(CallBack.hall_id))
    if viewer.role is not Role.DEPARTMENT:
        return halls
    return and_(halls, col(CallBack.department_id) == viewer.department_id) if viewer.department_id else false()


def sources_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """A source of several halls needs the whole city as scope."""
    return halls_in_scope(viewer, col(Source.hall_id))
