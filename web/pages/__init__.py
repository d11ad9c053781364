"""Pages for people: each is a frozen dataclass, served as HTML and as JSON at the same address."""

from fastapi import APIRouter

from web.pages import (
    absences,
    alerts,
    batches,
    board,
    calendar,
    card,
    cards,
    cases,
    counter,
    counter_day,
    counter_month,
    covers,
    deletions,
    entrance,
    evaluation,
    evaluation_marks,
    evaluation_reports,
    findings,
    health,
    holds,
    imports,
    orders,
    overview,
    programs,
    reconciliation,
    simulation,
    span,
    standard,
    taking_back,
)
from web.pages.admin import dry_run as admin_dry_run
from web.pages.admin import found as admin_found
from web.pages.admin import page as admin
from web.pages.entrance import render_error

_PAGES = (
    entrance,
    board,
    counter,
    counter_day,
    counter_month,
    covers,
    alerts,
    absences,
    overview,
    cases,
    cards,
    card,
    orders,
    findings,
    span,
    calendar,
    taking_back,
    holds,
    deletions,
    imports,
    batches,
    reconciliation,
    evaluation,
    evaluation_marks,
    evaluation_reports,
    simulation,
    health,
    admin_dry_run,
    admin_found,
    admin,
    programs,
    standard,
)
routers: list[APIRouter] = [page.router for page in _PAGES]

__all__ = ["render_error", "routers"]
