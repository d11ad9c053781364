"""Every command and every option is documented, and nothing else is."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from ingest.simulator.faults import FaultKind
from web.cli import app

REFERENCES = Path(__file__).resolve().parents[2] / "docs" / "reference"
REFERENCE = REFERENCES / "cli.md"
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


def test_every_fault_of_the_simulator_is_named_and_told() -> None:
    kinds = {kind.value for kind in FaultKind}
    (named,) = re.findall(r"^\| `--fault` \| (.*) \|$", sections()["simulate"], flags=re.MULTILINE)
    assert set(re.findall(r"`([a-z_]+)`", named)) == kinds
    told = (REFERENCES / "simulator.md").read_text("utf-8").split("\n## Faults\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?`) \| ", told, flags=re.MULTILINE)
    assert set(re.findall(r"`([a-z_]+)`", " ".join(rows))) == kinds
