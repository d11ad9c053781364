"""No table is forgotten: whatever page has one is JSON, CSV and XLSX, too."""

import re
from collections.abc import Iterator
from functools import cache

from fastapi.routing import APIRoute

from web.pages.rendering import TEMPLATES
from web.pages.routers import routers as pages
from web.public.routers import routers as public

NO_FILE = {
    "/standard": "a text, whose tables are the JSON Schema, too",
    "/programs": "a text, whose table is the OpenAPI description, too",
    "/catalogue/draft": "a form",
    "/admin/cameras/find": "what answered just now, to choose from",
    "/counters/{counter}": "its newest absences; /absences.csv has all",
    "/span": "the absences of a span; /absences.csv has all",
}
"""Pages with a table that is not to be taken along, and why."""
NO_PAGE = {
    *("/sign-in", "/", "/admin"),
    *("/evaluation/{evaluation_id}/report.{made_as}", "/evaluation/periods/{period}/report.{made_as}"),
}
"""What leads elsewhere, or is a file."""
_MACRO = re.compile(r"{% macro (\w+)\(.*?{% endmacro %}", re.DOTALL)


def routes() -> Iterator[APIRoute]:
    for router in (*pages, *public):
        for route in router.routes:
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
                yield route


def paths() -> set[str]:
    return {route.path for route in routes()}


def has_table(template: str) -> bool:
    text = (TEMPLATES / template).read_text("utf-8")
    return bool(re.search(r"<table(?! class=\"chart-data\")", text)) or any(part in text for part in _with_table())


@cache
def _with_table() -> frozenset[str]:
    """Calls of the macros that draw a table, or call one that does."""
    bodies = {
        f"{file.stem}.{match[1]}(": match[0]
        for file in (TEMPLATES / "parts").glob("*.html")
        for match in _MACRO.finditer(file.read_text("utf-8"))
    }
    found = {call for call, body in bodies.items() if "<table" in body}
    while more := {call for call, body in bodies.items() if any(other in body for other in found)} - found:
        found |= more
    return frozenset(found)


def test_every_page_is_json_at_its_own_address() -> None:
    shown = {path for path in paths() if not re.search(r"\.(json|csv|xlsx)$", path)} - NO_PAGE
    assert {path for path in shown if f"{path}.json" not in paths()} == set()


def test_every_page_with_a_table_is_taken_along_as_csv_and_xlsx() -> None:
    tables = {route.path for route in routes() if route.name.endswith(".html") and has_table(route.name)}
    assert len(tables) > 25
    files = {path for path in tables if {f"{path}.csv", f"{path}.xlsx"} <= paths()}
    assert tables - files == set(NO_FILE)
