"""Every page in both languages, whole and as JSON; the closed doors first."""

import re

import pytest
from fastapi.testclient import TestClient

from tests.web.pages.cells import torn_cells
from tests.web.pages.conftest import SignIn
from web.pages.rendering import TEMPLATES

SPAN = "/span?hall=cc&counter=cc-1&counter=cc-2&from=2026-11-23T10:00:00&to=2026-11-23T10:40:00"
PAGES = [
    "/",
    "/halls/cc/board",
    "/cameras",
    "/counters/cc-1",
    "/counters/cc-1/day?day=2026-11-23",
    "/counters/cc-1/month?month=2026-11",
    "/alerts",
    "/absences",
    "/absences/1",
    "/absences/1/rule",
    "/cases",
    "/cases/1?step=1",
    "/cards",
    "/call-backs",
    "/complaints",
    "/findings",
    "/span",
    SPAN,
    "/calendar",
    "/calendar/cc-cam-1?day=2026-11-23",
    "/health",
    "/holds",
    "/deletions",
    "/programs",
    "/import",
    "/import/1",
    "/data-quality",
    "/reconciliation",
    "/evaluation",
    "/evaluation/simulation",
    "/evaluation/periods",
    "/evaluation/figures",
    "/evaluation/1/marks?unit_kind=hall&unit=cc",
    "/evaluation/formulas",
    "/evaluation/formulas/draft?cards=60",
    "/evaluation/formulas/write",
    "/catalogue",
    "/rules",
    "/working-days",
    "/working-days/try?first=2026-11-25&reason=x",
    "/catalogue/item?code=fs-0412",
    "/catalogue/draft?code=fs-0412",
]
ADMIN = [
    "halls",
    "counters",
    "cameras",
    "views",
    "rules",
    "retention",
    "users",
    "sources",
    "channels",
    "items",
    "devices",
    "departments",
    "districts",
]
PAGES += [f"/admin/{section}" for section in ADMIN]
PAGES += ["/admin/cameras/find", "/admin/rules/dry-run"]


def test_every_page_has_its_picture() -> None:
    script = (TEMPLATES.parent.parent / "scripts" / "screenshots").read_text()
    assert [path for path in PAGES if f'"{path}' not in script] == []


def json_address(path: str) -> str:
    return "/board.json" if path == "/" else path.replace("?", ".json?") if "?" in path else f"{path}.json"


def test_anonymous_readers_see_nothing(anonymous: TestClient) -> None:
    for path in PAGES:
        assert anonymous.get(path).status_code == 303, path
        assert anonymous.get(json_address(path)).status_code == 401, path


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_administrator_reads_it_in_both_languages(sign_in: SignIn, language: str) -> None:
    client = sign_in("admin")
    for path in PAGES:
        page = client.get(path, headers={"Accept-Language": language})
        assert page.status_code == 200, path
        assert f'<html lang="{"zh-CN" if language == "zh" else "en"}"' in page.text, path
        assert " style=" not in page.text, path
        assert "onclick=" not in page.text, path
        assert torn_cells(page.text) == [], path


def test_a_lane_whose_bars_are_links_is_a_group_of_them_and_else_a_picture(sign_in: SignIn) -> None:
    page = sign_in("admin").get("/counters/cc-1").text
    lanes = re.findall(r'<svg class="lane[^>]* role="(\w+)"[^>]*>(.*?)</svg>', page, re.DOTALL)
    assert {(role, "<a " in bars) for role, bars in lanes} == {("group", True), ("img", False)}


def test_the_same_address_with_json_is_the_same_page(sign_in: SignIn) -> None:
    client = sign_in("admin")
    for path in PAGES:
        answer = client.get(json_address(path))
        assert answer.status_code == 200, path
        assert answer.headers["content-type"] == "application/json", path
        assert isinstance(answer.json(), dict), path
