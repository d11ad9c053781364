"""Writing the boxes of MP4 files with one video track, and perhaps one of sound, after ISO/IEC 14496-12 and -15."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.video.frames import StreamInfo
from ingest.video.parameter_sets import ParameterSets

TRACK, AUDIO_TRACK = 1, 2
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@dataclass(frozen=True, slots=True)
class Edit:
    """Shows `duration` movie ticks of the track from `media_time` (track ticks) on; nothing where that is -1."""

    duration: int
    media_time: int


@dataclass(frozen=True, slots=True)
class AudioTables:
    """The track of the sound."""

    timescale: int
    sample_tables: Sequence[bytes]
    media_duration: int = 0
    edits: Sequence[Edit] = ()


def edits_of(late: int, shown: int, timescale: int, movie_timescale: int) -> tuple[Edit, ...]:
    """For sound that begins `late` (its own ticks) after the pictures, or before: it is waited for, or cut.

    `shown`: movie ticks.
    """
    if late <= 0:
        return (Edit(shown, -late),)
    pause = min(late * movie_timescale // timescale, shown - 1)
    return (Edit(pause, -1), Edit(shown - pause, 0))


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


EMPTY_TABLES = (
    full_box(b"stts", 0, 0, bytes(4)),
    full_box(b"stsc", 0, 0, bytes(4)),
    full_box(b"stsz", 0, 0, bytes(8)),
    full_box(b"stco", 0, 0, bytes(4)),
)
"""Of a movie whose samples are in fragments."""


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
    audio: AudioTables | None = None,
) -> bytes:
    """A `moov` with one video track and perhaps one of sound; movie and video count in the same timescale."""
    shown = edit.duration if edit else media_duration
    header = struct.pack(">QQIQ", 0, 0, timescale, shown) + struct.pack(">IH10x", 0x10000, 0x100) + _MATRIX
    header += bytes(24) + struct.pack(">I", (AUDIO_TRACK if audio else TRACK) + 1)
    parts = [full_box(b"mvhd", 1, 0, header)]
    parts.append(_video_track(timescale, width, height, sample_tables, media_duration, shown, edit))
    if audio:
        parts.append(_audio_track(audio, shown))
    if fragmented:
        tracks = (TRACK, AUDIO_TRACK) if audio else (TRACK,)
        parts.append(box(b"mvex", *(full_box(b"trex", 0, 0, struct.pack(">IIIII", t, 1, 0, 0, 0)) for t in tracks)))
    if comment:
        parts.append(user_comment(comment))
    return box(b"moov", *parts)


def user_comment(comment: str) -> bytes:
    """`udta` with the comment where players and ffprobe look for it."""
    handler = full_box(b"hdlr", 0, 0, bytes(4), b"mdirappl", bytes(9))
    value = box(b"\xa9cmt", box(b"data", struct.pack(">II", 1, 0), comment.encode()))
    return box(b"udta", full_box(b"meta", 0, 0, handler, box(b"ilst", value)))


def _audio_track(audio: AudioTables, shown: int) -> bytes:
    header = struct.pack(">QQIIQ", 0, 0, AUDIO_TRACK, 0, shown) + bytes(12) + struct.pack(">HH", 0x100, 0) + _MATRIX
    parts = [full_box(b"tkhd", 1, 3, header, bytes(8))]
    if audio.edits:
        parts.append(_edits(audio.edits))
    handler = (b"soun", b"SoundHandler\x00", full_box(b"smhd", 0, 0, bytes(4)))
    parts.append(_media(audio.timescale, audio.media_duration, *handler, audio.sample_tables))
    return box(b"trak", *parts)


def _video_track(
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
        parts.append(_edits([edit]))
    handler = (b"vide", b"VideoHandler\x00", full_box(b"vmhd", 0, 1, bytes(8)))
    parts.append(_media(timescale, media_duration, *handler, sample_tables))
    return box(b"trak", *parts)


def _edits(edits: Sequence[Edit]) -> bytes:
    rows = (struct.pack(">QqI", edit.duration, edit.media_time, 0x10000) for edit in edits)
    return box(b"edts", full_box(b"elst", 1, 0, struct.pack(">I", len(edits)), *rows))


def _media(
    timescale: int, duration: int, kind: bytes, name: bytes, header: bytes, sample_tables: Sequence[bytes]
) -> bytes:
    media_header = struct.pack(">QQIQHH", 0, 0, timescale, duration, 0x55C4, 0)
    handler = full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, kind), name)
    references = full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1))
    information = box(b"minf", header, box(b"dinf", references), box(b"stbl", *sample_tables))
    return box(b"mdia", full_box(b"mdhd", 1, 0, media_header), handler, information)
