"""H.264 and HEVC parameter sets: the picture's size, and the configuration boxes that MP4 wants.

Syntax after ITU-T H.264 7.3.2.1.1 and H.265 7.3.2.2; boxes after ISO/IEC 14496-15.
"""

from dataclasses import dataclass

from ingest.video.annexb import (
    H264_PPS,
    H264_SPS,
    HEVC_PPS,
    HEVC_SPS,
    HEVC_VPS,
    h264_kind,
    hevc_kind,
    join_units,
    split_units,
)
from ingest.video.bits import Bits
from ingest.video.frames import Codec

_WITH_CHROMA_FORMAT = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}


class BadParameterSets(ValueError):
    """The camera's parameter sets are missing or malformed."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a sequence parameter set says of the pictures."""

    width: int
    height: int
    chroma_format: int
    luma_bits: int
    chroma_bits: int


@dataclass(frozen=True, slots=True)
class ParameterSets:
    codec: Codec
    units: tuple[bytes, ...]
    """VPS (HEVC), SPS, PPS, in this order, each once."""

    @classmethod
    def find(cls, codec: Codec, data: bytes) -> "ParameterSets | None":
        """Those in Annex B data (extradata or a keyframe); None when a kind is missing."""
        kind_of = h264_kind if codec == "h264" else hevc_kind
        wanted = (H264_SPS, H264_PPS) if codec == "h264" else (HEVC_VPS, HEVC_SPS, HEVC_PPS)
        found: dict[int, dict[bytes, None]] = {kind: {} for kind in wanted}
        for unit in split_units(data):
            if (kind := kind_of(unit)) in found:
                found[kind][unit] = None
        if not all(found.values()):
            return None
        return cls(codec, tuple(unit for kind in wanted for unit in found[kind]))

    @property
    def extradata(self) -> bytes:
        return join_units(self.units)

    def picture(self) -> Picture:
        """Raises BadParameterSets."""
        try:
            return _h264_picture(self._sps) if self.codec == "h264" else _hevc_picture(self._sps)
        except (IndexError, ValueError) as error:
            raise BadParameterSets(f"{self.codec} sequence parameter set: {error}") from error

    def configuration(self) -> bytes:
        """Body of the `avcC` or `hvcC` box."""
        return self._avcc() if self.codec == "h264" else self._hvcc()

    @property
    def _sps(self) -> bytes:
        kind, kind_of = (H264_SPS, h264_kind) if self.codec == "h264" else (HEVC_SPS, hevc_kind)
        return next(unit for unit in self.units if kind_of(unit) == kind)

    def _avcc(self) -> bytes:
        sps = [unit for unit in self.units if h264_kind(unit) == H264_SPS]
        pps = [unit for unit in self.units if h264_kind(unit) == H264_PPS]
        body = bytes([1, *sps[0][1:4], 0xFF, 0xE0 | len(sps)]) + _with_lengths(sps)
        body += bytes([len(pps)]) + _with_lengths(pps)
        if sps[0][1] in (100, 110, 122, 144):
            picture = self.picture()
            body += bytes(
                [0xFC | picture.chroma_format, 0xF8 | picture.luma_bits - 8, 0xF8 | picture.chroma_bits - 8, 0]
            )
        return body

    def _hvcc(self) -> bytes:
        picture = self.picture()
        raw = unescape(self._sps)
        layers, nested = (raw[2] >> 1 & 7) + 1, raw[2] & 1
        body = bytes([1]) + raw[3:15] + bytes([0xF0, 0, 0xFC, 0xFC | picture.chroma_format])
        body += bytes(
            [0xF8 | picture.luma_bits - 8, 0xF8 | picture.chroma_bits - 8, 0, 0, layers << 3 | nested << 2 | 3]
        )
        kinds = sorted({hevc_kind(unit) for unit in self.units})
        body += bytes([len(kinds)])
        for kind in kinds:
            units = [unit for unit in self.units if hevc_kind(unit) == kind]
            body += bytes([0x80 | kind]) + len(units).to_bytes(2, "big") + _with_lengths(units)
        return body


def unescape(unit: bytes) -> bytes:
    """Without the emulation prevention bytes."""
    return unit.replace(b"\x00\x00\x03", b"\x00\x00")


def _with_lengths(units: list[bytes]) -> bytes:
    return b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


def _h264_picture(sps: bytes) -> Picture:
    bits = Bits(unescape(sps[1:]))
    profile = bits.read(24) >> 16
    bits.golomb()
    chroma_format, luma_bits, chroma_bits = 1, 8, 8
    if profile in _WITH_CHROMA_FORMAT:
        chroma_format, luma_bits, chroma_bits = _h264_high_fields(bits)
    bits.golomb()
    _skip_order_count(bits)
    bits.golomb()
    bits.read(1)
    width, height_in_maps = (bits.golomb() + 1) * 16, (bits.golomb() + 1) * 16
    frames_only = bits.read(1)
    if not frames_only:
        bits.read(1)
    bits.read(1)
    height = height_in_maps * (2 - frames_only)
    crop_x, crop_y = _cropped(bits, chroma_format, 2 - frames_only)
    return _sane(Picture(width - crop_x, height - crop_y, chroma_format, luma_bits, chroma_bits))


def _h264_high_fields(bits: Bits) -> tuple[int, int, int]:
    chroma_format = bits.golomb()
    if chroma_format == 3:
        bits.read(1)
    luma_bits, chroma_bits = bits.golomb() + 8, bits.golomb() + 8
    bits.read(1)
    if bits.read(1):
        for index in range(8 if chroma_format != 3 else 12):
            if bits.read(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma_format, luma_bits, chroma_bits


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed_golomb()) % 256
        last = following or last


def _skip_order_count(bits: Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.read(1)
        bits.signed_golomb()
        bits.signed_golomb()
        for _ in range(min(bits.golomb(), 256)):
            bits.signed_golomb()


def _hevc_picture(sps: bytes) -> Picture:
    bits = Bits(unescape(sps[2:]))
    bits.read(4)
    sub_layers = bits.read(3)
    bits.read(1)
    _skip_profile_tier_level(bits, sub_layers)
    bits.golomb()
    chroma_format = bits.golomb()
    if chroma_format == 3:
        bits.read(1)
    width, height = bits.golomb(), bits.golomb()
    crop_x, crop_y = _cropped(bits, chroma_format, 1)
    return _sane(Picture(width - crop_x, height - crop_y, chroma_format, bits.golomb() + 8, bits.golomb() + 8))


def _skip_profile_tier_level(bits: Bits, sub_layers: int) -> None:
    bits.read(96)
    present = [(bits.read(1), bits.read(1)) for _ in range(sub_layers)]
    if sub_layers:
        bits.read(2 * (8 - sub_layers))
    for profile, level in present:
        bits.read(88 * profile + 8 * level)


def _cropped(bits: Bits, chroma_format: int, field_factor: int) -> tuple[int, int]:
    """Columns and rows that the cropping rectangle takes away."""
    if not bits.read(1):
        return 0, 0
    left, right, top, bottom = (bits.golomb() for _ in range(4))
    unit_x = 2 if chroma_format in (1, 2) else 1
    unit_y = (2 if chroma_format == 1 else 1) * field_factor
    return (left + right) * unit_x, (top + bottom) * unit_y


def _sane(picture: Picture) -> Picture:
    if not (0 < picture.width <= 16384 and 0 < picture.height <= 16384 and picture.chroma_format <= 3):
        raise ValueError(f"picture of {picture.width} × {picture.height}")
    if picture.luma_bits > 16 or picture.chroma_bits > 16:
        raise ValueError("more than 16 bits")
    return picture
