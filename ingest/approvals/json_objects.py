"""Objects of JSON, one a line, decoded together."""

from itertools import chain

import orjson

from ingest.approvals.lines import MAX_LINE, Block

_QUOTES = 4
"""Of a name and its text."""


def json_objects(block: Block) -> list[dict[str, str]] | None:
    """One of each line; None unless every line is for certain one object that holds only texts, none of them twice."""
    if block.encoding != "utf-8" or max(map(len, block.raw), default=0) > MAX_LINE:
        return None
    text = b",".join(block.raw)
    # With as many opening braces as lines, each at the start of its line, as many objects can only be one a line.
    if not text.count(b"{") == len(block.raw) == sum(raw.startswith(b"{") for raw in block.raw):
        return None
    try:
        found: list[object] = orjson.loads(b"[%b]" % text)
    except orjson.JSONDecodeError:
        return None
    objects = [each for each in found if isinstance(each, dict)]
    if not len(objects) == len(found) == len(block.raw):
        return None
    values = list(chain.from_iterable(map(dict.values, objects)))
    # Of a field that stands twice a reader keeps one; the quotes of both are there.
    is_all = set(map(type, values)) <= {str} and text.count(b'"') == _QUOTES * len(values)
    return objects if is_all else None
