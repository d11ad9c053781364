"""What platforms have to tell is a rule; who never tells a thing is accused of nothing, and every past date stays."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from correlation.deadlines.cards import RaisedCard, watch
from correlation.deadlines.facts import Suspension
from correlation.deadlines.missing import NOBODY, Asked
from correlation.deadlines.observing import Telling
from correlation.deadlines.rules import Rules
from correlation.deadlines.tellings import Told, ToldDelivery, ToldFee, ToldResult, ToldStep
from correlation.deadlines.told import ItemLimits, history
from correlation.rule_files import read_rules
from correlation.rulebook import shipped_book
from ingest.approvals import acceptance
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from storage.database import Database
from storage.models import Card, CardCause, CardKind, ClockName, Decision, StepKind, SuspensionReason
from tests.correlation.deadlines.cases import CALENDARS, RULES, Declared, at
from tests.correlation.deadlines.platform import SOURCE, Platform, step

ITEM = ItemLimits(
    links=((StepKind.ACCEPT, None), (StepKind.DECIDE, None), (StepKind.CLOSE, None)),
    charges=True,
)
MONDAY, LATER = at("2026-03-02"), at("2026-04-20")
TUESDAY = MONDAY + timedelta(days=1)
BEFORE = MONDAY - timedelta(days=30)
ALL_ASKED = Asked(SOURCE, dict.fromkeys(Telling, BEFORE))


def requiring(*entries: str) -> Rules:
    """The usual rules with what a site requires instead."""
    head = 'version = "own"\neffective = 2026-01-01\nsource = "佛监〔2026〕1号"\n'
    (own,) = read_rules(
        f"[[cards]]\n{head}" + "".join(f"[[cards.required]]\n{entry}\n" for entry in entries), shipped_book()
    )
    return shipped_book().plus(own.rules).rules


EVERYTHING = requiring(*(f'what = "{what}"' for what in Telling))


def did(number: int, kind: StepKind, end: datetime, *lacks: Telling) -> Told:
    said = ToldStep(kind, end - timedelta(minutes=5), end, item="JZ-0103", lacks=frozenset(lacks))
    return Told(("step", number), end, said)


ACCEPTED, DECIDED, CLOSED = (
    did(number, kind, moment)
    for number, kind, moment in (
        (1, StepKind.ACCEPT, MONDAY),
        (2, StepKind.DECIDE, TUESDAY),
        (3, StepKind.CLOSE, TUESDAY + timedelta(minutes=10)),
    )
)
GRANTED = Told(("result", 1), TUESDAY, ToldResult(TUESDAY, Decision.GRANTED))
FEE = Told(("fee", 1), MONDAY, ToldFee(MONDAY, "F1"))
DELIVERED = Told(("delivery", 1), TUESDAY, ToldDelivery(TUESDAY))
PAUSE = Suspension(SuspensionReason.HEARING, MONDAY, MONDAY + timedelta(hours=2), "通知〔2026〕1号")
PAUSED = Told(("suspension", 1), MONDAY, PAUSE)
WHOLE = (ACCEPTED, DECIDED, CLOSED, GRANTED, FEE, DELIVERED, PAUSED)
SILENT = replace(PAUSED, said=replace(PAUSE, notice=""))
UNSIGNED = did(1, StepKind.ACCEPT, MONDAY, Telling.OPERATOR)
NOWHERE = did(1, StepKind.ACCEPT, MONDAY, Telling.COUNTER)


def lacking(
    *told: Told, rules: Rules = EVERYTHING, asked: Asked = ALL_ASKED, item: ItemLimits = ITEM, when: datetime = LATER
) -> list[RaisedCard]:
    heard = sorted((one for one in told if one.told_at <= when), key=lambda one: one.told_at)
    watched = watch(history(heard, Declared(item), CALENDARS, asked), rules, when)
    assert watched is not None
    return [card for card in watched.cards if card.cause is CardCause.DATA_MISSING]


def without(*gone: Told) -> list[Told]:
    return [one for one in WHOLE if one not in gone]


CASES = {
    Telling.DECISION: without(DECIDED, GRANTED, DELIVERED),
    Telling.RESULT: without(GRANTED, DELIVERED),
    Telling.DELIVERY: without(DELIVERED),
    Telling.FEE: without(FEE),
    Telling.OPERATOR: [UNSIGNED, *without(ACCEPTED)],
    Telling.COUNTER: [NOWHERE, *without(ACCEPTED)],
    Telling.NOTICE: [SILENT, *without(PAUSED)],
}


def test_a_case_of_which_everything_is_told_lacks_nothing() -> None:
    assert lacking(*WHOLE) == []


@pytest.mark.parametrize("what", Telling)
def test_each_thing_that_is_missing_is_carded_for_itself_where_the_rules_require_it(what: Telling) -> None:
    (card,) = lacking(*CASES[what])
    assert (card.kind, card.clock) == (CardKind.YELLOW, ClockName.CONDUCT)
    others = requiring(*(f'what = "{other}"' for other in Telling if other is not what))
    assert lacking(*CASES[what], rules=others) == []


@pytest.mark.parametrize("what", Telling)
def test_without_a_version_of_the_site_the_decision_alone_is_missed(what: Telling) -> None:
    cards = lacking(*CASES[what], rules=RULES)
    assert [card.about for card in cards] == (["missing:result"] if what is Telling.DECISION else [])
    assert lacking(*CASES[what], rules=RULES, asked=NOBODY) == cards


@pytest.mark.parametrize("what", [what for what in Telling if what is not Telling.DECISION])
def test_who_has_never_told_such_things_or_only_later_is_accused_of_nothing(what: Telling) -> None:
    never = Asked(SOURCE, {other: BEFORE for other in Telling if other is not what})
    assert lacking(*CASES[what], asked=never) == []
    later = Asked(SOURCE, {**ALL_ASKED.since, what: TUESDAY + timedelta(days=1)})
    assert lacking(*CASES[what], asked=later) == []


def test_a_platform_has_two_working_days_to_tell_and_for_a_delivery_those_of_the_law_before() -> None:
    (fee,), (delivery,) = lacking(*without(FEE)), lacking(*without(DELIVERED))
    assert fee.raised_at == at("2026-03-06", "00:00")
    assert delivery.raised_at == at("2026-03-20", "00:00"), "10 working days to hand over, 2 to tell"
    assert lacking(*without(FEE), when=fee.raised_at - timedelta(seconds=1)) == []


@pytest.mark.parametrize("kind", [CardKind.YELLOW, CardKind.REMINDER])
def test_what_is_told_at_last_ends_the_card_or_the_reminder(kind: CardKind) -> None:
    rules = requiring(f'what = "operator"\nkind = "{kind}"')
    told_at = at("2026-03-10")
    corrected = Told(("step", 1), told_at, ACCEPTED.said)
    (card,) = lacking(UNSIGNED, *without(ACCEPTED), corrected, rules=rules)
    assert (card.kind, card.link, card.about) == (kind, StepKind.ACCEPT, "missing:operator")
    assert (card.raised_at, card.withdrawn_at) == (at("2026-03-05", "00:00"), told_at)


def test_a_rule_may_be_for_some_items_and_sources_and_the_first_that_fits_holds() -> None:
    for entry, count in (
        ('items = ["JZ-0103"]', 1),
        ('items = ["JZ-0104"]', 0),
        (f'sources = ["{SOURCE}"]', 1),
        ('sources = ["another"]', 0),
    ):
        assert len(lacking(*without(FEE), rules=requiring(f'what = "fee"\n{entry}'))) == count, entry
    both = requiring('what = "fee"\nkind = "reminder"\nitems = ["JZ-0103"]', 'what = "fee"')
    assert [card.kind for card in lacking(*without(FEE), rules=both)] == [CardKind.REMINDER]


def test_nothing_is_missed_where_there_was_none() -> None:
    refused = Told(("result", 1), TUESDAY, ToldResult(TUESDAY, Decision.REFUSED))
    assert lacking(ACCEPTED, DECIDED, CLOSED, refused) == [], "no fee, and nothing was handed over"
    assert lacking(*without(FEE), item=replace(ITEM, charges=False)) == []
    second = did(2, StepKind.DECIDE, TUESDAY, Telling.COUNTER)
    assert lacking(second, *without(DECIDED)) == [], "only the first step is at a counter in any case"


def test_as_far_as_a_past_date_goes_it_has_the_same_cards_today() -> None:
    corrected = Told(("step", 1), at("2026-03-10"), ACCEPTED.said)
    told = [UNSIGNED, *without(ACCEPTED, FEE, DELIVERED), corrected]
    in_full = lacking(*told)
    assert {card.about for card in in_full} == {"missing:operator", "missing:fee", "missing:delivery"}
    for days in range(50):
        moment = MONDAY + timedelta(days=days)
        then = {card.about: card.raised_at for card in lacking(*told, when=moment)}
        assert then == {card.about: card.raised_at for card in in_full if card.raised_at <= moment}, moment


def reported(case: str, reference: str, start: str, **more: Any) -> dict[str, Any]:
    return step(reference, "accept", start) | {"case": case, "end": f"{start}:00+08:00", "channel": "counter", **more}


def carded(platform: Platform) -> dict[str, Card]:
    """For missing data, by what is missing."""
    return {card.about: card for card in platform.cards() if card.cause is CardCause.DATA_MISSING}


def test_a_source_is_asked_for_what_it_has_told_of_any_case_since_then(database: Database) -> None:
    platform = Platform(database, requiring('what = "operator"', 'what = "counter"', 'what = "notice"'))
    platform.tells(at("2026-03-02", "18:00"), reported("2026-001", "A-1", "2026-03-02T10:00", counter="5"))
    platform.clerk_runs(at("2026-03-09"))
    assert carded(platform) == {}, "it has told no operator yet"
    named = reported("2026-002", "A-2", "2026-03-09T10:00", operator="李敏")
    platform.tells(at("2026-03-09", "18:00"), named, reported("2026-003", "A-3", "2026-03-09T11:00", counter="5"))
    platform.clerk_runs(at("2026-03-12"))
    cards = carded(platform)
    assert set(cards) == {"missing:counter", "missing:operator"}
    assert cards["missing:operator"].case_id != cards["missing:counter"].case_id
    assert ["lacking", "operator"] in cards["missing:operator"].derivation["evidence"]
    abouts = {card.about for card in platform.explained(at("2026-03-12")).cards}
    assert abouts == {""}, "the first case, which is late, was told of before"
    signed = reported("2026-003", "A-3", "2026-03-09T11:00", counter="5", operator="王芳")
    platform.tells(at("2026-03-12", "11:00"), signed)
    platform.clerk_runs(at("2026-03-12", "12:00"))
    lifted = {about: card.withdrawn_at for about, card in carded(platform).items()}
    assert lifted == {"missing:operator": at("2026-03-12", "11:00"), "missing:counter": None}


def test_what_a_later_part_of_a_file_tells_is_known_to_whoever_asked_in_between(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two clerks would ask different things of it else."""
    monkeypatch.setattr(acceptance, "CHUNK", 1)
    platform = Platform(sqlite_database, requiring('what = "operator"'))
    heard, asked = at("2026-03-02", "11:00"), list[dict[Telling, datetime]]()
    rows = [
        reported("2026-009", "A-1", "2026-03-02T09:00"),
        reported("2026-009", "A-2", "2026-03-02T10:00", operator="李敏"),
    ]
    said: dict[str, Any] = {"sequence": None, "name": "day.jsonl", "sha256": "f", "now": heard}
    accept_batch(sqlite_database, SOURCE, read_rows(rows), on_chunk=lambda: asked.append(platform.asked()), **said)
    assert asked == [{}, {Telling.OPERATOR: heard}]


@pytest.mark.parametrize("what", [what for what in Telling if what is not Telling.DECISION])
def test_each_thing_is_known_to_be_told_by_the_first_that_has_it(database: Database, what: Telling) -> None:
    day = "2026-03-02"
    stamps = {"result": "decided", "delivery": "delivered", "fee": "charged"}
    rows: dict[Telling, dict[str, Any]] = {
        Telling.OPERATOR: reported("2026-009", "A-9", f"{day}T10:00", operator="李敏"),
        Telling.COUNTER: reported("2026-009", "A-9", f"{day}T10:00", counter="5"),
        Telling.NOTICE: {"record": "suspension", "start": f"{day}T10:00:00+08:00", "reason": "hearing"},
    }
    for record, stamp in stamps.items():
        rows[Telling(record)] = {"record": record, stamp: f"{day}T10:00:00+08:00"}
    rows[Telling.NOTICE]["notice_number"] = "通知〔2026〕1号"
    rows[Telling.RESULT] |= {"decision": "granted", "document": "许"}
    rows[Telling.FEE] |= {"code": "F1", "name": "工本费", "amount": "10.00"}
    row = rows[what] if "step" in rows[what] else rows[what] | {"id": "R-9", "case": "2026-009"}
    platform = Platform(database, requiring(f'what = "{what}"'))
    platform.tells(at(day, "11:00"), step("A-1", "accept", f"{day}T09:00"))
    assert platform.asked() == {}
    platform.tells(at(day, "18:00"), row)
    assert platform.asked() == {what: at(day, "18:00")}
    platform.tells(at(day, "19:00"), row | ({"step": "A-10"} if "step" in row else {"id": "R-10"}))
    assert platform.asked() == {what: at(day, "18:00")}
