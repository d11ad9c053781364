"""The second track of a segment: sound in MP4 (ISO/IEC 14496-12, -14; QuickTime's `ulaw` and `alaw` for G.711)."""

import struct
from collections.abc import Iterable
from dataclasses import replace

from ingest.video.audio import Audio, AudioCodec, AudioFormat
from ingest.video.boxes import AUDIO_TRUN_FLAGS, BadBox, Box, child, whole_boxes
from ingest.video.movie import AUDIO_TRACK, EMPTY_TABLES, AudioTables, box, full_box, sample_description

_ENTRIES: dict[AudioCodec, bytes] = {"aac": b"mp4a", "pcmu": b"ulaw", "pcma": b"alaw"}
_CODECS = {entry: codec for codec, entry in _ENTRIES.items()}
_UNEVEN = 50
"""Part of a second by which sound may be off its moment before it is moved: moved, it clicks."""
_MPEG4_AUDIO, _AUDIO_STREAM = 0x40, 5 << 2 | 1
_MAX_RATE = 0xFFFF


def audio_entry(audio: AudioFormat) -> bytes:
    """`mp4a`, `ulaw` or `alaw`."""
    rate = audio.hz if audio.hz <= _MAX_RATE else 0
    head = bytes(6) + struct.pack(">H8xHHIHH", 1, audio.channels, 16, 0, rate, 0)
    return box(_ENTRIES[audio.codec], head, *([_elementary_stream(audio.config)] if audio.codec == "aac" else []))


def empty_audio(audio: AudioFormat) -> AudioTables:
    """Of a movie whose sound is in fragments."""
    return AudioTables(audio.hz, (sample_description([audio_entry(audio)]), *EMPTY_TABLES))


def read_audio_codec(entry: bytes) -> AudioCodec:
    """Raises BadBox when we do not write such a sample entry."""
    codec = _CODECS.get(entry[4:8])
    if codec is None:
        raise BadBox(f"audio sample entry {entry[4:8]!r}")
    return codec


def second_track(data: bytes, moov: Box) -> Box | None:
    tracks = [found for found in whole_boxes(data, moov.body, moov.end) if found.kind == b"trak"]
    return tracks[1] if len(tracks) > 1 else None


def read_audio_track(data: bytes, track: Box) -> tuple[bytes, int]:
    """The sample entry and the ticks a second. Raises BadBox, struct.error."""
    media = child(data, track, b"mdia")
    description = child(data, media, b"minf", b"stbl", b"stsd")
    (timescale,) = struct.unpack_from(">I", data, child(data, media, b"mdhd").body + 20)
    if not timescale:
        raise BadBox("audio without a timescale")
    return data[description.body + 8 : description.end], timescale


def track_fragment(durations: Iterable[int], sizes: Iterable[int], decode_time: int, data_offset: int) -> bytes:
    """The `traf` of a fragment's sound; `data_offset` from the start of the `moof`."""
    table = [value for row in zip(durations, sizes, strict=True) for value in row]
    run = struct.pack(">Ii", len(table) // 2, data_offset) + struct.pack(f">{len(table)}I", *table)
    return box(
        b"traf",
        full_box(b"tfhd", 0, 0x020000, struct.pack(">I", AUDIO_TRACK)),
        full_box(b"tfdt", 1, 0, struct.pack(">Q", decode_time)),
        full_box(b"trun", 0, AUDIO_TRUN_FLAGS, run),
    )


class AudioTimeline:
    """Where the sound of each fragment lies in its segment: one after the other without clicks, and never far off."""

    def __init__(self, hz: int) -> None:
        self._hz, self._next = hz, 0

    def placed(self, audio: Audio, at_us: int) -> tuple[Audio | None, int]:
        """What of it is written, and at which tick: `at_us` is where it should begin, by the segment's media time."""
        wanted, slack = at_us * self._hz // 1_000_000 - audio.frames[0].ticks, self._hz // _UNEVEN
        # Sound that turns out to be earlier than it was taken for would come twice.
        frames = tuple(frame for frame in audio.frames if wanted + frame.ticks >= self._next - slack)
        if not frames:
            return None, self._next
        begins = wanted + frames[0].ticks
        if not self._next or begins > self._next + slack:
            self._next = max(begins, 0)
        kept = replace(audio, frames=frames)
        at, self._next = self._next, self._next + sum(kept.durations())
        return kept, at


def _elementary_stream(config: bytes) -> bytes:
    """`esds` (ISO/IEC 14496-1 7.2.6)."""
    decoder = struct.pack(">BB3xII", _MPEG4_AUDIO, _AUDIO_STREAM, 0, 0) + _descriptor(5, config)
    stream = struct.pack(">HB", 0, 0) + _descriptor(4, decoder) + _descriptor(6, b"\x02")
    return full_box(b"esds", 0, 0, _descriptor(3, stream))


def _descriptor(tag: int, body: bytes) -> bytes:
    return struct.pack(">BB", tag, len(body)) + body
