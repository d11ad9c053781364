"""All that is said of an item, layer by layer: what was approved here, what the source says, what was declared."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from correlation.catalogue.versions import Layers, Version, first_moment, in_force
from storage.models import CatalogueChange, Item, ItemVersion, ProposalState
from web.catalogue_entry import entry_of_item, entry_of_version


class Origin(StrEnum):
    """Who says it."""

    HERE = "here"  # approved here, for the cases of this source
    HERE_FOR_ALL = "here_for_all"  # approved here, for those of every source
    SOURCE = "source"
    DECLARED = "declared"  # in the configuration file, or by an administrator


@dataclass(frozen=True)
class Held:
    """What one version says."""

    origin: Origin
    version: str
    """Of the source its own number, of ours ours; empty: it was declared."""
    valid_from: datetime | None
    entry: Mapping[str, Any]


class Shelf:
    """The versions of some items."""

    def __init__(self, session: Session, codes: Collection[str]) -> None:
        self._own: dict[tuple[str | None, str], list[Version[Held]]] = {}
        self._told: dict[tuple[str, str], list[Version[Held]]] = {}
        approved = select(CatalogueChange).where(
            col(CatalogueChange.code).in_(codes), CatalogueChange.state == ProposalState.APPROVED
        )
        for change in session.exec(approved.order_by(col(CatalogueChange.valid_from), col(CatalogueChange.decided_at))):
            self._own.setdefault((change.source_id, change.code), []).append(_of_change(change))
        told = select(ItemVersion).where(col(ItemVersion.code).in_(codes))
        for version in session.exec(told.order_by(col(ItemVersion.valid_from), col(ItemVersion.id))):
            self._told.setdefault((version.source_id, version.code), []).append(_of_version(version))
        declared = session.exec(select(Item).where(col(Item.code).in_(codes)))
        self._declared = {item.code: [_of_item(item)] for item in declared}

    def layers(self, code: str, source: str | None) -> Layers[Held]:
        """Without a source: of those that tell nothing of their own."""
        own = self._own.get((source, code), ()) if source else ()
        told = self._told.get((source, code), ()) if source else ()
        return own, self._own.get((None, code), ()), told, self._declared.get(code, ())

    def in_force(self, code: str, source: str | None, received: datetime, now: datetime) -> Held | None:
        """For a case received then."""
        found = in_force(self.layers(code, source), received, now)
        return found.content if found else None

    def told(self, code: str, source: str | None, received: datetime, now: datetime) -> Held | None:
        """What would hold without us."""
        found = in_force(self.layers(code, source)[2:], received, now)
        return found.content if found else None

    def coming(self, code: str, source: str | None, now: datetime) -> Iterator[Held]:
        """What begins later, of ours and of what is declared."""
        here, for_all, _, declared = self.layers(code, source)
        for layer in (here, for_all, declared):
            yield from (one.content for one in layer if one.content and one.valid_from > now)


def held_of(change: CatalogueChange) -> Held:
    """What a change says, approved or not."""
    origin = Origin.HERE if change.source_id else Origin.HERE_FOR_ALL
    return Held(origin, str(change.number or ""), change.valid_from, change.content)


def _of_change(change: CatalogueChange) -> Version[Held]:
    assert change.decided_at is not None
    held = None if change.ends else held_of(change)
    return Version(held, change.valid_from, known_from=change.decided_at)


def _of_version(version: ItemVersion) -> Version[Held]:
    held = Held(Origin.SOURCE, version.version, version.valid_from, entry_of_version(version))
    return Version(held, version.valid_from, version.valid_to)


def _of_item(item: Item) -> Version[Held]:
    begins = first_moment(item.limits_from)
    return Version(Held(Origin.DECLARED, "", begins if item.limits_from else None, entry_of_item(item)), begins)
