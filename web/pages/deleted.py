"""By which rule footage was deleted, from the ledger."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from storage.models import MAX_SEGMENT_SECONDS, Deletion, FootageKind

_MAX_LENGTH = timedelta(seconds=MAX_SEGMENT_SECONDS)


@dataclass(frozen=True)
class DeletedBy:
    days: int
    kind: FootageKind
    rule_id: int | None
    """None: the built-in default."""
    version: int


def deleted_by(session: Session, camera_id: str, start: datetime, end: datetime) -> DeletedBy | None:
    """What the first footage of a span that is gone went by."""
    query = select(Deletion).where(
        Deletion.camera_id == camera_id,
        Deletion.start > start - _MAX_LENGTH,
        Deletion.start < end,
        Deletion.end > start,
    )
    row = session.exec(query.order_by(col(Deletion.start)).limit(1)).first()
    return DeletedBy(row.days, row.kind, row.rule_id, row.rule_version) if row else None
