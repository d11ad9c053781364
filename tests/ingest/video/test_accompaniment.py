"""Sound is joined to the pictures of its moment, whatever the camera's clocks say and however late it comes."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ingest.video.accompaniment import MAX_WAIT_US, SILENT_US, Accompaniment
from ingest.video.audio import AudioFormat
from ingest.video.clock import ClockEvidence
from ingest.video.frames import EncodedFrame, StreamInfo, from_us
from ingest.video.lasting import Lasting
from ingest.video.rtsp.audio_descriptions import AudioTrack
from ingest.video.rtsp.audio_receiver import AudioReceiver
from ingest.video.segmenter import Gop
from tests.ingest.video.encoded import TIME_BASE
from tests.ingest.video.rtsp.packing import Packer, sender_report
from tests.ingest.video.timed import EPOCH, SECOND, FakeServer

HZ, FRAME_US = 8_000, 20_000
TRACK = AudioTrack(AudioFormat("pcmu", HZ, 1, 0), 0, "")
INFO = StreamInfo("h264", 192, 96, b"", TIME_BASE)


@dataclass
class Camera:
    """Pictures come at once, sound `late_us` after it was heard; its clock is `ahead_us` ahead; GOPs of a second."""

    late_us: int = 40_000
    ahead_us: int = 0
    reports_pictures: bool = True
    reports_sound: bool = True
    deaf: range = range(0)
    """Seconds in which it hears nothing."""
    lies_us: int = 0
    """For so long what has come lies there before it is looked at."""

    def __post_init__(self) -> None:
        self.server = FakeServer()
        self.receiver = AudioReceiver(TRACK, self.server.clock)
        self.sound = Accompaniment(self.receiver)
        self._packer = Packer(payload_type=0)

    def run(self, seconds: int) -> Iterator[tuple[int, Gop]]:
        """GOPs as they are complete, each with when that is."""
        told, lying, look_us = False, list[memoryview](), 0
        for now_us in range(0, seconds * SECOND, FRAME_US):
            self.server.now_us = now_us
            began_us = now_us - self.late_us
            if began_us >= 0 and began_us // SECOND not in self.deaf:
                if self.reports_sound and not told:
                    told = True
                    self.receiver.take(
                        False, memoryview(sender_report(EPOCH + began_us + self.ahead_us, self._rtp(began_us)))
                    )
                lying.append(memoryview(self._packer.packet(b"\xff" * 160, self._rtp(began_us))))
            if now_us >= look_us:
                look_us = now_us + self.lies_us
                for packet in lying:
                    self.receiver.take(True, packet)
                lying = []
            is_whole = now_us and now_us % SECOND == 0
            gops = (self.gop(now_us - SECOND),) if is_whole else ()
            for gop in self.sound.joined(gops, EPOCH + now_us):
                yield now_us, gop

    def gop(self, start_us: int) -> Gop:
        reported = EPOCH + start_us + self.ahead_us if self.reports_pictures else None
        evidence = ClockEvidence(reported, EPOCH + start_us, EPOCH + start_us - self._ahead_of_monotonic())
        frames = (EncodedFrame(b"", 0, 0, from_us(EPOCH), True),)
        return Gop(INFO, frames, (90_000,), Lasting(90_000), EPOCH + start_us, evidence=evidence)

    def _ahead_of_monotonic(self) -> int:
        arrival_us, server = self.server.clock.read()
        return EPOCH + self.server.now_us - (arrival_us - server.ahead_us)

    def _rtp(self, heard_us: int) -> int:
        return 0xFFFFF000 + heard_us * HZ // SECOND


def starts_us(gop: Gop) -> list[int]:
    """Of each frame of sound, since the GOP's first picture."""
    assert gop.audio is not None
    first = gop.audio.frames[0].ticks
    return [gop.audio.offset_us + (frame.ticks - first) * SECOND // HZ for frame in gop.audio.frames]


@pytest.mark.parametrize("ahead_us", [0, 5 * 3600 * SECOND, -400 * 86_400 * SECOND])
@pytest.mark.parametrize("late_us", [0, 40_000, 300_000])
def test_reports_of_both_place_sound_exactly_however_wrong_the_clock(late_us: int, ahead_us: int) -> None:
    for _, gop in Camera(late_us, ahead_us).run(6):
        assert starts_us(gop) == pytest.approx(range(0, SECOND, FRAME_US), abs=1)


@pytest.mark.parametrize(("pictures", "sound"), [(False, False), (True, False), (False, True)])
def test_without_reports_of_both_arrival_places_it(pictures: bool, sound: bool) -> None:
    for _, gop in Camera(60_000, reports_pictures=pictures, reports_sound=sound).run(6):
        assert abs(starts_us(gop)[0]) <= 60_000
        assert 45 <= len(starts_us(gop)) <= 50


@pytest.mark.parametrize("reported", [True, False])
def test_sound_that_lay_there_for_a_while_is_placed_as_well(reported: bool) -> None:
    camera = Camera(60_000, reports_pictures=reported, reports_sound=reported, lies_us=250_000)
    gops = [gop for _, gop in camera.run(20)]
    assert len(gops) >= 18
    for gop in gops[1:]:
        assert abs(starts_us(gop)[0]) <= 60_000
        assert 45 <= len(starts_us(gop)) <= 51


def test_reports_of_two_clocks_that_disagree_are_not_believed() -> None:
    camera = Camera(60_000)
    camera.receiver.take(False, memoryview(sender_report(EPOCH + 7 * SECOND, 0xFFFFF000)))
    camera.reports_sound = False
    for _, gop in camera.run(6):
        assert abs(starts_us(gop)[0]) <= 60_000


def test_a_gop_waits_for_its_sound_and_no_longer() -> None:
    assert [now_us % SECOND for now_us, _ in Camera(300_000).run(6)] == [300_000] * 5


def test_a_gop_does_not_wait_for_sound_that_does_not_come() -> None:
    camera = Camera(deaf=range(2, 100))
    waited = [(now_us - (gop.end_us - EPOCH), gop.audio is None) for now_us, gop in camera.run(8)]
    assert all(0 <= wait_us <= MAX_WAIT_US for wait_us, _ in waited)
    assert [silent for _, silent in waited[2:]] == [True] * (len(waited) - 2)


def test_no_frame_is_in_two_gops_and_none_is_lost() -> None:
    ticks = [frame.ticks for _, gop in Camera(120_000).run(10) if gop.audio for frame in gop.audio.frames]
    assert ticks == list(range(0, len(ticks) * 160, 160))
    assert len(ticks) == 9 * 50


def test_silence_of_a_camera_that_promised_sound_is_a_problem_as_long_as_it_lasts() -> None:
    camera = Camera(deaf=range(3, 18))
    problems = [camera.sound.problem for _ in camera.run(30)]
    assert problems[2] == ""
    assert f"none for {SILENT_US // SECOND} s" in problems[14]
    assert problems[-1] == ""


def test_the_end_of_a_connection_brings_what_was_held_back() -> None:
    camera = Camera(300_000)
    done = [gop for _, gop in camera.run(4)]
    last = camera.sound.finish((camera.gop(3 * SECOND),))
    assert [gop.wall_us - EPOCH for gop in (*done, *last)] == [n * SECOND for n in range(4)]
    assert last[-1].audio is not None
