"""Leave and cover: time in which nobody is absent from a counter; and pairs of counters that cover each other."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, model_validator
from sqlmodel import Session, col, or_, select

from analytics.judging import judge_anew
from analytics.recording import take_turns
from storage.intervals import Span
from storage.models import CounterPair, Cover, CoverKind
from storage.sayings import Saying
from web import pairs
from web.access_log import log_access
from web.addresses import client_address
from web.api.administration import AdminDesk, found
from web.auth import require
from web.declarations import PairDeclaration
from web.declared_values import Id, PlannedMoment, Strict
from web.errors import NotFound
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_counter
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["rules"])
Reader = Annotated[Viewer, Depends(require(Permission.BOARD))]
Registrar = Annotated[Viewer, Depends(require(Permission.COVER))]
LONGEST = timedelta(days=92)
LOOK_BACK = timedelta(days=31)


class CoverRequest(Strict):
    counter: Id
    kind: CoverKind
    who: Annotated[str, Field(min_length=1, max_length=100)]
    """Who is on leave, or who covers."""
    start: PlannedMoment
    end: PlannedMoment | None = None
    """Exclusive. Leave needs one; who covers may be signed out later."""
    reason: Annotated[str, Field(max_length=500)] = ""

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        if self.kind is CoverKind.LEAVE and self.end is None:
            raise ValueError(Saying("Say until when the leave lasts."))
        if self.end and self.end <= self.start:
            raise ValueError(Saying("The end has to lie after the beginning."))
        if self.end and self.end - self.start > LONGEST:
            raise ValueError(Saying("Leave and cover last %(most)s days at most; register several.", most=LONGEST.days))
        return self


class CoverShown(BaseModel):
    id: int
    counter_id: str
    kind: CoverKind
    who: str
    start: datetime
    end: datetime | None
    reason: str
    noted_by: int | None
    """Nobody where the configuration file changed hours."""
    noted_at: datetime
    """After its start: it was told afterwards."""
    withdrawn_at: datetime | None
    withdrawn_by: int | None


@router.get("/covers")
def list_covers(viewer: Reader, services: ServicesDep, counter: str) -> list[CoverShown]:
    """Of a counter: those of the last 31 days and those to come, the newest first; withdrawn ones too."""
    with services.database.transaction() as session:
        scoped_counter(session, viewer, counter)
        return [_shown(row) for row in covers_of(session, counter, services.clock() - LOOK_BACK)]


def covers_of(session: Session, counter_id: str, since: datetime) -> list[Cover]:
    query = select(Cover).where(Cover.counter_id == counter_id, or_(col(Cover.end).is_(None), col(Cover.end) > since))
    return list(session.exec(query.order_by(col(Cover.start).desc(), col(Cover.id).desc())))


@router.post("/covers")
def register(wanted: CoverRequest, request: Request, services: ServicesDep, viewer: Registrar) -> CoverShown:
    """Nobody is absent from the counter in this time. Absences that were found in it already end or have been none."""
    now = services.clock()
    with services.database.transaction() as session:
        counter = scoped_counter(session, viewer, wanted.counter)
        row = Cover(
            counter_id=counter.id,
            kind=wanted.kind,
            who=wanted.who,
            start=wanted.start,
            end=wanted.end,
            reason=wanted.reason,
            noted_by=viewer.user_id,
            noted_at=now,
        )
        session.add(row)
        session.flush()
        _judge_anew(session, row, now)
        _log(session, request, viewer, "cover", row, now)
    return _shown(row)


@router.post("/covers/{cover_id}/end")
def end(cover_id: RowId, request: Request, services: ServicesDep, viewer: Registrar) -> CoverShown:
    """It ends now. One that is over stays as it is; one that has not begun is withdrawn."""
    now = services.clock()
    with services.database.transaction() as session:
        row = _scoped(session, viewer, cover_id)
        if row.start >= now:
            _withdraw(session, row, viewer, now)
        elif row.end is None or row.end > now:
            row.end = now
            session.flush()
        _log(session, request, viewer, "end_cover", row, now)
    return _shown(row)


@router.post("/covers/{cover_id}/withdraw")
def withdraw(cover_id: RowId, request: Request, services: ServicesDep, viewer: Registrar) -> CoverShown:
    """It has never held. Absences that it hid are found, and nobody is called for those that are over."""
    now = services.clock()
    with services.database.transaction() as session:
        row = _scoped(session, viewer, cover_id)
        _withdraw(session, row, viewer, now)
        _log(session, request, viewer, "withdraw_cover", row, now)
    return _shown(row)


def _withdraw(session: Session, row: Cover, viewer: Viewer, now: datetime) -> None:
    if row.withdrawn_at is None:
        row.withdrawn_at, row.withdrawn_by = now, viewer.user_id
        session.flush()
        _judge_anew(session, row, now)


def _scoped(session: Session, viewer: Viewer, cover_id: int) -> Cover:
    row = session.get(Cover, cover_id)
    if row is None:
        raise NotFound
    scoped_counter(session, viewer, row.counter_id)
    return row


def _judge_anew(session: Session, row: Cover, now: datetime) -> None:
    """What of its time has passed."""
    end = min(row.end or now, now)
    if row.start < end:
        take_turns(session, row.counter_id)
        judge_anew(session, row.counter_id, Span(row.start, end), now)


def _log(session: Session, request: Request, viewer: Viewer, action: str, row: Cover, now: datetime) -> None:
    log_access(session, viewer, action, f"cover:{row.id} {row.counter_id}", row.reason, now, client_address(request))


def _shown(row: Cover) -> CoverShown:
    return CoverShown(**row.model_dump())


class PairShown(PairDeclaration):
    pair_id: int
    valid_from: datetime
    valid_to: datetime | None


@router.get("/pairs")
def list_pairs(desk: AdminDesk, ended: bool = False) -> list[PairShown]:
    """Counters whose clerks cover each other; with `ended` also those that did."""
    query = select(CounterPair).order_by(col(CounterPair.one_id), col(CounterPair.id))
    with desk.reading() as session:
        rows = session.exec(query if ended else query.where(col(CounterPair.valid_to).is_(None))).all()
    return [_pair(row) for row in rows]


@router.put("/pairs")
def put_pair(desk: AdminDesk, declared: PairDeclaration) -> PairShown:
    """From now on: while one of the two is staffed, the other is not absent."""
    with desk.changing(f"pair:{'/'.join(declared.counters)}") as session:
        return _pair(pairs.put_pair(session, declared, desk.services.clock()))


@router.delete("/pairs/{pair_id}", status_code=204)
def end_pair(desk: AdminDesk, pair_id: RowId) -> None:
    """They cover each other no longer."""
    with desk.changing(f"pair:{pair_id}") as session:
        pair = found(session, CounterPair, pair_id)
        if pair.valid_to is not None:
            raise NotFound
        pairs.end_pair(session, pair, desk.services.clock())


def _pair(row: CounterPair) -> PairShown:
    assert row.id is not None
    return PairShown(
        counters=(row.one_id, row.other_id), pair_id=row.id, valid_from=row.valid_from, valid_to=row.valid_to
    )
