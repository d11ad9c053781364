"""Event logs in XES, the format of process mining: each event is a record, read through a mapping like a line of CSV.

Its columns are the keys of the event's attributes, and `case:` with the keys of those of its trace; `event:number`
tells the events of a trace apart where the log does not.
"""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from gzip import BadGzipFile, GzipFile
from typing import IO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from ingest.approvals.formats import Numbered, OnCells
from ingest.approvals.mapping import Mapping
from ingest.approvals.problems import Problem
from ingest.approvals.row import row_error
from storage.sayings import Saying

NUMBER = "event:number"
_BROKEN = Problem(
    "",
    Saying("the log cannot be read from here on: its XML is broken off, or has a DTD"),
    Saying("export the log again, whole and without a DTD"),
)


@dataclass
class _Trace:
    """The one that is being read."""

    attributes: dict[str, str] = field(default_factory=dict)
    events: int = 0

    def record(self, event: Element) -> dict[str, str]:
        self.events += 1
        said = {child.get("key", ""): child.get("value", "") for child in event}
        return self.attributes | said | {NUMBER: str(self.events)}


def read_xes(stream: IO[bytes] | GzipFile, mapping: Mapping, on_cells: OnCells | None = None) -> Iterator[Numbered]:
    """The events in their order, numbered from 1 over the whole log; what is broken ends it with a refused row."""
    number = 0
    try:
        for number, record in enumerate(_records(stream), start=1):
            if on_cells is not None:
                on_cells(record)
            yield number, mapping.plain(record) or mapping.apply(record, json.dumps(record, ensure_ascii=False))
    except (ParseError, DefusedXmlException, EOFError, BadGzipFile, zlib.error):
        yield number + 1, row_error(_BROKEN, "")


def _records(stream: IO[bytes] | GzipFile) -> Iterator[dict[str, str]]:
    """Holds one trace at a time in memory."""
    trace, open_tags = _Trace(), list[Element]()
    for what, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
        tag = _tag(element)
        if what == "start":
            open_tags.append(element)
            if tag == "trace":
                trace = _Trace()
            continue
        open_tags.pop()
        within = _tag(open_tags[-1]) if open_tags else ""
        if tag == "event":
            yield trace.record(element)
        elif within == "trace":
            trace.attributes[f"case:{element.get('key', '')}"] = element.get("value", "")
        if within in ("trace", "log"):
            open_tags[-1].remove(element)


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
