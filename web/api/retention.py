"""How long footage is kept, and the ledger of what was deleted: for administrators."""

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlmodel import col, select

from storage.models import Counter, Deletion, FootageKind, Hall, RetentionRule
from web import keeping
from web.api.administration import AdminDesk, check_exists, found
from web.declarations import RetentionDeclaration
from web.declared_values import Moment
from web.errors import NotFound
from web.row_ids import RowId

router = APIRouter(prefix="/api/v1", tags=["keeping"])
_AT_ONCE = 1000


class RetentionShown(RetentionDeclaration):
    rule_id: int
    version: int
    valid_from: datetime


@router.get("/retention")
def list_retention(desk: AdminDesk) -> list[RetentionShown]:
    """Those in force. Of each kind the most specific counts: counter, hall, everywhere; without any it is 30 days.

    Footage with an event is plain footage too; of all that applies to a segment, the longest counts.
    """
    query = select(RetentionRule).where(col(RetentionRule.valid_to).is_(None)).order_by(col(RetentionRule.id))
    with desk.reading() as session:
        rows = session.exec(query).all()
    return [_shown(row) for row in rows]


@router.put("/retention")
def put_retention(desk: AdminDesk, declared: RetentionDeclaration) -> RetentionShown:
    """A new version from now on. Where it keeps for less than the one before, it takes effect a day later."""
    with desk.changing(f"retention:{declared.counter or declared.hall or 'everywhere'}") as session:
        in_force = partial(keeping.retention_in_force, session, declared.hall, declared.counter, declared.kind)
        desk.check_new_rule(session, RetentionRule, in_force, "counter" if declared.counter else "hall")
        check_exists(session, hall=(Hall, declared.hall), counter=(Counter, declared.counter))
        return _shown(keeping.put_retention(session, declared, desk.services.clock()))


@router.delete("/retention/{rule_id}", status_code=204)
def end_retention(desk: AdminDesk, rule_id: RowId) -> None:
    """The rule ends now; where what is left keeps for less, that takes effect a day later."""
    with desk.changing(f"retention:{rule_id}") as session:
        rule = found(session, RetentionRule, rule_id)
        if rule.valid_to is not None:
            raise NotFound
        keeping.end_retention(session, rule, desk.services.clock())


def _shown(row: RetentionRule) -> RetentionShown:
    assert row.id is not None
    return RetentionShown(
        rule_id=row.id,
        hall=row.hall_id,
        counter=row.counter_id,
        kind=row.kind,
        days=row.days,
        version=row.version,
        valid_from=row.valid_from,
    )


class DeletionShown(BaseModel):
    id: int
    camera_id: str
    start: datetime
    end: datetime
    key: str
    sha256: str
    size: int
    kind: FootageKind
    days: int
    rule_id: int | None
    """None: the built-in default."""
    rule_version: int
    ordered_at: datetime
    confirmed_at: datetime | None
    """None while the store still has, or may have, bytes of it."""


@router.get("/deletions")
def list_deletions(
    desk: AdminDesk,
    camera: str = "",
    first: Annotated[Moment | None, Query(alias="from")] = None,
    last: Annotated[Moment | None, Query(alias="to")] = None,
    after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=_AT_ONCE)] = _AT_ONCE,
) -> list[DeletionShown]:
    """The ledger, in the order in which it was written; `after` is the last id of the page before."""
    query = select(Deletion).where(col(Deletion.id) > after).order_by(col(Deletion.id)).limit(limit)
    if camera:
        query = query.where(Deletion.camera_id == camera)
    if first is not None:
        query = query.where(Deletion.end > first)
    if last is not None:
        query = query.where(Deletion.start < last)
    with desk.reading() as session:
        rows = session.exec(query).all()
    return [DeletionShown(**row.model_dump()) for row in rows]
