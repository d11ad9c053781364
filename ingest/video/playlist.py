"""HLS media playlists (RFC 8216) over recorded segments: pure, from rows alone."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.video.clip_plan import is_doubted
from ingest.video.fragmented import of_pictures
from storage.fragments import Fragment, decodable_from, groups_of_pictures, unpack_fragments
from storage.models import Segment
from storage.runs import FRAME_HOLE

VERSION = 7
GROWING_TARGET = timedelta(seconds=5)
"""The number may not change while a playlist grows (RFC 8216, 6.2.1), so it must hold for what is not recorded yet.
This one does where keyframes come every four seconds or more often; of a camera that sends fewer, what it sent before
the playlist begins tells how far they are apart. Were it the longest that may come, four minutes, players would look
for what is new once in two. So it changes once where a camera sends them farther apart than ever before.
"""
EARLIER = timedelta(minutes=5)
"""From so long before its beginning."""
SETTLED = timedelta(seconds=10)
"""What ended so long before the beginning is there at the first answer already, and the same at each that follows."""
_SPARE = 1.25


@dataclass(frozen=True, slots=True)
class Playlist:
    segments: Sequence[Segment]
    """Of one camera, in order; of a playlist that grows, those of the EARLIER before it, too."""
    start: datetime
    end: datetime | None
    """None: the playlist grows."""
    query: str = ""
    """Added to the address of each segment, e.g. &purpose=complaint+7."""
    lost: Collection[str] = ()
    """Keys of segments that are listed and cannot be had: of one that grows, where what was listed must stay."""


@dataclass(frozen=True, slots=True)
class _Entry:
    segment: Segment
    start: datetime
    duration: timedelta
    first: int
    size: int


def playlist(asked: Playlist) -> str:
    """Segments are `{sequence}.mp4?at={start}` beside the playlist."""
    entries = list(_entries(asked))
    longest = max([_least_target(asked), *(entry.duration for entry in entries)])
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        f"#EXT-X-TARGETDURATION:{math.ceil(longest / timedelta(seconds=1))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{'EVENT' if asked.end is None else 'VOD'}",
    ]
    before: _Entry | None = None
    for entry in entries:
        lines += _lines(entry, before, asked)
        before = entry
    if asked.end is not None:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _least_target(asked: Playlist) -> timedelta:
    if asked.end is not None:
        return timedelta(seconds=1)
    settled = (segment for segment in asked.segments if segment.end <= asked.start - SETTLED)
    return max([GROWING_TARGET, *(_longest_gop(segment) * _SPARE for segment in settled)])


def _longest_gop(segment: Segment) -> timedelta:
    gops = groups_of_pictures(unpack_fragments(segment.fragments))
    return timedelta(microseconds=max((sum(part.duration_us for part in gop) for gop in gops), default=0))


def _entries(asked: Playlist) -> Iterator[_Entry]:
    """One for each segment; in a playlist that grows one for each GOP, because what was listed must stay."""
    for segment in asked.segments:
        fragments = unpack_fragments(segment.fragments)
        wanted = [n for n, fragment in enumerate(fragments) if _is_wanted(segment, fragment, asked)]
        if not wanted:
            continue
        together = fragments[decodable_from(fragments, wanted[0]) : wanted[-1] + 1]
        if asked.end is not None:
            yield _entry(segment, together)
            continue
        for gop in groups_of_pictures(together):
            if segment.id is not None or segment is not asked.segments[-1] or not gop[-1].continued:
                yield _entry(segment, gop)


def _is_wanted(segment: Segment, fragment: Fragment, asked: Playlist) -> bool:
    begins = segment.start + timedelta(microseconds=fragment.offset_us)
    ends = begins + timedelta(microseconds=fragment.duration_us)
    return ends > asked.start and (asked.end is None or begins < asked.end)


def _entry(segment: Segment, together: Sequence[Fragment]) -> _Entry:
    first, last = together[0], together[-1]
    length = timedelta(microseconds=last.offset_us + last.duration_us - first.offset_us)
    size = last.byte_offset + last.byte_size - first.byte_offset
    start = segment.start + timedelta(microseconds=first.offset_us)
    return _Entry(segment, start, length, first.byte_offset, size)


def _lines(entry: _Entry, before: _Entry | None, asked: Playlist) -> Iterator[str]:
    address = _address(entry.segment) + asked.query
    new_format = before is None or _format(before.segment) != _format(entry.segment)
    jumped = before is not None and abs(entry.start - before.start - before.duration) >= FRAME_HOLE
    if before is not None and (new_format or jumped):
        yield "#EXT-X-DISCONTINUITY"
    if new_format:
        yield f'#EXT-X-MAP:URI="{address}",BYTERANGE="{entry.segment.init_size}@0"'
    yield from _clock(entry.segment, before.segment if before else None)
    if before is None or before.segment is not entry.segment or jumped:
        yield f"#EXT-X-PROGRAM-DATE-TIME:{_stamp(entry.start)}"
    if entry.segment.key in asked.lost:
        yield "#EXT-X-GAP"
    yield f"#EXTINF:{entry.duration.total_seconds():.6f},"
    yield f"#EXT-X-BYTERANGE:{entry.size}@{entry.first}"
    yield address


def _clock(segment: Segment, before: Segment | None) -> Iterator[str]:
    """Where wall times are in doubt, and from where on they are not any more. Ends are told by what follows, as a
    playlist that grows may not change what it has said."""
    doubted = is_doubted(segment)
    if segment is before or not (doubted or (before is not None and is_doubted(before))):
        return
    told = f'X-CLOCK="{"untrusted" if doubted else "trusted"}",X-CLOCK-ERROR={segment.clock_error_us / 1_000_000:.6f}'
    begins = f'ID="clock-{segment.sequence}",CLASS="hallwatch.clock",START-DATE="{_stamp(segment.start)}"'
    yield f"#EXT-X-DATERANGE:{begins},END-ON-NEXT=YES,{told}"


def has_sound(segment: Segment) -> bool:
    """Whether its sound is played by HLS: that knows no G.711."""
    return segment.audio == "aac"


def _format(segment: Segment) -> str:
    return segment.parameters if has_sound(segment) else of_pictures(segment.parameters)


def _address(segment: Segment) -> str:
    return f"{segment.sequence}.mp4?at={segment.start:%Y-%m-%dT%H:%M:%S.%f}Z"


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
