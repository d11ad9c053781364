"""The catalogue of items: who promises what, what it costs, what has to be brought, and how the districts differ."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AfterValidator
from sqlalchemy import ColumnElement, and_, or_, union
from sqlmodel import Session, col, select

from storage.models import Department, District, Hall, Item, ItemVersion, LimitUnit, Source
from web.errors import NotFound
from web.offers import Aspect, Authority, Offer, differences
from web.pages.paging import PAGE_SIZE, cut
from web.pages.rendering import add_page
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
        codes, more = cut(_codes(session, q.strip(), after, now))
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


def _codes(session: Session, text: str, after: str, now: datetime) -> Sequence[str]:
    """One more than a page has."""
    told = select(ItemVersion.code).where(_in_force(now), ItemVersion.code > after, *_matches(ItemVersion, text))
    declared = select(Item.code).where(Item.code > after, *_matches(Item, text))
    both = union(told, declared).subquery()
    return list(session.execute(select(both.c.code).order_by(both.c.code).limit(PAGE_SIZE + 1)).scalars())


def _matches(table: type[ItemVersion] | type[Item], text: str) -> list[ColumnElement[bool]]:
    columns = (col(table.code), col(table.name), col(table.name_en))
    return [or_(*(column.icontains(text, autoescape=True) for column in columns))] if text else []


def _in_force(now: datetime) -> ColumnElement[bool]:
    not_over = or_(col(ItemVersion.valid_to).is_(None), col(ItemVersion.valid_to) > now)
    return and_(col(ItemVersion.valid_from) <= now, not_over)


def _rows(session: Session, codes: Collection[str], now: datetime) -> tuple[ItemRow, ...]:
    offers: defaultdict[str, list[Offer]] = defaultdict(list)
    places = _Places(session)
    for version in _versions(session, codes, now):
        offers[version.code].append(places.offer(version))
    for item in session.exec(select(Item).where(col(Item.code).in_(codes))):
        if item.code not in offers:
            offers[item.code].append(places.declared(item))
    return tuple(_row(code, offers[code]) for code in codes if code in offers)


def _row(code: str, offers: Iterable[Offer]) -> ItemRow:
    """The city's first, then the districts' by name."""
    found = tuple(sorted(offers, key=lambda offer: (offer.authority.id != "", offer.authority.name, offer.source)))
    authorities = tuple(dict.fromkeys(offer.authority for offer in found))
    return ItemRow(code, found[0].name, found[0].name_en, authorities, found, differences(found))


def _versions(session: Session, codes: Collection[str], now: datetime) -> Iterable[ItemVersion]:
    """Of each source the one in force: the one with the latest beginning."""
    wanted = select(ItemVersion).where(col(ItemVersion.code).in_(codes), _in_force(now))
    in_order = wanted.order_by(col(ItemVersion.valid_from), col(ItemVersion.id))
    latest = {(version.source_id, version.code): version for version in session.exec(in_order)}
    return latest.values()


class _Places:
    """Whose an entry of a catalogue is: of the district of its department, else of the hall of its source."""

    def __init__(self, session: Session) -> None:
        self._districts = {district.id: district for district in session.exec(select(District))}
        self._departments = {department.id: department for department in session.exec(select(Department))}
        self._sources = {source.id: source for source in session.exec(select(Source))}
        self._halls = {hall.id: hall.district_id for hall in session.exec(select(Hall))}

    def offer(self, version: ItemVersion) -> Offer:
        source = self._sources[version.source_id]
        department = self._departments.get(version.department_id or "")
        of_hall = self._halls.get(source.hall_id or "", "")
        return Offer(
            authority=self._authority(department.district_id or "" if department else of_hall),
            source=source.name or source.id,
            version=version.version,
            valid_from=version.valid_from,
            name=version.name,
            name_en=version.name_en,
            department=department.name if department else version.department_ref,
            department_en=department.name_en if department else "",
            legal_limit=version.legal_limit,
            promised_limit=version.promised_limit,
            limit_unit=version.limit_unit,
            links=tuple(version.links),
            fees=tuple(version.fees),
            materials=tuple(version.materials),
            conditions=tuple(version.conditions),
        )

    def declared(self, item: Item) -> Offer:
        department = self._departments.get(item.department_id or "")
        return Offer(
            authority=self._authority(department.district_id or "" if department else ""),
            source="",
            version="",
            valid_from=None,
            name=item.name,
            name_en=item.name_en,
            department=department.name if department else "",
            department_en=department.name_en if department else "",
            legal_limit=item.legal_days,
            promised_limit=item.promised_days,
            limit_unit=LimitUnit.DAYS,
        )

    def _authority(self, district_id: str) -> Authority:
        district = self._districts.get(district_id)
        return Authority(district.id, district.name, district.name_en) if district else Authority("", "", "")


add_page(router, "/public/items", "public/catalogue.html", catalogue_page)
add_page(router, "/public/items/{code}", "public/item.html", item_page)
