"""What can be wrong with a setting, in words: where, what, and what to do."""

import difflib
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from storage.sayings import unlabelled
from web.field_problems import FieldProblem
from web.settings import Settings

_CLOSE = 0.7
"""How alike a misspelt key is: `hosr` is meant for `host`, `colour` not for `counter`."""
Location = tuple[int | str, ...]
"""Keys and numbers (from 0) that lead to a value, e.g. ("camera", 0, "url")."""


@dataclass(frozen=True)
class Problem:
    field: str
    """Path of the key, e.g. camera[cc-cam-1].url; empty for the file itself."""
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        return f"{where}{self.problem} → {self.remedy}"


def problem_of(detail: ErrorDetails, raw: dict[str, Any]) -> Problem:
    """What pydantic found, in words, without the value where it may be a secret."""
    location = detail["loc"]
    field = path_of(location, raw)
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
        case "literal_error" | "enum":
            return Problem(field, f"{detail['input']!r} is not known here", f"use one of {detail['ctx']['expected']}")
        case "model_type":
            name = f"[[{location[0]}]]" if isinstance(location[-1], int) else f"[{field}]"
            return Problem(field, "is not a section", f"write it as {name} with its keys below")
        case "literal_error" | "enum":
            return Problem(field, f"{detail['input']!r} is not known here", f"use one of {detail['ctx']['expected']}")
        case "model_type":
            name = f"[[{location[0]}]]" if isinstance(location[-1], int) else f"[{field}]"
            return Problem(field, "is not a section", f"write it as {name} with its keys below")
        case "value_error":
            return Problem(field, _clause(unlabelled(detail["msg"])), "correct the value")
        case _:
            return Problem(field, _clause(FieldProblem.of(detail).problem), "correct the value")


def _clause(sentence: str) -> str:
    """As it stands between the field and the remedy: This is needed. → this is needed"""
    return (sentence[:1].lower() + sentence[1:]).removesuffix(".")


def path_of(location: Location, raw: object) -> str:
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


def _did_you_mean(location: Location) -> str:
    known = _known_keys(location[:-1])
    near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=_CLOSE)
    return f"did you mean `{near[0]}`?" if near else f"remove it; known here: {', '.join(known)}"


def _known_keys(location: Location) -> list[str]:
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
