"""From packets to GOPs: nothing is lost on the way that was not lost before."""

import io
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av
import pytest

from ingest.video.connection import Connection
from ingest.video.fragmented import Recording
from ingest.video.frames import EncodedFrame, StreamInfo, to_us
from ingest.video.gaps import GapClosed, GapKeeper, GapOpened
from ingest.video.intake import Intake
from ingest.video.journal import Entry
from ingest.video.rtsp.media_time import DecodingTimes
from ingest.video.salvage import salvage
from ingest.video.segmenter import MAX_PART_US, MAX_TANGLED_US, Gop, starts_new_segment
from ingest.video.source import SourceFailure, SourcePacket
from ingest.video.writer import FinishedSegment, SegmentWriter, part_path
from storage.fragments import recorded_parts
from storage.intervals import Span
from storage.models import ClockSource, GapCause
from tests.ingest.video.encoded import START, TIME_BASE, packets


def feed(connection: Connection, some: list[SourcePacket]) -> tuple[list[Gop], list[StreamInfo | EncodedFrame]]:
    made: list[Gop] = []
    live: list[StreamInfo | EncodedFrame] = []
    for packet in some:
        taken = connection.take(packet)
        made += taken.gops
        live += [item for item in (taken.info, taken.frame) if item is not None]
    return [*made, *connection.finish()], live


def recorded(made: list[Gop], spool: Path) -> list[Entry]:
    """What is written down of six seconds."""
    put: list[Entry] = []
    intake = Intake("c", spool, 300, 1, GapKeeper("c", START), put.append)
    for gop in made:
        intake.record(gop, START)
    intake.close(GapCause.RECORDER_STOPPED, START + timedelta(seconds=6))
    return put


def connection() -> Connection:
    return Connection("h264", b"", TIME_BASE)


def test_every_frame_is_in_a_gop_that_starts_with_a_keyframe() -> None:
    made, live = feed(connection(), list(packets(60)))
    assert [len(gop.frames) for gop in made] == [25, 25, 10]
    assert all(gop.frames[0].keyframe for gop in made)
    assert [gop.wall_us for gop in made] == [to_us(START) + n * 1_000_000 for n in range(3)]
    assert made[0].source is ClockSource.SENDER_REPORT
    assert isinstance(live[0], StreamInfo)
    assert len(live) == 61


def test_a_stream_that_starts_within_a_gop_is_taken_from_its_first_keyframe() -> None:
    made, live = feed(connection(), list(packets(60)[10:]))
    assert [len(gop.frames) for gop in made] == [25, 10]
    assert len(live) == 36


def test_what_rests_on_what_was_lost_is_left_out_up_to_the_next_keyframe_and_the_gop_there_knows() -> None:
    some = packets(150)
    made, _ = feed(connection(), [*some[:35], replace(some[80], after_loss=True), *some[81:]])
    cause = GapCause.PACKETS_LOST
    assert [(len(gop.frames), gop.hole) for gop in made] == [(25, None), (10, None), (25, cause), (25, None)]
    assert made[2].wall_us - made[1].end_us == 65 * 40_000


@pytest.mark.parametrize(
    ("first", "after_loss", "cause"),
    [(80, False, GapCause.CAMERA_STALLED), (55, False, GapCause.CAMERA_STALLED), (55, True, GapCause.PACKETS_LOST)],
)
def test_pictures_that_come_after_a_pause_are_kept_and_only_what_never_came_is_a_gap(
    tmp_path: Path, first: int, after_loss: bool, cause: GapCause
) -> None:
    """Where packets were lost, only after a short one: what comes is shown, and says that it may be smeared."""
    some = packets(150)
    made, live = feed(connection(), [*some[:35], replace(some[first], after_loss=after_loss), *some[first + 1 :]])
    assert sum(len(gop.frames) for gop in made) == len(live) - 1 == 150 - (first - 35)
    assert sum(gop.smears for gop in made) == after_loss
    assert [frame.after_loss for frame in live if isinstance(frame, EncodedFrame)].count(True) == after_loss
    put = recorded(made, tmp_path)
    (segment,) = [entry for entry in put if isinstance(entry, FinishedSegment)]
    begins, ends = (START + timedelta(seconds=number / 25) for number in (35, first))
    opened, closed, *_ = [entry for entry in put if not isinstance(entry, FinishedSegment)]
    assert (opened, closed) == (GapOpened("c", begins, cause), GapClosed("c", begins, ends))
    row = segment.row()
    assert recorded_parts(row.start, row.end, row.holes) == [Span(START, begins), Span(ends, row.end)]
    data = part_path(tmp_path, segment.key).read_bytes()
    assert salvage(data, segment.key).columns() == segment.columns(), "the file alone says so, too"
    with av.open(io.BytesIO(data), "r") as container:
        shown = [p.pts // 3_600 for p in container.demux(video=0) if p.pts is not None]
    assert shown == [*range(35), *range(first, 150)], "a player's time is that of the clock throughout"


def test_a_long_loss_lies_between_two_segments(tmp_path: Path) -> None:
    cause, some = GapCause.PACKETS_LOST, packets(150)
    made, _ = feed(connection(), [*some[:35], replace(some[80], after_loss=True), *some[81:]])
    put = recorded(made, tmp_path)
    first, second = [entry for entry in put if isinstance(entry, FinishedSegment)]
    lost = timedelta(seconds=35 / 25), timedelta(seconds=4)
    assert (first.end_us, second.recording.start_us) == (to_us(START + lost[0]), to_us(START + lost[1]))
    opened = next(entry for entry in put if isinstance(entry, GapOpened))
    assert (opened.start - START, opened.cause) == (lost[0], cause)


@pytest.mark.parametrize(
    ("before_ms", "after_ms", "segments"),
    [(40, 100, 2), (100, 40, 2), (40, 400, 2), (1000, 400, 2), (40, 50, 2), (40, 45, 1)],
)
def test_a_camera_that_changes_its_rate_alone_goes_on_in_a_new_segment_without_losing_a_picture(
    tmp_path: Path, before_ms: int, after_ms: int, segments: int
) -> None:
    changes = 5000 // before_ms // 25 * 25 + 25
    shown_ms = [n * before_ms if n < changes else changes * before_ms + (n - changes) * after_ms for n in range(250)]
    changing = [
        replace(
            packet, pts=at * 90, dts=at * 90, arrival_us=to_us(START) + at * 1000, report_us=to_us(START) + at * 1000
        )
        for packet, at in zip(packets(250), shown_ms, strict=True)
    ]
    made, _ = feed(connection(), changing)
    assert [to_us(frame.wall) - to_us(START) for gop in made for frame in gop.frames] == [at * 1000 for at in shown_ms]
    writers: list[tuple[SegmentWriter, int]] = []
    for gop in made:
        if not writers or starts_new_segment(writers[-1][0].open_segment, gop, 300):
            recording = Recording("c", len(writers) + 1, gop.wall_us, gop.source, 0)
            writers.append((SegmentWriter(tmp_path, recording, gop.info), gop.wall_us - to_us(START)))
        writers[-1][0].append(gop)
    assert [began_us for _, began_us in writers][1:] == [changes * before_ms * 1000][: segments - 1]
    times = []
    for writer, began_us in writers:
        finished = writer.close()
        assert finished is not None
        with av.open(part_path(tmp_path, finished.key), "r") as container:
            times += [began_us / 1_000_000 + (frame.time or 0) for frame in container.decode(video=0)]
    assert times == pytest.approx([at / 1000 for at in shown_ms], abs=0.001)


def test_losses_too_short_for_a_gap_are_counted_where_they_may_have_smeared_pictures() -> None:
    lossy = [replace(packet, after_loss=number in (3, 7, 25, 30)) for number, packet in enumerate(packets(60))]
    made, _ = feed(connection(), lossy)
    assert [(len(gop.frames), gop.smears) for gop in made] == [(25, 2), (25, 1), (10, 0)], "a keyframe rests on nothing"


def test_a_gop_that_never_ends_comes_in_parts() -> None:
    endless = [replace(packet, keyframe=number == 0) for number, packet in enumerate(packets(700))]
    made, _ = feed(connection(), endless)
    assert [gop.duration_us for gop in made] == [MAX_PART_US] * 23 + [400_000]
    assert [gop.frames[0].keyframe for gop in made] == [True] + [False] * 23
    assert all(after.wall_us == before.end_us for before, after in pairwise(made))


def test_a_camera_that_sends_no_keyframe_any_more_is_connected_anew_and_what_it_sent_is_kept() -> None:
    endless = [replace(packet, keyframe=number == 0) for number, packet in enumerate(packets(300, fps=1))]
    one = connection()
    frames = sum(len(gop.frames) for packet in endless[:241] for gop in one.take(packet).gops)
    with pytest.raises(SourceFailure, match="has sent no keyframe for 240 seconds: set its keyframe interval"):
        one.take(endless[241])
    assert frames + sum(len(gop.frames) for gop in one.finish()) == 241


@pytest.mark.parametrize("x264", ["", "b-pyramid=normal", "b-adapt=2"])
def test_pictures_that_are_shown_in_another_order_come_in_parts_that_follow_each_other(x264: str) -> None:
    made, _ = feed(connection(), list(packets(500, gop=500, b_frames=3, x264=x264)))
    assert len(made) > 14
    assert all(MAX_PART_US - 200_000 <= gop.duration_us <= MAX_PART_US for gop in made[:-1])
    assert all(before.end_us == after.wall_us for before, after in pairwise(made))
    shown = [sorted(frame.pts for frame in gop.frames) for gop in made]
    assert all(before[-1] < after[0] for before, after in pairwise(shown))


def test_pictures_that_are_never_all_shown_before_what_comes_are_written_all_the_same() -> None:
    one = packets(700, gop=700)
    some = [replace(packet, dts=packet.pts, pts=packet.pts + 360_000 * (n % 2)) for n, packet in enumerate(one)]
    made, _ = feed(connection(), some)
    assert [round(gop.duration_us, -6) for gop in made] == [MAX_TANGLED_US, MAX_TANGLED_US, 12_000_000]


@pytest.mark.parametrize("b_frames", [0, 1, 3])
@pytest.mark.parametrize(("first", "stop"), [(110, 190), (110, 200), (100, 190), (110, 186)])
def test_what_is_lost_of_pictures_in_any_order_is_no_footage(b_frames: int, first: int, stop: int) -> None:
    """Three seconds and more; the times of decoding lag behind those of showing, and are made from them."""
    some = ordered_again([*packets(300, b_frames=b_frames)[:first], *packets(300, b_frames=b_frames)[stop:]])
    made, _ = feed(connection(), some)
    assert_no_hole_within(made)
    before = [gop for gop in made if gop.wall_us < to_us(START) + first * 40_000]
    assert abs(before[-1].end_us - to_us(START) - first * 40_000) <= 4 * 40_000
    after, back = made[len(before)], 200 if b_frames else stop
    assert (after.wall_us - to_us(START), after.hole) == (back * 40_000, GapCause.CAMERA_STALLED)
    assert sum(len(gop.frames) for gop in made) == first + 300 - back


@pytest.mark.parametrize("b_frames", [0, 3])
@pytest.mark.parametrize("leap_s", [20, 3600])
def test_timestamps_that_leap_ahead_end_the_gop(b_frames: int, leap_s: int) -> None:
    some = list(packets(300, b_frames=b_frames))
    leapt = [replace(p, pts=p.pts + leap_s * 90_000, dts=p.dts + leap_s * 90_000, report_us=None) for p in some[130:]]
    made, _ = feed(connection(), ordered_again([*some[:130], *leapt]))
    assert_no_hole_within(made)
    assert sum(len(gop.frames) for gop in made) == 130 + 150
    assert all(0 <= after.wall_us - before.end_us <= 900_000 for before, after in pairwise(made))


def ordered_again(some: list[SourcePacket]) -> list[SourcePacket]:
    """With the times of decoding that RTP leaves to the receiver."""
    decoding = DecodingTimes(90_000)
    return [replace(packet, dts=decoding.of(packet.pts)) for packet in some]


def assert_no_hole_within(made: list[Gop]) -> None:
    for gop in made:
        shown = sorted(frame.pts for frame in gop.frames)
        assert all(after - before <= 4 * 3_600 for before, after in pairwise(shown))
        assert all(0 < duration <= 90_000 for duration in gop.durations[:-1])
        assert 0 < gop.duration_us <= 4_000_000
        assert gop.durations[-1] > 0


def test_new_parameters_are_told_before_the_first_frame_that_has_them() -> None:
    first, second = packets(25), packets(25, width=240)
    moved = [replace(p, pts=p.pts + 90_000, dts=p.dts + 90_000, arrival_us=p.arrival_us + 1_000_000) for p in second]
    made, live = feed(connection(), [*first, *moved])
    infos = [item for item in live if isinstance(item, StreamInfo)]
    assert [info.width for info in infos] == [192, 240]
    assert live.index(infos[1]) == 26
    assert [gop.info.width for gop in made] == [192, 240]


def test_timestamps_that_go_back_end_the_connection() -> None:
    some = packets(100)
    with pytest.raises(SourceFailure, match="went back"):
        feed(connection(), [*some[50:], *some[:50]])


def test_a_slow_camera_whose_pictures_rest_on_each_other_is_recorded() -> None:
    times, link = DecodingTimes(90_000), connection()
    some = packets(40, fps=2, gop=8, b_frames=3, x264="b-pyramid=normal")
    made, _ = feed(link, [replace(p, dts=times.of(p.pts)) for p in some])
    assert sum(len(gop.frames) for gop in made) >= 40 - 8


def test_the_bound_holds_while_a_backlog_with_which_a_connection_begins_comes_in_few_pieces() -> None:
    """Of what comes together only the last picture's arrival is seen; each piece is less late than the one before."""
    pieces = [(12, 2_240_000), (60, 900_000), (75, 600_000), (90, 0)]
    late = []
    for number, packet in enumerate(packets(400)):
        last, delay_us = next((piece for piece in pieces if number <= piece[0]), (number, 0))
        arrival_us = packet.arrival_us + delay_us
        late.append(replace(packet, report_us=None, reports=0, arrival_us=arrival_us, seen=number == last))
    gops, _ = feed(connection(), late)
    true_us = packets(1)[0].arrival_us
    off_us = [gop.wall_us - true_us - number * 1_000_000 for number, gop in enumerate(gops)]
    assert max(off_us) > 2_000_000
    assert all(abs(off) <= gop.evidence.error_us for off, gop in zip(off_us, gops, strict=True))
    assert gops[-1].evidence.error_us < 500_000


def test_a_reckoned_arrival_tells_the_clock_nothing() -> None:
    """Except at the very beginning, where there is nothing better."""
    early = 2_000_000
    some = [
        replace(p, report_us=None, arrival_us=p.arrival_us + 300_000, seen=n % 5 == 4)
        for n, p in enumerate(packets(75))
    ]
    bent = [replace(p, arrival_us=p.arrival_us - early) if not p.seen and n > 5 else p for n, p in enumerate(some)]
    assert [gop.wall_us for gop in feed(connection(), bent)[0]] == [gop.wall_us for gop in feed(connection(), some)[0]]
