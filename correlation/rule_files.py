"""Reads the versions of rules that a site writes: TOML like the `rules.toml` that come along, as far as they differ."""

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from correlation.deadlines.rules import Law
from correlation.rulebook import AnyRules, RuleBook, plain, rules_as
from storage.models import RuleKind

_NAMED = ("version", "effective", "source")
_LONGEST_NAME = 64
_KINDS = ", ".join(f"[[{kind.value}]]" for kind in RuleKind)


class RulesProblem(Exception):
    """What is written is not what rules look like; each line names a key and what to do."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Written:
    kind: RuleKind
    rules: AnyRules
    differs: tuple[str, ...]
    """Keys that are not as in the version before, e.g. ahead.days."""
    base: str
    """That version."""


def read_rules(text: str, book: RuleBook) -> list[Written]:
    """The oldest first. What a version leaves out is as in that which is in force on its day without it.

    Raises RulesProblem, with all that is wrong.
    """
    found: list[Written] = []
    problems: list[str] = []
    for kind, said in _tables(text):
        try:
            written = _written(kind, said, book)
        except RulesProblem as error:
            problems += error.problems
        else:
            found.append(written)
            book = book.plus(written.rules)
    if problems:
        raise RulesProblem(*problems)
    return found


def _tables(text: str) -> list[tuple[RuleKind, dict[str, Any]]]:
    """By their day, so that each rests on those of before."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesProblem(f"this is no TOML: {error}") from None
    if strange := [key for key in said if key not in list(RuleKind)]:
        raise RulesProblem(*(f"{key}: is not known; write versions below {_KINDS}" for key in strange))
    if wrong := [key for key, tables in said.items() if not _are_tables(tables)]:
        raise RulesProblem(*(f"{key}: write each version below a line [[{key}]]" for key in wrong))
    found = [(RuleKind(key), table) for key, tables in said.items() for table in tables]
    if not found:
        raise RulesProblem(f"there is no version in it; write one below {_KINDS}")
    if problems := [problem for kind, table in found for problem in _misnamed(kind, table)]:
        raise RulesProblem(*problems)
    return sorted(found, key=lambda one: one[1]["effective"])


def _are_tables(said: object) -> bool:
    return isinstance(said, list) and all(isinstance(each, dict) for each in said)


def _misnamed(kind: RuleKind, said: Mapping[str, Any]) -> Iterator[str]:
    version, source = said.get("version"), said.get("source")
    where = _where(kind, said)
    if not isinstance(version, str) or not version or len(version) > _LONGEST_NAME or not _is_plain(version):
        yield f'{where}.version: name it by letters, digits and . _ -, e.g. version = "foshan-2027"'
    if type(said.get("effective")) is not date:
        yield f"{where}.effective: say from which day on it holds, e.g. effective = 2027-01-01"
    if not isinstance(source, str) or not source.strip():
        yield f"{where}.source: say what it rests on, such as the document that sets it; people read it beside the rule"


def _is_plain(name: str) -> bool:
    return all(letter.isalnum() or letter in "._-" for letter in name)


def _where(kind: RuleKind, said: Mapping[str, Any]) -> str:
    return f"{kind.value}[{said.get('version') or '?'}]"


def _written(kind: RuleKind, said: Mapping[str, Any], book: RuleBook) -> Written:
    where = _where(kind, said)
    before = book.on(kind, said["effective"])
    if before is None:
        first = book.of(kind)[0]
        raise RulesProblem(f"{where}.effective: choose {first.effective}, when {first.version} begins, or a later day")
    base = plain(kind, before)
    whole = _merged(base, said)
    try:
        rules = rules_as(kind, whole)
    except ValidationError as error:
        raise RulesProblem(*(f"{where}.{_path(each)}: {_words(each, base)}" for each in error.errors())) from None
    differs = tuple(_differing(base, plain(kind, rules)))
    if not differs:
        raise RulesProblem(f"{where}: says the same as {before.version}; write what is to be otherwise")
    return Written(kind, _sourced(kind, rules, said, differs), differs, before.version)


def _sourced(kind: RuleKind, rules: AnyRules, said: Mapping[str, Any], differs: Sequence[str]) -> AnyRules:
    """What is otherwise than by law does not rest on the article of before."""
    if not isinstance(rules, Law):
        return rules
    given = said.get("sources", {})
    own = {key: rules.source for key in differs if key in rules.sources and key not in given}
    return rules_as(kind, {**plain(kind, rules), "sources": {**rules.sources, **own}})


def _merged(base: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    both = {key: _merged(base[key], said[key]) for key in said if _both_tables(base.get(key), said[key])}
    return {**base, **said, **both}


def _both_tables(before: object, after: object) -> bool:
    return isinstance(before, dict) and isinstance(after, dict)


def _differing(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key in after:
        if path == "" and key in _NAMED:
            continue
        if _both_tables(before.get(key), after[key]):
            yield from _differing(before[key], after[key], f"{path}{key}.")
        elif _comparable(before.get(key)) != _comparable(after[key]):
            yield f"{path}{key}"


def _comparable(value: Any) -> Any:  # noqa: ANN401
    """A list of words is a set."""
    return sorted(value) if isinstance(value, list) and all(isinstance(each, str) for each in value) else value


def _path(error: ErrorDetails) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in error["loc"] if part != "[key]")


def _words(error: ErrorDetails, base: Mapping[str, Any]) -> str:
    match error["type"]:
        case "extra_forbidden" | "unexpected_keyword_argument":
            known = _keys_at(base, error["loc"][:-1])
            near = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
            return f"is not known; did you mean {near[0]}?" if near else f"is not known; known here: {', '.join(known)}"
        case "missing":
            return "is missing; write it, too"
        case _:
            shown = error["input"]
            return f"{error['msg']}, not {shown!r}; correct it" if not isinstance(shown, dict) else error["msg"]


def _keys_at(said: Any, location: Sequence[int | str]) -> list[str]:  # noqa: ANN401
    for part in location:
        if isinstance(part, int):
            said = said[0] if said else {}
        else:
            said = said.get(part, {}) if isinstance(said, dict) else {}
    return [str(key) for key in said] if isinstance(said, dict) else []
