"""What every route may use, kept at `app.state.services`."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from web.installation import Services

__all__ = ["Services", "ServicesDep", "services"]


def services(connection: HTTPConnection) -> Services:
    """The services of the app that answers this request or WebSocket."""
    found = connection.app.state.services
    assert isinstance(found, Services)
    return found


ServicesDep = Annotated[Services, Depends(services)]
