"""The sound of a simulated camera: what it is, in a description and in RTP."""

import struct
from dataclasses import dataclass
from datetime import datetime

SOUND_TRACK = "track1"


@dataclass(frozen=True, slots=True)
class SoundStream:
    payload_type: int
    name: str
    """As in a description, e.g. PCMA."""
    hz: int
    channels: int = 1
    parameters: str = ""
    """Of the line `fmtp`."""

    def lines(self) -> list[str]:
        """Of the description (RFC 8866)."""
        number = self.payload_type
        channels = f"/{self.channels}" if self.channels > 1 else ""
        lines = [f"m=audio 0 RTP/AVP {number}", f"a=rtpmap:{number} {self.name}/{self.hz}{channels}"]
        if self.parameters:
            lines.append(f"a=fmtp:{number} {self.parameters}")
        return [*lines, f"a=control:{SOUND_TRACK}"]


@dataclass(frozen=True, slots=True)
class SoundUnit:
    """One frame of sound, as RTP carries it."""

    payload: bytes
    wall: datetime
    """When it began, by a true clock."""


def aac_stream(hz: int, channels: int, config: bytes) -> SoundStream:
    """`config`: AudioSpecificConfig."""
    sizes = "sizelength=13;indexlength=3;indexdeltalength=3"
    parameters = f"streamtype=5;profile-level-id=1;mode=AAC-hbr;{sizes};config={config.hex()}"
    return SoundStream(97, "mpeg4-generic", hz, channels, parameters)


def aac_payload(frame: bytes) -> bytes:
    """One access unit after its header (RFC 3640 3.3.6)."""
    return struct.pack(">HH", 16, len(frame) << 3) + frame


PCMU, PCMA = SoundStream(0, "PCMU", 8_000), SoundStream(8, "PCMA", 8_000)
