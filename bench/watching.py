"""CPU of watching a camera by its keyframes, against decoding every frame and asking the same detector.

    python -m bench.watching [CLIP] [--seconds 60] [--detector ssd] [--cameras 1 8 20] [--hd]
        [--peer PYTHON --peer-weights PT]

Both watch the same clip, with one zone over its middle and the same number of samples a second; CPU is what the process
used, wall time is not limited to real time. `--hd` makes 1280 × 720, 25 pictures and one keyframe a second of the clip
first. The peer is Ultralytics' own `predict(stream=True)` on every frame, in this Python with the detector yolo, else
in the one that `--peer` names. With any detector it is told what a look costs by how many are looked at together, and
what a camera costs by how many are watched, with all that the watcher does with pictures: decoding, health, where it
looks, people. What it judges and writes is not in it.
"""

import argparse
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from zoneinfo import ZoneInfo

import av
from rich.console import Console
from rich.table import Table

from analytics.decoding import image_of
from analytics.detectors.choose import choose_detector
from analytics.detectors.yolo import DEFAULT_WEIGHTS
from analytics.looker import Looker
from analytics.looking import WatchedView, crops_of
from analytics.onlookers import Shows
from analytics.people import PersonDetector
from analytics.pictures import Picture
from analytics.plan import CameraPlan, CounterPlan, WatchPlan
from analytics.rule import Rule
from analytics.watch import Watch
from analytics.zones import cut
from storage.hours import HallHours

DEFAULT_CLIP = Path(__file__).parents[2] / "shared" / "data" / "videos" / "hall_4counters_2x2.mp4"
VIEWS = [WatchedView("cam", "c-1", ((0.2, 0.02), (0.37, 0.02), (0.37, 0.48), (0.2, 0.48)))]
START = datetime(2026, 1, 5, tzinfo=UTC)
PEER_SECONDS = 8.0
PEER = """
import resource, sys
from ultralytics import YOLO
frames, limit, began = 0, int(sys.argv[3]), 0.0
model = YOLO(sys.argv[2], task="detect")
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
for _ in model.predict(sys.argv[1], stream=True, classes=[0], verbose=False):
    began = began or cpu()  # the first warms it up
    frames += 1
    if frames > limit:
        break
print("cpu", cpu() - began, frames - 1)
"""


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
                    yield Picture("cam", START + timedelta(seconds=frame.time), image_of(frame))


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


def measure_peer(python: str, path: Path, seconds: float, weights: str) -> Result:
    """The same in another Python."""
    with av.open(str(path), "r") as container:
        limit = round(seconds * float(container.streams.video[0].average_rate or 25))
    command = [python, "-c", PEER, str(path), weights, str(limit)]
    began = perf_counter()
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    _, cpu, frames = said.strip().splitlines()[-1].split()
    way = f"YOLO.predict(stream=True), every frame, {Path(weights).name}"
    return Result(way, seconds, float(cpu), perf_counter() - began, int(frames), int(frames))


@dataclass(frozen=True)
class Watched:
    """What some cameras cost together."""

    cameras: int
    seconds: float
    cpu: float
    looks: int
    delay: float
    """Median wall seconds from the pictures of all of them being decoded to what they tell of their counters."""

    @property
    def share(self) -> float:
        """Of one core, for each camera."""
        return self.cpu / self.seconds / self.cameras


def watch_together(
    path: Path, detector: PersonDetector, cameras: int, seconds: float, *, moving: bool = False
) -> Watched:
    """As the watcher does: a picture of each a second, in one batch. The clip is decoded for each of them.

    `moving`: every sample is looked at, as where something moves in every crop.
    """
    names = [f"cam-{number}" for number in range(cameras)]
    views = {name: WatchedView(name, f"counter of {name}", VIEWS[0].staff_zone) for name in names}
    looker = Looker(detector, recheck=timedelta(0)) if moving else Looker(detector)
    watch = Watch(looker)
    watch.follow(
        WatchPlan(
            {name: CameraPlan(name, "hall", (views[name],)) for name in names},
            {
                view.counter_id: CounterPlan(
                    view.counter_id, "hall", {name: Shows.WHOLE}, Rule(), HallHours(ZoneInfo("UTC"))
                )
                for name, view in views.items()
            },
        ),
        START,
    )
    streams = [Clip(path, seconds, keyframes=True).pictures() for _ in names]
    cpu_began, delays = process_time(), []
    for pictures in zip(*streams, strict=False):
        taken = [Picture(name, picture.wall, picture.image) for name, picture in zip(names, pictures, strict=True)]
        decoded = perf_counter()
        watch.take_live(taken, taken[0].wall)
        watch.settle(taken[0].wall)
        delays.append(perf_counter() - decoded)
    return Watched(cameras, seconds, process_time() - cpu_began, looker.looks, sorted(delays)[len(delays) // 2])


def in_hd(path: Path, folder: str, seconds: float) -> Path:
    """1280 × 720, 25 pictures a second, one of them a keyframe."""
    made = Path(folder) / "hd.mp4"
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-keyint_min", "25", "-sc_threshold", "0"]
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-t", str(seconds), "-an", "-vf", "scale=1280:720,fps=25"]
    subprocess.run([*command, *coding, str(made)], check=True)
    return made


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
    parser.add_argument("--cameras", type=int, nargs="*", default=[1, 8, 20], help="watched together")
    parser.add_argument("--moving", action="store_true", help="look at every sample, as where everything moves")
    parser.add_argument("--hd", action="store_true", help="make 720p at 25 pictures a second of the clip first")
    parser.add_argument("--peer", default="", help="a Python that has Ultralytics, where this one has not")
    parser.add_argument("--peer-weights", default=DEFAULT_WEIGHTS, help="the same weights as .pt")
    chosen = parser.parse_args()
    if not chosen.clip.is_file():
        parser.error(f"there is no clip {chosen.clip}; name a video file that is there")
    with tempfile.TemporaryDirectory() as folder:
        run(chosen, in_hd(chosen.clip, folder, chosen.seconds) if chosen.hd else chosen.clip)


def run(chosen: argparse.Namespace, clip: Path) -> None:
    console = Console(width=120)
    detector = choose_detector(chosen.detector, chosen.weights)
    measure("warming up", Clip(clip, 3.0, keyframes=False), Looker(detector))
    results = compare(clip, chosen.seconds, detector)
    if detector.name.startswith("yolo"):
        results.append(measure_ultralytics(clip, min(chosen.seconds, 20.0), chosen.weights or DEFAULT_WEIGHTS))
    elif chosen.peer:
        results.append(measure_peer(chosen.peer, clip, min(chosen.seconds, PEER_SECONDS), chosen.peer_weights))
    else:
        console.print("Without its peer: give --detector yolo, or --peer with a Python that has Ultralytics.")
    title = f"{chosen.clip.name}{', as 720p at 25 a second' if chosen.hd else ''}, {detector.name}"
    console.print(_ways(results, title))
    console.print(_together(clip, detector))
    found = [
        watch_together(clip, detector, cameras, chosen.seconds, moving=chosen.moving) for cameras in chosen.cameras
    ]
    console.print(_cameras(found, f"cameras watched together with {detector.name}"))


def _ways(results: Sequence[Result], title: str) -> Table:
    ours = results[2].share
    table = Table(
        "way of watching", "% of a core", "wall", "frames decoded", "looks", "times ours", "ours is", title=title
    )
    for result in results:
        table.add_row(
            result.way,
            f"{result.share:.2%}",
            f"{result.wall / result.seconds:.2%}",
            str(result.decoded),
            str(result.looks),
            f"{result.share / ours:.2f}",
            f"{ours / result.share:.3f} of it",
        )
    return table


def _together(clip: Path, detector: PersonDetector) -> Table:
    table = Table("looked at together", "CPU ms each", "wall ms each", title=f"a look with {detector.name}")
    for size, cpu_ms, wall_ms in batches(clip, detector):
        table.add_row(str(size), f"{cpu_ms:.1f}", f"{wall_ms:.1f}")
    return table


def _cameras(found: Sequence[Watched], title: str) -> Table:
    table = Table(
        "cameras", "% of a core each", "cameras a core", "looks", "ms from pictures to what they tell", title=title
    )
    for each in found:
        told = f"{each.delay * 1000:.0f}"
        table.add_row(str(each.cameras), f"{each.share:.2%}", f"{1 / each.share:.0f}", str(each.looks), told)
    return table


if __name__ == "__main__":
    main()
