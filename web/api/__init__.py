"""Routes for programs, and the forms of signing in and out."""

from fastapi import APIRouter

from web.api import (
    alerts,
    cameras,
    channels,
    corrections,
    description,
    event_stream,
    files,
    hls,
    holds,
    media,
    metrics,
    nodes,
    onvif,
    places,
    push,
    retention,
    rules,
    signing_in,
    sources,
    users,
)

routers: list[APIRouter] = [
    signing_in.router,
    event_stream.router,
    media.router,
    metrics.router,
    hls.router,
    push.router,
    files.router,
    alerts.router,
    places.router,
    cameras.router,
    onvif.router,
    channels.router,
    nodes.router,
    rules.router,
    retention.router,
    holds.router,
    corrections.router,
    users.router,
    sources.router,
    description.router,
]
