"""Every setting is documented, and nothing else is."""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from web.settings import Settings

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "configuration.md"


def documented() -> set[str]:
    """Keys in the first column of the tables, with their section before them."""
    section, found = "", set()
    for line in REFERENCE.read_text("utf-8").splitlines():
        if heading := re.match(r"## `\[+(\w+)\]+`", line):
            section = f"{heading[1]}."
        elif row := re.match(r"\| (`[^|]+`) \|", line):
            found |= {f"{section}{key}" for key in re.findall(r"`(\w+)`", row[1])}
    return found


def known() -> set[str]:
    return set(_keys(Settings, ""))


def _keys(model: type[BaseModel], section: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        nested = _model_in(field.annotation)
        if nested is not None and not section:
            yield from _keys(nested, f"{name}.")
        else:
            yield f"{section}{name}"


def _model_in(annotation: object) -> type[BaseModel] | None:
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def test_every_setting_is_documented() -> None:
    assert known() - documented() == set()


def test_no_setting_is_documented_that_does_not_exist() -> None:
    assert documented() - known() == set()
