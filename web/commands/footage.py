"""`hallwatch footage`"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from sqlmodel import Session, col, select

from storage.models import Camera, Hall, TimeCorrection
from storage.objects import StoreError
from storage.time_shifts import NONE_YET, Numbers
from web.access_log import footage_subject, log_command
from web.commands.common import DEFAULT_CONFIG, ConfigOption, known_camera, moment, opened, say, warn, who_runs_this
from web.commands.listing import block
from web.commands.plain_errors import UserError, out
from web.installation import Services
from web.row_ids import LARGEST_ID

if TYPE_CHECKING:
    from storage.asked_corrections import CorrectionRefused
    from web.api.corrections import CorrectionShown
    from web.correcting import Corrected, ToLookAgain

app = typer.Typer(
    no_args_is_help=True,
    help="Correct the time of recorded footage afterwards, and take that back.\n\n"
    "Example: hallwatch footage corrections --camera cc-cam-1",
)


def _number(text: str) -> int:
    is_short = text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_ID))
    if not is_short or not 1 <= int(text) <= LARGEST_ID:
        raise typer.BadParameter(f"{text!r} is no number of a correction; `hallwatch footage corrections` shows all.")
    return int(text)


CorrectionArgument = Annotated[
    int, typer.Argument(metavar="NUMBER", parser=_number, help="Of the correction, as `corrections` shows it.")
]
ReasonOption = Annotated[str, typer.Option(help="Why; it is shown with the footage.")]
ByOption = Annotated[str, typer.Option(help="Who says so; else the user of this machine.", show_default=False)]
_NUMBERED = "Of a time that was recorded more than once: the number of the first segment that is meant."
DryRunOption = Annotated[bool, typer.Option(help="Only say what would become of it.")]


@app.command("correct")
def correct(
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Id of the camera.")],
    start: Annotated[str, typer.Option("--from", help="By the time of the files; without a zone the hall's time.")],
    end: Annotated[str, typer.Option("--to", help="The same.")],
    shift: Annotated[float, typer.Option(help="Seconds: the true time minus the time that the files say.")],
    reason: ReasonOption,
    error: Annotated[float, typer.Option(help="With the shift, the time is right to within so many seconds.")] = 0.5,
    first: Annotated[int | None, typer.Option(help=_NUMBERED, min=0, max=NONE_YET - 1, show_default=False)] = None,
    last: Annotated[
        int | None, typer.Option(help="The last one, itself meant.", min=0, max=NONE_YET - 1, show_default=False)
    ] = None,
    by: ByOption = "",
    dry_run: DryRunOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    r"""Say that the footage of a span was taken at another time. Rows move, files stay; it can be taken back.

    What was seen at the counters in it is unknown until the watcher has looked at it again.

    Example: hallwatch footage correct cc-cam-1 \
    --from 2026-03-02T09:00:00 --to 2026-03-02T10:00:00 --shift -300 \
    --reason "The server's clock was five minutes fast" --dry-run
    """
    from storage.asked_corrections import CorrectionRefused, Wanted
    from web.correcting import correct_time, try_out

    with opened(config) as services:
        with services.database.transaction() as session:
            found = known_camera(session, camera)
            zone = _zone(session, found)
        begin, until = moment("--from", start, zone), moment("--to", end, zone)
        if until <= begin:
            raise UserError("--to: must be later than --from.")
        try:
            numbers = Numbers(first, last)
            wanted = Wanted.of(found.id, begin, until, shift, error, reason, by or who_runs_this(), numbers)
            if dry_run:
                _tell(try_out(services.database, wanted, services.clock()), zone, dry_run=True)
                return
            with services.database.transaction() as session:
                done = correct_time(session, wanted, services.clock())
                _log(session, services, "correct_time", done)
        except CorrectionRefused as refused:
            raise _told_by_option(refused) from None
        _tell(done, zone, dry_run=False)
        _store(services)


@app.command("take-back")
def take_back(
    correction: CorrectionArgument,
    reason: ReasonOption,
    by: ByOption = "",
    dry_run: DryRunOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Take a correction back: the footage is shown as if there had been none. Both stay written down.

    Example: hallwatch footage take-back 7 --reason "Wrong camera" --dry-run
    """
    from storage.asked_corrections import CorrectionRefused
    from web.correcting import take_back_correction, try_taking_back

    who = by or who_runs_this()
    with opened(config) as services:
        with services.database.transaction() as session:
            zone = _zone(session, session.get_one(Camera, _known(session, correction).camera_id))
        try:
            if dry_run:
                tried = try_taking_back(services.database, correction, reason, who, services.clock())
                _tell(tried, zone, dry_run=True)
                return
            with services.database.transaction() as session:
                done = take_back_correction(session, _known(session, correction), reason, who, services.clock())
                _log(session, services, "take_back_correction", done)
        except CorrectionRefused as refused:
            raise _told_by_option(refused) from None
        _tell(done, zone, dry_run=False)
        _store(services)


def _known(session: Session, correction: int) -> TimeCorrection:
    row = session.get(TimeCorrection, correction)
    if row is None:
        raise UserError(f"There is no correction {correction}; `hallwatch footage corrections` shows all.")
    return row


def _told_by_option(refused: "CorrectionRefused") -> UserError:
    return UserError(str(refused) if refused.field == "id" else f"--{refused.field}: {refused}.")


def _log(session: Session, services: Services, action: str, done: "Corrected") -> None:
    row = done.moved.correction
    subject = f"correction:{row.id} {footage_subject(row.camera_id, row.start, row.end)}"
    log_command(session, who_runs_this(), action, subject, row.reason, services.clock())


@app.command("corrections")
def corrections(
    camera: Annotated[str, typer.Option(help="Only those of this camera.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """List all corrections of time, those that were taken back too, and whether the counters were looked at again.

    Example: hallwatch footage corrections --camera cc-cam-1
    """
    from web.api.corrections import shown

    with opened(config) as services, services.database.transaction() as session:
        query = select(TimeCorrection).order_by(col(TimeCorrection.id))
        if camera:
            query = query.where(TimeCorrection.camera_id == known_camera(session, camera).id)
        rows = shown(session, list(session.exec(query)))
        zones = {row.camera_id: _zone(session, session.get_one(Camera, row.camera_id)) for row in rows}
    if not rows:
        say("No time was corrected yet.")
        return
    for row in rows:
        out.print(block(_heading(row), _lines(row, zones[row.camera_id])))


def _heading(row: "CorrectionShown") -> str:
    state = f"takes back {row.takes_back}" if row.takes_back else "in force"
    if row.taken_back_by:
        state = f"taken back by {row.taken_back_by}"
    return f"Correction {row.id} of {row.camera_id}: {state}"


def _lines(row: "CorrectionShown", zone: ZoneInfo) -> Iterator[str]:
    yield f"{_told(row.start, zone)} – {_told(row.end, zone)} ({zone})"
    if row.first_sequence is not None or row.last_sequence is not None:
        yield f"segments {_end(row.first_sequence)}–{_end(row.last_sequence)}"
    yield f"shift {row.shift_s:+.3f} s, right to within {row.error_s:.1f} s"
    yield f"{row.made_by}, {_told(row.made_at, zone)}: {row.reason}"
    if to_look := [job for job in row.looked_again if job.superseded_by is None]:
        done = sum(job.done_at is not None for job in to_look)
        yield f"{done} of {len(to_look)} spans at counters looked at again"


def _tell(done: "Corrected", zone: ZoneInfo, *, dry_run: bool) -> None:
    moved, would = done.moved, "would move" if dry_run else "moved"
    number = "" if dry_run else f"Correction {moved.correction.id}: "
    say(f"{number}{moved.segments} segments {would} (times of {zone}).")
    for move in moved.moves:
        before = move.before
        say(f"  {_told(before.start, zone)} – {_told(before.end, zone)} → {_told(move.after.start, zone)}")
    _tell_again(done.to_look_again, zone)


def _tell_again(counters: Iterable["ToLookAgain"], zone: ZoneInfo) -> None:
    for counter in counters:
        for span in counter.spans:
            say(
                f"Counter {counter.counter_id}: unknown from {_told(span.start, zone)} to {_told(span.end, zone)} "
                "until the watcher has looked at it again."
            )
        if counter.absences:
            say(f"Counter {counter.counter_id}: absences found there that no longer count: {counter.absences}.")


def _store(services: Services) -> None:
    from storage.correction_objects import store_corrections

    try:
        store_corrections(services.database, services.store)
    except StoreError as error:
        warn(f"The store has no copy of it yet, the clerk tries again: {error}")


def _end(sequence: int | None) -> str:
    return "…" if sequence is None else str(sequence)


def _zone(session: Session, camera: Camera) -> ZoneInfo:
    return ZoneInfo(session.get_one(Hall, camera.hall_id).timezone)


def _told(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).replace(tzinfo=None).isoformat(" ", "milliseconds")
