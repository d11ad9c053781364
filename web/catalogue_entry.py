"""What a version of the catalogue says of an item, as it is drafted here: the words of the exchange standard."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from ingest.approvals.catalogue import Link, ListedFee, Material, promises_too_long
from ingest.approvals.fields import Digits, Flag, LongText, Name, Text, word
from storage.models import Item, ItemVersion, LimitUnit
from storage.sayings import Saying
from web.declared_values import Id, Strict

MOST_PARTS = 100
EARLIEST, LATEST = date(1990, 1, 1), date(2099, 12, 31)
Limit = Annotated[Annotated[int, Field(ge=0, le=10_000)] | None, Digits]


class Entry(Strict):
    name: Name
    name_en: Text = ""
    department: Id | None = None
    legal_limit: Limit = None
    promised_limit: Limit = None
    limit_unit: Annotated[LimitUnit, word(LimitUnit)] = LimitUnit.DAYS
    joint: Flag = False
    """Several departments handle it jointly."""
    links: Annotated[tuple[Link, ...], Field(max_length=MOST_PARTS)] = ()
    fees: Annotated[tuple[ListedFee, ...], Field(max_length=MOST_PARTS)] = ()
    materials: Annotated[tuple[Material, ...], Field(max_length=MOST_PARTS)] = ()
    conditions: Annotated[tuple[LongText, ...], Field(max_length=MOST_PARTS)] = ()

    @model_validator(mode="after")
    def _promises_no_more_time_than_the_law_allows(self) -> Self:
        if promises_too_long(self.legal_limit, self.promised_limit):
            raise ValueError(Saying("The promised limit is longer than the legal one. Promise at most that."))
        return self


class CatalogueDraft(Strict):
    """A version of one item's entry: for the cases of one source, or of every source."""

    code: Annotated[str, Field(min_length=1, max_length=100)]
    source: Id | None = None
    valid_from: Annotated[date, Field(ge=EARLIEST, le=LATEST)]
    """In the zone of the source's hall, else of the first hall."""
    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    ends: bool = False
    """From then on what the source says holds again."""
    seen: Annotated[int, Field(ge=0)] | None = None
    """The id of the newest change approved for this item and source that was looked at, 0 for none; where another one
    was approved since, the draft is refused. Left out: whatever was approved is followed."""
    entry: Entry | None = None

    @model_validator(mode="after")
    def _says_something_or_ends(self) -> Self:
        if self.ends == (self.entry is not None):
            raise ValueError(Saying("Give an entry, or say that the one there is ends."))
        return self


EMPTY: dict[str, Any] = {
    "name": "",
    "name_en": "",
    "department": None,
    "legal_limit": None,
    "promised_limit": None,
    "limit_unit": LimitUnit.DAYS.value,
    "joint": False,
    "links": [],
    "fees": [],
    "materials": [],
    "conditions": [],
}
_PARTS: dict[str, dict[str, Any]] = {
    "links": {"kind": "", "name": "", "limit": None, "unit": LimitUnit.DAYS.value},
    "fees": {"code": "", "name": "", "amount": "", "basis": ""},
    "materials": {"name": "", "original": False, "copies": 0, "required": True},
}


def entry_of_version(version: ItemVersion) -> dict[str, Any]:
    """What a source says, in the same words."""
    said = version.model_dump(include=set(EMPTY))
    lists = {name: [usual | part for part in said[name]] for name, usual in _PARTS.items()}
    department = version.department_id or version.department_ref or None
    return EMPTY | said | lists | {"department": department, "limit_unit": version.limit_unit.value}


def entry_of_statement(said: dict[str, Any]) -> dict[str, Any]:
    """The same of a revision, which leaves out what is usual."""
    lists = {name: [usual | part for part in said.get(name, ())] for name, usual in _PARTS.items()}
    return EMPTY | {name: said[name] for name in EMPTY if name in said} | lists


def entry_of_item(item: Item) -> dict[str, Any]:
    """What was declared of it."""
    limits = {"legal_limit": item.legal_days, "promised_limit": item.promised_days, "joint": item.joint}
    return EMPTY | {"name": item.name, "name_en": item.name_en, "department": item.department_id} | limits
