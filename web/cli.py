"""The command line `hallwatch`. Each command is in a file of `web.commands`, which is loaded when it is called."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.main import get_group

from web.commands.plain_errors import PlainErrors

NAMES = (
    "init",
    "check",
    "serve",
    "role",
    "demo",
    "simulate",
    "simulate-city",
    "import-cases",
    "pull",
    "conform",
    "deadlines",
    "replay",
    "clip",
    "analyse",
    "evaluate",
    "fsck",
    "recover",
    "user",
    "counters",
    "cameras",
    "footage",
    "closures",
    "samples",
    "evaluation",
    "rules",
)
"""As they are listed."""


class Commands(Mapping[str, Any]):
    """All by name. To load them all would take longer than most of them run."""

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 (Typer brings its own Click)
        if name not in NAMES:
            raise KeyError(name)
        return _loaded(name)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


@cache
def _loaded(name: str) -> Any:  # noqa: ANN401
    """From the file of that name: its group of commands, else the function that is named alike."""
    own_name = name.replace("-", "_")
    with _uncollected():
        file = import_module(f"web.commands.{own_name}")
    around = typer.Typer(rich_markup_mode="rich")
    if hasattr(file, "app"):
        around.add_typer(file.app, name=name)
    else:
        around.command(name)(getattr(file, own_name))
    return get_group(around).commands[name]


@contextmanager
def _uncollected() -> Iterator[None]:
    """What is loaded stays: to look through it for what could be thrown away takes up to a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Hallwatch(PlainErrors):
    def __init__(self, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(**settings)
        self.commands = Commands()  # type: ignore[assignment]  # nothing is added to them


app = typer.Typer(
    name="hallwatch",
    cls=Hallwatch,
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_show_locals=False,  # locals hold passwords
    help="Video-and-data supervision of public service halls. Begin with `hallwatch demo` or `hallwatch init`.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hallwatch {version('hallwatch')}")
        raise typer.Exit


@app.callback()
def hallwatch(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass
