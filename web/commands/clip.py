"""`hallwatch clip`"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from sqlmodel import Session, col, select

from storage.footage import Coverage
from storage.intervals import Span
from storage.masks import masks_between
from storage.models import Camera, Counter, Hall, Segment, View
from storage.objects import StoreError
from storage.views import in_force
from web.access_log import footage_subject, log_command
from web.commands.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    known_camera,
    known_counter,
    moment,
    opened,
    progress_bar,
    say,
    who_runs_this,
)
from web.commands.plain_errors import UserError
from web.installation import Services

if TYPE_CHECKING:  # slow to load, which the help need not wait for
    from ingest.video.readable import Unreadable
    from web.hiding import Hiding


def clip(
    start: Annotated[str, typer.Argument(metavar="FROM", help="ISO 8601; without a zone it is the hall's time.")],
    end: Annotated[str, typer.Argument(metavar="TO", help="The same.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="MP4 to write; never overwritten.")],
    camera: Annotated[str, typer.Option(help="Id of the camera.")] = "",
    counter: Annotated[str, typer.Option(help="Id of a counter: the camera that saw it at FROM is taken.")] = "",
    unmasked: Annotated[
        str, typer.Option(metavar="PURPOSE", help="Leave privacy masks out, for this purpose; it is logged.")
    ] = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    r"""Write the footage of a span into a file, without encoding it again.

    Where the camera has privacy masks they are filled, which encodes the pictures anew and leaves out the sound.

    Example: hallwatch clip 2026-03-02T09:00:00 2026-03-02T09:05:00 \
    morning.mp4 --counter cc-1
    """
    from ingest.video.clip import FormatChanges, NothingRecorded, clip_segments
    from ingest.video.readable import NothingReadable, Unreadable, without
    from web.hiding import Hiding

    if bool(camera) == bool(counter):
        raise typer.BadParameter("Name either --camera or --counter.")
    _check_new(file)
    if not file.parent.is_dir():
        raise UserError(f"There is no folder {file.parent}; make it, or choose another.")
    with opened(config) as services:
        with services.database.transaction() as session:
            place = _place(session, camera, counter)
            zone = ZoneInfo(session.get_one(Hall, place.hall_id).timezone)
            first, last = moment("FROM", start, zone), moment("TO", end, zone)
            found = place if isinstance(place, Camera) else _camera_of(session, place, first)
            if last <= first:
                raise UserError("The clip ends before it starts.")
            hidden = Hiding(masks_between(session, found.id, first, last), filled=not unmasked.strip())
            segments = clip_segments(services.footage, session, found.id, first, last)
            if hidden.masks and not hidden.filled:
                subject = footage_subject(found.id, first, last)
                log_command(session, who_runs_this(), "download_unmasked", subject, unmasked.strip(), services.clock())
        asked, unreadable = Span(first, last), Unreadable()
        try:
            _write(services, unreadable, segments, asked, hidden, file)
        except NothingReadable:
            raise UserError(
                "It was recorded, but the store has lost it or cannot read it: see hallwatch fsck."
            ) from None
        except NothingRecorded:
            raise UserError(f"Nothing of camera {found.id} was recorded in this span.") from None
        except FormatChanges as error:
            raise UserError(_one_format_each(error.parts, zone)) from None
        with services.database.transaction() as session:
            recorded = services.footage.coverage(session, found.id, first, last)
            coverage = without(recorded, unreadable.known_lost(session, found.id, asked))
        masked = f", privacy masks {hidden.told['privacy_masks']}" if hidden.masks else ""
        say(f"Wrote {file}: camera {found.id}, {_how_much(coverage)}{masked}.")
        _tell_missing(coverage, zone)


def _one_format_each(parts: Sequence[Span], zone: ZoneInfo) -> str:
    spans = "; ".join(f"{p.start.astimezone(zone).isoformat()} {p.end.astimezone(zone).isoformat()}" for p in parts)
    return f"The camera's codec changed within this span, and one file holds one codec. Take these: {spans}."


def _place(session: Session, camera_id: str, counter_id: str) -> Camera | Counter:
    if counter_id:
        return known_counter(session, counter_id)
    return known_camera(session, camera_id)


def _camera_of(session: Session, counter: Counter, at: datetime) -> Camera:
    """The one that saw the counter then: later it may have been turned to another."""
    seeing = select(Camera).join(View, col(View.camera_id) == col(Camera.id)).order_by(col(Camera.id))
    camera = session.exec(seeing.where(View.counter_id == counter.id, in_force(at))).first()
    if camera is None:
        raise UserError(f"No camera saw counter {counter.id} then.")
    return camera


def _write(
    services: Services, unreadable: "Unreadable", segments: Sequence[Segment], asked: Span, hidden: "Hiding", file: Path
) -> None:
    """Begins anew without what turns out on the way to be unreadable. Raises StoreError, and as `Unreadable.clip`."""
    from ingest.video.masked_clip import masked_chunks

    while True:
        clip = unreadable.clip(services.footage, segments, asked, hidden.told, services.clock())
        chunks = masked_chunks(clip, hidden.polygons) if hidden.polygons else clip.chunks()
        try:
            write_whole(chunks, clip.size, file)
        except StoreError:
            if not unreadable.finds_more(services.footage, segments, services.clock()):
                raise
        else:
            return


def write_whole(chunks: Iterator[bytes], size: int, file: Path) -> None:
    """Under the name of `file` only once it is whole: who finds a clip of that name may hand it on."""
    unfinished = file.with_name(f"{file.name}.part")
    try:
        with unfinished.open("wb") as target, progress_bar(file.name) as bar:
            for chunk in chunks:
                target.write(chunk)
                bar.update(target.tell(), size)
        _check_new(file)
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)


def _check_new(file: Path) -> None:
    if file.exists():
        raise UserError(f"{file} is there already and is never overwritten; choose another name.")


def _how_much(coverage: Coverage) -> str:
    footage = sum((span.duration for span in coverage.covered), timedelta())
    if not coverage.missing:
        return f"{footage.total_seconds():.1f} s of footage"
    asked = footage + sum((hole.end - hole.start for hole in coverage.missing), timedelta())
    return f"{footage.total_seconds():.1f} s of footage of the {asked.total_seconds():.1f} s asked for"


def _tell_missing(coverage: Coverage, zone: ZoneInfo) -> None:
    from web.pages.words import hole_word

    for hole in coverage.missing:
        since, until = (_hall_time(moment, zone) for moment in (hole.start, hole.end))
        seconds = (hole.end - hole.start).total_seconds()
        say(f"Missing {seconds:.1f} s from {since} to {until} (time of {zone}): {hole_word(hole.cause)}")


def _hall_time(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).replace(tzinfo=None).isoformat(" ", "milliseconds")
