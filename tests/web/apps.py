"""Apps for tests. FastAPI makes routes ready at the first request, which takes long; these apps share them."""

from copy import copy
from functools import cache

from fastapi import FastAPI
from starlette.datastructures import State

from web import app
from web.services import Services

_routed = cache(app.routed)


def app_of(services: Services) -> FastAPI:
    """As `create_app`, but for the routes, which keep nothing of whom they served: a test that adds
    some takes `create_app`."""
    own = copy(_routed(secure=services.settings.web.secure))
    own.state = State()
    return app.equip(own, services)
