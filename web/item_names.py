"""What the item of a case is called: wherever a case is named, its item is by what is said here.

In Chinese as the steps call it, if they do; else, and in English, by what was approved here, then as it is declared,
then as the catalogue of its platform calls it. A catalogue's name is that of the version in force when the case was
accepted, or applied for while it is not.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from correlation.catalogue.versions import ALWAYS, Version, in_force
from storage.models import Case, CatalogueChange, Deadline, Item, ItemVersion, ProposalState


@dataclass(frozen=True)
class ItemRef:
    id: str
    """Its code; empty for one that is known only by what the platform calls it."""
    name: str
    """Empty where nothing is known but its code."""
    name_en: str
    """Empty where nobody has told it."""


def in_both(item: ItemRef | None) -> tuple[str, str]:
    """Chinese, English, as a message says them: by what there is, if only a code; empty where there is nothing."""
    chinese = (item.name or item.id) if item else ""
    return chinese, (item.name_en if item else "") or chinese


class _Names(NamedTuple):
    name: str
    name_en: str


_NONE = _Names("", "")


class ItemNames:
    """All that is said of what some items are called; three queries for any number of them."""

    def __init__(self, session: Session, codes: Collection[str]) -> None:
        wanted = {code for code in codes if code}
        self._declared = _declared(session, wanted)
        self._told = _told(session, wanted)
        self._approved = _approved(session, wanted)

    def of(self, code: str, source_id: str, at: datetime, called: str = "") -> ItemRef | None:
        """At that moment; `called`: by the steps. None where there is neither code nor name."""
        if not code and not called:
            return None
        said = (
            self._approved_then(code, source_id, at),
            self._declared.get(code, _NONE),
            _at_or_next_to(self._told.get((source_id, code), ()), at),
        )
        name = called or next((names.name for names in said if names.name), "")
        return ItemRef(code, name, next((names.name_en for names in said if names.name_en), ""))

    def _approved_then(self, code: str, source_id: str, at: datetime) -> _Names:
        layers = [self._approved.get((source, code), ()) for source in (source_id, None)]
        found = in_force(layers, at, at)
        return found.content if found and found.content else _NONE


def items_of(session: Session, cases: Sequence[Case]) -> Mapping[int, ItemRef | None]:
    """By the id of each case."""
    ids = [case.id for case in cases if case.id is not None]
    started = select(col(Deadline.case_id), col(Deadline.started_at)).where(col(Deadline.case_id).in_(ids))
    accepted: dict[int, datetime | None] = dict(session.execute(started).all())
    names = ItemNames(session, [case.item_code for case in cases])
    return {case.id: item_of(case, accepted.get(case.id), names) for case in cases if case.id is not None}


def item_of(case: Case, accepted_at: datetime | None, names: ItemNames) -> ItemRef | None:
    return names.of(case.item_code, case.source_id, accepted_at or case.opened_at, case.item_name)


def _at_or_next_to(versions: Sequence[Version[_Names]], at: datetime) -> _Names:
    """Where a catalogue says nothing of that moment a name of before or after it is better than a code."""
    found = in_force([versions], at, at)
    if found is None and versions:
        begun = [version for version in versions if version.valid_from <= at]
        found = begun[-1] if begun else versions[0]
    return found.content if found and found.content else _NONE


def _declared(session: Session, codes: Collection[str]) -> dict[str, _Names]:
    columns = col(Item.code), col(Item.name), col(Item.name_en)
    rows = session.execute(select(*columns).where(col(Item.code).in_(codes)))
    return {code: _Names(name, name_en) for code, name, name_en in rows}


def _told(session: Session, codes: Collection[str]) -> Mapping[tuple[str, str], list[Version[_Names]]]:
    version = ItemVersion
    columns = (col(version.source_id), col(version.code), col(version.name), col(version.name_en))
    dates = (col(version.valid_from), col(version.valid_to))
    rows = select(*columns, *dates).where(col(version.code).in_(codes))
    found: dict[tuple[str, str], list[Version[_Names]]] = defaultdict(list)
    for source_id, code, name, name_en, begins, ends in session.execute(
        rows.order_by(col(version.valid_from), col(version.id))
    ):
        found[source_id, code].append(Version(_Names(name, name_en), begins, ends))
    return found


def _approved(session: Session, codes: Collection[str]) -> Mapping[tuple[str | None, str], list[Version[_Names]]]:
    change = CatalogueChange
    columns = (col(change.source_id), col(change.code), col(change.name), col(change.name_en))
    rows = select(*columns, col(change.valid_from), col(change.ends)).where(
        col(change.code).in_(codes), col(change.state) == ProposalState.APPROVED
    )
    found: dict[tuple[str | None, str], list[Version[_Names]]] = defaultdict(list)
    for source_id, code, name, name_en, begins, ends in session.execute(
        rows.order_by(col(change.valid_from), col(change.decided_at))
    ):
        found[source_id, code].append(Version(None if ends else _Names(name, name_en), begins, known_from=ALWAYS))
    return found
