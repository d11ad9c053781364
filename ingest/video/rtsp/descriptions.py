"""The description of a stream (SDP, RFC 8866): which video there is, and how to ask for it."""

import base64
import re
from dataclasses import dataclass

from ingest.video.annexb import join_units
from ingest.video.frames import Codec
from ingest.video.rtsp.addresses import printable
from ingest.video.rtsp.failures import unsupported

_CODECS: dict[str, Codec] = {"H264": "h264", "H265": "hevc"}
_SETS_OF = {"h264": ("sprop-parameter-sets",), "hevc": ("sprop-vps", "sprop-sps", "sprop-pps")}
_TOLD_BY: dict[Codec, str] = {"h264": "sprop-parameter-sets", "hevc": "sprop-sps"}
"""Parameters that only one codec has, for cameras that leave the map out."""
RTPMAP = re.compile(r"([0-9]{1,3})\s+([\w.-]+)(?:/([0-9]{1,9}))?(?:/([0-9]{1,2}))?")
"""Payload type, name, ticks a second, channels."""
_PAYLOAD_TYPE = re.compile(r"[0-9]{1,3}")
_PROTOCOLS = re.compile(r"^(rtsps?://)+", re.IGNORECASE)
_ADDRESS = re.compile(r"rtsps?://[^/]", re.IGNORECASE)
_USUAL_HZ = 90_000


@dataclass(frozen=True, slots=True)
class VideoTrack:
    codec: Codec
    payload_type: int
    clock_hz: int
    """Ticks of the RTP timestamps a second."""
    control: str
    """Address of the track, absolute or relative."""
    extradata: bytes
    """The parameter sets that the description tells, in Annex B; may be empty."""


@dataclass(frozen=True, slots=True)
class Media:
    kind: str
    payload_types: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.attributes if known == name]


def video_track(description: str) -> VideoTrack:
    """The first video that can be recorded. Raises SourceFailure."""
    videos = [media for media in media_of(description) if media.kind == "video"]
    if not videos:
        raise unsupported("the stream has no video")
    for media in videos:
        if track := _track(media):
            return track
    raise unsupported(f"{name_of(videos[0])} video; set the camera to H.264 or H.265")


def session_control(description: str) -> str:
    """Address that the description gives the whole stream; empty or * when it gives none of its own."""
    head = description.partition("\nm=")[0]
    return next((line[10:].strip() for line in head.splitlines() if line.startswith("a=control:")), "")


def base_address(told: str, asked: str) -> str:
    """What relative addresses are relative to: what the camera tells, if it makes sense.

    Seen: 192.0.2.1:554/stream/, and rtsp://rtsp://host/stream/.
    """
    told = _PROTOCOLS.sub(r"\1", told)
    return told if _ADDRESS.match(told) else asked


def resolved(base: str, control: str) -> str:
    """Address of a track or stream: appended to the base, not resolved as RFC 3986 says.

    Whatever the base ends with and the control begins with, that is what cameras were tried with.
    """
    if control in ("", "*"):
        return printable(base)
    if "://" in control:
        return printable(control)
    if control.startswith("?"):
        return printable(base + control)
    return printable(base.rstrip("/") + "/" + control.lstrip("/"))


def media_of(description: str) -> list[Media]:
    """Every stream that is described, in order."""
    found: list[Media] = []
    for part in re.split(r"^m=", description, flags=re.MULTILINE)[1:]:
        first, _, rest = part.partition("\n")
        words = first.split()
        pairs = (line[2:].partition(":") for line in rest.splitlines() if line.startswith("a="))
        attributes = tuple((name.strip(), value.strip()) for name, _, value in pairs)
        payload_types = tuple(filter(_PAYLOAD_TYPE.fullmatch, words[3:]))
        found.append(Media(words[0] if words else "", payload_types, attributes))
    return found


def _track(media: Media) -> VideoTrack | None:
    for payload_type in media.payload_types:
        parameters = parameters_of(media, payload_type)
        codec, clock_hz = _format(media, payload_type, parameters)
        if codec is None:
            continue
        _refuse_interleaved(codec, parameters)
        control = next(iter(media.all("control")), "")
        return VideoTrack(codec, int(payload_type), clock_hz, control, _parameter_sets(codec, parameters))
    return None


def _format(media: Media, payload_type: str, parameters: dict[str, str]) -> tuple[Codec | None, int]:
    """The codec, if it is one of ours, and its clock."""
    for known in filter(None, map(RTPMAP.match, media.all("rtpmap"))):
        if known[1] == payload_type:
            return _CODECS.get(known[2].upper()), int(known[3] or 0) or _USUAL_HZ
    return next((codec for codec, name in _TOLD_BY.items() if parameters.get(name)), None), _USUAL_HZ


def parameters_of(media: Media, payload_type: str) -> dict[str, str]:
    """Names in lower case."""
    for line in media.all("fmtp"):
        number, _, rest = line.partition(" ")
        if number == payload_type:
            pairs = (pair.partition("=") for pair in rest.split(";"))
            return {name.strip().lower(): value.strip() for name, _, value in pairs}
    return {}


def _refuse_interleaved(codec: Codec, parameters: dict[str, str]) -> None:
    mixed = parameters.get("packetization-mode") == "2" or parameters.get("sprop-max-don-diff", "0") != "0"
    if mixed:
        raise unsupported(f"{codec} in interleaved mode; set the camera to the usual packetization")


def _parameter_sets(codec: Codec, parameters: dict[str, str]) -> bytes:
    texts = [text for name in _SETS_OF[codec] for text in parameters.get(name, "").split(",") if text]
    try:
        return join_units(base64.b64decode(text + "=" * (-len(text) % 4)) for text in texts)
    except ValueError:
        return b""  # they come in the stream as well


def name_of(media: Media) -> str:
    """Of its codec, as the description calls it."""
    known = next((found for found in map(RTPMAP.match, media.all("rtpmap")) if found), None)
    return known[2] if known else "unknown"
