"""Feedback: a wrong alert becomes a labelled sample, and is taken back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, BaseModel
from sqlmodel import Session

from analytics.samples import About, Answer, NoPicture, mark, of_alert, sample_of, take_back
from storage.models import Alert, Counter, Sample, SampleState, ZoneRole
from storage.sayings import Saying
from web.access_log import log_access
from web.addresses import client_address
from web.auth import require
from web.declared_values import Id, Strict
from web.errors import Conflict, NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_alert, scoped_counter
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["samples"])
_NO_PICTURE = Saying("No camera saw this zone of this counter then, so there is nothing to learn from.")
_WHICH_COUNTER = Saying("Say at which counter: the alert names none.")


class SampleRequest(Strict):
    someone_there: bool
    """The right answer, for as long as the alert's event lasted, at most five minutes."""
    zone: ZoneRole = ZoneRole.STAFF
    counter: Id | None = None
    """Of an alert that names none, as one about a camera."""


class SampleShown(BaseModel):
    id: int
    about: str
    alert_id: int | None
    absence_id: int | None
    camera_id: str
    counter_id: str
    zone: ZoneRole
    someone_there: bool
    start: AwareDatetime
    end: AwareDatetime
    state: SampleState


def marker_of(
    alert_id: RowId, viewer: Annotated[Viewer, Depends(require(Permission.FEEDBACK))], services: ServicesDep
) -> Viewer:
    """Before anything of the request is looked at: an alert out of scope is not there."""
    with services.database.transaction() as session:
        scoped_alert(session, viewer, alert_id)
    return viewer


Marker = Annotated[Viewer, Depends(marker_of)]


@router.post("/alerts/{alert_id}/sample")
def add_sample(
    alert_id: RowId, wanted: SampleRequest, request: Request, services: ServicesDep, viewer: Marker
) -> SampleShown:
    """The alert was wrong: its footage and the right answer are kept as a labelled sample. Repeating it gives the same.

    What the alert or its absence counts for does not change: that is decided by a dispute. 409 where no camera saw it.
    """
    now = services.clock()
    with services.database.transaction() as session:
        alert = scoped_alert(session, viewer, alert_id)
        about = _about(session, viewer, alert, wanted.counter, services)
        before = sample_of(session, about.key)
        is_new = before is None or before.state is SampleState.CLAIMED
        try:
            sample = mark(session, about, Answer(wanted.someone_there, wanted.zone), viewer.user_id, now)
        except NoPicture:
            raise Conflict(_NO_PICTURE) from None
        if is_new:
            log_access(session, viewer, "sample", f"sample:{sample.id}", "", now, client_address(request))
        return shown(sample)


def _about(session: Session, viewer: Viewer, alert: Alert, counter: str | None, services: ServicesDep) -> About:
    """Raises NotFound for a counter out of scope, Unprocessable where the alert needs one."""
    if counter is not None:
        scoped_counter(session, viewer, counter)
    about = of_alert(session, alert, counter or "", services.clock())
    if session.get(Counter, about.counter_id) is None:
        raise Unprocessable(fields=[FieldProblem("counter", _WHICH_COUNTER)])
    return about


@router.delete("/alerts/{alert_id}/sample", status_code=204)
def remove_sample(alert_id: RowId, request: Request, services: ServicesDep, viewer: Marker) -> None:
    """The mark is taken back: the sample is exported no more, and its footage is kept no longer than any other."""
    now = services.clock()
    with services.database.transaction() as session:
        sample = of_alert_row(session, scoped_alert(session, viewer, alert_id))
        if sample is None:
            raise NotFound
        take_back(session, sample, viewer.user_id, now)
        log_access(session, viewer, "sample_taken_back", f"sample:{sample.id}", "", now, client_address(request))


def of_alert_row(session: Session, alert: Alert) -> Sample | None:
    key = f"absence:{alert.absence_id}" if alert.absence_id else f"alert:{alert.id}"
    return sample_of(session, key)


def shown(sample: Sample) -> SampleShown:
    return SampleShown(**sample.model_dump(include=set(SampleShown.model_fields)))
