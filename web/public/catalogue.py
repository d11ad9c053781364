"""The catalogue of items: who promises what, what it costs, what has to be brought, and how the districts differ."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import AfterValidator
from sqlalchemy import ColumnElement, and_, or_, union
from sqlmodel import Session, col, select

from storage.models import (
    CatalogueChange,
    Department,
    District,
    Hall,
    Item,
    ItemVersion,
    LimitUnit,
    ProposalState,
    Source,
)
from web.catalogue_shelf import Held, Shelf
from web.errors import NotFound
from web.offers import Aspect, Authority, Offer, differences
from web.pages.filters import DEFAULT_ZONE
from web.pages.paging import PAGE_SIZE, cut
from web.pages.rendering import add_page
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.public.limits import VisitorDep
from web.public.typed import SearchText, readable
from web.services import ServicesDep

router = APIRouter()


@dataclass(frozen=True)
class ItemRow:
    id: str
    """Its code."""
    name: str
    name_en: str
    authorities: tuple[Authority, ...]
    offers: tuple[Offer, ...]
    differences: tuple[Aspect, ...]


@dataclass(frozen=True)
class CataloguePage:
    q: str
    items: tuple[ItemRow, ...]
    """By code."""
    next: str


@dataclass(frozen=True)
class ItemPage:
    item: ItemRow
    aspects: tuple[Aspect, ...] = tuple(Aspect)


def catalogue_page(
    visitor: VisitorDep, services: ServicesDep, q: SearchText = "", after: SearchText = ""
) -> CataloguePage:
    """`after`: the code of the last item of the page before."""
    now = services.clock()
    with services.database.transaction() as session:
        codes, more = cut(_codes(session, q.strip(), after, now, PAGE_SIZE + 1))
        items = _rows(session, codes, now)
    return CataloguePage(q, items, codes[-1] if more else "")


def item_page(
    code: Annotated[str, Path(max_length=100), AfterValidator(readable)], visitor: VisitorDep, services: ServicesDep
) -> ItemPage:
    now = services.clock()
    with services.database.transaction() as session:
        rows = _rows(session, [code], now)
    if not rows:
        raise NotFound
    return ItemPage(rows[0])


def _codes(session: Session, text: str, after: str, now: datetime, limit: int) -> Sequence[str]:
    told = select(ItemVersion.code).where(_in_force(now), ItemVersion.code > after, *_matches(ItemVersion, text))
    declared = select(Item.code).where(Item.code > after, *_matches(Item, text))
    approved = select(CatalogueChange.code).where(
        CatalogueChange.state == ProposalState.APPROVED,
        CatalogueChange.valid_from <= now,
        CatalogueChange.code > after,
        *_matches(CatalogueChange, text),
    )
    both = union(told, declared, approved).subquery()
    return list(session.execute(select(both.c.code).order_by(both.c.code).limit(limit)).scalars())


def _matches(table: type[ItemVersion] | type[Item] | type[CatalogueChange], text: str) -> list[ColumnElement[bool]]:
    columns = [col(table.code), col(table.name), col(table.name_en)]
    return [or_(*(column.icontains(text, autoescape=True) for column in columns))] if text else []


def _in_force(now: datetime) -> ColumnElement[bool]:
    not_over = or_(col(ItemVersion.valid_to).is_(None), col(ItemVersion.valid_to) > now)
    return and_(col(ItemVersion.valid_from) <= now, not_over)


def _rows(session: Session, codes: Collection[str], now: datetime) -> tuple[ItemRow, ...]:
    """Of a source that tells nothing of an item the one for every source stands for all."""
    places, shelf = _Places(session), Shelf(session, codes)
    found = ((code, shelf.in_force(code, source, now, now), source) for code, source in _offered(session, codes, now))
    offers: defaultdict[str, list[Offer]] = defaultdict(list)
    for code, held, source in found:
        if held is not None and (source is not None or not offers[code]):
            offers[code].append(places.offer(held, source))
    return tuple(_row(code, offers[code]) for code in codes if offers.get(code))


def _offered(session: Session, codes: Collection[str], now: datetime) -> list[tuple[str, str | None]]:
    """Each item with each source that has a word in force about it, or for which we have; last without a source."""
    told = select(ItemVersion.code, ItemVersion.source_id).where(col(ItemVersion.code).in_(codes), _in_force(now))
    own = select(CatalogueChange.code, CatalogueChange.source_id).where(
        col(CatalogueChange.code).in_(codes),
        col(CatalogueChange.source_id).is_not(None),
        CatalogueChange.state == ProposalState.APPROVED,
    )
    pairs = {(code, source) for query in (told, own) for code, source in session.execute(query)}
    return [*sorted(pairs), *((code, None) for code in codes)]


def _row(code: str, offers: Iterable[Offer]) -> ItemRow:
    """The city's first, then the districts' by name."""
    found = tuple(sorted(offers, key=lambda offer: (offer.authority.id != "", offer.authority.name, offer.source)))
    authorities = tuple(dict.fromkeys(offer.authority for offer in found))
    return ItemRow(code, found[0].name, found[0].name_en, authorities, found, differences(found))


class _Places:
    """Whose an entry of a catalogue is: of the district of its department, else of the hall of its source."""

    def __init__(self, session: Session) -> None:
        self._districts = {district.id: district for district in session.exec(select(District))}
        self._departments = {department.id: department for department in session.exec(select(Department))}
        self._sources = {source.id: source for source in session.exec(select(Source))}
        self._halls = {hall.id: hall.district_id for hall in session.exec(select(Hall))}

    def offer(self, held: Held, source_id: str | None) -> Offer:
        source = self._sources[source_id] if source_id else None
        called = held.entry["department"] or ""
        department = self._departments.get(called)
        of_hall = self._halls.get(source.hall_id or "", "") if source else ""
        return Offer(
            authority=self._authority(department.district_id or "" if department else of_hall),
            source=(source.name or source.id) if source else "",
            version=held.version,
            valid_from=held.valid_from,
            name=held.entry["name"],
            name_en=held.entry["name_en"],
            department=department.name if department else called,
            department_en=department.name_en if department else "",
            legal_limit=held.entry["legal_limit"],
            promised_limit=held.entry["promised_limit"],
            limit_unit=LimitUnit(held.entry["limit_unit"]),
            is_joint=held.entry["joint"],
            links=tuple(held.entry["links"]),
            fees=tuple(held.entry["fees"]),
            materials=tuple(held.entry["materials"]),
            conditions=tuple(held.entry["conditions"]),
        )

    def _authority(self, district_id: str) -> Authority:
        district = self._districts.get(district_id)
        return Authority(district.id, district.name, district.name_en) if district else Authority("", "", "")


_COLUMNS = (
    *("code", "name", "name_en", "where", "source", "department", "legal_limit", "promised_limit", "limit_unit"),
    *("joint", "links", "fees", "materials", "conditions", Moments("valid_from"), "version"),
)


def catalogue_table(visitor: VisitorDep, services: ServicesDep, q: SearchText = "") -> Table:
    """A row for each place that offers an item."""
    now = services.clock()

    def read(session: Session, after: str | None, limit: int) -> list[tuple[str, ItemRow | None]]:
        codes = _codes(session, q.strip(), after or "", now, limit)
        found = {row.id: row for row in _rows(session, codes, now)}
        return [(code, found.get(code)) for code in codes]  # of some nothing holds now

    items = read_on(services.database, read, lambda named: named[0])
    rows = (_cells(item, offer) for _, item in items if item for offer in item.offers)
    return Table("items", DEFAULT_ZONE, _COLUMNS, rows)


def item_table(page: Annotated[ItemPage, Depends(item_page)]) -> Table:
    """A row for each place that offers the item."""
    rows = [_cells(page.item, offer) for offer in page.item.offers]
    return Table(f"item-{page.item.id}", DEFAULT_ZONE, _COLUMNS, rows)


def _cells(item: ItemRow, offer: Offer) -> list[Cell]:
    return [
        *(item.id, offer.name, offer.name_en, offer.authority.id, offer.source, offer.department),
        *(offer.legal_limit, offer.promised_limit, offer.limit_unit, offer.is_joint),
        " → ".join(str(link["kind"]) for link in offer.links),
        "; ".join(f"{fee['name']} {fee['amount']}" for fee in offer.fees),
        "; ".join(str(material["name"]) for material in offer.materials),
        "; ".join(offer.conditions),
        *(offer.valid_from, offer.version),
    ]


add_page(router, "/public/items", "public/catalogue.html", catalogue_page)
add_table(router, "/public/items", catalogue_table)
add_table(router, "/public/items/{code}", item_table)
add_page(router, "/public/items/{code}", "public/item.html", item_page)
