"""Basic (RFC 7617) and Digest (RFC 2617 and 7616) as cameras ask for them."""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

_WORD = re.compile(r'([\w-]+)(\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?')
"""A scheme, or a parameter and its value, quoted or not."""
_SESSION = "-SESS"
"""Ends the name of an algorithm that hashes the password anew for each nonce."""


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Challenge:
    scheme: str
    """basic or digest."""
    parameters: dict[str, str]

    @property
    def is_stale(self) -> bool:
        """Only the nonce was too old; the password may be right."""
        return self.parameters.get("stale", "").lower() == "true"

    @property
    def algorithm(self) -> str:
        return (self.parameters.get("algorithm") or "MD5").upper()

    @property
    def hash(self) -> "Callable[[str], str] | None":
        return _HASHES.get(self.algorithm.removesuffix(_SESSION))

    @property
    def quality(self) -> int:
        """The higher the better; 0 when we cannot answer it."""
        if self.scheme == "basic":
            return 1
        return 2 if self.scheme == "digest" and self.hash and "nonce" in self.parameters else 0


class Authorizer:
    """Answers the camera's challenges on one connection."""

    def __init__(self, credentials: Credentials | None, nonce_of_ours: Callable[[], str] = secrets.token_hex) -> None:
        self._credentials, self._nonce_of_ours = credentials, nonce_of_ours
        self._challenge: _Challenge | None = None
        self._count = 0

    def challenged(self, headers: Iterable[str]) -> bool:
        """Takes the WWW-Authenticate headers of a refusal; whether they can be answered."""
        asked = (challenge for header in headers for challenge in _challenges(header))
        best = max(asked, key=lambda challenge: challenge.quality, default=None)
        if self._credentials is None or best is None or not best.quality:
            return False
        self._challenge, self._count = best, 0
        return True

    @property
    def was_stale(self) -> bool:
        """Whether the last refusal was for the age of the nonce alone."""
        return self._challenge is not None and self._challenge.is_stale

    def header(self, method: str, url: str) -> str:
        """Value of the Authorization header; empty as long as the camera has not asked."""
        if self._challenge is None or self._credentials is None:
            return ""
        if self._challenge.scheme == "basic":
            pair = f"{self._credentials.user}:{self._credentials.password}"
            return "Basic " + base64.b64encode(pair.encode()).decode()
        return "Digest " + ", ".join(self._digest(self._challenge, self._credentials, method, url))

    def _digest(self, challenge: _Challenge, credentials: Credentials, method: str, url: str) -> Iterable[str]:
        assert challenge.hash is not None
        hashed, asked = challenge.hash, challenge.parameters
        realm, nonce, ours = asked.get("realm", ""), asked["nonce"], self._nonce_of_ours()
        with_quality = "auth" in re.split(r"[\s,]+", asked.get("qop", ""))
        with_session = challenge.algorithm.endswith(_SESSION)
        secret = hashed(f"{credentials.user}:{realm}:{credentials.password}")
        if with_session:
            secret = hashed(f"{secret}:{nonce}:{ours}")
        what = hashed(f"{method}:{url}")
        yield f'username="{_escaped(credentials.user)}", realm="{realm}", nonce="{nonce}", uri="{url}"'
        if with_quality:
            self._count += 1
            count = f"{self._count:08x}"
            yield f'qop=auth, nc={count}, response="{hashed(f"{secret}:{nonce}:{count}:{ours}:auth:{what}")}"'
        else:
            yield f'response="{hashed(f"{secret}:{nonce}:{what}")}"'
        if with_quality or with_session:
            yield f'cnonce="{ours}"'
        if "algorithm" in asked:
            # Quoted against the letter of the RFC: everybody does, and there are cameras that want it.
            yield f'algorithm="{asked["algorithm"]}"'
        if "opaque" in asked:
            yield f'opaque="{asked["opaque"]}"'


def _challenges(header: str) -> Iterator[_Challenge]:
    """One header may hold several: each begins with a word that has no value."""
    scheme, parameters = "", dict[str, str]()
    for name, value, quoted, plain in _WORD.findall(header):
        if value:
            parameters[name.lower()] = quoted or plain
            continue
        yield _Challenge(scheme, parameters)
        scheme, parameters = name.lower(), {}
    yield _Challenge(scheme, parameters)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _md5(text: str) -> str:
    # What nearly every camera asks for.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_HASHES: dict[str, Callable[[str], str]] = {"MD5": _md5, "SHA-256": _sha256}
