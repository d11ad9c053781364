"""One item at one source: what holds, what the source says, and every version there was with what it changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session, col, select

from correlation.catalogue.differences import differences
from storage.models import CatalogueChange, ItemVersion, ProposalState, RecordKind, RecordRevision
from web.catalogue_changes import otherwise, zone_of_source
from web.catalogue_entry import EMPTY, entry_of_statement
from web.catalogue_shelf import Held, Shelf
from web.errors import NotFound
from web.pages.case_rows import DepartmentRef
from web.pages.catalogue.rows import (
    CatalogueViewer,
    ChangeRef,
    Differences,
    EntryShown,
    SourceRef,
    change_ref,
    departments_of,
    entry_shown,
    source_asked,
)
from web.pages.rendering import add_page
from web.pages.tables import Cell, Moments, Table, add_table
from web.permissions import Permission
from web.proposing import names_of
from web.services import ServicesDep

router = APIRouter()


@dataclass(frozen=True)
class ToldVersion:
    """What the source said, revision by revision."""

    version: str
    revision: int
    received_at: datetime
    valid_from: datetime
    valid_to: datetime | None
    is_in_force: bool
    """It is the newest word about this version."""
    batch: int
    changes: Differences
    """Beside the word before."""


@dataclass(frozen=True)
class OwnVersion:
    change: ChangeRef
    changes: Differences
    """Beside what would hold without it."""


@dataclass(frozen=True)
class ItemPage:
    now: datetime
    zone: str
    code: str
    source: SourceRef | None
    now_in_force: EntryShown | None
    told: EntryShown | None
    """What the source says, or what was declared, where something else holds."""
    departs: Differences
    """What holds here beside that."""
    coming: tuple[EntryShown, ...]
    own: tuple[OwnVersion, ...]
    """What was drafted and decided here, the newest first."""
    told_versions: tuple[ToldVersion, ...]
    """The newest first."""
    may_draft: bool
    has_draft: bool


Code = Annotated[str, Query(min_length=1, max_length=100)]


def item_page(
    viewer: CatalogueViewer, services: ServicesDep, code: Code, source: Annotated[str, Query(max_length=100)] = ""
) -> ItemPage:
    """Raises NotFound for a source out of scope, or an item of which nothing is said."""
    now = services.clock()
    with services.database.transaction() as session:
        of = source_asked(session, viewer, source)
        shelf, key = Shelf(session, [code]), of.id if of else None
        held, told = shelf.in_force(code, key, now, now), shelf.told(code, key, now, now)
        own, said = _own(session, code, of, now), _told_versions(session, code, key)
        coming = tuple(shelf.coming(code, key, now))
        if held is None and not own and not said and not coming:
            raise NotFound
        departments = departments_of(session, (each.entry for each in (held, told, *coming) if each))
        is_ours = held is not None and told is not None and held != told
        return ItemPage(
            now=now,
            zone=zone_of_source(session, key),
            code=code,
            source=of,
            now_in_force=_shown(held, departments),
            told=_shown(told, departments) if is_ours else None,
            departs=differences(told.entry, held.entry) if is_ours and told and held else (),
            coming=tuple(entry_shown(each, departments) for each in coming),
            own=own,
            told_versions=said,
            may_draft=viewer.may(Permission.PROPOSE) and (of is not None or viewer.halls is None),
            has_draft=any(each.change.state is ProposalState.PROPOSED for each in own),
        )


def _shown(held: Held | None, departments: Mapping[str, DepartmentRef]) -> EntryShown | None:
    return entry_shown(held, departments) if held else None


def _own(session: Session, code: str, source: SourceRef | None, now: datetime) -> tuple[OwnVersion, ...]:
    """Those for every source, too, since they hold here."""
    of_all = col(CatalogueChange.source_id).is_(None)
    place = (col(CatalogueChange.source_id) == source.id) | of_all if source else of_all
    query = select(CatalogueChange).where(CatalogueChange.code == code, place)
    found = session.exec(query.order_by(col(CatalogueChange.proposed_at).desc(), col(CatalogueChange.id).desc())).all()
    names, sources = names_of(session, found), {source.id: source} if source else {}
    return tuple(
        OwnVersion(change_ref(change, sources, names), changes_of(change, otherwise(session, change, now)))
        for change in found
    )


def changes_of(change: CatalogueChange, before: Held | None) -> Differences:
    return () if change.ends else differences(before.entry if before else EMPTY, change.content)


def _told_versions(session: Session, code: str, source: str | None) -> tuple[ToldVersion, ...]:
    if source is None:
        return ()
    of_item = (ItemVersion.source_id == source, ItemVersion.code == code)
    query = (
        select(ItemVersion, RecordRevision)
        .join(RecordRevision, col(RecordRevision.record_id) == col(ItemVersion.id))
        .where(RecordRevision.record == RecordKind.ITEM, *of_item)
        .order_by(col(RecordRevision.received_at), col(ItemVersion.valid_from), col(RecordRevision.revision))
    )
    rows = list(_with_changes([(version, revision) for version, revision in session.exec(query)]))
    return tuple(reversed(rows))


def _with_changes(said: Sequence[tuple[ItemVersion, RecordRevision]]) -> Iterator[ToldVersion]:
    before: Mapping[str, Any] | None = None
    for version, revision in said:
        entry = entry_of_statement(revision.row)
        told = _told_version(version, revision)
        yield replace(told, changes=differences(before, entry)) if before is not None else told
        before = entry


def _told_version(version: ItemVersion, revision: RecordRevision) -> ToldVersion:
    ends = revision.row.get("valid_to")
    return ToldVersion(
        version=version.version,
        revision=revision.revision,
        received_at=revision.received_at,
        valid_from=datetime.fromisoformat(revision.row["valid_from"]),
        valid_to=datetime.fromisoformat(ends) if ends else None,
        is_in_force=version.revision == revision.revision,
        batch=revision.batch_id,
        changes=(),
    )


_COLUMNS = (
    *("said_by", "version", "word", "state", Moments("valid_from"), Moments("valid_to"), Moments("said_at")),
    *("by", Moments("decided_at"), "decided_by", "reason", "answer", "changes"),
)


def history_table(page: Annotated[ItemPage, Depends(item_page)]) -> Table:
    """Every version and draft: those of here, then those of the source."""
    rows = [*map(_own_cells, page.own), *map(_told_cells, page.told_versions)]
    return Table(f"item-{page.code}", page.zone, _COLUMNS, rows)


def _own_cells(each: OwnVersion) -> list[Cell]:
    change = each.change
    return [
        *("here", change.number, None, change.state, change.valid_from, None, change.proposed_at, change.proposed_by),
        *(change.decided_at, change.decided_by, change.reason, change.answer, _in_words(each.changes)),
    ]


def _told_cells(told: ToldVersion) -> list[Cell]:
    state = "in_force" if told.is_in_force else "corrected"
    return [
        *("source", told.version, told.revision, state, told.valid_from, told.valid_to, told.received_at),
        *(None, None, None, None, None, _in_words(told.changes)),
    ]


def _in_words(changes: Differences) -> str:
    return "; ".join(f"{each.field}: {each.before} → {each.after}" for each in changes)


add_page(router, "/catalogue/item", "catalogue_item.html", item_page)
add_table(router, "/catalogue/item", history_table)
