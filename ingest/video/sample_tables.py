"""The sample tables (`stbl`) of a plain MP4, after ISO/IEC 14496-12 8.6 and 8.7."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from ingest.video.boxes import Sample
from ingest.video.movie import full_box, sample_description


@dataclass(frozen=True, slots=True)
class Chunk:
    """Samples that lie next to each other in the file and share a description."""

    samples: tuple[Sample, ...]
    description: int
    """1 = the first sample entry."""
    offset: int
    """In the file."""

    @property
    def size(self) -> int:
        return sum(sample.size for sample in self.samples)


def sample_tables(entries: Sequence[bytes], chunks: Sequence[Chunk], all_sync: bool = False) -> list[bytes]:
    """`all_sync`: one can begin with any of the samples."""
    samples = [sample for chunk in chunks for sample in chunk.samples]
    tables = [sample_description(entries), _times(samples)]
    if any(sample.composition_offset for sample in samples):
        tables.append(_composition(samples))
    if not all_sync:
        keyframes = [number for number, sample in enumerate(samples, 1) if sample.keyframe]
        tables.append(_table(b"stss", ">I", [(number,) for number in keyframes]))
    tables.append(_chunk_runs(chunks))
    sizes = struct.pack(f">II{len(samples)}I", 0, len(samples), *(sample.size for sample in samples))
    tables.append(full_box(b"stsz", 0, 0, sizes))
    tables.append(_table(b"co64", ">Q", [(chunk.offset,) for chunk in chunks]))
    return tables


def _table(kind: bytes, row: str, rows: Sequence[Sequence[int]], version: int = 0) -> bytes:
    return full_box(kind, version, 0, struct.pack(">I", len(rows)), *(struct.pack(row, *values) for values in rows))


def _runs(values: Iterable[int]) -> list[tuple[int, int]]:
    return [(len(list(run)), value) for value, run in groupby(values)]


def _times(samples: Sequence[Sample]) -> bytes:
    return _table(b"stts", ">II", _runs(sample.duration for sample in samples))


def _composition(samples: Sequence[Sample]) -> bytes:
    return _table(b"ctts", ">Ii", _runs(sample.composition_offset for sample in samples), version=1)


def _chunk_runs(chunks: Sequence[Chunk]) -> bytes:
    rows: list[tuple[int, int, int]] = []
    for number, chunk in enumerate(chunks, 1):
        if not rows or rows[-1][1:] != (len(chunk.samples), chunk.description):
            rows.append((number, len(chunk.samples), chunk.description))
    return _table(b"stsc", ">III", rows)
