"""What live video must know of an H.264 bitstream: its NAL units, parameter sets and their description for MP4."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

START_CODE = b"\x00\x00\x00\x01"
_SPS, _PPS, _DELIMITER = 7, 8, 9
_HIGH = 100
_OUT_OF_BAND = frozenset({_SPS, _PPS, _DELIMITER})
WEBRTC_PROFILES = frozenset({66, 77, _HIGH})
"""Baseline, main and high at 8 bit 4:2:0: what browsers decode in a peer connection."""


class NoParameterSets(ValueError):
    """The stream has not told its sequence and picture parameter sets."""


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """Each set is one NAL unit without start code."""

    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]

    @property
    def profile(self) -> int:
        """profile_idc of the first sequence parameter set."""
        return self.sps[0][1]

    @property
    def codec_string(self) -> str:
        """RFC 6381, e.g. avc1.42c01e."""
        return f"avc1.{self.sps[0][1:4].hex()}"

    def annex_b(self) -> bytes:
        return b"".join(START_CODE + unit for unit in (*self.sps, *self.pps))

    def avc_record(self) -> bytes:
        """AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1) with four-byte lengths."""
        head = bytes([1]) + self.sps[0][1:4] + bytes([0xFF, 0xE0 | len(self.sps)])
        record = head + _counted(self.sps) + bytes([len(self.pps)]) + _counted(self.pps)
        if self.profile != _HIGH:
            return record
        return record + bytes([0xFC | 1, 0xF8, 0xF8, 0])  # 4:2:0, 8 bit, 8 bit, no extension


def nal_units(annex_b: bytes) -> Iterator[bytes]:
    """The NAL units between start codes of three or four bytes, none of them empty."""
    for part in annex_b.split(b"\x00\x00\x01")[1:]:
        unit = part.rstrip(b"\x00")  # belongs to the next start code: a unit never ends with a zero byte
        if unit:
            yield unit


def parameter_sets(annex_b: bytes) -> ParameterSets:
    """The sets in it, each once. Raises NoParameterSets when one of the two kinds is missing."""
    units = [(unit[0] & 0x1F, unit) for unit in nal_units(annex_b)]
    sps = tuple(dict.fromkeys(unit for kind, unit in units if kind == _SPS and len(unit) >= 4))
    pps = tuple(dict.fromkeys(unit for kind, unit in units if kind == _PPS))
    if not sps or not pps:
        raise NoParameterSets
    return ParameterSets(sps, pps)


def length_prefixed(annex_b: bytes) -> bytes:
    """The picture's NAL units as MP4 wants them; parameter sets and delimiters are left to the header."""
    units = (unit for unit in nal_units(annex_b) if unit[0] & 0x1F not in _OUT_OF_BAND)
    return b"".join(struct.pack(">I", len(unit)) + unit for unit in units)


def _counted(units: tuple[bytes, ...]) -> bytes:
    return b"".join(struct.pack(">H", len(unit)) + unit for unit in units)
