"""Numbers for Prometheus: of cameras, processes, the spool, gaps, alerts and messages."""

import hmac

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest

from web.auth import OptionalViewer
from web.errors import Forbidden, NotSignedIn, TokenRefused
from web.measured import Measured
from web.permissions import Permission
from web.services import ServicesDep

router = APIRouter(tags=["metrics"])


def may_read(request: Request, services: ServicesDep, viewer: OptionalViewer) -> None:
    """A scraper has the token of the configuration; a person's role must see every hall's health."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    wanted = services.settings.web.metrics_token.get_secret_value()
    if wanted and scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), wanted.encode()):
        return
    if viewer is None:
        raise NotSignedIn if _is_browser(request) else TokenRefused
    if not viewer.may(Permission.HEALTH) or viewer.halls is not None:
        raise Forbidden


def _is_browser(request: Request) -> bool:
    """A person who has not signed in yet: a scraper that were sent to the sign-in page would not know what is wrong."""
    return "authorization" not in request.headers and "text/html" in request.headers.get("accept", "")


@router.get("/metrics", response_class=Response, dependencies=[Depends(may_read)])
def metrics(services: ServicesDep) -> Response:
    """Prometheus text format; `Authorization: Bearer` with `web.metrics_token`, or an administrator's session."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Measured(services.database, services.clock()))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_1_0_0)
