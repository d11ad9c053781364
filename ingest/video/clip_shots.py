"""Pictures of a clip on one time line, and which of them have to be in it: from heads of fragments alone."""

from dataclasses import dataclass, replace

from ingest.video.boxes import Sample
from ingest.video.clip_parts import Part, load_parts, load_piece, pictures_until_whole
from ingest.video.clip_plan import ClipPlan
from ingest.video.frames import to_us
from storage.footage import Footage

TIMESCALE = 90_000


@dataclass(frozen=True, slots=True)
class Shot:
    """A sample with its place in wall time, in media time (90 kHz, joined) and in its segment's bytes."""

    part: Part
    sample: Sample
    wall_us: int
    presented: int
    position: int


@dataclass(frozen=True, slots=True)
class Selected:
    shots: list[Shot]
    """In decoding order, from a keyframe on."""
    shown: list[Shot]
    """Those of them that are wanted and that a player can show."""
    is_whole: bool
    """All that are wanted can be shown."""


def shots_between(footage: Footage, plan: ClipPlan) -> tuple[list[Shot], Selected]:
    """All that the plan knows of, and what of it makes the clip. Raises StoreError, BadBox."""
    parts = load_parts(footage, plan)
    every = shots_of(parts)
    selected = select(footage, every, plan)
    if selected.is_whole or plan.before is None:
        return every, selected
    every = shots_of([*load_piece(footage, plan.before), *parts])
    return every, select(footage, every, plan)


def decoded(shot: Shot) -> int:
    return shot.presented - shot.sample.composition_offset


def shots_of(parts: list[Part]) -> list[Shot]:
    shots: list[Shot] = []
    decode = 0
    for part in parts:
        position = part.data_offset
        wall_us = to_us(part.segment.start) + part.fragment.offset_us
        samples = [_rescaled(sample, part.initial.timescale) for sample in part.moof.samples]
        first = decode + shown_after(part)
        for sample in samples:
            presented = decode + sample.composition_offset
            offset_us = (presented - first) * 1_000_000 // TIMESCALE
            shots.append(Shot(part, sample, wall_us + offset_us, presented, position))
            decode += sample.duration
            position += sample.size
    return shots


def _rescaled(sample: Sample, timescale: int) -> Sample:
    if timescale == TIMESCALE:
        return sample
    return replace(
        sample,
        duration=sample.duration * TIMESCALE // timescale,
        composition_offset=sample.composition_offset * TIMESCALE // timescale,
    )


def select(footage: Footage, shots: list[Shot], plan: ClipPlan) -> Selected:
    """From the keyframe that the first frame wanted needs, to the last frame wanted."""
    start_us, end_us = to_us(plan.start), to_us(plan.end)
    inside = [index for index, shot in enumerate(shots) if start_us <= shot.wall_us < end_us]
    keyframes = [index for index, shot in enumerate(shots[: inside[-1] + 1] if inside else ()) if shot.sample.keyframe]
    if not keyframes:
        return Selected([], [], is_whole=not inside)
    # Of footage that begins within a GOP, what comes before its first keyframe cannot be shown.
    before = [index for index in keyframes if index <= inside[0]] or keyframes[:1]
    for first in reversed(before):
        whole_from = first + pictures_until_whole(footage, shots[first].part)
        shown = [index for index in inside if index >= whole_from and shots[index].presented >= shots[first].presented]
        if shown == inside:
            break
    leading_up, rest = shots[first + 1 : inside[0] + 1], shots[max(first, inside[0]) + 1 : inside[-1] + 1]
    chosen = [shots[first], *map(_no_beginning, leading_up), *rest]
    return Selected(chosen, [shots[index] for index in shown], shown == inside)


def _no_beginning(shot: Shot) -> Shot:
    """Players begin with the last keyframe before what they show: not with one that is not enough."""
    return replace(shot, sample=replace(shot.sample, keyframe=False)) if shot.sample.keyframe else shot


def shown_after(part: Part) -> int:
    """Ticks of the clip from the decoding of the part's first sample to its moment."""
    return part.moof.shown_after * TIMESCALE // part.initial.timescale
