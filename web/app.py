"""The web application: routers, guards, headers and errors put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool

from ingest.video.readable import Unreadable
from web import assets, error_answers, live
from web.api import routers as api
from web.api.addressed import addressed
from web.attempts import FailedAttempts
from web.auth import guard
from web.body_limits import BodyLimits
from web.customer_faces import CustomerFaces
from web.events import EventHub
from web.headers import SecurityHeaders
from web.masked_clips import MaskedClips
from web.newest_stills import NewestStills
from web.one_detector import OneDetector
from web.pages import routers as pages
from web.pages.entrance import render_error
from web.pages.recorded_hours import RecordedHours
from web.previews import Previews
from web.public import routers as public
from web.public.limits import Limits
from web.recent_looks import RecentLooks
from web.services import Services


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = addressed(super().openapi())
        return self.openapi_schema


def create_app(services: Services) -> FastAPI:
    """An app that uses these services; starts no thread and opens no file until it is served."""
    return equip(routed(secure=services.settings.web.secure), services)


def routed(*, secure: bool) -> FastAPI:
    """All addresses with their guards, and nothing behind them yet. Making them ready is what an app costs."""
    app = _Application(
        title="Hallwatch",
        openapi_url=None,  # web.api.description shows it to who is signed in
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(guard)],
        lifespan=_lifespan,
    )
    error_answers.install(app)
    app.add_middleware(BodyLimits)
    app.add_middleware(SecurityHeaders, secure=secure)
    for router in (*api.routers, live.router, *pages.routers, *public.routers):
        app.include_router(router)
    app.mount("/static", assets.HashedFiles(), name="static")
    return app


def equip(app: FastAPI, services: Services) -> FastAPI:
    """What the routes use, of this app alone."""
    app.state.services = services
    app.state.events = EventHub(services.database, services.clock, failures=services.failures)
    app.state.failed_attempts = FailedAttempts()
    app.state.limits = Limits.of(services.settings.public)
    app.state.recent_looks = RecentLooks()
    detector = OneDetector.of(services.settings.watcher)
    app.state.customer_faces = CustomerFaces(services.settings.privacy, detector)
    app.state.newest_stills = NewestStills()
    app.state.unreadable = Unreadable()
    app.state.recorded_hours = RecordedHours()
    app.state.masked_clips = MaskedClips(services.settings.masked_folder)
    app.state.previews = Previews.of(services.settings.watcher, detector)
    app.state.render_error = render_error
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    hub: EventHub = app.state.events
    hub.start()
    yield
    await run_in_threadpool(hub.stop)
