"""How much was said of items so far: of the same item never less, and another text after each word."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from correlation.catalogue.versions import ALWAYS
from storage.bulk import is_among, table_of
from storage.models import (
    CatalogueChange,
    FormerLimits,
    Item,
    ItemVersion,
    ProposalState,
    RecordKind,
    RecordRevision,
)


class ItemWords:
    """Of some items. What is read of them afterwards is no older."""

    def __init__(self, session: Session, codes: Collection[str]) -> None:
        self._told = _told(session, codes)
        self._approved = _approved(session, codes)
        self._declared = _declared(session, codes)

    def of(self, source_id: str, codes: Iterable[str]) -> str:
        """All that matters to a case of the source whose steps have named these."""
        return ";".join(f"{code}={self._of(source_id, code)}" for code in sorted(codes))

    def _of(self, source_id: str, code: str) -> str:
        told, here = self._told.get((source_id, code), 0), self._approved.get((source_id, code), 0)
        return f"{told},{here},{self._approved.get((None, code), 0)},{self._declared.get(code, '')}"


def _told(session: Session, codes: Collection[str]) -> Mapping[tuple[str, str], int]:
    records, revisions = table_of(ItemVersion).c, table_of(RecordRevision).c
    query = (
        select(records.source_id, records.code, func.count())
        .join_from(table_of(ItemVersion), table_of(RecordRevision), revisions.record_id == records.id)
        .where(revisions.record == RecordKind.ITEM, is_among(session, records.code, codes))
        .group_by(records.source_id, records.code)
    )
    return {(source_id, code): count for source_id, code, count in session.execute(query)}


def _approved(session: Session, codes: Collection[str]) -> Mapping[tuple[str | None, str], int]:
    changes = table_of(CatalogueChange).c
    query = (
        select(changes.source_id, changes.code, func.count())
        .where(changes.state == ProposalState.APPROVED, is_among(session, changes.code, codes))
        .group_by(changes.source_id, changes.code)
    )
    return {(source_id, code): count for source_id, code, count in session.execute(query)}


def _declared(session: Session, codes: Collection[str]) -> Mapping[str, str]:
    items, former = table_of(Item).c, table_of(FormerLimits).c
    limits = items.legal_days, items.promised_days, items.joint, items.limits_from, items.limits_known_at
    before = select(func.count()).where(former.code == items.code).correlate(table_of(Item)).scalar_subquery()
    query = select(items.code, before, *limits).where(is_among(session, items.code, codes))
    return {code: _in_short(*said) for code, *said in session.execute(query)}


def _in_short(before: int, legal: int | None, promised: int | None, joint: bool, since: Any, known_at: Any) -> str:  # noqa: ANN401
    return f"{before}/{legal}/{promised}/{joint}/{since}/{(known_at or ALWAYS).isoformat()}"
