"""Live video in the browser: MSE over WebSocket for the wall, WHEP for the focused picture."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, FastAPI

from ingest.video import relay
from web.live import mse, whep
from web.live.hub import LiveHub, Subscribe
from web.live.peers import Peers


@dataclass(frozen=True)
class Live:
    """What the live routes use, at `app.state.live` while the app is served."""

    hub: LiveHub
    peers: Peers


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    hub = LiveHub(_through(app.state.services.relay_socket))
    app.state.live = Live(hub, Peers(hub))
    try:
        yield
    finally:
        await app.state.live.peers.close()
        await hub.close()


def _through(relay_socket: Path) -> Subscribe:
    return lambda camera_id, stream: relay.subscribe(relay_socket, camera_id, stream)


router = APIRouter(lifespan=_lifespan)
router.include_router(mse.router)
router.include_router(whep.router)
