"""How well labelled clips are seen, through the very pipeline that watches live cameras."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import process_time
from zoneinfo import ZoneInfo

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
from analytics.clip_samples import START, clip_pictures, clip_seconds
from analytics.labels import LabelledClip, LabelledZone, load_clips, read_labels, without_video
from analytics.looker import Looker
from analytics.looking import WatchedView
from analytics.onlookers import Shows
from analytics.people import PersonDetector
from analytics.plan import CameraPlan, CounterPlan, WatchPlan
from analytics.presence import Transition
from analytics.rule import Rule
from analytics.runs import PresenceSpan
from analytics.seen_score import SEEN_SCORE
from analytics.watch import Watch
from analytics.zones import zone_of
from storage.hours import HallHours
from storage.intervals import Span
from storage.models import StaffState

Progress = Callable[[int, int], None]
"""Called with clips done and clips in all."""

ABSENCE_S = 5.0
"""Labelled clips are short: from so many seconds on an empty zone counts as an absence."""


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
    found = read_labels(folder)
    clips, left_out = load_clips(folder, found), tuple(without_video(found))
    scores: list[ZoneScore] = []
    work = [(clip, detector) for clip in clips for detector in detectors]
    for done, (clip, detector) in enumerate(work):
        if progress:
            progress(done, len(work))
        scores += score_clip(clip, detector, threshold, absence_s, sample_s)
    if progress:
        progress(len(work), len(work))
    return Report(tuple(scores), left_out, sample_s)


def score_clip(
    clip: LabelledClip,
    detector: PersonDetector,
    threshold: float = SEEN_SCORE,
    absence_s: float = ABSENCE_S,
    sample_s: float = SAMPLE_S,
) -> list[ZoneScore]:
    """The scores of each zone of one clip."""
    looker = Looker(detector, threshold)
    watch = Watch(looker, moments=ClipMoments(clip.video, START))
    watch.follow(_plan(clip), START)
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
    end = START + timedelta(seconds=clip.duration_s)
    least = timedelta(seconds=absence_s)
    rule = Rule(least, least)
    # What lasts at the end of the clip has lasted up to there.
    found = find_absences(_spans(changes), [Span(START, end + timedelta(days=1))], rule, end)
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


def _state_at(changes: Sequence[Transition], moment: float) -> StaffState:
    before = [change for change in changes if clip_seconds(change.at) <= moment]
    return before[-1].staff if before else StaffState.UNKNOWN


def _within(moment: float, spans: Sequence[Spell]) -> bool:
    return any(start <= moment < end for start, end in spans)
