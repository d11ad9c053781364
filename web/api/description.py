"""The API's description of itself: all of it for who may sign in, the exchange for everybody."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI, Request

from web.auth import CurrentUser
from web.source_keys import SCHEME

router = APIRouter(prefix="/api", tags=["description"])
_SCHEMAS = ("/api/v1/exchange-schema.json", "/api/v1/exchange-schema/{kind}.json")
_PREFIX = "#/components/schemas/"


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request, viewer: CurrentUser) -> dict[str, Any]:
    """OpenAPI 3; load it into any client of your own."""
    return _described(request)


@router.get("/v1/exchange-openapi.json", include_in_schema=False)
def exchange_openapi(request: Request) -> dict[str, Any]:
    """OpenAPI 3 of what a platform asks with its key; public, like the standard that it speaks."""
    return exchange_part(_described(request))


def exchange_part(described: Mapping[str, Any]) -> dict[str, Any]:
    """The operations that take the key of a source, the schemas of its rows, and what these name; nothing else."""
    paths = {path: operations for path, operations in described["paths"].items() if _is_of_exchange(path, operations)}
    components = described["components"]
    schemas = {name: components["schemas"][name] for name in sorted(_named(paths, components["schemas"]))}
    schemes = {SCHEME: components["securitySchemes"][SCHEME]}
    return {
        "openapi": described["openapi"],
        "info": {**described["info"], "title": "Hallwatch: exchange standard"},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": schemes},
    }


def _is_of_exchange(path: str, operations: Mapping[str, Any]) -> bool:
    return path in _SCHEMAS or any({SCHEME: []} in each.get("security", ()) for each in operations.values())


def _named(paths: Mapping[str, Any], schemas: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    ahead = list(_references(paths))
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += _references(schemas[name])
    return found


def _references(described: Any) -> Iterator[str]:  # noqa: ANN401  (any part of a JSON document)
    if isinstance(described, Mapping):
        named = described.get("$ref")
        if isinstance(named, str) and named.startswith(_PREFIX):
            yield named.removeprefix(_PREFIX)
        described = list(described.values())
    if isinstance(described, list):
        for each in described:
            yield from _references(each)


def _described(request: Request) -> dict[str, Any]:
    app = request.app
    assert isinstance(app, FastAPI)
    return app.openapi()
