"""Taking a correction of time back: first what would become of it, then, with a reason, it is done."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from storage.asked_corrections import CorrectionRefused
from storage.models import Hall, TimeCorrection
from storage.sayings import Saying
from web.api import corrections as corrections_api
from web.api.corrections import Corrector, shown, sign_in_name
from web.correcting import Corrected, try_taking_back
from web.errors import Conflict, NotFound, Unprocessable
from web.pages.admin.forms import SentForm, text
from web.pages.correction_outcome import CorrectionOutcome
from web.pages.corrections import CorrectionRow, correction_row
from web.pages.places import HallRef, hall_ref
from web.pages.rendering import ScreenDep, add_page, html
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_camera
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
_PATH = "/calendar/{camera}/corrections/{correction_id}/take-back"
_NOT_SAID_YET = "?"
"""The reason with which it is tried out; nothing of that is kept."""


@dataclass(frozen=True)
class TakingBackPage:
    now: datetime
    hall: HallRef
    camera_id: str
    name: str
    day: str
    """From which page it was asked for; as in its address, perhaps empty."""
    correction: CorrectionRow
    outcome: CorrectionOutcome
    reason: str
    """As it was sent."""
    problem: Saying | None
    """What is wrong with the reason."""


def taking_back_page(
    viewer: Corrector, services: ServicesDep, camera: str, correction_id: RowId, day: str = ""
) -> TakingBackPage:
    """Changes nothing. Raises NotFound, and Conflict if it cannot be taken back (any more)."""
    return _page(viewer, services, camera, correction_id, day)


def _page(
    viewer: Viewer,
    services: Services,
    camera: str,
    correction_id: int,
    day: str,
    reason: str = "",
    problem: Saying | None = None,
) -> TakingBackPage:
    now = services.clock()
    with services.database.transaction() as session:
        row = _of_camera(session, viewer, camera, correction_id)
        who = sign_in_name(session, viewer)
    tried = _tried(services, correction_id, who, now)
    with services.database.transaction() as session:
        found = scoped_camera(session, viewer, camera)
        return TakingBackPage(
            now=now,
            hall=hall_ref(session.get_one(Hall, found.hall_id)),
            camera_id=found.id,
            name=found.name or found.id,
            day=day,
            correction=correction_row(shown(session, [row])[0], viewer.may(Permission.CORRECT)),
            outcome=CorrectionOutcome.of(session, tried),
            reason=reason,
            problem=problem,
        )


def _of_camera(session: Session, viewer: Viewer, camera: str, correction_id: int) -> TimeCorrection:
    row = session.get(TimeCorrection, correction_id)
    if row is None or row.camera_id != scoped_camera(session, viewer, camera).id:
        raise NotFound
    return row


def _tried(services: Services, correction_id: int, who: str, now: datetime) -> Corrected:
    try:
        return try_taking_back(services.database, correction_id, _NOT_SAID_YET, who, now)
    except CorrectionRefused as refused:
        raise Conflict(refused.said) from None


add_page(router, _PATH, "take_back.html", taking_back_page)


@router.post(_PATH, include_in_schema=False)
def take_back(
    request: Request,
    viewer: Corrector,
    services: ServicesDep,
    around: ScreenDep,
    form: SentForm,
    camera: str,
    correction_id: RowId,
) -> Response:
    day, reason = text(form, "day"), text(form, "reason")
    with services.database.transaction() as session:
        _of_camera(session, viewer, camera, correction_id)
    try:
        wanted = corrections_api.TakingBack(reason=reason)
        corrections_api.take_back(correction_id, wanted, request, services, viewer)
    except Unprocessable as refused:
        problem = next((each.problem for each in refused.fields if each.field == "reason"), None)
        again = _page(viewer, services, camera, correction_id, day, reason, problem)
        return html(around, "take_back.html", again, status=422)
    return RedirectResponse(f"/calendar/{camera}?{urlencode({'day': day, 'done': 'taken_back'})}", 303)
