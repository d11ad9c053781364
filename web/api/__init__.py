"""Routes for programs, and the forms of signing in and out."""

from fastapi import APIRouter

from web.api import alerts, cameras, event_stream, media, places, push, rules, signing_in, sources, users

routers: list[APIRouter] = [
    module.router for module in (signing_in, event_stream, media, push, alerts, places, cameras, rules, users, sources)
]
