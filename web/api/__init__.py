"""Routes for programs, and the forms of signing in and out."""

from fastapi import APIRouter

from web.api import event_stream, signing_in

routers: list[APIRouter] = [signing_in.router, event_stream.router]
