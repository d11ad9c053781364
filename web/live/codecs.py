"""What a stream's parameter sets mean to a browser."""

from ingest.video.annexb import H264_SPS, HEVC_SPS, h264_kind, hevc_kind
from ingest.video.parameter_sets import ParameterSets, unescape

_BASELINE, _MAIN, _HIGH = 66, 77, 100
WEBRTC_PROFILES = frozenset({_BASELINE, _MAIN, _HIGH})
"""Of H.264, 8 bit 4:2:0: what browsers decode in a peer connection."""


def codec_string(sets: ParameterSets) -> str:
    """The name by which a browser is asked whether it can play this: avc1.42c01e, hev1.1.6.L93.b0."""
    if sets.codec == "h264":
        return f"avc1.{_sps(sets)[1:4].hex()}"
    return _hevc_string(unescape(_sps(sets)))


def peer_problem(sets: ParameterSets) -> str | None:
    """Why a peer connection cannot carry these pictures: codec, profile, or None."""
    if sets.codec != "h264":
        return "codec"
    return None if _sps(sets)[1] in WEBRTC_PROFILES else "profile"


def _sps(sets: ParameterSets) -> bytes:
    kind, kind_of = (H264_SPS, h264_kind) if sets.codec == "h264" else (HEVC_SPS, hevc_kind)
    return next(unit for unit in sets.units if kind_of(unit) == kind)


def _hevc_string(sps: bytes) -> str:
    """ISO/IEC 14496-15, E.3; `sps` without emulation prevention: header, profile, compatibility, constraints, level."""
    space = ("", "A", "B", "C")[sps[3] >> 6]
    tier = "H" if sps[3] & 0x20 else "L"
    compatible = int(f"{int.from_bytes(sps[4:8], 'big'):032b}"[::-1], 2)
    constraints = "".join(f".{byte:x}" for byte in sps[8:14].rstrip(b"\x00"))
    return f"hev1.{space}{sps[3] & 0x1F}.{compatible:x}.{tier}{sps[14]}{constraints}"
