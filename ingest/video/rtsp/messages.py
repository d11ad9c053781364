"""RTSP messages as bytes (RFC 2326 sections 4 to 7)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

VERSION = "RTSP/1.0"
USER_AGENT = "Hallwatch"
MAX_HEAD = 16 * 1024
MAX_BODY = 64 * 1024
NOT_RTSP = "the camera sent something that is not RTSP"
_LENGTH = re.compile(r"[0-9]{1,9}")
_STATUS = re.compile(r"[0-9]{3}")
_LINE_END = re.compile(r"\r?\n")


_REASONS = {status.value: status.phrase for status in HTTPStatus} | {
    451: "Parameter Not Understood",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid In This State",
    456: "Header Field Not Valid",
    457: "Invalid Range",
    459: "Aggregate Operation Not Allowed",
    460: "Only Aggregate Operation Allowed",
    461: "Unsupported Transport",
    462: "Destination Unreachable",
    551: "Option Not Supported",
}
"""RFC 2326, section 7.1.1, and what it shares with HTTP."""


class BadMessage(ValueError):
    """The camera sent something that is not RTSP."""


@dataclass(frozen=True, slots=True)
class Head:
    """First line and headers of a message from the camera: an answer, or (rarely) a request of its own."""

    status: int | None
    """None: a request."""
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in the order in which they came; some come more than once."""

    def get(self, name: str) -> str:
        """The first header of this name; empty when there is none."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]

    @property
    def body_length(self) -> int:
        """Raises BadMessage."""
        length = self.get("content-length") or "0"
        if not _LENGTH.fullmatch(length) or int(length) > MAX_BODY:
            raise BadMessage("the length of a message makes no sense")
        return int(length)


@dataclass(frozen=True, slots=True)
class Answer:
    head: Head
    body: str

    @property
    def status(self) -> int:
        return self.head.status or 0

    def get(self, name: str) -> str:
        return self.head.get(name)

    def __str__(self) -> str:
        """In our words: a camera may put anything into its own, the password that it was asked with, too."""
        return f"{self.status} {_REASONS.get(self.status, '')}".strip()


def request(method: str, url: str, sequence: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {url} {VERSION}", f"CSeq: {sequence}", f"User-Agent: {USER_AGENT}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value]
    return "\r\n".join([*lines, "", ""]).encode()


def refusal(head: Head) -> bytes:
    """The answer to a request of the camera's own: we serve none."""
    return f"{VERSION} 501 Not Implemented\r\nCSeq: {head.get('cseq')}\r\n\r\n".encode()


def read_head(data: bytes) -> Head:
    """From the first line on, without the empty line at the end; lines may end with LF alone. Raises BadMessage."""
    first, *lines = _LINE_END.split(data.decode("utf-8", "replace"))
    pairs = (line.partition(":") for line in lines)
    headers = tuple((name.strip().lower(), value.strip()) for name, colon, value in pairs if colon)
    match first.split(None, 2):
        case [version, status, *_] if version.startswith("RTSP/") and _STATUS.fullmatch(status):
            return Head(int(status), headers)
        case [_, _, version] if version.strip() == VERSION:
            return Head(None, headers)
    raise BadMessage(NOT_RTSP)
