"""Correcting the time of footage by the form of a camera's day: first what would become of it, then it is done."""

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from storage.models import Camera, Hall
from web.api import corrections as corrections_api
from web.api.corrections import CorrectionRequest, Corrector
from web.correcting import Corrected
from web.errors import Unprocessable
from web.pages.admin.forms import SentForm, text
from web.pages.calendar import camera_day_with
from web.pages.correction_outcome import CorrectionOutcome
from web.pages.corrections import CorrectionForm, problems_of, requested, sent
from web.pages.places import HallRef, hall_ref
from web.pages.rendering import ScreenDep, html
from web.scope import scoped_camera
from web.services import Services, ServicesDep

router = APIRouter()


@dataclass(frozen=True)
class CorrectionPage:
    """What a correction would do; its form is sent once more to do it."""

    now: datetime
    hall: HallRef
    camera_id: str
    name: str
    day: str
    form: CorrectionForm
    wanted: CorrectionRequest
    outcome: CorrectionOutcome


@router.post("/calendar/{camera}/corrections", include_in_schema=False)
def correct(
    request: Request, viewer: Corrector, services: ServicesDep, around: ScreenDep, form: SentForm, camera: str
) -> Response:
    """In the time of the camera's hall. `step` is what is wanted: that it is `done`, its form `again`, or else to see
    what it would do."""
    day, step = text(form, "day"), text(form, "step")
    typed = sent({name: text(form, name) for name in ("from", "to", "shift", "error", "reason", "first", "last")})
    with services.database.transaction() as session:
        zone = session.get_one(Hall, scoped_camera(session, viewer, camera).hall_id).timezone
    if step == "again":
        return html(around, "camera_day.html", camera_day_with(viewer, services, camera, day, typed))
    try:
        wanted = requested(camera, typed, zone)
        if step != "done":
            tried = corrections_api.tried(wanted, services, viewer)
            return html(around, "correct.html", _page(services, camera, day, typed, wanted, tried))
        corrections_api.correct(wanted, request, services, viewer)
    except (ValidationError, Unprocessable) as error:
        again = replace(typed, problems=problems_of(error))
        return html(around, "camera_day.html", camera_day_with(viewer, services, camera, day, again), status=422)
    return RedirectResponse(f"/calendar/{camera}?{urlencode({'day': day})}&done=corrected", 303)


def _page(
    services: Services, camera: str, day: str, form: CorrectionForm, wanted: CorrectionRequest, tried: Corrected
) -> CorrectionPage:
    with services.database.transaction() as session:
        found = session.get_one(Camera, camera)
        return CorrectionPage(
            now=services.clock(),
            hall=hall_ref(session.get_one(Hall, found.hall_id)),
            camera_id=found.id,
            name=found.name or found.id,
            day=day,
            form=form,
            wanted=wanted,
            outcome=CorrectionOutcome.of(session, tried),
        )
