"""What a clip is of, for a player that finds it shorter than its page has said."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime

from ingest.video.clip import clip_segments
from ingest.video.unwritten import parts
from storage.intervals import Span
from storage.objects import StoreError
from web.api.media import ClipViewer, check_span, unreadable, unreadable_of
from web.footage_scope import check_footage
from web.scope import scoped_camera
from web.services import ServicesDep
from web.store_threads import waits_for_store

router = APIRouter(prefix="/media", tags=["footage"])


@dataclass(frozen=True)
class ClipPieces:
    pieces: tuple[tuple[datetime, datetime], ...]
    """The wall times that the clip's media runs through, one piece after the other; none where nothing can be read."""


@router.get("/clip.json")
@waits_for_store
def clip_pieces(
    request: Request,
    services: ServicesDep,
    viewer: ClipViewer,
    camera: str,
    start: Annotated[AwareDatetime, Query(alias="from")],
    end: Annotated[AwareDatetime, Query(alias="to")],
) -> ClipPieces:
    """Which wall times `/media/clip.mp4` of the same span runs through now: without what the store has lost."""
    check_span(start, end)
    with services.database.transaction() as session:
        found = scoped_camera(session, viewer, camera)
        check_footage(session, viewer, found.id, start, end)
        segments = clip_segments(services.footage, session, found.id, start, end)
    try:
        _, lost = unreadable_of(request).sorted_out(services.footage, segments, services.clock())
    except StoreError as error:
        raise unreadable(found.id, error) from None
    without = {Span(segment.start, segment.end) for segment in lost}
    with services.database.transaction() as session:
        played = parts(services.footage, session, found.id, start, end, without)
    return ClipPieces(tuple((piece.start, piece.end) for part in played for piece in part.pieces))
