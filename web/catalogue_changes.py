"""Changes of the catalogue: drafted by one person, approved by another, and what each would do to cases under way."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from correlation.deadlines.loading import Catalogues
from correlation.proposals import Act
from storage.database import lock_for_adding
from storage.models import Case, CatalogueChange, Department, Hall, ProposalState, Source
from storage.sayings import Saying
from web.api.administration import check_exists
from web.catalogue_entry import EMPTY, CatalogueDraft
from web.catalogue_shelf import Held, Shelf
from web.consequences import Consequence, consequence
from web.errors import Conflict, Forbidden, NotFound, Unprocessable
from web.evaluating import site_zone
from web.field_problems import FieldProblem
from web.months import day_in
from web.pages.scoping import halls_in_scope
from web.proposing import Decision, decide
from web.scope import scoped_source
from web.viewer import Viewer

_MOMENT = timedelta(microseconds=1)
_DRAFTED = Saying("There is a draft for this item already. It has to be decided on or withdrawn first.")
_SAME = Saying("This says the same as what holds on that day anyway. Change something, or leave it.")
_NOTHING_ENDS = Saying("Nothing that was approved here holds on that day, so there is nothing to end.")


class ApprovedMeanwhile(Conflict):
    """Another version of the item was approved since the form of the draft was opened."""

    def __init__(self, newest: CatalogueChange) -> None:
        super().__init__(
            Saying(
                "Version %(version)s of this item was approved since this form was opened. "
                "Look at it, and keep your draft once more if it is still to follow.",
                version=newest.number or 0,
            )
        )
        self.change_id = newest.id or 0


def propose(session: Session, draft: CatalogueDraft, viewer: Viewer, now: datetime) -> CatalogueChange:
    """Has to be the first that the transaction does. Raises NotFound, Forbidden, Conflict and Unprocessable."""
    lock_for_adding(session, CatalogueChange)
    check_place(session, viewer, draft.source)
    if draft.entry:
        check_exists(session, department=(Department, draft.entry.department))
    if waiting_draft(session, draft.code, draft.source) is not None:
        raise Conflict(_DRAFTED)
    newest = newest_approved(session, draft.code, draft.source)
    if draft.seen is not None and newest is not None and newest.id != draft.seen:
        raise ApprovedMeanwhile(newest)
    content = draft.entry.model_dump(mode="json") if draft.entry else {}
    change = CatalogueChange(
        code=draft.code,
        name=content.get("name", ""),
        name_en=content.get("name_en", ""),
        source_id=draft.source,
        valid_from=day_in(draft.valid_from, zone_of_source(session, draft.source)).start,
        ends=draft.ends,
        content=content,
        reason=draft.reason,
        proposed_by=viewer.user_id,
        proposed_at=now,
    )
    _check_news(session, change, now)
    session.add(change)
    session.flush()
    return change


def _check_news(session: Session, change: CatalogueChange, now: datetime) -> None:
    shelf = Shelf(session, [change.code])
    before = shelf.in_force(change.code, change.source_id, change.valid_from, now)
    if change.ends and not _own_holds(shelf, change, now):
        raise Unprocessable(fields=[FieldProblem("valid_from", _NOTHING_ENDS)])
    if not change.ends and before is not None and dict(before.entry) == change.content:
        raise Unprocessable(fields=[FieldProblem("entry", _SAME)])


def _own_holds(shelf: Shelf, change: CatalogueChange, now: datetime) -> bool:
    own = shelf.layers(change.code, change.source_id)[0 if change.source_id else 1]
    begun = [one for one in own if one.valid_from <= change.valid_from and one.known_from <= now]
    return bool(begun) and begun[-1].content is not None


def waiting_draft(session: Session, code: str, source: str | None) -> int | None:
    """The change on which somebody has to decide before there is another one for the item."""
    of_item = select(CatalogueChange.id).where(*_of_item(code, source))
    return session.exec(of_item.where(CatalogueChange.state == ProposalState.PROPOSED)).first()


def newest_approved(session: Session, code: str, source: str | None) -> CatalogueChange | None:
    """What was approved last for the item and source, whatever its date."""
    approved = select(CatalogueChange).where(*_of_item(code, source))
    approved = approved.where(CatalogueChange.state == ProposalState.APPROVED)
    return session.exec(approved.order_by(col(CatalogueChange.number).desc())).first()


def _of_item(code: str, source: str | None) -> tuple[ColumnElement[bool], ...]:
    own = col(CatalogueChange.source_id)
    return col(CatalogueChange.code) == code, own.is_(None) if source is None else own == source


def decide_on(session: Session, change_id: int, decision: Decision, viewer: Viewer, now: datetime) -> CatalogueChange:
    """Has to be the first that the transaction does. Raises NotFound, Forbidden, Conflict and Unprocessable."""
    lock_for_adding(session, CatalogueChange)
    change = scoped_change(session, viewer, change_id)
    check_place(session, viewer, change.source_id)
    decide(change, decision, viewer, now)
    if decision.act is Act.APPROVE:
        change.number = _next_number(session, change)
    session.add(change)
    return change


def _next_number(session: Session, change: CatalogueChange) -> int:
    newest = select(func.max(CatalogueChange.number)).where(*_of_item(change.code, change.source_id))
    return (session.exec(newest).one() or 0) + 1


def check_place(session: Session, viewer: Viewer, source: str | None) -> None:
    """What holds for the cases of every source is for who sees every hall."""
    if source is not None:
        scoped_source(session, viewer, source)
    elif viewer.halls is not None:
        raise Forbidden


def scoped_change(session: Session, viewer: Viewer, change_id: int) -> CatalogueChange:
    """One for every source concerns everybody's cases, so everybody sees it."""
    change = session.get(CatalogueChange, change_id)
    if change is None:
        raise NotFound
    if change.source_id is not None:
        scoped_source(session, viewer, change.source_id)
    return change


def changes_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    visible = select(Source.id).where(halls_in_scope(viewer, col(Source.hall_id)))
    return col(CatalogueChange.source_id).is_(None) | col(CatalogueChange.source_id).in_(visible)


def otherwise(session: Session, change: CatalogueChange, now: datetime) -> Held | None:
    """What holds from its date on without it, by what was approved before it was."""
    known = change.decided_at - _MOMENT if change.decided_at else now
    return Shelf(session, [change.code]).in_force(change.code, change.source_id, change.valid_from, known)


def zone_of_source(session: Session, source: str | None) -> str:
    found = session.get(Source, source) if source else None
    hall = session.get(Hall, found.hall_id) if found and found.hall_id else None
    return hall.timezone if hall else site_zone(session)


def entry_or_empty(held: Held | None) -> dict[str, Any]:
    return dict(held.entry) if held else dict(EMPTY)


def consequence_of(session: Session, change: CatalogueChange, viewer: Viewer, now: datetime) -> Consequence:
    """By the limits of cases under way that the viewer may see."""
    conditions: list[ColumnElement[bool]] = [col(Case.item_code) == change.code]
    conditions += [col(Case.source_id) == change.source_id] if change.source_id else []
    return consequence(
        session,
        viewer,
        conditions,
        now,
        catalogues=lambda told: Catalogues(session, told, trying=(change, now)),
    )
