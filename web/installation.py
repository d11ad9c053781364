"""What everything works with. Roles and commands load no web framework for it; routes get it from `web.services`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from storage.database import Database
from storage.failures import Failures
from storage.footage import Footage
from storage.objects import ObjectStore
from storage.secrets import SecretBox
from web.settings import Settings


@dataclass(frozen=True)
class Services:
    """Built once in `web.composition`."""

    settings: Settings
    database: Database
    store: ObjectStore
    footage: Footage
    secrets: SecretBox
    relay_socket: Path
    clock: Callable[[], datetime]
    failures: Failures = field(default_factory=Failures)
    """Of this process."""
