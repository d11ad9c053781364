"""A program or an administrator who wants to add something writes over nothing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from fastapi.testclient import TestClient

from storage.database import Database
from storage.models import District, Hall, Role, User
from tests.web.conftest import NO_PASSWORD, NOON, PUSH_KEY, SignedIn
from web.api import places
from web.api.administration import Desk
from web.declarations import HallDeclaration
from web.errors import AlreadyThere
from web.services import Services
from web.viewer import Viewer

ONLY_NEW = {"If-None-Match": "*"}
CAMERA = {"id": "cc-cam-1", "hall": "cc", "url": "rtsp://192.0.2.9/main"}
AT_ONCE = 6
THERE: list[tuple[str, dict[str, Any], str]] = [
    ("districts/chancheng", {"id": "chancheng", "name": "X"}, "id"),
    ("departments/tax", {"id": "tax", "name": "X"}, "id"),
    ("halls/cc", {"id": "cc", "district": "chancheng", "name": "X"}, "id"),
    ("counters/cc-1", {"id": "cc-1", "hall": "cc", "number": "99"}, "id"),
    ("cameras/cc-cam-1", CAMERA, "id"),
    ("items/i1", {"code": "i1", "name": "X"}, "code"),
    ("sources/cc-platform", {"id": "cc-platform", "name": "X", "key": PUSH_KEY}, "id"),
    ("channels/duty", {"name": "duty", "url": "json://192.0.2.9"}, "name"),
    ("rules", {"hall": "cc", "threshold_s": 9}, "hall"),
    ("rules", {"counter": "cc-1", "threshold_s": 9}, "counter"),
    ("retention", {"days": 9}, "hall"),
]
BODIES = pytest.mark.parametrize(("path", "body"), [one[:2] for one in THERE])
SECTIONS = pytest.mark.parametrize(("path", "body", "field"), THERE)


@BODIES
def test_who_may_not_administer_puts_nothing(
    anonymous: TestClient, signed_in: SignedIn, path: str, body: dict[str, Any]
) -> None:
    assert anonymous.put(f"/api/v1/{path}", json=body, headers=ONLY_NEW).status_code == 401
    assert signed_in("inspector").put(f"/api/v1/{path}", json=body, headers=ONLY_NEW).status_code == 403


@SECTIONS
def test_a_put_that_wants_a_new_one_changes_nothing_that_is_there(
    signed_in: SignedIn, path: str, body: dict[str, Any], field: str
) -> None:
    admin = signed_in("admin")
    assert admin.put(f"/api/v1/{path}", json=body).status_code == 200
    listed = f"/api/v1/{path.partition('/')[0]}"
    before = admin.get(listed).json()
    changed = body | (
        {"days": 8} if "days" in body else {"threshold_s": 8} if "threshold_s" in body else {"name_en": "Y"}
    )
    if path.startswith(("cameras", "sources")):
        changed = body | {"name": "Y"}
    if path.startswith("channels"):
        changed = body | {"kinds": ["absence"]}
    refused = admin.put(f"/api/v1/{path}", json=changed, headers=ONLY_NEW)
    assert (refused.status_code, refused.json()["error"]) == (412, "already_there")
    assert [problem["field"] for problem in refused.json()["fields"]] == [field]
    assert admin.get(listed).json() == before
    assert admin.put(f"/api/v1/{path}", json=changed).status_code == 200, "a PUT alone replaces"
    assert admin.get(listed).json() != before


def test_a_put_that_wants_a_new_one_makes_it(signed_in: SignedIn) -> None:
    hall = {"id": "sd", "district": "chancheng", "name": "顺德大厅"}
    assert signed_in("admin").put("/api/v1/halls/sd", json=hall, headers=ONLY_NEW).status_code == 200


def test_of_several_who_add_at_once_one_succeeds_and_the_others_are_told(
    database: Database, services: Services
) -> None:
    with database.transaction() as session:
        session.add(District(id="shunde", name="顺德区"))
        session.add(User(id=6, name="second", role=Role.ADMIN, password_hash=NO_PASSWORD, created_at=NOON))
    viewer = Viewer(6, "second", "", Role.ADMIN, halls=None, department_id=None, language="", csrf="")
    desk = Desk(replace(services, database=database), viewer, "", only_new=True)
    together = Barrier(AT_ONCE)

    def add(number: int) -> str:
        declared = HallDeclaration(id="sd", district="shunde", name=f"of {number}")
        together.wait()
        try:
            return places.put_hall(desk, "sd", declared).name
        except AlreadyThere as refused:
            return refused.fields[0].field

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = sorted(pool.map(add, range(AT_ONCE)))
    assert answers[:-1] == ["id"] * (AT_ONCE - 1)
    with database.transaction() as session:
        assert session.get_one(Hall, "sd").name == answers[-1]
