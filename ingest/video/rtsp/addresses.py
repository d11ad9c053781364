"""A camera's address, taken apart."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from ingest.video.rtsp.authentication import Credentials
from ingest.video.rtsp.failures import unreachable

_PORTS = {"rtsp": 554, "rtsps": 322}
_PASSWORD = re.compile(r"(pas|pass|passwd|password|passwort|psw|pwd|pw|auth)=[^&_]", re.IGNORECASE)
_SCHEME = re.compile(r"\s*\w*://")
_AS_IS = "!#$%&'()*+,/:;=?@[]^`{|}~"
"""What an address may hold besides letters and digits without breaking a line of a request."""


@dataclass(frozen=True, slots=True)
class Address:
    url: str
    """Without credentials, as the camera is asked."""
    host: str
    port: int
    secure: bool
    credentials: Credentials | None

    @classmethod
    def parse(cls, url: str) -> "Address":
        """rtsp://user:password@host:port/path; rtsps for TLS. Raises SourceFailure."""
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise unreachable("the address is not of the form rtsp://host:port/path") from None
        if not parts.hostname:
            raise unreachable("the address names no host")
        user = unquote(parts.username or "")
        credentials = Credentials(user, unquote(parts.password or "")) if user else None
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return cls(printable(bare), parts.hostname, port, parts.scheme == "rtsps", credentials)

    def moved(self, location: str) -> "Address":
        """Where the camera sends us; the credentials go along only to the same host. Raises SourceFailure."""
        there = Address.parse(location)
        same = there.host == self.host and there.secure >= self.secure
        return Address(there.url, there.host, there.port, there.secure, self.credentials if same else None)


def names_password(parts: SplitResult) -> bool:
    """Whether the path or the query holds one, as those of some makers do: it would be shown and logged with them."""
    return bool(_PASSWORD.search(f"{parts.path}?{parts.query}"))


def without_credentials(typed: str) -> str:
    """What of a wrong address may be shown again: no user, no password; nothing at all if the rest names one."""
    found = _SCHEME.match(typed)
    scheme = found[0] if found else ""
    bare = scheme + typed[len(scheme) :].rpartition("@")[2]
    return "" if _PASSWORD.search(bare) else bare


def printable(url: str) -> str:
    """With spaces, quotes, controls and what is not ASCII as %XX; the rest as it is."""
    return quote(url, safe=_AS_IS)
