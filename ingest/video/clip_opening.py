"""With what a long clip begins: like a plain MP4, so that an edit list can hide what comes before the first frame."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ingest.video.boxes import AudioRun
from ingest.video.clip_parts import Part
from ingest.video.clip_plan import NothingRecorded, plan_clip
from ingest.video.clip_shots import Selected, decoded, shots_between
from ingest.video.fragmented import Initial, InitialAudio
from ingest.video.retimed import Raw
from storage.footage import Footage
from storage.intervals import Span
from storage.models import Segment


@dataclass(frozen=True, slots=True)
class Opening:
    """The fragments from the keyframe that the first frame needs to the one in which that frame lies."""

    fragments: tuple[Part, ...]
    hidden: int
    """Ticks from the first frame's decoding to the first frame shown."""
    start_us: int
    """Wall time of that."""
    audio: InitialAudio | None
    """Of the clip; None without sound."""

    @property
    def initial(self) -> Initial:
        return self.fragments[0].initial

    @property
    def last(self) -> Part:
        return self.fragments[-1]

    @property
    def origin(self) -> int:
        """Ticks of the last one's segment at which the clip's media begins."""
        return self.last.moof.decode_time - sum(part.moof.duration for part in self.fragments[:-1])

    @property
    def duration(self) -> int:
        return sum(part.moof.duration for part in self.fragments)

    @property
    def stop(self) -> int:
        return self.last.fragment.byte_offset + self.last.fragment.byte_size

    @property
    def ends_at(self) -> datetime:
        """By the wall clock."""
        fragment = self.last.fragment
        return self.last.segment.start + timedelta(microseconds=fragment.offset_us + fragment.duration_us)

    @property
    def sounds(self) -> tuple[AudioRun | None, ...]:
        """Of each fragment; its bytes are those before the pictures."""
        return tuple(
            part.moof.audio if self.audio is not None and part.initial.audio == self.audio else None
            for part in self.fragments
        )

    @property
    def audio_after(self) -> int:
        """Ticks of the sound from the first frame's decoding to where the sound begins."""
        before = 0
        for part, sound in zip(self.fragments, self.sounds, strict=True):
            if sound:
                return self.audio_ticks(before) + sound.decode_time - self.audio_ticks(part.moof.decode_time)
            before += part.moof.duration
        return 0

    def audio_ticks(self, ticks: int) -> int:
        """From ticks of the pictures."""
        return ticks * self.audio.timescale // self.initial.timescale if self.audio else 0

    @property
    def parts(self) -> tuple[Raw, ...]:
        made = []
        for part, sound in zip(self.fragments, self.sounds, strict=True):
            before = sound.size if sound else 0
            size = before + sum(sample.size for sample in part.moof.samples)
            made.append(Raw(part.segment, part.data_offset - before, size))
        return tuple(made)


def opening_in(footage: Footage, near: Sequence[Segment], spans: Sequence[Span], audio: InitialAudio | None) -> Opening:
    """From the first frame in one of the spans on. Raises NothingRecorded, StoreError, BadBox."""
    for span in spans:
        with suppress(NothingRecorded):
            _, selected = shots_between(footage, plan_clip(near, span.start, span.end))
            if selected.shown:
                return _opening_of(selected, audio)
    raise NothingRecorded(f"no picture can be shown from {spans[0].start.isoformat()} on")


def _opening_of(selected: Selected, audio: InitialAudio | None) -> Opening:
    first = min(selected.shown, key=lambda shot: shot.presented)
    parts = list({id(shot.part): shot.part for shot in selected.shots}.values())
    stop = next(number for number, part in enumerate(parts, 1) if part is first.part)
    fragments = (parts[0], *map(_no_beginning, parts[1:stop]))
    return Opening(fragments, first.presented - decoded(selected.shots[0]), first.wall_us, audio)


def _no_beginning(part: Part) -> Part:
    """Players begin with the last keyframe before what they show: not with one that is not enough."""
    samples = tuple(replace(sample, keyframe=False) for sample in part.moof.samples)
    return replace(part, moof=replace(part.moof, samples=samples))
