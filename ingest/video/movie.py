"""Writing the boxes of MP4 files with one video track, after ISO/IEC 14496-12 and -15."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.video.frames import StreamInfo
from ingest.video.parameter_sets import ParameterSets

TRACK = 1
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@dataclass(frozen=True, slots=True)
class Edit:
    """Shows `duration` movie ticks of the track from `media_time` (track ticks) on."""

    duration: int
    media_time: int


def box(kind: bytes, *parts: bytes | memoryview) -> bytes:
    return b"".join((struct.pack(">I4s", 8 + sum(map(len, parts)), kind), *parts))


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def file_type(major: bytes = b"isom", *compatible: bytes) -> bytes:
    return box(b"ftyp", major, struct.pack(">I", 0x200), major, *compatible)


def sample_entry(info: StreamInfo, sets: ParameterSets) -> bytes:
    """`avc1` or `hev1`: parameter sets may come in the samples, too, as cameras repeat them."""
    kind, configuration = (b"avc1", b"avcC") if info.codec == "h264" else (b"hev1", b"hvcC")
    head = bytes(6) + struct.pack(">H16xHHIIIH32sHh", 1, info.width, info.height, 72 << 16, 72 << 16, 0, 1, b"", 24, -1)
    return box(kind, head, box(configuration, sets.configuration()))


def sample_description(entries: Sequence[bytes]) -> bytes:
    return full_box(b"stsd", 0, 0, struct.pack(">I", len(entries)), *entries)


def movie(
    timescale: int,
    width: int,
    height: int,
    sample_tables: Sequence[bytes],
    *,
    media_duration: int = 0,
    edit: Edit | None = None,
    comment: str = "",
    fragmented: bool = False,
) -> bytes:
    """A `moov` with one video track; movie and track count in the same timescale."""
    shown = edit.duration if edit else media_duration
    header = struct.pack(">QQIQ", 0, 0, timescale, shown) + struct.pack(">IH10x", 0x10000, 0x100) + _MATRIX
    header += bytes(24) + struct.pack(">I", TRACK + 1)
    parts = [full_box(b"mvhd", 1, 0, header)]
    parts.append(_track(timescale, width, height, sample_tables, media_duration, shown, edit))
    if fragmented:
        parts.append(box(b"mvex", full_box(b"trex", 0, 0, struct.pack(">IIIII", TRACK, 1, 0, 0, 0))))
    if comment:
        parts.append(user_comment(comment))
    return box(b"moov", *parts)


def user_comment(comment: str) -> bytes:
    """`udta` with the comment where players and ffprobe look for it."""
    handler = full_box(b"hdlr", 0, 0, bytes(4), b"mdirappl", bytes(9))
    value = box(b"\xa9cmt", box(b"data", struct.pack(">II", 1, 0), comment.encode()))
    return box(b"udta", full_box(b"meta", 0, 0, handler, box(b"ilst", value)))


def _track(
    timescale: int,
    width: int,
    height: int,
    sample_tables: Sequence[bytes],
    media_duration: int,
    shown: int,
    edit: Edit | None,
) -> bytes:
    header = struct.pack(">QQIIQ", 0, 0, TRACK, 0, shown) + bytes(16) + _MATRIX
    parts = [full_box(b"tkhd", 1, 3, header, struct.pack(">II", width << 16, height << 16))]
    if edit:
        entry = struct.pack(">IQqI", 1, edit.duration, edit.media_time, 0x10000)
        parts.append(box(b"edts", full_box(b"elst", 1, 0, entry)))
    media_header = struct.pack(">QQIQHH", 0, 0, timescale, media_duration, 0x55C4, 0)
    handler = full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, b"vide"), b"VideoHandler\x00")
    references = full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1))
    information = box(
        b"minf", full_box(b"vmhd", 0, 1, bytes(8)), box(b"dinf", references), box(b"stbl", *sample_tables)
    )
    parts.append(box(b"mdia", full_box(b"mdhd", 1, 0, media_header), handler, information))
    return box(b"trak", *parts)
