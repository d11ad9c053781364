"""An hour with a camera that does everything wrong, in seconds: the whole way from RTP to segments and gaps."""

import gc
import random
import sys
from array import array
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.video.audio import AudioFormat
from ingest.video.camera import FIRST_WAIT_S, CameraWorker
from ingest.video.connection import NOTHING_LEARNED, Learned
from ingest.video.frames import first_shown, from_us
from ingest.video.gaps import GapClosed, GapKeeper, GapOpened
from ingest.video.holes import LOST_US
from ingest.video.hub import Hub
from ingest.video.intake import Intake
from ingest.video.journal import Entry
from ingest.video.rtsp.audio_descriptions import AudioTrack
from ingest.video.segmenter import Gop
from ingest.video.source import Transport
from ingest.video.writer import FinishedSegment, part_path
from storage.intervals import Span, merge, subtract
from storage.models import GapCause
from tests.ingest.video.fast_camera import FastCamera, Spell, Wrong, drawn_spells, true_us
from tests.ingest.video.timed import EPOCH, SECOND, FakeServer
from tests.sample import CAMERA

HOUR_US = 3_600 * SECOND
RIGHTLY: list[Wrong] = [wrong for wrong in Wrong if wrong is not Wrong.COUNTS_WRONGLY]
KINDS: list[tuple[list[Wrong], Transport, bool]] = [(list(Wrong), "tcp", False), (RIGHTLY, "udp", True)]
"""Packets are gathered by bytes by the one, by a rest by the other; the other sends some pictures after the next."""
TOLERANCE = timedelta(seconds=0.5)
RECOVERY = timedelta(seconds=25)
"""A dead connection is noticed in 4 s (in 10 s after one that ended so soon), and made anew after 10 s at most."""
MAY_LOSE = set(Wrong) - {Wrong.NO_REPORTS, Wrong.HOURS_OFF, Wrong.DRIFTS, Wrong.OTHER_PICTURE, Wrong.SERVER_STEPS}
MAX_GROWTH_BLOCKS = 5_000
"""Of the second half over the first: one object kept for each picture would be twice that."""


@dataclass
class Run:
    """What became of it."""

    spells: list[Spell]
    footage: list[Span] = field(default_factory=list)
    gaps: list[tuple[Span, GapCause]] = field(default_factory=list)
    errors_us: "array[int]" = field(default_factory=lambda: array("q"))
    """Of each GOP: how far the time of its worst picture is from when that was taken."""
    beyond: list[tuple[int, int]] = field(default_factory=list)
    """When those were taken that are further off than the bound, and by how much they are off."""
    blocks: list[int] = field(default_factory=list)
    """Allocated memory, each minute."""

    def put(self, entry: Entry) -> None:
        if isinstance(entry, FinishedSegment):
            begins = [entry.recording.start_us + each.offset_us for each in entry.fragments]
            lasts = [each.duration_us for each in entry.fragments]
            shown = [Span(from_us(us), from_us(us + last)) for us, last in zip(begins, lasts, strict=True)]
            self.footage += merge(shown, bridge=TOLERANCE)
        elif isinstance(entry, GapOpened):
            self.gaps.append((Span(entry.start, datetime.max.replace(tzinfo=entry.start.tzinfo)), entry.cause))
        elif isinstance(entry, GapClosed):
            open_gaps = [(gap, cause) for gap, cause in self.gaps if gap.start == entry.start]
            self.gaps = [each for each in self.gaps if each not in open_gaps]
            if entry.end > entry.start:  # else the footage goes on before it, and there is none
                self.gaps += [(Span(gap.start, entry.end), cause) for gap, cause in open_gaps]

    @property
    def counts_rightly(self) -> bool:
        return all(spell.wrong is not Wrong.COUNTS_WRONGLY for spell in self.spells)

    def is_after(self, moment: datetime, wrong: set[Wrong], within: timedelta) -> bool:
        """Whether something of that kind goes wrong then, or did shortly before."""
        at_us = (moment - from_us(EPOCH)) // timedelta(microseconds=1)
        after_us = within // timedelta(microseconds=1)
        return any(s.wrong in wrong and s.begin_us - SECOND <= at_us <= s.end_us + after_us for s in self.spells)

    def check(self, gop: Gop) -> None:
        worst, first = (0, 0), first_shown(gop.frames)
        for frame in gop.frames:
            taken_us, at_us = true_us(frame.data), gop.wall_us + (frame.pts - first) * 100 // 9
            worst = max(worst, (abs(at_us - taken_us), taken_us - EPOCH))
        shown = sorted(frame.pts for frame in gop.frames)
        assert all(after - before <= LOST_US * 9 // 100 for before, after in pairwise(shown)), "a hole is no footage"
        self.errors_us.append(worst[0])
        if worst[0] > gop.evidence.error_us:
            self.beyond.append((worst[1], worst[0]))
        if len(self.errors_us) % 60 == 0:
            gc.collect()  # frozen before: what others have left is not looked at
            self.blocks.append(sys.getallocatedblocks())


class Checked(Intake):
    """Compares what it records with the truth, and keeps no file."""

    def __init__(self, run: Run, folder: Path, server: FakeServer) -> None:
        self._run, self._folder = run, folder
        super().__init__(CAMERA, folder, 10, 1, GapKeeper(CAMERA, server.clock.now()), self._written)

    def record(self, gop: Gop, now: datetime) -> None:
        self._run.check(gop)
        super().record(gop, now)

    def _written(self, entry: Entry) -> None:
        self._run.put(entry)
        if isinstance(entry, FinishedSegment):
            part_path(self._folder, entry.key).unlink()


def drawn(folder: Path, kinds: list[Wrong], transport: Transport, b_frames: bool) -> Run:
    chance = random.Random(1)
    spells = drawn_spells(chance, kinds, HOUR_US, lambda: chance.randrange(20 * SECOND, 40 * SECOND))
    return recorded(folder, spells, chance, HOUR_US, transport, b_frames)


def recorded(
    folder: Path,
    spells: list[Spell],
    chance: random.Random,
    length_us: int,
    transport: Transport = "tcp",
    b_frames: bool = False,
) -> Run:
    server, run = FakeServer(), Run(spells)
    camera, intake = FastCamera(server, run.spells, chance, length_us, b_frames=b_frames), Checked(run, folder, server)
    worker = CameraWorker(CAMERA, "", transport, Hub(), intake, server.clock, open_stream=camera.open)
    wait_s = FIRST_WAIT_S
    while server.now_us < length_us:
        wait_s = worker.attempt(wait_s)
        server.now_us += round(wait_s * chance.uniform(0.5, 1) * SECOND)
    intake.close(GapCause.RECORDER_STOPPED, server.clock.now())
    return run


def test_timestamps_that_leapt_in_a_backlog_put_no_group_an_hour_ahead(tmp_path: Path) -> None:
    """Several groups come at once, and only of their last picture it is seen when it arrived."""
    backlog, leaps = (Spell(Wrong.BACKLOG, 60 * SECOND, 75 * SECOND), Spell(Wrong.LEAPS, 60_600_000, 80 * SECOND))
    run = recorded(tmp_path, [backlog, leaps], random.Random(18), 70 * SECOND)
    assert run.beyond == []
    assert len(run.errors_us) > 60


def watched(learned: Learned, seconds: int) -> tuple[Learned, list[float]]:
    """What is known of a camera that counts wrongly after so long, and how the first GOPs' lengths differ, in s."""
    server, until_us = FakeServer(), seconds * SECOND
    camera = FastCamera(server, [Spell(Wrong.COUNTS_WRONGLY, 0, until_us)], random.Random(1), until_us)
    gops: list[Gop] = []

    class Noted(Intake):
        def record(self, gop: Gop, now: datetime) -> None:
            gops.append(gop)

    intake = Noted(CAMERA, Path("nowhere"), 10, 1, GapKeeper(CAMERA, server.clock.now()), lambda entry: None)
    worker = CameraWorker(CAMERA, "", "tcp", Hub(), intake, server.clock, open_stream=camera.open, learned=learned)
    worker.attempt(FIRST_WAIT_S)
    first = pairwise(gops[:3])
    differ = [gop.duration_us - (true_us(after.frames[0].data) - true_us(gop.frames[0].data)) for gop, after in first]
    return worker.learned, [each / SECOND for each in differ]


def test_a_worker_begins_with_what_was_learned_before_and_tells_what_it_has_learned() -> None:
    with capture_logs() as lines:
        learned, differ = watched(NOTHING_LEARNED, 60)
    told = [line for line in lines if line["event"] == "camera_counts_time_wrongly"]
    assert [line["camera"] for line in told[:1]] == [CAMERA]
    assert abs(told[0]["rate_error_ppm"] - 190_476) < 10_000
    assert abs(learned.rate_error_ppm - 190_476) < 10_000
    assert max(map(abs, differ)) > 0.1
    kept, differ = watched(learned, 5)
    assert kept.rate_error_ppm == learned.rate_error_ppm
    assert max(map(abs, differ)) < 0.02


def test_with_sound_pictures_are_taken_together_too(tmp_path: Path) -> None:
    server, until_us = FakeServer(), 40 * SECOND
    sound = AudioTrack(AudioFormat("pcmu", 8_000, 1, 0), 0, "")
    camera = FastCamera(server, [], random.Random(1), until_us, sound)
    intake = Intake(CAMERA, tmp_path, 10, 1, GapKeeper(CAMERA, server.clock.now()), lambda entry: None)
    CameraWorker(CAMERA, "", "tcp", Hub(), intake, server.clock, open_stream=camera.open).attempt(FIRST_WAIT_S)
    assert camera.most_wanted > 1


@pytest.fixture(scope="module", params=KINDS, ids=["all", "counting rightly"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    gc.collect()
    gc.freeze()
    try:
        return drawn(tmp_path_factory.mktemp("hour"), *request.param)
    finally:
        gc.unfreeze()


def test_every_moment_of_the_hour_is_footage_or_a_gap(run: Run) -> None:
    explained = merge([*run.footage, *(gap for gap, _ in run.gaps)])
    whole = Span(run.footage[0].start, from_us(EPOCH + HOUR_US))
    assert [hole for hole in subtract([whole], explained) if hole.duration > TOLERANCE] == []


def test_each_gap_has_a_cause_and_begins_where_something_goes_wrong(run: Run) -> None:
    assert {cause for _, cause in run.gaps} >= {GapCause.CAMERA_STALLED, GapCause.STREAM_ENDED}
    long = [(gap, cause) for gap, cause in run.gaps if gap.duration > 2 * TOLERANCE][:-1]
    assert [gap for gap, _ in long if not run.is_after(gap.start, MAY_LOSE, RECOVERY)] == []
    unknown = [gap for gap, cause in long if cause is GapCause.UNKNOWN]
    assert [gap for gap in unknown if not run.is_after(gap.start, {Wrong.COUNTS_WRONGLY}, RECOVERY)] == []


def test_footage_is_back_soon_after_each_disturbance(run: Run) -> None:
    recorded_spans = merge(run.footage)
    for spell in run.spells:
        back = Span(from_us(EPOCH + spell.end_us), from_us(EPOCH + spell.end_us) + RECOVERY)
        assert any(span.start < back.end and span.end > back.start for span in recorded_spans), spell


def test_the_bound_of_the_time_holds_throughout(run: Run) -> None:
    if run.counts_rightly:
        assert run.beyond == []


def test_a_camera_that_counts_wrongly_for_a_while_is_followed_there_and_back(run: Run) -> None:
    errors_us = sorted(run.errors_us)
    assert errors_us[-1] < 2 * SECOND
    assert errors_us[len(errors_us) * 98 // 100] < SECOND


def test_nothing_grows_without_bound(run: Run) -> None:
    middle = len(run.blocks) // 2
    assert max(run.blocks[middle:]) - max(run.blocks[:middle]) < MAX_GROWTH_BLOCKS
