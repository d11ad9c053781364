"""Recorded footage as HLS: a playlist for any span of a camera, and its segments by ranges of bytes."""

from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime
from sqlmodel import Session, select

from ingest.video.frames import to_us
from ingest.video.playlist import EARLIER, Playlist, has_sound, playlist
from ingest.video.retimed import Sound, Stretch, media_end, ticks_of
from ingest.video.unwritten import recent_segments, unwritten_segment
from storage.intervals import Span
from storage.masks import masks_between
from storage.models import Segment
from storage.objects import StoreError
from storage.sayings import Saying
from web.access_log import footage_subject
from web.api.media import LONGEST_CLIP, LOST, log_look, lost_or_away, unreadable, unreadable_of
from web.auth import require
from web.byte_ranges import asked_range
from web.errors import NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.hiding import check_unmasked, hiding
from web.no_footage import no_footage
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_camera
from web.services import Services, ServicesDep
from web.store_threads import waits_for_store
from web.viewer import Viewer

router = APIRouter(prefix="/media/hls", tags=["footage"])

LONGEST_LIVE = timedelta(hours=2)
"""A playlist that grows lists every fragment, so it must begin not long ago."""
_PLAYLIST = "application/vnd.apple.mpegurl"
_CLOSED = "private, no-cache"
_NEVER_FILLED = Saying("HLS has no privacy masks filled. Ask with unmasked=1 and a purpose, or take clips.")

# Segments hold whole groups of pictures, so they show more than an exact span: for who may see any span.
SpanViewer = Annotated[Viewer, Depends(require(Permission.SPAN))]


@router.get("/{camera}/playlist.m3u8", response_class=Response)
@waits_for_store
def media_playlist(
    request: Request,
    services: ServicesDep,
    viewer: SpanViewer,
    camera: str,
    start: Annotated[AwareDatetime, Query(alias="from")],
    end: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    unmasked: bool = False,
    purpose: str = "",
) -> Response:
    """What was recorded in the span; without `to`, or with one to come, it grows up to the moment.

    Its segments are the camera's own: where there are privacy masks it takes `unmasked=1` and a `purpose`.
    """
    now = services.clock()
    growing = end is None or end > now
    last = now if end is None or growing else end
    _check(start, last, growing)
    with services.database.transaction() as session:
        found = scoped_camera(session, viewer, camera)
        hidden = hiding(session, viewer, found.id, start, last, unmasked=unmasked, purpose=purpose)
        if hidden.polygons:
            raise Unprocessable(fields=[FieldProblem("unmasked", _NEVER_FILLED)])
        span = (start - EARLIER, last + timedelta(minutes=1)) if growing else (start, last)
        segments = recent_segments(services.footage, session, found.id, *span)
        if not segments and not growing:
            raise no_footage(session, found.id, Span(start, last))
    if growing:  # what was listed must stay; and what lies on the disk is played while the store is away
        lost = unreadable_of(request).known(segments)
    else:
        segments, lost = _readable(request, services, found.id, segments), frozenset()
    subject = footage_subject(found.id, start, start + (LONGEST_LIVE if growing else last - start))
    log_look(request, services, viewer, hidden.action("play"), subject, purpose)
    stated = f"&{urlencode({'purpose': purpose})}" if hidden.masks else ""
    made = Playlist(segments, start, None if growing else last, stated, lost)
    caching = "no-store" if growing else "private, no-cache"
    return Response(playlist(made), headers={"Cache-Control": caching}, media_type=_PLAYLIST)


def _readable(request: Request, services: Services, camera_id: str, segments: list[Segment]) -> list[Segment]:
    """Without those of which it is known that the store does not give them."""
    try:
        readable, _ = unreadable_of(request).sorted_out(services.footage, segments, services.clock())
    except StoreError as error:
        raise unreadable(camera_id, error) from None
    if not readable:
        raise NotFound(LOST)
    return readable


def _check(start: datetime, end: datetime, growing: bool) -> None:
    longest = LONGEST_LIVE if growing else LONGEST_CLIP
    if end <= start:
        said = Saying("must be before `to`, and not in the future")
        raise Unprocessable(fields=[FieldProblem("from", said)])
    if end - start > longest:
        said = Saying("a playlist lasts at most %(longest)s; take several", longest=str(longest))
        raise Unprocessable(fields=[FieldProblem("from", said)])


@router.get("/{camera}/{sequence}.mp4", response_class=Response)
@waits_for_store
def segment(
    request: Request,
    services: ServicesDep,
    viewer: SpanViewer,
    camera: str,
    sequence: RowId,
    at: AwareDatetime,
    purpose: str = "",
) -> Response:
    """A segment, its media times those of the wall clock; by ranges, as the playlist names them. `at`: its start.

    Where there are privacy masks it takes a `purpose`, which the playlist says for it.
    """
    with services.database.transaction() as session:
        found = scoped_camera(session, viewer, camera)
        row = _find(services, session, found.id, sequence, at)
        masked = masks_between(session, found.id, row.start, row.end)
    if row.start != at:
        raise NotFound
    if masked:
        check_unmasked(viewer, purpose)
    hour = at.replace(minute=0, second=0, microsecond=0)
    action = "play_unmasked" if masked else "play"
    log_look(request, services, viewer, action, footage_subject(found.id, hour, hour + timedelta(hours=1)), purpose)
    return _respond(request, services, row)


def _find(services: Services, session: Session, camera_id: str, sequence: int, at: datetime) -> Segment:
    query = select(Segment).where(Segment.camera_id == camera_id, Segment.sequence == sequence)
    row = session.exec(query).first() or unwritten_segment(services.footage, camera_id, sequence, at)
    if row is None:
        raise NotFound
    return row


def _respond(request: Request, services: Services, row: Segment) -> Response:
    """What has no row yet may still grow: its bytes stay what they are, but nobody knows how many there will be."""
    closed = row.id is not None
    etag = f'"{row.sha256[:32]}-w"'
    headers = {"Accept-Ranges": "bytes", "Cache-Control": _CLOSED if closed else "no-store"}
    if closed:
        headers["ETag"] = etag
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
    size = media_end(row)
    asked = asked_range(request.headers, size, etag)
    if not asked.satisfiable:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    if asked.partial:
        headers["Content-Range"] = f"bytes {asked.first}-{asked.stop - 1}/{size if closed else '*'}"
    sound = Sound.MOVED if has_sound(row) else Sound.HIDDEN
    stretch = Stretch(row, 0, size, ticks_of(to_us(row.start)) - row.composition_offset, sound)
    try:
        data = stretch.read(services.footage, asked.first, asked.stop)
    except StoreError as error:
        raise lost_or_away(request, services, row, error) from None
    return Response(data, 206 if asked.partial else 200, headers, "video/mp4")
