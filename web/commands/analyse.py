"""`hallwatch analyse`"""

from datetime import datetime, timedelta
from enum import StrEnum
from time import sleep
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from sqlmodel import col, select

from storage.intervals import Span, intersect, merge
from storage.models import Hall, Reanalysis
from storage.models.columns import JsonObject
from web.commands.common import (
    DEFAULT_CONFIG,
    Bar,
    ConfigOption,
    known_counter,
    moment,
    opened,
    progress_bar,
    say,
    who_runs_this,
)
from web.commands.plain_errors import UserError, out
from web.installation import Services
from web.stop_signals import leave_in_order

if TYPE_CHECKING:
    from analytics.again import Look
    from analytics.presence import Transition


class DetectorChoice(StrEnum):
    AUTO = "auto"
    SSD = "ssd"
    ONNX = "onnx"
    YOLO = "yolo"


_LOOKS = 16
"""Pictures between two signs of progress."""
_SHOWN = 30
_ASK_AGAIN_S = 1.0


def analyse(
    counter: Annotated[str, typer.Option(help="Id of the counter.")],
    start: Annotated[str, typer.Option("--from", help="ISO 8601; without a zone it is the hall's time.")],
    end: Annotated[str, typer.Option("--to", help="The same.")],
    detector: Annotated[
        DetectorChoice | None, typer.Option(help="Instead of the one of the configuration.", show_default=False)
    ] = None,
    weights: Annotated[
        str, typer.Option(help="Weights for onnx or yolo, instead of those of the configuration.", show_default=False)
    ] = "",
    by: Annotated[str, typer.Option(help="Who asks; else the user of this machine.", show_default=False)] = "",
    dry_run: Annotated[bool, typer.Option(help="Only say what would be said; write nothing.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    r"""Look at a counter's recorded footage again, as the watcher does live, and say what is said otherwise now.

    Presence of the span is written anew, and the absences that follow from it. It may be stopped at any time: the same
    command goes on where it was.

    Example: hallwatch analyse --counter cc-1 --dry-run \
    --from 2026-03-02T09:00:00 --to 2026-03-02T12:00:00
    """
    from analytics.people import DetectorUnavailable
    from web.watching import build_look

    leave_in_order()
    with opened(config) as services:
        with services.database.transaction() as session:
            found = known_counter(session, counter)
            zone = ZoneInfo(session.get_one(Hall, found.hall_id).timezone)
        span = _span(moment("--from", start, zone), moment("--to", end, zone), services.clock())
        name = detector.value if detector else services.settings.watcher.detector
        if weights and name == "ssd":
            raise UserError("--weights: ssd has its own; name another detector by --detector, such as onnx.")
        try:
            look = build_look(services, name, weights)
        except DetectorUnavailable as problem:
            raise UserError(str(problem)) from None
        missing: list[Span] = []
        try:
            with progress_bar(f"Counter {counter}") as bar:
                if dry_run:
                    changes, missing = _try(services, counter, span, look, bar)
                else:
                    changes = _redo(services, counter, span, look, by, bar)
        except DetectorUnavailable as problem:
            raise UserError(f"{problem}; what was not looked at yet is left undone.") from None
        _tell(changes, span, zone, dry_run=dry_run)
        for each in missing:
            start, end = _told(each.start.isoformat(), zone), _told(each.end.isoformat(), zone)
            say(f"{start} – {end}: there is no footage to look at; what is known of it would stay.")


def _span(start: datetime, end: datetime, now: datetime) -> Span:
    if end <= start:
        raise UserError("--to: must be after --from.")
    if end > now:
        raise UserError("--to: must not be in the future: the watcher looks at what comes.")
    return Span(start, end)


def _try(services: Services, counter: str, span: Span, look: "Look", bar: Bar) -> tuple[JsonObject, list[Span]]:
    """What would be said, and where there is no footage."""
    from analytics.again import Again, pieces
    from analytics.judging import changes_of_plan, plan_then
    from analytics.reanalysis import differences, said, said_by
    from analytics.rewriting import known_in

    states: list[Transition] = []
    missing: list[Span] = []
    with services.database.transaction() as session:
        before = said(session, counter, span)
        parts = list(pieces(span, changes_of_plan(session, counter)))
        plans = [plan_then(session, counter, part.start) for part in parts]
    for part, plan in zip(parts, plans, strict=True):
        again = Again(plan, counter, part, look)
        while not again.go_on(_LOOKS):
            _show(bar, span, again.seen_to)
        states += again.states()
        missing += again.unseen()
        _show(bar, span, part.end)
    missing = [each for each in merge(missing) if each.duration > look.debounce.max_gap]
    with services.database.transaction() as session:
        kept = intersect(missing, known_in(session, counter, span))
    return differences(before, said_by(states, span, before, kept)), missing


def _redo(services: Services, counter: str, span: Span, look: "Look", by: str, bar: Bar) -> JsonObject:
    from analytics.reanalysis import Redoing, let_go

    worker = f"analyse-{uuid4().hex}"
    row_id = _asked(services, counter, span, look, by or who_runs_this(), worker)
    redoing = Redoing(services.database, look, worker, look.looker.detector.name)
    waits = False
    try:
        while _is_left(services, row_id):
            if redoing.go_on(services.clock(), _LOOKS, row_id):
                if progress := redoing.progress():
                    _show(bar, span, progress[1])
            else:
                if not waits:
                    say("Somebody works at it already: waiting for the end, or for two minutes without a sign of life.")
                waits = True
                sleep(_ASK_AGAIN_S)
    finally:
        with services.database.transaction() as session:
            let_go(session, row_id, worker, services.clock())
    with services.database.transaction() as session:
        row = session.get_one(Reanalysis, row_id)
        if row.superseded_by is not None:
            raise UserError("The time of the footage was corrected meanwhile; the watcher looks at all of it again.")
        return row.changes


def _is_left(services: Services, row_id: int) -> bool:
    with services.database.transaction() as session:
        return session.get_one(Reanalysis, row_id).done_at is None


def _asked(services: Services, counter: str, span: Span, look: "Look", by: str, worker: str) -> int:
    """What the same command, by the same settings, has left undone, or a new one."""
    from analytics.reanalysis import ask

    source, closeness = look.looker.detector.name, look.closeness
    with services.database.transaction() as session:
        same = select(Reanalysis.id).where(
            Reanalysis.counter_id == counter,
            Reanalysis.start == span.start,
            Reanalysis.end == span.end,
            Reanalysis.source == source,
            Reanalysis.closeness == closeness,
            col(Reanalysis.done_at).is_(None),
        )
        found = session.exec(same).first()
        if found is None:
            now = services.clock()
            row = ask(session, counter, span, by, now, worker=worker, source=source, closeness=closeness)
            found = row.id
    row_id = found
    assert row_id is not None
    return row_id


def _show(bar: Bar, span: Span, done_to: datetime) -> None:
    bar.update(int((done_to - span.start) / timedelta(seconds=1)), max(int(span.duration / timedelta(seconds=1)), 1))


def _tell(changes: JsonObject, span: Span, zone: ZoneInfo, *, dry_run: bool) -> None:
    table = Table("", "said before (s)", "would be said (s)" if dry_run else "said now (s)")
    for state, seconds in changes["after_s"].items():
        table.add_row(state, f"{changes['before_s'][state]:.0f}", f"{seconds:.0f}")
    unsaid = [round(span.duration.total_seconds() - sum(changes[when].values())) for when in ("before_s", "after_s")]
    if any(unsaid):
        table.add_row("nothing said", *(f"{seconds}" for seconds in unsaid))
    if not dry_run:
        table.add_row("absences", str(len(changes["absences_before"])), str(len(changes["absences_after"])))
        table.add_row("other events", str(len(changes["events_before"])), str(len(changes["events_after"])))
    out.print(table)
    for each in changes["changed"][:_SHOWN]:
        say(f"{_span_told(each['start'], each['end'], zone)}: {each['before']} → {each['after']}")
    more = len(changes["changed"]) - _SHOWN + changes["left_out"]
    if more > 0:
        say(f"… and {more} more.")
    if not changes["changed"]:
        before, after = unsaid
        first = f"Of {before - after} s nothing had been said yet. " if before > after else ""
        say(f"{first}Nothing that was said is said otherwise." if first else "Nothing is said otherwise.")


def _span_told(start: str, end: str, zone: ZoneInfo) -> str:
    """With its length: an edge that moved by less than a second begins and ends at the same one."""
    seconds = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    return f"{_told(start, zone)} – {_told(end, zone)} ({seconds:.1f} s)"


def _told(text: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(text).astimezone(zone).replace(tzinfo=None).isoformat(" ", "seconds")
