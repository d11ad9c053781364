"""Items by which cases can be looked for."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, union
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from storage.models import Case, CatalogueChange, Item, ItemVersion, ProposalState
from web.item_names import ItemRef


class _Said(NamedTuple):
    """Of one code, by one of those who say something of it."""

    code: str
    name: str
    name_en: str
    department: str | None

    def over(self, weaker: "_Said | None") -> "_Said":
        """What this one leaves out is as the weaker one says it."""
        if weaker is None:
            return self
        names = self.name or weaker.name, self.name_en or weaker.name_en
        return _Said(self.code, *names, self.department or weaker.department)


def items_to_choose(session: Session, department_id: str, now: datetime) -> tuple[ItemRef, ...]:
    """Those of the catalogues of platforms, declared ones and those approved here, by name; `department_id` empty: of
    all departments.

    Of one department those without any are offered, too: nobody knows whose they are.
    """
    told = _columns(ItemVersion).where(col(ItemVersion.id).in_(_told_now(now)))
    both = told.add_columns(literal(0).label("last")).union_all(_columns(Item).add_columns(literal(1)))
    found: dict[str, _Said] = {}
    for said in chain((_Said(*row) for *row, _ in session.execute(both.order_by("last"))), _approved(session, now)):
        found[said.code] = said.over(found.get(said.code))
    items = (
        ItemRef(said.code, said.name, said.name_en)
        for said in found.values()
        if not department_id or said.department in (None, department_id)
    )
    return tuple(sorted(items, key=lambda item: (item.name, item.id)))


def _told_now(now: datetime) -> Select[int]:
    """Of each code one version: of each source the one that has begun last, else the first that is still to begin; of
    these one in force, if any is."""
    version, has_begun = ItemVersion, col(ItemVersion.valid_from) <= now
    order = (
        has_begun.desc(),
        case((has_begun, col(version.valid_from))).desc(),
        col(version.valid_from),
        col(version.id).desc(),
    )
    is_in_force = and_(has_begun, or_(col(version.valid_to).is_(None), col(version.valid_to) > now))
    places = (
        func.row_number().over(partition_by=of, order_by=order).label(name)
        for name, of in (("of_all", [version.code]), ("of_source", [version.code, version.source_id]))
    )
    said = select(col(version.id).label("id"), col(version.code).label("code"), is_in_force.label("holds"), *places)
    each = said.subquery().c
    place = func.row_number().over(partition_by=each.code, order_by=(each.holds.desc(), each.of_all)).label("place")
    ranked = select(each.id, place).where(each.of_source == 1).subquery()
    return select(ranked.c.id).where(ranked.c.place == 1)


def _columns(of: type[Item] | type[ItemVersion]) -> Select[str, str, str, str | None]:
    return select(col(of.code), col(of.name), col(of.name_en), col(of.department_id))


def _approved(session: Session, now: datetime) -> Iterator[_Said]:
    """What is in force; last, and so the strongest, what holds for the cases of every source."""
    change = CatalogueChange
    columns = (col(change.code), col(change.name), col(change.name_en), col(change.content))
    begun = select(*columns, col(change.source_id), col(change.ends)).where(
        col(change.state) == ProposalState.APPROVED, col(change.valid_from) <= now
    )
    in_force = {
        (source, code): None if ends else _Said(code, name, name_en, content.get("department"))
        for code, name, name_en, content, source, ends in session.execute(
            begun.order_by(col(change.valid_from), col(change.decided_at))
        )
    }
    found = sorted(in_force.items(), key=lambda of: (of[0][0] is None, of[0][0] or ""))
    return (said for _, said in found if said is not None)


def codes_called(text: str) -> ColumnElement[bool]:
    """Whether a case is of an item with this code, or of one whose name, in either language, holds the text."""
    approved = _codes_called(CatalogueChange, text).where(
        col(CatalogueChange.state) == ProposalState.APPROVED, col(CatalogueChange.ends).is_(False)
    )
    named = union(_codes_called(ItemVersion, text), _codes_called(Item, text), approved)
    return or_(col(Case.item_code) == text, col(Case.item_code).in_(named))


def _codes_called(of: type[Item] | type[ItemVersion] | type[CatalogueChange], text: str) -> Select[str]:
    names = (holds(column, text) for column in (col(of.name), col(of.name_en)))
    return select(col(of.code)).where(or_(func.lower(col(of.code)) == text.lower(), *names))


def holds(column: Mapped[str], text: str) -> ColumnElement[bool]:
    """In either case; a text that has none, as most numbers and Chinese, is found in a quarter of the time."""
    has_case = text.lower() != text.upper()
    return column.icontains(text, autoescape=True) if has_case else column.contains(text, autoescape=True)
