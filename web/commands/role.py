"""`hallwatch role recorder`: one process of `hallwatch serve`."""

from contextlib import suppress
from typing import Annotated

import typer
from sqlalchemy.exc import OperationalError

from storage.migrate import check_schema
from web import logs
from web.commands.common import DEFAULT_CONFIG, ConfigOption
from web.commands.plain_errors import UserError
from web.composition import build_services
from web.one_instance import ONCE, only_one
from web.roles import ROLE_NAMES, RoleName, run_role
from web.settings import Settings
from web.settings_file import read_settings


def role(
    name: Annotated[str, typer.Argument(help="recorder, watcher, clerk or web")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Run a single role, for sites that spread them over machines.

    Example: hallwatch role recorder --config /etc/hallwatch.toml
    """
    chosen: RoleName | None = next((known for known in ROLE_NAMES if known == name), None)
    if chosen is None:
        raise UserError(f"There is no role {name!r}; the roles are {', '.join(ROLE_NAMES)}.")
    logs.configure(chosen)
    settings = read_settings(config)
    _check_tables(settings)
    with only_one(settings.run_folder, [chosen] if chosen in ONCE else []):
        run_role(chosen, settings)


def _check_tables(settings: Settings) -> None:
    """Raises SchemaError. A database that does not answer yet is waited for by the role itself."""
    services = build_services(settings)
    try:
        with suppress(OperationalError):
            check_schema(services.database)
    finally:
        services.database.close()
