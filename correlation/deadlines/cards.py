"""Which cards a case has at a moment: replayed from what was known when, so that they are the same whenever it is done.

A card is raised at the first moment at which its limit had passed and that could be known. What comes to be known later
withdraws it, or raises another; it never changes what was there before. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from correlation.deadlines.clocks import Clock, Clocks, clocks
from correlation.deadlines.conduct import Breach, breaches
from correlation.deadlines.counting import nth_day
from correlation.deadlines.facts import CaseFacts
from correlation.deadlines.known import CardKey, Known
from correlation.deadlines.rules import CardRules, Rules
from correlation.deadlines.work_calendar import WorkCalendar
from storage.models import CardCause, CardKind, ClockName, StepKind


@dataclass(frozen=True, slots=True)
class RaisedCard:
    kind: CardKind
    cause: CardCause
    clock: ClockName
    link: StepKind | None
    late_from: datetime
    """When the limit passed, or for a reminder will."""
    raised_at: datetime
    known: int
    """Number of what was known then: what the card rests on."""
    correct_by: datetime | None = None
    """Past the promised limit: the first moment that is too late for the correction, when the red card comes. It comes
    later by what was closed since the card was raised. None for every other card, and if the case had ended by then."""
    withdrawn_at: datetime | None = None
    """By what came to be known later, or by a supervisor."""
    about: str = ""
    """Of conduct: what of the case."""

    @property
    def key(self) -> CardKey:
        return CardKey(self.kind, self.clock, self.link, self.raised_at, self.about)


class Watched(NamedTuple):
    """A case at a moment."""

    cards: tuple[RaisedCard, ...]
    facts: CaseFacts
    now: Clocks
    next_at: datetime | None
    """When it has to be looked at again, if nothing new is told before."""


def watch(history: Sequence[Known], rules: Rules, at: datetime) -> Watched | None:
    """`history` in the order of its moments; None if nothing was known by then."""
    cards: list[RaisedCard] = []
    excused: list[RaisedCard] = []
    coming: RaisedCard | None = None
    facts, now = CaseFacts(), None
    for number, one in enumerate(history):
        if one.since > at:
            break
        facts, now = one.facts, clocks(one.facts, rules, one.calendar)
        conduct = breaches(one.facts, now, rules, one.calendar)
        excused += _ruled_out(cards, one)
        cards = _put_off(_without(cards, excused, one.since), now.cards, one.calendar)
        cards = _reviewed(cards, now, conduct, one)
        until = history[number + 1].since if number + 1 < len(history) else None
        if until is not None and not cards and _nothing_before(until, now, conduct):
            continue
        while coming := min(_coming(now, conduct, cards, excused, one, number), key=_moment, default=None):
            if coming.raised_at > at or (until is not None and coming.raised_at >= until):
                break
            cards.append(coming)
    return None if now is None else Watched(tuple(cards), facts, now, _next(history, now, coming, at))


def _moment(card: RaisedCard) -> datetime:
    return card.raised_at


def _nothing_before(until: datetime, now: Clocks, conduct: Sequence[Breach]) -> bool:
    """Most of what is known holds for hours, long before any limit is near."""
    if any(breach.since < until for breach in conduct):
        return False
    return not any(moment is not None and moment < until for clock in now.each for moment in clock.out[:2])


def _next(history: Sequence[Known], now: Clocks, coming: RaisedCard | None, at: datetime) -> datetime | None:
    """A card, the day on which the case counts as accepted, or something that was told before it happens."""
    moments = [one.since for one in history if one.since > at]
    if coming is not None and coming.raised_at > at:
        moments.append(coming.raised_at)
    if now.start is not None and now.start.since > at:
        moments.append(now.start.since)
    return min(moments, default=None)


def _ruled_out(cards: Sequence[RaisedCard], known: Known) -> list[RaisedCard]:
    keys = {ruling.card for ruling in known.rulings}
    return [card for card in cards if card.key in keys]


def _without(cards: Sequence[RaisedCard], excused: Sequence[RaisedCard], since: datetime) -> list[RaisedCard]:
    keys = {card.key for card in excused}
    return [
        replace(card, withdrawn_at=since) if card.key in keys and card.withdrawn_at is None else card for card in cards
    ]


def _coming(
    now: Clocks,
    conduct: Sequence[Breach],
    cards: Sequence[RaisedCard],
    excused: Sequence[RaisedCard],
    known: Known,
    number: int,
) -> Iterator[RaisedCard]:
    """The cards that there are not yet, each with the moment at which it is raised if nothing else happens."""
    if now.cards is None:
        return
    yield from _of_conduct(conduct, cards, excused, known, number)
    yellow = _active(cards, CardKind.YELLOW, ClockName.PROMISED)
    for kind, cause, clock, moment in _reasons(now, yellow, known.calendar):
        late_from = clock.out.late_from
        assert late_from is not None
        raised_at = max(moment, known.since, clock.start.since)
        if kind is CardKind.REMINDER:
            is_there = raised_at >= late_from or any(
                c.kind is kind and c.late_from == late_from and not c.about for c in cards
            )
        else:
            is_there = _active(cards, kind, None if kind is CardKind.RED else clock.name, clock.link) is not None
            is_there = is_there or _is_excused(excused, cause, clock, late_from)
        if not is_there:
            is_corrected = cause is CardCause.PAST_PROMISED
            correct_by = _correct_by(clock, raised_at, now.cards, known.calendar) if is_corrected else None
            yield RaisedCard(kind, cause, clock.name, clock.link, late_from, raised_at, number, correct_by)


def _of_conduct(
    conduct: Sequence[Breach],
    cards: Sequence[RaisedCard],
    excused: Sequence[RaisedCard],
    known: Known,
    number: int,
) -> Iterator[RaisedCard]:
    """One for each thing; what has ended has nothing left to correct."""
    there = {card.about for card in cards if card.withdrawn_at is None} | {card.about for card in excused}
    for breach in conduct:
        if breach.about not in there:
            raised_at = max(breach.since, known.since)
            yield RaisedCard(
                breach.kind,
                breach.cause,
                ClockName.CONDUCT,
                breach.link,
                breach.at,
                raised_at,
                number,
                about=breach.about,
            )


def _reasons(
    now: Clocks, yellow: RaisedCard | None, calendar: WorkCalendar
) -> Iterator[tuple[CardKind, CardCause, Clock, datetime]]:
    """Why there would be a card, and the moment since when. A date that may still move accuses nobody."""
    legal, promised = now.named(ClockName.LEGAL), now.named(ClockName.PROMISED)
    nearer = promised or legal
    if nearer is not None and nearer.ended_at is None and nearer.out.remind_at is not None:
        yield CardKind.REMINDER, CardCause.DUE_SOON, nearer, nearer.out.remind_at
    for clock in now.each:
        late_from = clock.out.late_from
        if late_from is None or clock.out.provisional or not _is_missed(clock, late_from):
            continue
        if clock.name is ClockName.LEGAL:
            yield CardKind.RED, CardCause.PAST_LEGAL, clock, late_from
        elif clock.name is ClockName.LINK:
            yield CardKind.YELLOW, CardCause.LINK_LATE, clock, late_from
        elif clock.name is ClockName.DELIVERY:
            # Not every platform reports that nothing was left to hand over: only a late delivery is certain.
            if clock.ended_at is not None:
                yield CardKind.YELLOW, CardCause.HANDED_OVER_LATE, clock, late_from
        elif not _passes_first(legal, late_from):
            yield CardKind.YELLOW, CardCause.PAST_PROMISED, clock, late_from
            correct_by = _corrected_by(yellow, calendar)
            if correct_by is not None and _is_missed(clock, correct_by):
                yield CardKind.RED, CardCause.NOT_CORRECTED, clock, correct_by


def _is_missed(clock: Clock, moment: datetime) -> bool:
    """Or will be, if nothing else happens."""
    return clock.ended_at is None or clock.ended_at >= moment


def _passes_first(legal: Clock | None, late_from: datetime) -> bool:
    """The red card of the legal limit then says it all."""
    if legal is None or legal.out.late_from is None or legal.out.provisional:
        return False
    return legal.out.late_from <= late_from


def _active(
    cards: Sequence[RaisedCard], kind: CardKind, clock: ClockName | None, link: StepKind | None = None
) -> RaisedCard | None:
    """One of the kind that has not been withdrawn; of any clock for None: a case has one red card at a time."""
    for card in cards:
        if (
            card.kind is kind
            and card.withdrawn_at is None
            and (clock is None or (card.clock, card.link) == (clock, link))
        ):
            return card
    return None


def _is_excused(excused: Sequence[RaisedCard], cause: CardCause, clock: Clock, late_from: datetime) -> bool:
    """What a supervisor has let pass is not raised again, unless the limit moves: that would be another lateness."""
    wanted = cause, clock.name, clock.link, late_from
    return any((card.cause, card.clock, card.link, card.late_from) == wanted for card in excused)


def _correct_by(clock: Clock, raised_at: datetime, rules: CardRules, calendar: WorkCalendar) -> datetime | None:
    """Counted from the card, which nobody can answer before; what has ended has nothing left to finish."""
    return None if clock.ended_at is not None else _end_of_correction(raised_at, rules, calendar)


def _put_off(cards: Sequence[RaisedCard], rules: CardRules | None, calendar: WorkCalendar) -> list[RaisedCard]:
    """What was closed since then takes no day from whoever has to correct it; what was told never comes sooner."""
    if rules is None:
        return list(cards)
    return [
        card
        if card.correct_by is None or card.withdrawn_at is not None
        else replace(card, correct_by=max(card.correct_by, _end_of_correction(card.raised_at, rules, calendar)))
        for card in cards
    ]


def _end_of_correction(raised_at: datetime, rules: CardRules, calendar: WorkCalendar) -> datetime:
    last = nth_day(calendar, calendar.day_of(raised_at), rules.correction_days, ())
    assert last is not None  # nothing pauses it
    return calendar.midnight(last + 1)


def _corrected_by(yellow: RaisedCard | None, calendar: WorkCalendar) -> datetime | None:
    """None, too, where the days to correct it reach into a year whose holidays nobody knows yet."""
    if yellow is None or yellow.correct_by is None:
        return None
    last = calendar.day_of(yellow.correct_by) - 1
    return None if calendar.is_provisional(calendar.day_of(yellow.raised_at), last) else yellow.correct_by


def _reviewed(cards: Sequence[RaisedCard], now: Clocks, conduct: Sequence[Breach], known: Known) -> list[RaisedCard]:
    """By what is known now. A red card that rests on a yellow one goes with it."""
    reviewed: list[RaisedCard] = []
    for card in cards:
        if card.withdrawn_at is not None or (card.kind is CardKind.REMINDER and not card.about):
            holds = True  # a reminder of a limit accuses nobody
        else:
            holds = _is_breached(card, conduct, known.since) if card.about else _holds(card, now, reviewed, known)
        reviewed.append(card if holds else replace(card, withdrawn_at=known.since))
    return reviewed


def _is_breached(card: RaisedCard, conduct: Sequence[Breach], since: datetime) -> bool:
    return any((each.cause, each.about) == (card.cause, card.about) and each.since <= since for each in conduct)


def _holds(card: RaisedCard, now: Clocks, before: Sequence[RaisedCard], known: Known) -> bool:
    yellow = card if card.kind is CardKind.YELLOW else _active(before, CardKind.YELLOW, ClockName.PROMISED)
    reasons = _reasons(now, yellow, known.calendar)
    return any((cause, clock.link) == (card.cause, card.link) and at <= known.since for _, cause, clock, at in reasons)
