"""What was known of a case, and since when, from all that was ever told of it. Pure.

A fact counts from the moment at which it had both happened and been told.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, TypeAlias

from correlation.deadlines.back_dating import dated_back
from correlation.deadlines.facts import CaseFacts, Extension, Limit, Link, Suspension
from correlation.deadlines.known import Known
from correlation.deadlines.missing import NOBODY, Asked, Heard, missing
from correlation.deadlines.observing import Observation, SeenFee, SeenStep, links_out_of_order, unlisted_fees
from correlation.deadlines.tellings import Said, Told, ToldDelivery, ToldFee, ToldResult, ToldStep
from correlation.deadlines.work_calendar import DatedCalendars, WorkCalendar
from storage.models import CardCause, Decision, StepKind


@dataclass(frozen=True, slots=True)
class ItemLimits:
    """What the catalogue says of an item on the day a case was received."""

    legal: Limit | None = None
    promised: Limit | None = None
    links: tuple[tuple[StepKind, Limit | None], ...] = ()
    """Every link in their order, each with its own limit if it has one; empty where nobody has told them."""
    fee_codes: frozenset[str] = frozenset()
    fee_names: frozenset[str] = frozenset()
    """Of the fees that may be charged; empty where none is listed: then it is not known which may."""
    charges: bool = False
    """It lists one that is more than nothing."""
    is_joint: bool = False
    """Several departments handle it together."""

    @property
    def order(self) -> tuple[StepKind, ...]:
        return tuple(kind for kind, _ in self.links)


DatedFacts: TypeAlias = Sequence[tuple[datetime, CaseFacts]]
"""Each since when."""


class Catalogue(Protocol):
    """What is said of items, by whatever layers there are."""

    def limits(self, code: str, received: datetime, moment: datetime) -> ItemLimits | None:
        """Of a case that was received then, by what had been said up to the moment; None for an unknown item."""

    def turns(self, code: str) -> Collection[datetime]:
        """When something was approved of the item, or told."""


def history(
    told: Sequence[Told], catalogue: Catalogue, calendars: DatedCalendars, asked: Asked = NOBODY
) -> tuple[Known, ...]:
    """In the order of their moments; empty while nothing has happened yet. `told` in the order of telling.

    A case all of whose steps turn out to be of others is one of which nothing is known, from then on.
    """
    return upon(facts_in_turn(told, catalogue, asked), calendars)


def facts_in_turn(told: Sequence[Told], catalogue: Catalogue, asked: Asked = NOBODY) -> DatedFacts:
    """The same, but for the calendars: nothing of it changes until something else is told, of the case or its item."""
    found: list[tuple[datetime, CaseFacts]] = []
    moments = {moment for one in told for moment in _moments(one)}
    items = {one.said.item for one in told if isinstance(one.said, ToldStep)}
    moments.update(turn for item in items for turn in catalogue.turns(item))
    for moment in sorted(moments):
        facts = facts_at(moment, told, catalogue, asked)
        if facts is None:
            if not found or _has_steps(moment, told):
                continue
            facts = _emptied(found[-1][1], moment)
        if not found or found[-1][1] != facts:
            found.append((moment, facts))
    return tuple(found)


def upon(facts: DatedFacts, calendars: DatedCalendars) -> tuple[Known, ...]:
    """Each with the calendar that was known then."""
    if not facts:
        return ()
    if len(calendars) == 1:
        return tuple(Known(since, each, calendars[0][1]) for since, each in facts)
    later = [since for since, _ in calendars if since > facts[0][0]]
    found: list[Known] = []
    place = 0
    for moment in sorted({since for since, _ in facts}.union(later)):
        while place + 1 < len(facts) and facts[place + 1][0] <= moment:
            place += 1
        known = Known(moment, facts[place][1], _calendar_at(moment, calendars))
        if not found or (found[-1].facts, found[-1].calendar) != (known.facts, known.calendar):
            found.append(known)
    return tuple(found)


def _has_steps(moment: datetime, told: Sequence[Told]) -> bool:
    """Though none may have begun."""
    return any(isinstance(word, ToldStep) for word in _in_force(moment, told).values())


def _emptied(before: CaseFacts, moment: datetime) -> CaseFacts:
    if before.is_emptied:
        return before
    return CaseFacts(received_at=before.received_at, closed_at=moment, is_emptied=True)


def _calendar_at(moment: datetime, calendars: DatedCalendars) -> WorkCalendar:
    """The newest that was known by then; before the first, the first."""
    known = [calendar for since, calendar in calendars if since <= moment]
    return known[-1] if known else calendars[0][1]


def facts_at(moment: datetime, told: Sequence[Told], catalogue: Catalogue, asked: Asked = NOBODY) -> CaseFacts | None:
    """Of what had happened and been told by then; None if no step had begun."""
    in_force = _in_force(moment, told)
    said = list(in_force.values())
    begun = [word for word in said if isinstance(word, ToldStep) and word.start <= moment]
    if not begun:
        return None
    first = min(step.start for step in begun)
    received = min((step.start for step in begun if step.kind is StepKind.RECEIVE), default=first)
    item = next((step.item for step in reversed(begun) if step.item), "")
    limits = catalogue.limits(item, received, moment)
    ends = _ends(moment, begun)
    delivered = _delivered(moment, said) or ends.get(StepKind.DELIVER)
    reported_end = next((step.closed for step in reversed(begun) if step.closed), None)
    closed = ends.get(StepKind.CLOSE) or (reported_end if reported_end and reported_end <= moment else None)
    first_closed = min((s.end for s in begun if s.kind is StepKind.CLOSE and s.end <= moment), default=closed)
    decided = _decided(moment, said, first_closed or delivered)
    known = limits or ItemLimits()
    observed: tuple[Observation, ...] = ()
    if limits is not None:
        observed = _observed(moment, told, in_force, known)
        heard = _heard(moment, told, in_force, known, item, received, ends, closed, is_delivered=delivered is not None)
        observed += tuple(missing(heard, asked))
    return CaseFacts(
        received_at=received,
        accepted_at=min((s.end for s in begun if s.kind is StepKind.ACCEPT and s.end <= moment), default=None),
        decided_at=decided,
        closed_at=closed,
        delivered_at=delivered,
        legal=known.legal,
        promised=known.promised,
        is_item_known=limits is not None,
        reported_due=next((step.due for step in reversed(begun) if step.due), None),
        is_joint=known.is_joint or any(step.is_joint for step in begun),
        extensions=tuple(w for w in said if isinstance(w, Extension) and w.approved_at <= moment),
        suspensions=tuple(_begun(w, moment) for w in said if isinstance(w, Suspension) and w.start <= moment),
        links=tuple(_links(known.links, begun, moment, received, has_ended=bool(decided or closed))),
        observed=observed,
    )


def _observed(
    moment: datetime,
    told: Sequence[Told],
    said: Mapping[tuple[str, int], Said],
    limits: ItemLimits,
) -> tuple[Observation, ...]:
    """Of what had happened and been told by then."""
    first = _first_words(told)
    steps = [_seen_step(record, word, first[record]) for record, word in said.items() if isinstance(word, ToldStep)]
    begun = [step for step in steps if step.end <= moment]
    results = [(record, word) for record, word in said.items() if isinstance(word, ToldResult)]
    decided = {word.decision for _, word in results if word.decided_at <= moment}
    found: list[Observation] = [*dated_back([one for one in told if one.told_at <= moment])]
    if not decided & {Decision.REFUSED, Decision.WITHDRAWN}:
        found += links_out_of_order(limits.order, begun, is_decided=bool(decided))
    fees = [_seen_fee(record, word, first[record]) for record, word in said.items() if isinstance(word, ToldFee)]
    found += unlisted_fees(limits.fee_codes, limits.fee_names, [fee for fee in fees if fee.charged_at <= moment])
    for record, word in results:
        if word.decision is Decision.REFUSED and not word.is_reasoned and word.decided_at <= moment:
            known_at = max(word.decided_at, first[record].told_at)
            cause = CardCause.REFUSED_WITHOUT_REASON
            found.append(Observation(cause, f"refusal:{record[1]}", word.decided_at, known_at))
    return tuple(found)


def _heard(
    moment: datetime,
    told: Sequence[Told],
    said: Mapping[tuple[str, int], Said],
    limits: ItemLimits,
    item: str,
    received: datetime,
    ends: Mapping[StepKind, datetime],
    closed: datetime | None,
    *,
    is_delivered: bool,
) -> Heard:
    first = _first_words(told)
    words = [(word, first[record].told_at) for record, word in said.items()]
    return Heard(
        item=item,
        received=received,
        closed=closed,
        closing_told_at=min((one.told_at for one in told if _tells_closing(one.said)), default=None),
        is_decision_expected=StepKind.DECIDE in limits.order,
        is_decided_by_step=StepKind.DECIDE in ends,
        is_delivered=is_delivered,
        is_charged=any(isinstance(word, ToldFee) for word in said.values()),
        charges=limits.charges,
        has_results=any(isinstance(word, ToldResult) for word in said.values()),
        steps=[(word, told_at) for word, told_at in words if isinstance(word, ToldStep) and word.end <= moment],
        results=[(w, told_at) for w, told_at in words if isinstance(w, ToldResult) and w.decided_at <= moment],
        suspensions=[(w, told_at) for w, told_at in words if isinstance(w, Suspension) and w.start <= moment],
    )


def _first_words(told: Sequence[Told]) -> dict[tuple[str, int], Told]:
    first: dict[tuple[str, int], Told] = {}
    for one in told:
        first.setdefault(one.record, one)
    return first


def _tells_closing(said: Said | None) -> bool:
    return isinstance(said, ToldStep) and (said.kind is StepKind.CLOSE or said.closed is not None)


def _seen_step(record: tuple[str, int], step: ToldStep, first: Told) -> SeenStep:
    return SeenStep(record[1], step.kind, step.start, step.end, first.told_at)


def _seen_fee(record: tuple[str, int], fee: ToldFee, first: Told) -> SeenFee:
    return SeenFee(record[1], fee.code, fee.name, fee.charged_at, first.told_at)


def _moments(one: Told) -> Iterator[datetime]:
    """When something of it comes to be known."""
    if one.said is None:
        yield one.told_at
        return
    for moment in _happenings(one.said):
        if moment is not None:
            yield max(moment, one.told_at)


def _happenings(said: Said) -> tuple[datetime | None, ...]:
    match said:
        case ToldStep():
            return said.start, said.end, said.closed
        case Suspension():
            return said.start, said.end
        case Extension():
            return (said.approved_at,)
        case ToldResult():
            return (said.decided_at,)
        case ToldDelivery():
            return (said.delivered_at,)
        case ToldFee():
            return (said.charged_at,)


def _in_force(moment: datetime, told: Sequence[Told]) -> dict[tuple[str, int], Said]:
    """The newest word of each record; who spoke last comes last."""
    found: dict[tuple[str, int], Said] = {}
    for one in told:
        if one.told_at <= moment:
            found.pop(one.record, None)
            if one.said is not None:
                found[one.record] = one.said
    return found


def _ends(moment: datetime, steps: Sequence[ToldStep]) -> dict[StepKind, datetime]:
    """Of the last step of each kind that has ended."""
    ends: dict[StepKind, datetime] = {}
    for step in steps:
        if step.end <= moment:
            ends[step.kind] = max(step.end, ends.get(step.kind, step.end))
    return ends


def _delivered(moment: datetime, said: Sequence[Said]) -> datetime | None:
    return min((w.delivered_at for w in said if isinstance(w, ToldDelivery) and w.delivered_at <= moment), default=None)


def _decided(moment: datetime, said: Sequence[Said], over: datetime | None) -> datetime | None:
    """By its results, else by its steps: the last time before the case was over, else the first time after that.

    What is decided once more afterwards, as a licence that is exchanged, is another decision.
    """
    by_results = [word.decided_at for word in said if isinstance(word, ToldResult) and word.decided_at <= moment]
    by_steps = [s.end for s in said if isinstance(s, ToldStep) and s.kind is StepKind.DECIDE and s.end <= moment]
    decisions = by_results or by_steps
    in_turn = [each for each in decisions if over is None or each <= over]
    return max(in_turn) if in_turn else min(decisions, default=None)


def _begun(suspension: Suspension, moment: datetime) -> Suspension:
    """What is planned for later has not happened."""
    ended = suspension.end is not None and suspension.end <= moment
    return suspension if ended else replace(suspension, end=None)


def _links(
    links: Sequence[tuple[StepKind, Limit | None]],
    begun: Sequence[ToldStep],
    moment: datetime,
    received: datetime,
    *,
    has_ended: bool,
) -> Iterator[Link]:
    """Each counts from the end of the one before it; after one that nobody has told of none is judged, but the receipt.

    Nor is a link that cannot be told from another of its kind, and what comes after it only once that is done.
    """
    order, is_running = [kind for kind, _ in links], True
    done = [step for step in begun if step.end <= moment]
    began: datetime | None = received
    for place, (kind, limit) in enumerate(links):
        later = [step for step in done if step.kind in order[place + 1 :] and step.kind is not kind]
        ended, is_clear = _link_ended(kind, done, later), kind is not StepKind.OTHER and order.count(kind) == 1
        is_over = ended is not None or bool(later) or has_ended
        if limit is not None and began is not None and is_clear and (ended is not None or (is_running and not is_over)):
            yield Link(kind, limit, began, ended)
        if ended is not None:
            began, is_running = ended, is_clear
        elif kind is StepKind.RECEIVE and all(step.kind is not kind for step in begun):
            continue  # not every platform tells of it
        elif not is_over:
            return
        else:
            began = None


def _link_ended(kind: StepKind, done: Sequence[ToldStep], later: Sequence[ToldStep]) -> datetime | None:
    """With its last step, but for what was done once more after a later link was done."""
    own = [step for step in done if step.kind is kind]
    until = min((step.end for step in later), default=None)
    in_turn = [step.end for step in own if until is None or step.start < until]
    return max(in_turn or [step.end for step in own], default=None)
