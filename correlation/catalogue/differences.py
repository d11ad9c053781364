"""What one entry of the catalogue says otherwise than another. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Entry = Mapping[str, Any]
"""As plain JSON."""
LISTS: Mapping[str, str] = {"links": "kind", "fees": "name", "materials": "name", "conditions": ""}
"""The fields that hold lists, with what names an element; empty: it is its own name."""


@dataclass(frozen=True)
class Difference:
    field: str
    before: Any
    """Of a list: the element that goes or is changed, or in another order the whole list; None: it is new."""
    after: Any


def differences(before: Entry, after: Entry) -> tuple[Difference, ...]:
    """In the order of the fields; what an entry leaves out is None, of a list nothing."""
    return tuple(found for field in dict.fromkeys((*before, *after)) for found in _of_field(field, before, after))


def _of_field(field: str, before: Entry, after: Entry) -> Iterator[Difference]:
    if field in LISTS:
        yield from _of_list(field, before.get(field) or (), after.get(field) or ())
    elif (was := before.get(field)) != (becomes := after.get(field)):
        yield Difference(field, was, becomes)


def _of_list(field: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Difference]:
    gone, new = _without(before, after), _without(after, before)
    if not gone and not new and list(before) != list(after):
        yield Difference(field, list(before), list(after))
    for element in gone:
        becomes = _of_the_same_name(field, element, new)
        if becomes is not None:
            new.remove(becomes)
        yield Difference(field, element, becomes)
    for element in new:
        yield Difference(field, None, element)


def _without(elements: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """What of the one is not in the other, each as often as it is there."""
    left, found = list(others), []
    for element in elements:
        if element in left:
            left.remove(element)
        else:
            found.append(element)
    return found


def _of_the_same_name(field: str, element: Any, among: Sequence[Any]) -> Any | None:  # noqa: ANN401 (plain JSON)
    name = LISTS[field]
    return next((one for one in among if name and one.get(name) == element.get(name)), None)
