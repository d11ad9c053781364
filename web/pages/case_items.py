"""Items by which cases can be looked for."""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from storage.models import Case, Item, ItemVersion
from web.item_names import ItemRef


def items_to_choose(session: Session, department_id: str, now: datetime) -> tuple[ItemRef, ...]:
    """Declared ones, and those of the catalogues of platforms, by name; `department_id` empty: of all departments.

    Of one department those without any are offered, too: nobody knows whose they are.
    """
    told, declared = _columns(ItemVersion), _columns(Item)
    told = told.where(col(ItemVersion.id).in_(_now_in_force(now)))
    both = told.add_columns(literal(0).label("last")).union_all(declared.add_columns(literal(1)))
    found = {
        code: ItemRef(code, name, name_en)
        for code, name, name_en, of, _ in session.execute(both.order_by("last"))
        if not department_id or of in (None, department_id)
    }
    return tuple(sorted(found.values(), key=lambda item: (item.name, item.id)))


def _now_in_force(now: datetime) -> Select[int]:
    """Of each code the version that has begun last; of one that is still to begin the first."""
    version, has_begun = ItemVersion, col(ItemVersion.valid_from) <= now
    order = (
        has_begun.desc(),
        case((has_begun, col(version.valid_from))).desc(),
        col(version.valid_from),
        col(version.id).desc(),
    )
    place = func.row_number().over(partition_by=col(version.code), order_by=order).label("place")
    ranked = select(col(version.id).label("id"), place).subquery()
    return select(ranked.c.id).where(ranked.c.place == 1)


def _columns(of: type[Item] | type[ItemVersion]) -> Select[str, str, str, str | None]:
    return select(col(of.code), col(of.name), col(of.name_en), col(of.department_id))


def codes_called(text: str) -> ColumnElement[bool]:
    """Whether a case is of an item with this code, or of one whose name, in either language, holds the text."""
    told, declared = _codes_called(ItemVersion, text), _codes_called(Item, text)
    return or_(col(Case.item_code) == text, col(Case.item_code).in_(told.union(declared)))


def _codes_called(of: type[Item] | type[ItemVersion], text: str) -> Select[str]:
    names = (holds(column, text) for column in (col(of.name), col(of.name_en)))
    return select(col(of.code)).where(or_(func.lower(col(of.code)) == text.lower(), *names))


def holds(column: Mapped[str], text: str) -> ColumnElement[bool]:
    """In either case; a text that has none, as most numbers and Chinese, is found in a quarter of the time."""
    has_case = text.lower() != text.upper()
    return column.icontains(text, autoescape=True) if has_case else column.contains(text, autoescape=True)
