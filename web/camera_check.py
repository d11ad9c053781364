"""Opens a camera once and says what it sends, or why not."""

import time
from dataclasses import dataclass
from typing import Literal, cast

from ingest.video.parameter_sets import BadParameterSets, ParameterSets
from ingest.video.source import RtspSource, SourceFailure, open_source

WITHIN_S = 10.0


@dataclass(frozen=True)
class CameraCheck:
    ok: bool
    codec: str = ""
    width: int = 0
    """Pixels."""
    height: int = 0
    """Pixels."""
    seconds: float = 0.0
    """Until the first keyframe."""
    error: str = ""
    """In plain words and without credentials."""


def check_camera(url: str, transport: str = "tcp") -> CameraCheck:
    """Opens the stream, waits for a keyframe and closes it again; never raises for what the camera does."""
    started = time.monotonic()
    try:
        with open_source(url, cast(Literal["tcp", "udp"], transport)) as source:
            sets = _first_parameter_sets(source, started + WITHIN_S)
            picture = sets.picture()
    except (SourceFailure, BadParameterSets) as failure:
        return CameraCheck(ok=False, error=str(failure), seconds=round(time.monotonic() - started, 2))
    return CameraCheck(
        ok=True,
        codec=source.codec,
        width=picture.width,
        height=picture.height,
        seconds=round(time.monotonic() - started, 2),
    )


def _first_parameter_sets(source: RtspSource, until: float) -> ParameterSets:
    """Of the first keyframe. Raises BadParameterSets when none comes in time, and SourceFailure."""
    for packet in source.packets():
        if packet is not None and packet.keyframe:
            found = ParameterSets.find(source.codec, packet.data) or ParameterSets.find(source.codec, source.extradata)
            if found:
                return found
        if time.monotonic() > until:
            break
    raise BadParameterSets(f"no decodable keyframe within {WITHIN_S:.0f} s; shorten the camera's keyframe interval")
