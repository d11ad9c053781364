"""What comes through RTP can be watched: every picture, in its order, at its time."""

import base64
import io
import time
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from ingest.video.annexb import H264_PPS, H264_SPS, h264_kind, join_units, split_units
from ingest.video.clip import plan_clip, prepare_clip
from ingest.video.connection import Connection
from ingest.video.recorder import CameraFeed
from ingest.video.segmenter import MAX_PART_US, Gop
from ingest.video.source import SourcePacket, open_source
from ingest.video.writer import settle
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.fragments import recorded_parts
from storage.intervals import Span
from storage.models import ClockSource, GapCause
from tests.ingest.video.encoded import numbers_in, packets, read_picture
from tests.ingest.video.evidence import causes, gaps, segments
from tests.ingest.video.recording import recording
from tests.ingest.video.rtsp.packing import Marks, Packer, sender_report
from tests.ingest.video.rtsp.scripted_camera import Client, ScriptedCamera, description, playing, rtp
from tests.ingest.video.rtsp.taking import some_of
from tests.ingest.video.spooled import write
from tests.sample import CAMERA
from tests.servers import wait_until

FRAME_S = 0.04
GOP = 20


def recorded(some: tuple[SourcePacket, ...], marks: Marks = Marks.LAST, sdp: str = "") -> list[Gop]:
    """As a recorder takes it; the last picture only shows that the one before has ended."""
    first = [sender_report(time.time_ns() // 1000, some[-1].pts)]
    media = rtp(some, packer=Packer(marks=marks))
    with ScriptedCamera(playing(media, first), sdp=sdp) as camera, open_source(camera.url) as stream:
        connection = Connection(stream.codec, stream.extradata, stream.time_base)
        gops = [gop for packet in some_of(stream, len(some) - 1) for gop in connection.take(on_time(packet)).gops]
        return [*gops, *connection.finish()]


def on_time(packet: SourcePacket) -> SourcePacket:
    """Of a camera that sends all at once, to a machine that may be busy: when it was taken is what the report says."""
    return packet if packet.report_us is None else replace(packet, arrival_us=packet.report_us)


def without_sets(packet: SourcePacket) -> bytes:
    return join_units(unit for unit in split_units(packet.data) if h264_kind(unit) not in (H264_SPS, H264_PPS))


def shown(folder: Path, gops: list[Gop]) -> list[tuple[int, float]]:
    """Number and time, from the first on, of every picture that a player shows."""
    finished = write(folder, 1, gops)
    with av.open(str(folder / f"{finished.key}.part"), "r", format="mp4") as container:
        frames = [(f.time or 0.0, f.to_ndarray(format="bgr24").astype(np.uint8)) for f in container.decode(video=0)]
    return [(read_picture(image), time - frames[0][0]) for time, image in frames]


def assert_all(found: list[tuple[int, float]], numbers: list[int]) -> None:
    assert [number for number, _ in found] == numbers
    assert [time for _, time in found] == pytest.approx([FRAME_S * (n - numbers[0]) for n in numbers], abs=1e-4)


@pytest.mark.parametrize("marks", [Marks.LAST, Marks.NONE, Marks.EVERY_UNIT])
@pytest.mark.parametrize(("b_frames", "x264"), [(0, ""), (0, "slices=4"), (2, ""), (3, "b-pyramid=normal:slices=2")])
def test_pictures_in_any_order_of_decoding_are_shown_in_their_order(
    tmp_path: Path, b_frames: int, x264: str, marks: Marks
) -> None:
    gops = recorded(packets(4 * GOP + 1, gop=GOP, b_frames=b_frames, x264=x264), marks)
    assert [len(gop.frames) for gop in gops] == [GOP] * 4
    assert all(before.dts < after.dts for gop in gops for before, after in pairwise(gop.frames))
    assert all(frame.dts <= frame.pts for gop in gops[1:] for frame in gop.frames)
    assert_all(shown(tmp_path / "all", gops), list(range(4 * GOP)))
    assert_all(shown(tmp_path / "later", gops[1:]), list(range(GOP, 4 * GOP)))
    assert {gop.source for gop in gops} == {ClockSource.SENDER_REPORT}
    walls = [gop.wall_us - gops[0].wall_us for gop in gops]
    assert walls == [number * GOP * 40_000 for number in range(4)]


@pytest.mark.parametrize(("b_frames", "gop"), [(0, GOP), (2, GOP), (3, GOP), (2, 200), (3, 200)])
def test_a_clip_is_exact_even_where_the_order_was_not_yet_known(tmp_path: Path, b_frames: int, gop: int) -> None:
    gops = recorded(packets(5 * GOP + 1, gop=gop, b_frames=b_frames))
    assert all(part.duration_us <= MAX_PART_US + 100_000 for part in gops)
    finished = write(tmp_path, 1, gops)
    settle(tmp_path, finished.key)
    footage, start = Footage(Database("sqlite://"), FolderStore(tmp_path / "store"), tmp_path), finished.row().start
    for first, stop in ((0, 10), (3, 15), (7, 33), (41, 89)):
        begins, ends = (start + timedelta(seconds=FRAME_S * number - 0.001) for number in (first, stop))
        clip = prepare_clip(footage, plan_clip([finished.row()], begins, ends))
        assert numbers_in(b"".join(clip.chunks())) == list(range(first, stop))


def test_a_stream_of_open_groups_is_cut_at_them(tmp_path: Path) -> None:
    gops = recorded(packets(4 * GOP, gop=GOP, b_frames=2, x264="open-gop=1"))
    assert len(gops) == 4
    assert_all(shown(tmp_path / "all", gops)[: 3 * GOP], list(range(3 * GOP)))
    later = [number for number, _ in shown(tmp_path / "later", gops[1:])]
    assert later[later.index(GOP) :][: 2 * GOP] == list(range(GOP, 3 * GOP))


def test_a_stream_that_has_only_parts_refreshed_is_recorded_from_the_next_refresh_on(tmp_path: Path) -> None:
    some = packets(5 * GOP, gop=GOP, x264="intra-refresh=1")
    gops = recorded(some[3:])
    assert len(gops) >= 3
    assert all(gop.frames[0].keyframe for gop in gops)
    numbers = [number for number, _ in shown(tmp_path, gops)]
    assert numbers[-2 * GOP :] == list(range(5 * GOP - 1))[-2 * GOP :]


def test_of_a_stream_with_clean_keyframes_no_other_is_one() -> None:
    some = packets(5 * GOP, gop=GOP, x264="intra-refresh=1")
    assert [gop.frames[0].keyframe for gop in recorded(some)] == [True, False, False, False]


def test_parameter_sets_may_be_only_in_the_description(tmp_path: Path) -> None:
    some = packets(2 * GOP + 1, gop=GOP)
    sets, rest = split_units(some[0].data)[:2], [replace(packet, data=without_sets(packet)) for packet in some]
    told = ",".join(base64.b64encode(unit).decode() for unit in sets)
    sdp = description().replace("a=control:t", f"a=fmtp:96 sprop-parameter-sets={told}\r\na=control:t")
    assert_all(shown(tmp_path, recorded(tuple(rest), sdp=sdp)), list(range(2 * GOP)))


def test_time_that_was_lost_on_the_way_is_a_gap_with_its_cause(
    site: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    """A second that comes, two that get lost, and one more; over UDP."""
    some, packer = packets(100, gop=5), Packer()
    media = [packer.picture(split_units(packet.data), packet.pts) for packet in some]

    def play(client: Client) -> None:
        client.report(sender_report(time.time_ns() // 1000, 0))
        began = time.monotonic()
        for number in (*range(25), *range(75, 100)):
            time.sleep(max(began + FRAME_S * number - time.monotonic(), 0))
            for packet in media[number]:
                client.send(packet)

    with ScriptedCamera(play) as camera:
        feed = CameraFeed(CAMERA, camera.url, transport="udp")
        with recording(site, folder_store, tmp_path, [feed]):
            wait_until(lambda: GapCause.PACKETS_LOST in causes(site))
    lost = next(gap for gap in gaps(site) if gap.cause is GapCause.PACKETS_LOST)
    [before] = [row for row in segments(site) if row.end == lost.start]
    [after] = [row for row in segments(site) if row.start == lost.end]
    # Where either lies is learned from what came by then, which a busy machine makes late: as late as they say.
    sure_within = timedelta(microseconds=before.clock_error_us + after.clock_error_us)
    assert abs(after.start - before.end - timedelta(seconds=2)) <= sure_within


@pytest.mark.parametrize("pause_s", [1, 2])
def test_what_a_camera_sends_after_a_pause_is_kept_in_the_segment_of_before(
    site: Database, folder_store: FolderStore, tmp_path: Path, pause_s: int
) -> None:
    """Its pictures rest on those before the pause, of which none is missing; no keyframe comes for long."""
    some, packer = packets(75, gop=75), Packer()
    later = [replace(packet, pts=packet.pts + pause_s * 90_000 * (number >= 50)) for number, packet in enumerate(some)]
    media = [packer.picture(split_units(packet.data), packet.pts) for packet in later]

    def play(client: Client) -> None:
        for picture, wait_s in [(each, pause_s if number == 50 else 0.04) for number, each in enumerate(media)]:
            time.sleep(wait_s)
            for packet in picture:
                client.send(packet)

    with ScriptedCamera(play) as camera, recording(site, folder_store, tmp_path, [CameraFeed(CAMERA, camera.url)]):
        wait_until(lambda: bool(segments(site)))
        row, gap = segments(site)[0], gaps(site)[0]
        data = Footage(site, folder_store, tmp_path / "spool").read(row)
    with av.open(io.BytesIO(data), "r") as container:
        assert sum(packet.pts is not None for packet in container.demux(video=0)) == len(some)
    assert gap.cause is GapCause.CAMERA_STALLED
    assert gap.end is not None
    assert recorded_parts(row.start, row.end, row.holes) == [Span(row.start, gap.start), Span(gap.end, row.end)]
