"""How well labelled clips are seen, through the very pipeline that watches live cameras."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import process_time
from zoneinfo import ZoneInfo

import av
import numpy as np

from analytics.looker import Looker
from analytics.looking import SEEN_SCORE, WatchedView
from analytics.onlookers import Shows
from analytics.people import Image, PersonDetector
from analytics.pictures import Picture
from analytics.plan import CameraPlan, CounterPlan, WatchPlan
from analytics.presence import Transition
from analytics.rule import Rule
from analytics.watch import Watch
from analytics.zones import zone_of
from storage.models import StaffState

Progress = Callable[[int, int], None]
"""Called with clips done and clips in all."""

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


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """One clip with its truth."""

    name: str
    video: Path
    duration_s: float
    zones: tuple[LabelledZone, ...]
    blind: tuple[tuple[float, float], ...]
    """Labelled picture faults: black, frozen, dark and the like."""


@dataclass(frozen=True, slots=True)
class ZoneScore:
    """What a detector made of one zone; all but the cost are seconds of the clip, edges within tolerance left out."""

    clip: str
    zone: str
    role: str
    detector: str
    correct: int
    missed: int
    false: int
    unknown: int
    unknown_in_faults: int
    """Of `unknown`: while the labels name a picture fault."""
    cpu_ms_per_look: float

    @property
    def seconds(self) -> int:
        return self.correct + self.missed + self.false + self.unknown

    @property
    def accuracy(self) -> float:
        """Of what was claimed to be known; 1.0 when nothing was."""
        known = self.seconds - self.unknown
        return self.correct / known if known else 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """All scores, clip by clip."""

    scores: tuple[ZoneScore, ...]
    left_out: tuple[str, ...] = ()
    """Which label names which video that is not there."""


def evaluate(
    folder: Path, detectors: Sequence[PersonDetector], progress: Progress | None = None, threshold: float = SEEN_SCORE
) -> Report:
    """Every clip of `folder/labels` with every detector. Raises ValueError when there is none or a label is broken."""
    found = _labels(folder)
    clips, left_out = load_clips(folder, found), tuple(_without_video(found))
    scores: list[ZoneScore] = []
    work = [(clip, detector) for clip in clips for detector in detectors]
    for done, (clip, detector) in enumerate(work):
        if progress:
            progress(done, len(work))
        scores += score_clip(clip, detector, threshold)
    if progress:
        progress(len(work), len(work))
    return Report(tuple(scores), left_out)


def load_clips(folder: Path, labels: Sequence[LabelledClip] | None = None) -> list[LabelledClip]:
    """Those of the labels of the folder whose video is there. Raises ValueError."""
    found = _labels(folder) if labels is None else labels
    clips = [clip for clip in found if clip.video.is_file()]
    if not clips:
        why = "; ".join(_without_video(found)) or f"there is no labels/*.json (schema {_SCHEMA})"
        raise ValueError(f"{folder}: {why}")
    return clips


def _labels(folder: Path) -> list[LabelledClip]:
    return [_load(path, folder) for path in sorted((folder / "labels").glob("*.json"))]


def _without_video(labels: Sequence[LabelledClip]) -> Iterator[str]:
    for clip in labels:
        if not clip.video.is_file():
            yield f"the video of labels/{clip.name}.json is not there: {clip.video}"


def score_clip(clip: LabelledClip, detector: PersonDetector, threshold: float = SEEN_SCORE) -> list[ZoneScore]:
    """The scores of each zone of one clip."""
    looker = Looker(detector, threshold)
    watch = Watch(looker)
    watch.follow(_plan(clip), _START)
    cpu = 0.0
    for picture in clip_pictures(clip.video, clip.name):
        began = process_time()
        watch.take_recorded([picture], timedelta(seconds=1))
        cpu += process_time() - began
    cost = 1000 * cpu / max(looker.looks, 1)
    return [_score(clip, zone, detector.name, watch.changes.transitions, cost) for zone in clip.zones]


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
        for frame in container.decode(stream):
            if frame.time is not None and frame.time - last >= spacing:
                last = frame.time
                yield frame.time, np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8)


def _keyframes_suffice(video: Path, furthest: float) -> bool:
    with av.open(str(video), "r") as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
    times = [
        float(packet.pts * packet.time_base) for packet in packets if packet.pts is not None and packet.is_keyframe
    ]
    end = max((float(packet.pts * packet.time_base) for packet in packets if packet.pts is not None), default=0.0)
    return all(after - before <= furthest for before, after in pairwise([*times, end]))


def _plan(clip: LabelledClip) -> WatchPlan:
    views = tuple(WatchedView(clip.name, zone.id, zone_of(zone.polygon)) for zone in clip.zones)
    counters = {
        zone.id: CounterPlan(zone.id, clip.name, {clip.name: Shows.WHOLE}, Rule(), ZoneInfo("UTC"))
        for zone in clip.zones
    }
    return WatchPlan({clip.name: CameraPlan(clip.name, clip.name, views)}, counters)


def _score(
    clip: LabelledClip, zone: LabelledZone, detector: str, changes: Sequence[Transition], cost: float
) -> ZoneScore:
    counts = dict.fromkeys(("correct", "missed", "false", "unknown", "unknown_in_faults"), 0)
    own = [change for change in changes if change.counter_id == zone.id]
    for second in range(round(clip.duration_s)):
        moment = second + 0.5
        if any(abs(moment - edge) <= zone.tolerance_s for span in zone.present for edge in span):
            continue
        truth = _within(moment, zone.present)
        for name in _verdict(_state_at(own, moment), truth, _within(moment, clip.blind)):
            counts[name] += 1
    return ZoneScore(clip.name, zone.id, zone.role, detector, **counts, cpu_ms_per_look=cost)


def _verdict(state: StaffState, truth: bool, blind: bool) -> tuple[str, ...]:
    if state is StaffState.UNKNOWN:
        return ("unknown", "unknown_in_faults") if blind else ("unknown",)
    if (state is StaffState.STAFFED) == truth:
        return ("correct",)
    return ("missed",) if truth else ("false",)


def _state_at(changes: Sequence[Transition], moment: float) -> StaffState:
    before = [change for change in changes if change.at <= _START + timedelta(seconds=moment)]
    return before[-1].staff if before else StaffState.UNKNOWN


def _within(moment: float, spans: Sequence[tuple[float, float]]) -> bool:
    return any(start <= moment < end for start, end in spans)


def _load(path: Path, folder: Path) -> LabelledClip:
    try:
        label = json.loads(path.read_text(encoding="utf-8"))
        if label["schema"] != _SCHEMA:
            raise ValueError(f"schema {label['schema']}, not {_SCHEMA}")
        zones = tuple(
            LabelledZone(
                zone["id"],
                zone["role"],
                tuple((float(x), float(y)) for x, y in zone["polygon"]),
                tuple((float(start), float(end)) for start, end in zone["present"]),
                float(zone["tolerance_s"]),
            )
            for zone in label["zones"]
        )
        blind = tuple((float(s["start_s"]), float(s["end_s"])) for s in label.get("video_state", ()))
        return LabelledClip(path.stem, folder / label["video"], float(label["duration_s"]), zones, blind)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a label file: {error}") from error
