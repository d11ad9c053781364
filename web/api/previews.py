"""What the detector sees now, by zones that are only drawn yet: for administrators."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field
from sqlmodel import Session

from analytics.looking import Observation, WatchedView
from analytics.people import Box
from analytics.pictures import Picture
from analytics.preview import Preview
from analytics.zones import zone_of
from ingest.video.clip_plan import NothingRecorded
from ingest.video.stills import Moment, moment_at
from storage.inside import read_inside
from storage.mask_pixels import filled
from storage.masks import masks_between, polygons_of
from storage.sayings import Saying
from storage.zone_rules import zone_rule_at
from web.api.administration import AdminDesk, Desk
from web.api.media import log_look, newest_moment, shown_or_why
from web.customer_faces import CustomerFaces
from web.declarations import InsideText
from web.declared_values import OptionalZone, Strict
from web.errors import NotFound, TooOften
from web.previews import Previews
from web.scope import scoped_camera
from web.store_threads import waits_for_store

router = APIRouter(prefix="/api/v1", tags=["cameras"])


class DrawnZones(Strict):
    """As they are drawn now, saved or not."""

    staff_zone: OptionalZone = Field(default_factory=list)
    customer_zone: OptionalZone = Field(default_factory=list)
    staff_inside: InsideText = ""
    """Empty: as the zone rule of the site says."""
    customer_inside: InsideText = ""
    with_picture: bool = False
    """Whether the picture itself is wanted, too."""


@dataclass(frozen=True)
class PersonSeen:
    box: Box
    score: Annotated[float, Field(ge=0, le=1)]
    counts: bool
    """False: found, with a score that is too low."""
    staff: bool
    customer: bool


@dataclass(frozen=True)
class PreviewShown:
    taken: datetime
    age_s: float
    detector: str
    threshold: float
    staff_count: int | None
    """At least; None: nothing can be said, or no zone is drawn. So are the next two."""
    staff_most: int | None
    """At most, with those who may be there; None, too, where nobody knows how many."""
    customer_count: int | None
    reason: str
    """Why nothing can be said of staff, e.g. dark."""
    people: tuple[PersonSeen, ...]
    looked_at: tuple[Box, ...]
    """The parts of the picture that the detector was given."""
    jpeg: str
    """Base64, with the privacy masks filled and heads outside the saved staff zones blurred; empty unless asked for."""


@router.post("/cameras/{camera_id}/preview")
@waits_for_store
def preview_zones(request: Request, desk: AdminDesk, camera_id: str, drawn: DrawnZones) -> PreviewShown:
    """Who is seen on the newest picture, and who would count by these zones. Nothing is kept.

    429 when it is asked for more than about once in two seconds, 503 when the detector cannot run here.
    """
    previews: Previews = request.app.state.previews
    faces: CustomerFaces = request.app.state.customer_faces
    now = desk.services.clock()
    with desk.reading() as session:
        camera = scoped_camera(session, desk.viewer, camera_id)
        if not previews.limiter.may(str(desk.viewer.user_id), now):
            raise TooOften
        newest = _newest(desk, session, camera.id)
    shown = shown_or_why(request, desk.services, camera.id, newest, newest.at)
    picture = Picture(camera.id, shown.wall, shown.image)
    with desk.reading() as session:
        masks = [zone_of(mask) for mask in polygons_of(masks_between(session, camera.id, picture.wall, now))]
        view = _view(session, camera.id, drawn, now)
        saved = faces.views(session, camera.id, picture.wall)
    if drawn.with_picture:
        log_look(request, desk.services, desk.viewer, "still", f"camera:{camera.id}", "")
    name, seen = previews.look(picture, view, masks)
    jpeg = faces.still(filled(picture.image, masks), saved) if drawn.with_picture else b""
    return _shown(picture.wall, name, seen, previews.threshold, now, b64encode(jpeg).decode())


def _newest(desk: Desk, session: Session, camera_id: str) -> Moment:
    newest = newest_moment(desk.services, session, camera_id)
    try:
        return moment_at(desk.services.footage, session, camera_id, newest)
    except NothingRecorded:
        raise NotFound(Saying("Nothing has been recorded yet.")) from None


def _view(session: Session, camera_id: str, drawn: DrawnZones, now: datetime) -> WatchedView:
    usual = zone_rule_at(session, now).inside
    return WatchedView(
        camera_id,
        "",
        zone_of(drawn.staff_zone),
        zone_of(drawn.customer_zone),
        read_inside(drawn.staff_inside or usual),
        read_inside(drawn.customer_inside or usual),
    )


def _at_most(told: Observation) -> int | None:
    known = told.staff_count is not None and told.staff_besides is not None
    return (told.staff_count or 0) + (told.staff_besides or 0) if known else None


def _shown(taken: datetime, detector: str, seen: Preview, threshold: float, now: datetime, jpeg: str) -> PreviewShown:
    told = seen.observation
    return PreviewShown(
        taken=taken,
        age_s=max((now - taken).total_seconds(), 0.0),
        detector=detector,
        threshold=threshold,
        staff_count=told.staff_count,
        staff_most=_at_most(told),
        customer_count=told.customer_count,
        reason=told.reason,
        people=tuple(PersonSeen(one.box, one.score, one.counts, one.staff, one.customer) for one in seen.found),
        looked_at=seen.looked_at,
        jpeg=jpeg,
    )
