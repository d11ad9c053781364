"""What a source may read with its key: the figures of its days, and its refused rows."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlmodel import Session, col, select

from storage.models import Batch, RejectedRow
from web.api.exchange_answers import TO_A_SOURCE
from web.error_answers import borne_with
from web.errors import Unprocessable
from web.pages.filters import DayRangeDep
from web.reconciliation import Reconciliation, reconciliation
from web.services import ServicesDep
from web.source_keys import SourceByKey

router = APIRouter(prefix="/api/v1", tags=["approvals"])
MOST_ROWS = 1_000


@dataclass(frozen=True)
class RefusedRow:
    id: int
    batch_id: int
    sequence: int | None
    """Of its push; None for a file."""
    line: int
    record: str
    field: str
    problem: str
    remedy: str
    raw: str
    """As it came, with the first problem of its line."""


@dataclass(frozen=True)
class RefusedRows:
    rows: tuple[RefusedRow, ...]
    next: int | None
    """Ask again with `after` = this; None: there are no more."""


@router.get("/sources/{source}/reconciliation", responses=TO_A_SOURCE)
def own_reconciliation(
    request: Request, sender: SourceByKey, services: ServicesDep, days: DayRangeDep
) -> Reconciliation:
    """What has been received of each day, for the source itself to compare with its own figures.

    401 without the source's key, 404 for a key of another source. `from` and `to` are days, both included; 422 for
    what is no day, and for a last one before the first.
    """
    if wrong := borne_with(request):
        raise Unprocessable(fields=wrong)
    with services.database.transaction() as session:
        return reconciliation(services, session, sender, days)


@router.get("/sources/{source}/rejected", responses=TO_A_SOURCE)
def own_refused_rows(
    sender: SourceByKey,
    services: ServicesDep,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="the `next` of the answer before")] = 0,
) -> RefusedRows:
    """Rows of the source that were refused, each with the reasons, so that it can mend and send them again.

    401 without the source's key, 404 for a key of another source.
    """
    with services.database.transaction() as session:
        rows = tuple(_refused(session, sender.id, after))
    return RefusedRows(rows, rows[-1].id if len(rows) == MOST_ROWS else None)


def _refused(session: Session, source_id: str, after: int) -> list[RefusedRow]:
    query = (
        select(RejectedRow, Batch.sequence)
        .join(Batch, col(Batch.id) == col(RejectedRow.batch_id))
        .where(Batch.source_id == source_id, col(RejectedRow.id) > after)
        .order_by(col(RejectedRow.id))
        .limit(MOST_ROWS)
    )
    return [
        RefusedRow(
            row.id or 0, row.batch_id, sequence, row.line, row.record, row.field, row.problem, row.remedy, row.raw
        )
        for row, sequence in session.exec(query)
    ]
