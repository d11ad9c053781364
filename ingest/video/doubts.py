"""What a part of a long GOP knows worse than its segment says.

A segment says at its beginning how far its times may be off, and a new one begins where that ceases to hold; but only
at a keyframe. What is found out between two keyframes that are far apart stands with the part, so that neither the row
nor a row that is made again from the file says less.
"""

import struct
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING

from ingest.video.boxes import BadBox, extension, read_extension
from ingest.video.clock import with_stated_error
from storage.models import is_clock_trusted

if TYPE_CHECKING:
    from ingest.video.fragmented import Recording
    from ingest.video.segmenter import Gop

_ID = bytes.fromhex("6c1f0e5c0b5e4d0f9a5a7d1b3f8e2a44")
_BODY = struct.Struct(">qqq")
_MOST_US = 1 << 53
"""More than two centuries."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Microseconds, as in the evidence of a segment."""

    error_us: int
    offset_us: int
    server_step_us: int


def doubt_of(gop: "Gop", recording: "Recording") -> Doubt | None:
    """None where what the segment says holds for this part, too."""
    evidence, stated = gop.evidence, recording.evidence
    lost_trust = is_clock_trusted(recording.clock_offset_us, stated.error_us) and not is_clock_trusted(
        gop.offset_us, evidence.error_us
    )
    if evidence.error_us <= stated.error_us and evidence.server_step_us == stated.server_step_us and not lost_trust:
        return None
    return Doubt(with_stated_error(evidence).error_us, gop.offset_us, evidence.server_step_us)


def doubted(recording: "Recording", doubts: Iterable[Doubt]) -> "Recording":
    """What has to be said of the whole segment: the worst of each."""
    evidence, offset_us = recording.evidence, recording.clock_offset_us
    for doubt in doubts:
        error_us = max(evidence.error_us, doubt.error_us)
        step_us = max(evidence.server_step_us, doubt.server_step_us, key=abs)
        evidence = replace(evidence, error_us=error_us, server_step_us=step_us)
        offset_us = max(offset_us, doubt.offset_us, key=abs)
    return replace(recording, evidence=evidence, clock_offset_us=offset_us)


def written(doubt: Doubt | None) -> bytes:
    """A box that stands at the end of the part's `moof`; nothing without."""
    return b"" if doubt is None else extension(_ID, _BODY.pack(*astuple(doubt)))


def read(data: bytes) -> Doubt | None:
    """From a `moof`, its header included. Raises BadBox."""
    body = read_extension(data, _ID, _BODY.size)
    return None if body is None else _sensible(Doubt(*_BODY.unpack(body)))


def _sensible(doubt: Doubt) -> Doubt:
    if doubt.error_us < 0 or max(map(abs, astuple(doubt))) > _MOST_US:
        raise BadBox(f"no part is so doubtful: {doubt}")
    return doubt
