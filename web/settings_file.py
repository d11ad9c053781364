"""Reads `hallwatch.toml` and says everything that is wrong with it at once."""

import difflib
import os
import re
import tomllib
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from web.settings import Settings

FILE_NAME = "hallwatch.toml"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class Problem:
    field: str
    """Path of the key, e.g. camera[cc-cam-1].url; empty for the file itself."""
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        return f"{where}{self.problem} → {self.remedy}"


class SettingsError(Exception):
    """The configuration file cannot be used."""

    def __init__(self, file: Path, problems: Iterable[Problem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        super().__init__("\n".join([f"{file}:", *(f"  {problem}" for problem in self.problems)]))


def read_settings(file: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings in `file`; relative folders are taken from where the file lies. Raises SettingsError."""
    raw = _read_toml(file)
    problems: list[Problem] = []
    filled = _substitute(raw, os.environ if environment is None else environment, "", problems)
    try:
        settings = Settings.model_validate(filled)
    except ValidationError as error:
        problems += [_problem(detail, raw) for detail in error.errors()]
        raise SettingsError(file, problems) from None
    problems += cross_reference(settings)
    if problems:
        raise SettingsError(file, problems)
    return _anchored(settings, file.resolve().parent)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        missing = Problem("", "there is no such file", "run `hallwatch init`, or name another file with --config")
        raise SettingsError(file, [missing]) from None
    except OSError as error:
        unreadable = Problem("", f"cannot be read: {error.strerror}", "mend its permissions")
        raise SettingsError(file, [unreadable]) from None
    except UnicodeDecodeError:
        raise SettingsError(file, [Problem("", "is not UTF-8 text", "save it as UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(file, [Problem("", f"is not TOML: {error}", "mend that line")]) from None


def _substitute(value: Any, environment: Mapping[str, str], path: str, problems: list[Problem]) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {k: _substitute(v, environment, f"{path}.{k}" if path else k, problems) for k, v in value.items()}
    if isinstance(value, list):
        return [_substitute(v, environment, f"{path}[{n}]", problems) for n, v in enumerate(value, start=1)]
    if not isinstance(value, str):
        return value
    for name in _VARIABLE.findall(value):
        if name not in environment:
            problems.append(Problem(path, f"the environment has no variable {name}", f"set {name} before starting"))
    return _VARIABLE.sub(lambda match: environment.get(match[1], match[0]), value)


def _problem(detail: ErrorDetails, raw: dict[str, Any]) -> Problem:
    location = detail["loc"]
    field = _path(location, raw)
    match detail["type"]:
        case "extra_forbidden":
            return Problem(field, "is not a known key", _did_you_mean(location))
        case "missing":
            return Problem(field, "is missing", f"add `{location[-1]} = …`")
        case "string_pattern_mismatch" if str(location[-1]) in ("open", "close"):
            return Problem(field, f"{detail['input']!r} is not a time of day", 'write "HH:MM", for example "09:00"')
        case "string_pattern_mismatch":
            problem = f"{detail['input']!r} is not a valid id"
            return Problem(
                field, problem, "use letters, digits, dot, dash and underscore, starting with a letter or digit"
            )
        case "value_error":
            return Problem(field, detail["msg"].removeprefix("Value error, "), "correct the value")
        case _:
            return Problem(field, detail["msg"][0].lower() + detail["msg"][1:], "correct the value")


def _path(location: tuple[int | str, ...], raw: object) -> str:
    """camera[cc-cam-1].url where the entry has an id, camera[3].url (the third) where not."""
    path = ""
    for part in location:
        if isinstance(part, int):
            raw = raw[part] if isinstance(raw, list) and part < len(raw) else None
            name = (raw.get("id") or raw.get("code") or raw.get("name")) if isinstance(raw, dict) else None
            path += f"[{name or part + 1}]"
        else:
            raw = raw.get(part) if isinstance(raw, dict) else None
            path += f".{part}" if path else part
    return path


def _did_you_mean(location: tuple[int | str, ...]) -> str:
    known = _known_keys(location[:-1])
    near = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"did you mean `{near[0]}`?" if near else f"remove it; known here: {', '.join(known)}"


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in location:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        inner = getattr(annotation, "__args__", (annotation,))[0]
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)


def cross_reference(settings: Settings) -> Iterator[Problem]:
    """Ids that are used twice, and references to things that are not declared here.

    A reference to something that was made by page or API and is not in the file is an error too: a file that
    declares places declares what they stand on.
    """
    yield from _duplicates(settings)
    for field, kind, reference in _references(settings):
        known = {entry.code if kind == "item" else entry.id for entry in getattr(settings, kind)}
        if reference not in known:
            near = difflib.get_close_matches(reference, known, n=1)
            remedy = f"did you mean `{near[0]}`?" if near else f"declare it with [[{kind}]]"
            yield Problem(field, f"there is no {kind} `{reference}`", remedy)
    yield from _views_across_halls(settings)


def _duplicates(settings: Settings) -> Iterator[Problem]:
    for kind in ("district", "hall", "counter", "camera", "department", "source"):
        for identity, count in Tally(entry.id for entry in getattr(settings, kind)).items():
            if count > 1:
                yield Problem(f"{kind}[{identity}].id", f"is used {count} times", f"give each {kind} an id of its own")
    for code, count in Tally(item.code for item in settings.item).items():
        if count > 1:
            yield Problem(f"item[{code}].code", f"is used {count} times", "declare each item once")
    for name, count in Tally(channel.name for channel in settings.notify).items():
        if count > 1:
            yield Problem(f"notify[{name}].name", f"is used {count} times", "give each channel a name of its own")
    for (camera, counter), count in Tally((view.camera, view.counter) for view in settings.view).items():
        if count > 1:
            yield Problem(f"view[{camera}/{counter}]", f"is declared {count} times", "keep one")
    for place, count in Tally((rule.hall, rule.counter) for rule in settings.absence_rule).items():
        if count > 1:
            yield Problem(f"absence_rule[{place[1] or place[0] or 'everywhere'}]", "is declared twice", "keep one")


def _references(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """(path of the key, kind referred to, id referred to)"""
    for hall in settings.hall:
        yield f"hall[{hall.id}].district", "district", hall.district
    for counter in settings.counter:
        yield f"counter[{counter.id}].hall", "hall", counter.hall
    for camera in settings.camera:
        yield f"camera[{camera.id}].hall", "hall", camera.hall
    for number, view in enumerate(settings.view, start=1):
        yield f"view[{number}].camera", "camera", view.camera
        yield f"view[{number}].counter", "counter", view.counter
    for number, rule in enumerate(settings.absence_rule, start=1):
        if rule.hall:
            yield f"absence_rule[{number}].hall", "hall", rule.hall
        if rule.counter:
            yield f"absence_rule[{number}].counter", "counter", rule.counter
    yield from _references_of_approvals(settings)


def _references_of_approvals(settings: Settings) -> Iterator[tuple[str, str, str]]:
    for department in settings.department:
        if department.district:
            yield f"department[{department.id}].district", "district", department.district
    for item in settings.item:
        if item.department:
            yield f"item[{item.code}].department", "department", item.department
    for source in settings.source:
        if source.hall:
            yield f"source[{source.id}].hall", "hall", source.hall
        for alias, counter_id in source.counters.items():
            yield f"source[{source.id}].counters.{alias}", "counter", counter_id


def _views_across_halls(settings: Settings) -> Iterator[Problem]:
    cameras = {camera.id: camera.hall for camera in settings.camera}
    counters = {counter.id: counter.hall for counter in settings.counter}
    for number, view in enumerate(settings.view, start=1):
        seen_from, stands_in = cameras.get(view.camera), counters.get(view.counter)
        if seen_from and stands_in and seen_from != stands_in:
            problem = f"camera `{view.camera}` is in hall `{seen_from}`, counter `{view.counter}` in `{stands_in}`"
            yield Problem(f"view[{number}]", problem, "a camera sees counters of its own hall only")


def _anchored(settings: Settings, folder: Path) -> Settings:
    path = str(folder / settings.store.path) if settings.store.path else ""
    store = settings.store.model_copy(update={"path": path})
    return settings.model_copy(update={"data_dir": folder / settings.data_dir, "store": store})
