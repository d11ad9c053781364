"""Every route that exists, as anybody who may not use it. A new route is caught by itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute, RouteContext, iter_route_contexts
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse

from storage.models import Batch, Role, Source
from tests.web.carded import a_card
from tests.web.conftest import SignedIn
from web.addresses import _MACHINE_PREFIXES
from web.services import Services

PUBLIC = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-out"),
    ("POST", "/language"),
    ("POST", "/theme"),
    ("POST", "/api/v1/sign-in"),
    ("GET", "/api/v1/exchange-schema.json"),
    ("GET", "/api/v1/exchange-schema/{kind}.json"),
    ("GET", "/standard"),
    ("GET", "/standard.json"),
}
"""Anybody may ask these."""
IF_SWITCHED_ON = {
    ("GET", "/public"),
    ("GET", "/public/items"),
    ("GET", "/public/items/{code}"),
    ("GET", "/public/progress"),
    ("POST", "/public/progress"),
    ("GET", "/public/evaluation"),
    ("GET", "/public/halls/{hall}/board"),
    ("GET", "/public/complaint"),
    ("POST", "/public/complaint"),
    ("GET", "/public/complaint/received"),
    ("GET", "/public/evaluation.csv"),
    ("GET", "/public/evaluation.xlsx"),
}
"""Anybody may ask these and their JSON where the public side is switched on; see tests/web/public."""
ANY_ROLE = {
    ("GET", "/"),
    ("GET", "/api/v1/me"),
    ("GET", "/api/openapi.json"),
    ("GET", "/programs"),
    ("GET", "/programs.json"),
}
BY_LINK = {
    ("GET", "/rate/{token}"),
    ("POST", "/rate/{token}"),
    ("GET", "/rate/{token}/thanks"),
}
"""Of a rating tablet, and their JSON; see tests/web/public."""
BY_KEY = {
    ("POST", "/api/v1/sources/{source}/batches"),
    ("GET", "/api/v1/sources/{source}/reconciliation"),
    ("GET", "/api/v1/sources/{source}/rejected"),
}
FOR_IMPORTERS = {("POST", "/api/v1/sources/{source}/files")}
FOREIGN = {
    "hall": "nh",
    "hall_id": "nh",
    "counter": "nh-1",
    "counter_id": "nh-1",
    "camera": "nh-cam-1",
    "camera_id": "nh-cam-1",
    "absence_id": "2",
    "batch_id": "2",
    "alert_id": "2",
    "case_id": "2",
    "step_id": "2",
}
"""Things of hall `nh`, where only the administrator may look; a parameter of another name gets 2 as well."""
SPAN = {"from": "2026-03-02T03:00:00Z", "to": "2026-03-02T03:01:00Z", "at": "2026-03-02T03:00:00Z"}


@pytest.fixture(autouse=True)
def batches(services: Services) -> None:
    """As everything else: 1 is of hall `cc`, 2 of hall `nh`."""
    with services.database.transaction() as session:
        session.add(Source(id="nh-platform", hall_id="nh"))
        session.flush()
        for source in ("cc-platform", "nh-platform"):
            session.add(Batch(source_id=source, received_at=services.clock(), name="steps.csv"))
            session.flush()
        session.add_all([a_card(1), a_card(2)])


@dataclass(frozen=True)
class Door:
    method: str
    path: str
    """With its parameters in braces."""

    @property
    def address(self) -> str:
        """Leads to something of the other hall."""
        return re.sub(r"\{(\w+)(:\w+)?\}", lambda match: FOREIGN.get(match[1], "2"), self.path)

    @property
    def names_something(self) -> bool:
        return any(f"{{{name}" in self.path for name in FOREIGN)

    @property
    def for_programs(self) -> bool:
        return self.path.endswith(".json") or self.path.startswith((*_MACHINE_PREFIXES, "/media/", "/metrics"))

    @property
    def page(self) -> tuple[str, str]:
        return self.method, self.path.removesuffix(".json")

    @property
    def key(self) -> tuple[str, str]:
        return self.method, self.path


def doors(app: FastAPI) -> Iterator[Door]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            for method in sorted(context.methods or ()):
                yield Door(method, _path(context))


def websocket_doors(app: FastAPI) -> Iterator[str]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIWebSocketRoute):
            yield Door("GET", _path(context)).address


def _path(context: RouteContext) -> str:
    return str(context.path)


def guarded(app: FastAPI) -> list[Door]:
    found = [
        door for door in doors(app) if door.key not in PUBLIC | BY_KEY and door.page not in IF_SWITCHED_ON | BY_LINK
    ]
    assert len(found) > 30
    return found


def test_anonymous_people_are_sent_to_sign_in_and_programs_get_401(app: FastAPI, anonymous: TestClient) -> None:
    for door in guarded(app):
        answer = anonymous.request(door.method, door.address, params=SPAN)
        if door.for_programs:
            assert answer.status_code == 401, door
        else:
            assert answer.status_code == 303, door
            assert answer.headers["location"].startswith("/sign-in"), door


def test_everything_that_is_open_to_all_is_on_the_list(app: FastAPI) -> None:
    existing = {door.key for door in doors(app)}
    assert existing | {("GET", "/sign-in")} >= PUBLIC | ANY_ROLE | BY_KEY | BY_LINK | IF_SWITCHED_ON


def test_a_push_without_the_key_is_refused(anonymous: TestClient, signed_in: SignedIn) -> None:
    for client in (anonymous, signed_in("admin")):
        answer = client.post("/api/v1/sources/cc-platform/batches", json={"sequence": 1, "rows": []})
        assert answer.status_code == 401


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_reaches_into_another_hall(app: FastAPI, signed_in: SignedIn, role: Role) -> None:
    browser = signed_in(role.value)
    for door in guarded(app):
        if not door.names_something:
            continue
        answer = browser.request(door.method, door.address, params=SPAN)
        assert answer.status_code in (403, 404), f"{role} {door}: {answer.status_code}"


def test_a_number_that_no_row_can_have_leads_nowhere(app: FastAPI, signed_in: SignedIn) -> None:
    browser = signed_in("admin")
    numbered = re.compile(
        r"\{(absence|alert|batch|call_back|card|case|complaint|hold|mask|order|rule|view)_id\}|\{sequence\}"
    )
    for door in guarded(app):
        if not numbered.search(door.path):
            continue
        for number in ("99999999999999999999", "-1"):
            address = numbered.sub(number, door.path)
            answer = browser.request(door.method, re.sub(r"\{\w+\}", "cc-cam-1", address), params=SPAN, json={})
            assert answer.status_code in (404, 409, 422), f"{door}: {answer.status_code}"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_reaches_another_hall_by_a_query(app: FastAPI, signed_in: SignedIn, role: Role) -> None:
    browser = signed_in(role.value)
    foreign = {"hall": "nh", "camera": "nh-cam-1", "counter": "nh-1"} | SPAN
    reading = [door for door in guarded(app) if door.method == "GET" and "{" not in door.path]
    for door in reading:
        if door.path == "/events":
            assert browser.get("/events?hall=nh").status_code in (403, 404)
            continue
        answer = browser.get(door.path, params=foreign)
        assert "nh-1" not in _without_echo(answer.text), f"{role} {door}"
        assert "南海" not in answer.text, f"{role} {door}"


def _without_echo(text: str) -> str:
    """Forms may repeat what was asked for."""
    return re.sub(r"(counter|camera)(=|%3D)nh-[\w-]+", "", text)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_administration_is_for_administrators(app: FastAPI, signed_in: SignedIn, role: Role) -> None:
    browser = signed_in(role.value)
    kinds = "districts|halls|counters|cameras|camera-check|views|masks|users|sources|rules|departments|items|channels"
    kinds += "|rating-devices"
    pattern = re.compile(rf"^(/admin|/api/v1/({kinds}))(/|\.|$)")
    administrative = [door for door in guarded(app) if pattern.match(door.path) and door.key not in FOR_IMPORTERS]
    assert administrative
    for door in administrative:
        answer = browser.request(door.method, door.address)
        assert answer.status_code == 403, f"{role} {door}: {answer.status_code}"


def test_live_video_is_closed_to_strangers(app: FastAPI, anonymous: TestClient, signed_in: SignedIn) -> None:
    for address in websocket_doors(app):
        assert _denied(anonymous, address) == 401
        assert _denied(signed_in("supervisor"), address) == 404
        assert _denied(signed_in("department"), address) == 403


def test_another_site_cannot_open_live_video(app: FastAPI, signed_in: SignedIn) -> None:
    for address in websocket_doors(app):
        assert _denied(signed_in("admin"), address, origin="https://evil.example") == 403
        assert _denied(signed_in("admin"), address, origin="") == 403


def _denied(client: TestClient, address: str, origin: str = "http://testserver") -> int:
    with (
        pytest.raises(WebSocketDenialResponse) as denial,
        client.websocket_connect(address, headers={"Origin": origin}),
    ):
        pass
    status: int = denial.value.status_code
    return status
