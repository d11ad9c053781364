"""WHEP (draft-ietf-wish-whep): one POST with an offer, one answer; DELETE ends it. For the focused picture."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from ingest.video.frames import StreamName
from web.errors import TooLarge, Unprocessable, WebError
from web.live.access import LiveViewer, WatchedCamera, log_live, stream_of, until_revoked
from web.live.peers import Peers
from web.services import ServicesDep

router = APIRouter()
SDP = "application/sdp"
LONGEST_OFFER = 64 * 1024


class NotAnOffer(WebError):
    """Send the offer as application/sdp."""

    status = 415
    code = "not_sdp"


def peers(request: Request) -> Peers:
    found = request.app.state.live.peers
    assert isinstance(found, Peers)
    return found


PeersDep = Annotated[Peers, Depends(peers)]


@router.post("/live/{camera_id}/whep", status_code=201, response_class=Response)
async def watch_by_whep(
    request: Request,
    camera: WatchedCamera,
    viewer: LiveViewer,
    open_peers: PeersDep,
    services: ServicesDep,
    stream: StreamName = "main",
) -> Response:
    """Body: SDP offer. 201 with the answer and the Location to DELETE; 415 when the stream does not fit."""
    offer = await _offer(request)
    peer = await open_peers.open(
        viewer.user_id, camera.id, stream_of(camera, stream), offer, lambda: until_revoked(request, camera.id)
    )
    # Only now is it known that there will be a picture; none is sent before the browser has the answer.
    await run_in_threadpool(log_live, request, services, viewer, camera.id)
    location = f"/live/{camera.id}/whep/{peer.id}"
    if purpose := request.query_params.get("purpose"):  # asked for each time while there are privacy masks
        location += f"?{urlencode({'purpose': purpose})}"
    return Response(peer.answer, 201, {"Location": location}, SDP)


@router.get("/live/{camera_id}/whep/{peer_id}")
async def peer_delay(
    camera: WatchedCamera, peer_id: str, viewer: LiveViewer, open_peers: PeersDep, services: ServicesDep
) -> dict[str, float | None]:
    """How old the pictures are when they leave the server, in milliseconds."""
    return {"delay_ms": open_peers.of_user(viewer.user_id, peer_id).delay_ms(services.clock())}


@router.delete("/live/{camera_id}/whep/{peer_id}", status_code=204, response_class=Response)
async def leave_whep(camera_id: str, peer_id: str, viewer: LiveViewer, open_peers: PeersDep) -> Response:
    await open_peers.end(open_peers.of_user(viewer.user_id, peer_id))
    return Response(status_code=204)


async def _offer(request: Request) -> str:
    if request.headers.get("content-type", "").split(";")[0].strip() != SDP:
        raise NotAnOffer
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_OFFER:
            raise TooLarge
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Unprocessable("The offer is not text.") from error
