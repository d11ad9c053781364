"""Reads `hallwatch.toml` and says everything that is wrong with it at once."""

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from web.cross_references import cross_references
from web.settings import PullSettings, Settings
from web.settings_problems import Location, Problem, path_of, problem_of

FILE_NAME = "hallwatch.toml"
_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")
_AT_END = " (at end of document)"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class SettingsError(Exception):
    """The configuration file cannot be used."""

    def __init__(self, file: Path, problems: Iterable[Problem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        super().__init__("\n".join([f"{file}:", *(f"  {problem}" for problem in self.problems)]))


@dataclass(frozen=True)
class Examination:
    """A configuration file as far as it can be used."""

    settings: Settings
    """Without the entries that are wrong; a section that is wrong has its defaults."""
    problems: tuple[Problem, ...]
    wrong: frozenset[str]
    """Sections that are wrong themselves, e.g. store: their defaults say nothing about the site."""
    named: frozenset[str]
    """Every section that the file has, right or wrong."""


def read_settings(file: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings in `file`; relative folders are taken from where the file lies. Raises SettingsError."""
    return settings_in(_text_of(file), file, environment)


def settings_in(text: str, file: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings that `file` has, or would have, with this text. Raises SettingsError."""
    found = _examine(text, file, environment)
    if found.problems:
        raise SettingsError(file, found.problems)
    return found.settings


def examine(file: Path, environment: Mapping[str, str] | None = None) -> Examination:
    """Everything that is wrong at once, and what can be used all the same.

    Raises SettingsError for a file that is not there or is no TOML.
    """
    return _examine(_text_of(file), file, environment)


def _examine(text: str, file: Path, environment: Mapping[str, str] | None) -> Examination:
    raw = _parsed(text, file)
    environment = os.environ if environment is None else environment
    filled = _substitute(raw, environment)
    unset = list(_unset(raw, environment))
    unset_at = [location for location, _ in unset]
    errors = [detail for detail in _errors(filled) if detail["loc"] not in unset_at]
    problems = [_unset_problem(location, name, raw) for location, name in unset]
    problems += [problem_of(detail, raw) for detail in errors]
    problems += cross_references(filled)
    usable, wrong = _without(filled, [*unset_at, *(detail["loc"] for detail in errors)])
    settings = _anchored(Settings.model_validate(usable), file.resolve().parent)
    return Examination(settings, tuple(problems), wrong, frozenset(name for name, said in raw.items() if said))


def _errors(filled: dict[str, Any]) -> list[ErrorDetails]:
    try:
        Settings.model_validate(filled)
    except ValidationError as error:
        return error.errors()
    return []


def _without(filled: dict[str, Any], locations: Iterable[Location]) -> tuple[dict[str, Any], frozenset[str]]:
    """What is left when each wrong entry of a list and each other wrong section is taken out, and those sections."""
    entries = {location[:2] for location in locations if len(location) > 1 and isinstance(location[1], int)}
    sections = {str(location[0]) for location in locations if location[:2] not in entries}
    usable = {name: value for name, value in filled.items() if name not in sections}
    for name in {str(location[0]) for location in entries} - sections:
        usable[name] = [entry for number, entry in enumerate(filled[name]) if (name, number) not in entries]
    return usable, frozenset(sections)


def _text_of(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        missing = Problem("", "there is no such file", "run `hallwatch init`, or name another file with --config")
        raise SettingsError(file, [missing]) from None
    except IsADirectoryError:
        raise SettingsError(file, [Problem("", "is a folder", f"name the file in it, {file / FILE_NAME}")]) from None
    except OSError as error:
        unreadable = Problem("", f"cannot be read: {error.strerror}", "mend its permissions")
        raise SettingsError(file, [unreadable]) from None
    except UnicodeDecodeError:
        raise SettingsError(file, [Problem("", "is not UTF-8 text", "save it as UTF-8")]) from None


def _parsed(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(file, [_not_toml(str(error))]) from None


def _not_toml(reason: str) -> Problem:
    if place := _PLACE.search(reason):
        line, column = place.groups()
        said = f"is not TOML in line {line}, column {column}: {reason[: place.start()]}"
        return Problem("", said, f"mend line {line}")
    said = f"is not TOML at the end of the file: {reason.removesuffix(_AT_END)}"
    return Problem("", said, "add what is missing there, such as a value, a quote or a bracket")


def _unset(value: object, environment: Mapping[str, str], location: Location = ()) -> Iterator[tuple[Location, str]]:
    """Where a variable is named that the environment does not have."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _unset(inner, environment, (*location, key))
    elif isinstance(value, str):
        yield from ((location, name) for name in _VARIABLE.findall(value) if name not in environment)


def _unset_problem(location: Location, name: str, raw: dict[str, Any]) -> Problem:
    return Problem(path_of(location, raw), f"the environment has no variable {name}", f"set {name} before starting")


def _substitute(value: Any, environment: Mapping[str, str]) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {key: _substitute(inner, environment) for key, inner in value.items()}
    if isinstance(value, list):
        return [_substitute(inner, environment) for inner in value]
    if not isinstance(value, str):
        return value
    return _VARIABLE.sub(lambda match: environment.get(match[1], match[0]), value)


def _pull_from(folder: Path, pull: PullSettings) -> PullSettings:
    """A mapping that is no file there is the name of one of ours."""
    file = folder / pull.mapping
    return pull.model_copy(update={"mapping": str(file)}) if pull.mapping and file.is_file() else pull


def _anchored(settings: Settings, folder: Path) -> Settings:
    path = str(folder / settings.store.path) if settings.store.path else ""
    inbox = str(folder / settings.inbox.folder) if settings.inbox.folder else ""
    changed = {
        "data_dir": folder / settings.data_dir,
        "store": settings.store.model_copy(update={"path": path}),
        "pull": tuple(_pull_from(folder, pull) for pull in settings.pull),
        "inbox": settings.inbox.model_copy(update={"folder": inbox}),
        "database": settings.database.anchored(folder),
    }
    return settings.model_copy(update=changed)
