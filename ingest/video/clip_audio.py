"""The sound of a clip: what was heard while its frames were seen, on the same time line. From fragments' heads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.video.boxes import Sample
from ingest.video.clip_parts import Part
from ingest.video.fragmented import InitialAudio
from ingest.video.movie import AudioTables, Edit, edits_of
from ingest.video.sample_tables import Chunk, sample_tables


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fragment lies in the clip."""

    part: Part
    presented: int
    """Ticks of the clip at which its first picture is shown."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Frames of one fragment's sound that follow one another."""

    part: Part
    offset: int
    """In the segment's bytes."""
    samples: tuple[Sample, ...]

    @property
    def size(self) -> int:
        return sum(sample.size for sample in self.samples)


@dataclass(frozen=True, slots=True)
class ClipAudio:
    format: InitialAudio
    voices: tuple[Voice, ...]
    edits: tuple[Edit, ...]

    def tables(self, offsets: Sequence[int]) -> AudioTables:
        """`offsets`: of each voice, in the clip's file."""
        chunks = [Chunk(voice.samples, 1, offset) for voice, offset in zip(self.voices, offsets, strict=True)]
        duration = sum(sample.duration for voice in self.voices for sample in voice.samples)
        tables = sample_tables([self.format.sample_entry], chunks, all_sync=True)
        return AudioTables(self.format.timescale, tables, duration, self.edits)


def clip_audio(places: Sequence[Place], begins: int, ends: int, timescale: int) -> ClipAudio | None:
    """Of what is shown from `begins` to `ends`, ticks of the clip; None where nothing was heard.

    One track holds one format: sound of another one than the first is left out.
    """
    audio = next((p.part.initial.audio for p in places if p.part.initial.audio and p.part.moof.audio), None)
    if audio is None:
        return None
    heard = [frame for place in places if place.part.initial.audio == audio for frame in _frames(place, timescale)]
    first, stop = (tick * audio.timescale // timescale for tick in (begins, ends))
    chosen = [frame for frame in heard if frame.at + frame.duration > first and frame.at < stop]
    if not chosen:
        return None
    # A decoder needs the frame before to sound right from the first on.
    number = heard.index(chosen[0])
    chosen = [*heard[max(number - 1, 0) : number], *chosen]
    return ClipAudio(
        audio, tuple(_voices(chosen)), edits_of(chosen[0].at - first, ends - begins, audio.timescale, timescale)
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    part: Part
    at: int
    """Ticks of the sound, since the clip's beginning."""
    duration: int
    size: int
    position: int


def _frames(place: Place, timescale: int) -> Iterator[_Frame]:
    part = place.part
    audio, sound = part.initial.audio, part.moof.audio
    if audio is None or sound is None:
        return
    video = part.moof.decode_time + part.moof.shown_after
    after = sound.decode_time - max(video, 0) * audio.timescale // part.initial.timescale
    at = place.presented * audio.timescale // timescale + after
    position = part.moof_offset + sound.data_offset
    for duration, size in sound.samples:
        yield _Frame(part, at, duration, size, position)
        at += duration
        position += size


def _voices(frames: Sequence[_Frame]) -> Iterator[Voice]:
    """A frame lasts until the next one begins."""
    lasting = [max(after.at - before.at, 1) for before, after in pairwise(frames)] + [frames[-1].duration]
    start = 0
    for number in range(1, len(frames) + 1):
        if number == len(frames) or frames[number].part is not frames[start].part:
            chosen = zip(frames[start:number], lasting[start:number], strict=True)
            samples = tuple(Sample(duration, frame.size, True, 0) for frame, duration in chosen)
            yield Voice(frames[start].part, frames[start].position, samples)
            start = number
