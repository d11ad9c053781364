"""What people say about absences: disputing them, and deciding on that."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, ValidationInfo, field_validator
from sqlmodel import Session

from correlation.deadlines.workflow import Party
from correlation.disputes.dispute_log import Said, SayingRefused
from correlation.disputes.dispute_log import say as append
from correlation.disputes.voices import is_own
from correlation.disputes.workflow import MOVES, Refusal
from correlation.evaluation.places import departments_of_counters
from storage.intervals import Span
from storage.models import Absence, DisputeAct, DisputeGround, DisputeState, EventKind
from storage.sayings import Saying
from web.access_log import log_access
from web.addresses import client_address
from web.api.cards import LONGEST_WORD
from web.auth import require
from web.declared_values import Strict
from web.errors import Conflict, Forbidden
from web.feedback import follow_dispute
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_absence
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["absences"])
_SPEAKS_FOR: Mapping[Party, Permission] = {
    Party.DEPARTMENT: Permission.DISPUTE,
    Party.SUPERVISOR: Permission.JUDGE_DISPUTES,
}
_REFUSED: Mapping[Refusal, Saying] = {
    Refusal.NONE: Saying("This has been no absence, as was found later; there is nothing to dispute or to decide."),
    Refusal.ACCUSES_NOBODY: Saying("This is held against nobody; there is nothing to dispute."),
    Refusal.TOO_EARLY: Saying("This would be said before what it answers. Check the server's clock."),
    Refusal.TOO_LATE: Saying("The time to dispute this absence is over."),
    Refusal.OUT_OF_TURN: Saying("This cannot be said of the absence as it stands now: see what was said meanwhile."),
    Refusal.OWN_DISPUTE: Saying("Nobody decides on what they have said themselves. Leave it to somebody else."),
}
_ANOTHERS = Saying("By the operators on record this counter is another department's; only that one disputes it.")


class AbsenceWordRequest(Strict):
    act: DisputeAct
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_WORD)]
    """Why."""
    ground: Annotated[DisputeGround | None, Field(validate_default=True)] = None
    """Of a dispute, and needed for it."""

    @field_validator("ground")
    @classmethod
    def _a_dispute_has_a_ground(cls, ground: DisputeGround | None, info: ValidationInfo) -> DisputeGround | None:
        if ground is None and info.data.get("act") is DisputeAct.DISPUTE:
            raise ValueError(Saying("Choose a reason for the dispute."))
        return ground


class AbsenceShown(BaseModel):
    id: int
    counter_id: str
    kind: EventKind
    start: datetime
    end: datetime | None
    dispute: DisputeState | None


def speaker_on(
    absence_id: RowId,
    viewer: Annotated[Viewer, Depends(require(Permission.DISPUTE, Permission.JUDGE_DISPUTES))],
    services: ServicesDep,
) -> Viewer:
    """Before anything of the request is looked at: an absence out of scope is not there."""
    with services.database.transaction() as session:
        scoped_absence(session, viewer, absence_id)
    return viewer


Speaker = Annotated[Viewer, Depends(speaker_on)]


@router.post("/absences/{absence_id}/words")
def say(
    absence_id: RowId, wanted: AbsenceWordRequest, request: Request, services: ServicesDep, viewer: Speaker
) -> AbsenceShown:
    """Appends to the log of the absence. While it is disputed it counts nothing, and its footage is held.

    409 where it cannot be said of the absence as it stands.
    """
    now = services.clock()
    with services.database.transaction() as session:
        absence = scoped_absence(session, viewer, absence_id)
        party = MOVES[wanted.act].party
        if party not in parties_of(viewer):
            raise Forbidden
        if party is Party.DEPARTMENT and not may_dispute(session, viewer, absence, now):
            raise Forbidden(_ANOTHERS if viewer.department_id else "")
        try:
            said = Said(wanted.act, wanted.text, wanted.ground)
            absence = append(session, absence_id, said, viewer.user_id, now)
        except SayingRefused as refused:
            raise Conflict(_REFUSED[refused.why]) from None
        follow_dispute(session, absence, wanted.act, wanted.ground, viewer.user_id, now)
        action = "dispute" if wanted.act is DisputeAct.DISPUTE else f"dispute_{wanted.act.value}"
        log_access(session, viewer, action, f"absence:{absence_id}", "", now, client_address(request))
        return AbsenceShown(**absence.model_dump(include=set(AbsenceShown.model_fields)))


def may_dispute(session: Session, viewer: Viewer, absence: Absence, now: datetime) -> bool:
    """Whoever speaks for a department does so at its own counters, and at those that are not known to be another's."""
    if viewer.department_id is None:
        return viewer.may(Permission.ADMIN)
    span = Span(absence.start, max(absence.start, absence.end or now))
    return is_own(departments_of_counters(session, span).get(absence.counter_id, ""), viewer.department_id)


def parties_of(viewer: Viewer) -> frozenset[Party]:
    """For whom somebody may speak."""
    return frozenset(party for party, permission in _SPEAKS_FOR.items() if viewer.may(permission))
