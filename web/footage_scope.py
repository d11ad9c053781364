"""Which footage a viewer may see beyond the hall's scope."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from storage.models import Absence, Case, FootageLink, Role, Step, View
from web.errors import NotFound
from web.viewer import Viewer

_LONGEST = timedelta(days=1)
"""How long before its clip's end a step or an absence may have begun; bounds the search."""


def check_footage(session: Session, viewer: Viewer, camera_id: str, start: datetime, end: datetime) -> None:
    """A department sees the clips of absences and of its own cases, nothing else. Raises NotFound.

    The camera must have been found in the viewer's scope before.
    """
    if viewer.role is not Role.DEPARTMENT:
        return
    counters = list(session.exec(select(View.counter_id).where(View.camera_id == camera_id)))
    links = _links(session, viewer, counters, start, end)
    if not any(link.camera_id == camera_id and link.start <= start and end <= link.end for link in links):
        raise NotFound


def _links(session: Session, viewer: Viewer, counters: list[str], start: datetime, end: datetime) -> list[FootageLink]:
    """Of everything at these counters that the department may know of and that begins near the span."""
    absences = (
        select(FootageLink)
        .join(Absence, col(Absence.id) == col(FootageLink.absence_id))
        .where(col(Absence.counter_id).in_(counters), col(Absence.start).between(start - _LONGEST, end + _LONGEST))
    )
    steps = (
        select(FootageLink)
        .join(Step, col(Step.id) == col(FootageLink.step_id))
        .join(Case, col(Case.id) == col(Step.case_id))
        .where(
            col(Step.counter_id).in_(counters),
            col(Step.start).between(start - _LONGEST, end + _LONGEST),
            Case.department_id == viewer.department_id,
        )
    )
    return [*session.exec(absences), *session.exec(steps)]
