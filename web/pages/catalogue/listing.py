"""The catalogue as a list: of each item and source what holds now, and the drafts that wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy import ColumnElement, String, cast, null, or_, union
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from storage.models import CatalogueChange, Item, ItemVersion, LimitUnit, ProposalState, Source
from web.catalogue_changes import changes_in_scope
from web.catalogue_shelf import Shelf
from web.pages.catalogue.rows import (
    CatalogueViewer,
    ChangeRef,
    EntryShown,
    SourceRef,
    change_ref,
    departments_of,
    entry_shown,
    source_ref,
)
from web.pages.filters import DEFAULT_ZONE, zone_of
from web.pages.paging import PAGE_SIZE, cut
from web.pages.places import visible_halls
from web.pages.rendering import add_page
from web.pages.scoping import sources_in_scope
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.proposing import names_of
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
Search = Annotated[str, Query(max_length=100)]
_FARTHEST = 1_000_000


@dataclass(frozen=True)
class CatalogueRow:
    code: str
    source: SourceRef | None
    """None: what holds for the cases of sources that say nothing of their own."""
    now: EntryShown | None
    """None: nothing holds yet, or any more."""
    draft: int | None
    """Id of the one that waits."""


@dataclass(frozen=True)
class CataloguePage:
    now: datetime
    zone: str
    q: str
    source: str
    sources: tuple[SourceRef, ...]
    waiting: tuple[ChangeRef, ...]
    """Drafts, the oldest first."""
    items: tuple[CatalogueRow, ...]
    next: str


@dataclass(frozen=True)
class Wanted:
    """The filters of the address."""

    viewer: Viewer
    q: str
    source: str


def wanted(viewer: CatalogueViewer, q: Search = "", source: Search = "") -> Wanted:
    """`source` is the id of one, or `-` for what holds for all."""
    return Wanted(viewer, q.strip(), source)


WantedDep = Annotated[Wanted, Depends(wanted)]


def catalogue_page(
    wanted: WantedDep, services: ServicesDep, after: Annotated[int, Query(ge=0, le=_FARTHEST)] = 0
) -> CataloguePage:
    """`after`: how many come before."""
    now = services.clock()
    with services.database.transaction() as session:
        sources = _sources(session, wanted.viewer)
        keys, more = cut(_keys(session, wanted, after, PAGE_SIZE + 1))
        return CataloguePage(
            now=now,
            zone=zone_of(visible_halls(session, wanted.viewer), None),
            q=wanted.q,
            source=wanted.source,
            sources=tuple(sources.values()),
            waiting=_waiting(session, wanted.viewer, sources),
            items=_rows(session, keys, sources, now),
            next=str(after + PAGE_SIZE) if more else "",
        )


def _sources(session: Session, viewer: Viewer) -> dict[str, SourceRef]:
    found = session.exec(select(Source).where(sources_in_scope(viewer)).order_by(col(Source.id)))
    return {source.id: source_ref(source) for source in found}


def _waiting(session: Session, viewer: Viewer, sources: dict[str, SourceRef]) -> tuple[ChangeRef, ...]:
    is_open = CatalogueChange.state == ProposalState.PROPOSED
    query = select(CatalogueChange).where(is_open, changes_in_scope(viewer)).order_by(col(CatalogueChange.id))
    found = session.exec(query.limit(PAGE_SIZE)).all()
    names = names_of(session, found)
    return tuple(change_ref(change, sources, names) for change in found)


Key = tuple[str, str]
"""Code, and the id of the source or nothing."""


def _keys(session: Session, wanted: Wanted, offset: int, limit: int) -> Sequence[Key]:
    sources = sql_select(col(Source.id)).where(sources_in_scope(wanted.viewer))
    of_all = cast(null(), String)
    told = sql_select(col(ItemVersion.code), col(ItemVersion.source_id)).where(
        col(ItemVersion.source_id).in_(sources), *_matches(ItemVersion, wanted.q)
    )
    own = sql_select(col(CatalogueChange.code), col(CatalogueChange.source_id)).where(
        changes_in_scope(wanted.viewer), *_matches(CatalogueChange, wanted.q)
    )
    declared = sql_select(col(Item.code), of_all).where(*_matches(Item, wanted.q))
    both = union(told, own, declared).subquery()
    code, source = both.c
    query = sql_select(code, source).order_by(code, source.is_not(None), source).offset(offset).limit(limit)
    if wanted.source:
        query = query.where(source.is_(None) if wanted.source == "-" else source == wanted.source)
    return [(found, of or "") for found, of in session.execute(query)]


def _matches(table: type[ItemVersion] | type[Item] | type[CatalogueChange], text: str) -> list[ColumnElement[bool]]:
    columns = (col(table.code), col(table.name), col(table.name_en))
    return [or_(*(column.icontains(text, autoescape=True) for column in columns))] if text else []


def _rows(
    session: Session, keys: Sequence[Key], sources: dict[str, SourceRef], now: datetime
) -> tuple[CatalogueRow, ...]:
    codes = {code for code, _ in keys}
    shelf = Shelf(session, codes)
    held = {key: shelf.in_force(key[0], key[1] or None, now, now) for key in keys}
    departments = departments_of(session, (one.entry for one in held.values() if one))
    drafts = _drafts(session, codes)
    return tuple(
        CatalogueRow(
            code=code,
            source=sources.get(source),
            now=entry_shown(one, departments) if (one := held[code, source]) else None,
            draft=drafts.get((code, source)),
        )
        for code, source in keys
    )


def _drafts(session: Session, codes: set[str]) -> dict[Key, int]:
    is_open = CatalogueChange.state == ProposalState.PROPOSED
    found = session.exec(select(CatalogueChange).where(is_open, col(CatalogueChange.code).in_(codes)))
    return {(change.code, change.source_id or ""): change.id or 0 for change in found}


_COLUMNS = (
    *("code", "source", "name", "name_en", "department", "origin", "version", Moments("valid_from")),
    *("legal_limit", "promised_limit", "limit_unit", "joint", "links", "fees", "materials", "conditions"),
)


def catalogue_table(wanted: WantedDep, services: ServicesDep) -> Table:
    """What holds now of everything that the filters leave."""
    now = services.clock()

    def read(session: Session, at: int | None, limit: int) -> list[tuple[int, CatalogueRow]]:
        keys = _keys(session, wanted, at or 0, limit)
        rows = _rows(session, keys, _sources(session, wanted.viewer), now)
        return list(enumerate(rows, start=(at or 0) + 1))

    with services.database.transaction() as session:
        zone = zone_of(visible_halls(session, wanted.viewer), None) or DEFAULT_ZONE
    rows = read_on(services.database, read, lambda numbered: numbered[0])
    return Table("catalogue", zone, _COLUMNS, (_cells(row) for _, row in rows))


def _cells(row: CatalogueRow) -> list[Cell]:
    if row.now is None:
        return [row.code, row.source.id if row.source else "", *[None] * (len(_COLUMNS) - 2)]
    entry, department = row.now.entry, row.now.department
    return [
        *(row.code, row.source.id if row.source else "", row.now.name, row.now.name_en),
        *(department.id or department.name if department else "", row.now.origin, row.now.version, row.now.valid_from),
        *(entry["legal_limit"], entry["promised_limit"], LimitUnit(entry["limit_unit"]), entry["joint"]),
        " → ".join(str(link["kind"]) for link in entry["links"]),
        "; ".join(f"{fee['name']} {fee['amount']}" for fee in entry["fees"]),
        "; ".join(str(material["name"]) for material in entry["materials"]),
        "; ".join(entry["conditions"]),
    ]


add_page(router, "/catalogue", "catalogue.html", catalogue_page)
add_table(router, "/catalogue", catalogue_table)
