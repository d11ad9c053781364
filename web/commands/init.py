"""`hallwatch init`"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from storage.models import Role
from web import accounts, passwords
from web.accounts import NewUser
from web.commands.common import DEFAULT_CONFIG, ConfigOption, UserError, out
from web.composition import build_services, prepare
from web.services import Services
from web.settings import WebSettings
from web.settings_file import read_settings

_TEMPLATE = """\
# Hallwatch. Every setting is explained in docs/reference/configuration.md; `hallwatch check` checks this file.
# Any text may contain ${{NAME}}: the value of that environment variable.

data_dir = {data_dir}

[web]
listen = {listen}
# public_url = "https://hall.example"

# [database]                    # without this section: SQLite in data_dir
# url = "postgresql://hallwatch:${{DB_PASSWORD}}@localhost/hallwatch"

# [store]                       # without this section: a folder in data_dir
# kind = "s3"
# endpoint = "s3.example:9000"
# bucket = "footage"
# access_key = "${{S3_ACCESS_KEY}}"
# secret_key = "${{S3_SECRET_KEY}}"

# Halls, counters, cameras and sources can be declared here or on the pages under Administration.
# [[district]]
# id = "chancheng"
# name = "禅城区"
#
# [[hall]]
# id = "cc"
# district = "chancheng"
# name = "禅城政务服务大厅"
# hours = [{{days = "mon-fri", open = "09:00", close = "12:00"}}, {{days = "mon-fri", open = "14:00", close = "17:30"}}]
#
# [[counter]]
# id = "cc-1"
# hall = "cc"
# number = "1"
#
# [[camera]]
# id = "cc-cam-1"
# hall = "cc"
# url = "rtsp://192.0.2.10:554/main"
# sub_url = "rtsp://192.0.2.10:554/sub"
# username = "viewer"
# password = "${{CAMERA_PASSWORD}}"
#
# [[view]]
# camera = "cc-cam-1"
# counter = "cc-1"
# staff_zone = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.6], [0.1, 0.6]]
"""


def init(
    config: ConfigOption = DEFAULT_CONFIG,
    data_dir: Annotated[str, typer.Option(help="Where footage, database and keys go.")] = "hallwatch-data",
    listen: Annotated[str, typer.Option(help="Host and port of the pages.")] = "127.0.0.1:8080",
    admin: Annotated[str, typer.Option(help="Sign-in name of the first administrator.")] = "admin",
    password: Annotated[
        str, typer.Option(envvar="HALLWATCH_ADMIN_PASSWORD", help="Empty: asked for, or made and shown once.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
) -> None:
    """Make a new installation, or bring an existing one to this version: nothing that is there is overwritten.

    Example: hallwatch init --data-dir /srv/hallwatch --listen 0.0.0.0:8080 --admin li.wei
    """
    interactive = sys.stdin.isatty() and not yes
    if config.exists():
        out.print(f"{config} is there already and stays as it is.", highlight=False)
    else:
        if interactive:
            data_dir = typer.prompt("Folder for footage, database and keys", default=data_dir)
            listen = typer.prompt("Address of the pages (host:port)", default=listen)
        _write(config, data_dir, listen)
        out.print(f"Wrote {config}.", highlight=False)
    services = build_services(read_settings(config))
    try:
        prepare(services)
        out.print(f"The data folder is {services.settings.data_dir}.", highlight=False)
        _first_admin(services, admin, password, interactive)
    finally:
        services.database.close()
    out.print("Next: hallwatch check, then hallwatch serve", highlight=False)


def _write(config: Path, data_dir: str, listen: str) -> None:
    try:
        WebSettings(listen=listen)
    except ValidationError as error:
        raise UserError(f"--listen {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None
    config.parent.mkdir(parents=True, exist_ok=True)
    text = _TEMPLATE.format(data_dir=_quoted(data_dir), listen=_quoted(listen))
    with config.open("x", encoding="utf-8") as file:
        file.write(text)
    config.chmod(0o600)  # it will hold passwords


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _first_admin(services: Services, name: str, password: str, interactive: bool) -> None:
    with services.database.transaction() as session:
        if accounts.has_admin(session):
            out.print("There is an administrator already.")
            return
        if not password and interactive:
            password = typer.prompt("Password of the administrator", hide_input=True, confirmation_prompt=True)
        chosen = password or passwords.generate()
        accounts.create_user(session, NewUser(name, chosen, Role.ADMIN, all_halls=True), services.clock())
    shown = "" if password else f" with the password [bold]{chosen}[/] (shown this once)"
    out.print(f"Made the administrator [bold]{name}[/]{shown}.", highlight=False)
