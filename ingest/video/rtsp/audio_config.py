"""What an AudioSpecificConfig says of an AAC stream (ISO/IEC 14496-3 1.6.2.1)."""

from dataclasses import dataclass

from ingest.video.bits import Bits

_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)
_CHANNELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8}
_PLAIN = {1: "Main", 2: "LC", 3: "SSR", 4: "LTP"}
_EXTENDED = (5, 29)
"""With SBR, with PS: HE-AAC."""
_MAX_HZ = 192_000
_MAX_BYTES = 64


@dataclass(frozen=True, slots=True)
class AudioConfig:
    hz: int
    """Samples a second of the core; with SBR, players double them."""
    channels: int
    """0: told elsewhere."""
    frame_samples: int
    """Samples of the core in a frame."""


def read_audio_config(data: bytes) -> AudioConfig:
    """Raises ValueError, in words, when it is damaged or of a kind that is not plain AAC or HE-AAC."""
    if len(data) > _MAX_BYTES:
        raise ValueError("its configuration is too long")
    bits = Bits(data)
    kind, hz, channels = _kind(bits), _rate(bits), bits.read(4)
    if kind in _EXTENDED:
        _rate(bits)
        kind = _kind(bits)
    if kind not in _PLAIN:
        raise ValueError(f"AAC of kind {kind}")
    if channels and channels not in _CHANNELS:
        raise ValueError(f"AAC with channels of kind {channels}")
    return AudioConfig(hz, _CHANNELS.get(channels, 0), 960 if bits.read(1) else 1024)


def _kind(bits: Bits) -> int:
    kind = bits.read(5)
    return 32 + bits.read(6) if kind == 31 else kind


def _rate(bits: Bits) -> int:
    index = bits.read(4)
    hz = bits.read(24) if index == 15 else _RATES[index] if index < len(_RATES) else 0
    if not 0 < hz <= _MAX_HZ:
        raise ValueError("AAC with a sampling rate that makes no sense")
    return hz
