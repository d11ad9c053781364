"""The published evaluation, as it was frozen: departments, districts and halls, and no smaller unit.

A counter or a group of operators may be one or two persons, so neither is public.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session, col, select

from correlation.evaluation.counted import Counted
from storage.models import EvaluatedUnit, Evaluation, EvaluationState, UnitKind
from web.errors import NotFound
from web.evaluations import formula_used
from web.pages.rendering import add_page
from web.pages.tables import Table, add_table
from web.public.limits import VisitorDep
from web.services import ServicesDep

router = APIRouter()


class PublicKind(StrEnum):
    DEPARTMENT = UnitKind.DEPARTMENT.value
    DISTRICT = UnitKind.DISTRICT.value
    HALL = UnitKind.HALL.value


@dataclass(frozen=True)
class Published:
    month: str
    number: int
    published_at: datetime | None
    erratum: str
    """What is corrected and why; empty: it is none."""


@dataclass(frozen=True)
class PublicUnit:
    id: str
    name: str
    name_en: str
    rank: int | None
    points: float | None
    low: float | None
    high: float | None
    """Between which the points may lie by chance."""
    cases: int
    on_time: float | None
    """Share of the cases; None where there was none."""
    early: float | None
    """Of the cases with a promised limit, those that ended well before it."""
    satisfied: float | None
    """Of the ratings, those that the formula counts as satisfied."""


@dataclass(frozen=True)
class PublicEvaluationPage:
    months: tuple[str, ...]
    """The newest first."""
    month: str
    kind: PublicKind
    zone: str
    shown: Published | None
    corrected_by: Published | None
    """The newest erratum of the month, where an older version is shown."""
    versions: tuple[Published, ...]
    """What was published first and its errata, the newest first."""
    units: tuple[PublicUnit, ...]
    publish_day: int
    """Of the next month, from which on each is published; 0: when people have done so."""


def public_evaluation_page(
    visitor: VisitorDep,
    services: ServicesDep,
    month: Annotated[str, Query(max_length=7)] = "",
    kind: Annotated[PublicKind, Query()] = PublicKind.DEPARTMENT,
    number: Annotated[str, Query(max_length=9, pattern=r"^[0-9]*$")] = "",
) -> PublicEvaluationPage:
    """The newest month, and of it the newest, where none is asked for. Raises NotFound."""
    with services.database.transaction() as session:
        every = _published(session)
        months = tuple(dict.fromkeys(each.month for each in every))
        wanted = month or (months[0] if months else "")
        versions = [each for each in every if each.month == wanted]
        chosen = [each for each in versions if not number or each.number == int(number)]
        if (month or number) and not chosen:
            raise NotFound
        shown = chosen[0] if chosen else None
        return PublicEvaluationPage(
            months=months,
            month=wanted,
            kind=kind,
            zone=shown.zone if shown else "UTC",
            shown=_ref(shown) if shown else None,
            corrected_by=_ref(versions[0]) if shown and shown is not versions[0] else None,
            versions=tuple(map(_ref, versions)),
            units=_units(session, shown, kind) if shown else (),
            publish_day=services.settings.evaluation.publish_day,
        )


def _published(session: Session) -> list[Evaluation]:
    is_public = select(Evaluation).where(Evaluation.state == EvaluationState.PUBLISHED)
    return list(session.exec(is_public.order_by(col(Evaluation.month).desc(), col(Evaluation.number).desc())))


def _ref(evaluation: Evaluation) -> Published:
    return Published(evaluation.month, evaluation.number, evaluation.published_at, evaluation.erratum)


def _units(session: Session, shown: Evaluation, kind: PublicKind) -> tuple[PublicUnit, ...]:
    of_kind = EvaluatedUnit.evaluation_id == shown.id, EvaluatedUnit.kind == UnitKind(kind.value)
    found = session.exec(select(EvaluatedUnit).where(*of_kind)).all()
    best_first = sorted(found, key=lambda unit: (unit.points is None, -(unit.points or 0.0), unit.key))
    satisfied_from = formula_used(shown).satisfied_from
    return tuple(_unit(unit, satisfied_from) for unit in best_first)


def _unit(unit: EvaluatedUnit, satisfied_from: int) -> PublicUnit:
    counted = Counted.from_json(unit.counted)
    return PublicUnit(
        id=unit.key,
        name=unit.name,
        name_en=unit.name_en,
        rank=unit.rank,
        points=unit.points,
        low=unit.low,
        high=unit.high,
        cases=counted.cases,
        on_time=_share(counted.cases - counted.late, counted.cases),
        early=_share(counted.early, counted.promised),
        satisfied=_share(sum(counted.ratings[satisfied_from - 1 :]), sum(counted.ratings)),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


add_page(router, "/public/evaluation", "public/evaluation.html", public_evaluation_page)


_FIGURES = ("id", "name", "name_en", "rank", "points", "low", "high", "cases", "on_time", "early", "satisfied")
_COLUMNS = ("month", "number", "kind", *_FIGURES, "erratum")


def public_evaluation_table(page: Annotated[PublicEvaluationPage, Depends(public_evaluation_page)]) -> Table:
    number, erratum = (page.shown.number, page.shown.erratum) if page.shown else (None, "")
    rows = (
        (page.month, number, page.kind, *(getattr(unit, name) for name in _FIGURES), erratum) for unit in page.units
    )
    return Table(f"evaluation-{page.month or 'none'}-{page.kind}", page.zone, _COLUMNS, rows)


add_table(router, "/public/evaluation", public_evaluation_table)
