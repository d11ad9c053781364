"""What programs may ask of the product, for people who write them: the same description as /api/openapi.json."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI, Request

from web.auth import CurrentUser
from web.pages.rendering import add_page

router = APIRouter()
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    about: str
    """The first paragraph of its description, or its name; English."""


@dataclass(frozen=True)
class Chapter:
    title: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class ProgramsPage:
    chapters: tuple[Chapter, ...]


def programs_page(request: Request, viewer: CurrentUser) -> ProgramsPage:
    app = request.app
    assert isinstance(app, FastAPI)
    chapters: dict[str, list[Operation]] = defaultdict(list)
    for path, operations in app.openapi()["paths"].items():
        for method in (method for method in _METHODS if method in operations):
            found = operations[method]
            chapters[found.get("tags", ["pages"])[0]].append(Operation(method.upper(), path, about(found)))
    return ProgramsPage(tuple(Chapter(title, tuple(found)) for title, found in sorted(chapters.items())))


def about(operation: Mapping[str, Any]) -> str:
    """The first paragraph of what is said of it, in one line as the catalogue has it."""
    said: str = operation.get("description", operation["summary"])
    return " ".join(said.partition("\n\n")[0].split())


add_page(router, "/programs", "programs.html", programs_page)
