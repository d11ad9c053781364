"""Holding footage, and lifting a hold."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, model_validator
from sqlmodel import Session

from analytics.samples import is_of_sample
from storage.held_footage import held_footage
from storage.holds import hold_once, lift_hold
from storage.intervals import Span
from storage.models import Hold, Role
from storage.sayings import Saying
from web.access_log import footage_subject, log_access
from web.addresses import client_address
from web.auth import require
from web.declared_values import Id, Moment, Strict
from web.errors import Conflict, Forbidden
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_camera, scoped_hold
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["keeping"])
Holder = Annotated[Viewer, Depends(require(Permission.HOLD))]
LONGEST_DAYS = 92
_OF_A_SAMPLE = Saying("This footage is held as a labelled sample. Take the sample back instead.")
SUBJECT = r"^(|(absence|case):\d{1,15})$"


class HoldRequest(Strict):
    camera: Id
    start: Moment
    end: Moment
    """Exclusive; may lie ahead: what will be recorded until then is held too."""
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    subject: Annotated[str, Field(pattern=SUBJECT)] = ""
    """What it is about: absence:7, case:3, or nothing."""

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        if self.end <= self.start:
            raise ValueError(Saying("The end has to lie after the beginning."))
        if self.end - self.start > timedelta(days=LONGEST_DAYS):
            raise ValueError(Saying("A hold lasts %(most)s days at most; set several.", most=LONGEST_DAYS))
        return self


class HoldShown(BaseModel):
    id: int
    camera_id: str
    start: datetime
    end: datetime
    reason: str
    subject: str
    owner_id: int | None
    """Empty: it was found locked in the store by `hallwatch recover`; who held it, and how many, is not known."""
    set_at: datetime
    lifted_at: datetime | None
    lifted_by: int | None
    recorded_from: datetime | None
    """From here to `recorded_to` there is footage in the span at this moment; empty if there is none to hold."""
    recorded_to: datetime | None
    store_error: str
    """Why the store could not be told; empty where it could, and where it cannot lock objects."""
    already: bool
    """It was held by the same person for the same reason before; nothing was added."""


@router.post("/holds")
def hold(wanted: HoldRequest, request: Request, services: ServicesDep, viewer: Holder) -> HoldShown:
    """Nothing of it is deleted from now on, until this and every other hold of it is lifted. Recording goes on.

    Repeating it, with the same span and reason, gives the hold that there is."""
    now = services.clock()
    with services.database.transaction() as session:
        camera = scoped_camera(session, viewer, wanted.camera)
        row = Hold(
            camera_id=camera.id,
            start=wanted.start,
            end=wanted.end,
            reason=wanted.reason,
            subject=wanted.subject,
            owner_id=viewer.user_id,
            set_at=now,
        )
        row, is_new = hold_once(session, row)
        if is_new:
            subject = f"hold:{row.id} {footage_subject(camera.id, row.start, row.end)}"
            log_access(session, viewer, "hold", subject, wanted.reason, now, client_address(request))
        return _shown(session, row, already=not is_new)


@router.post("/holds/{hold_id}/lift")
def lift(hold_id: RowId, request: Request, services: ServicesDep, viewer: Holder) -> HoldShown:
    """By who set it, or an administrator (else 403). Repeating it changes nothing; other holds of the same stay.

    409 for that of a labelled sample, which is taken back instead.
    """
    now = services.clock()
    with services.database.transaction() as session:
        row = scoped_hold(session, viewer, hold_id)
        if not may_lift(viewer, row.owner_id):
            raise Forbidden
        if row.lifted_at is None and is_of_sample(session, hold_id):
            raise Conflict(_OF_A_SAMPLE)
        if row.lifted_at is None:
            lift_hold(session, row, viewer.user_id, now)
            subject = f"hold:{row.id} {footage_subject(row.camera_id, row.start, row.end)}"
            log_access(session, viewer, "lift_hold", subject, "", now, client_address(request))
        return _shown(session, row)


def may_lift(viewer: Viewer, owner_id: int | None) -> bool:
    return viewer.role is Role.ADMIN or viewer.user_id == owner_id


def _shown(session: Session, row: Hold, *, already: bool = False) -> HoldShown:
    recorded = held_footage(session, row.camera_id, Span(row.start, row.end)).recorded
    return HoldShown(
        **row.model_dump(exclude={"released_at"}),
        recorded_from=recorded.start if recorded else None,
        recorded_to=recorded.end if recorded else None,
        already=already,
    )
