"""Another site must not be able to make a signed-in browser change anything."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.web.conftest import SignedIn
from tests.web.test_access import BY_KEY, doors
from web import sessions
from web.auth import CSRF_HEADER
from web.services import Services


@pytest.fixture
def tokenless(signed_in: SignedIn) -> TestClient:
    browser = signed_in("admin")
    del browser.headers[CSRF_HEADER]
    return browser


def test_every_changing_route_refuses_a_request_without_the_token(app: FastAPI, tokenless: TestClient) -> None:
    for door in doors(app):
        changes = door.method not in ("GET", "HEAD", "OPTIONS")
        if changes and door.key not in BY_KEY and not door.path.endswith("/sign-in"):
            answer = tokenless.request(door.method, door.address)
            assert answer.status_code == 403, door


def test_a_wrong_token_is_refused(tokenless: TestClient) -> None:
    assert tokenless.post("/sign-out", data={"csrf": "wrong"}).status_code == 403


def test_the_token_counts_in_a_form_field(tokenless: TestClient, services: Services) -> None:
    token = _csrf(services, tokenless)
    assert tokenless.post("/sign-out", data={"csrf": token}).status_code == 303


def test_another_origin_is_refused_even_with_the_token(signed_in: SignedIn) -> None:
    answer = signed_in("admin").post("/sign-out", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_another_site_cannot_sign_a_visitor_in(anonymous: TestClient) -> None:
    for origin in ("https://evil.example", "null"):
        answer = anonymous.post("/sign-in", data={"name": "a", "password": "b"}, headers={"Origin": origin})
        assert answer.status_code == 403


def test_our_own_origin_is_welcome(signed_in: SignedIn) -> None:
    assert signed_in("admin").post("/sign-out", headers={"Origin": "http://testserver"}).status_code == 303


def _csrf(services: Services, browser: TestClient) -> str:
    with services.database.transaction() as session:
        viewer = sessions.viewer_of(session, browser.cookies[sessions.COOKIE], services.clock())
    assert viewer is not None
    return viewer.csrf
