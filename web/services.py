"""What every route may use: built once in `web.composition`, kept at `app.state.services`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from storage.database import Database
from storage.failures import Failures
from storage.footage import Footage
from storage.objects import ObjectStore
from storage.secrets import SecretBox
from web.settings import Settings


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    store: ObjectStore
    footage: Footage
    secrets: SecretBox
    relay_socket: Path
    clock: Callable[[], datetime]
    failures: Failures = field(default_factory=Failures)
    """Of this process."""


def services(connection: HTTPConnection) -> Services:
    """The services of the app that answers this request or WebSocket."""
    found = connection.app.state.services
    assert isinstance(found, Services)
    return found


ServicesDep = Annotated[Services, Depends(services)]
