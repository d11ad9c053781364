"""Coded pictures out of RTP, from cameras that keep to the rules and from those that do not."""

import random
from datetime import UTC, datetime, timedelta
from itertools import cycle, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.simulator.rtp import RtpSender
from ingest.video.annexb import START_CODE, join_units, split_units
from ingest.video.frames import Codec
from ingest.video.rtsp.pictures import Picture, PictureAssembler
from ingest.video.rtsp.rtp import HEADER, BadPacket
from tests.ingest.video.encoded import packets
from tests.ingest.video.rtsp.packing import Marks, Packer, aggregate, fragments, header

SPS, PPS, SEI, AUD = b"\x67\x4d\x00\x28\xe9", b"\x68\xee\x3c\x80", b"\x06\x05\x01\xaa\x80", b"\x09\xf0"
VPS = {"h264": b"", "hevc": b"\x40\x01\x0c\x01"}
FRAME = 3_600


def slice_of(codec: Codec, size: int = 40, *, key: bool = False, first: bool = True, fill: int = 0x5A) -> bytes:
    head = (b"\x65" if key else b"\x41") if codec == "h264" else (b"\x26\x01" if key else b"\x02\x01")
    return head + bytes([0x88 if first else 0x18]) + bytes([fill]) * size


IDR, P = slice_of("h264", key=True), slice_of("h264")


def assembled(some: list[bytes], codec: Codec = "h264") -> list[Picture]:
    """With the beginning of one picture more, so that none is left inside."""
    assembler = PictureAssembler(codec, 96)
    _, _, sequence, _, source = HEADER.unpack_from(some[-1])
    following = Packer(codec, sequence=sequence + 1, source=source).packet(slice_of(codec), 3 << 30)
    return [picture for packet in [*some, following] for picture in assembler.take(memoryview(packet))]


def units_of(pictures: list[Picture]) -> list[list[bytes]]:
    return [split_units(picture.data) for picture in pictures]


CODECS = pytest.mark.parametrize("codec", ["h264", "hevc"])
SIZES = st.lists(st.lists(st.integers(1, 5_000), min_size=1, max_size=4), min_size=1, max_size=6)


@CODECS
@given(
    sizes=SIZES, limit=st.integers(40, 1_400), aggregates=st.booleans(), marks=st.sampled_from([Marks.LAST, Marks.NONE])
)
@settings(deadline=None)
def test_what_was_packed_comes_out(
    codec: Codec, sizes: list[list[int]], limit: int, aggregates: bool, marks: Marks
) -> None:
    packer = Packer(codec, sequence=65_530, limit=limit, aggregates=aggregates, marks=marks)
    sent = [
        [slice_of(codec, size, key=number == 0, first=part == 0) for part, size in enumerate(parts)]
        for number, parts in enumerate(sizes)
    ]
    times = [(2**32 - FRAME + number * FRAME) % 2**32 for number in range(len(sent))]
    made = [packer.picture(units, time) for units, time in zip(sent, times, strict=True)]
    found = assembled([packet for picture in made for packet in picture], codec)
    assert units_of(found) == sent
    assert [picture.timestamp for picture in found] == times
    assert [picture.keyframe for picture in found] == [True] + [False] * (len(sent) - 1)


@given(st.lists(st.integers(1, 4_000), min_size=1, max_size=5))
def test_what_the_simulator_packs_comes_out(sizes: list[int]) -> None:
    sender, start = RtpSender(99), datetime(2026, 1, 2, tzinfo=UTC)
    sent = [[SPS, PPS, slice_of("h264", size, key=True)] for size in sizes]
    made = [sender.packets(units, start + timedelta(seconds=number)) for number, units in enumerate(sent)]
    assert units_of(assembled([packet for picture in made for packet in picture])) == sent


@CODECS
def test_what_an_encoder_makes_comes_out_byte_by_byte(codec: Codec) -> None:
    sent, packer = packets(30, codec=codec), Packer(codec, aggregates=True)
    made = assembled([one for p in sent for one in packer.picture(split_units(p.data), p.pts)], codec)
    assert [split_units(picture.data) for picture in made] == [split_units(packet.data) for packet in sent]
    assert [picture.keyframe for picture in made] == [packet.keyframe for packet in sent]


@CODECS
@given(
    sizes=SIZES,
    limit=st.integers(20, 400),
    marks=st.sampled_from(Marks),
    missing=st.sets(st.integers(0, 80), max_size=3),
    cuts=st.lists(st.integers(1, 30), min_size=1, max_size=6),
)
@settings(deadline=None, max_examples=60)
def test_packets_taken_together_make_the_same_pictures_though_they_are_overwritten_afterwards(
    codec: Codec, sizes: list[list[int]], limit: int, marks: Marks, missing: set[int], cuts: list[int]
) -> None:
    packer = Packer(codec, sequence=65_530, limit=limit, marks=marks)
    units = [[slice_of(codec, size, first=part == 0) for part, size in enumerate(parts)] for parts in sizes]
    made = [one for number, parts in enumerate(units) for one in packer.picture(parts, number * FRAME)]
    some = [b"noise" if number in missing else packet for number, packet in enumerate(made)]
    singly, together = PictureAssembler(codec, 96), PictureAssembler(codec, 96)
    expected = [picture for one in some if one != b"noise" for picture in singly.take(memoryview(one))]
    found: list[Picture] = []
    for cut in cycle(cuts):
        room = [bytearray(packet) for packet in some[:cut]]
        found += together.take_all([memoryview(packet) for packet in room])
        for packet in room:
            packet[:] = bytes(len(packet))
        some = some[cut:]
        if not some:
            break
    assert found == expected
    assert together.highest_sequence == singly.highest_sequence


@given(st.integers(0, 2**32 - 1), st.sets(st.integers(0, 60), max_size=12))
def test_no_picture_is_written_half(seed: int, missing: set[int]) -> None:
    chance, packer = random.Random(seed), Packer(limit=100)
    sent = [[slice_of("h264", chance.randrange(1, 900), key=True, fill=number + 1)] for number in range(8)]
    some = [packet for number, units in enumerate(sent) for packet in packer.picture(units, number * FRAME)]
    whole = units_of(assembled([one for one in some if some.index(one) not in missing or one is some[-1]]))
    assert all(units in sent for units in whole)
    assert len(whole) >= len(sent) - len(missing)


def test_of_a_picture_in_slices_the_whole_ones_are_kept() -> None:
    packer = Packer(limit=100)
    first, second = slice_of("h264", 300), slice_of("h264", 300, first=False)
    some = packer.picture([first, second], 0)
    assert units_of(assembled([*some[:1], *some[2:]])) == [[second]]
    assert units_of(assembled([*some[:-2], *some[-1:]])) == [[first]]
    packer.packet(P, FRAME)  # lost
    assert units_of(assembled([*some[:-1], *packer.picture([P], 2 * FRAME)])) == [[first], [P]]


def test_a_keyframe_that_was_lost_is_no_empty_picture() -> None:
    packer = Packer(limit=100)
    some = packer.picture([SPS, PPS, slice_of("h264", 400, key=True)], 0)
    found = assembled([*some[:3], *some[4:], *packer.picture([P], FRAME)])
    assert units_of(found) == [[SPS, PPS, P]]
    assert not found[0].keyframe


@CODECS
@pytest.mark.parametrize("marks", [Marks.EVERY_UNIT, Marks.EVERY_PACKET])
def test_cameras_that_mark_too_much_are_found_out(codec: Codec, marks: Marks) -> None:
    packer = Packer(codec, limit=300, marks=marks)
    units = [slice_of(codec, 500), slice_of(codec, 700, first=False), slice_of(codec, 20, first=False)]
    some = [packet for number in range(4) for packet in packer.picture(units, number * FRAME)]
    assert units_of(assembled(some, codec)) == [units] * 4


def test_cameras_that_mark_every_slice_are_found_out_later_too() -> None:
    packer = Packer(marks=Marks.EVERY_UNIT)
    sliced = [IDR, slice_of("h264", key=True, first=False)]
    some = [
        packet for number in range(1, 10) for packet in packer.picture([P] if number % 4 else sliced, number * FRAME)
    ]
    assert units_of(assembled(some))[-5:] == [[P], [P], [P], sliced, [P]]


def test_a_marked_picture_does_not_wait_for_the_next_one() -> None:
    assembler, packer = PictureAssembler("h264", 96), Packer(limit=100)
    made = [packer.picture([slice_of("h264", 250)], number * FRAME) for number in range(3)]
    counts = [[len(list(assembler.take(memoryview(packet)))) for packet in picture] for picture in made]
    assert counts == [[0, 0, 0], [1, 0, 1], [0, 0, 1]]
    lost_mark = packer.picture([P, slice_of("h264", first=False)], 3 * FRAME)[:1] + packer.picture([P], 4 * FRAME)
    assert [len(list(assembler.take(memoryview(packet)))) for packet in lost_mark] == [0, 2]


def test_parameter_sets_with_a_mark_of_their_own_are_no_picture() -> None:
    packer = Packer()
    some = [packer.packet(unit, 0, marked=True) for unit in (AUD, SPS, PPS, SEI, IDR)]
    some += [packer.packet(P, FRAME, marked=True)]
    assert units_of(assembled(some)) == [[SPS, PPS, SEI, IDR], [P]]


@pytest.mark.parametrize(("marked", "all_marked"), [(False, True), (True, True), (False, False)])
def test_parameter_sets_with_the_time_of_the_picture_before_belong_to_the_next(marked: bool, all_marked: bool) -> None:
    """Reolink."""
    packer = Packer()
    some: list[bytes] = []
    for time in (0, FRAME, 2 * FRAME):
        some += [packer.packet(SPS, time, marked=marked), packer.packet(PPS, time)]
        some += [packer.packet(IDR, time + FRAME, marked=all_marked)]
    found = assembled(some)
    assert units_of(found) == [[SPS, PPS, IDR]] * 3
    assert [picture.timestamp for picture in found] == [FRAME, 2 * FRAME, 3 * FRAME]


@pytest.mark.parametrize("marks", [Marks.LAST, Marks.NONE])
def test_pictures_of_the_same_time_are_still_two(marks: Marks) -> None:
    packer = Packer(marks=marks)
    some = [packet for _ in range(3) for packet in packer.picture([slice_of("h264", 3_000)], 0)]
    assert len(assembled(some)) == 3


@pytest.mark.parametrize("limit", [60, 1_400])
def test_a_keyframe_with_start_codes_inside_one_unit_is_one(limit: int) -> None:
    """V380."""
    packed = (SPS + START_CODE + PPS + START_CODE + slice_of("h264", 2_000, key=True))[: limit * 3]
    packer = Packer(limit=limit)
    found = assembled([*packer.picture([packed], 0), *packer.picture([P], FRAME)])
    assert [picture.keyframe for picture in found] == [True, False]
    assert found[0].data == START_CODE + packed


def test_another_payload_type_costs_nothing() -> None:
    packer = Packer(limit=100)
    some = packer.picture([slice_of("h264", 400)], 0)
    metadata = header(9, 77, payload_type=107, marked=True) + b"<tt:MetadataStream>"
    assert len(assembled([packet for one in some for packet in (one, metadata)])) == 1


def test_a_stream_that_begins_anew_goes_on() -> None:
    first, second = Packer(limit=100), Packer(source=8, sequence=40_000, limit=100)
    some = first.picture([P], 0) + first.picture([slice_of("h264", 400)], FRAME)[:-1]
    some += second.picture([IDR], 2**31) + second.picture([P], 2**31 + FRAME)
    assert units_of(assembled(some)) == [[P], [IDR], [P]]


def test_units_of_modes_that_nobody_asked_for_are_left_out() -> None:
    packer = Packer()
    for kind in (25, 26, 27, 29, 30):
        assert units_of(assembled(packer.picture([bytes([kind]) + bytes(20), P], 0))) == [[P]]
    assert units_of(assembled(Packer("hevc").picture([b"\x64\x01" + bytes(20), slice_of("hevc")], 0), "hevc")) == [
        [slice_of("hevc")]
    ]


def test_what_an_aggregate_says_beyond_its_end_is_left_out() -> None:
    packer = Packer()
    whole, later = aggregate("h264", [SPS, PPS, IDR]), slice_of("h264", key=True, first=False)
    assert units_of(assembled(packer.picture([whole], 0))) == [[SPS, PPS, IDR]]
    assert units_of(assembled(packer.picture([whole[:-1], P], 0))) == [[SPS, PPS, P]]
    assert units_of(assembled(packer.picture([whole + b"\x00\x00\x00", later], 0))) == [[SPS, PPS, IDR, later]]


def test_a_picture_that_never_ends_does_not_fill_the_memory() -> None:
    packer, assembler = Packer(marks=Marks.NONE), PictureAssembler("h264", 96)
    first, part, _ = fragments("h264", slice_of("h264", 120_000), 50_000)
    endless = [packer.packet(payload, 0) for payload in [first, *[part] * 700]]
    found = [one for packet in endless for one in assembler.take(memoryview(packet))]
    assert found == []
    found += [
        one for packet in packer.picture([P], 1) + packer.picture([P], 2) for one in assembler.take(memoryview(packet))
    ]
    assert units_of(found)[-1] == [P]


def test_the_highest_number_counts_the_wraps() -> None:
    assembler, packer = PictureAssembler("h264", 96), Packer(sequence=65_534)
    seen: list[int] = []
    for number in range(4):
        list(assembler.take(memoryview(packer.picture([P], number)[0])))
        seen.append(assembler.highest_sequence)
    assert seen == [65_534, 65_535, 65_536, 65_537]
    packer.sequence = 10
    list(assembler.take(memoryview(packer.picture([P], 9)[0])))
    assert assembler.highest_sequence == 65_546


@CODECS
@given(data=st.lists(st.binary(max_size=60), max_size=30))
@settings(deadline=None)
def test_any_bytes_are_pictures_or_no_packets(codec: Codec, data: list[bytes]) -> None:
    assembler = PictureAssembler(codec, 96)
    for number, payload in enumerate(data):
        for packet in (payload, header(number, number // 3, marked=number % 3 == 2) + payload):
            try:
                found = list(assembler.take(memoryview(packet)))
            except BadPacket:
                continue
            assert all(picture.data for picture in found)


@given(st.lists(st.integers(0, 2**16 - 1), min_size=2, max_size=20))
def test_numbers_that_jump_about_do_no_harm(numbers: list[int]) -> None:
    assembler = PictureAssembler("h264", 96)
    list(assembler.take(memoryview(header(0, 1, marked=True) + P)))
    list(assembler.take(memoryview(header(1, 2, marked=True) + P)))
    for before, number in pairwise(numbers):
        packet = header(number, before, marked=True) + P
        assert [picture.data for picture in assembler.take(memoryview(packet))] == [join_units([P])]
