"""Frames of sound out of RTP, from cameras that keep to the rules and from those that do not."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.video.audio import AudioFormat
from ingest.video.rtsp.access_units import FrameCollector
from ingest.video.rtsp.audio_descriptions import AudioTrack, UnitHeader
from ingest.video.rtsp.rtp import BadPacket
from tests.ingest.video.rtsp.packing import Packer, header

AAC = AudioTrack(AudioFormat("aac", 48_000, 2, 1_024, b"\x11\x90"), 97, "", UnitHeader(13, 3, 3))
PCMU = AudioTrack(AudioFormat("pcmu", 8_000, 1, 0), 0, "")
UNITS = st.lists(st.binary(min_size=1, max_size=1_500), min_size=1, max_size=8)


def payload(units: list[bytes], sizes: list[int] | None = None) -> bytes:
    """RFC 3640 3.3.6."""
    told = sizes or [len(unit) for unit in units]
    return struct.pack(">H", 16 * len(told)) + b"".join(struct.pack(">H", n << 3) for n in told) + b"".join(units)


def collected(collector: FrameCollector, packets: list[bytes]) -> list[tuple[int, bytes]]:
    return [frame for packet in packets for frame in collector.take(memoryview(packet))]


@given(st.lists(UNITS, min_size=1, max_size=5))
def test_several_units_in_a_packet_come_out_each_with_its_time(groups: list[list[bytes]]) -> None:
    packer = Packer(payload_type=97, sequence=65_534)
    packets = [packer.packet(payload(units), (n << 20) - 5, marked=True) for n, units in enumerate(groups)]
    expected = [
        ((n << 20) - 5 + 1_024 * place & 0xFFFFFFFF, unit)
        for n, units in enumerate(groups)
        for place, unit in enumerate(units)
    ]
    assert collected(FrameCollector(AAC), packets) == expected


def parts_of(unit: bytes, size: int, packer: Packer, timestamp: int) -> list[bytes]:
    parts = [unit[at : at + size] for at in range(0, len(unit), size)]
    return [packer.packet(payload([part], [len(unit)]), timestamp, marked=part is parts[-1]) for part in parts]


@given(st.binary(min_size=200, max_size=4_000), st.integers(40, 190))
def test_a_unit_in_several_packets_is_put_together(unit: bytes, size: int) -> None:
    packer = Packer(payload_type=97)
    packets = [*parts_of(unit, size, packer, 7), packer.packet(payload([b"after"]), 1_031)]
    assert collected(FrameCollector(AAC), packets) == [(7, unit), (1_031, b"after")]


@given(st.integers(0, 9))
def test_a_unit_of_which_a_part_was_lost_is_left_out(lost: int) -> None:
    packer = Packer(payload_type=97)
    packets = parts_of(bytes(1_000), 100, packer, 7)
    del packets[lost]
    packets.append(packer.packet(payload([b"after"]), 1_031))
    assert collected(FrameCollector(AAC), packets) == [(1_031, b"after")]


def test_an_auxiliary_section_is_passed_over() -> None:
    track = AudioTrack(AAC.format, 97, "", UnitHeader(13, 3, 3, auxiliary=8))
    data = struct.pack(">HH", 16, 3 << 3) + bytes([16, 0xAA, 0xBB]) + b"abc"
    assert collected(FrameCollector(track), [Packer(payload_type=97).packet(data, 1)]) == [(1, b"abc")]


def test_interleaved_units_are_refused() -> None:
    data = struct.pack(">HHH", 32, 3 << 3, 3 << 3 | 2) + b"abcdef"
    with pytest.raises(BadPacket, match="interleaved"):
        collected(FrameCollector(AAC), [Packer(payload_type=97).packet(data, 1)])


def test_g711_is_taken_as_it_is() -> None:
    packer = Packer(payload_type=0)
    packets = [packer.packet(bytes([n]) * 160, n * 160) for n in range(3)]
    assert collected(FrameCollector(PCMU), packets) == [(n * 160, bytes([n]) * 160) for n in range(3)]


def test_packets_of_other_kinds_are_not_looked_at() -> None:
    comfort_noise = header(1, 2, payload_type=13) + b"\x40"
    assert collected(FrameCollector(PCMU), [comfort_noise]) == []


@given(
    st.sampled_from([AAC, PCMU, AudioTrack(AAC.format, 97, "", UnitHeader(16, 0, 0, auxiliary=32))]),
    st.lists(st.binary(max_size=80) | st.binary(max_size=60).map(lambda data: header(1, 2, payload_type=97) + data)),
)
def test_any_bytes_are_taken_or_refused(track: AudioTrack, packets: list[bytes]) -> None:
    collector = FrameCollector(track)
    for packet in packets:
        with suppress(BadPacket):
            for timestamp, data in collector.take(memoryview(packet)):
                assert 0 <= timestamp < 1 << 32
                assert data
