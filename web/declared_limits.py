"""Limits that are declared of an item: since when they are known, and that those of cases stay."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from storage.models import Case, FormerLimits, Item
from storage.sayings import Saying
from web.declared_items import ItemDeclaration
from web.errors import Conflict

_LIMITS = {"legal_days", "promised_days", "joint", "limits_from"}
_NONE = {"legal_days": None, "promised_days": None, "joint": False, "limits_from": None}
_IN_CATALOGUE = Saying(
    "There are cases of this item: its limits are changed in the catalogue, where a second person approves."
)


def check_no_cases(session: Session, code: str) -> None:
    """Raises Conflict where there are cases of the item."""
    if session.exec(select(Case.id).where(Case.item_code == code).limit(1)).first() is not None:
        raise Conflict(_IN_CATALOGUE)


def check_limits_stay(session: Session, declared: ItemDeclaration, *, is_new_allowed: bool) -> None:
    """One person alone does not move limits of cases. Raises Conflict.

    `is_new_allowed`: an item that was not declared at all may have cases.
    """
    before = session.get(Item, declared.code)
    if before is None and is_new_allowed:
        return
    if _limits(declared) != (_limits(before) if before else _NONE):
        check_no_cases(session, declared.code)


def are_new(session: Session, declared: ItemDeclaration) -> bool:
    """Nothing, or something else, was declared of them."""
    before = session.get(Item, declared.code)
    return before is None or _limits(declared) != _limits(before)


def keep_former(session: Session, code: str, now: datetime) -> None:
    """What is declared of the item, if anything, was known until now."""
    before = session.get(Item, code)
    if before is not None:
        session.add(FormerLimits(code=code, known_until=now, limits_known_at=before.limits_known_at, **_limits(before)))


def _limits(said: Item | ItemDeclaration) -> dict[str, Any]:
    return said.model_dump(include=_LIMITS)
