"""CPU of watching a camera by its keyframes, against decoding every frame and asking the same detector.

    python -m bench.watching [CLIP] [--seconds 60] [--detector ssd]

Both watch the same clip, with one zone over its middle and the same number of samples a second; CPU is what the process
used, wall time is not limited to real time. With the detector yolo, Ultralytics' own `predict(stream=True)` on every
frame is the peer; and with any, it is told what a look costs by how many are looked at together.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

import av
import numpy as np
from rich.console import Console
from rich.table import Table

from analytics.detectors.choose import choose_detector
from analytics.detectors.yolo import DEFAULT_WEIGHTS
from analytics.looker import Looker
from analytics.looking import WatchedView, crops_of
from analytics.people import PersonDetector
from analytics.pictures import Picture
from analytics.zones import cut

DEFAULT_CLIP = Path(__file__).parents[2] / "shared" / "data" / "videos" / "hall_4counters_2x2.mp4"
VIEWS = [WatchedView("cam", "c-1", ((0.2, 0.02), (0.37, 0.02), (0.37, 0.48), (0.2, 0.48)))]
START = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Result:
    """What one way of watching cost."""

    way: str
    seconds: float
    cpu: float
    wall: float
    decoded: int
    looks: int

    @property
    def share(self) -> float:
        """Of one core, at real time."""
        return self.cpu / self.seconds


@dataclass
class Clip:
    """Pictures of a clip, by keyframes or from all frames; a picture is made of those `spacing` seconds apart."""

    path: Path
    seconds: float
    keyframes: bool
    spacing: float = 1.0
    decoded: int = 0

    def pictures(self) -> Iterator[Picture]:
        last = -self.spacing
        with av.open(str(self.path), "r") as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            if self.keyframes:
                stream.codec_context.skip_frame = "NONKEY"
            for frame in container.decode(stream):
                if frame.time is None or frame.time > self.seconds:
                    break
                self.decoded += 1
                if frame.time - last >= self.spacing * 0.9:
                    last = frame.time
                    image = np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8)
                    yield Picture("cam", START + timedelta(seconds=frame.time), image)


def measure(way: str, clip: Clip, looker: Looker | None) -> Result:
    """Without a looker the pictures are only decoded."""
    began, cpu_began = perf_counter(), process_time()
    for picture in clip.pictures():
        if looker:
            looker.look([(picture, VIEWS)])
    cpu, wall = process_time() - cpu_began, perf_counter() - began
    return Result(way, clip.seconds, cpu, wall, clip.decoded, looker.looks if looker else 0)


def measure_ultralytics(path: Path, seconds: float, weights: str) -> Result:
    """The peer: what its documentation shows for a stream."""
    from ultralytics import YOLO

    model = YOLO(weights, task="detect")
    began, cpu_began, frames = perf_counter(), process_time(), 0
    with av.open(str(path), "r") as container:
        limit = seconds * float(container.streams.video[0].average_rate or 25)
    for _ in model.predict(str(path), stream=True, classes=[0], verbose=False):
        frames += 1
        if frames >= limit:
            break
    cpu, wall = process_time() - cpu_began, perf_counter() - began
    return Result("YOLO.predict(stream=True), every frame", seconds, cpu, wall, frames, frames)


def batches(path: Path, detector: PersonDetector) -> list[tuple[int, float, float]]:
    """By how many crops are looked at together: milliseconds of CPU and of wall time for one."""
    pictures = list(Clip(path, 60.0, keyframes=False).pictures())
    crops = [cut(picture.image, crops_of(VIEWS[0])[0]) for picture in pictures]
    found = []
    for size in (1, 4, 16, 64):
        batch = [crops[number % len(crops)] for number in range(size)]
        detector.detect(batch)  # the first of a size may be slower
        rounds = max(1, 64 // size)
        began, cpu_began = perf_counter(), process_time()
        for _ in range(rounds):
            detector.detect(batch)
        per_crop = 1000 / (rounds * size)
        found.append((size, (process_time() - cpu_began) * per_crop, (perf_counter() - began) * per_crop))
    return found


def compare(path: Path, seconds: float, detector: PersonDetector) -> list[Result]:
    """The third is ours; the last detects in every frame, as a plain script does."""

    def by_keyframe() -> Clip:
        return Clip(path, seconds, keyframes=True)

    def all_frames() -> Clip:
        return Clip(path, seconds, keyframes=False)

    def every_sample() -> Looker:
        return Looker(detector, recheck=timedelta(0))

    few = Clip(path, min(seconds, 6.0), keyframes=False, spacing=0.0)  # detecting every frame takes long
    return [
        measure("decoding keyframes, no detector", by_keyframe(), None),
        measure("decoding all frames, no detector", all_frames(), None),
        measure("keyframes, still crops remembered (as the watcher does)", by_keyframe(), Looker(detector)),
        measure("keyframes, every sample detected", by_keyframe(), every_sample()),
        measure("all frames decoded, one sample a second detected", all_frames(), every_sample()),
        measure("all frames decoded and detected", few, every_sample()),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path, nargs="?", default=DEFAULT_CLIP)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--detector", choices=["auto", "ssd", "onnx", "yolo"], default="auto")
    parser.add_argument("--weights", default="")
    chosen = parser.parse_args()
    if not chosen.clip.is_file():
        parser.error(f"there is no clip {chosen.clip}; name a video file that is there")
    detector = choose_detector(chosen.detector, chosen.weights)
    measure("warming up", Clip(chosen.clip, 3.0, keyframes=False), Looker(detector))
    results = compare(chosen.clip, chosen.seconds, detector)
    if detector.name.startswith("yolo"):
        results.append(measure_ultralytics(chosen.clip, min(chosen.seconds, 20.0), chosen.weights or DEFAULT_WEIGHTS))
    ours = results[2].share
    table = Table(
        "way of watching",
        "% of a core",
        "wall",
        "frames decoded",
        "looks",
        "times ours",
        title=f"{chosen.clip.name}, {detector.name}",
    )
    for result in results:
        table.add_row(
            result.way,
            f"{result.share:.2%}",
            f"{result.wall / result.seconds:.2%}",
            str(result.decoded),
            str(result.looks),
            f"{result.share / ours:.2f}",
        )
    together = Table("looked at together", "CPU ms each", "wall ms each", title=f"a look with {detector.name}")
    for size, cpu_ms, wall_ms in batches(chosen.clip, detector):
        together.add_row(str(size), f"{cpu_ms:.1f}", f"{wall_ms:.1f}")
    console = Console(width=120)
    console.print(table)
    console.print(together)


if __name__ == "__main__":
    main()
