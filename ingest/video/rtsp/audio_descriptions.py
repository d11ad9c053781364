"""The sound in the description of a stream: what of it can be recorded, or why not."""

import re
from dataclasses import dataclass

from ingest.video.audio import AudioCodec, AudioFormat
from ingest.video.rtsp.audio_config import read_audio_config
from ingest.video.rtsp.descriptions import RTPMAP, Media, media_of, name_of, parameters_of

_G711: dict[str, AudioCodec] = {"PCMU": "pcmu", "PCMA": "pcma"}
_STATIC: dict[str, AudioCodec] = {"0": "pcmu", "8": "pcma"}
"""Payload types that need no map (RFC 3551 6)."""
_G711_HZ = 8_000
_AAC = "MPEG4-GENERIC"
_HEADERS = {"aac-hbr": (13, 3, 3), "aac-lbr": (6, 2, 2)}
"""RFC 3640 3.3.5 and 3.3.6: bits of a unit's size, its index, and the next one's index."""
_ELSE = ("ctsdeltalength", "dtsdeltalength", "randomaccessindication", "streamstateindication")
"""Further fields of a unit's header, which no mode of AAC has."""
_MAX_CHANNELS = 8
_LARGEST_SIZE_BITS = 16
_OUTCOME = "is not recorded; set the camera's audio to AAC or G.711"


class NoAudio(Exception):
    """The camera's sound cannot be recorded; says why."""


@dataclass(frozen=True, slots=True)
class UnitHeader:
    """Bits of the fields before each access unit of AAC (RFC 3640 3.2.1)."""

    size: int
    index: int
    index_delta: int
    auxiliary: int = 0
    """Bits of the size of the auxiliary section, which is passed over."""


@dataclass(frozen=True, slots=True)
class AudioTrack:
    format: AudioFormat
    payload_type: int
    control: str
    """Address of the track, absolute or relative."""
    unit_header: UnitHeader | None = None
    """Of AAC."""


def audio_track(description: str) -> AudioTrack:
    """The first sound that can be recorded. Raises NoAudio."""
    sounds = [media for media in media_of(description) if media.kind == "audio"]
    if not sounds:
        raise NoAudio("the camera sends no audio; switch it on in the camera, or off here")
    refusals: list[str] = []
    for media in sounds:
        for payload_type in media.payload_types:
            try:
                return _track(media, payload_type)
            except ValueError as error:
                refusals.append(str(error))
    raise NoAudio(f"{refusals[0] if refusals else name_of(sounds[0])} {_OUTCOME}")


def _track(media: Media, payload_type: str) -> AudioTrack:
    """Raises ValueError, in words."""
    control = next(iter(media.all("control")), "")
    maps = (found for found in map(RTPMAP.match, media.all("rtpmap")) if found and found[1] == payload_type)
    known = next(maps, None)
    name = known[2].upper() if known else ""
    codec = _G711.get(name) if known else _STATIC.get(payload_type)
    hz, channels = (int(known[3] or 0), int(known[4] or 1)) if known else (0, 1)
    if codec:
        return AudioTrack(AudioFormat(codec, hz or _G711_HZ, _checked(channels), 0), int(payload_type), control)
    if name != _AAC:
        raise ValueError(f"{known[2] if known else 'unknown'} audio")
    parameters = parameters_of(media, payload_type)
    return AudioTrack(_aac(parameters, hz, channels), int(payload_type), control, _unit_header(parameters))


def _aac(parameters: dict[str, str], hz: int, channels: int) -> AudioFormat:
    try:
        config = bytes.fromhex(parameters.get("config", ""))
    except ValueError:
        config = b""
    if not config:
        raise ValueError("AAC audio without its configuration")
    try:
        found = read_audio_config(config)
    except ValueError as error:
        raise ValueError(f"AAC audio of another kind ({error})") from error
    ticks = found.frame_samples * (hz or found.hz) // found.hz
    if not 0 < ticks < 1 << 16:
        raise ValueError("AAC with a clock that does not fit its sampling rate")
    return AudioFormat("aac", hz or found.hz, _checked(found.channels or channels), ticks, config)


def _unit_header(parameters: dict[str, str]) -> UnitHeader:
    sizes = _HEADERS.get(parameters.get("mode", "").lower(), (0, 0, 0))
    names = ("sizelength", "indexlength", "indexdeltalength")
    size, index, delta = (_bits(parameters, name, usual) for name, usual in zip(names, sizes, strict=True))
    if not 0 < size <= _LARGEST_SIZE_BITS or any(_bits(parameters, name, 0) for name in _ELSE):
        raise ValueError("AAC audio in an unusual packetization")
    return UnitHeader(size, index, delta, _bits(parameters, "auxiliarydatasizelength", 0))


def _bits(parameters: dict[str, str], name: str, usual: int) -> int:
    text = parameters.get(name, "")
    return min(int(text), 32) if re.fullmatch(r"[0-9]{1,3}", text) else usual


def _checked(channels: int) -> int:
    if not 0 < channels <= _MAX_CHANNELS:
        raise ValueError(f"audio of {channels} channels")
    return channels
