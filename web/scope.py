"""Loads a thing only if it lies within the viewer's scope; outside it simply is not there."""

from sqlalchemy import ColumnElement, and_, or_, true
from sqlmodel import Session, col

from storage.models import (
    Absence,
    Alert,
    CallBack,
    Camera,
    Card,
    Case,
    Complaint,
    Counter,
    Hall,
    Hold,
    Role,
    Source,
    SupervisionOrder,
)
from web.errors import NotFound
from web.permissions import Permission
from web.viewer import Viewer


def scoped_hall(session: Session, viewer: Viewer, hall_id: str) -> Hall:
    hall = session.get(Hall, hall_id)
    if hall is None or not viewer.may_see_hall(hall.id):
        raise NotFound
    return hall


def scoped_counter(session: Session, viewer: Viewer, counter_id: str) -> Counter:
    counter = session.get(Counter, counter_id)
    if counter is None or not viewer.may_see_hall(counter.hall_id):
        raise NotFound
    return counter


def scoped_camera(session: Session, viewer: Viewer, camera_id: str) -> Camera:
    camera = session.get(Camera, camera_id)
    if camera is None or not viewer.may_see_hall(camera.hall_id):
        raise NotFound
    return camera


def scoped_hold(session: Session, viewer: Viewer, hold_id: int) -> Hold:
    hold = session.get(Hold, hold_id)
    if hold is None:
        raise NotFound
    scoped_camera(session, viewer, hold.camera_id)
    return hold


def scoped_absence(session: Session, viewer: Viewer, absence_id: int) -> Absence:
    absence = session.get(Absence, absence_id)
    if absence is None:
        raise NotFound
    scoped_counter(session, viewer, absence.counter_id)
    return absence


def scoped_alert(session: Session, viewer: Viewer, alert_id: int) -> Alert:
    alert = session.get(Alert, alert_id)
    if alert is None or not may_see_alert(viewer, alert.hall_id):
        raise NotFound
    return alert


def may_see_alert(viewer: Viewer, hall_id: str | None) -> bool:
    """One of no hall concerns every hall."""
    return viewer.may(Permission.SITE_ALERTS) if hall_id is None else viewer.may_see_hall(hall_id)


def alerts_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """The same of every alert that a query finds."""
    halls = true() if viewer.halls is None else col(Alert.hall_id).in_(sorted(viewer.halls))
    of_halls = and_(col(Alert.hall_id).is_not(None), halls)
    return or_(of_halls, col(Alert.hall_id).is_(None)) if viewer.may(Permission.SITE_ALERTS) else of_halls


def scoped_case(session: Session, viewer: Viewer, case_id: int) -> Case:
    case = session.get(Case, case_id)
    if case is None or not may_see_case(viewer, case):
        raise NotFound
    return case


def scoped_card(session: Session, viewer: Viewer, card_id: int) -> Card:
    card = session.get(Card, card_id)
    if card is None:
        raise NotFound
    scoped_case(session, viewer, card.case_id)
    return card


def scoped_order(session: Session, viewer: Viewer, order_id: int) -> SupervisionOrder:
    """A department sees the orders that it has to answer, in its halls."""
    order = session.get(SupervisionOrder, order_id)
    if order is None:
        raise NotFound
    case = session.get_one(Case, order.case_id)
    is_in_hall = viewer.halls is None or (case.hall_id is not None and case.hall_id in viewer.halls)
    if not is_in_hall or (viewer.role is Role.DEPARTMENT and order.department_id != viewer.department_id):
        raise NotFound
    return order


def scoped_complaint(session: Session, viewer: Viewer, complaint_id: int) -> Complaint:
    """One of no hall needs the whole city as scope."""
    complaint = session.get(Complaint, complaint_id)
    if complaint is None or not (viewer.halls is None or complaint.hall_id in viewer.halls):
        raise NotFound
    return complaint


def scoped_call_back(session: Session, viewer: Viewer, call_back_id: int) -> CallBack:
    """A department sees those about its own cases, in its halls."""
    found = session.get(CallBack, call_back_id)
    is_in_hall = found is not None and (viewer.halls is None or found.hall_id in viewer.halls)
    if found is None or not is_in_hall:
        raise NotFound
    if viewer.role is Role.DEPARTMENT and (not viewer.department_id or found.department_id != viewer.department_id):
        raise NotFound
    return found


def scoped_source(session: Session, viewer: Viewer, source_id: str) -> Source:
    """A source of several halls needs the whole city as scope."""
    source = session.get(Source, source_id)
    if source is None or not (viewer.halls is None or source.hall_id in viewer.halls):
        raise NotFound
    return source


def may_see_case(viewer: Viewer, case: Case) -> bool:
    """A department sees its own cases in its halls; a case of no known hall needs the whole city as scope."""
    if viewer.role is Role.DEPARTMENT and (viewer.department_id is None or case.department_id != viewer.department_id):
        return False
    return viewer.halls is None or (case.hall_id is not None and case.hall_id in viewer.halls)
