"""The description of a stream (SDP, RFC 8866): which video there is, and how to ask for it."""

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import urljoin

from ingest.video.annexb import join_units
from ingest.video.frames import Codec
from ingest.video.rtsp.failures import unsupported

_CODECS: dict[str, Codec] = {"H264": "h264", "H265": "hevc"}
_SETS_OF = {"h264": ("sprop-parameter-sets",), "hevc": ("sprop-vps", "sprop-sps", "sprop-pps")}
_RTPMAP = re.compile(r"(\d+)\s+([\w.-]+)/(\d+)")
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
class _Media:
    kind: str
    payload_types: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.attributes if known == name]


def video_track(description: str) -> VideoTrack:
    """The first video that can be recorded. Raises SourceFailure."""
    videos = [media for media in _media(description) if media.kind == "video"]
    if not videos:
        raise unsupported("the stream has no video")
    for media in videos:
        if track := _track(media):
            return track
    raise unsupported(f"{_name_of(videos[0])} video; set the camera to H.264 or H.265")


def session_control(description: str) -> str:
    """Address that the description gives the whole stream; empty or * when it gives none of its own."""
    head = description.partition("\nm=")[0]
    return next((line[10:].strip() for line in head.splitlines() if line.startswith("a=control:")), "")


def resolved(base: str, control: str) -> str:
    """Address of a track or stream: cameras append it to the base, whether or not that ends with a slash."""
    if control in ("", "*"):
        return base
    if "://" in control:
        return control
    if control.startswith("/"):
        return urljoin(base, control)
    return base.rstrip("/") + "/" + control


def _media(description: str) -> list[_Media]:
    found: list[_Media] = []
    for part in re.split(r"^m=", description, flags=re.MULTILINE)[1:]:
        first, _, rest = part.partition("\n")
        words = first.split()
        pairs = (line[2:].partition(":") for line in rest.splitlines() if line.startswith("a="))
        attributes = tuple((name.strip(), value.strip()) for name, _, value in pairs)
        found.append(_Media(words[0] if words else "", tuple(words[3:]), attributes))
    return found


def _track(media: _Media) -> VideoTrack | None:
    for mapped in media.all("rtpmap"):
        known = _RTPMAP.match(mapped)
        codec = _CODECS.get(known[2].upper()) if known else None
        if known is None or codec is None or known[1] not in media.payload_types:
            continue
        parameters = _parameters(media, known[1])
        _refuse_interleaved(codec, parameters)
        control = next(iter(media.all("control")), "")
        sets = _parameter_sets(codec, parameters)
        return VideoTrack(codec, int(known[1]), int(known[3]) or _USUAL_HZ, control, sets)
    return None


def _parameters(media: _Media, payload_type: str) -> dict[str, str]:
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
    except binascii.Error:
        return b""  # they come in the stream as well


def _name_of(media: _Media) -> str:
    known = next((found for found in map(_RTPMAP.match, media.all("rtpmap")) if found), None)
    return known[2] if known else "unknown"
