"""A segment's file speaks for itself, and no damage to it does harm."""

import json
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.video import doubts
from ingest.video.boxes import BadBox, box_size, read_movie_fragment, whole_boxes
from ingest.video.clock import NO_EVIDENCE, ClockEvidence
from ingest.video.doubts import Doubt
from ingest.video.fragmented import Recording, describe, initial_part, read_initial, read_reference_time, reference_time
from ingest.video.frames import Codec, to_us
from ingest.video.movie import box
from ingest.video.salvage import salvage, salvage_by_summary
from ingest.video.segmenter import Gop
from ingest.video.writer import PART, FinishedSegment, SegmentWriter, settle
from storage.models import ClockSource
from tests.ingest.video.encoded import START, gops, info_of, numbers_in, packets

EVIDENCE = ClockEvidence(to_us(START), to_us(START) + 40_000, 86_400_123_456, -10_000_000, 10_450_000)
RECORDING = Recording("c1", 7, to_us(START), ClockSource.SENDER_REPORT, -40_000, EVIDENCE)


def write(spool: Path, some: list[Gop], codec: Codec = "h264") -> tuple[FinishedSegment, bytes]:
    writer = SegmentWriter(spool, RECORDING, some[0].info)
    for gop in some:
        writer.append(gop)
    finished = writer.close()
    assert finished is not None
    return finished, (spool / (finished.key + PART)).read_bytes()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[FinishedSegment, bytes]:
    return write(tmp_path_factory.mktemp("spool"), gops(packets(75)))


@pytest.mark.parametrize(("codec", "b_frames"), [("h264", 0), ("h264", 2), ("hevc", 0)])
def test_a_segment_plays_and_shows_every_picture_once(tmp_path: Path, codec: Codec, b_frames: int) -> None:
    _, data = write(tmp_path, gops(packets(75, codec=codec, b_frames=b_frames), codec=codec), codec)
    assert numbers_in(data) == list(range(75))


def test_a_whole_file_gives_back_exactly_its_row(written: tuple[FinishedSegment, bytes]) -> None:
    finished, data = written
    assert salvage(data, finished.key) == finished


def test_the_file_says_of_its_time_all_that_the_row_says(written: tuple[FinishedSegment, bytes]) -> None:
    finished, data = written
    row = salvage(data, finished.key).row()
    assert row.model_dump() == finished.row().model_dump()
    assert (row.clock_source, row.clock_offset_us) == (ClockSource.SENDER_REPORT, -40_000)
    assert (row.reported_start, row.arrival_start) == (START, START + timedelta(milliseconds=40))
    assert (row.monotonic_us, row.server_step_us, row.clock_error_us) == (86_400_123_456, -10_000_000, 10_450_000)


@pytest.mark.parametrize("reported_us", [-1, 1 << 60])
def test_a_time_that_no_calendar_has_is_none(reported_us: int) -> None:
    recording = replace(RECORDING, evidence=replace(NO_EVIDENCE, reported_us=reported_us))
    finished = FinishedSegment(recording, "k", recording.start_us, 0, "", "h264", 0, 0, 0, 0, (), "")
    assert finished.row().reported_start is None


@pytest.mark.parametrize("evidence", ["5", "[]", '{"error_us":1}', '{"error_us":"x"}', "null"])
def test_a_file_that_says_nonsense_of_its_time_is_not_believed(evidence: str) -> None:
    told = json.dumps(asdict(EVIDENCE), separators=(",", ":"))
    initial = initial_part(info_of(packets(5)), describe(RECORDING))
    assert read_initial(initial).recording == RECORDING
    nonsense = describe(RECORDING).replace(told, evidence)
    assert nonsense != describe(RECORDING)
    with pytest.raises(BadBox):
        read_initial(initial_part(info_of(packets(5)), nonsense))


@pytest.mark.parametrize("cut", [False, True])
def test_a_part_that_knows_less_than_its_segment_says_so_in_the_row_and_in_the_file(tmp_path: Path, cut: bool) -> None:
    said = ClockEvidence(error_us=500_000)
    sure, unsure = (replace(part, evidence=said) for part in gops(packets(50)))
    unsure = replace(
        unsure, offset_us=7_000_000, evidence=replace(said, error_us=1_870_000, server_step_us=-10_000_000)
    )
    recording = replace(RECORDING, clock_offset_us=-40_000, evidence=said)
    writer = SegmentWriter(tmp_path, recording, sure.info)
    for part in (sure, unsure, sure):
        writer.append(part)
    finished = writer.close()
    assert finished is not None
    row = finished.row()
    assert (row.clock_error_us, row.clock_offset_us, row.server_step_us) == (1_900_000, 7_000_000, -10_000_000)
    data = (tmp_path / (finished.key + PART)).read_bytes()
    last = finished.fragments[-1]
    found = salvage(data[: last.byte_offset + last.byte_size] if cut else data, finished.key)
    assert found.recording == finished.recording
    assert numbers_in(data) == [*range(50), *range(25)]


def test_lost_packets_stand_in_the_row_and_in_the_file(tmp_path: Path) -> None:
    clean, lossy = gops(packets(50))
    writer = SegmentWriter(tmp_path, RECORDING, clean.info)
    for part in (clean, replace(lossy, smears=3), replace(clean, smears=1)):
        writer.append(part)
    finished = writer.close()
    assert finished is not None
    data = (tmp_path / (finished.key + PART)).read_bytes()
    assert (finished.row().smears, salvage(data, finished.key).smears) == (4, 4)
    assert salvage(data[: finished.fragments[-1].byte_offset], finished.key).smears == 3


@pytest.mark.parametrize("doubt", [Doubt(-1, 0, 0), Doubt(1 << 60, 0, 0), Doubt(0, -(1 << 60), 0)])
def test_a_doubt_that_makes_no_sense_is_damage(doubt: Doubt) -> None:
    with pytest.raises(BadBox, match="no part is so doubtful"):
        doubts.read(box(b"moof", doubts.written(doubt)))


def test_the_index_leads_to_fragments_that_play_alone(written: tuple[FinishedSegment, bytes]) -> None:
    finished, data = written
    assert [f.offset_us for f in finished.fragments] == [0, 1_000_000, 2_000_000]
    second = finished.fragments[1]
    alone = data[: finished.init_size] + data[second.byte_offset : second.byte_offset + second.byte_size]
    assert numbers_in(alone) == list(range(25, 50))


def test_a_file_that_was_cut_off_keeps_its_whole_fragments(written: tuple[FinishedSegment, bytes]) -> None:
    finished, data = written
    last = finished.fragments[-1]
    found = salvage(data[: last.byte_offset + last.byte_size // 2], finished.key)
    assert found.fragments == finished.fragments[:-1]
    assert found.size == last.byte_offset
    assert found.end_us == to_us(START + timedelta(seconds=2))


def test_a_file_that_lacks_only_its_summary_lacks_no_picture(written: tuple[FinishedSegment, bytes]) -> None:
    finished, data = written
    found = salvage(data[:-1], finished.key)
    assert found.fragments == finished.fragments
    assert found.size == sum(finished.fragments[-1].byte_offset + f.byte_size for f in finished.fragments[-1:])
    assert numbers_in(data[: found.size]) == list(range(75))


def test_zeros_where_pictures_were_not_written_are_no_pictures(written: tuple[FinishedSegment, bytes]) -> None:
    finished, data = written
    last = finished.fragments[-1]
    middle = last.byte_offset + last.byte_size // 2
    assert salvage(data[:middle] + bytes(len(data) - middle), finished.key).fragments == finished.fragments[:-1]


def test_a_file_without_a_whole_fragment_cannot_be_salvaged(written: tuple[FinishedSegment, bytes]) -> None:
    finished, data = written
    for size in (0, 5, finished.init_size, finished.init_size + 100):
        with pytest.raises(BadBox):
            salvage(data[:size], finished.key)


@settings(max_examples=300)
@given(st.data())
def test_damage_never_does_more_than_lose_what_it_hit(
    written: tuple[FinishedSegment, bytes], data: st.DataObject
) -> None:
    finished, whole = written
    damaged = bytearray(whole)
    for position in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=8)):
        damaged[position] = data.draw(st.integers(0, 255))
    del damaged[data.draw(st.integers(0, len(whole))) :]
    try:
        found = salvage(bytes(damaged), finished.key)
    except BadBox:
        return
    assert found.row().start.tzinfo
    assert found.size <= len(damaged)
    assert found.fragments
    assert all(f.byte_offset + f.byte_size <= found.size for f in found.fragments)


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read_as_boxes(data: bytes) -> None:
    for found in whole_boxes(data):
        assert found.start < found.body <= found.end <= len(data)
    box_size(data[:16])
    for read in (read_initial, read_movie_fragment, read_reference_time):
        try:
            read(data)
        except BadBox:
            continue


@given(st.integers(0, 4_000_000_000_000_000))
def test_reference_times_are_exact(wall_us: int) -> None:
    assert read_reference_time(reference_time(wall_us, 0)[12:]) == wall_us


def test_the_end_of_a_file_tells_all_that_the_whole_of_it_does(written: tuple[FinishedSegment, bytes]) -> None:
    finished, data = written
    assert salvage_by_summary(data[-4096:], finished.key, len(data), finished.sha256) == finished


def test_the_end_of_a_file_that_was_cut_off_or_does_not_fit_is_not_believed(
    written: tuple[FinishedSegment, bytes],
) -> None:
    finished, data = written
    for tail, size in ((data[-4096:-1], len(data) - 1), (data[-100:], len(data)), (data, len(data) + 1), (b"", 0)):
        with pytest.raises(BadBox):
            salvage_by_summary(tail, finished.key, size, finished.sha256)


@settings(max_examples=100)
@given(st.data())
def test_no_damage_to_the_end_of_a_file_does_harm(written: tuple[FinishedSegment, bytes], data: st.DataObject) -> None:
    finished, whole = written
    damaged = bytearray(whole[-4096:])
    for position in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=8)):
        damaged[position] = data.draw(st.integers(0, 255))
    try:
        found = salvage_by_summary(bytes(damaged), finished.key, len(whole), finished.sha256)
    except BadBox:
        return
    assert found.row().start.tzinfo
    assert all(f.byte_offset + f.byte_size <= len(whole) for f in found.fragments)


def test_a_frame_that_is_due_before_its_turn_does_no_harm(tmp_path: Path) -> None:
    first, second = gops(packets(50))
    early = replace(first, frames=(replace(first.frames[0], dts=first.frames[0].pts + 9000), *first.frames[1:]))
    _, data = write(tmp_path, [early, second])
    assert salvage(data, "k").fragments
    assert len(numbers_in(data)) == 50


def test_settling_gives_the_file_its_name_and_can_be_repeated(tmp_path: Path) -> None:
    finished, data = write(tmp_path, gops(packets(50)))
    for _ in range(2):
        settle(tmp_path, finished.key)
    assert (tmp_path / finished.key).read_bytes() == data
    assert not list(tmp_path.rglob("*" + PART))


def test_a_segment_without_a_picture_leaves_no_file(tmp_path: Path) -> None:
    assert SegmentWriter(tmp_path, RECORDING, info_of(packets(5))).close() is None
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
