"""Figures of a unit and month that people enter by hand: the newest version of each holds, and all are kept."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from correlation.evaluation.counted import HUNDREDTHS
from correlation.evaluation.places import Unit
from storage.models import EnteredFigure


def entered_figures(session: Session, month: str, at: datetime) -> dict[Unit, tuple[tuple[str, int, int], ...]]:
    """As `Counted.entered`, by what had been entered at the moment; what was taken back is not known."""
    until = select(EnteredFigure).where(EnteredFigure.month == month, EnteredFigure.entered_at <= at)
    newest: defaultdict[Unit, dict[str, EnteredFigure]] = defaultdict(dict)
    for each in session.exec(until.order_by(col(EnteredFigure.id))):
        newest[Unit(each.kind, each.key)][each.indicator] = each
    return {unit: _known(of_unit) for unit, of_unit in newest.items()}


def _known(figures: Mapping[str, EnteredFigure]) -> tuple[tuple[str, int, int], ...]:
    return tuple(
        (name, round(each.value * HUNDREDTHS), round(each.maximum * HUNDREDTHS))
        for name, each in sorted(figures.items())
        if each.value is not None
    )
