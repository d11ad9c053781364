"""The routes of all pages, in the order in which they are looked up."""

from fastapi import APIRouter

from web.pages import (
    absences,
    alerts,
    batches,
    board,
    calendar,
    call_backs,
    card,
    cards,
    cases,
    complaints,
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
    working_days,
)
from web.pages.admin import dry_run as admin_dry_run
from web.pages.admin import found as admin_found
from web.pages.admin import page as admin
from web.pages.catalogue import change as catalogue_change
from web.pages.catalogue import draft as catalogue_draft
from web.pages.catalogue import item as catalogue_item
from web.pages.catalogue import listing as catalogue

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
    call_backs,
    complaints,
    findings,
    span,
    calendar,
    working_days,
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
    catalogue,
    catalogue_item,
    catalogue_draft,
    catalogue_change,
    health,
    admin_dry_run,
    admin_found,
    admin,
    programs,
    standard,
)
routers: list[APIRouter] = [page.router for page in _PAGES]
