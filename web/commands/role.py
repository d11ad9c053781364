"""`hallwatch role recorder`: one process of `hallwatch serve`."""

from typing import Annotated

import typer

from web import logs
from web.commands.common import DEFAULT_CONFIG, ConfigOption, UserError
from web.roles import ROLE_NAMES, RoleName, run_role
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
    run_role(chosen, read_settings(config))
