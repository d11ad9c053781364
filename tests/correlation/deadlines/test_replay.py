"""Any past date gives the same cards, whenever it is replayed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from correlation.catalogue.versions import Version, in_force
from correlation.deadlines.cards import RaisedCard, watch
from correlation.deadlines.facts import Extension, Limit, Suspension
from correlation.deadlines.known import CardKey, Ruling, with_rulings
from correlation.deadlines.observing import Entered
from correlation.deadlines.tellings import Told, ToldDelivery, ToldFee, ToldResult, ToldStep
from correlation.deadlines.told import ItemLimits, history
from storage.models import CardCause, Decision, StepKind, SuspensionReason
from tests.correlation.deadlines.cases import CALENDARS, RULES, at

NEW_YEAR, YEAR_END = at("2026-01-01", "00:00"), at("2026-12-31", "23:59")
LINKS = (
    (StepKind.ACCEPT, Limit(1)),
    (StepKind.REVIEW, Limit(3)),
    (StepKind.DECIDE, Limit(3)),
    (StepKind.CLOSE, None),
)


SENT_AGAIN, APPROVED = at("2026-04-15", "10:00"), at("2026-07-01", "10:00")
"""From then on the source says that its promise was longer all the time, and two people that it was shorter."""


def promising(days: int) -> ItemLimits:
    return ItemLimits(Limit(15), Limit(days), LINKS, frozenset({"F1"}))


class Corrected:
    """A catalogue that was corrected afterwards: by its source, and by a change that two people had approved."""

    _layers = (
        (Version(promising(4), known_from=APPROVED),),
        (Version(promising(6), known_to=SENT_AGAIN), Version(promising(8), known_from=SENT_AGAIN)),
    )

    def limits(self, _code: str, received: datetime, moment: datetime) -> ItemLimits | None:
        found = in_force(self._layers, received, moment)
        return found.content if found else None

    def turns(self, _code: str) -> list[datetime]:
        return [SENT_AGAIN, APPROVED]


catalogue = Corrected()


def cards_at(moment: datetime, told: Sequence[Told], rulings: Sequence[Ruling] = ()) -> tuple[RaisedCard, ...]:
    """By nothing but what had been told and decided by then."""
    heard = sorted((one for one in told if one.told_at <= moment), key=lambda one: one.told_at)
    decided = [ruling for ruling in rulings if ruling.at <= moment]
    watched = watch(with_rulings(history(heard, catalogue, CALENDARS), decided), RULES, moment)
    return watched.cards if watched else ()


def as_of(moment: datetime, cards: Sequence[RaisedCard]) -> tuple[RaisedCard, ...]:
    """What of these there was at that moment already."""
    return tuple(
        replace(card, withdrawn_at=None) if card.withdrawn_at and card.withdrawn_at > moment else card
        for card in cards
        if card.raised_at <= moment
    )


def a_case(chance: random.Random) -> Iterator[Told]:
    """Received, accepted, reviewed, decided at the speed that it takes; told at once, late, twice, or not at all."""
    moment = NEW_YEAR + timedelta(days=chance.uniform(0, 330))
    kinds = [StepKind.RECEIVE, StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE, StepKind.CLOSE]
    if chance.random() < 0.15:
        kinds[2:4] = reversed(kinds[2:4])
    for number, kind in enumerate(kinds):
        if chance.random() < 0.06:
            return
        if kind is not StepKind.RECEIVE and chance.random() < 0.1:
            continue
        end = moment + timedelta(days=chance.choice([0, 0, 1, 4]))
        heard = _heard(end, chance)
        yield Told(("step", number), heard, ToldStep(kind, moment, end), entered=_entered(end, heard, chance))
        if chance.random() < 0.15:
            corrected = ToldStep(kind, moment, max(moment, end - timedelta(days=2)))
            told_at = _heard(end, chance) + timedelta(days=9)
            yield Told(("step", number), told_at, corrected, entered=_entered(corrected.end, told_at, chance))
        moment = end + timedelta(days=chance.uniform(0, 6))
        if chance.random() < 0.25:
            ended = moment + timedelta(days=chance.uniform(0, 12))
            reason = chance.choice([SuspensionReason.SUPPLEMENT, SuspensionReason.HEARING])
            heard = _heard(moment, chance)
            entered = _entered(moment, heard, chance)
            yield Told(("suspension", number), heard, Suspension(reason, moment, ended), entered=entered)
            moment = ended
    if chance.random() < 0.2:
        yield Told(("extension", 0), moment, Extension(moment - timedelta(days=2), 10))
    if chance.random() < 0.3:
        fee = ToldFee(moment, chance.choice(["F1", "F2"]))
        yield Told(("fee", 0), _heard(moment, chance), fee)
    if chance.random() < 0.3:
        delivered = moment + timedelta(days=chance.uniform(0, 30))
        yield Told(("delivery", 0), _heard(delivered, chance), ToldDelivery(delivered))
    if chance.random() < 0.4:
        decision = chance.choice(list(Decision))
        heard = _heard(moment, chance)
        yield Told(("result", 0), heard, ToldResult(moment, decision, is_reasoned=chance.random() < 0.3))
        if chance.random() < 0.2:
            yield Told(("result", 0), heard + timedelta(days=6), ToldResult(moment, decision))


def _entered(end: datetime, heard: datetime, chance: random.Random) -> Entered | None:
    if heard - end < timedelta(days=1):
        return None
    return Entered(end + (heard - end) / 2, (end,) * chance.choice([0, 3, 9]))


def _heard(moment: datetime, chance: random.Random) -> datetime:
    return moment + chance.choice([timedelta(seconds=1), timedelta(hours=3), timedelta(days=chance.uniform(0, 15))])


@given(st.integers(0, 10**9), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=150)
def test_what_comes_to_be_known_later_changes_nothing_that_was_there(seed: int, one: float, other: float) -> None:
    told = list(a_case(random.Random(seed)))
    first, second = (NEW_YEAR + (YEAR_END - NEW_YEAR) * share for share in sorted((one, other)))
    assert as_of(first, cards_at(second, told)) == cards_at(first, told)


@given(st.integers(0, 10**9), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=150)
def test_what_supervisors_decide_changes_nothing_that_was_there_before(seed: int, one: float, other: float) -> None:
    chance = random.Random(seed)
    told = list(a_case(chance))
    rulings: list[Ruling] = []
    for _ in range(3):
        raised = [card for card in cards_at(YEAR_END, told, rulings) if card.withdrawn_at is None]
        if raised:
            card = chance.choice(raised)
            rulings.append(Ruling(card.raised_at + timedelta(hours=chance.uniform(0.1, 900)), card.key))
    first, second = (NEW_YEAR + (YEAR_END - NEW_YEAR) * share for share in sorted((one, other)))
    assert as_of(first, cards_at(second, told, rulings)) == cards_at(first, told, rulings)
    at_last = {card.key: card for card in cards_at(YEAR_END, told, rulings)}
    for ruling in rulings:
        lifted = at_last.get(ruling.card)
        assert lifted is None or ruling.at > YEAR_END or lifted.withdrawn_at is not None


def test_a_year_that_was_lived_through_and_the_same_year_replayed_have_the_same_cards() -> None:
    chance = random.Random(2026)
    days = [NEW_YEAR + timedelta(days=number) for number in range(15, 365, 30)]
    kinds = set()
    for _ in range(120):
        told = sorted(a_case(chance), key=lambda one: one.told_at)
        if not told:
            continue
        lived = _lived_through(told)
        assert lived == cards_at(YEAR_END, told)
        kinds |= {(card.kind, card.cause, card.withdrawn_at is None) for card in lived}
        for day in days:
            assert as_of(day, lived) == cards_at(day, told)
    causes = {cause for _kind, cause, _stands in kinds}
    assert causes == set(CardCause), "cards for each cause"
    assert len(kinds) >= len(causes) + 6, "and cards that were withdrawn"


def _lived_through(told: Sequence[Told]) -> tuple[RaisedCard, ...]:
    """As the clerk does it: each card is written down when it is first seen, and withdrawn when it is seen withdrawn.

    It looks when something is told, and when the look before said that it should.
    """
    written: dict[CardKey, RaisedCard] = {}
    told_at = [one.told_at for one in told]
    now = min(told_at)
    while now <= YEAR_END:
        watched = watch(history([one for one in told if one.told_at <= now], catalogue, CALENDARS), RULES, now)
        for card in watched.cards if watched else ():
            key = card.key
            before = written.setdefault(key, card)
            if before.withdrawn_at is None and card.withdrawn_at is not None:
                assert card.withdrawn_at == now
                written[key] = card
        wakes = [*told_at, watched.next_at if watched else None]
        now = min((moment for moment in wakes if moment and moment > now), default=YEAR_END + timedelta(days=1))
    return tuple(written.values())
