"""H.264 over RTP (RFC 6184) and the sender reports that tell its wall time (RFC 3550)."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

RTP_CLOCK_HZ = 90_000
PAYLOAD_TYPE = 96
MAX_PAYLOAD = 1400
"""Bytes after the RTP header; what fits into an Ethernet frame with room for a tunnel."""

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NTP_EPOCH_OFFSET_S = 2_208_988_800  # 1900 to 1970
_START_CODE = re.compile(rb"\x00\x00\x01")
_SPS, _PPS = 7, 8
_STAP_A, _FU_A = 24, 28


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """Sequence and picture parameter set of an H.264 stream, without start codes."""

    sps: bytes
    pps: bytes


def microseconds(wall: datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    return (wall - _UNIX_EPOCH) // timedelta(microseconds=1)


def rtp_time(wall: datetime) -> int:
    """The 32-bit RTP timestamp of a wall time; all mounts share this clock while none is made to lie."""
    return microseconds(wall) * 9 // 100 & 0xFFFFFFFF


class RtpClock:
    """The clock behind a stream's timestamps. True until it is told to lie; safe to share between threads."""

    def __init__(self, hz: int = RTP_CLOCK_HZ) -> None:
        self._hz = hz
        self._course = (0, 0, 1.0)  # from when, in microseconds; the ticks then; ticks for each true tick

    def timestamp(self, wall: datetime) -> int:
        since_us, ticks, rate = self._course
        true_ticks = (microseconds(wall) - since_us) * self._hz // 1_000_000
        return ticks + (true_ticks if rate == 1.0 else round(true_ticks * rate)) & 0xFFFFFFFF

    def set(self, wall: datetime, timestamp: int) -> None:
        """Leaps to the timestamp."""
        self._course = microseconds(wall), timestamp, self._course[2]

    def run_at(self, rate: float, wall: datetime) -> None:
        """0.84: as of a camera that numbers its pictures as 25 a second and delivers 21."""
        self._course = microseconds(wall), self.timestamp(wall), rate


def split_nals(annex_b: bytes) -> list[bytes]:
    """The NAL units of an Annex B byte stream, without their start codes."""
    starts = list(_START_CODE.finditer(annex_b))
    ends = [m.start() for m in starts[1:]] + [len(annex_b)]
    units = (annex_b[m.end() : end].rstrip(b"\x00") for m, end in zip(starts, ends, strict=True))
    return [unit for unit in units if unit]


def find_parameter_sets(nals: list[bytes]) -> ParameterSets | None:
    found = {nal[0] & 0x1F: nal for nal in nals}
    if _SPS in found and _PPS in found:
        return ParameterSets(found[_SPS], found[_PPS])
    return None


def payloads(nals: list[bytes]) -> Iterator[bytes]:
    """The RTP payloads of one access unit: parameter sets together, large units in fragments."""
    headers = [nal for nal in nals if nal[0] & 0x1F in (_SPS, _PPS)]
    if len(headers) > 1 and sum(map(len, headers)) + 2 * len(headers) < MAX_PAYLOAD:
        yield _aggregate(headers)
        nals = [nal for nal in nals if nal not in headers]
    for nal in nals:
        if len(nal) <= MAX_PAYLOAD:
            yield nal
        else:
            yield from _fragments(nal)


def _aggregate(nals: list[bytes]) -> bytes:
    importance = max(nal[0] & 0x60 for nal in nals)
    return bytes([importance | _STAP_A]) + b"".join(struct.pack(">H", len(nal)) + nal for nal in nals)


def _fragments(nal: bytes) -> Iterator[bytes]:
    indicator, kind, body = nal[0] & 0xE0 | _FU_A, nal[0] & 0x1F, nal[1:]
    step = MAX_PAYLOAD - 2
    for at in range(0, len(body), step):
        first, last = at == 0, at + step >= len(body)
        yield bytes([indicator, kind | first << 7 | last << 6]) + body[at : at + step]


class RtpSender:
    """Numbers the packets of one stream and counts them for its sender reports."""

    def __init__(self, ssrc: int, clock: RtpClock | None = None, payload_type: int = PAYLOAD_TYPE) -> None:
        self._ssrc, self._payload_type = ssrc, payload_type
        self.clock = clock or RtpClock()
        self._sequence = ssrc & 0x7FFF
        self._packets = 0
        self._octets = 0

    def packets(self, nals: list[bytes], wall: datetime) -> list[bytes]:
        """The RTP packets of one access unit, the last one marked."""
        parts = list(payloads(nals))
        timestamp = self.clock.timestamp(wall)
        return [self._packet(part, timestamp, part is parts[-1]) for part in parts]

    def packet(self, payload: bytes, wall: datetime) -> bytes:
        """A frame of sound that fits into one packet."""
        return self._packet(payload, self.clock.timestamp(wall), last=True)

    def _packet(self, payload: bytes, timestamp: int, last: bool) -> bytes:
        header = struct.pack(">BBHII", 0x80, self._payload_type | last << 7, self._sequence, timestamp, self._ssrc)
        self._sequence = self._sequence + 1 & 0xFFFF
        self._packets += 1
        self._octets += len(payload)
        return header + payload

    def report(self, wall: datetime, clock_offset: timedelta) -> bytes:
        """A sender report with the stream's name: at `wall` the camera's own clock shows `wall + clock_offset`."""
        seconds, micros = divmod(microseconds(wall + clock_offset), 1_000_000)
        fraction = (micros << 32) // 1_000_000
        body = struct.pack(
            ">IIIIII",
            self._ssrc,
            seconds + _NTP_EPOCH_OFFSET_S & 0xFFFFFFFF,
            fraction,
            self.clock.timestamp(wall),
            self._packets & 0xFFFFFFFF,
            self._octets & 0xFFFFFFFF,
        )
        return struct.pack(">BBH", 0x80, 200, 6) + body + _source_description(self._ssrc)


def _source_description(ssrc: int) -> bytes:
    name = b"hallwatch"
    chunk = struct.pack(">IBB", ssrc, 1, len(name)) + name + b"\x00"
    chunk += b"\x00" * (-len(chunk) % 4)
    return struct.pack(">BBH", 0x81, 202, len(chunk) // 4) + chunk
