"""What a report says, before it has a form: what everybody with the permission may see of a published evaluation, or
of a period that published months make up."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from correlation.evaluation.formula import Formula
from correlation.evaluation.scoring import Score
from correlation.evaluation.turning import Number, numbers_of
from storage.models import EvaluatedUnit, Evaluation, UnitKind
from web.evaluations import (
    EvaluationRef,
    IndicatorUsed,
    UnitRow,
    evaluation_ref,
    formula_used,
    indicators_used,
    unit_row,
)
from web.i18n import Language, of_language, say, translations
from web.i18n import gettext_marker as _
from web.pages.formats import Formats
from web.pages.number_words import FIELD_WORDS

KIND_WORDS: Mapping[UnitKind, str] = {
    UnitKind.DEPARTMENT: _("Departments"),
    UnitKind.DISTRICT: _("Districts"),
    UnitKind.HALL: _("Halls"),
    UnitKind.GROUP: _("Operator groups"),
    UnitKind.COUNTER: _("Counters"),
}

_BEFORE_SIGN = re.compile(" (?=[%±])")


@dataclass(frozen=True)
class Report:
    period: str
    """2026-02; of more than a month 2026-Q1, 2026-H1 or 2026."""
    parts: tuple[EvaluationRef, ...]
    """The published months that make it up, the newest last."""
    lacking: tuple[str, ...]
    """Months of it that are not published, so that nothing of them is in it."""
    formula: Formula
    tables: tuple[tuple[UnitKind, tuple[UnitRow, ...]], ...]
    """The best first; kinds without units are left out."""

    @property
    def is_of_a_month(self) -> bool:
        return self.period == self.shown.month

    @property
    def shown(self) -> EvaluationRef:
        """That of the month, or of the newest one."""
        return self.parts[-1]

    @property
    def published_at(self) -> datetime | None:
        """Since when it says what it says."""
        return max((part.published_at for part in self.parts if part.published_at), default=None)

    @property
    def indicators(self) -> tuple[IndicatorUsed, ...]:
        return indicators_used(self.formula)


def report_of(session: Session, evaluation: Evaluation) -> Report:
    best_first = col(EvaluatedUnit.points).is_(None), col(EvaluatedUnit.points).desc(), col(EvaluatedUnit.key)
    of_evaluation = select(EvaluatedUnit).where(EvaluatedUnit.evaluation_id == evaluation.id)
    units = session.exec(of_evaluation.order_by(*best_first)).all()
    tables = ((kind, _rows(units, kind)) for kind in UnitKind)
    return Report(
        period=evaluation.month,
        parts=(evaluation_ref(evaluation),),
        lacking=(),
        formula=formula_used(evaluation),
        tables=tuple((kind, rows) for kind, rows in tables if rows),
    )


def _rows(units: Sequence[EvaluatedUnit], kind: UnitKind) -> tuple[UnitRow, ...]:
    return tuple(unit_row(unit, own=False, show_rank=True) for unit in units if unit.kind is kind)


class Words:
    """What a report says in one language."""

    def __init__(self, language: Language, report: Report) -> None:
        self.language = language
        self.report = report
        self._formats = Formats(language)
        self.say = partial(say, language)

    @property
    def title(self) -> str:
        return f"{self.say(_('Evaluation'))} {self._formats.period(self.report.period)}"

    @property
    def about(self) -> list[str]:
        """When it was published by whom, and by which formula; of a period, what makes it up."""
        formula, colon = self.report.formula, translations(self.language).pgettext("reason", ": ")
        by_formula = (_("Formula"), f"{formula.version} · {formula.effective.isoformat()}")
        lines = self._of_month(colon, by_formula) if self.report.is_of_a_month else self._of_period(by_formula)
        return [f"{self.say(what)}{colon}{value}" for what, value in lines]

    def _of_month(self, colon: str, by_formula: tuple[str, str]) -> Iterator[tuple[str, str]]:
        shown = self.report.shown
        yield _("Published"), f"{self._when(shown.published_at)} · {shown.published_by}"
        yield _("Data as it was known"), self._when(shown.counted_at)
        yield by_formula
        if shown.erratum:
            yield _("Erratum"), f"{shown.number}{colon}{shown.erratum}"

    def _of_period(self, by_formula: tuple[str, str]) -> Iterator[tuple[str, str]]:
        comma, number = translations(self.language).pgettext("list", ", "), self.say(_("Number %(number)s"))
        parts = (
            f"{self._formats.month(each.month)} · {number % {'number': each.number}}" for each in self.report.parts
        )
        yield _("Months that make it up"), comma.join(parts)
        if self.report.lacking:
            yield _("Not published, so not in it"), comma.join(map(self._formats.month, self.report.lacking))
        yield _("Last of them published"), self._when(self.report.published_at)
        yield by_formula

    @property
    def source(self) -> str:
        """What the formula rests on."""
        return of_language(self.language, self.report.formula.source)

    def _when(self, at: datetime | None) -> str:
        return f"{at.astimezone(ZoneInfo(self.report.shown.zone)):%Y-%m-%d %H:%M}" if at else "–"

    @property
    def columns(self) -> list[str]:
        first = (_("Rank"), _("Unit"), _("Points"), _("Lowest by chance"), _("Highest by chance"))
        return [*map(self.say, first), *map(self._indicator, self.report.indicators), self.say(_("Known"))]

    @property
    def headings(self) -> list[str]:
        """The columns where lines break; within a figure none does."""
        return [_BEFORE_SIGN.sub("\N{NO-BREAK SPACE}", column) for column in self.columns]

    def _indicator(self, indicator: IndicatorUsed) -> str:
        name = self._formats.label(indicator)
        return f"{name} ±" if indicator.percent is None else f"{name} {indicator.percent:.3g} %"

    @property
    def numbers(self) -> list[tuple[str, float]]:
        """All of the formula."""
        names = {each.id: self._formats.label(each) for each in self.report.indicators}
        found = ((names.get(each.indicator, ""), self.say(FIELD_WORDS[each.field]), each) for each in self._numbers())
        return [(f"{name} · {field}" if name else field, each.value) for name, field, each in found]

    def _numbers(self) -> Sequence[Number]:
        return numbers_of(self.report.formula)

    def cells(self, unit: UnitRow) -> list[str | float | None]:
        """By `columns`; None where nothing is known."""
        total = unit.total
        return [
            unit.rank.rank if unit.rank else None,
            self.name(unit),
            *((total.points, total.low, total.high) if total else (None, None, None)),
            *(score.points if score else None for score in self.scores(unit)),
            unit.known,
        ]

    def scores(self, unit: UnitRow) -> list[Score | None]:
        """By indicator."""
        return [unit.indicators.get(each.id) for each in self.report.indicators]

    def name(self, unit: UnitRow) -> str:
        return self._formats.label(unit)

    def kind(self, kind: UnitKind) -> str:
        return self.say(KIND_WORDS[kind])

    @property
    def notes(self) -> list[str]:
        known = (
            _("The weight of what is not known goes to what is, in proportion.")
            if self.report.formula.missing.value == "spread"
            else _("Where something is not known there is no total.")
        )
        chance = _("Units whose lowest and highest points overlap cannot be told apart.")
        if self.report.is_of_a_month:
            return [self.say(known), self.say(chance)]
        newest = _(
            "By the formula %(version)s, that of the newest month. What is counted one by one costs its points by the "
            "month."
        )
        return [self.say(newest) % {"version": self.report.formula.version}, self.say(known), self.say(chance)]
