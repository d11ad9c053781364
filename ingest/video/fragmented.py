"""Fragmented MP4 as segments use it: an initial part that describes the recording, then one fragment per GOP.

A fragment is a head – `prft` (wall time of its first sample) and `moof` – and `mdat`. A segment that was ended in order
closes with a `skip` box that repeats the initial part and all heads, so that one read tells all about it.
"""

import hashlib
import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from ingest.video.annexb import length_prefixed_parts
from ingest.video.audio import Audio, AudioCodec, AudioFormat
from ingest.video.audio_track import empty_audio, read_audio_codec, read_audio_track, second_track, track_fragment
from ingest.video.boxes import KEYFRAME_FLAGS, OTHER_FLAGS, TRUN_FLAGS, BadBox, Box, Sample, child, whole_boxes
from ingest.video.clock import NO_EVIDENCE, ClockEvidence
from ingest.video.frames import EncodedFrame, StreamInfo, first_shown, to_us
from ingest.video.movie import (
    EMPTY_TABLES,
    TRACK,
    box,
    file_type,
    full_box,
    movie,
    sample_description,
    sample_entry,
)
from ingest.video.parameter_sets import BadParameterSets, ParameterSets
from storage.models import ClockSource

_NTP_EPOCH_S = 2_208_988_800
_NTP_ERA_S = 1 << 32
_LAST_US = _NTP_ERA_S * 1_000_000


@dataclass(frozen=True, slots=True)
class Recording:
    """What a segment's file says of itself, so that its row can be made again from the bytes alone."""

    camera_id: str
    sequence: int
    start_us: int
    """Wall time of the first frame, microseconds since 1970."""
    clock_source: ClockSource
    clock_offset_us: int
    evidence: ClockEvidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class InitialAudio:
    codec: AudioCodec
    timescale: int
    sample_entry: bytes

    @property
    def digest(self) -> str:
        """As a fingerprint has it after its +."""
        return f"+{_digest(self.sample_entry, self.timescale)}"


@dataclass(frozen=True, slots=True)
class Initial:
    """The initial part, read back."""

    recording: Recording
    codec: str
    width: int
    height: int
    timescale: int
    sample_entry: bytes
    size: int
    audio: InitialAudio | None = None


def initial_part(info: StreamInfo, comment: str = "", audio: AudioFormat | None = None) -> bytes:
    """`ftyp` and `moov` for the fragments of a stream. Raises BadParameterSets when the extradata lacks some."""
    sets = ParameterSets.find(info.codec, info.extradata)
    if sets is None:
        raise BadParameterSets("no parameter sets")
    tables = (sample_description([sample_entry(info, sets)]), *EMPTY_TABLES)
    sound = empty_audio(audio) if audio else None
    moov = movie(
        info.time_base.denominator, info.width, info.height, tables, comment=comment, fragmented=True, audio=sound
    )
    return file_type(b"iso6", b"mp41", b"isom") + moov


def describe(recording: Recording) -> str:
    return json.dumps({"hallwatch": 1, **asdict(recording)}, separators=(",", ":"))


def fragment(
    frames: Sequence[EncodedFrame],
    number: int,
    decode_time: int,
    durations: Sequence[int],
    wall: datetime,
    audio: tuple[Audio, int] | None = None,
    more: bytes = b"",
) -> tuple[bytes, bytes]:
    """Head and `mdat` of some frames. Times in ticks; `wall` is that of the first shown; `audio`: and its own time;
    `more`: boxes at the end of the `moof`.

    The sound comes before the pictures: what a power failure takes from the end of a file is then seen.
    """
    parts: list[bytes | memoryview] = [frame.data for frame in audio[0].frames] if audio else []
    sizes: list[int] = []
    for frame in frames:
        units = length_prefixed_parts(frame.data)
        sizes.append(sum(map(len, units)))
        parts += units
    moof = _moof(frames, sizes, number, decode_time, durations, audio, more)
    return reference_time(to_us(wall), presented(frames, decode_time)) + moof, box(b"mdat", *parts)


def presented(frames: Sequence[EncodedFrame], decode_time: int) -> int:
    """Ticks at which a fragment's first picture is shown."""
    # Around a camera's first sender report a frame may be due before the one that was sent before it.
    return max(decode_time + first_shown(frames) - frames[0].dts, 0)


def summary(initial: bytes, heads: Sequence[bytes]) -> bytes:
    """The box that closes a segment."""
    return box(b"skip", initial, *heads)


def read_summary(data: bytes) -> tuple[Initial, list[bytes]]:
    """The initial part and the heads, from the bytes after a segment's last fragment. Raises BadBox."""
    outer = next(whole_boxes(data), None)
    if outer is None or outer.kind != b"skip":
        raise BadBox("no summary")
    inside = data[outer.body : outer.end]
    initial = read_initial(inside)
    boxes = list(whole_boxes(inside, initial.size))
    pairs = zip(boxes[::2], boxes[1::2], strict=False)
    return initial, [inside[prft.start : moof.end] for prft, moof in pairs]


def _moof(
    frames: Sequence[EncodedFrame],
    sizes: Sequence[int],
    number: int,
    decode_time: int,
    durations: Sequence[int],
    audio: tuple[Audio, int] | None,
    more: bytes,
) -> bytes:
    table: list[int] = []
    for frame, sample_size, duration in zip(frames, sizes, durations, strict=True):
        flags = KEYFRAME_FLAGS if frame.keyframe else OTHER_FLAGS
        table += (duration, sample_size, flags, (frame.pts - frame.dts) & 0xFFFFFFFF)
    if audio is None:
        return _moof_of(table, number, decode_time, more=more)
    rows = list(zip(audio[0].durations(), (len(frame.data) for frame in audio[0].frames), strict=True))
    return _moof_of(table, number, decode_time, (rows, audio[1]), more)


AudioRows = tuple[Sequence[tuple[int, int]], int]
"""Durations and sizes of a fragment's frames of sound, and the time of the first."""


def shortened_moof(samples: Sequence[Sample], number: int, decode_time: int, audio: AudioRows | None = None) -> bytes:
    """The `moof` of a fragment that has only these of its samples."""
    table: list[int] = []
    for sample in samples:
        flags = KEYFRAME_FLAGS if sample.keyframe else OTHER_FLAGS
        table += (sample.duration, sample.size, flags, sample.composition_offset & 0xFFFFFFFF)
    return _moof_of(table, number, decode_time, audio)


def _moof_of(
    table: Sequence[int], number: int, decode_time: int, audio: AudioRows | None = None, more: bytes = b""
) -> bytes:
    """`table`: duration, size, flags and composition offset of each sample in turn. `more`: boxes at the end."""
    size = 8 + 16 + 8 + 16 + 20 + 20 + 4 * len(table) + len(more)
    sound, sound_size = b"", 0
    if audio is not None:
        rows, audio_time = audio
        size += 8 + 16 + 20 + 20 + 8 * len(rows)
        sound = track_fragment((d for d, _ in rows), (s for _, s in rows), audio_time, size + 8)
        sound_size = sum(s for _, s in rows)
    run = full_box(
        b"trun",
        1,
        TRUN_FLAGS,
        struct.pack(">Ii", len(table) // 4, size + 8 + sound_size),
        struct.pack(f">{len(table)}I", *table),
    )
    header = full_box(b"mfhd", 0, 0, struct.pack(">I", number))
    track = full_box(b"tfhd", 0, 0x020000, struct.pack(">I", TRACK))
    time = full_box(b"tfdt", 1, 0, struct.pack(">Q", decode_time))
    return box(b"moof", header, box(b"traf", track, time, run), sound, more)


PRFT_SIZE = 32
_WALL_TIME_AT, _MEDIA_TIME_AT, _DECODE_TIME_AT, _DATA_OFFSET_AT = 16, 24, 92, 116
HEAD_SIZE = 120
"""Bytes from the start of a fragment within which its times stand, and where its pictures begin."""
_TIME = struct.Struct(">Q")


def move_fragment(data: bytearray, start: int, ticks: int, shift_us: int = 0) -> None:
    """Adds ticks to both media times of the fragment of ours that starts there, and the shift to its wall time."""
    if shift_us:
        (ntp,) = _TIME.unpack_from(data, start + _WALL_TIME_AT)
        _TIME.pack_into(data, start + _WALL_TIME_AT, (ntp + (shift_us << 32) // 1_000_000) % (1 << 64))
    for at in (start + _MEDIA_TIME_AT, start + _DECODE_TIME_AT):
        (time,) = _TIME.unpack_from(data, at)
        _TIME.pack_into(data, at, max(time + ticks, 0))


_TRAFS_AT = PRFT_SIZE + 8 + 16
_TFHD_AT, _TFDT_AT = _TRAFS_AT + 8, _TRAFS_AT + 24
_AUDIO_TIME_AT, _AUDIO_OFFSET_AT = 8 + 16 + 12, 8 + 16 + 20 + 16
AUDIO_HEAD = _AUDIO_OFFSET_AT + 4
"""Bytes from the start of a fragment's `traf` of sound within which its time stands, and where its bytes begin."""


def audio_head(data: bytes | bytearray, start: int) -> int | None:
    """Where, in these bytes, the `traf` of the sound of the fragment of ours that starts there begins."""
    sizes = [int.from_bytes(data[at : at + 4], "big") for at in (start + PRFT_SIZE, start + _TRAFS_AT)]
    at = start + _TRAFS_AT + sizes[1]
    inside = at < start + PRFT_SIZE + sizes[0]
    return at if inside and data[at + 4 : at + 8] == b"traf" else None


def describe_fragment(data: bytearray, start: int, description: int) -> None:
    """Makes the pictures of the fragment that starts there go with this sample entry of a movie's, from 1.

    The `tfhd` that says so is four bytes longer. The `prft` before it gives them, so that all else stays where it is:
    its media time has 32 bits then, and where it needs more nothing is said of the wall time.
    """
    wall, media = struct.unpack_from(">QQ", data, start + _WALL_TIME_AT)
    whole, part = (int.from_bytes(data[start + at : start + at + 4], "big") for at in (PRFT_SIZE, _TRAFS_AT))
    before = data[start + PRFT_SIZE + 4 : start + _TRAFS_AT]
    if media >> 32:
        head = struct.pack(">I4s20x", PRFT_SIZE - 4, b"free")
    else:
        head = full_box(b"prft", 0, 0, struct.pack(">IQI", TRACK, wall, media))
    track = full_box(b"tfhd", 0, 0x020002, struct.pack(">II", TRACK, description))
    data[start : start + _TFDT_AT] = (
        head + struct.pack(">I", whole + 4) + before + struct.pack(">I4s", part + 4, b"traf") + track
    )
    _further(data, start + _DATA_OFFSET_AT)


def described(head: bytes, description: int) -> bytes:
    """The same of `prft` and `moof` of a fragment, whose sound is not passed over."""
    data = bytearray(head)
    if (sound := audio_head(data, 0)) is not None:
        describe_audio(data, sound)
    describe_fragment(data, 0, description)
    return bytes(data)


def describe_audio(data: bytearray, at: int) -> None:
    """What that changes for the fragment's sound, whose `traf` begins there; done before."""
    _further(data, at + _AUDIO_OFFSET_AT)


def _further(data: bytearray, at: int) -> None:
    """The fragment's `moof` begins four bytes earlier."""
    data[at : at + 4] = struct.pack(">i", struct.unpack_from(">i", data, at)[0] + 4)


def move_audio(data: bytearray, at: int, ticks: int) -> None:
    """Adds ticks to the time of a fragment's sound, whose `traf` begins there."""
    (time,) = _TIME.unpack_from(data, at + _AUDIO_TIME_AT)
    _TIME.pack_into(data, at + _AUDIO_TIME_AT, max(time + ticks, 0))


def hide(data: bytearray, box_at: int) -> None:
    """Makes a box one that readers pass over."""
    data[box_at + 4 : box_at + 8] = b"free"


def hide_audio_track(data: bytearray) -> None:
    """In an initial part of ours."""
    whole = bytes(data)
    for kind, *path in ((b"trak",), (b"trex", b"mvex")):
        parent = child(whole, Box(b"file", 0, 0, len(whole)), b"moov", *path)
        found = [inner for inner in whole_boxes(whole, parent.body, parent.end) if inner.kind == kind]
        if len(found) > 1:
            hide(data, found[1].start)


def fingerprint(initial: bytes) -> str:
    """Of what a decoder needs to know: the fragments of two segments that have the same go with either initial part."""
    read = read_initial(initial)
    pictures = _digest(read.sample_entry, read.timescale)
    return pictures if read.audio is None else pictures + read.audio.digest


def of_pictures(parameters: str) -> str:
    """What of a fingerprint is of the pictures alone."""
    return parameters.partition("+")[0]


def _digest(sample_entry: bytes, timescale: int) -> str:
    return hashlib.sha256(sample_entry + struct.pack(">I", timescale)).hexdigest()[:32]


def reference_time(wall_us: int, media_time: int) -> bytes:
    """`prft`: when, by the wall clock, the frame at this media time was taken."""
    seconds, rest = divmod(wall_us, 1_000_000)
    ntp = (seconds + _NTP_EPOCH_S) % _NTP_ERA_S << 32 | -(-(rest << 32) // 1_000_000)
    return full_box(b"prft", 1, 0, struct.pack(">IQQ", TRACK, ntp, media_time))


def read_reference_time(body: bytes) -> int:
    """Wall time in microseconds since 1970 of a `prft`, from its track number on. Raises BadBox."""
    try:
        _, ntp, _ = struct.unpack(">IQQ", body)
    except struct.error as error:
        raise BadBox(f"prft: {error}") from error
    ntp = int(ntp)
    # NTP counts seconds in eras of 136 years; one that would lie before 1970 is of the era that begins in 2036.
    seconds = ((ntp >> 32) - _NTP_EPOCH_S) % _NTP_ERA_S
    return seconds * 1_000_000 + ((ntp & 0xFFFFFFFF) * 1_000_000 >> 32)


def read_initial(data: bytes) -> Initial:
    """What the first bytes of a segment say. Raises BadBox when they are not the initial part of one of ours."""
    tops = list(whole_boxes(data))[:2]
    if [top.kind for top in tops] != [b"ftyp", b"moov"]:
        raise BadBox("does not start with ftyp and moov")
    moov = tops[1]
    media = child(data, moov, b"trak", b"mdia")
    description = child(data, media, b"minf", b"stbl", b"stsd")
    try:
        (timescale,) = struct.unpack_from(">I", data, child(data, media, b"mdhd").body + 20)
        entry = data[description.body + 8 : description.end]
        kind, width, height = entry[4:8], *struct.unpack_from(">HH", entry, 32)
        recording = _read_description(data, child(data, moov, b"udta", b"meta"))
        audio = _read_audio(data, moov)
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise BadBox(f"moov: {error}") from error
    if kind not in (b"avc1", b"hev1") or not timescale:
        raise BadBox(f"sample entry {kind!r}, timescale {timescale}")
    codec = "h264" if kind == b"avc1" else "hevc"
    return Initial(recording, codec, width, height, timescale, entry, moov.end, audio)


def _read_audio(data: bytes, moov: Box) -> InitialAudio | None:
    track = second_track(data, moov)
    if track is None:
        return None
    entry, timescale = read_audio_track(data, track)
    return InitialAudio(read_audio_codec(entry), timescale, entry)


def _read_description(data: bytes, meta: Box) -> Recording:
    start, end = meta.body + 4, meta.end  # a full box
    lists = next((found for found in whole_boxes(data, start, end) if found.kind == b"ilst"), None)
    if lists is None:
        raise BadBox("no ilst in meta")
    value = child(data, lists, b"\xa9cmt", b"data")
    fields = json.loads(data[value.body + 8 : value.end])
    if fields.pop("hallwatch") != 1:
        raise BadBox("another version")
    start_us, sequence = int(fields["start_us"]), int(fields["sequence"])
    if not (0 <= start_us < _LAST_US and 0 <= sequence < 1 << 62):
        raise BadBox(f"start {start_us}, sequence {sequence}")
    return Recording(
        str(fields["camera_id"]),
        sequence,
        start_us,
        ClockSource(fields["clock_source"]),
        int(fields["clock_offset_us"]),
        _read_evidence(dict(fields["evidence"])),
    )


def _read_evidence(fields: dict[str, object]) -> ClockEvidence:
    """Raises KeyError, TypeError, ValueError."""
    reported_us, arrival_us = fields["reported_us"], fields["arrival_us"]
    return ClockEvidence(
        None if reported_us is None else _number(reported_us),
        None if arrival_us is None else _number(arrival_us),
        _number(fields["monotonic_us"]),
        _number(fields["server_step_us"]),
        _number(fields["error_us"]),
    )


def _number(value: object) -> int:
    if not isinstance(value, int) or abs(value) >= 1 << 62:
        raise ValueError(f"{value!r} is no number of microseconds")
    return value
