"""Every list in every form it is taken along in: who sees one hall of two finds nothing of the other in it."""

import re
from collections.abc import Iterator
from io import BytesIO

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from openpyxl import load_workbook

from storage.models import Role
from tests.web.conftest import SignedIn
from tests.web.in_two_halls import in_two_halls
from tests.web.test_access import Door, doors, guarded
from web.services import Services

BY_QUERY = {
    "hall": "nh",
    "district": "nanhai",
    "camera": "nh-cam-1",
    "counter": "nh-1",
    "source": "nh-platform",
    "kind": "hall",
}
"""What leads into the other hall, and of an evaluation to halls."""
ALWAYS = {"code": "FOOD", "since": "2026-03-02", "month": ""}
SPANS: tuple[dict[str, str], ...] = (
    {},
    {"from": "2026-03-02T03:00:00Z", "to": "2026-03-02T03:01:00Z", "at": "2026-03-02T03:00:00Z"},
    {"from": "2026-03-02", "to": "2026-03-02"},
    {"from": "2026-02-01", "to": "2026-03-02"},
)
"""Footage is asked for by moments, a list by days: each answers 422 to the other."""
OTHER_HALL = re.compile(r"(?<![\w=-])nh(?!\w)|南海")
"""Its id, those that begin with it, and its name. A link may repeat what was asked for."""
OF_NO_HALL = {
    "/api/openapi.json": "of the product",
    "/programs.json": "of the product",
    "/api/v1/me": "of oneself",
    "/api/v1/case-views": "one's own and those that are shared; see test_case_views",
    "/api/v1/open-work": "numbers alone; see test_open_work",
    "/rules.json": "of the site",
    "/rules.csv": "of the site",
    "/rules.xlsx": "of the site",
    "/evaluation/periods.json": "of published months, by which all compare each other; see test_evaluation_periods",
    "/evaluation/periods.csv": "the same",
    "/evaluation/periods.xlsx": "the same",
    "/evaluation/formulas.json": "of the site",
    "/evaluation/formulas.csv": "of the site",
    "/evaluation/formulas.xlsx": "of the site",
}
"""Lists that tell nothing of a hall, and whose they are."""
CLOSED = {"hall": "nh", "first": "2026-06-02", "last": "2026-06-02", "reason": "x"}
NAMES_NOTHING = {
    "/catalogue/item.csv": {"code": "FOOD", "source": "nh-platform"},
    "/catalogue/item.xlsx": {"code": "FOOD", "source": "nh-platform"},
    "/media/clip.json": {"camera": "nh-cam-1"} | SPANS[1],
    "/media/clip.mp4": {"camera": "nh-cam-1"} | SPANS[1],
    "/media/still.jpg": {"camera": "nh-cam-1"} | SPANS[1],
    "/overview/trend.csv": {"hall": "nh"},
    "/overview/trend.xlsx": {"hall": "nh"},
    "/reconciliation.csv": {"source": "nh-platform"},
    "/reconciliation.xlsx": {"source": "nh-platform"},
    "/working-days/try.csv": CLOSED,
    "/working-days/try.xlsx": CLOSED,
}
"""What tells of one thing alone, without its name, and how that of the other hall is asked for."""
NOT_ADMIN = [role for role in Role if role is not Role.ADMIN]


@pytest.fixture(autouse=True)
def _things(services: Services) -> None:
    with services.database.transaction() as session:
        in_two_halls(session)


def lists(app: FastAPI) -> list[Door]:
    """What is read without naming a thing in the address; of a page its JSON alone, which has the same."""
    found = [
        door
        for door in (*guarded(app), *(door for door in doors(app) if door.path == "/metrics"))
        if door.method == "GET" and "{" not in door.path and door.path != "/events"
    ]
    return [door for door in found if door.path.endswith(".xlsx") or not door.has_data]


def asked(browser: TestClient, door: Door) -> Iterator[tuple[str, str]]:
    """Each question that is answered, and what is said beside the question itself."""
    spans = SPANS if door.asks & {"from", "to", "at"} else SPANS[:1]
    for span in spans:
        for name in ("", *sorted(door.asks & set(BY_QUERY))):
            said = ALWAYS | span | ({name: BY_QUERY[name]} if name else {})
            answer = browser.get(door.path, params={key: said[key] for key in said if key in door.asks and said[key]})
            if answer.status_code == 200:
                echo = f'"{name}":"{BY_QUERY.get(name)}"'
                yield f"{name} {span.get('from', '')}", words(door, answer).replace(echo, "", 1)


def words(door: Door, answer: Response) -> str:
    if not door.path.endswith(".xlsx"):
        return answer.text
    cells = (cell for sheet in load_workbook(BytesIO(answer.content)) for row in sheet.values for cell in row)
    return "\n".join(str(cell) for cell in cells if cell is not None)


@pytest.mark.parametrize("role", NOT_ADMIN)
def test_nobody_finds_anything_of_another_hall_in_a_list(app: FastAPI, signed_in: SignedIn, role: Role) -> None:
    browser = signed_in(role.value)
    assert browser.get("/events?hall=nh").status_code in (403, 404)
    for door in lists(app):
        for question, answer in asked(browser, door):
            assert not OTHER_HALL.search(answer), f"{role} {door.path} {question}"


def test_who_sees_both_halls_finds_the_other_in_each_of_these_lists(app: FastAPI, signed_in: SignedIn) -> None:
    """Or the test above would look for what is in none of them."""
    others = [signed_in(role.value) for role in NOT_ADMIN]
    admin = signed_in("admin")
    blind = {
        door.path
        for door in lists(app)
        if not any(OTHER_HALL.search(answer) for _, answer in asked(admin, door))
        and any(other.get(door.path).status_code != 403 for other in others)
    }
    assert blind == OF_NO_HALL.keys() | NAMES_NOTHING.keys()


@pytest.mark.parametrize("role", NOT_ADMIN)
def test_what_is_told_without_a_name_is_told_of_one_s_own_hall_alone(signed_in: SignedIn, role: Role) -> None:
    browser = signed_in(role.value)
    for path, said in NAMES_NOTHING.items():
        assert browser.get(path, params=said).status_code in (403, 404), f"{role} {path}"
