"""Correcting the time of footage, taking that back, and what was corrected."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from storage.asked_corrections import CorrectionRefused, Wanted
from storage.models import Reanalysis, TimeCorrection, User
from storage.time_shifts import NONE_YET, Numbers
from web.access_log import footage_subject, log_access
from web.addresses import client_address
from web.auth import require
from web.correcting import Corrected, correct_time, take_back_correction, try_out
from web.declared_values import Id, Moment, Strict
from web.errors import NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_camera
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["footage"])
Corrector = Annotated[Viewer, Depends(require(Permission.CORRECT))]
SpanViewer = Annotated[Viewer, Depends(require(Permission.SPAN))]
Sequence = Annotated[int, Field(ge=0, lt=NONE_YET)]
_FIELDS = {
    "first": "first_sequence",
    "from": "start",
    "to": "end",
    "shift": "shift_s",
    "error": "error_s",
    "id": "id",
    "reason": "reason",
}


class CorrectionRequest(Strict):
    camera: Id
    start: Moment
    """By the time that the files say, before any correction; whole segments are corrected."""
    end: Moment
    """Exclusive."""
    shift_s: float
    """The true time minus the time that the files say, in seconds."""
    error_s: float
    """With the shift, every picture's time is within this of the truth."""
    reason: Annotated[str, Field(min_length=1)]
    first_sequence: Sequence | None = None
    """Of a time that was recorded more than once: the first segment that is meant, by its number."""
    last_sequence: Sequence | None = None
    """The last one, itself meant."""


class TakingBack(Strict):
    reason: str


class LookAgain(BaseModel):
    """A counter that is looked at again: until `done_at` it is unknown."""

    counter_id: str
    start: datetime
    end: datetime
    watched_to: datetime | None
    done_at: datetime | None
    superseded_by: int | None
    """Another correction's, which looks at all of it; this one was not looked at to the end."""
    changes: dict[str, object]


class CorrectionShown(BaseModel):
    id: int
    camera_id: str
    start: datetime
    end: datetime
    first_sequence: int | None
    last_sequence: int | None
    """Both ends belong to it; of all segments of the span where there are none."""
    shift_s: float
    error_s: float
    reason: str
    made_by: str
    made_at: datetime
    takes_back: int | None
    taken_back_by: int | None
    """The row that makes this one void."""
    looked_again: list[LookAgain]


@router.post("/corrections")
def correct(wanted: CorrectionRequest, request: Request, services: ServicesDep, viewer: Corrector) -> CorrectionShown:
    """The footage of the span is shown at its true time from now on. What was seen in it is unknown until it was looked
    at again. Of several corrections the last counts alone."""
    now = services.clock()
    with services.database.transaction() as session:
        try:
            done = correct_time(session, _asked(session, viewer, wanted), now)
        except CorrectionRefused as refused:
            raise _unprocessable(refused) from None
        _log(session, request, viewer, "correct_time", done, now)
        return shown(session, [done.moved.correction])[0]


def tried(wanted: CorrectionRequest, services: Services, viewer: Viewer) -> Corrected:
    """What `correct` would do. Raises NotFound, Unprocessable."""
    try:
        with services.database.transaction() as session:
            asked = _asked(session, viewer, wanted)
        return try_out(services.database, asked, services.clock())
    except CorrectionRefused as refused:
        raise _unprocessable(refused) from None


@router.post("/corrections/{correction_id}/take-back")
def take_back(
    correction_id: RowId, wanted: TakingBack, request: Request, services: ServicesDep, viewer: Corrector
) -> CorrectionShown:
    """The footage is shown as if there had been no such correction; what was seen in it is looked at once more."""
    now = services.clock()
    with services.database.transaction() as session:
        row = session.get(TimeCorrection, correction_id)
        if row is None:
            raise NotFound
        scoped_camera(session, viewer, row.camera_id)
        try:
            done = take_back_correction(session, row, wanted.reason, sign_in_name(session, viewer), now)
        except CorrectionRefused as refused:
            raise _unprocessable(refused) from None
        _log(session, request, viewer, "take_back_correction", done, now)
        return shown(session, [done.moved.correction])[0]


@router.get("/corrections")
def corrections(services: ServicesDep, viewer: SpanViewer, camera: str) -> list[CorrectionShown]:
    """All of a camera, the newest first, those that were taken back too."""
    with services.database.transaction() as session:
        found = scoped_camera(session, viewer, camera)
        rows = session.exec(
            select(TimeCorrection).where(TimeCorrection.camera_id == found.id).order_by(col(TimeCorrection.id).desc())
        )
        return shown(session, list(rows))


def shown(session: Session, rows: list[TimeCorrection]) -> list[CorrectionShown]:
    ids = [row.id for row in rows]
    void = session.exec(
        select(TimeCorrection.takes_back, TimeCorrection.id).where(col(TimeCorrection.takes_back).in_(ids))
    )
    taken_back_by = dict(void.all())
    again: dict[int | None, list[LookAgain]] = {}
    for job in session.exec(
        select(Reanalysis).where(col(Reanalysis.correction_id).in_(ids)).order_by(col(Reanalysis.id))
    ):
        told = LookAgain(**job.model_dump(include=set(LookAgain.model_fields) - {"changes"}), changes={})
        if job.done_at is not None:
            told.changes = job.changes
        again.setdefault(job.correction_id, []).append(told)
    return [
        CorrectionShown(
            **row.model_dump(include=set(CorrectionShown.model_fields)),
            shift_s=row.shift_us / 1_000_000,
            error_s=row.error_us / 1_000_000,
            taken_back_by=taken_back_by.get(row.id),
            looked_again=again.get(row.id, []),
        )
        for row in rows
    ]


def _asked(session: Session, viewer: Viewer, wanted: CorrectionRequest) -> Wanted:
    """Raises NotFound, CorrectionRefused."""
    camera = scoped_camera(session, viewer, wanted.camera)
    who, numbers = sign_in_name(session, viewer), Numbers(wanted.first_sequence, wanted.last_sequence)
    return Wanted.of(camera.id, wanted.start, wanted.end, wanted.shift_s, wanted.error_s, wanted.reason, who, numbers)


def sign_in_name(session: Session, viewer: Viewer) -> str:
    return session.get_one(User, viewer.user_id).name


def _unprocessable(refused: CorrectionRefused) -> Unprocessable:
    return Unprocessable(fields=[FieldProblem(_FIELDS[refused.field], refused.said)])


def _log(session: Session, request: Request, viewer: Viewer, action: str, done: Corrected, now: datetime) -> None:
    row = done.moved.correction
    subject = f"correction:{row.id} {footage_subject(row.camera_id, row.start, row.end)}"
    log_access(session, viewer, action, subject, row.reason, now, client_address(request))
