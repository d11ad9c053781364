"""Lines of a file of any size, and the encoding they are in."""

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, NamedTuple

from ingest.approvals.problems import Problem
from storage.sayings import Saying

MAX_LINE = 1_048_576
"""Bytes; a longer line is no row."""
_SAMPLE = 1_048_576
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Line(NamedTuple):
    number: int
    """1 = first line of the file."""
    text: str
    """Without its line end; what cannot be read is replaced."""
    problem: Problem | None = None
    """Why the line cannot be used; None when it can."""


class Block(NamedTuple):
    """Lines that were read together."""

    first: int
    """The number of the first one."""
    raw: list[bytes]
    """Without their ends; of one longer than MAX_LINE the first MAX_LINE + 1 bytes."""
    encoding: str

    def lines(self) -> Iterator[Line]:
        for number, raw in enumerate(self.raw, start=self.first):
            yield _decoded(number, raw, self.encoding)

    def parts(self, size: int) -> Iterator["Block"]:
        """Of so many lines each."""
        for at in range(0, len(self.raw), size):
            yield Block(self.first + at, self.raw[at : at + size], self.encoding)


def lines(stream: BinaryIO) -> Iterator[Line]:
    """Decodes UTF-8 (with or without a byte order mark) or GBK; the stream need not be seekable."""
    return chain.from_iterable(block.lines() for block in blocks(stream))


def blocks(stream: BinaryIO) -> Iterator[Block]:
    """The same lines as they come, some thousands together."""
    start, first = stream.read(_SAMPLE), 1
    encoding = _encoding(start)
    for raw in _raw_lines(start.removeprefix(_BOM), stream):
        yield Block(first, raw, encoding)
        first += len(raw)


def _encoding(sample: bytes) -> str:
    if sample.startswith(_UTF16):
        return "utf-16"
    whole = sample[: sample.rfind(b"\n") + 1] or sample
    return next((name for name in ("utf-8", "gb18030") if _reads(whole, name)), "utf-8")


def _reads(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _raw_lines(start: bytes, stream: BinaryIO) -> Iterator[list[bytes]]:
    rest, skipping = start, False
    while rest:
        *whole, tail = rest.split(b"\n")
        found = [line[: MAX_LINE + 1] for line in whole]
        if skipping and found:
            del found[0]  # the end of one that was too long
            skipping = False
        if len(tail) > MAX_LINE:
            if not skipping:
                found.append(tail[: MAX_LINE + 1])
            tail, skipping = b"", True
        more = stream.read(_SAMPLE)
        if not more and tail and not skipping:
            found.append(tail)
        yield found
        rest = tail + more if more else b""


def _decoded(number: int, raw: bytes, encoding: str) -> Line:
    raw = raw.removesuffix(b"\r")
    text = raw.decode("utf-8" if encoding == "utf-16" else encoding, "replace")
    return Line(number, text, _problem(raw, text, encoding))


def _problem(raw: bytes, text: str, encoding: str) -> Problem | None:
    if encoding == "utf-16":
        return Problem("", Saying("is UTF-16"), Saying("save the file as UTF-8"))
    if len(raw) > MAX_LINE:
        said = Saying("is longer than %(most)s bytes", most=MAX_LINE)
        return Problem("", said, Saying("check the line ends; one line is one step"))
    if "�" in text and not _reads(raw, encoding):
        said = Saying("cannot be read as %(encoding)s", encoding=encoding.upper())
        return Problem("", said, Saying("save the file as UTF-8"))
    return None
