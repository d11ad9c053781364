"""Labelled clips: who truly was in which zone when, as it stands in files (schema presence-labels/1)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av

from analytics.against_labels import Spell
from storage.inside import BUILT_IN, Inside, read_inside
from storage.models.columns import JsonObject

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


def load_clips(folder: Path, labels: Sequence[LabelledClip] | None = None) -> list[LabelledClip]:
    """Those of the labels of the folder whose video is there. Raises ValueError."""
    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such folder")
    found = read_labels(folder) if labels is None else labels
    clips = [clip for clip in found if clip.video.is_file()]
    if not clips:
        why = "; ".join(without_video(found)) or f"there is no labels/*.json (schema {_SCHEMA})"
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


def read_labels(folder: Path) -> list[LabelledClip]:
    """Of `folder/labels`, whether their videos are there or not. Raises ValueError for one that is broken."""
    return [_load(path, folder) for path in sorted((folder / "labels").glob("*.json"))]


def without_video(labels: Sequence[LabelledClip]) -> Iterator[str]:
    """Which label names which video that is not there."""
    for clip in labels:
        if not clip.video.is_file():
            yield f"the video of labels/{clip.name}.json is not there: {clip.video}"


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
