"""Opens both streams of a camera once and says what each sends, or why not."""

import time
from dataclasses import dataclass
from typing import Literal, cast

from ingest.video.parameter_sets import BadParameterSets, ParameterSets
from ingest.video.source import RtspSource, SourceFailure, open_source

WITHIN_S = 10.0


@dataclass(frozen=True)
class StreamCheck:
    ok: bool
    codec: str = ""
    width: int = 0
    """Pixels."""
    height: int = 0
    """Pixels."""
    audio: str = ""
    """What is recorded of its sound, if that is wanted."""
    audio_problem: str = ""
    """Why it is not though it is wanted; the pictures are recorded all the same."""
    seconds: float = 0.0
    """Until the first keyframe."""
    error: str = ""
    """In plain words and without credentials."""


@dataclass(frozen=True)
class CameraCheck:
    ok: bool
    """Every stream that the camera has."""
    main: StreamCheck
    """What is recorded."""
    sub: StreamCheck | None
    """What the wall of live pictures shows; None where the camera has none."""


def check_camera(url: str, sub_url: str = "", transport: str = "tcp", audio: bool = False) -> CameraCheck:
    """Opens each stream, waits for a keyframe and closes it again; never raises for what the camera does."""
    main = check_stream(url, transport, audio)
    sub = check_stream(sub_url, transport) if sub_url else None
    return CameraCheck(main.ok and (sub is None or sub.ok), main, sub)


def check_stream(url: str, transport: str = "tcp", audio: bool = False) -> StreamCheck:
    started = time.monotonic()
    try:
        with open_source(url, cast(Literal["tcp", "udp"], transport), audio=audio) as source:
            sets = _first_parameter_sets(source, started + WITHIN_S)
            picture = sets.picture()
    except (SourceFailure, BadParameterSets) as failure:
        return StreamCheck(ok=False, error=str(failure), seconds=round(time.monotonic() - started, 2))
    return StreamCheck(
        ok=True,
        codec=source.codec,
        width=picture.width,
        height=picture.height,
        audio=f"{source.audio.format.codec} {source.audio.format.hz} Hz" if source.audio else "",
        audio_problem=source.audio_problem,
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
