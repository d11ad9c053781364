"""Every route that exists, as anybody who may not use it. A new route is caught by itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute, APIWebSocketRoute, RouteContext, iter_route_contexts
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse

from storage.models import Role
from tests.web.conftest import SignedIn
from tests.web.in_two_halls import in_two_halls
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
    ("GET", "/api/v1/exchange-openapi.json"),
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
    ("GET", "/public/items.csv"),
    ("GET", "/public/items.xlsx"),
    ("GET", "/public/items/{code}.csv"),
    ("GET", "/public/items/{code}.xlsx"),
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
    "card_id": "2",
    "order_id": "2",
    "call_back_id": "2",
    "complaint_id": "2",
    "closure_id": "2",
    "cover_id": "2",
    "hold_id": "2",
    "contact_id": "2",
    "correction_id": "2",
    "change_id": "2",
    "source": "nh-platform",
}
"""Things of hall `nh`, where only the administrator may look."""
OF_NO_HALL = {
    "name": "of administration",
    "section": "of administration",
    "department_id": "of administration",
    "district_id": "of administration",
    "source_id": "of administration",
    "mask_id": "of administration",
    "rule_id": "of administration",
    "pair_id": "of administration",
    "device_id": "of administration",
    "code": "an item of the whole city",
    "evaluation_id": "a month of the whole city, of which everybody sees their units",
    "made_as": "in which form",
    "period": "months of the whole city, of which everybody sees their units",
    "view_id": "one's own filters, or of administration",
    "sequence": "of a camera's segment",
    "peer_id": "of who watches a camera live",
    "act": "what to do",
}
"""Parameters that lead into no hall, and where they lead; they get 2."""
SENT: dict[str, dict[str, Any]] = {
    "/api/v1/absences/{absence_id}/words": {"act": "dispute", "text": "x", "ground": "at_work"},
    "/api/v1/cards/{card_id}/words": {"act": "uphold", "text": "x"},
    "/api/v1/orders/{order_id}/words": {"act": "close", "text": "x"},
    "/api/v1/cases/{case_id}/orders": {"text": "x", "days": 3},
    "/absences/{absence_id}/say": {"act": "dispute", "text": "x", "ground": "at_work"},
    "/cards/{card_id}/say": {"act": "uphold", "text": "x"},
    "/orders/{order_id}/say": {"act": "close", "text": "x"},
    "/cases/{case_id}/orders": {"text": "x", "days": "3"},
    "/cards/{card_id}/orders": {"text": "x", "days": "3"},
    "/api/v1/contacts/{contact_id}": {"name": "x", "phone": "1"},
    "/contacts/{contact_id}": {"name": "x", "phone": "1"},
    "/api/v1/closures/{closure_id}/withdrawal": {"reason": "x"},
    "/api/v1/catalogue/changes/{change_id}/decision": {"act": "approve"},
    "/api/v1/evaluation/formulas/{change_id}/decision": {"act": "approve"},
}
"""What a right request says, where it is looked at before the thing."""
SPAN = {"from": "2026-03-02T03:00:00Z", "to": "2026-03-02T03:01:00Z", "at": "2026-03-02T03:00:00Z"}


@pytest.fixture(autouse=True)
def _things(services: Services) -> None:
    with services.database.transaction() as session:
        in_two_halls(session)


@dataclass(frozen=True)
class Door:
    method: str
    path: str
    """With its parameters in braces."""
    asks: frozenset[str] = frozenset()
    """Names of what a request may say."""

    @property
    def parameters(self) -> set[str]:
        return set(re.findall(r"\{(\w+)", self.path))

    @property
    def address(self) -> str:
        """Leads to something of the other hall."""
        return re.sub(r"\{(\w+)(:\w+)?\}", lambda match: FOREIGN.get(match[1], "2"), self.path)

    @property
    def names_something(self) -> bool:
        return bool(self.parameters & set(FOREIGN))

    @property
    def for_programs(self) -> bool:
        return self.path.endswith(".json") or self.path.startswith((*_MACHINE_PREFIXES, "/media/", "/metrics"))

    has_data: bool = False
    """The same is there as JSON or CSV, by the same function."""

    @property
    def page(self) -> tuple[str, str]:
        return self.method, self.path.removesuffix(".json")

    @property
    def key(self) -> tuple[str, str]:
        return self.method, self.path


def doors(app: FastAPI) -> list[Door]:
    routes = [(context, context.original_route) for context in iter_route_contexts(app.routes)]
    found = [
        Door(method, _path(context), frozenset(field.alias for field in get_flat_params(route.dependant)))
        for context, route in routes
        if isinstance(route, APIRoute)
        for method in sorted(context.methods or ())
    ]
    paths = {door.path for door in found}
    return [replace(door, has_data=door.path.endswith(".xlsx") or f"{door.path}.json" in paths) for door in found]


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


def test_it_is_known_where_every_address_leads(app: FastAPI) -> None:
    """Or a new kind of thing would not be knocked at below."""
    assert set().union(*(door.parameters for door in guarded(app))) == set(FOREIGN) | set(OF_NO_HALL)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_reaches_into_another_hall(app: FastAPI, signed_in: SignedIn, role: Role) -> None:
    browser = signed_in(role.value)
    for door in guarded(app):
        if not door.names_something or door.key in FOR_IMPORTERS:  # its file is looked for first; see test_files
            continue
        sent = SENT.get(door.path)
        data, form = (sent, None) if door.for_programs else (None, sent)
        answer = browser.request(door.method, door.address, params=SPAN, json=data, data=form)
        assert answer.status_code in (403, 404), f"{role} {door}: {answer.status_code}"


def test_what_is_looked_for_there_is_there(app: FastAPI, signed_in: SignedIn) -> None:
    """What is not there is not there for anybody, and the test above would say nothing."""
    browser = signed_in("admin")
    reading = [door for door in guarded(app) if door.method == "GET" and door.names_something and not door.has_data]
    lost = {door.path for door in reading if browser.get(door.address, params=SPAN).status_code == 404}
    assert {path for path in lost if not path.startswith(("/media/", "/live/", "/evaluation/formulas/"))} == set()


def test_a_number_that_no_row_can_have_leads_nowhere(app: FastAPI, signed_in: SignedIn) -> None:
    browser = signed_in("admin")
    numbered = re.compile(
        r"\{(absence|alert|batch|call_back|card|case|complaint|contact|hold|mask|order|rule|view)_id\}|\{sequence\}"
    )
    for door in guarded(app):
        if not numbered.search(door.path):
            continue
        for number in ("99999999999999999999", "-1"):
            address = numbered.sub(number, door.path)
            answer = browser.request(door.method, re.sub(r"\{\w+\}", "cc-cam-1", address), params=SPAN, json={})
            assert answer.status_code in (404, 409, 422), f"{door}: {answer.status_code}"


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
