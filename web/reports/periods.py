"""The report of a quarter, half a year or a year, from the published months that make it up; nothing of it is kept."""

from sqlmodel import Session

from storage.models import UnitKind
from web.evaluations import UnitRow, evaluation_ref, formula_used
from web.long_periods import LongPeriod
from web.pages.evaluation_periods import PeriodUnit, published_months, units_of_period
from web.reports.content import Report
from web.viewer import Viewer


def report_of_period(session: Session, viewer: Viewer, period: LongPeriod) -> Report | None:
    """None where none of its months is published."""
    published = published_months(session)
    months = [published[month] for month in period.months if month in published]
    if not months:
        return None
    formula = formula_used(months[-1])
    tables = ((kind, units_of_period(session, viewer, months, kind, formula)) for kind in UnitKind)
    return Report(
        period=str(period),
        parts=tuple(map(evaluation_ref, months)),
        lacking=tuple(month for month in period.months if month not in published),
        formula=formula,
        tables=tuple((kind, tuple(map(_row, units))) for kind, units in tables if units),
    )


def _row(unit: PeriodUnit) -> UnitRow:
    return UnitRow(
        kind=unit.kind,
        id=unit.id,
        name=unit.name,
        name_en=unit.name_en,
        total=unit.total,
        why=unit.why,
        known=unit.known,
        indicators=unit.indicators,
        rank=unit.rank,
        counted=None,
    )
