"""What is put to an address need not repeat the name that the address has already."""

import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute

_NAMES: Mapping[str, str] = {
    "district_id": "id",
    "hall_id": "id",
    "counter_id": "id",
    "department_id": "id",
    "camera_id": "id",
    "source_id": "id",
    "code": "code",
    "name": "name",
}
"""Part of an address, and the field of the body that says the same."""


class AddressedRoute(APIRoute):
    """Of a PUT whose body lacks the id, the address's is taken; one that is there has to be the same."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_filled(request: Request) -> Response:
            return await handle(_Filled(request.scope, request.receive) if request.method == "PUT" else request)

        return handle_filled


class _Filled(Request):
    async def body(self) -> bytes:
        sent = await super().body()
        names = {_NAMES[part]: value for part, value in self.path_params.items() if part in _NAMES}
        try:
            said = orjson.loads(sent)
        except orjson.JSONDecodeError:
            return sent  # said where it is read
        return orjson.dumps(names | said) if names and isinstance(said, dict) else sent


def addressed(description: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI in which the body of a PUT is not required to repeat what its address says."""
    for path, operations in description["paths"].items():
        names = {_NAMES[part] for part in re.findall(r"{(\w+)}", path) if part in _NAMES}
        if names and "put" in operations:
            content = operations["put"]["requestBody"]["content"]["application/json"]
            whole = description["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
            content["schema"] = _not_requiring(names, whole)
    return description


def _not_requiring(names: set[str], schema: dict[str, Any]) -> dict[str, Any]:
    left = [name for name in schema.get("required", ()) if name not in names]
    return {key: value for key, value in schema.items() if key != "required"} | ({"required": left} if left else {})
