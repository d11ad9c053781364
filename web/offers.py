"""The same item at the city and in the districts: what each promises, and where they differ. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage.models import LimitUnit
from storage.models.columns import JsonObject


@dataclass(frozen=True)
class Authority:
    """Whose offer it is."""

    id: str
    """Of the district; empty for the city."""
    name: str
    name_en: str


@dataclass(frozen=True)
class Offer:
    authority: Authority
    source: str
    """Whose catalogue says so; empty for an item that was declared here."""
    version: str
    valid_from: datetime | None
    name: str
    name_en: str
    department: str
    department_en: str
    legal_limit: int | None
    promised_limit: int | None
    limit_unit: LimitUnit
    is_joint: bool = False
    """Several departments handle it."""
    links: tuple[JsonObject, ...] = ()
    fees: tuple[JsonObject, ...] = ()
    materials: tuple[JsonObject, ...] = ()
    conditions: tuple[str, ...] = ()


class Aspect(StrEnum):
    """In what offers of the same item may differ."""

    LEGAL_LIMIT = "legal_limit"
    PROMISED_LIMIT = "promised_limit"
    LINKS = "links"
    FEES = "fees"
    MATERIALS = "materials"
    CONDITIONS = "conditions"


_OF: Mapping[Aspect, Callable[[Offer], object]] = {
    Aspect.LEGAL_LIMIT: lambda offer: _limit(offer.legal_limit, offer.limit_unit),
    Aspect.PROMISED_LIMIT: lambda offer: _limit(offer.promised_limit, offer.limit_unit),
    Aspect.LINKS: lambda offer: [(link.get("kind"), link.get("limit"), link.get("unit")) for link in offer.links],
    Aspect.FEES: lambda offer: _unordered(offer.fees),
    Aspect.MATERIALS: lambda offer: _unordered(offer.materials),
    Aspect.CONDITIONS: lambda offer: sorted(offer.conditions),
}


def differences(offers: Sequence[Offer]) -> tuple[Aspect, ...]:
    """In which aspects not all are alike. Fees, materials and conditions have no order; links have."""
    return tuple(aspect for aspect, of in _OF.items() if any(of(offer) != of(offers[0]) for offer in offers[1:]))


def _limit(amount: int | None, unit: LimitUnit) -> tuple[int, LimitUnit] | None:
    return None if amount is None else (amount, unit)


def _unordered(things: Sequence[JsonObject]) -> list[str]:
    return sorted(repr(sorted(thing.items())) for thing in things)
