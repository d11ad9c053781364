"""A change of the catalogue: what it says otherwise, what that does to cases under way, and who decided on it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlmodel import Session

from correlation.proposals import Act
from storage.models import CatalogueChange, ProposalState, Source
from web.api import catalogue as api
from web.catalogue_changes import consequence_of, otherwise, scoped_change, zone_of_source
from web.catalogue_shelf import held_of
from web.consequences import Consequence
from web.errors import Conflict, Unprocessable
from web.pages.admin.forms import SentForm
from web.pages.catalogue.item import changes_of
from web.pages.catalogue.rows import (
    CatalogueViewer,
    ChangeRef,
    Differences,
    EntryShown,
    change_ref,
    departments_of,
    entry_shown,
    source_ref,
)
from web.pages.moved_rows import moved_table
from web.pages.proposal_decisions import DONE, decision_of
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.tables import Table, add_table
from web.pages.typed import Typed, status_of
from web.proposing import Decider, acts_of, names_of
from web.row_ids import RowId
from web.services import ServicesDep

router = APIRouter()


@dataclass(frozen=True)
class ChangePage:
    now: datetime
    zone: str
    change: ChangeRef
    before: EntryShown | None
    """What holds from its date on without it."""
    after: EntryShown | None
    """What it says; None: it ends what is said here."""
    changes: Differences
    consequence: Consequence | None
    """None once it is decided."""
    is_past: bool
    """Its date has come: cases that were received since then are reckoned anew."""
    acts: tuple[Act, ...]


def change_page(viewer: CatalogueViewer, services: ServicesDep, change_id: RowId) -> ChangePage:
    now = services.clock()
    with services.database.transaction() as session:
        change = scoped_change(session, viewer, change_id)
        before = otherwise(session, change, now)
        departments = departments_of(session, [change.content, *([before.entry] if before else [])])
        is_open = change.state is ProposalState.PROPOSED
        return ChangePage(
            now=now,
            zone=zone_of_source(session, change.source_id),
            change=_ref(session, change),
            before=entry_shown(before, departments) if before else None,
            after=None if change.ends else entry_shown(held_of(change), departments),
            changes=changes_of(change, before),
            consequence=consequence_of(session, change, viewer, now) if is_open else None,
            is_past=change.valid_from <= now,
            acts=acts_of(change, viewer) if change.source_id or viewer.halls is None else (),
        )


def _ref(session: Session, change: CatalogueChange) -> ChangeRef:
    source = session.get(Source, change.source_id) if change.source_id else None
    return change_ref(change, {source.id: source_ref(source)} if source else {}, names_of(session, [change]))


def change_table(page: Annotated[ChangePage, Depends(change_page)]) -> Table:
    """The cases under way that it moves."""
    return moved_table(f"change-{page.change.id}", page.zone, page.consequence)


add_table(router, "/catalogue/changes/{change_id}", change_table)
add_page(router, "/catalogue/changes/{change_id}", "catalogue_change.html", change_page)


@router.post("/catalogue/changes/{change_id}", include_in_schema=False)
def decide(
    change_id: RowId, request: Request, viewer: Decider, services: ServicesDep, around: ScreenDep, form: SentForm
) -> Response:
    try:
        decision = decision_of(form)
        shown = api.decide(change_id, decision, request, services, viewer)
    except (ValidationError, Unprocessable, Conflict) as error:
        again = around.again(Typed.refused("decision", form, error), f"/catalogue/changes/{change_id}")
        return html(again, "catalogue_change.html", change_page(viewer, services, change_id), status=status_of(error))
    return RedirectResponse(f"/catalogue/changes/{shown.id}?done={DONE[decision.act]}", 303)
