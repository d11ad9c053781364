"""RTSP 1.0 (RFC 2326) as text: requests, answers, descriptions, and who may ask."""

import asyncio
import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from ingest.simulator.mounts import Lie
from ingest.simulator.rtp import PAYLOAD_TYPE, RTP_CLOCK_HZ, ParameterSets
from ingest.simulator.sound import SOUND_TRACK, SoundStream

REALM = "hallwatch"
MAX_BODY = 65_536
_SMALL_PICTURES = "Z0LACtoKN+SEAAADAAQAAAMAUjxImoA=,aM4fIA=="
"""Parameter sets of 160 x 90."""
_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    454: "Session Not Found",
    461: "Unsupported Transport",
    501: "Not Implemented",
    503: "Service Unavailable",
}


class BadRequestError(Exception):
    """The client did not speak RTSP."""


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: dict[str, str]
    """Names in lower case."""

    @property
    def path(self) -> str:
        """The mount's path, without the track and a trailing slash."""
        return urlsplit(self.url).path.removesuffix("/").removesuffix("/track0").removesuffix(f"/{SOUND_TRACK}")

    @property
    def is_of_sound(self) -> bool:
        return urlsplit(self.url).path.removesuffix("/").endswith(f"/{SOUND_TRACK}")

    @property
    def sequence(self) -> str:
        return self.headers.get("cseq", "0")


@dataclass(frozen=True)
class Answer:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    def encode(self, sequence: str) -> bytes:
        body = self.body.encode()
        headers = {"CSeq": sequence, **self.headers}
        if body:
            headers["Content-Length"] = str(len(body))
        lines = [f"RTSP/1.0 {self.status} {_REASONS[self.status]}", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body


async def read_request(reader: asyncio.StreamReader) -> Request:
    """The next request; receiver reports between requests are skipped.

    Raises BadRequestError, asyncio.IncompleteReadError when the client has gone.
    """
    while (first := await reader.readexactly(1)) == b"$":
        channel_and_size = await reader.readexactly(3)
        await reader.readexactly(int.from_bytes(channel_and_size[1:], "big"))
    try:
        head = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise BadRequestError("the head of the request is too long") from error
    request = parse_request(head.decode("utf-8", "replace"))
    await reader.readexactly(_body_length(request))
    return request


def _body_length(request: Request) -> int:
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY:
        raise BadRequestError("the length of the body makes no sense")
    return int(length)


def parse_request(head: str) -> Request:
    """Raises BadRequestError."""
    lines = head.strip().split("\r\n")
    match lines[0].split():
        case [method, url, "RTSP/1.0"]:
            pairs = (line.split(":", 1) for line in lines[1:] if ":" in line)
            return Request(method, url, {name.strip().lower(): value.strip() for name, value in pairs})
    raise BadRequestError(f"not an RTSP request: {lines[0][:80]}")


def interleaved_channels(transport: str) -> tuple[int, int] | None:
    """RTP and RTCP channel that a client asks for, None when it does not want TCP."""
    if "RTP/AVP/TCP" not in transport:
        return None
    wanted = re.search(r"interleaved=(\d+)-(\d+)", transport)
    return (int(wanted[1]) & 0xFF, int(wanted[2]) & 0xFF) if wanted else (0, 1)


def datagram_ports(transport: str) -> tuple[int, int] | None:
    """RTP and RTCP port that a client asks for, None when it does not want UDP."""
    wanted = re.search(r"client_port=(\d{1,5})-(\d{1,5})", transport)
    return (int(wanted[1]), int(wanted[2])) if wanted and "RTP/AVP/TCP" not in transport else None


def description(parameters: ParameterSets, host: str, lie: Lie = Lie.NONE, sound: SoundStream | None = None) -> str:
    """The SDP of a stream with one H.264 track, and perhaps one of sound."""
    true = _true_description(parameters, host, sound)
    match lie:
        case Lie.NONE:
            return true
        case Lie.NO_PARAMETER_SETS:
            return re.sub(r";sprop-parameter-sets=\S+", "", true)
        case Lie.OTHER_PARAMETER_SETS:
            return re.sub(r"sprop-parameter-sets=\S+", f"sprop-parameter-sets={_SMALL_PICTURES}", true)
        case Lie.OTHER_CODEC:
            return re.sub(r" H264/(\d+)\r\na=fmtp:[^\r]*", r" H265/\1", true)
        case Lie.NO_VIDEO:
            return true.replace("m=video", "m=audio").replace("H264/90000", "PCMA/8000")
        case Lie.NONSENSE:
            return "".join(reversed(true))


def _true_description(parameters: ParameterSets, host: str, sound: SoundStream | None) -> str:
    sets = ",".join(base64.b64encode(unit).decode() for unit in (parameters.sps, parameters.pps))
    lines = [
        "v=0",
        f"o=- 1 1 IN IP4 {host}",
        "s=Hallwatch simulated camera",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} H264/{RTP_CLOCK_HZ}",
        f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1;profile-level-id={parameters.sps[1:4].hex()};"
        f"sprop-parameter-sets={sets}",
        "a=control:track0",
    ]
    return "\r\n".join([*lines, *(sound.lines() if sound else []), ""])


@dataclass(frozen=True)
class Credentials:
    """Who may watch, and how the camera asks."""

    user: str
    password: str = field(repr=False)
    scheme: Literal["basic", "digest"] = "digest"


class Gatekeeper:
    """Checks the credentials on one connection."""

    def __init__(self, credentials: Credentials | None) -> None:
        self._credentials = credentials
        self._nonce = secrets.token_hex(16)

    def admits(self, request: Request) -> bool:
        if self._credentials is None:
            return True
        given = request.headers.get("authorization", "")
        if self._credentials.scheme == "basic":
            return _equal(given, self._basic())
        return _equal(_field(given, "response"), self._digest(request, given))

    def challenge(self) -> Answer:
        if self._credentials and self._credentials.scheme == "basic":
            return Answer(401, {"WWW-Authenticate": f'Basic realm="{REALM}"'})
        return Answer(401, {"WWW-Authenticate": f'Digest realm="{REALM}", nonce="{self._nonce}"'})

    def _basic(self) -> str:
        assert self._credentials
        pair = f"{self._credentials.user}:{self._credentials.password}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def _digest(self, request: Request, given: str) -> str:
        assert self._credentials
        secret = _md5(f"{self._credentials.user}:{REALM}:{self._credentials.password}")
        asked = _md5(f"{request.method}:{_field(given, 'uri')}")
        return _md5(f"{secret}:{self._nonce}:{asked}")


def _field(authorization: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', authorization)
    return found[1] if found else ""


def _equal(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())


def _md5(text: str) -> str:
    # RFC 2617 and every camera: the digest is MD5
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
