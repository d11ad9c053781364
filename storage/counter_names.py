"""Which counter a source means by a name: used when a row comes, and again when names are added later."""

from dataclasses import dataclass, field

from sqlalchemy import or_
from sqlmodel import Session, col, select

from storage.models import Counter, CounterAlias, Source


@dataclass(frozen=True)
class CounterNames:
    """The names that one source may use, read once."""

    aliases: dict[str, str] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()
    numbers: dict[str, str] = field(default_factory=dict)
    """Of the source's hall; empty where it is for several."""

    @staticmethod
    def load(session: Session, source: Source) -> "CounterNames":
        """On PostgreSQL none of them can be removed until the transaction ends: steps name them without a key."""
        aliases = select(CounterAlias.alias, CounterAlias.counter_id).where(CounterAlias.source_id == source.id)
        counters = select(Counter.id, Counter.number, Counter.hall_id)
        if source.hall_id is not None:
            aliased = aliases.with_only_columns(col(CounterAlias.counter_id))
            counters = counters.where(or_(col(Counter.hall_id) == source.hall_id, col(Counter.id).in_(aliased)))
        there = list(session.exec(counters.with_for_update(read=True, key_share=True)))
        held = {counter_id for counter_id, _, _ in there}
        found = [counter for counter in there if source.hall_id in (None, counter[2])]
        return CounterNames(
            aliases={alias: counter_id for alias, counter_id in session.exec(aliases) if counter_id in held},
            ids=frozenset(counter_id for counter_id, _, _ in found),
            numbers={} if source.hall_id is None else {number: counter_id for counter_id, number, _ in found},
        )

    def find(self, reference: str) -> str | None:
        """The counter's id: by alias, else by id, else by its number in the source's hall; None when unknown."""
        if not reference:
            return None
        if reference in self.aliases:
            return self.aliases[reference]
        return reference if reference in self.ids else self.numbers.get(reference)
