"""Every command and every option is documented, and nothing else is."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from web.cli import app

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "cli.md"
EVERYWHERE = {"--help", "--config"}


def visible() -> Iterator[tuple[str, Any]]:
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        if not command.hidden:
            yield name, command


def options(command: Any) -> set[str]:
    parts = getattr(command, "commands", {"": command}).values()
    shown = (option for part in parts for option in part.params if option.param_type_name == "option")
    return {
        spelling
        for option in shown
        if not getattr(option, "hidden", False)
        for spelling in (*option.opts, *option.secondary_opts)
        if spelling.startswith("--")
    } - EVERYWHERE


def sections() -> dict[str, str]:
    parts = re.split(r"^## `hallwatch ([\w-]+)`$", REFERENCE.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_has_its_section() -> None:
    assert sections().keys() == {name for name, _ in visible()}


def test_every_option_is_documented_and_no_other() -> None:
    documented = sections()
    for name, command in visible():
        told = set(re.findall(r"(--[a-z][a-z-]+)", documented[name])) - EVERYWHERE
        assert told == options(command), name
