"""Which counter a source means by a name: used when a row comes, and again when names are added later."""

from dataclasses import dataclass, field

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
        aliases = select(CounterAlias.alias, CounterAlias.counter_id).where(CounterAlias.source_id == source.id)
        counters = select(Counter.id, Counter.number)
        if source.hall_id is not None:
            counters = counters.where(col(Counter.hall_id) == source.hall_id)
        found = list(session.exec(counters))
        return CounterNames(
            aliases=dict(session.exec(aliases).all()),
            ids=frozenset(counter_id for counter_id, _ in found),
            numbers={} if source.hall_id is None else {number: counter_id for counter_id, number in found},
        )

    def find(self, reference: str) -> str | None:
        """The counter's id: by alias, else by id, else by its number in the source's hall; None when unknown."""
        if not reference:
            return None
        if reference in self.aliases:
            return self.aliases[reference]
        return reference if reference in self.ids else self.numbers.get(reference)
