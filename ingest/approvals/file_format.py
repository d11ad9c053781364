"""Which format a file is in, and which files are in none."""

import io
from pathlib import Path
from typing import BinaryIO

from storage.sayings import Saying

_JSON = (".jsonl", ".ndjson", ".json")
_CSV = (".csv", ".tsv", ".txt")
_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_PACKED = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""How archives begin, and with them .xlsx and .ods, and old .xls."""
_BOM = b"\xef\xbb\xbf"
_FORMATS = ", ".join((*_JSON, *_CSV))
_ALL = ", ".join((*_JSON, *_CSV, *_WORKBOOKS))


class UnusableFile(Exception):
    """The file cannot be imported at all; the saying tells what to do."""

    def __init__(self, saying: Saying) -> None:
        super().__init__(saying)
        self.saying = saying


NO_ROWS = Saying("The file holds no rows: nothing has been read. See whether it is the right one.")
_ARCHIVE = Saying(
    "The file is an archive, or a workbook whose name does not say so: unpack it, or give it its ending (%(endings)s).",
    endings=", ".join(_WORKBOOKS),
)
_ARRAY = Saying(
    "The file is one JSON array, of which nothing has been read: write one object per line, without the brackets "
    "around all of them and the commas between them."
)
_NO_TEXT = Saying("The file is not text. JSON Lines and CSV are read (%(endings)s).", endings=_FORMATS)


def is_event_log(path: Path) -> bool:
    """XES, or XES packed with gzip; known by its name."""
    return path.name.lower().endswith((".xes", ".xes.gz"))


def is_workbook(path: Path) -> bool:
    """Known by its name."""
    return path.suffix.lower() in _WORKBOOKS


def takes_mapping(path: Path) -> bool:
    """Whether a mapping may say how it is read: JSON Lines are in the exchange format by themselves."""
    return path.suffix.lower() not in _JSON


def is_json(path: Path, file: BinaryIO) -> bool:
    """Whether it is JSON Lines, else CSV: known by its name, else by its first character. Raises UnusableFile."""
    ending = path.suffix.lower()
    start = file.read(io.DEFAULT_BUFFER_SIZE)
    file.seek(0)
    if start.startswith(_PACKED):
        raise UnusableFile(_ARCHIVE)
    if ending in _JSON and start.removeprefix(_BOM).lstrip().startswith(b"["):
        raise UnusableFile(_ARRAY)
    if ending in (*_JSON, *_CSV):
        return ending in _JSON
    if ending:
        raise UnusableFile(_other_ending(ending))
    if b"\0" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16 has words of its own
        raise UnusableFile(_NO_TEXT)
    return start.removeprefix(_BOM).lstrip().startswith(b"{")


def _other_ending(ending: str) -> Saying:
    return Saying(
        "A file whose name ends in %(ending)s is not read. JSON Lines, CSV and workbooks are (%(endings)s): save a "
        "table as one of them, or give the file its ending.",
        ending=ending,
        endings=_ALL,
    )
