"""Signing in, staying signed in, and leaving."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from storage.models import AccessEntry, User, WebSession
from tests.web.conftest import Clock, SignedIn
from web import accounts, attempts, sessions
from web.services import Services

PASSWORD = "a long enough password"
FORM = {"name": "inspector", "password": PASSWORD}


@pytest.fixture
def with_password(services: Services) -> Services:
    with services.database.transaction() as session:
        user = accounts.find_user(session, "inspector")
        assert user is not None
        accounts.set_password(session, user, PASSWORD)
    return services


@pytest.mark.usefixtures("with_password")
def test_a_wrong_password_leads_back_to_the_form_and_says_so(anonymous: TestClient) -> None:
    answer = anonymous.post("/sign-in", data=FORM | {"password": "wrong", "next": "/cases?page=2"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?error=wrong&next=%2Fcases%3Fpage%3D2"
    assert sessions.COOKIE not in answer.cookies


def test_an_unknown_name_looks_like_a_wrong_password(anonymous: TestClient) -> None:
    answer = anonymous.post("/sign-in", data={"name": "nobody", "password": PASSWORD})
    assert answer.headers["location"].startswith("/sign-in?error=wrong")


@pytest.mark.usefixtures("with_password")
def test_signing_in_leads_to_where_one_wanted_to_go(anonymous: TestClient) -> None:
    answer = anonymous.post("/sign-in", data=FORM | {"next": "/cases/1"})
    assert answer.headers["location"] == "/cases/1"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert anonymous.get("/api/v1/me").json()["name"] == "inspector"


@pytest.mark.usefixtures("with_password")
def test_signing_in_never_leads_to_another_site(anonymous: TestClient) -> None:
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        answer = anonymous.post("/sign-in", data=FORM | {"next": target})
        assert answer.headers["location"] == "/cases"


def test_the_database_keeps_only_the_hash_of_the_token(with_password: Services, anonymous: TestClient) -> None:
    anonymous.post("/sign-in", data=FORM)
    token = anonymous.cookies[sessions.COOKIE]
    with with_password.database.transaction() as session:
        [row] = session.exec(select(WebSession)).all()
    assert token not in row.model_dump_json()


@pytest.mark.usefixtures("with_password")
def test_a_session_ends_after_twelve_hours(anonymous: TestClient, clock: Clock) -> None:
    anonymous.post("/sign-in", data=FORM)
    clock.forward(sessions.LIFETIME - timedelta(seconds=1))
    assert anonymous.get("/api/v1/me").status_code == 200
    clock.forward(timedelta(seconds=1))
    assert anonymous.get("/api/v1/me").status_code == 401


def test_signing_out_ends_the_session_on_the_server(signed_in: SignedIn, services: Services) -> None:
    browser = signed_in("inspector")
    token = browser.cookies[sessions.COOKIE]
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    with services.database.transaction() as session:
        assert sessions.viewer_of(session, token, services.clock()) is None


def test_a_disabled_user_is_signed_out_at_once(signed_in: SignedIn, services: Services) -> None:
    browser = signed_in("inspector")
    with services.database.transaction() as session:
        user = accounts.find_user(session, "inspector")
        assert user is not None
        accounts.set_active(session, user, active=False)
    assert browser.get("/api/v1/me").status_code == 401


@pytest.mark.usefixtures("with_password")
def test_guessing_is_locked_out_and_the_right_password_too_for_a_while(anonymous: TestClient, clock: Clock) -> None:
    for _ in range(attempts.PER_NAME_AND_ADDRESS):
        anonymous.post("/sign-in", data=FORM | {"password": "wrong"})
    assert "error=locked" in anonymous.post("/sign-in", data=FORM).headers["location"]
    assert anonymous.post("/api/v1/sign-in", json=FORM).status_code == 429
    clock.forward(attempts.WINDOW)
    assert anonymous.post("/api/v1/sign-in", json=FORM).status_code == 200


@pytest.mark.usefixtures("with_password")
def test_guessing_many_at_once_gets_no_further(anonymous: TestClient) -> None:
    wrong = FORM | {"password": "wrong"}
    with ThreadPoolExecutor(16) as guessers:
        answers = list(guessers.map(lambda _: anonymous.post("/api/v1/sign-in", json=wrong).status_code, range(16)))
    tried = answers.count(401)
    assert tried <= attempts.PER_NAME_AND_ADDRESS + 1, "two are checked at once"
    assert answers.count(429) == len(answers) - tried


@pytest.mark.usefixtures("with_password")
def test_a_guesser_elsewhere_does_not_lock_the_user_out(anonymous: TestClient, app: object) -> None:
    stranger = TestClient(anonymous.app, client=("203.0.113.9", 1))
    for _ in range(attempts.PER_NAME_AND_ADDRESS):
        stranger.post("/api/v1/sign-in", json=FORM | {"password": "wrong"})
    assert anonymous.post("/api/v1/sign-in", json=FORM).status_code == 200


def test_signing_in_is_in_the_access_log(with_password: Services, anonymous: TestClient) -> None:
    anonymous.post("/sign-in", data=FORM)
    with with_password.database.transaction() as session:
        [entry] = session.exec(select(AccessEntry)).all()
    assert (entry.action, entry.subject) == ("sign_in", "user:inspector")


def test_the_chosen_language_stays_with_the_user(signed_in: SignedIn, services: Services) -> None:
    answer = signed_in("inspector").post("/language", data={"language": "en", "next": "/cases"})
    assert answer.headers["location"] == "/cases"
    with services.database.transaction() as session:
        assert session.exec(select(User.language).where(User.name == "inspector")).one() == "en"


def test_sessions_of_an_https_site_travel_only_by_https(with_password: Services) -> None:
    from dataclasses import replace

    from web.app import create_app
    from web.settings import WebSettings

    settings = with_password.settings.model_copy(update={"web": WebSettings(public_url="https://hall.example")})
    client = TestClient(create_app(replace(with_password, settings=settings)), follow_redirects=False)
    answer = client.post("/sign-in", data=FORM)
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]
