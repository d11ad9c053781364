"""The figures of a source's days as they are shown, to people and to the source itself alike."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from ingest.approvals.reconciliation import DayFigures, Figures, reconcile_together
from ingest.approvals.sequences import Missing
from storage.models import Hall, Source
from web.installation import Services
from web.pages.filters import DEFAULT_ZONE, DayRange

USUAL_DAYS, MOST_DAYS = 14, 92
COLUMNS = (
    "day",
    "steps",
    "cases_opened",
    "suspensions",
    "extensions",
    "fees",
    "fees_yuan",
    "results",
    "deliveries",
    "ratings",
    "late",
    "batches",
    "rows",
    "refused",
    "missing_batches",
    "completeness",
    "still_missing",
)


@dataclass(frozen=True)
class DayRow:
    """One day; counts are of what happened on it by the platform's clock, rows and batches of what came on it."""

    day: date
    steps: int
    cases_opened: int
    suspensions: int
    extensions: int
    fees: int
    fees_yuan: str
    results: int
    deliveries: int
    ratings: int
    late: int
    late_share: float | None
    batches: int
    rows: int
    refused: int
    missing: tuple[Missing, ...]
    completeness: float | None
    still_missing: int
    """Of the refused rows: those whose record no later batch has told of, and those that name none."""

    def cells(self) -> "Iterator[str | float | date | None]":
        """By COLUMNS."""
        for name in COLUMNS:
            value = ", ".join(map(span_words, self.missing)) if name == "missing_batches" else getattr(self, name)
            yield round(value, 4) if isinstance(value, float) else value


def span_words(gap: Missing) -> str:
    return str(gap.first) if gap.first == gap.last else f"{gap.first}–{gap.last}"


@dataclass(frozen=True)
class Reconciliation:
    zone: str
    """Of the days."""
    first: date
    last: date
    days: tuple[DayRow, ...]
    """The newest first."""


def reconciliation(services: Services, session: Session, source: Source, wanted: DayRange) -> Reconciliation:
    """Of the days asked for, at most `MOST_DAYS`; of the last `USUAL_DAYS` if none is."""
    found = figures_of(services, session, source, wanted, USUAL_DAYS)
    days = (DayRow(day=each.day, missing=each.missing, **counted(each)) for each in found.days)
    return Reconciliation(found.zone, found.first, found.last, tuple(days))


@dataclass(frozen=True)
class FiguresOfDays:
    zone: str
    first: date
    last: date
    days: tuple[DayFigures, ...]
    """The newest first."""


def figures_of(services: Services, session: Session, source: Source, wanted: DayRange, usual: int) -> FiguresOfDays:
    """In the zone of the source's hall; without days asked for those of the last `usual`."""
    return figures_together(services, session, [source], wanted, usual)[source.id]


def figures_together(
    services: Services, session: Session, sources: Sequence[Source], wanted: DayRange, usual: int
) -> dict[str, FiguresOfDays]:
    """The same by source; those of one zone are reckoned at once."""
    now = services.clock()
    of_zone: defaultdict[str, list[str]] = defaultdict(list)
    for source in sources:
        hall = session.get(Hall, source.hall_id) if source.hall_id else None
        of_zone[hall.timezone if hall else DEFAULT_ZONE].append(source.id)
    figures: dict[str, FiguresOfDays] = {}
    for zone, ids in of_zone.items():
        today = now.astimezone(ZoneInfo(zone)).date()
        last = wanted.last or max(today, wanted.first or today)
        first = max(wanted.first or last - timedelta(days=usual - 1), last - timedelta(days=MOST_DAYS - 1))
        found = {} if wanted.is_wrong else reconcile_together(session, ids, first, last, ZoneInfo(zone), now)
        figures |= {source_id: FiguresOfDays(zone, first, last, found.get(source_id, ())) for source_id in ids}
    return figures


def counted(figures: Figures) -> dict[str, Any]:
    """Under the names of the rows of days and sources."""

    def count(kind: str) -> int:
        return figures.records.get(kind, 0)

    return {
        "steps": count("step"),
        "cases_opened": figures.cases_opened,
        "suspensions": count("suspension"),
        "extensions": count("extension"),
        "fees": count("fee"),
        "fees_yuan": yuan(figures.fees_fen),
        "results": count("result"),
        "deliveries": count("delivery"),
        "ratings": count("rating"),
        "late": figures.late,
        "late_share": figures.late_share,
        "batches": figures.batches,
        "rows": figures.rows,
        "refused": figures.refused,
        "completeness": figures.completeness,
        "still_missing": figures.still_missing,
    }


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"
