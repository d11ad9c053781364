"""H.264 in RTP, taken apart again."""

import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.simulator.rtp import (
    MAX_PAYLOAD,
    RtpClock,
    RtpSender,
    find_parameter_sets,
    microseconds,
    payloads,
    rtp_time,
    split_nals,
)
from ingest.simulator.rtsp_messages import BadRequestError, interleaved_channels, parse_request

WALL = datetime(2026, 1, 2, 3, 4, 5, 600_000, UTC)
# a NAL unit: header, body that holds no start code and does not end in zero
NALS = st.lists(
    st.builds(
        lambda kind, size: bytes([0x60 | kind]) + b"\x5a" * size + b"\x80",
        st.sampled_from([1, 5, 6, 7, 8]),
        st.one_of(st.integers(0, 50), st.integers(MAX_PAYLOAD - 3, 4 * MAX_PAYLOAD)),
    ),
    min_size=1,
    max_size=6,
)


def depacketized(parts: list[bytes]) -> list[bytes]:
    """As RFC 6184 says, written apart from what it tests."""
    units: list[bytes] = []
    for part in parts:
        kind = part[0] & 0x1F
        if kind == 24:
            at = 1
            while at < len(part):
                (size,) = struct.unpack_from(">H", part, at)
                units.append(part[at + 2 : at + 2 + size])
                at += 2 + size
        elif kind == 28:
            if part[1] & 0x80:
                units.append(bytes([part[0] & 0xE0 | part[1] & 0x1F]))
            units[-1] += part[2:]
        else:
            units.append(part)
    return units


@given(NALS)
def test_nothing_is_lost_between_packets(nals: list[bytes]) -> None:
    parts = list(payloads(nals))
    assert all(len(part) <= MAX_PAYLOAD for part in parts)
    assert sorted(depacketized(parts)) == sorted(nals)


@given(NALS, st.sampled_from([b"\0\0\1", b"\0\0\0\1"]))
def test_a_byte_stream_falls_into_its_units(nals: list[bytes], start: bytes) -> None:
    assert split_nals(b"".join(start + nal for nal in nals)) == nals


def test_parameter_sets_are_found_only_in_pairs() -> None:
    sps, pps = b"\x67sps", b"\x68pps"
    both = find_parameter_sets([sps, pps, b"\x65x"])
    assert both
    assert (both.sps, both.pps) == (sps, pps)
    assert find_parameter_sets([sps, b"\x65x"]) is None


def test_the_last_packet_of_a_picture_is_marked_and_numbers_go_on() -> None:
    sender = RtpSender(ssrc=77)
    packets = sender.packets([b"\x65" + b"\x5a" * 5000], WALL) + sender.packets([b"\x61\x80"], WALL)
    headers = [struct.unpack(">BBHII", packet[:12]) for packet in packets]
    assert [bool(header[1] & 0x80) for header in headers] == [False] * 3 + [True, True]
    assert [header[2] for header in headers] == list(range(headers[0][2], headers[0][2] + 5))
    assert {header[3] for header in headers} == {rtp_time(WALL)}


def test_a_report_tells_the_camera_clock_at_the_rtp_time_of_the_true_one() -> None:
    report = RtpSender(ssrc=77).report(WALL, timedelta(seconds=7))
    _, ntp_seconds, fraction, rtp = struct.unpack_from(">IIII", report, 4)
    told = ntp_seconds - 2_208_988_800 + fraction / 2**32
    assert told == pytest.approx(microseconds(WALL) / 1e6 + 7, abs=1e-5)
    assert rtp == rtp_time(WALL)


def test_the_clock_of_the_timestamps_is_true_until_it_is_told_to_lie() -> None:
    clock = RtpClock()
    assert clock.timestamp(WALL) == rtp_time(WALL)
    clock.set(WALL, 2**32 - 90_000)
    assert clock.timestamp(WALL + timedelta(seconds=1.5)) == 45_000
    clock.run_at(0.84, WALL + timedelta(seconds=2))
    assert clock.timestamp(WALL + timedelta(seconds=12)) == 90_000 + 756_000


@pytest.mark.parametrize("text", ["", "GET / HTTP/1.1\r\n\r\n", "DESCRIBE rtsp://x/y\r\n\r\n", "\r\n\r\n"])
def test_what_is_not_rtsp_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError):
        parse_request(text)


def test_only_interleaved_transport_is_granted() -> None:
    assert interleaved_channels("RTP/AVP/TCP;unicast;interleaved=4-5") == (4, 5)
    assert interleaved_channels("RTP/AVP;unicast;client_port=5000-5001") is None
