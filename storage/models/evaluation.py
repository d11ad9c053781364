"""The evaluation of units by month: its formula, what was counted, what came of it, and what it rests on.

Units are named by plain text, not by foreign keys: what is published stays as it was.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from storage.models.columns import JsonObject, column, enum_column, json_column


class UnitKind(StrEnum):
    DEPARTMENT = "department"
    DISTRICT = "district"
    HALL = "hall"
    GROUP = "group"  # the operators of one department in one hall
    COUNTER = "counter"


class EvaluationState(StrEnum):
    """hidden -> draft -> published; draft -> hidden, when the month is worked out again.

    While one is hidden its number is below 0.
    """

    HIDDEN = "hidden"  # it is being written, or taken away
    DRAFT = "draft"
    PUBLISHED = "published"


class MarkKind(StrEnum):
    """What costs points, or adds some."""

    LATE_CASE = "late_case"
    CARD = "card"
    REMINDER = "reminder"
    NOT_EARLY = "not_early"  # a case with a promised limit that did not end well before it
    BAD_RATING = "bad_rating"
    ABSENCE = "absence"
    STEP_TOLD_LATE = "step_told_late"
    FIELDS_MISSING = "fields_missing"  # of a step
    LOW_RATING = "low_rating"  # of level 3 or 4, where the formula is not satisfied by it
    GOOD_RATING = "good_rating"  # where the formula adds points for it; the same of the next three
    EARLY_CASE = "early_case"
    IN_TIME = "in_time"  # a case that was not late
    SHORTER = "shorter"  # a case with both limits in days, of which the formula compares the sums


class ReportFormat(StrEnum):
    HTML = "html"
    XLSX = "xlsx"
    PDF = "pdf"


class EvaluationFormula(SQLModel, table=True):
    """A version of the formula beside those that come along. Never changed."""

    __tablename__ = "evaluation_formula"
    version: str = column("", primary_key=True)
    effective: date = column("")
    content: JsonObject = json_column("as correlation.evaluation.formula reads it")
    added_at: datetime = column("")
    added_by: str = column("")


class Evaluation(SQLModel, table=True):
    """One month. Once published nothing of it changes: an erratum is another one, which names it."""

    __table_args__ = (UniqueConstraint("month", "number"),)
    id: int | None = column("", default=None, primary_key=True)
    address: int | None = column(
        "number of its pages, which each draft hands on to what takes its place; empty while it is hidden",
        default=None,
        unique=True,
    )
    month: str = column("2026-05", index=True)
    number: int = column("1, and one more with each erratum")
    state: EvaluationState = enum_column(EvaluationState, "")
    zone: str = column("in whose days the month lies")
    start: datetime = column("")
    end: datetime = column("exclusive")
    counted_at: datetime = column("what was told or decided later is not in it")
    formula: JsonObject = json_column("the formula, as it was")
    published_at: datetime | None = column("", default=None)
    published_by: str = column("", default="")
    replaces_id: int | None = column(
        "of an erratum: the one that was in force", default=None, foreign_key="evaluation.id"
    )
    erratum: str = column("what is corrected and why", default="")
    differs: bool | None = column(
        "of a draft: anything is counted otherwise than in what it would replace; empty: nothing is",
        default=None,
    )


class EvaluatedUnit(SQLModel, table=True):
    __tablename__ = "evaluated_unit"
    __table_args__ = (UniqueConstraint("evaluation_id", "kind", "key"),)
    id: int | None = column("", default=None, primary_key=True)
    evaluation_id: int = column("", foreign_key="evaluation.id", ondelete="CASCADE")
    kind: UnitKind = enum_column(UnitKind, "")
    key: str = column("id of the department, district, hall or counter; of a group hall/department")
    name: str = column("Chinese, as it was")
    name_en: str = column("English, as it was", default="")
    department_id: str = column("empty: none", default="")
    district_id: str = column("empty: none", default="")
    hall_id: str = column("empty: none", default="")
    counted: JsonObject = json_column("the numbers from which all else follows")
    points: float | None = column("0..100; empty: not known", default=None)
    low: float | None = column("", default=None)
    high: float | None = column("", default=None)
    why: str = column("there are no points: no_cases, too_little", default="")
    known: float = column("share of the weight of which something is known", default=0.0)
    indicators: JsonObject = json_column("points, low and high of each; null: not known", default_factory=dict)
    rank: int | None = column("among the units of its kind", default=None)
    best_rank: int | None = column("that it could be by chance", default=None)
    worst_rank: int | None = column("", default=None)


class EvaluationMark(SQLModel, table=True):
    """Something that costs points or adds some, or would if it counted."""

    __tablename__ = "evaluation_mark"
    __table_args__ = (Index("evaluation_mark_kind_at", "evaluation_id", "kind", "at"),)
    id: int | None = column("", default=None, primary_key=True)
    evaluation_id: int = column("", foreign_key="evaluation.id", ondelete="CASCADE")
    kind: MarkKind = enum_column(MarkKind, "")
    subject_id: int = column("of the case, card, rating, absence or step")
    case_id: int | None = column("", default=None)
    label: str = column("number of the case, or of the counter")
    at: datetime = column("when the limit passed, the card was raised, it was rated, the case or step ended, ...")
    counts: bool = column("false: under appeal, disputed, or may still be")
    standing: str = column("of an absence: stands, upheld, open or disputed; else empty", default="")
    detail: str = column(
        "limit that passed (empty: none), kind of card, level, seconds, when told, fields, hours or days",
        default="",
    )
    department_id: str = column("empty: none", default="")
    district_id: str = column("empty: none", default="")
    hall_id: str = column("empty: none", default="")
    counter_id: str = column("empty: none", default="")


class EnteredFigure(SQLModel, table=True):
    """What a person judged of a unit in a month. Never changed: a correction is another row, and the newest holds."""

    __tablename__ = "entered_figure"
    __table_args__ = (Index("entered_figure_month_unit", "month", "kind", "key"),)
    id: int | None = column("", default=None, primary_key=True)
    month: str = column("2026-05")
    kind: UnitKind = enum_column(UnitKind, "")
    key: str = column("of the unit, as of an evaluated one")
    name: str = column("of the unit, Chinese, as it was")
    name_en: str = column("of the unit, English, as it was", default="")
    department_id: str = column("empty: none", default="")
    district_id: str = column("empty: none", default="")
    hall_id: str = column("empty: none", default="")
    indicator: str = column("its id in the formula")
    value: float | None = column("0..maximum, to a hundredth; empty: what was entered is taken back", default=None)
    maximum: float = column("to a hundredth")
    reason: str = column("why, and where it comes from")
    entered_at: datetime = column("")
    entered_by: str = column("")


class EvaluationReport(SQLModel, table=True):
    """A file of what is published, made once and kept as it is."""

    __tablename__ = "evaluation_report"
    evaluation_id: int = column("", primary_key=True, foreign_key="evaluation.id")
    format: ReportFormat = enum_column(ReportFormat, "", primary_key=True)
    language: str = column("zh or en", primary_key=True)
    body: bytes = column("")
    made_at: datetime = column("")
