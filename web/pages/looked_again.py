"""What was looked at again in recorded footage: by whom it was asked, how far it is, and what is said otherwise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session, col, select

from storage.models import Counter, Reanalysis, StaffState
from storage.models.columns import JsonObject
from web.auth import require
from web.pages.filters import chosen_hall, zone_of
from web.pages.paging import PAGE_SIZE, Cursor, after, cut, parse_cursor
from web.pages.places import CounterRef, HallRef, counters_by_id, visible_halls
from web.pages.rendering import add_page
from web.pages.scoping import halls_in_scope
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.permissions import Permission
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
_SECONDS = tuple(f"{state.value}_{when}_s" for state in StaffState for when in ("before", "after"))
_COLUMNS = (
    *("id", "hall", "counter", *map(Moments, ("start", "end", "asked_at", "done_at"))),
    *("asked_by", "time_corrected", "progress", "share", *_SECONDS, "absences_before", "absences_after"),
)


class Progress(StrEnum):
    WAITS = "waits"
    LOOKS = "looks"
    DONE = "done"
    INSTEAD = "instead"  # another one looks at its span


@dataclass(frozen=True)
class StateSeconds:
    state: StaffState
    before: float
    after: float


@dataclass(frozen=True)
class SaidOtherwise:
    start: datetime
    end: datetime
    before: StaffState
    after: StaffState


@dataclass(frozen=True)
class Difference:
    """Between what was said before and what is said now."""

    states: tuple[StateSeconds, ...]
    absences_before: int
    absences_after: int
    changed: tuple[SaidOtherwise, ...]
    left_out: int
    """Further spans, which are not kept."""


@dataclass(frozen=True)
class LookedAgain:
    id: int
    counter: CounterRef
    start: datetime
    end: datetime
    asked_by: str
    asked_at: datetime
    for_correction: bool
    """The time of the footage was corrected."""
    progress: Progress
    share: float
    """0..1 of the span is written."""
    done_at: datetime | None
    difference: Difference | None
    """None before it is done."""


@dataclass(frozen=True)
class LookedAgainPage:
    now: datetime
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    rows: tuple[LookedAgain, ...]
    next: str


def looked_again_page(
    viewer: Annotated[Viewer, Depends(require(Permission.BOARD))],
    services: ServicesDep,
    hall: str = "",
    after: str = "",
) -> LookedAgainPage:
    """A hall out of scope is not there."""
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
        chosen = chosen_hall(halls, hall)
        found, more = cut(_found(session, viewer, chosen, parse_cursor(after), PAGE_SIZE + 1))
        rows = _rows(session, found)
    following = str(Cursor(rows[-1].asked_at, rows[-1].id)) if more else ""
    return LookedAgainPage(services.clock(), halls, chosen, rows, following)


def looked_again_table(
    viewer: Annotated[Viewer, Depends(require(Permission.BOARD))], services: ServicesDep, hall: str = ""
) -> Table:
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
    chosen = chosen_hall(halls, hall)

    def read(session: Session, at: Cursor | None, limit: int) -> tuple[LookedAgain, ...]:
        return _rows(session, _found(session, viewer, chosen, at, limit))

    rows = read_on(services.database, read, lambda row: Cursor(row.asked_at, row.id))
    return Table("looked-again", zone_of(halls, chosen), _COLUMNS, map(_cells, rows))


def _cells(row: LookedAgain) -> list[Cell]:
    told = row.difference
    seconds = (
        [each for state in told.states for each in (state.before, state.after)] if told else [None] * len(_SECONDS)
    )
    absences = (told.absences_before, told.absences_after) if told else (None, None)
    return [
        *(row.id, row.counter.hall.id, row.counter.id, row.start, row.end, row.asked_at, row.done_at),
        *(row.asked_by, row.for_correction, row.progress.value, round(row.share, 3), *seconds, *absences),
    ]


def _rows(session: Session, found: Sequence[Reanalysis]) -> tuple[LookedAgain, ...]:
    counters = counters_by_id(session, (row.counter_id for row in found))
    return tuple(_row(row, counters[row.counter_id]) for row in found)


def _found(
    session: Session, viewer: Viewer, hall: HallRef | None, cursor: Cursor | None, limit: int
) -> list[Reanalysis]:
    """The newest first."""
    query = (
        select(Reanalysis)
        .join(Counter, col(Counter.id) == col(Reanalysis.counter_id))
        .where(halls_in_scope(viewer, col(Counter.hall_id)))
        .where(after(cursor, col(Reanalysis.asked_at), col(Reanalysis.id)))
        .order_by(col(Reanalysis.asked_at).desc(), col(Reanalysis.id).desc())
        .limit(limit)
    )
    if hall:
        query = query.where(Counter.hall_id == hall.id)
    return list(session.exec(query))


def _row(row: Reanalysis, counter: CounterRef) -> LookedAgain:
    written = (row.watched_to or row.start) - row.start
    is_done = row.done_at is not None and row.superseded_by is None
    return LookedAgain(
        id=row.id or 0,
        counter=counter,
        start=row.start,
        end=row.end,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        for_correction=row.correction_id is not None,
        progress=_progress(row),
        share=1.0 if is_done else min(written / (row.end - row.start), 1.0),
        done_at=row.done_at,
        difference=_difference(row.changes) if is_done else None,
    )


def _progress(row: Reanalysis) -> Progress:
    if row.superseded_by is not None:
        return Progress.INSTEAD
    if row.done_at is not None:
        return Progress.DONE
    return Progress.LOOKS if row.alive_at is not None else Progress.WAITS


def _difference(changes: JsonObject) -> Difference:
    return Difference(
        tuple(StateSeconds(state, changes["before_s"][state], changes["after_s"][state]) for state in StaffState),
        len(changes["absences_before"]),
        len(changes["absences_after"]),
        tuple(_changed(changes)),
        changes["left_out"],
    )


def _changed(changes: JsonObject) -> Iterator[SaidOtherwise]:
    for each in changes["changed"]:
        start, end = (datetime.fromisoformat(each[key]) for key in ("start", "end"))
        yield SaidOtherwise(start, end, StaffState(each["before"]), StaffState(each["after"]))


add_page(router, "/looked-again", "looked_again.html", looked_again_page)
add_table(router, "/looked-again", looked_again_table)
