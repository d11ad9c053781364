"""Every version of the rules by which limits, cards, disputes and calls back are judged, and what it says."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from sqlmodel import Session

from correlation.rule_keeping import added_rules
from correlation.rulebook import plain, rule_book
from storage.models import RuleKind
from web.auth import require
from web.evaluating import site_zone
from web.pages.rendering import add_page
from web.pages.rules_said import RuleSaid, said
from web.pages.tables import Moments, Table, add_table
from web.permissions import Permission
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
Reader = Annotated[Viewer, Depends(require(Permission.CASES))]


@dataclass(frozen=True)
class RuleRow:
    kind: RuleKind
    version: str
    effective: date
    until: date | None
    """From when on another holds; None: none is known."""
    in_force: bool
    source: str
    added_at: datetime | None
    """None: it came along with the product."""
    added_by: str
    """Empty: it came along."""
    says: tuple[RuleSaid, ...]
    """What it says, one by one, with what each rests on."""
    content: dict[str, Any]
    """All of it, by the keys of its file."""


@dataclass(frozen=True)
class RulesPage:
    zone: str
    rules: tuple[RuleRow, ...]
    """By kind, the newest first."""


def rules_page(viewer: Reader, services: ServicesDep) -> RulesPage:
    del viewer  # the same for everybody who sees cases
    with services.database.transaction() as session:
        zone = site_zone(session)
        return RulesPage(zone, tuple(_rows(session, services.clock().astimezone(ZoneInfo(zone)).date())))


def _rows(session: Session, today: date) -> Iterator[RuleRow]:
    book, added = rule_book(session), added_rules(session)
    for kind in RuleKind:
        current, until = book.on(kind, today), None
        for rules in reversed(book.of(kind)):
            by = added.get((kind, rules.version))
            yield RuleRow(
                kind=kind,
                version=rules.version,
                effective=rules.effective,
                until=until,
                in_force=rules == current,
                source=rules.source,
                added_at=by.added_at if by else None,
                added_by=by.added_by if by else "",
                says=said(rules),
                content=plain(kind, rules),
            )
            until = rules.effective


add_page(router, "/rules", "supervision_rules.html", rules_page)

_OF_VERSION = ("kind", "version", "effective", "until", "in_force", "source", Moments("added_at"), "added_by")
_COLUMNS = (*_OF_VERSION, "rule", "value", "rests_on")


def rules_table(viewer: Reader, services: ServicesDep) -> Table:
    """A row for each thing that a version says."""
    page = rules_page(viewer, services)
    rows = (
        [*(getattr(row, name) for name in _OF_VERSION), each.name, each.plain_value, each.rests_on]
        for row in page.rules
        for each in row.says
    )
    return Table("rules", page.zone, _COLUMNS, rows)


add_table(router, "/rules", rules_table)
