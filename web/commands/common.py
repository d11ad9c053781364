"""What the commands share: the configuration option, plain words for errors, progress bars."""

import getpass
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from storage.migrate import SchemaError, check_schema
from storage.models import Camera, Counter
from storage.objects import StoreError
from storage.secrets import SecretError
from web.accounts import AccountProblem
from web.commands.plain_errors import UserError, err, out
from web.composition import DataFolderUnusable, build_services
from web.errors import Conflict
from web.installation import Services
from web.one_instance import AlreadyRunning
from web.passwords import PasswordProblem
from web.preparation import declare_site
from web.serve import CannotStart
from web.settings_file import FILE_NAME, SettingsError, read_settings
from web.site import SiteError

_FIRST_YEAR, _LAST_YEAR = 1971, 9000

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", envvar="HALLWATCH_CONFIG", help="The configuration file.", show_default=True)
]
DEFAULT_CONFIG = Path(FILE_NAME)

EXPECTED = (
    SettingsError,
    CannotStart,
    SchemaError,
    StoreError,
    SecretError,
    AccountProblem,
    PasswordProblem,
    SiteError,
    DataFolderUnusable,
    AlreadyRunning,
    Conflict,
)


_LACKS_SOMETHING = re.compile(r"no such (table|column)|has no column named|(column|relation) .* does not exist")
_OTHER_TABLES = (
    "Another version of Hallwatch has made its tables: `hallwatch init` brings them to this one. If that changes "
    "nothing, a version before the first release has made them: they have to be made anew in an empty database, "
    "and `hallwatch recover` gives that the footage."
)


def in_words(error: Exception) -> str | None:
    """What to tell of an error that users can mend; None: it is a defect of ours."""
    if isinstance(error, EXPECTED):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
    if isinstance(error, SQLAlchemyError):
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        remedy = f". {_OTHER_TABLES}" if _LACKS_SOMETHING.search(reason) else ""
        return f"The database refuses: {reason}{remedy}"
    return None


def say(line: str, style: str = "") -> None:
    """Prints the line as it is: brackets in names and paths are no markup, and nothing is cut to the width."""
    out.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


def warn(line: str) -> None:
    err.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def opened(config: Path) -> Iterator[Services]:
    """The services of an installation that has been initialised, with what its file declares now."""
    services = build_services(read_settings(config))
    try:
        check_schema(services.database)
        declare_site(services)
        yield services
    finally:
        services.database.close()


def known_camera(session: Session, camera_id: str) -> Camera:
    camera = session.get(Camera, camera_id)
    if camera is None:
        known = ", ".join(session.exec(select(Camera.id).order_by(col(Camera.id)))) or "none yet"
        raise UserError(f"There is no camera {camera_id!r}; there are: {known}.")
    return camera


def known_counter(session: Session, counter_id: str) -> Counter:
    counter = session.get(Counter, counter_id)
    if counter is None:
        raise UserError(f"There is no counter {counter_id!r}; `hallwatch counters list` shows all.")
    return counter


def moment(name: str, text: str, zone: ZoneInfo) -> datetime:
    """Without a zone it is the hall's time. Raises UserError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{name}: {text!r} is not a time; write 2026-03-02T09:00:00 or 2026-03-02T01:00:00Z.") from None
    if not _FIRST_YEAR <= found.year < _LAST_YEAR:  # beyond it what is reckoned with it would be no time any more
        raise UserError(f"{name}: {text!r} is out of range; give a time between {_FIRST_YEAR} and {_LAST_YEAR}.")
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def who_runs_this() -> str:
    """The name of the user of this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


@contextmanager
def progress_bar(title: str) -> Iterator["Bar"]:
    """On standard error, so that output can be redirected; nothing is drawn where there is no terminal."""
    columns = (TextColumn("[bold]{task.description}"), BarColumn(), "{task.percentage:>3.0f} %", TimeRemainingColumn())
    # Where nobody looks on, Rich would still write an empty line at its end.
    with Progress(*columns, console=err, transient=True, disable=not err.is_interactive) as progress:
        yield Bar(progress, title)


class Bar:
    def __init__(self, progress: Progress, title: str) -> None:
        self._progress = progress
        self._task = progress.add_task(title, total=None)

    def update(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)
