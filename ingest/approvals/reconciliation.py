"""What a source has sent, day by day, in figures that it can compare with its own."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Subquery, Table, and_, case, func, literal, or_, select, true, union_all
from sqlmodel import Session

from ingest.approvals.books import BOOKS
from ingest.approvals.sequences import Missing, missing_batches
from storage.at_counter import is_at_counter
from storage.bulk import table_of
from storage.models import LATE_FROM, Batch, Case, Fee, RecordKind, RecordRevision, RejectedRow, Step

HAPPENED: dict[RecordKind, str] = {
    RecordKind.STEP: "end",
    RecordKind.SUSPENSION: "start",
    RecordKind.EXTENSION: "approved",
    RecordKind.FEE: "charged",
    RecordKind.RESULT: "decided",
    RecordKind.DELIVERY: "delivered",
    RecordKind.RATING: "rated",
}
"""The column that says when it happened."""
_STEPS, _CASES = table_of(Step).c, table_of(Case).c
EXPECTED: Mapping[str, tuple[ColumnElement[bool], ColumnElement[bool]]] = {
    "operator": (_STEPS.operator != "", true()),
    "item": (_CASES.item_code != "", true()),
    "department": (or_(_CASES.department_id.is_not(None), _CASES.department_name != ""), true()),
    "counter": (_STEPS.counter_ref != "", is_at_counter()),
}
"""Whether a step has it, and of which steps it is expected."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What is counted as happened is what is in force now, whenever it came."""

    records: dict[str, int]
    """That happened by the platform's clock, by kind."""
    late: int
    """Of these, first heard of after the end of the next day."""
    cases_opened: int
    fees_fen: int
    """Sum of the fees charged, hundredths of a yuan."""
    fields_filled: int
    """Of the steps: how many name an operator, an item, a department, and a counter where there is one; the four
    counts added."""
    fields_expected: int
    """How many that would be if none lacked anything."""
    batches: int
    """That came."""
    rows: int
    """In them."""
    refused: int
    still_missing: int = 0
    """Of the refused: those whose record no later batch has told of, and those that name none."""
    missing: tuple[Missing, ...] = ()
    """Batches whose absence was noticed."""

    @property
    def happened(self) -> int:
        return sum(self.records.values())

    @property
    def lost(self) -> int:
        """How many batches never came."""
        return sum(gap.count for gap in self.missing)

    @property
    def late_share(self) -> float | None:
        """None where nothing happened."""
        return self.late / self.happened if self.happened else None

    @property
    def completeness(self) -> float | None:
        """0..1: rows that were not refused × expected fields that are filled × numbered batches that came.

        None where nothing is known.
        """
        steps, lost = self.records.get(RecordKind.STEP, 0), self.lost
        if not (self.happened or self.rows or lost):
            return None
        taken = 1 - self.refused / self.rows if self.rows else 1.0
        filled = self.fields_filled / self.fields_expected if steps else 1.0
        return taken * filled * self.batches / (self.batches + lost) if self.batches or lost else taken * filled


@dataclass(frozen=True, kw_only=True)
class DayFigures(Figures):
    """One day of one source."""

    day: date


def together(figures: Iterable[Figures]) -> Figures:
    """Of several days or sources: counts are added, and shares are those of the sums."""
    found = list(figures)
    return Figures(
        records=dict(sum((Counter(each.records) for each in found), Counter())),
        late=sum(each.late for each in found),
        cases_opened=sum(each.cases_opened for each in found),
        fees_fen=sum(each.fees_fen for each in found),
        fields_filled=sum(each.fields_filled for each in found),
        fields_expected=sum(each.fields_expected for each in found),
        batches=sum(each.batches for each in found),
        rows=sum(each.rows for each in found),
        refused=sum(each.refused for each in found),
        still_missing=sum(each.still_missing for each in found),
        missing=tuple(gap for each in found for gap in each.missing),
    )


@dataclass(frozen=True)
class _Days:
    """The days asked for, in the zone in which they are counted."""

    days: Sequence[date]
    zone: ZoneInfo
    table: Subquery = field(init=False)

    def __post_init__(self) -> None:
        rows = (
            select(
                literal(number).label("number"),
                literal(self.start(day)).label("start"),
                literal(self.start(day + timedelta(days=1))).label("end"),
                literal(self.start(day + timedelta(days=LATE_FROM))).label("late_from"),
            )
            for number, day in enumerate(self.days)
        )
        object.__setattr__(self, "table", union_all(*rows).subquery("days"))

    def start(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def holds(self, moment: ColumnElement[Any]) -> ColumnElement[bool]:
        return and_(moment >= self.table.c.start, moment < self.table.c.end)

    def of(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


_Of = tuple[str, int]
"""A source and the number of a day."""


def reconcile(
    session: Session, source_id: str, first: date, last: date, zone: ZoneInfo, now: datetime
) -> tuple[DayFigures, ...]:
    """Figures of every day from `first` to `last`, both included, the newest first."""
    return reconcile_together(session, [source_id], first, last, zone, now)[source_id]


def reconcile_together(
    session: Session, source_ids: Collection[str], first: date, last: date, zone: ZoneInfo, now: datetime
) -> dict[str, tuple[DayFigures, ...]]:
    """The same of each of several sources: every table is gone through once for all of them."""
    days = _Days([last - timedelta(days=n) for n in range((last - first).days + 1)], zone)
    counted = {kind: _happened(session, source_ids, days, kind) for kind in HAPPENED}
    opened = _sums(session, days, table_of(Case), source_ids, "opened_at", func.count())
    fees = _sums(session, days, table_of(Fee), source_ids, "charged", func.sum(table_of(Fee).c.amount_fen))
    filled, came = _filled(session, source_ids, days), _came(session, source_ids, days)
    came_since = _came_since(session, source_ids, days) if any(each["refused"] for each in came.values()) else {}

    def figures(source_id: str) -> Iterator[DayFigures]:
        gaps = missing_batches(session, source_id, days.start(first), now)
        for n, day in enumerate(days.days):
            of = source_id, n
            on_day = came.get(of, {"batches": 0, "rows": 0, "refused": 0})
            yield DayFigures(
                day=day,
                records={kind: found[of][0] for kind, found in counted.items() if of in found},
                late=sum(found[of][1] for found in counted.values() if of in found),
                cases_opened=opened.get(of, 0),
                fees_fen=fees.get(of, 0),
                fields_filled=filled.get(of, (0, 0))[0],
                fields_expected=filled.get(of, (0, 0))[1],
                **on_day,
                still_missing=on_day["refused"] - came_since.get(of, 0),
                missing=tuple(gap for gap in gaps if days.of(gap.noticed_at) == day),
            )

    return {source_id: tuple(figures(source_id)) for source_id in source_ids}


def _happened(
    session: Session, source_ids: Collection[str], days: _Days, kind: RecordKind
) -> dict[_Of, tuple[int, int]]:
    """Count, and how many of them came late."""
    table = table_of(BOOKS[kind].table)
    late = func.sum(case((table.c.first_received_at >= days.table.c.late_from, 1), else_=0))
    query = _by_day(days, table, source_ids, HAPPENED[kind], func.count(), late)
    return {(of, number): (count, int(late_ones)) for of, number, count, late_ones in session.execute(query)}


def _filled(session: Session, source_ids: Collection[str], days: _Days) -> dict[_Of, tuple[int, int]]:
    """Fields that are filled, and those that are expected."""
    filled, expected = (
        func.sum(sum((case((each, 1), else_=0) for each in which), start=literal(0)))
        for which in (
            [and_(of_these, given) for given, of_these in EXPECTED.values()],
            [of_these for _, of_these in EXPECTED.values()],
        )
    )
    by = _STEPS.source_id, days.table.c.number
    query = (
        select(*by, filled, expected)
        .join(table_of(Step), days.holds(_STEPS.end))
        .join(table_of(Case), _CASES.id == _STEPS.case_id)
        .where(_STEPS.source_id.in_(source_ids))
        .group_by(*by)
    )
    return {(of, number): (int(fields), int(expected)) for of, number, fields, expected in session.execute(query)}


def _came(session: Session, source_ids: Collection[str], days: _Days) -> dict[_Of, dict[str, int]]:
    batches = table_of(Batch)
    sums = (func.count(), func.sum(batches.c.rows), func.sum(batches.c.rejected))
    query = _by_day(days, batches, source_ids, "received_at", *sums)
    return {
        (of, number): {"batches": count, "rows": int(rows), "refused": int(refused)}
        for of, number, count, rows, refused in session.execute(query)
    }


def _came_since(session: Session, source_ids: Collection[str], days: _Days) -> dict[_Of, int]:
    """How many refused rows tell of a record that a later batch has told of."""
    batches, rejected = table_of(Batch), table_of(RejectedRow)
    by = batches.c.source_id, days.table.c.number
    rows = (
        select(*by, rejected.c.batch_id, rejected.c.line)
        .join(batches, days.holds(batches.c.received_at))
        .join(rejected, rejected.c.batch_id == batches.c.id)
        .where(batches.c.source_id.in_(source_ids), rejected.c.reference != "")
        .where(or_(*(and_(rejected.c.record == kind.value, _is_told_later(kind)) for kind in BOOKS)))
        .distinct()
        .subquery()
    )
    counts = select(rows.c.source_id, rows.c.number, func.count()).group_by(rows.c.source_id, rows.c.number)
    return {(of, number): count for of, number, count in session.execute(counts)}


def _is_told_later(kind: RecordKind) -> ColumnElement[bool]:
    batches, rejected = table_of(Batch).c, table_of(RejectedRow).c
    records, revisions = table_of(BOOKS[kind].table).c, table_of(RecordRevision).c
    told = select(revisions.record_id).where(
        revisions.record == kind, revisions.record_id == records.id, revisions.batch_id > rejected.batch_id
    )
    of_record = records.source_id == batches.source_id, records.reference == rejected.reference
    correlated = table_of(Batch), table_of(RejectedRow)
    return (
        select(records.id)
        .where(*of_record, told.correlate(table_of(BOOKS[kind].table), *correlated).exists())
        .correlate(*correlated)
        .exists()
    )


def _sums(
    session: Session, days: _Days, table: Table, source_ids: Collection[str], moment: str, what: ColumnElement[Any]
) -> dict[_Of, int]:
    found = session.execute(_by_day(days, table, source_ids, moment, what))
    return {(of, number): int(value) for of, number, value in found}


def _by_day(
    days: _Days,
    table: Table,
    source_ids: Collection[str],
    moment: str,
    *what: ColumnElement[Any],
) -> Any:  # noqa: ANN401
    by = table.c.source_id, days.table.c.number
    return (
        select(*by, *what)
        .select_from(days.table.join(table, days.holds(table.c[moment])))
        .where(table.c.source_id.in_(source_ids))
        .group_by(*by)
    )
