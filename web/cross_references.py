"""What the entries of `hallwatch.toml` say of one another: ids that are used twice, references that lead nowhere."""

import difflib
from collections import Counter as Tally
from collections.abc import Iterator, Mapping

from storage.models import FootageKind
from web.settings_problems import Location, Problem, path_of

Entry = Mapping[str, object]

_REFERENCES = (
    ("hall", "district", "district"),
    ("counter", "hall", "hall"),
    ("camera", "hall", "hall"),
    ("view", "camera", "camera"),
    ("view", "counter", "counter"),
    ("mask", "camera", "camera"),
    ("absence_rule", "hall", "hall"),
    ("absence_rule", "counter", "counter"),
    ("retention", "hall", "hall"),
    ("retention", "counter", "counter"),
    ("department", "district", "district"),
    ("item", "department", "department"),
    ("source", "hall", "hall"),
    ("pull", "source", "source"),
    ("notify", "department", "department"),
    ("notify", "hall", "hall"),
    ("notify", "district", "district"),
)
"""(kind, key, kind that the key refers to)"""


def cross_references(raw: Entry) -> Iterator[Problem]:
    """Looks at the file as it is written, so that an entry with another mistake neither hides these nor causes them.

    A reference to something that was made by page or API and is not in the file is an error too: a file that
    declares places declares what they stand on.
    """
    yield from _duplicates(raw)
    yield from _numbers_used_twice(raw)
    yield from _lost_references(raw)
    yield from _views_across_halls(raw)


def _entries(raw: Entry, kind: str) -> Iterator[tuple[int, Entry]]:
    found = raw.get(kind)
    if isinstance(found, list):
        yield from ((number, entry) for number, entry in enumerate(found) if isinstance(entry, dict))


def _text(entry: Entry, key: str) -> str:
    value = entry.get(key)
    return value.strip() if isinstance(value, str) else ""


def _names(raw: Entry, kind: str) -> list[str]:
    key = {"item": "code", "notify": "name"}.get(kind, "id")
    return [name for _, entry in _entries(raw, kind) if (name := _text(entry, key))]


def _duplicates(raw: Entry) -> Iterator[Problem]:
    for kind in ("district", "hall", "counter", "camera", "department", "source"):
        for identity, count in _repeated(_names(raw, kind)):
            yield Problem(f"{kind}[{identity}].id", f"is used {count} times", f"give each {kind} an id of its own")
    for code, count in _repeated(_names(raw, "item")):
        yield Problem(f"item[{code}].code", f"is used {count} times", "declare each item once")
    for name, count in _repeated(_names(raw, "notify")):
        yield Problem(f"notify[{name}].name", f"is used {count} times", "give each channel a name of its own")
    views = (f"{_text(view, 'camera')}/{_text(view, 'counter')}" for _, view in _entries(raw, "view"))
    for pair, count in _repeated(views):
        yield Problem(f"view[{pair}]", f"is declared {count} times", "keep one")
    masks = (f"{_text(mask, 'camera')}/{_text(mask, 'reason')}" for _, mask in _entries(raw, "mask"))
    for mask, count in _repeated(masks):
        yield Problem(f"mask[{mask}].reason", f"is used {count} times", "give each a reason of its own")
    rules = (_text(rule, "counter") or _text(rule, "hall") or "everywhere" for _, rule in _entries(raw, "absence_rule"))
    for place, count in _repeated(rules):
        yield Problem(f"absence_rule[{place}]", f"is declared {count} times", "keep one")
    for place, count in _repeated(_retention_places(raw)):
        yield Problem(f"retention[{place}]", f"is declared {count} times", "keep one")


def _numbers_used_twice(raw: Entry) -> Iterator[Problem]:
    first: dict[tuple[str, str], str] = {}
    for number, counter in _entries(raw, "counter"):
        place = _text(counter, "hall"), str(counter.get("number", "")).strip()
        other = first.setdefault(place, _text(counter, "id"))
        if all(place) and other != _text(counter, "id"):
            problem = f"counter `{other}` of hall `{place[0]}` has number {place[1]} too"
            yield Problem(path_of(("counter", number, "number"), raw), problem, "give one of the two another number")


def _retention_places(raw: Entry) -> Iterator[str]:
    for _, rule in _entries(raw, "retention"):
        place = _text(rule, "counter") or _text(rule, "hall") or "everywhere"
        yield f"{place}, {_text(rule, 'kind') or FootageKind.PLAIN}"


def _repeated(names: Iterator[str] | list[str]) -> list[tuple[str, int]]:
    return [(name, count) for name, count in Tally(names).items() if count > 1]


def _lost_references(raw: Entry) -> Iterator[Problem]:
    for location, kind, reference in _references(raw):
        known = _names(raw, kind)
        if reference not in known:
            near = difflib.get_close_matches(reference, known, n=1)
            remedy = f"did you mean `{near[0]}`?" if near else f"declare it with [[{kind}]]"
            yield Problem(path_of(location, raw), f"there is no {kind} `{reference}`", remedy)


def _references(raw: Entry) -> Iterator[tuple[Location, str, str]]:
    """(where, kind referred to, id referred to)"""
    for kind, key, target in _REFERENCES:
        for number, entry in _entries(raw, kind):
            if reference := _text(entry, key):
                yield (kind, number, key), target, reference
    for number, source in _entries(raw, "source"):
        counters = source.get("counters")
        for alias, counter in counters.items() if isinstance(counters, dict) else ():
            if isinstance(counter, str):
                yield ("source", number, "counters", alias), "counter", counter.strip()


def _views_across_halls(raw: Entry) -> Iterator[Problem]:
    cameras = {_text(camera, "id"): _text(camera, "hall") for _, camera in _entries(raw, "camera")}
    counters = {_text(counter, "id"): _text(counter, "hall") for _, counter in _entries(raw, "counter")}
    for number, view in _entries(raw, "view"):
        camera, counter = _text(view, "camera"), _text(view, "counter")
        seen_from, stands_in = cameras.get(camera), counters.get(counter)
        if seen_from and stands_in and seen_from != stands_in:
            problem = f"camera `{camera}` is in hall `{seen_from}`, counter `{counter}` in `{stands_in}`"
            yield Problem(f"view[{number + 1}]", problem, "a camera sees counters of its own hall only")
