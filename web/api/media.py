"""Recorded footage: clips that play and download, and stills."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Annotated, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import structlog
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import AwareDatetime
from sqlmodel import Session

from ingest.video.clip import Clip, FormatChanges, LongClip, NothingRecorded, clip_segments
from ingest.video.clip_plan import is_doubted
from ingest.video.readable import NothingReadable, Unreadable
from ingest.video.stills import Moment, Shown, jpeg, masked, moment_at, shown_at
from storage.intervals import Span
from storage.masks import masks_between, polygons_of
from storage.models import Camera, Hall, Segment
from storage.objects import StoreError
from storage.sayings import Saying
from web.access_log import footage_subject, log_access
from web.addresses import client_address
from web.auth import require
from web.byte_ranges import ByteRange, asked_range
from web.customer_faces import CustomerFaces
from web.errors import Forbidden, NotFound, Unavailable, Unprocessable
from web.field_problems import FieldProblem
from web.footage_scope import check_footage
from web.hiding import Hiding, check_unmasked, hiding
from web.masked_clips import MadeClip, MaskedClips
from web.newest_stills import NewestStills, Still
from web.no_footage import no_footage
from web.permissions import Permission
from web.recent_looks import Look, RecentLooks
from web.scope import scoped_camera
from web.services import Services, ServicesDep
from web.store_threads import sent, waits_for_store
from web.viewer import Viewer

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/media", tags=["footage"])

LONGEST_CLIP = timedelta(hours=24)
LONGEST_MASKED = timedelta(minutes=10)
"""That is played: nobody waits longer for its first picture."""
_ASK_EACH_TIME = "private, no-cache"
"""Whoever sits at the browser next may have other rights: what it keeps it may show only after asking again."""
_BEFORE_THE_NEWEST = timedelta(milliseconds=200)

LOST = Saying("It was recorded, but the store has lost it or cannot read it. Tell an administrator.")

OpenedClip = Clip | LongClip
_Made = TypeVar("_Made")
ClipViewer = Annotated[Viewer, Depends(require(Permission.CLIPS))]


@router.get("/clip.mp4", response_class=StreamingResponse)
@waits_for_store
def clip(
    request: Request,
    services: ServicesDep,
    viewer: ClipViewer,
    camera: str,
    start: Annotated[AwareDatetime, Query(alias="from")],
    end: Annotated[AwareDatetime, Query(alias="to")],
    download: bool = False,
    unmasked: bool = False,
    purpose: str = "",
) -> Response:
    """MP4 of exactly this span, gaps left out; answers ranges. `download=1` names it as a file.

    Where the camera has privacy masks they are filled, which encodes the pictures anew and leaves out the sound:
    `X-Privacy-Masks` and the file's comment say so. `unmasked=1` with a `purpose` gives the camera's own pictures.
    """
    check_span(start, end)
    if download and not viewer.may(Permission.DOWNLOAD):
        raise Forbidden
    with services.database.transaction() as session:
        found = scoped_camera(session, viewer, camera)
        check_footage(session, viewer, found.id, start, end)
        hidden = hiding(session, viewer, found.id, start, end, unmasked=unmasked, purpose=purpose)
        segments = clip_segments(services.footage, session, found.id, start, end)
        name = _file_name(session, found, start, end)
    opened = partial(_open, request, services, found.id, segments, Span(start, end), hidden)
    action, subject = hidden.action("download" if download else "play"), footage_subject(found.id, start, end)
    if hidden.polygons and download:
        made = _over_lost(found.id, opened, lambda clip: _masked_clips(request).streamed(clip, hidden.polygons))
        log_look(request, services, viewer, action, subject, purpose)
        return StreamingResponse(sent(made), 200, _as_file(name) | hidden.header, "video/mp4")
    shown = _masked(request, services, found.id, opened, hidden, end - start) if hidden.polygons else opened()
    asked = asked_range(request.headers, shown.size, _etag(shown))
    if asked.satisfiable:
        log_look(request, services, viewer, action, subject, purpose)
    answer = _respond(request, shown, asked, name if download else "")
    answer.headers.update(hidden.header)
    return answer


def _masked_clips(request: Request) -> MaskedClips:
    found = request.app.state.masked_clips
    assert isinstance(found, MaskedClips)
    return found


def _masked(
    request: Request,
    services: Services,
    camera_id: str,
    opened: Callable[[], OpenedClip],
    hidden: Hiding,
    length: timedelta,
) -> MadeClip:
    if length > LONGEST_MASKED:
        said = Saying("a clip with masks lasts at most %(longest)s; take several", longest=str(LONGEST_MASKED))
        raise Unprocessable(fields=[FieldProblem("to", said)])
    clips, now = _masked_clips(request), services.clock()
    return _over_lost(camera_id, opened, lambda clip: clips.made(clip, hidden.polygons, now))


def _over_lost(camera_id: str, opened: Callable[[], OpenedClip], make: Callable[[OpenedClip], _Made]) -> _Made:
    """Made once more where a segment turns out to be unreadable: opened again, the clip is without it."""
    with suppress(StoreError):
        return make(opened())
    try:
        return make(opened())
    except StoreError as error:
        raise unreadable(camera_id, error) from None


def check_span(start: datetime, end: datetime) -> None:
    if end <= start:
        raise Unprocessable(fields=[FieldProblem("to", Saying("must be later than “From”"))])
    if end - start > LONGEST_CLIP:
        hours = LONGEST_CLIP // timedelta(hours=1)
        said = Saying("a clip lasts at most %(hours)s hours; take several", hours=hours)
        raise Unprocessable(fields=[FieldProblem("to", said)])


def _open(
    request: Request, services: Services, camera_id: str, segments: Sequence[Segment], span: Span, hidden: Hiding
) -> OpenedClip:
    """After the transaction: a store that hangs must not keep a connection to the database from everybody else."""
    try:
        return unreadable_of(request).clip(services.footage, segments, span, hidden.told, services.clock())
    except NothingReadable:
        raise NotFound(LOST) from None
    except NothingRecorded:
        with services.database.transaction() as session:
            raise no_footage(session, camera_id, span) from None
    except FormatChanges as changes:
        raise Unprocessable(fields=[FieldProblem("from", _one_format_each(changes.parts))]) from None
    except StoreError as error:
        raise unreadable(camera_id, error) from None


def _one_format_each(parts: Sequence[Span]) -> Saying:
    spans = "; ".join(f"{part.start.isoformat()} {part.end.isoformat()}" for part in parts)
    return Saying("the camera's codec changes within this span; take these one by one: %(spans)s", spans=spans)


def unreadable_of(request: Request) -> Unreadable:
    found = request.app.state.unreadable
    assert isinstance(found, Unreadable)
    return found


def unreadable(camera_id: str, error: StoreError) -> Unavailable:
    """The log tells where the footage should be; a viewer is told only what to do."""
    log.warning("footage_unreadable", camera=camera_id, error=str(error))
    return Unavailable(Saying("The footage cannot be read now. Try again in a minute, or tell an administrator."))


def lost_or_away(request: Request, services: Services, segment: Segment, error: StoreError) -> NotFound | Unavailable:
    """What to answer where this segment cannot be read."""
    try:
        is_lost = unreadable_of(request).is_lost(services.footage, segment, services.clock())
    except StoreError as away:
        return unreadable(segment.camera_id, away)
    return NotFound(LOST) if is_lost else unreadable(segment.camera_id, error)


def _etag(opened: OpenedClip | MadeClip) -> str:
    """The head names every frame, so two clips with the same head are the same."""
    return f'"{hashlib.sha256(opened.head).hexdigest()[:32]}"'


def _respond(request: Request, opened: OpenedClip | MadeClip, asked: ByteRange, file_name: str) -> Response:
    etag = _etag(opened)
    headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": _ASK_EACH_TIME}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    if not asked.satisfiable:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{opened.size}"})
    if file_name:
        headers |= _as_file(file_name)
    if asked.partial:
        headers["Content-Range"] = f"bytes {asked.first}-{asked.stop - 1}/{opened.size}"
    headers["Content-Length"] = str(asked.stop - asked.first)
    body: Iterator[bytes] = opened.chunks(asked.first, asked.stop)
    return StreamingResponse(sent(body), 206 if asked.partial else 200, headers, "video/mp4")


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _file_name(session: Session, camera: Camera, start: datetime, end: datetime) -> str:
    """cc-cam-1_2026-03-02_12-00-00_60s.mp4, in the hall's time."""
    hall = session.get_one(Hall, camera.hall_id)
    local = start.astimezone(ZoneInfo(hall.timezone))
    return f"{camera.id}_{local:%Y-%m-%d_%H-%M-%S}_{round((end - start).total_seconds())}s.mp4"


@router.get("/still.jpg", response_class=Response)
@waits_for_store
def picture(
    request: Request,
    services: ServicesDep,
    viewer: ClipViewer,
    camera: str,
    at: AwareDatetime | None = None,
    unmasked: bool = False,
    purpose: str = "",
) -> Response:
    """JPEG of the frame shown at this moment; `Last-Modified` is when it was taken. Without `at` the newest recorded.

    The camera's privacy masks are filled and heads outside staff zones blurred, but for `unmasked=1` with a `purpose`.
    The newest is shared by all who ask for it: while many cameras are watched so, it may be up to half a minute old.
    """
    faces: CustomerFaces = request.app.state.customer_faces
    with services.database.transaction() as session:
        found = scoped_camera(session, viewer, camera)
        moment = at or newest_moment(services, session, found.id)
        check_footage(session, viewer, found.id, moment, moment)
        if unmasked:
            check_unmasked(viewer, purpose)
        hidden = hiding(session, viewer, found.id, moment, moment, unmasked=unmasked, purpose=purpose)
        near = _near(services, session, found.id, moment)
        masks = repr(polygons_of(masks_between(session, found.id, moment, services.clock())))
        shows = (found.id, masks, repr(faces.views(session, found.id, moment)))

    def make() -> Still:
        shown = shown_or_why(request, services, found.id, near, moment)
        if unmasked:
            return Still(jpeg(shown.image), shown.wall, near.segment)
        with services.database.transaction() as session:
            image, views = masked(session, found.id, shown, moment), faces.views(session, found.id, shown.wall)
        return Still(faces.still(image, views), shown.wall, near.segment)

    newest: NewestStills = request.app.state.newest_stills
    still = make() if unmasked or at is not None else newest.get(shows, make)
    action = "still_unmasked" if unmasked else "still"
    if at is not None:
        with services.database.transaction() as session:
            subject = footage_subject(found.id, moment, moment)
            _log(session, request, services, viewer, action, subject, purpose)
    else:
        hour = moment.replace(minute=0, second=0, microsecond=0)
        subject = footage_subject(found.id, hour, hour + timedelta(hours=1))
        log_look(request, services, viewer, action, subject, purpose)
    taken = format_datetime(still.taken.astimezone(UTC), usegmt=True)
    return Response(
        still.jpeg,
        headers={"Last-Modified": taken} | hidden.header | _clock_header(still.segment),
        media_type="image/jpeg",
    )


def _clock_header(segment: Segment) -> dict[str, str]:
    """Whether, and to within how many microseconds, the time of its pictures can be relied on."""
    return {
        "X-Clock": "untrusted" if is_doubted(segment) else "trusted",
        "X-Clock-Error-Us": str(segment.clock_error_us),
    }


def _near(services: Services, session: Session, camera_id: str, at: datetime) -> Moment:
    try:
        return moment_at(services.footage, session, camera_id, at)
    except NothingRecorded:
        raise no_footage(session, camera_id, Span(at, at)) from None


def shown_or_why(request: Request, services: Services, camera_id: str, near: Moment, at: datetime) -> Shown:
    """What `shown_at` gives, or the answer that tells why there is none. Within no transaction, as `_open`."""
    try:
        return shown_at(services.footage, near)
    except NothingRecorded:
        with services.database.transaction() as session:
            raise no_footage(session, camera_id, Span(at, at)) from None
    except StoreError as error:
        read = (near.segment, *near.after, *((near.before,) if near.before else ()))
        failed = next((segment for segment in read if segment.key == error.key), near.segment)
        raise lost_or_away(request, services, failed, error) from None


def newest_moment(services: Services, session: Session, camera_id: str) -> datetime:
    newest = services.footage.recorded_to(session, camera_id)
    if newest is None:
        raise NotFound(Saying("Nothing has been recorded yet."))
    return newest - _BEFORE_THE_NEWEST


def log_look(request: Request, services: Services, viewer: Viewer, action: str, subject: str, purpose: str) -> None:
    """Once for all the requests of which one look consists."""
    looks: RecentLooks = request.app.state.recent_looks
    look, now = Look(viewer.user_id, action, subject), services.clock()
    if looks.is_written(look, now):
        return
    with services.database.transaction() as session:
        _log(session, request, services, viewer, action, subject, purpose)
    looks.add(look, now)


def _log(
    session: Session,
    request: Request,
    services: Services,
    viewer: Viewer,
    action: str,
    subject: str,
    purpose: str,
) -> None:
    stated = purpose or urlsplit(request.headers.get("referer", "")).path
    log_access(session, viewer, action, subject, stated, services.clock(), client_address(request))
