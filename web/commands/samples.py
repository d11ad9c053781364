"""`hallwatch samples`"""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from storage.masks import masks_between, polygons_of
from storage.models import PrivacyMask, Sample
from storage.objects import StoreError
from web.commands.common import DEFAULT_CONFIG, ConfigOption, opened, say, warn
from web.installation import Services

app = typer.Typer(
    no_args_is_help=True,
    help="Labelled samples: what was learned from wrong alerts.\n\nExample: hallwatch samples export samples/",
)


@app.callback()
def samples() -> None:
    pass


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Gets videos/ and labels/.", file_okay=False)],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write all samples that are kept as clips with their labels, for `hallwatch evaluate DIR`.

    Privacy masks are filled in them. What DIR has already is left as it is; what was taken back is removed from it.

    Example: hallwatch samples export samples/
    """
    from analytics.samples import inside_of, kept

    for part in ("videos", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    with opened(config) as services:
        with services.database.transaction() as session:
            found = [
                (sample, masks_between(session, sample.camera_id, sample.start, sample.end), inside_of(session, sample))
                for sample in kept(session)
            ]
            session.expunge_all()
        written = sum(_export(services, folder, sample, masks, inside) for sample, masks, inside in found)
    removed = list(_removed(folder, {_name(sample) for sample, _, _ in found}))
    say(f"{len(found)} samples kept: {written} written, {len(removed)} that were taken back removed, in {folder}.")


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
