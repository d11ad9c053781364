"""RTP and RTCP packets (RFC 3550)."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.video.rtsp.rtp import (
    BadPacket,
    SenderReport,
    payload_span,
    receiver_report,
    says_goodbye,
    sender_report,
    signed,
)
from tests.ingest.video.rtsp.packing import goodbye, header, raw_report
from tests.ingest.video.rtsp.packing import sender_report as packed_report

NOW_US = 1_790_000_000_000_000
YEAR_US = 365 * 86_400_000_000
EMPTY_RECEIVER_REPORT = bytes.fromhex("80c9000100000007")


def payload(packet: bytes) -> bytes:
    start, end = payload_span(memoryview(packet))
    return packet[start:end]


def test_what_surrounds_the_payload_is_taken_off() -> None:
    assert payload(header(1, 2) + b"video") == b"video"
    assert payload(header(1, 2, flags=0x82) + bytes(8) + b"video") == b"video"
    assert payload(header(1, 2, flags=0x90) + b"\xbe\xde\x00\x02" + bytes(8) + b"video") == b"video"
    assert payload(header(1, 2, flags=0xA0) + b"video\x00\x00\x03") == b"video"
    assert payload(header(1, 2, flags=0xB1) + bytes(4) + b"\x00\x00\x00\x00" + b"video\x01") == b"video"
    assert payload(header(1, 2, flags=0xA0) + b"\x01") == b""


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        bytes(12),
        header(1, 2)[:11],
        header(1, 2, flags=0x8F),
        header(1, 2, flags=0x90) + b"\xbe\xde\x00",
        header(1, 2, flags=0x90) + b"\xbe\xde\xff\xff",
        header(1, 2, flags=0xA0) + b"\xff",
    ],
)
def test_what_leads_beyond_the_end_is_no_packet(packet: bytes) -> None:
    with pytest.raises(BadPacket):
        payload(packet)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_packet_or_not(data: bytes) -> None:
    says_goodbye(data)
    sender_report(data, NOW_US)
    try:
        start, end = payload_span(memoryview(data))
    except BadPacket:
        return
    assert 12 <= start <= end <= len(data)


@given(st.integers(0, 4_000_000_000_000_000), st.integers(0, 2**32 - 1))
def test_a_report_tells_the_cameras_time_to_the_microsecond(wall_us: int, timestamp: int) -> None:
    report = sender_report(packed_report(wall_us, timestamp), wall_us)
    assert report is not None
    assert (report.source, report.timestamp) == (7, timestamp)
    assert wall_us - 1 <= report.wall_us <= wall_us


@pytest.mark.parametrize("before", [b"", EMPTY_RECEIVER_REPORT])
def test_a_report_and_a_goodbye_are_found_in_a_compound_packet(before: bytes) -> None:
    compound = before + packed_report(NOW_US, 5) + goodbye()
    assert sender_report(compound, NOW_US) is not None
    assert says_goodbye(compound)
    assert not says_goodbye(before + packed_report(NOW_US, 5))


def test_a_camera_without_a_clock_tells_no_time() -> None:
    assert sender_report(raw_report(0, 0, 5), NOW_US) is None
    for seconds_since_start in (1, 3600, 300 * 86_400):
        assert sender_report(raw_report(seconds_since_start, 7, 5), NOW_US) is None


def test_a_clock_that_was_never_set_is_told_as_it_is_and_2036_is_no_end() -> None:
    reset = sender_report(packed_report(86_400_000_000, 5), NOW_US)
    assert reset is not None
    assert reset.wall_us == 86_400_000_000
    later = NOW_US + 20 * YEAR_US
    assert sender_report(packed_report(later, 5), later) is not None


def test_a_receiver_report_is_that_of_rfc_3550() -> None:
    report = SenderReport(7, NOW_US, 5, 0xABCD1234)
    data = receiver_report(9, 7, 3 << 16 | 5, report, 1.5)
    assert struct.unpack(">BBHII", data[:12]) == (0x81, 201, 7, 9, 7)
    assert len(data) == 4 * 8
    assert struct.unpack(">III", data[20:32])[1:] == (0xABCD1234, 0x18000)
    assert struct.unpack(">I", data[16:20]) == (3 << 16 | 5,)
    assert receiver_report(9, 7, 5, None, 0)[24:] == bytes(8)


@given(st.integers(0, 2**16 - 1), st.integers(-(2**15), 2**15 - 1))
def test_a_difference_of_numbers_that_wrap_is_the_short_way_round(number: int, step: int) -> None:
    assert signed((number + step) % 2**16 - number, 16) == step
