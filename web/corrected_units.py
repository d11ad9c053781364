"""What an erratum, published or drafted, makes other of a month: unit by unit, against what it corrects."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session, select

from correlation.evaluation.ranking import Place
from correlation.evaluation.scoring import Score
from storage.models import EvaluatedUnit, Evaluation, EvaluationState, UnitKind
from web.evaluations import IndicatorUsed, UnitRow, formula_used, indicators_used, is_own, sees_all, unit_row
from web.viewer import Viewer

_Shown = tuple[float, float, float]


@dataclass(frozen=True)
class Corrected:
    """Points that are read otherwise than before; None: not known."""

    indicator: IndicatorUsed | None
    """None: the points as a whole."""
    before: Score | None
    after: Score | None


@dataclass(frozen=True)
class CorrectedUnit:
    kind: UnitKind
    id: str
    name: str
    name_en: str
    has_other_rank: bool
    rank_before: Place | None
    rank_after: Place | None
    points: tuple[Corrected, ...]
    """Of the whole first, then of indicators; those that stay are left out."""


def corrected_units(
    session: Session, viewer: Viewer, corrected: Evaluation, erratum: Evaluation, kind: UnitKind
) -> tuple[CorrectedUnit, ...]:
    """Those of which points or rank differ as they are shown, by their ids; of a draft the viewer's own."""
    is_public = erratum.state is EvaluationState.PUBLISHED
    show_rank = is_public or sees_all(viewer)
    before, after = (
        {
            unit.key: unit_row(unit, own=False, show_rank=show_rank)
            for unit in _of(session, each, kind)
            if is_public or is_own(viewer, unit)
        }
        for each in (corrected, erratum)
    )
    indicators = {each.id: each for which in (corrected, erratum) for each in indicators_used(formula_used(which))}
    pairs = ((before.get(key), after.get(key)) for key in sorted({*before, *after}))
    return tuple(_corrected(was, becomes, indicators) for was, becomes in pairs if _differ(was, becomes, indicators))


def _of(session: Session, evaluation: Evaluation, kind: UnitKind) -> Iterator[EvaluatedUnit]:
    query = select(EvaluatedUnit).where(EvaluatedUnit.evaluation_id == evaluation.id, EvaluatedUnit.kind == kind)
    yield from session.exec(query)


def _differ(was: UnitRow | None, becomes: UnitRow | None, indicators: dict[str, IndicatorUsed]) -> bool:
    return _rank(was) != _rank(becomes) or any(_points(was, becomes, indicators))


def _corrected(was: UnitRow | None, becomes: UnitRow | None, indicators: dict[str, IndicatorUsed]) -> CorrectedUnit:
    unit = becomes or was
    assert unit is not None
    return CorrectedUnit(
        kind=unit.kind,
        id=unit.id,
        name=unit.name,
        name_en=unit.name_en,
        has_other_rank=_rank(was) != _rank(becomes),
        rank_before=_rank(was),
        rank_after=_rank(becomes),
        points=tuple(_points(was, becomes, indicators)),
    )


def _rank(unit: UnitRow | None) -> Place | None:
    return unit.rank if unit else None


def _points(was: UnitRow | None, becomes: UnitRow | None, indicators: dict[str, IndicatorUsed]) -> Iterator[Corrected]:
    whole = Corrected(None, was.total if was else None, becomes.total if becomes else None)
    single = (
        Corrected(each, was.indicators.get(name) if was else None, becomes.indicators.get(name) if becomes else None)
        for name, each in indicators.items()
    )
    yield from (each for each in (whole, *single) if _shown(each.before) != _shown(each.after))


def _shown(score: Score | None) -> _Shown | None:
    """To the hundredths that pages show."""
    return None if score is None else (round(score.points, 2), round(score.low, 2), round(score.high, 2))
