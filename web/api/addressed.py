"""What is put to an address need not repeat the name that the address has already."""

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
