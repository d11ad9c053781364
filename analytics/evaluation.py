"""How well labelled clips are seen, through the very pipeline that watches live cameras."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import process_time
from zoneinfo import ZoneInfo

import av

from analytics.absence import find_absences
from analytics.against_labels import (
    SAMPLE_S,
    AbsencesFound,
    EdgesFound,
    Spell,
    absences_found,
    edges_found,
    empty_spells,
    told_edges,
)
from analytics.clip_moments import ClipMoments
from analytics.decoding import image_of
from analytics.looker import Looker
from analytics.looking import SEEN_SCORE, WatchedView
from analytics.onlookers import Shows
from analytics.people import Image, PersonDetector
from analytics.pictures import Picture
from analytics.plan import CameraPlan, CounterPlan, WatchPlan
from analytics.presence import Transition
from analytics.rule import Rule
from analytics.runs import PresenceSpan
from analytics.watch import Watch
from analytics.zones import zone_of
from storage.hours import HallHours
from storage.inside import BUILT_IN, Inside, read_inside
from storage.intervals import Span
from storage.models import StaffState
from storage.models.columns import JsonObject

Progress = Callable[[int, int], None]
"""Called with clips done and clips in all."""

ABSENCE_S = 5.0
"""Labelled clips are short: from so many seconds on an empty zone counts as an absence."""

_START = datetime(2026, 1, 5, tzinfo=UTC)
_SCHEMA = "presence-labels/1"


@dataclass(frozen=True, slots=True)
class LabelledZone:
    """One zone of a clip and when somebody is in it, seconds of the clip."""

    id: str
    role: str
    polygon: tuple[tuple[float, float], ...]
    present: tuple[tuple[float, float], ...]
    tolerance_s: float
    inside: Inside = BUILT_IN
    """By which rule the label says that somebody is in the zone, and the detector is judged by the same."""


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """One clip with its truth."""

    name: str
    video: Path
    duration_s: float
    zones: tuple[LabelledZone, ...]
    blind: tuple[tuple[float, float], ...]
    """Labelled picture faults: black, frozen, dark and the like."""
    group: str = ""
    """Reported by itself beside all, as `own` for what was learned from wrong alerts."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one clip cost a detector."""

    looking_s: float = 0.0
    """Seconds of CPU; so is the next."""
    decoding_s: float = 0.0
    clip_s: float = 0.0
    looks: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.looking_s + other.looking_s,
            self.decoding_s + other.decoding_s,
            self.clip_s + other.clip_s,
            self.looks + other.looks,
        )

    @property
    def ms_per_look(self) -> float:
        return 1000 * self.looking_s / max(self.looks, 1)

    @property
    def s_per_minute(self) -> float:
        """Of CPU, of video."""
        return 60 * (self.looking_s + self.decoding_s) / self.clip_s if self.clip_s else 0.0


@dataclass(frozen=True, slots=True)
class WrongSecond:
    """A moment at which the state was known, and wrong."""

    moment: float
    present: bool
    """The truth."""


@dataclass(frozen=True, slots=True)
class ZoneScore:
    """What a detector made of one zone; all but the cost are seconds of the clip, edges within tolerance left out."""

    clip: str
    zone: str
    role: str
    detector: str
    correct: int
    unknown: int = 0
    unknown_in_faults: int = 0
    """Of `unknown`: while the labels name a picture fault."""
    wrong: tuple[WrongSecond, ...] = ()
    absences: AbsencesFound = field(default_factory=AbsencesFound)
    edges: EdgesFound = field(default_factory=EdgesFound)
    cost: Cost = field(default_factory=Cost)
    """Of the whole clip."""
    group: str = ""
    """Of its clip."""
    in_faults: int = 0
    """Judged seconds in which the labels name a picture fault, whatever was said of them."""

    @property
    def missed(self) -> int:
        return sum(second.present for second in self.wrong)

    @property
    def false(self) -> int:
        return len(self.wrong) - self.missed


@dataclass(frozen=True, slots=True)
class Report:
    """All scores, clip by clip."""

    scores: tuple[ZoneScore, ...]
    left_out: tuple[str, ...] = ()
    """Which label names which video that is not there."""
    sample_s: float = SAMPLE_S
    """How far apart the samples were."""


def evaluate(
    folder: Path,
    detectors: Sequence[PersonDetector],
    progress: Progress | None = None,
    threshold: float = SEEN_SCORE,
    absence_s: float = ABSENCE_S,
    sample_s: float = SAMPLE_S,
) -> Report:
    """Every clip of `folder/labels` with every detector. Raises ValueError when there is none or a label is broken.

    `sample_s`: so far apart the samples are at least; keyframes, where they are close enough.
    """
    found = _labels(folder)
    clips, left_out = load_clips(folder, found), tuple(_without_video(found))
    scores: list[ZoneScore] = []
    work = [(clip, detector) for clip in clips for detector in detectors]
    for done, (clip, detector) in enumerate(work):
        if progress:
            progress(done, len(work))
        scores += score_clip(clip, detector, threshold, absence_s, sample_s)
    if progress:
        progress(len(work), len(work))
    return Report(tuple(scores), left_out, sample_s)


def load_clips(folder: Path, labels: Sequence[LabelledClip] | None = None) -> list[LabelledClip]:
    """Those of the labels of the folder whose video is there. Raises ValueError."""
    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such folder")
    found = _labels(folder) if labels is None else labels
    clips = [clip for clip in found if clip.video.is_file()]
    if not clips:
        why = "; ".join(_without_video(found)) or f"there is no labels/*.json (schema {_SCHEMA})"
        raise ValueError(f"{folder}: {why}")
    for clip in clips:
        _check_pictures(clip)
    return clips


def _check_pictures(clip: LabelledClip) -> None:
    """Before anything is measured: a clip without pictures would end the run after hours."""
    try:
        with av.open(str(clip.video), "r") as container:
            has_pictures = bool(container.streams.video)
    except (av.FFmpegError, OSError) as error:
        raise ValueError(f"{clip.video}: it cannot be read as a video ({error}); put the recording there") from error
    if not has_pictures:
        raise ValueError(f"{clip.video}: it has sound or data alone, no pictures; put the recording there")


def _labels(folder: Path) -> list[LabelledClip]:
    return [_load(path, folder) for path in sorted((folder / "labels").glob("*.json"))]


def _without_video(labels: Sequence[LabelledClip]) -> Iterator[str]:
    for clip in labels:
        if not clip.video.is_file():
            yield f"the video of labels/{clip.name}.json is not there: {clip.video}"


def score_clip(
    clip: LabelledClip,
    detector: PersonDetector,
    threshold: float = SEEN_SCORE,
    absence_s: float = ABSENCE_S,
    sample_s: float = SAMPLE_S,
) -> list[ZoneScore]:
    """The scores of each zone of one clip."""
    looker = Looker(detector, threshold)
    watch = Watch(looker, moments=ClipMoments(clip.video, _START))
    watch.follow(_plan(clip), _START)
    looking, began = 0.0, process_time()
    for picture in clip_pictures(clip.video, clip.name, sample_s):
        looked = process_time()
        watch.take_recorded([picture], timedelta(seconds=sample_s))
        looking += process_time() - looked
    cost = Cost(looking, process_time() - began - looking, clip.duration_s, looker.looks)
    changes = watch.changes.transitions
    return [
        _score(clip, zone, detector.name, [c for c in changes if c.counter_id == zone.id], absence_s, cost, sample_s)
        for zone in clip.zones
    ]


def clip_pictures(video: Path, camera_id: str, sample_seconds: float = 1.0) -> Iterator[Picture]:
    """About one picture for each sample: keyframes where they are close enough, else from all frames."""
    spacing = sample_seconds * 0.9
    last = -spacing
    for time, image in _frames(video, keyframes=_keyframes_suffice(video, 2 * sample_seconds), spacing=spacing):
        if time - last >= spacing:
            last = time
            yield Picture(camera_id, _START + timedelta(seconds=time), image)


def _frames(video: Path, keyframes: bool, spacing: float) -> Iterator[tuple[float, Image]]:
    last = -spacing
    with av.open(str(video), "r") as container:
        stream = container.streams.video[0]
        if keyframes:
            stream.codec_context.skip_frame = "NONKEY"
        # A recording that was cut out of a longer one may go on counting; labels count from its beginning.
        begins = float((stream.start_time or 0) * (stream.time_base or 0))
        for frame in container.decode(stream):
            if frame.time is not None and (time := frame.time - begins) - last >= spacing:
                last = time
                yield time, image_of(frame)


def _keyframes_suffice(video: Path, furthest: float) -> bool:
    with av.open(str(video), "r") as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
    times = [
        float(packet.pts * packet.time_base) for packet in packets if packet.pts is not None and packet.is_keyframe
    ]
    end = max((float(packet.pts * packet.time_base) for packet in packets if packet.pts is not None), default=0.0)
    return all(after - before <= furthest for before, after in pairwise([*times, end]))


def _plan(clip: LabelledClip) -> WatchPlan:
    views = tuple(
        WatchedView(clip.name, zone.id, zone_of(zone.polygon), staff_inside=zone.inside) for zone in clip.zones
    )
    counters = {
        zone.id: CounterPlan(zone.id, clip.name, {clip.name: Shows.WHOLE}, Rule(), HallHours(ZoneInfo("UTC")))
        for zone in clip.zones
    }
    return WatchPlan({clip.name: CameraPlan(clip.name, clip.name, views)}, counters)


def _score(
    clip: LabelledClip,
    zone: LabelledZone,
    detector: str,
    changes: Sequence[Transition],
    absence_s: float,
    cost: Cost,
    sample_s: float,
) -> ZoneScore:
    """`changes` are those of the zone."""
    counts, wrong = {"correct": 0, "unknown": 0, "unknown_in_faults": 0, "in_faults": 0}, []
    for moment in _judged(clip, zone):
        truth, in_fault = _within(moment, zone.present), _within(moment, clip.blind)
        counts["in_faults"] += in_fault
        state = _state_at(changes, moment)
        if state is StaffState.UNKNOWN:
            counts["unknown"] += 1
            counts["unknown_in_faults"] += in_fault
        elif (state is StaffState.STAFFED) == truth:
            counts["correct"] += 1
        else:
            wrong.append(WrongSecond(moment, truth))
    return ZoneScore(
        clip.name,
        zone.id,
        zone.role,
        detector,
        **counts,
        wrong=tuple(wrong),
        absences=_absences(clip, zone, changes, absence_s, sample_s),
        edges=_edges(clip, zone, changes, sample_s),
        cost=cost,
        group=clip.group,
    )


def _judged(clip: LabelledClip, zone: LabelledZone) -> Iterator[float]:
    """The middle of every second that is further than the tolerance from where somebody came or went."""
    for second in range(round(clip.duration_s)):
        moment = second + 0.5
        if not any(abs(moment - edge) <= zone.tolerance_s for span in zone.present for edge in span):
            yield moment


def _absences(
    clip: LabelledClip, zone: LabelledZone, changes: Sequence[Transition], absence_s: float, sample_s: float
) -> AbsencesFound:
    """Found by the rule that holds for counters, with a threshold that suits short clips."""
    end = _START + timedelta(seconds=clip.duration_s)
    least = timedelta(seconds=absence_s)
    rule = Rule(least, least)
    # What lasts at the end of the clip has lasted up to there.
    found = find_absences(_spans(changes), [Span(_START, end + timedelta(days=1))], rule, end)
    said = [(clip_seconds(one.start), clip_seconds(one.end or end)) for one in found]
    empty = empty_spells(zone.present, clip.duration_s, sample_s)
    return absences_found(empty, clip.blind, said, absence_s, zone.tolerance_s + sample_s)


def _spans(changes: Sequence[Transition]) -> list[PresenceSpan]:
    ends: list[datetime | None] = [*(change.at for change in changes[1:]), None]
    return [
        PresenceSpan(change.at, end, change.staff, change.customer) for change, end in zip(changes, ends, strict=False)
    ]


def _edges(clip: LabelledClip, zone: LabelledZone, changes: Sequence[Transition], sample_s: float) -> EdgesFound:
    came, gone = told_edges(zone.present, clip.duration_s, sample_s)
    turned = [
        (before.staff, after)
        for before, after in pairwise(changes)
        if StaffState.UNKNOWN not in (before.staff, after.staff) and before.staff is not after.staff
    ]
    said = {
        state: [clip_seconds(after.at) for _, after in turned if after.staff is state]
        for state in (StaffState.STAFFED, StaffState.UNSTAFFED)
    }
    return edges_found(came, said[StaffState.STAFFED], clip.blind, sample_s=sample_s) + edges_found(
        gone, said[StaffState.UNSTAFFED], clip.blind, sample_s=sample_s
    )


def clip_seconds(at: datetime) -> float:
    """Of the clip."""
    return (at - _START).total_seconds()


def _state_at(changes: Sequence[Transition], moment: float) -> StaffState:
    before = [change for change in changes if clip_seconds(change.at) <= moment]
    return before[-1].staff if before else StaffState.UNKNOWN


def _within(moment: float, spans: Sequence[Spell]) -> bool:
    return any(start <= moment < end for start, end in spans)


def _load(path: Path, folder: Path) -> LabelledClip:
    try:
        label = json.loads(path.read_text(encoding="utf-8"))
        if label["schema"] != _SCHEMA:
            raise ValueError(f"schema {label['schema']}, not {_SCHEMA}")
        names = list(_names(label["zones"]))
        zones = tuple(
            LabelledZone(
                name,
                zone["role"],
                tuple((float(x), float(y)) for x, y in zone["polygon"]),
                tuple(_spell(start, end) for start, end in zone["present"]),
                float(zone["tolerance_s"]),
                read_inside(zone.get("inside", str(BUILT_IN))),
            )
            for name, zone in zip(names, label["zones"], strict=True)
        )
        blind = tuple(_spell(s["start_s"], s["end_s"]) for s in label.get("video_state", ()))
        length, group = float(label["duration_s"]), str(label.get("group", ""))
        return LabelledClip(path.stem, folder / label["video"], length, zones, blind, group)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a label file: {error}") from error


def _names(zones: Sequence[JsonObject]) -> Iterator[str]:
    """Their ids, with the role where staff and customers of one counter have the same. Raises ValueError."""
    ids = [zone["id"] for zone in zones]
    names = [f"{zone['id']} ({zone['role']})" if ids.count(zone["id"]) > 1 else zone["id"] for zone in zones]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two zones are called {twice}")
    yield from names


def _spell(start: float, end: float) -> Spell:
    if float(end) < float(start):
        raise ValueError(f"{start} to {end}: a time must not end before it begins")
    return float(start), float(end)
