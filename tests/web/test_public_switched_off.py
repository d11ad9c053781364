"""Without `[public] enabled = true` there is no public side."""

import re

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from tests.web.conftest import SignedIn

DOORS = [
    ("GET", "/public"),
    ("GET", "/public.json"),
    ("GET", "/public/items/1.json"),
    ("GET", "/public/halls/cc/board"),
    ("GET", "/public/evaluation.csv"),
    ("POST", "/public/progress"),
    ("POST", "/public/progress.json"),
    ("POST", "/public/complaint"),
    ("POST", "/public/complaint.json"),
]


def test_there_is_nothing_for_anybody(anonymous: TestClient, signed_in: SignedIn) -> None:
    for method, path in DOORS:
        assert anonymous.request(method, path).status_code == 404, path
        assert signed_in("admin").request(method, path).status_code == 404, path


def test_no_address_of_the_public_side_answers(app: FastAPI, anonymous: TestClient, signed_in: SignedIn) -> None:
    """Whatever is added to it."""
    admin = signed_in("admin")
    routes = [context.original_route for context in iter_route_contexts(app.routes)]
    doors = [route for route in routes if isinstance(route, APIRoute) and route.path.startswith("/public")]
    assert len(doors) > len(DOORS)
    for route in doors:
        path = re.sub(r"{[^}]+}", "1", route.path)
        for method in route.methods or ():
            for client in (anonymous, admin):
                assert client.request(method, path).status_code == 404, path


def test_a_case_shows_no_secret(signed_in: SignedIn) -> None:
    assert signed_in("admin").get("/cases/1.json").json()["secret"] == ""
