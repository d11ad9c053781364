"""Reading ISO BMFF (MP4) boxes that may be cut off or damaged: every function ends and says what is whole."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

MAX_DEPTH_BYTES = 1 << 40


class BadBox(ValueError):
    """The bytes are not the MP4 boxes that a segment consists of."""


@dataclass(frozen=True, slots=True)
class Box:
    kind: bytes
    start: int
    """Position of its header."""
    body: int
    """Position of its first byte after the header."""
    end: int


@dataclass(frozen=True, slots=True)
class Sample:
    duration: int
    """Ticks."""
    size: int
    """Bytes."""
    keyframe: bool
    composition_offset: int
    """Ticks from decoding to presentation time."""


@dataclass(frozen=True, slots=True)
class AudioRun:
    """The sound of a fragment."""

    decode_time: int
    """Ticks of the sound's own timescale, of the first frame."""
    samples: tuple[tuple[int, int], ...]
    """Of each frame the ticks to the next one, and the bytes."""
    data_offset: int
    """From the start of the moof to the first frame's bytes."""

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(size for _, size in self.samples)


@dataclass(frozen=True, slots=True)
class MovieFragment:
    """What a `moof` written by us says."""

    decode_time: int
    """Ticks, of the first sample."""
    samples: tuple[Sample, ...]
    data_offset: int
    """From the start of the moof to the first sample's bytes."""
    audio: AudioRun | None = None

    @property
    def duration(self) -> int:
        return sum(sample.duration for sample in self.samples)

    @property
    def shown_after(self) -> int:
        """Ticks from the first sample's decoding to the showing of the first picture, whose wall time is in `prft`.

        A fragment that begins with a keyframe begins with it; in any other the first picture is the one shown first.
        """
        if self.samples[0].keyframe:
            return self.samples[0].composition_offset
        return min(self.shown())

    def shown(self) -> list[int]:
        """Ticks from the first sample's decoding to the showing of each sample's picture."""
        decoded = accumulate((sample.duration for sample in self.samples), initial=0)
        return [time + sample.composition_offset for time, sample in zip(decoded, self.samples, strict=False)]


def whole_boxes(data: bytes | memoryview, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes that lie completely in data[start:end]; stops at the first that does not or that makes no sense."""
    end = len(data) if end is None else min(end, len(data))
    while start + 8 <= end:
        box = _box_at(data, start)
        if box is None or box.end > end:
            return
        yield box
        start = box.end


def box_size(header: bytes) -> int | None:
    """Size in bytes of the box that starts with these 16 bytes (8 do for small boxes); None when it is no box."""
    box = _box_at(header, 0)
    return box.end if box else None


def child(data: bytes, parent: Box, *path: bytes) -> Box:
    """The first box along a path of kinds. Raises BadBox when one is missing."""
    for kind in path:
        found = next((box for box in whole_boxes(data, parent.body, parent.end) if box.kind == kind), None)
        if found is None:
            raise BadBox(f"no {kind.decode('latin-1')} in {parent.kind.decode('latin-1')}")
        parent = found
    return parent


def extension(identity: bytes, body: bytes) -> bytes:
    """A `uuid` box: what others pass over."""
    return struct.pack(">I4s", 8 + len(identity) + len(body), b"uuid") + identity + body


def read_extension(data: bytes, identity: bytes, size: int) -> bytes | None:
    """The body, of so many bytes, of an extension in a `moof`, whose header is included. Raises BadBox."""
    moof = next(whole_boxes(data), None)
    if moof is None:
        raise BadBox("no moof")
    for box in whole_boxes(data, moof.body, moof.end):
        inside = data[box.body : box.end]
        if box.kind == b"uuid" and inside.startswith(identity) and len(inside) == len(identity) + size:
            return inside[len(identity) :]
    return None


def read_movie_fragment(data: bytes) -> MovieFragment:
    """A `moof`, its header included. Raises BadBox when it is malformed or not in the form that we write."""
    try:
        return _read_moof(data)
    except (struct.error, IndexError) as error:
        raise BadBox(f"moof: {error}") from error


def _box_at(data: bytes | memoryview, start: int) -> Box | None:
    if len(data) < start + 8:
        return None
    size, kind = struct.unpack_from(">I4s", data, start)
    body = start + 8
    if size == 1:
        if len(data) < start + 16:
            return None
        (size,) = struct.unpack_from(">Q", data, body)
        body += 8
    if size < body - start or size > MAX_DEPTH_BYTES:
        return None
    return Box(kind, start, body, start + size)


def _read_moof(data: bytes) -> MovieFragment:
    moof = next(whole_boxes(data), None)
    if moof is None or moof.kind != b"moof":
        raise BadBox("no moof")
    tracks = [box for box in whole_boxes(data, moof.body, moof.end) if box.kind == b"traf"]
    if not tracks:
        raise BadBox("no traf in moof")
    decode_time, data_offset, table = _read_traf(data, tracks[0], TRUN_FLAGS, 16)
    rows = struct.iter_unpack(">IIIi", table)
    samples = tuple(Sample(duration, size, flags == KEYFRAME_FLAGS, offset) for duration, size, flags, offset in rows)
    audio = None
    if len(tracks) > 1:
        audio_time, audio_offset, table = _read_traf(data, tracks[1], AUDIO_TRUN_FLAGS, 8)
        audio = AudioRun(audio_time, tuple(struct.iter_unpack(">II", table)), audio_offset)
    return MovieFragment(decode_time, samples, data_offset, audio)


def _read_traf(data: bytes, traf: Box, flags: int, row_size: int) -> tuple[int, int, bytes]:
    """The decoding time, the offset of the data, and the table of the samples."""
    tfdt = child(data, traf, b"tfdt")
    wide = data[tfdt.body] == 1
    (decode_time,) = struct.unpack_from(">Q" if wide else ">I", data, tfdt.body + 4)
    trun = child(data, traf, b"trun")
    found, count, data_offset = struct.unpack_from(">IIi", data, trun.body)
    if found & 0xFFFFFF != flags:
        raise BadBox(f"trun with flags {found:#x}")
    begin, end = trun.body + 12, trun.body + 12 + row_size * count
    if end > trun.end:
        raise BadBox(f"trun of {count} samples is cut off")
    return decode_time, data_offset, data[begin:end]


TRUN_FLAGS = 0x000F01
"""Data offset; per sample duration, size, flags and composition offset."""
AUDIO_TRUN_FLAGS = 0x000301
"""Data offset; per frame of sound duration and size."""
KEYFRAME_FLAGS = 0x02000000
"""Depends on no other sample."""
OTHER_FLAGS = 0x01010000
"""Depends on others, is no sync sample."""
