"""RTP and RTCP packets (RFC 3550)."""

import struct
from dataclasses import dataclass

HEADER = struct.Struct(">BBHII")
"""Flags, marker and payload type, sequence number, timestamp, source (SSRC)."""
HEADER_SIZE = HEADER.size
PLAIN = 0x80
"""The flags of version 2 without padding, extension and contributing sources, as nearly every packet has them."""

SENDER_REPORT, RECEIVER_REPORT, BYE = 200, 201, 203
_NTP_EPOCH_S = 2_208_988_800
_NTP_ERA_S = 1 << 32
_UNIX_EPOCH_IN_ERA = 1 << 31
"""NTP seconds below this are of the era that begins in 2036 (RFC 4330 section 3)."""
_MAX_AHEAD_US = 3 * 365 * 86_400_000_000


class BadPacket(ValueError):
    """Not an RTP packet."""


@dataclass(frozen=True, slots=True)
class SenderReport:
    """What a camera's clock showed when its RTP clock showed `timestamp`."""

    source: int
    wall_us: int
    """Microseconds since 1970 by the camera's clock."""
    timestamp: int
    """32 bits."""
    ntp_middle: int
    """The middle 32 bits of its NTP time, by which a receiver's report refers to it."""


def signed(difference: int, bits: int) -> int:
    """Of two numbers that wrap: the way round that is shorter."""
    half = 1 << bits - 1
    return (difference + half) % (1 << bits) - half


def payload_span(packet: memoryview) -> tuple[int, int]:
    """Where the payload of a packet begins and ends. Raises BadPacket."""
    size = len(packet)
    if size < HEADER_SIZE or packet[0] >> 6 != 2:
        raise BadPacket("not RTP of version 2")
    first = packet[0]
    start = HEADER_SIZE + 4 * (first & 0x0F)
    if first & 0x10:
        if size < start + 4:
            raise BadPacket("the header extension leads beyond the end")
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    end = size - (packet[-1] if first & 0x20 else 0)
    if start > end:
        raise BadPacket("the header leads beyond the end")
    return start, end


def sender_report(data: bytes, now_us: int) -> SenderReport | None:
    """The first one of a compound packet; None when there is none or it tells no time of day.

    `now_us` is the recorder's clock: a camera without a clock of its own may count from its start (RFC 3550 6.4.1),
    which looks like a time many years ahead.
    """
    position = 0
    while len(data) - position >= 8 and data[position] >> 6 == 2:
        kind, words = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        if kind == SENDER_REPORT and len(data) - position >= 28:
            source, seconds, fraction, timestamp = struct.unpack_from(">IIII", data, position + 4)
            wall_us = _wall_us(seconds, fraction)
            if not seconds or wall_us - now_us > _MAX_AHEAD_US:
                return None
            return SenderReport(source, wall_us, timestamp, (seconds & 0xFFFF) << 16 | fraction >> 16)
        position += 4 * (words + 1)
    return None


def says_goodbye(data: bytes) -> bool:
    """Whether a compound packet ends the stream."""
    position = 0
    while len(data) - position >= 4 and data[position] >> 6 == 2:
        if data[position + 1] == BYE:
            return True
        position += 4 * (int.from_bytes(data[position + 2 : position + 4], "big") + 1)
    return False


def receiver_report(own: int, source: int, highest: int, report: SenderReport | None, delay_s: float) -> bytes:
    """Tells a camera that somebody is there; some end a stream to which nobody answers.

    `highest` is the extended highest sequence number; `delay_s` the time since the camera's report came.
    """
    reference = (report.ntp_middle, round(delay_s * 65_536) & 0xFFFFFFFF) if report else (0, 0)
    block = struct.pack(">IIIIII", source, 0, highest & 0xFFFFFFFF, 0, *reference)
    return struct.pack(">BBHI", 0x81, RECEIVER_REPORT, 7, own) + block


def _wall_us(seconds: int, fraction: int) -> int:
    era = _NTP_ERA_S if seconds < _UNIX_EPOCH_IN_ERA else 0
    return (seconds + era - _NTP_EPOCH_S) * 1_000_000 + (fraction * 1_000_000 >> 32)
