"""The streams that a device offers, and which of them to take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ingest.video.rtsp.addresses import names_password

SMALLEST_SUB = 320
"""Pixels of width below which nobody can be recognised on the wall of live pictures."""
_CODECS = {"H264": "h264", "H265": "hevc", "HEVC": "hevc"}
_RTSP = ("rtsp", "rtsps")
_LONGEST = 1000


@dataclass(frozen=True)
class Profile:
    """A stream as the device describes it."""

    token: str
    name: str
    source: str
    """Which of the device's lenses or channels it shows."""
    codec: str
    """h264 or hevc; another one as the device calls it."""
    width: int
    """Pixels; 0 where it does not say."""
    height: int
    """Pixels."""
    fps: float
    """The limit that is set; 0 where it does not say."""
    url: str
    """RTSP, without credentials; empty where it is of no use."""

    @property
    def recordable(self) -> bool:
        return bool(self.url) and self.codec in _CODECS.values()

    @property
    def pixels(self) -> int:
        return self.width * self.height


@dataclass(frozen=True)
class Proposal:
    main: Profile
    sub: Profile | None


def propose(profiles: Sequence[Profile]) -> Proposal | None:
    """The largest as main stream, and as sub-stream the smallest of the same lens that is large enough.

    Browsers play H.264 alone, so such a sub-stream goes before any of H.265. None where nothing can be recorded.
    """
    usable = [profile for profile in profiles if profile.recordable]
    if not usable:
        return None
    main = max(usable, key=lambda profile: profile.pixels)
    smaller = [
        profile
        for profile in usable
        if profile.source == main.source and profile.width >= SMALLEST_SUB and profile.pixels < main.pixels
    ]
    return Proposal(main, min(smaller, key=lambda profile: (profile.codec != "h264", profile.pixels), default=None))


def described(answer: Mapping[str, Any], url: str) -> Profile:
    """Of what the library has read; `url` is what the device says, or empty."""
    encoder = answer.get("video_encoder", {})
    codec = str(encoder.get("encoding", ""))
    return Profile(
        token=str(answer.get("token", "")),
        name=_plain(answer.get("name", "")),
        source=str(answer.get("video_source", {}).get("source_token", "")),
        codec=_CODECS.get(codec.upper().replace(".", ""), _plain(codec).lower()),
        width=_number(encoder.get("width")),
        height=_number(encoder.get("height")),
        fps=float(_number(encoder.get("fps_limit"))),
        url=without_credentials(url),
    )


def without_credentials(url: str) -> str:
    """The address without user and password; empty if it is no RTSP address, or carries a password in its path."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return ""
    unusable = parts.scheme not in _RTSP or not parts.hostname or not url.isprintable() or len(url) > _LONGEST
    if unusable or names_password(parts):
        return ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return urlunsplit((parts.scheme, f"{host}:{port}" if port else str(host), parts.path, parts.query, ""))


def _number(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value <= 100_000 else 0


def _plain(text: object) -> str:
    return "".join(filter(str.isprintable, str(text)))[:100]
