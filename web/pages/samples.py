"""Labelled samples: what is learned from wrong alerts, and marking one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlmodel import Session, col, select

from storage.models import Alert, Counter, Sample, SampleState, User, View, ZoneRole
from storage.sayings import Saying
from web.addresses import local_path
from web.api import samples as api
from web.api.samples import Marker, SampleRequest
from web.auth import require
from web.errors import Unprocessable
from web.field_problems import FieldProblem
from web.pages.admin.forms import SentForm, optional, text
from web.pages.filters import chosen_hall, zone_of
from web.pages.paging import PAGE_SIZE, cut
from web.pages.places import CounterRef, HallRef, counters_by_id, counters_of, visible_halls
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.scoping import halls_in_scope
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.pages.typed import Typed
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_alert
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
_FARTHEST = 1_000_000
_WHO = Saying("Choose who was really there.")


@dataclass(frozen=True)
class SampleRow:
    id: int
    counter: CounterRef
    camera_id: str
    zone: ZoneRole
    someone_there: bool
    start: datetime
    end: datetime
    state: SampleState
    alert_id: int | None
    absence_id: int | None
    marked_by: str
    marked_at: datetime
    taken_back_by: str
    taken_back_at: datetime | None


@dataclass(frozen=True)
class SamplesPage:
    now: datetime
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    taken_back: bool
    """Those that were taken back are shown, too."""
    samples: tuple[SampleRow, ...]
    next: str


@dataclass(frozen=True)
class WrongPage:
    now: datetime
    alert_id: int
    absence_id: int | None
    counters: tuple[CounterRef, ...]
    """At which it may have been wrong."""
    sample: SampleRow | None
    """What was said already."""


@dataclass(frozen=True)
class Wanted:
    """The filters of the address."""

    viewer: Viewer
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    taken_back: bool


def wanted(
    viewer: Annotated[Viewer, Depends(require(Permission.FEEDBACK))],
    services: ServicesDep,
    hall: str = "",
    taken_back: bool = False,
) -> Wanted:
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
    return Wanted(viewer, halls, chosen_hall(halls, hall), taken_back)


WantedDep = Annotated[Wanted, Depends(wanted)]


def samples_page(
    wanted: WantedDep, services: ServicesDep, after: Annotated[int, Query(ge=0, le=_FARTHEST)] = 0
) -> SamplesPage:
    """`after`: how many come before."""
    with services.database.transaction() as session:
        found, more = cut(_found(session, wanted, after, PAGE_SIZE + 1))
        rows = _rows(session, found)
    following = str(after + PAGE_SIZE) if more else ""
    return SamplesPage(services.clock(), wanted.halls, wanted.hall, wanted.taken_back, rows, following)


def _found(session: Session, wanted: Wanted, after: int, limit: int) -> list[Sample]:
    """The newest first."""
    query = (
        select(Sample)
        .join(Counter, col(Counter.id) == col(Sample.counter_id))
        .where(halls_in_scope(wanted.viewer, col(Counter.hall_id)))
        .order_by(col(Sample.marked_at).desc(), col(Sample.id).desc())
        .offset(after)
        .limit(limit)
    )
    if wanted.hall:
        query = query.where(Counter.hall_id == wanted.hall.id)
    if not wanted.taken_back:
        query = query.where(col(Sample.taken_back_at).is_(None))
    return list(session.exec(query))


_COLUMNS = (
    *("id", "hall", "counter", "camera", "zone", "someone_there", Moments("start"), Moments("end"), "state"),
    *("alert", "absence", "marked_by", Moments("marked_at"), "taken_back_by", Moments("taken_back_at")),
)


def samples_table(wanted: WantedDep, services: ServicesDep) -> Table:
    def read(session: Session, at: int | None, limit: int) -> list[tuple[int, SampleRow]]:
        rows = _rows(session, _found(session, wanted, at or 0, limit))
        return list(enumerate(rows, start=(at or 0) + 1))

    rows = read_on(services.database, read, lambda numbered: numbered[0])
    return Table("samples", zone_of(wanted.halls, wanted.hall), _COLUMNS, (_cells(row) for _, row in rows))


def _cells(row: SampleRow) -> list[Cell]:
    return [
        *(row.id, row.counter.hall.id, row.counter.id, row.camera_id, row.zone, row.someone_there, row.start, row.end),
        *(row.state, row.alert_id, row.absence_id, row.marked_by, row.marked_at, row.taken_back_by, row.taken_back_at),
    ]


def wrong_page(alert_id: RowId, viewer: Marker, services: ServicesDep) -> WrongPage:
    """Where somebody says that an alert is wrong, and what was right."""
    with services.database.transaction() as session:
        alert = scoped_alert(session, viewer, alert_id)
        said = api.of_alert_row(session, alert)
        rows = _rows(session, [said] if said else [])
        counters = _counters(session, viewer, alert)
        return WrongPage(services.clock(), alert_id, alert.absence_id, counters, rows[0] if rows else None)


def sample_row(session: Session, alert: Alert) -> SampleRow | None:
    """What was said of an alert."""
    said = api.of_alert_row(session, alert)
    return _rows(session, [said])[0] if said else None


def _counters(session: Session, viewer: Viewer, alert: Alert) -> tuple[CounterRef, ...]:
    """Its own, or those that its camera looks at."""
    if alert.counter_id:
        return tuple(counters_by_id(session, [alert.counter_id]).values())
    looked = set(session.exec(select(View.counter_id).where(View.camera_id == (alert.camera_id or ""))))
    return tuple(ref for ref in counters_of(session, visible_halls(session, viewer)) if ref.id in looked)


def _rows(session: Session, samples: Sequence[Sample]) -> tuple[SampleRow, ...]:
    counters = counters_by_id(session, (sample.counter_id for sample in samples))
    ids = {user for each in samples for user in (each.marked_by, each.taken_back_by) if user is not None}
    people = session.exec(select(User).where(col(User.id).in_(ids)))
    names: dict[int | None, str] = {user.id: user.display_name or user.name for user in people}
    copied = ("camera_id", "zone", "someone_there", "start", "end", "state", "alert_id", "absence_id", "marked_at")
    return tuple(
        SampleRow(
            id=each.id or 0,
            counter=counters[each.counter_id],
            marked_by=names.get(each.marked_by, ""),
            taken_back_by=names.get(each.taken_back_by, ""),
            taken_back_at=each.taken_back_at,
            **each.model_dump(include=set(copied)),
        )
        for each in samples
    )


add_page(router, "/samples", "samples.html", samples_page)
add_table(router, "/samples", samples_table)
add_page(router, "/alerts/{alert_id}/wrong", "wrong.html", wrong_page)


@router.post("/alerts/{alert_id}/wrong", include_in_schema=False)
def say_wrong(
    alert_id: RowId,
    request: Request,
    services: ServicesDep,
    viewer: Marker,
    around: ScreenDep,
    form: SentForm,
) -> Response:
    there = {"yes": True, "no": False}.get(text(form, "someone_there"))
    values = {"someone_there": there, "zone": text(form, "zone") or "staff", "counter": optional(form, "counter")}
    try:
        if there is None:
            raise Unprocessable(fields=[FieldProblem("someone_there", _WHO)])
        sent = SampleRequest.model_validate(values)
        api.add_sample(alert_id, sent, request, services, viewer)
    except (ValidationError, Unprocessable) as error:
        again = around.again(Typed.refused("wrong", form, error), f"/alerts/{alert_id}/wrong")
        return html(again, "wrong.html", wrong_page(alert_id, viewer, services), status=422)
    return RedirectResponse(f"/alerts/{alert_id}/wrong?done=sample", 303)


@router.post("/alerts/{alert_id}/wrong/take-back", include_in_schema=False)
def take_back(alert_id: RowId, request: Request, services: ServicesDep, viewer: Marker, form: SentForm) -> Response:
    api.remove_sample(alert_id, request, services, viewer)
    return RedirectResponse(f"{local_path(text(form, 'next'), '/samples')}?done=sample_taken_back", 303)
