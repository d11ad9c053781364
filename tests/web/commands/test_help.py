"""What `--help` tells, and what it must not swallow."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
from rich.markup import render
from typer.main import get_command

from tests.servers import LIMIT_S
from tests.web.commands.conftest import Run
from web.cli import app


def shown(output: str) -> str:
    """The words of a help page, without its frames and line ends."""
    return re.sub(r"[\s│╭╮╰╯─]+", " ", output)


@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_the_whole_form_of_a_fault_is_shown(hallwatch: Run, command: str) -> None:
    assert "KIND[:COUNTER][@SECONDS], repeat for more" in shown(hallwatch(command, "--help").output)


@pytest.mark.parametrize(
    ("command", "variable"),
    [
        (("init",), "HALLWATCH_ADMIN_PASSWORD"),
        (("user", "add"), "HALLWATCH_PASSWORD"),
        (("user", "password"), "HALLWATCH_PASSWORD"),
        (("simulate",), "HALLWATCH_PUSH_KEY"),
        (("cameras", "profiles"), "HALLWATCH_CAMERA_PASSWORD"),
    ],
)
def test_an_option_for_a_secret_warns_and_names_its_variable(
    hallwatch: Run, command: tuple[str, ...], variable: str
) -> None:
    said = "can be read by others on this machine; better set the environment variable"
    assert f"{said} {variable}." in shown(hallwatch(*command, "--help").output)


def texts(command: Any, name: str = "hallwatch") -> Iterator[tuple[str, str]]:
    """Each text of each help page, with the command that it belongs to."""
    yield name, command.help or ""
    yield from ((name, getattr(option, "help", None) or "") for option in command.params)
    for sub, part in getattr(command, "commands", {}).items():
        yield from texts(part, f"{name} {sub}")


def test_no_bracket_of_a_help_is_taken_for_markup(hallwatch: Run) -> None:
    assert [(name, text) for name, text in texts(get_command(app)) if render(text).spans] == []
    assert "databases that [[pull]] names, once" in shown(hallwatch("--help").output)


def test_an_example_can_be_copied_from_a_terminal_of_80_columns() -> None:
    examples = [(name, line) for name, text in texts(get_command(app)) for line in text.partition("Example:")[2:]]
    for name, example in ((name, text) for name, text in examples if text):
        *broken, last = example.strip().splitlines()
        assert all(line.endswith(" \\") for line in broken), name
        assert max(len(line) for line in (*broken, last)) <= 78 - len("Example: "), name


def test_the_short_form_helps_everywhere(hallwatch: Run) -> None:
    for command in ((), ("check",), ("user",), ("user", "add")):
        assert hallwatch(*command, "-h").output == hallwatch(*command, "--help").output


ECHO = """
import typer
from web.commands.plain_errors import PlainErrors
app = typer.Typer(cls=PlainErrors)
app.callback()(lambda: None)
app.command("say")(lambda: typer.echo("x" * 100_000))
app(["say"])
"""


@pytest.mark.parametrize("arguments", [("-c", ECHO), ("-m", "web", "--help"), ("-m", "web", "simulate", "--help")])
def test_output_that_nobody_reads_to_its_end_ends_silently(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        asked = [sys.executable, *arguments]
        done = subprocess.run(asked, stdout=nobody, stderr=subprocess.PIPE, check=False, timeout=LIMIT_S)
    assert done.stderr == b""


def test_the_version_is_told(hallwatch: Run) -> None:
    assert hallwatch("--version").output == f"hallwatch {version('hallwatch')}\n"


def test_running_a_single_role_is_listed_among_the_commands(hallwatch: Run) -> None:
    assert "role Run a single role" in shown(hallwatch("--help").output)
