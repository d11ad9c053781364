"""What is reported of a case beside its steps and suspensions: extensions, fees, results, deliveries and ratings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import TypeVar

from sqlmodel import Session, col, func, select

from storage.models import (
    Card,
    CardCause,
    Case,
    CaseResult,
    Decision,
    Extension,
    Fee,
    Rating,
    RecordKind,
    ResultDelivery,
)
from storage.models.approvals import Reported
from web.listed_fees import ListedFee, ListedFees
from web.pages.step_rows import is_told_late
from web.permissions import Permission
from web.reconciliation import yuan
from web.viewer import Viewer

_Record = TypeVar("_Record", Extension, Fee, CaseResult, ResultDelivery)


@dataclass(frozen=True, kw_only=True)
class CaseRecord:
    """One record as it is in force; what its kind does not say is empty."""

    kind: RecordKind
    reference: str
    """The platform's own id of it."""
    at: datetime
    """When it happened, by the platform's clock."""
    first_told_at: datetime
    revision: int
    days: int | None = None
    """Working days that an extension adds."""
    name: str = ""
    """Of the fee."""
    amount_yuan: str = ""
    listed: ListedFee | None = None
    """What the catalogue says of the fee."""
    decision: Decision | None = None
    level: int | None = None
    """Of a rating: 5 is very satisfied."""
    by: str = ""
    """Who approved the extension, or was rated."""
    reason: str = ""
    document: str = ""
    """Number of the notice, receipt, licence or refusal."""
    way: str = ""
    """In which the result was delivered."""
    tracking: str | None = None
    """Of the parcel; None for those who may not know the applicant."""
    comment: str | None = None
    """The customer's; None for those who do not call customers back."""
    card: int | None = None
    """The card that says that the catalogue has no such fee."""

    @property
    def was_told_late(self) -> bool:
        return is_told_late(self.at, self.first_told_at)


def records_of(session: Session, viewer: Viewer, case: Case, now: datetime) -> tuple[CaseRecord, ...]:
    """In the order in which they happened."""
    found = [
        *_extensions(session, case),
        *_fees(session, case, now),
        *_results(session, case),
        *_deliveries(session, case, viewer.may(Permission.APPLICANT)),
        *_ratings(session, case, viewer.may(Permission.CALL_BACKS)),
    ]
    return tuple(sorted(found, key=attrgetter("at", "kind", "reference")))


def _all(session: Session, table: type[_Record], case: Case) -> Iterator[_Record]:
    yield from session.exec(
        select(table).where(col(table.source_id) == case.source_id, col(table.case_number) == case.number)
    )


def _record(kind: RecordKind, row: Reported, at: datetime, **said: object) -> CaseRecord:
    return CaseRecord(
        kind=kind,
        reference=row.reference,
        at=at,
        first_told_at=row.first_received_at,
        revision=row.revision,
        **said,  # type: ignore[arg-type]
    )


def _extensions(session: Session, case: Case) -> Iterator[CaseRecord]:
    for row in _all(session, Extension, case):
        said = {"days": row.days, "by": row.approved_by, "reason": row.reason, "document": row.notice_number}
        yield _record(RecordKind.EXTENSION, row, row.approved, **said)


def _fees(session: Session, case: Case, now: datetime) -> Iterator[CaseRecord]:
    listed = ListedFees(session, case, now)
    of_case = Card.case_id == case.id, Card.cause == CardCause.FEE_UNLISTED, col(Card.withdrawn_at).is_(None)
    cards = {card.about: card.id for card in session.exec(select(Card).where(*of_case))}
    for row in _all(session, Fee, case):
        said = {"name": row.name or row.code, "amount_yuan": yuan(row.amount_fen), "document": row.receipt}
        yield _record(RecordKind.FEE, row, row.charged, **said, listed=listed.of(row), card=cards.get(f"fee:{row.id}"))


def _results(session: Session, case: Case) -> Iterator[CaseRecord]:
    for row in _all(session, CaseResult, case):
        said = {"decision": row.decision, "reason": row.reason, "document": row.document}
        yield _record(RecordKind.RESULT, row, row.decided, **said)


def _deliveries(session: Session, case: Case, shows_tracking: bool) -> Iterator[CaseRecord]:
    for row in _all(session, ResultDelivery, case):
        tracking = row.tracking if shows_tracking else None
        said = {"way": row.way, "document": row.document, "tracking": tracking}
        yield _record(RecordKind.DELIVERY, row, row.delivered, **said)


def _ratings(session: Session, case: Case, shows_comment: bool) -> Iterator[CaseRecord]:
    """Those that were given at our own counter page, too."""
    source = func.coalesce(Rating.case_source_id, Rating.source_id)
    for row in session.exec(select(Rating).where(source == case.source_id, Rating.case_number == case.number)):
        comment = row.comment if shows_comment else None
        yield _record(RecordKind.RATING, row, row.rated, level=row.level, by=row.operator, comment=comment)
