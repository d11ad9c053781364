"""The whole rule by which an absence was found, with every version of it: for whoever may see the absence."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from sqlmodel import Session, col, select

from storage.models import Absence, AbsenceRule
from web.declarations import RULE_SETTINGS, AbsenceRuleDeclaration
from web.i18n import gettext_marker as _
from web.pages.absence_rows import AbsenceRow, absence_rows
from web.pages.absences import AbsenceViewer, level_of
from web.pages.admin.rules import FURTHER
from web.pages.rendering import add_page
from web.pages.tables import Moments, Table, add_table
from web.row_ids import RowId
from web.scope import scoped_absence
from web.services import ServicesDep

router = APIRouter()
_WORDS = {
    "threshold_s": _("Unstaffed seconds until it is an absence"),
    "waiting_threshold_s": _("The same while a customer waits"),
    "required_staff": _("Staff required"),
    **dict(FURTHER),
}


@dataclass(frozen=True)
class RuleSetting:
    name: str
    words: str
    value: int | None
    """None: not looked for."""


@dataclass(frozen=True)
class RuleVersion:
    version: int
    """0: the built-in one."""
    valid_from: datetime | None
    """None: it always has."""
    valid_to: datetime | None
    """None: it is in force."""
    held: bool
    """It is the one by which the absence was found."""
    settings: tuple[RuleSetting, ...]


@dataclass(frozen=True)
class AbsenceRulePage:
    absence: AbsenceRow
    level: str
    """counter, hall, city, or default for the built-in one."""
    versions: tuple[RuleVersion, ...]
    """Of the same place, the newest first."""


def absence_rule_page(absence_id: RowId, viewer: AbsenceViewer, services: ServicesDep) -> AbsenceRulePage:
    """Raises NotFound for an absence out of scope."""
    with services.database.transaction() as session:
        absence = scoped_absence(session, viewer, absence_id)
        rule = session.get(AbsenceRule, absence.rule_id) if absence.rule_id else None
        return AbsenceRulePage(
            absence=absence_rows(session, [absence], services.clock())[0],
            level=level_of(rule),
            versions=_versions(session, absence, rule),
        )


def _versions(session: Session, absence: Absence, held: AbsenceRule | None) -> tuple[RuleVersion, ...]:
    if held is None:
        return (RuleVersion(0, None, None, held=True, settings=_settings(AbsenceRuleDeclaration())),)
    rows = session.exec(
        select(AbsenceRule)
        .where(AbsenceRule.hall_id == held.hall_id, AbsenceRule.counter_id == held.counter_id)
        .order_by(col(AbsenceRule.valid_from).desc(), col(AbsenceRule.id).desc())
    )
    return tuple(
        RuleVersion(row.version, row.valid_from, row.valid_to, held=row.id == absence.rule_id, settings=_settings(row))
        for row in rows
    )


def _settings(rule: AbsenceRule | AbsenceRuleDeclaration) -> tuple[RuleSetting, ...]:
    return tuple(RuleSetting(name, _WORDS[name], getattr(rule, name)) for name in RULE_SETTINGS)


def absence_rule_table(absence_id: RowId, viewer: AbsenceViewer, services: ServicesDep) -> Table:
    page = absence_rule_page(absence_id, viewer, services)
    columns = ("version", Moments("valid_from"), Moments("valid_to"), "held", *RULE_SETTINGS)
    rows = [
        (each.version, each.valid_from, each.valid_to, each.held, *(setting.value for setting in each.settings))
        for each in page.versions
    ]
    return Table(f"absence-{absence_id}-rule", page.absence.counter.hall.timezone, columns, rows)


add_page(router, "/absences/{absence_id}/rule", "absence_rule.html", absence_rule_page)
add_table(router, "/absences/{absence_id}/rule", absence_rule_table)
