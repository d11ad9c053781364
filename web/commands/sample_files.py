"""Labelled samples as clips with their labels, as `hallwatch evaluate` reads them."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from storage.masks import masks_between, polygons_of
from storage.models import PrivacyMask, Sample
from storage.objects import StoreError
from web.commands.common import warn
from web.installation import Services


@dataclass(frozen=True)
class Written:
    """How many samples are kept, how many were written now, and how many were removed."""

    kept: int
    written: int
    removed: int


def write_samples(services: Services, folder: Path, progress: Callable[[int, int], None] | None = None) -> Written:
    """All that are kept; what is there already is left as it is, and what was taken back is removed.

    One without footage is left out with a warning. `progress` is called with samples done and samples in all.
    """
    from analytics.samples import inside_of, kept

    for part in ("videos", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    with services.database.transaction() as session:
        found = [
            (sample, masks_between(session, sample.camera_id, sample.start, sample.end), inside_of(session, sample))
            for sample in kept(session)
        ]
        session.expunge_all()
    written = 0
    for done, (sample, masks, inside) in enumerate(found, start=1):
        written += _export(services, folder, sample, masks, inside)
        if progress:
            progress(done, len(found))
    removed = list(_removed(folder, {_name(sample) for sample, _, _ in found}))
    return Written(len(found), written, len(removed))


def _name(sample: Sample) -> str:
    return f"sample-{sample.id}"


def _export(services: Services, folder: Path, sample: Sample, masks: Sequence[PrivacyMask], inside: str) -> bool:
    """Whether it was written now. The label comes last: where there is one, its video is whole."""
    from analytics.samples import label_of

    name = _name(sample)
    label, video = folder / "labels" / f"{name}.json", Path("videos") / f"{name}.mp4"
    hidden = [mask.polygon for mask in masks]
    if label.exists() and (folder / video).exists() and _says(label) == (hidden, inside):
        return False
    length = _write_video(services, sample, masks, folder / video)
    if length is None:
        return False
    content = label_of(sample, str(video), length.total_seconds(), inside) | {"masks": hidden}
    coming = label.with_suffix(".coming")
    coming.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    coming.rename(label)
    return True


def _says(label: Path) -> tuple[object, object]:
    """Its masks, and who is inside its zone: what may be otherwise since it was written."""
    try:
        content = json.loads(label.read_text(encoding="utf-8"))
        return content["masks"], content["zones"][0].get("inside")
    except (ValueError, LookupError, TypeError, AttributeError):
        return None, None


def _write_video(services: Services, sample: Sample, masks: Sequence[PrivacyMask], file: Path) -> timedelta | None:
    """How long it lasts; None where nothing was written."""
    from ingest.video.clip import FormatChanges, NothingRecorded, open_clip
    from ingest.video.masked_clip import masked_chunks

    coming = file.with_suffix(".coming")
    try:
        with services.database.transaction() as session:
            clip = open_clip(services.footage, session, sample.camera_id, sample.start, sample.end)
            covered = services.footage.coverage(session, sample.camera_id, sample.start, sample.end).covered
        chunks = masked_chunks(clip, polygons_of(masks)) if masks else clip.chunks()
        with coming.open("wb") as target:
            target.writelines(chunks)
    except (NothingRecorded, FormatChanges, StoreError) as error:
        coming.unlink(missing_ok=True)
        warn(f"Left out: sample {sample.id} ({sample.about}): {error}.")
        return None
    coming.rename(file)
    return sum((span.duration for span in covered), timedelta())


def _removed(folder: Path, names: set[str]) -> Iterator[str]:
    for label in sorted((folder / "labels").glob("sample-*.json")):
        if label.stem not in names:
            label.unlink()
            (folder / "videos" / f"{label.stem}.mp4").unlink(missing_ok=True)
            yield label.stem
