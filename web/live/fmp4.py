"""Fragmented MP4 for Media Source Extensions, written box by box (ISO/IEC 14496-12).

One fragment carries one picture: nothing waits for the next one, which is what keeps the delay low.
"""

import struct
from dataclasses import dataclass

from web.live.h264 import ParameterSets

TIMESCALE = 90_000
"""Ticks per second of every time in these files."""

_TRACK = 1
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_DEFAULT_BASE_IS_MOOF = 0x020000
_TRUN_FLAGS = 0x000001 | 0x000100 | 0x000200 | 0x000400 | 0x000800  # offset, duration, size, flags, composition
_KEYFRAME = 0x02000000  # depends on no other sample
_OTHER = 0x01010000  # depends on others, is no sync sample


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture on the timeline, in ticks."""

    data: bytes
    """NAL units with four-byte lengths."""
    decode: int
    present: int
    duration: int
    keyframe: bool


def init_segment(sets: ParameterSets, width: int, height: int) -> bytes:
    """`ftyp` and `moov` of a track of H.264 of `width` × `height` pixels."""
    brands = _box(b"ftyp", b"iso5", struct.pack(">I", 512), b"iso5iso6avc1mp41")
    extends = _box(b"mvex", _full(b"trex", 0, 0, struct.pack(">5I", _TRACK, 1, 0, 0, 0)))
    return brands + _box(b"moov", _movie_header(), _track(sets, width, height), extends)


def fragment(sequence: int, sample: Sample) -> bytes:
    """`moof` and `mdat` of one picture. `sequence` grows by one within a stream."""
    header_size = len(_moof(sequence, sample, 0))
    return _moof(sequence, sample, header_size + 8) + _box(b"mdat", sample.data)


def _moof(sequence: int, sample: Sample, data_offset: int) -> bytes:
    flags = _KEYFRAME if sample.keyframe else _OTHER
    entry = struct.pack(">IIIi", sample.duration, len(sample.data), flags, sample.present - sample.decode)
    run = _full(b"trun", 1, _TRUN_FLAGS, struct.pack(">Ii", 1, data_offset), entry)
    base = _full(b"tfdt", 1, 0, struct.pack(">Q", sample.decode))
    head = _full(b"tfhd", 0, _DEFAULT_BASE_IS_MOOF, struct.pack(">I", _TRACK))
    return _box(b"moof", _full(b"mfhd", 0, 0, struct.pack(">I", sequence)), _box(b"traf", head, base, run))


def _movie_header() -> bytes:
    times = struct.pack(">IIII", 0, 0, TIMESCALE, 0)
    rate_and_volume = struct.pack(">IHHQ", 0x10000, 0x0100, 0, 0)
    return _full(b"mvhd", 0, 0, times, rate_and_volume, _MATRIX, bytes(24), struct.pack(">I", _TRACK + 1))


def _track(sets: ParameterSets, width: int, height: int) -> bytes:
    enabled_in_movie = 3
    head = struct.pack(">IIIII", 0, 0, _TRACK, 0, 0) + bytes(16) + _MATRIX
    header = _full(b"tkhd", 0, enabled_in_movie, head, struct.pack(">II", width << 16, height << 16))
    undetermined = 0x55C4
    media_header = _full(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, TIMESCALE, 0, undetermined, 0))
    handler = _full(b"hdlr", 0, 0, bytes(4), b"vide", bytes(12), b"live\x00")
    media = _box(b"mdia", media_header, handler, _media_information(sets, width, height))
    return _box(b"trak", header, media)


def _media_information(sets: ParameterSets, width: int, height: int) -> bytes:
    here = _full(b"url ", 0, 1)
    references = _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), here))
    return _box(b"minf", _full(b"vmhd", 0, 1, bytes(8)), references, _sample_tables(sets, width, height))


def _sample_tables(sets: ParameterSets, width: int, height: int) -> bytes:
    descriptions = _full(b"stsd", 0, 0, struct.pack(">I", 1), _sample_entry(sets, width, height))
    empty = [_full(name, 0, 0, bytes(4)) for name in (b"stts", b"stsc", b"stco")]
    return _box(b"stbl", descriptions, *empty, _full(b"stsz", 0, 0, bytes(8)))


def _sample_entry(sets: ParameterSets, width: int, height: int) -> bytes:
    size_and_resolution = struct.pack(">HHIIIH", width, height, 0x480000, 0x480000, 0, 1)
    depth = struct.pack(">HH", 24, 0xFFFF)
    visual = bytes(6) + struct.pack(">H", 1) + bytes(16) + size_and_resolution + bytes(32) + depth
    return _box(b"avc1", visual, _box(b"avcC", sets.avc_record()))


def _box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def _full(name: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(name, struct.pack(">I", version << 24 | flags), *parts)
