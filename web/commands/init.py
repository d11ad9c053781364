"""`hallwatch init`"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from sqlmodel import Session

from storage.models import Role
from storage.sayings import unlabelled
from web import accounts, passwords
from web.accounts import NewUser
from web.commands.common import DEFAULT_CONFIG, ConfigOption, say, warn
from web.commands.plain_errors import READABLE_BY_OTHERS, UserError
from web.composition import build_services
from web.installation import Services
from web.preparation import prepare
from web.settings import Settings, WebSettings
from web.settings_file import read_settings, settings_in

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


@dataclass(frozen=True)
class Wanted:
    """What was asked for, and which of it was named on the command line."""

    data_dir: str
    listen: str
    admin: str
    password: str
    named: frozenset[str]


def init(
    context: typer.Context,
    config: ConfigOption = DEFAULT_CONFIG,
    data_dir: Annotated[str, typer.Option(help="Where footage, database and keys go.")] = "hallwatch-data",
    listen: Annotated[str, typer.Option(help="Host and port of the pages.")] = "127.0.0.1:8080",
    admin: Annotated[str, typer.Option(help="Sign-in name of the first administrator.")] = "admin",
    password: Annotated[
        str,
        typer.Option(
            envvar="HALLWATCH_ADMIN_PASSWORD",
            help=f"Empty: asked for, or made and shown once. {READABLE_BY_OTHERS} HALLWATCH_ADMIN_PASSWORD.",
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
) -> None:
    r"""Make a new installation, or bring an existing one to this version: nothing that is there is overwritten.

    Example: hallwatch init --data-dir /srv/hallwatch \
    --listen 0.0.0.0:8080 --admin li.wei
    """
    interactive = sys.stdin.isatty() and not yes
    text = ""
    if config.exists():
        settings = read_settings(config)
    else:
        if interactive:
            data_dir = typer.prompt("Folder for footage, database and keys", default=data_dir)
            listen = typer.prompt("Address of the pages (host:port)", default=listen)
        text = _text(data_dir, listen)
        settings = settings_in(text, config)
    _check_admin(admin, password)
    wanted = Wanted(data_dir, listen, admin, password, _named(context))
    services = build_services(settings)
    try:
        prepare(services)
        _install(services, config, text, wanted, interactive)
    finally:
        services.database.close()
    say("Next: hallwatch check, then hallwatch serve")


def _named(context: typer.Context) -> frozenset[str]:
    """Not those that come from the environment, which is the same for every command."""
    sources = {name: context.get_parameter_source(name) for name in ("data_dir", "listen", "admin", "password")}
    return frozenset(name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE")


def _check_admin(name: str, password: str) -> None:
    """Before anything is made. Raises AccountProblem or PasswordProblem."""
    accounts.checked_name(name)
    if password:
        passwords.check_strength(password)


def _install(services: Services, config: Path, text: str, wanted: Wanted, interactive: bool) -> None:
    """The administrator, and last of all the file: one that failed would keep the corrected command from its say."""
    with services.database.transaction() as session:
        made = _first_admin(session, services, wanted, interactive)
        not_applied = [] if made else list(_no_admin_made(session, wanted))
        if text:
            _write(config, text)
        else:
            not_applied += _not_applied(config, services.settings, wanted)
    say(f"Wrote {config}." if text else f"{config} is there already and stays as it is.")
    say(f"The data folder is {services.settings.data_dir}.")
    say(made or "There is an administrator already.")
    for line in not_applied:
        warn(line)


def _not_applied(config: Path, settings: Settings, wanted: Wanted) -> Iterator[str]:
    """What was asked for and is otherwise in the file."""
    folder = config.resolve().parent / wanted.data_dir
    if "data_dir" in wanted.named and folder != settings.data_dir:
        yield f"--data-dir {wanted.data_dir} is NOT applied, because {config} is there: change `data_dir` in it."
    if "listen" in wanted.named and wanted.listen != settings.web.listen:
        yield f"--listen {wanted.listen} is NOT applied, because {config} is there: change `listen` under [web] in it."


def _no_admin_made(session: Session, wanted: Wanted) -> Iterator[str]:
    if "admin" in wanted.named and accounts.find_user(session, wanted.admin) is None:
        remedy = f"`hallwatch user add {wanted.admin} --role admin` makes another"
        yield f"--admin {wanted.admin} is NOT applied, because there is an administrator: {remedy}."
    if "password" in wanted.named:
        remedy = "`hallwatch user password NAME` gives a new one"
        yield f"--password is NOT applied, because there is an administrator: {remedy}."


def _text(data_dir: str, listen: str) -> str:
    try:
        WebSettings(listen=listen)
    except ValidationError as error:
        raise UserError(f"--listen {unlabelled(error.errors()[0]['msg'])}") from None
    return _TEMPLATE.format(data_dir=_quoted(data_dir), listen=_quoted(listen))


def _write(config: Path, text: str) -> None:
    config.parent.mkdir(parents=True, exist_ok=True)
    with config.open("x", encoding="utf-8") as file:
        config.chmod(0o600)  # it will hold passwords
        file.write(text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _first_admin(session: Session, services: Services, wanted: Wanted, interactive: bool) -> str:
    """What to say of the one that was made; empty where there is one already."""
    if accounts.has_admin(session):
        return ""
    password = wanted.password
    if not password and interactive:
        password = typer.prompt("Password of the administrator", hide_input=True, confirmation_prompt=True)
    chosen = password or passwords.generate()
    accounts.create_user(session, NewUser(wanted.admin, chosen, Role.ADMIN, all_halls=True), services.clock())
    shown = "" if password else f" with the password {chosen} (shown this once)"
    return f"Made the administrator {wanted.admin}{shown}."
