"""What would be asked about the cases in a platform's own output, before it is sent: by the rules that raise cards."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from correlation.catalogue.versions import Version, in_force
from correlation.deadlines.observing import Observation
from correlation.deadlines.rows import READERS, item_limits
from correlation.deadlines.tellings import Said, Told, ToldDelivery, ToldFee, ToldResult, ToldStep
from correlation.deadlines.told import ItemLimits, facts_at
from ingest.approvals.catalogue import ItemRow
from ingest.approvals.reports import Rejection
from ingest.approvals.row import MOST_AHEAD, Row, Statement
from storage.models import CardCause, Decision, RecordKind, StepKind
from storage.sayings import Saying

_USUAL = tuple((kind, None) for kind in StepKind if kind is not StepKind.OTHER)


@dataclass(frozen=True, slots=True)
class _Word:
    line: int
    kind: RecordKind
    case: str
    said: Said


class Foreseen:
    """Hears the rows that would be accepted; the last word about a record counts."""

    def __init__(self) -> None:
        self._words: dict[tuple[RecordKind, str], _Word] = {}
        self._versions: dict[str, dict[str, Version[ItemLimits]]] = defaultdict(dict)

    def hear(self, line: int, row: Row, said: Statement) -> None:
        kind = row.kind_of_record
        if isinstance(row, ItemRow):
            limits = item_limits(row.model_dump(mode="json"))
            self._versions[row.code][row.version] = Version(limits, row.valid_from, row.valid_to)
        elif kind in READERS:
            self._words[kind, row.reference] = _Word(line, kind, said["case"], READERS[kind](said))

    def notes(self, now: datetime) -> Iterator[Rejection]:
        """Case by case; `now` is when the rows would be received."""
        by_case: dict[str, list[_Word]] = defaultdict(list)
        for word in self._words.values():
            by_case[word.case].append(word)
        items = _Items(
            {code: sorted(held.values(), key=lambda one: one.valid_from) for code, held in self._versions.items()}
        )
        for case, words in by_case.items():
            yield from _Case(case, sorted(words, key=lambda word: word.line), items).notes(now)


@dataclass(frozen=True)
class _Items:
    """The catalogue as the rows tell it."""

    versions: dict[str, list[Version[ItemLimits]]]

    def limits(self, code: str, received: datetime, moment: datetime) -> ItemLimits | None:
        found = in_force((self.versions.get(code, ()),), received, moment)
        return found.content if found else None

    def turns(self, code: str) -> Collection[datetime]:
        return ()


class _UsualOrder(_Items):
    """Of items whose links nobody tells."""

    def limits(self, *_: object) -> ItemLimits:
        return ItemLimits(links=_USUAL)


@dataclass(frozen=True)
class _Case:
    number: str
    words: Sequence[_Word]
    items: _Items

    def notes(self, now: datetime) -> Iterator[Rejection]:
        yield from self._refusals()
        yield from self._early_deliveries()
        told = [Told((word.kind.value, word.line), now, word.said) for word in self.words]
        moment = now + MOST_AHEAD
        facts = facts_at(moment, told, self.items)
        if facts is None or facts.received_at is None:
            return
        naming = next((word for word in reversed(self.words) if _item(word)), None)
        item = _item(naming) if naming else ""
        if naming and not facts.is_item_known and item in self.items.versions:
            yield self._not_in_force(naming.line, item, facts.received_at)
        yield from (note for seen in facts.observed for note in self._of(seen, item))
        limits = self.items.limits(item, facts.received_at, moment)
        usual = None if limits and limits.order else facts_at(moment, told, _UsualOrder({}))
        reordered = (seen for seen in (usual.observed if usual else ()) if seen.cause is CardCause.LINK_REORDERED)
        yield from (note for seen in reordered for note in self._of(seen, item))

    def _refusals(self) -> Iterator[Rejection]:
        """Of any case: whether it is known is of no account."""
        for word in self.words:
            if isinstance(word.said, ToldResult) and _is_bare_refusal(word.said):
                remedy = Saying("report why, or the number of the written refusal (document)")
                yield Rejection(word.line, "reason", Saying("is empty, though the case was refused"), remedy)

    def _early_deliveries(self) -> Iterator[Rejection]:
        results = [word.said.decided_at for word in self.words if isinstance(word.said, ToldResult)]
        steps = [word.said for word in self.words if isinstance(word.said, ToldStep)]
        decided = min(results or [step.end for step in steps if step.kind is StepKind.DECIDE], default=None)
        for word in self.words:
            if isinstance(word.said, ToldDelivery) and decided is not None and word.said.delivered_at < decided:
                said = Saying("%(case)s is decided later, at %(time)s", case=self.number, time=decided.isoformat())
                yield Rejection(word.line, "delivered", said, Saying("check both times and their zones"))

    def _not_in_force(self, line: int, item: str, received: datetime) -> Rejection:
        said = Saying(
            "no version of %(item)s holds at %(time)s, when %(case)s was received",
            item=item,
            time=received.isoformat(),
            case=self.number,
        )
        return Rejection(line, "item", said, Saying("report the version that held then, or correct its dates"))

    def _of(self, seen: Observation, item: str) -> Iterator[Rejection]:
        match seen.cause:
            case CardCause.FEE_UNLISTED:
                yield self._unlisted(seen, item)
            case CardCause.LINK_SKIPPED:
                said = Saying(
                    "%(case)s: %(later)s is told of, but no %(skipped)s before it, which is a link of %(item)s",
                    case=self.number,
                    later=seen.names[0],
                    skipped=str(seen.link),
                    item=item,
                )
                remedy = Saying("report that step, if no earlier batch has it, or correct the links of the item")
                yield Rejection(self._line_of(StepKind(seen.names[0])), "kind", said, remedy)
            case CardCause.LINK_REORDERED:
                said = Saying(
                    "%(case)s: %(later)s ends before %(earlier)s begins",
                    case=self.number,
                    later=seen.names[0],
                    earlier=str(seen.link),
                )
                remedy = Saying("check the times and the kinds of both steps")
                yield Rejection(self._line_of(StepKind(seen.names[0])), "end", said, remedy)
            case CardCause.DATA_MISSING:
                said = Saying("%(case)s is closed, and nothing tells what was decided", case=self.number)
                line = next(word.line for word in self.words if isinstance(word.said, ToldStep))
                yield Rejection(line, "kind", said, Saying("report a result, or a step of the kind decide"))

    def _unlisted(self, seen: Observation, item: str) -> Rejection:
        charged, *listed = seen.names
        line = int(seen.about.removeprefix("fee:"))
        fee = next(word.said for word in self.words if word.line == line)
        assert isinstance(fee, ToldFee)
        said = Saying("%(fee)s is not among the fees of %(item)s", fee=charged, item=item)
        remedy = Saying(
            "charge what is listed (%(listed)s), or report the item with this fee", listed=", ".join(listed)
        )
        return Rejection(line, "code" if charged == fee.code else "name", said, remedy)

    def _line_of(self, kind: StepKind) -> int:
        steps = ((word.line, word.said) for word in self.words)
        return next(line for line, said in steps if isinstance(said, ToldStep) and said.kind is kind)


def _item(word: _Word) -> str:
    return word.said.item if isinstance(word.said, ToldStep) else ""


def _is_bare_refusal(result: ToldResult) -> bool:
    return result.decision is Decision.REFUSED and not result.is_reasoned
