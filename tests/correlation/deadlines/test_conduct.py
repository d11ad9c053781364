"""How a case was handled is carded where it is certain, and never where something is not told."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from correlation.deadlines.cards import RaisedCard, watch
from correlation.deadlines.facts import Extension, Limit, Suspension
from correlation.deadlines.known import Ruling, with_rulings
from correlation.deadlines.observing import Entered
from correlation.deadlines.tellings import Said, Told, ToldDelivery, ToldFee, ToldResult, ToldStep
from correlation.deadlines.told import ItemLimits, history
from storage.models import IN_HAND, CardCause, CardKind, ClockName, Decision, Step, StepKind, SuspensionReason
from tests.correlation.deadlines.cases import CALENDARS, RULES, Declared, at
from tests.correlation.deadlines.platform import Platform, step

ACCEPT, REVIEW, DECIDE, CLOSE = StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE, StepKind.CLOSE
ITEM = ItemLimits(
    legal=Limit(20),
    promised=Limit(10),
    links=((ACCEPT, None), (REVIEW, None), (DECIDE, None), (CLOSE, None)),
    fee_codes=frozenset({"F1"}),
    fee_names=frozenset({"工本费"}),
)
UNKNOWN = ItemLimits(legal=Limit(20), promised=Limit(10))
"""An item that is declared, but neither its links nor its fees."""
MONDAY = at("2026-03-02", "10:00")
LATER = at("2026-03-12", "10:00")


def did(
    number: int,
    kind: StepKind,
    start: datetime,
    told: datetime | None = None,
    entered: Entered | None = None,
    entered_at: datetime | None = None,
) -> Told:
    end = start + timedelta(minutes=5)
    said = ToldStep(kind, start, end, item="JZ-0103", entered_at=entered_at)
    return Told(("step", number), told or end, said, entered=entered)


ACCEPTED = did(1, ACCEPT, MONDAY)
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
REVIEWED, DECIDED = did(2, REVIEW, TUESDAY), did(3, DECIDE, WEDNESDAY)
GRANTED = Told(("result", 1), WEDNESDAY, ToldResult(WEDNESDAY, Decision.GRANTED))


def conduct(
    *told: Told, item: ItemLimits | None = ITEM, when: datetime = LATER, rulings: tuple[Ruling, ...] = ()
) -> list[RaisedCard]:
    heard = sorted((one for one in told if one.told_at <= when), key=lambda one: one.told_at)
    known = with_rulings(history(heard, Declared(item), CALENDARS), rulings)
    watched = watch(known, RULES, when)
    assert watched is not None
    return [card for card in watched.cards if card.clock is ClockName.CONDUCT]


def causes(*told: Told, item: ItemLimits | None = ITEM, when: datetime = LATER) -> list[CardCause]:
    return [card.cause for card in conduct(*told, item=item, when=when) if card.withdrawn_at is None]


def test_a_case_that_goes_its_way_gets_no_card() -> None:
    fee = Told(("fee", 1), TUESDAY, ToldFee(TUESDAY, "F1", "工本费"))
    assert conduct(ACCEPTED, REVIEWED, DECIDED, GRANTED, fee) == []


def test_a_skipped_link_is_carded_when_the_time_to_tell_of_it_is_over() -> None:
    [card] = conduct(ACCEPTED, DECIDED)
    assert (card.kind, card.cause, card.link) == (CardKind.YELLOW, CardCause.LINK_SKIPPED, REVIEW)
    assert (card.raised_at, card.correct_by) == (at("2026-03-07", "00:00"), None)
    assert conduct(ACCEPTED, DECIDED, when=card.raised_at - timedelta(seconds=1)) == []


def test_a_link_that_is_told_late_withdraws_the_card_and_one_that_was_done_late_changes_it() -> None:
    told = at("2026-03-10", "10:00")
    [skipped] = conduct(ACCEPTED, DECIDED, did(2, REVIEW, TUESDAY, told))
    assert (skipped.cause, skipped.withdrawn_at) == (CardCause.LINK_SKIPPED, told)
    afterwards = did(2, REVIEW, at("2026-03-10", "09:00"), told)
    assert causes(ACCEPTED, DECIDED, afterwards, when=at("2026-03-20")) == [CardCause.LINK_REORDERED]


@pytest.mark.parametrize("decision", [Decision.REFUSED, Decision.WITHDRAWN])
def test_who_gives_up_or_is_refused_needs_no_further_links(decision: Decision) -> None:
    over = Told(("result", 1), WEDNESDAY, ToldResult(WEDNESDAY, decision))
    assert causes(ACCEPTED, did(3, DECIDE, WEDNESDAY), over) == []


def test_a_decision_that_only_the_result_tells_is_not_skipped() -> None:
    item = ItemLimits(links=((ACCEPT, None), (DECIDE, None), (StepKind.DELIVER, None)))
    delivered = did(4, StepKind.DELIVER, WEDNESDAY)
    assert causes(ACCEPTED, GRANTED, delivered, item=item) == []
    assert causes(ACCEPTED, delivered, item=item) == [CardCause.LINK_SKIPPED]


def test_a_link_that_begins_after_a_later_one_was_done_is_carded() -> None:
    decided_first = did(3, DECIDE, MONDAY + timedelta(hours=1))
    [card] = [c for c in conduct(ACCEPTED, decided_first, REVIEWED) if c.withdrawn_at is None]
    assert (card.cause, card.link, card.raised_at) == (CardCause.LINK_REORDERED, REVIEW, at("2026-03-06", "00:00"))
    again = did(4, REVIEW, WEDNESDAY + timedelta(hours=5))
    assert conduct(ACCEPTED, REVIEWED, DECIDED, again) == [], "a link may be done again"
    twice = ItemLimits(links=((ACCEPT, None), (REVIEW, None), (DECIDE, None), (REVIEW, None)))
    assert conduct(ACCEPTED, decided_first, did(2, REVIEW, TUESDAY), item=twice) == [], "where it stands is not told"


def test_a_fee_that_the_catalogue_does_not_list_is_carded_by_code_or_by_name() -> None:
    def charged(code: str, name: str) -> Told:
        return Told(("fee", 7), TUESDAY, ToldFee(TUESDAY, code, name))

    [card] = conduct(ACCEPTED, charged("F9", "加急费"))
    assert (card.cause, card.about, card.late_from) == (CardCause.FEE_UNLISTED, "fee:7", TUESDAY)
    assert causes(ACCEPTED, charged("", "加急费")) == [CardCause.FEE_UNLISTED]
    assert causes(ACCEPTED, charged("F1", "写错的名称")) == []
    assert causes(ACCEPTED, charged("", "工本费")) == []
    assert causes(ACCEPTED, charged("", "")) == [], "nobody has told which"


def test_a_refusal_without_a_reason_is_carded_unless_a_document_or_a_correction_gives_it() -> None:
    silent = Told(("result", 1), WEDNESDAY, ToldResult(WEDNESDAY, Decision.REFUSED, is_reasoned=False))
    reasoned = Told(("result", 1), WEDNESDAY, ToldResult(WEDNESDAY, Decision.REFUSED))
    assert causes(ACCEPTED, silent) == [CardCause.REFUSED_WITHOUT_REASON]
    assert causes(ACCEPTED, reasoned) == []
    corrected = Told(("result", 1), WEDNESDAY + timedelta(hours=3), reasoned.said)
    assert conduct(ACCEPTED, silent, corrected) == []


def test_a_case_that_is_closed_without_a_decision_that_anybody_told_lacks_data() -> None:
    closed = did(4, CLOSE, WEDNESDAY)
    [card] = conduct(ACCEPTED, REVIEWED, closed)
    assert (card.cause, card.raised_at) == (CardCause.DATA_MISSING, at("2026-03-07", "00:00"))
    assert causes(ACCEPTED, REVIEWED, DECIDED, closed) == []
    assert causes(ACCEPTED, REVIEWED, GRANTED, closed) == []
    assert causes(ACCEPTED, REVIEWED, closed, item=ItemLimits(links=((ACCEPT, None), (CLOSE, None)))) == []


LAST_DAY = at("2026-03-16", "11:00")
"""Ten working days after Monday."""


def paused(start: datetime, reason: SuspensionReason = SuspensionReason.HEARING) -> Told:
    return Told(("suspension", 1), start, Suspension(reason, start))


@pytest.mark.parametrize(
    ("start", "is_carded"),
    [
        (at("2026-03-11", "11:00"), False),
        (at("2026-03-13", "09:00"), True),
        (LAST_DAY, True),
        (at("2026-03-17", "00:00"), False),
    ],
)
def test_a_pause_is_carded_on_the_last_day_in_time_and_on_the_day_before(start: datetime, is_carded: bool) -> None:
    assert (causes(ACCEPTED, paused(start), when=at("2026-03-20")) == [CardCause.PAUSED_AT_LIMIT]) == is_carded


def test_a_pause_far_from_an_extended_limit_and_one_of_a_year_that_is_not_announced_are_not_carded() -> None:
    extended = Told(("extension", 1), WEDNESDAY, Extension(WEDNESDAY, 10))
    assert causes(ACCEPTED, extended, paused(LAST_DAY), when=at("2026-03-20")) == []
    afterwards = Told(("extension", 1), LAST_DAY + timedelta(hours=1), Extension(LAST_DAY + timedelta(hours=1), 10))
    assert causes(ACCEPTED, paused(LAST_DAY), afterwards, when=at("2026-03-20")) == [CardCause.PAUSED_AT_LIMIT]
    december = did(1, ACCEPT, at("2026-12-28", "10:00"))
    assert causes(december, paused(at("2027-01-11", "10:00")), when=at("2027-01-12")) == []


def late(
    days: int, *beside: datetime, heard_after: timedelta = timedelta(hours=8), entered_at: datetime | None = None
) -> Told:
    how = Entered(MONDAY + heard_after, beside)
    return did(1, ACCEPT, MONDAY, MONDAY + timedelta(days=days), how, entered_at)


def said_late(*entered_with: datetime) -> Told:
    """Of a file, whose platform says of each step when it was entered."""
    told = did(1, ACCEPT, MONDAY, LATER, entered_at=MONDAY + timedelta(days=3))
    return replace(told, entered_with=entered_with)


def test_a_step_that_a_push_has_left_out_and_that_comes_days_later_is_back_dated() -> None:
    [card] = conduct(late(3))
    assert (card.cause, card.about, card.raised_at) == (CardCause.BACK_DATED, "entry:1", MONDAY + timedelta(days=3))
    assert causes(late(1)) == [], "the next working day is soon enough"
    assert causes(late(3, heard_after=IN_HAND)) == [], "it may have been in hand still"
    assert causes(did(1, ACCEPT, MONDAY, LATER)) == [], "nothing is known of how it came"


def test_a_step_is_entered_when_its_platform_says_so_however_it_was_sent() -> None:
    thursday = MONDAY + timedelta(days=3)
    [card] = conduct(did(1, ACCEPT, MONDAY, LATER - timedelta(hours=1), entered_at=thursday))
    assert (card.cause, card.raised_at) == (CardCause.BACK_DATED, LATER - timedelta(hours=1))
    assert causes(late(3, entered_at=thursday)) == [CardCause.BACK_DATED]
    assert causes(late(3, *[MONDAY] * 4, entered_at=thursday)) == [CardCause.BACK_DATED], "one push, not one entry"
    assert causes(late(3, entered_at=MONDAY + IN_HAND)) == [], "it was sent late, not entered late"
    assert causes(did(1, ACCEPT, MONDAY, LATER, entered_at=MONDAY + timedelta(days=1))) == [], "soon enough"


def test_what_a_platform_says_later_of_when_a_step_was_entered_withdraws_the_card() -> None:
    said = did(1, ACCEPT, MONDAY, LATER, entered_at=MONDAY + timedelta(minutes=6))
    assert [card.withdrawn_at for card in conduct(late(3), said)] == [LATER]


def test_a_correction_of_a_step_that_came_in_time_is_not_back_dated() -> None:
    corrected = did(1, ACCEPT, MONDAY - timedelta(hours=1), LATER)
    assert causes(ACCEPTED, corrected) == []
    assert causes(late(3), corrected, when=LATER + timedelta(hours=1)) == [CardCause.BACK_DATED]


TOLD = at("2026-03-11", "10:00")
LEFT_OUT = Entered(at("2026-03-10", "18:00"))
HEARING = SuspensionReason.HEARING


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("suspension", Suspension(HEARING, TUESDAY, TUESDAY + timedelta(hours=9))),
        ("extension", Extension(TUESDAY, 10)),
        ("result", ToldResult(TUESDAY, Decision.GRANTED)),
        ("delivery", ToldDelivery(TUESDAY)),
    ],
)
def test_whatever_moves_a_limit_is_back_dated_where_a_push_has_left_it_out(kind: str, said: Said) -> None:
    late = Told((kind, 4), TOLD, said, entered=LEFT_OUT)
    [card] = conduct(ACCEPTED, late)
    assert (card.cause, card.about, card.raised_at) == (CardCause.BACK_DATED, f"entry:{kind}:4", TOLD)
    assert conduct(ACCEPTED, replace(late, entered=None)) == [], "nothing is known of how it came"
    assert conduct(ACCEPTED, replace(late, told_at=WEDNESDAY, entered=Entered(TUESDAY + IN_HAND))) == []


def corrected(kind: str, before: Said, after: Said, *more: Told) -> list[CardCause]:
    first = Told((kind, 9), at("2026-03-10", "17:00"), before)
    return causes(ACCEPTED, first, Told((kind, 9), TOLD, after, entered=LEFT_OUT), *more)


FRIDAY, TENTH = at("2026-03-06", "10:00"), at("2026-03-10", "16:00")


def a_step(kind: StepKind, start: datetime, end: datetime | None = None) -> ToldStep:
    return ToldStep(kind, start, end or start + timedelta(minutes=5), item="JZ-0103")


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("step", a_step(DECIDE, TENTH), a_step(DECIDE, FRIDAY)),
        ("step", a_step(CLOSE, TENTH), a_step(DECIDE, TENTH - timedelta(days=4))),
        ("step", a_step(ACCEPT, FRIDAY), a_step(ACCEPT, TENTH)),
        ("step", a_step(StepKind.RECEIVE, FRIDAY), a_step(StepKind.RECEIVE, TENTH)),
        ("suspension", Suspension(HEARING, TENTH), Suspension(HEARING, FRIDAY)),
        ("suspension", Suspension(HEARING, TUESDAY, FRIDAY), Suspension(HEARING, TUESDAY, TENTH)),
        ("suspension", Suspension(HEARING, TUESDAY, FRIDAY), Suspension(HEARING, TUESDAY)),
        ("extension", Extension(TENTH, 10), Extension(FRIDAY, 10)),
        ("extension", Extension(FRIDAY, 5), Extension(FRIDAY, 10)),
        ("result", ToldResult(TENTH), ToldResult(FRIDAY)),
    ],
)
def test_a_correction_that_saves_time_in_the_past_is_back_dated(kind: str, before: Said, after: Said) -> None:
    assert CardCause.BACK_DATED in corrected(kind, before, after)
    undone = Told((kind, 9), TOLD + timedelta(hours=1), before)
    assert CardCause.BACK_DATED not in corrected(kind, before, after, undone), "it was taken back"


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("step", a_step(DECIDE, FRIDAY), a_step(DECIDE, TENTH)),
        ("step", a_step(DECIDE, FRIDAY), a_step(DECIDE, FRIDAY - IN_HAND)),
        ("step", a_step(ACCEPT, FRIDAY, FRIDAY), a_step(ACCEPT, FRIDAY, TENTH)),
        ("suspension", Suspension(HEARING, FRIDAY), Suspension(HEARING, TENTH)),
        ("suspension", Suspension(HEARING, TUESDAY), Suspension(HEARING, TUESDAY, FRIDAY)),
        ("extension", Extension(FRIDAY, 10), Extension(FRIDAY, 5)),
        ("result", ToldResult(FRIDAY, Decision.REFUSED), ToldResult(TENTH, Decision.GRANTED)),
    ],
)
def test_a_correction_that_saves_no_time_is_none(kind: str, before: Said, after: Said) -> None:
    assert CardCause.BACK_DATED not in corrected(kind, before, after)


def test_late_steps_of_many_cases_at_once_were_entered_in_a_batch() -> None:
    assert causes(late(3, *[MONDAY] * 4)) == [CardCause.ENTERED_IN_BATCH]
    assert causes(late(3, *[MONDAY] * 3)) == [CardCause.BACK_DATED]
    fresh = MONDAY + timedelta(days=3)
    assert causes(late(3, *[fresh] * 9)) == [CardCause.BACK_DATED], "what is fresh came with it by chance"
    assert causes(said_late(*[MONDAY] * 4)) == [CardCause.ENTERED_IN_BATCH]
    assert causes(said_late(*[MONDAY] * 3)) == [CardCause.BACK_DATED]


@pytest.mark.parametrize("item", [UNKNOWN, None])
def test_what_is_not_known_of_the_item_accuses_nobody(item: ItemLimits | None) -> None:
    fee = Told(("fee", 7), TUESDAY, ToldFee(TUESDAY, "F9", "加急费"))
    closed = did(4, CLOSE, WEDNESDAY)
    assert causes(ACCEPTED, did(3, DECIDE, MONDAY), fee, item=item) == []
    assert causes(ACCEPTED, fee, closed, item=item) == []


def test_what_a_supervisor_has_let_pass_is_not_carded_again() -> None:
    [card] = conduct(ACCEPTED, DECIDED)
    lifted = Ruling(card.raised_at + timedelta(hours=9), card.key)
    closed = did(4, CLOSE, card.raised_at + timedelta(hours=20))
    assert [c.withdrawn_at for c in conduct(ACCEPTED, DECIDED, closed, rulings=(lifted,))] == [lifted.at]


def pushed(case: str, reference: str, start: str, **more: str) -> dict[str, str]:
    return step(reference, "accept", start) | {"case": case, "end": f"{start}:00+08:00", **more}


def test_what_a_platform_pushes_is_carded_with_what_it_rests_on(a_platform: Platform) -> None:
    item = {
        "record": "item",
        "code": "JZ-0103",
        "version": "1",
        "name": "食品经营许可",
        "valid_from": "2026-01-01T00:00:00+08:00",
        "promised_limit": 10,
        "links": [{"kind": "accept"}, {"kind": "review"}, {"kind": "decide"}],
        "fees": [{"code": "F1", "name": "工本费", "amount": "10.00"}],
    }
    fee = {
        "record": "fee",
        "id": "K1",
        "case": "2026-001",
        "code": "F9",
        "name": "加急费",
        "amount": "50.00",
        "charged": "2026-03-03T09:00:00+08:00",
    }
    a_platform.tells(MONDAY, item, step("S1", "accept", "2026-03-02T09:30"))
    a_platform.tells(TUESDAY, fee, step("S3", "decide", "2026-03-03T09:30"))
    a_platform.clerk_runs(at("2026-03-09"))
    cards = {card.cause: card for card in a_platform.cards()}
    assert set(cards) == {CardCause.FEE_UNLISTED, CardCause.LINK_SKIPPED}
    derivation = cards[CardCause.FEE_UNLISTED].derivation
    assert ["charged", "F9"] in derivation["evidence"]
    assert ["listed", "F1"] in derivation["evidence"]
    assert (derivation["cards"], derivation["source"]) == ("usual-2026", "行政许可法 第五十八条、第五十九条")
    a_platform.tells(at("2026-03-09", "11:00"), fee | {"code": "F1"}, step("S2", "review", "2026-03-02T15:30"))
    a_platform.clerk_runs(at("2026-03-09", "12:00"))
    told = at("2026-03-09", "11:00")
    assert {(card.cause, card.withdrawn_at) for card in a_platform.cards()} == {
        (CardCause.FEE_UNLISTED, told),
        (CardCause.LINK_SKIPPED, told),
        (CardCause.BACK_DATED, None),  # the link had been left out of the push of Tuesday
    }


def test_only_a_push_right_after_another_says_that_a_step_was_entered_late(a_platform: Platform) -> None:
    cases = [f"2026-{number:03}" for number in range(1, 8)]
    first = [pushed(case, f"R-{case}", "2026-03-02T09:00", kind="receive") for case in cases]
    a_platform.tells(at("2026-03-02", "18:00"), *first)
    a_platform.tells(at("2026-03-03", "18:00"), pushed(cases[0], "A-0", "2026-03-03T17:30", operator="李敏"))
    friday = at("2026-03-06", "18:00")
    batch = [pushed(case, f"A-{case}", "2026-03-02T10:00", operator="李敏") for case in cases[1:6]]
    alone = pushed(cases[6], "A-6", "2026-03-02T10:00", operator="王芳")
    a_platform.tells(friday, *batch, alone)
    a_platform.clerk_runs(friday)
    found = sorted((card.case_id, card.cause) for card in a_platform.cards() if card.clock is ClockName.CONDUCT)
    assert [cause for _, cause in found] == [CardCause.ENTERED_IN_BATCH] * 5 + [CardCause.BACK_DATED]
    [kept] = [card for card in a_platform.cards() if card.cause is CardCause.BACK_DATED]
    assert ["working_days", 4] in kept.derivation["evidence"]


def test_when_a_step_was_entered_is_told_and_kept_beside_when_it_happened(sqlite_platform: Platform) -> None:
    entered = "2026-03-06T10:00:00+08:00"
    sqlite_platform.tells(at("2026-03-09", "18:00"), pushed("2026-001", "A-1", "2026-03-02T10:00", entered=entered))
    sqlite_platform.clerk_runs(at("2026-03-09", "18:00"))
    [card] = [card for card in sqlite_platform.cards() if card.clock is ClockName.CONDUCT]
    assert card.cause is CardCause.BACK_DATED
    assert ["entered", at("2026-03-06", "10:00").isoformat()] in card.derivation["evidence"]
    with sqlite_platform.database.transaction() as session:
        kept = session.exec(select(Step)).one()
    times = (kept.end, kept.entered, kept.first_received_at)
    assert times == (at("2026-03-02", "10:00"), at("2026-03-06", "10:00"), at("2026-03-09", "18:00"))


def backlog(operator: str = "李敏", apart: int = 5) -> list[dict[str, str]]:
    """Two steps of each of six cases, entered one after the other weeks after they are said to have happened."""
    steps = [
        pushed(f"2026-{case:03}", f"{kind}-{case}", start, kind=kind, operator=operator)
        for case in range(1, 7)
        for kind, start in (("accept", "2026-03-02T10:00"), ("review", "2026-03-03T10:00"))
    ]
    begins = at("2026-03-26", "16:00")
    return [
        row | {"entered": (begins + timedelta(seconds=apart) * number).isoformat()} for number, row in enumerate(steps)
    ]


def found_of_entries(platform: Platform) -> list[str]:
    entries = (CardCause.BACK_DATED, CardCause.ENTERED_IN_BATCH)
    return sorted(card.cause for card in platform.cards() if card.cause in entries)


@pytest.mark.parametrize("by_file", [False, True])
def test_what_was_entered_at_once_is_found_whatever_way_it_came(a_platform: Platform, by_file: bool) -> None:
    rows, friday = backlog(), at("2026-03-27", "18:00")
    if by_file:
        a_platform.drops(friday, *rows)
    else:
        a_platform.tells(friday, *rows)
    a_platform.clerk_runs(friday)
    assert found_of_entries(a_platform) == [CardCause.ENTERED_IN_BATCH] * 12
    assert all(["cases", 6] in card.derivation["evidence"] for card in a_platform.cards() if card.clock == "conduct")


@pytest.mark.parametrize(("operator", "apart"), [("李敏", 3600), ("", 5)])
def test_one_after_the_other_and_by_nobody_knows_whom_is_not_at_once(
    sqlite_platform: Platform, operator: str, apart: int
) -> None:
    friday = at("2026-03-27", "18:00")
    sqlite_platform.drops(friday, *backlog(operator, apart))
    sqlite_platform.clerk_runs(friday)
    assert found_of_entries(sqlite_platform) == [CardCause.BACK_DATED] * 12


def test_what_comes_later_was_not_known_when_the_first_was_carded(sqlite_platform: Platform) -> None:
    rows, friday, monday = backlog(), at("2026-03-27", "18:00"), at("2026-03-30", "18:00")
    sqlite_platform.drops(friday, *rows[:8])
    sqlite_platform.clerk_runs(friday)
    before = {card.id for card in sqlite_platform.cards()}
    sqlite_platform.drops(monday, *rows[8:])
    sqlite_platform.clerk_runs(monday)
    moved = rows[11] | {"entered": rows[11]["end"], "operator": "王芳"}
    sqlite_platform.drops(monday + timedelta(hours=1), moved)
    sqlite_platform.look_around_and_run(monday + timedelta(days=1))
    first = [card.cause for card in sqlite_platform.cards() if card.id in before and card.clock == "conduct"]
    since = [card.cause for card in sqlite_platform.cards() if card.id not in before and card.clock == "conduct"]
    assert first == [CardCause.BACK_DATED] * 8, "four cases are no batch"
    assert since == [CardCause.ENTERED_IN_BATCH] * 4, "what is corrected of another case changes none of them"
    assert not any(card.withdrawn_at for card in sqlite_platform.cards() if card.clock == "conduct")


HEARD_OF: list[dict[str, Any]] = [
    {
        "record": "suspension",
        "id": "P1",
        "reason": "hearing",
        "start": "2026-03-03T10:00:00+08:00",
        "end": "2026-03-09T17:00:00+08:00",
    },
    {"record": "extension", "id": "E1", "days": 10, "approved": "2026-03-04T10:00:00+08:00"},
    {"record": "result", "id": "B1", "decision": "granted", "decided": "2026-03-04T10:00:00+08:00"},
    step("S9", "decide", "2026-03-04T10:00"),
]


@pytest.mark.parametrize("row", HEARD_OF, ids=lambda row: row.get("record", "step"))
def test_whoever_lifts_a_card_by_an_earlier_date_is_seen(sqlite_platform: Platform, row: dict[str, Any]) -> None:
    sqlite_platform.tells(at("2026-03-02", "18:00"), step("S1", "accept", "2026-03-02T10:00"))
    decided = step("S9", "decide", "2026-03-10T10:00")
    sqlite_platform.tells(at("2026-03-10", "18:00"), *([decided] if row.get("step") else []))
    sqlite_platform.clerk_runs(at("2026-03-10", "18:00"))
    [yellow] = [card for card in sqlite_platform.cards() if card.kind is CardKind.YELLOW]
    assert (yellow.cause, yellow.withdrawn_at) == (CardCause.PAST_PROMISED, None)
    told = at("2026-03-11", "09:00")
    sqlite_platform.tells(told, row | {"case": "2026-001"})
    sqlite_platform.clerk_runs(told)
    lifted, back_dated = [card for card in sqlite_platform.cards() if card.kind is CardKind.YELLOW]
    assert (lifted.withdrawn_at, back_dated.cause, back_dated.raised_at) == (told, CardCause.BACK_DATED, told)
    evidence = dict(back_dated.derivation["evidence"])
    assert evidence["happened"] == (at("2026-03-03") if row.get("id") == "P1" else at("2026-03-04")).isoformat()
    assert evidence["heard_before"] == at("2026-03-10", "18:00").isoformat()
    if "step" in row:
        assert evidence["said_before"] == at("2026-03-10", "10:00").isoformat()
    else:
        assert evidence["record"] == row["record"]


def test_steps_of_a_push_that_was_lost_or_overtaken_are_not_back_dated(a_platform: Platform) -> None:
    lost, late = pushed("2026-001", "A-1", "2026-03-03T10:00"), pushed("2026-002", "A-2", "2026-03-04T10:00")
    left_out = pushed("2026-003", "A-3", "2026-03-05T10:00")
    a_platform.tells(
        at("2026-03-02", "18:00"),
        lost | {"kind": "receive", "step": "R-1", "start": "2026-03-02T09:00:00+08:00", "end": ""},
    )
    a_platform.tells(at("2026-03-04", "18:00"), number=3)
    a_platform.tells(at("2026-03-05", "18:00"), number=5)
    a_platform.tells(at("2026-03-09", "18:00"), late, number=4)
    a_platform.tells(at("2026-03-10", "18:00"), lost, left_out, number=6)
    a_platform.clerk_runs(at("2026-03-10", "18:00"))
    [card] = [card for card in a_platform.cards() if card.clock is ClockName.CONDUCT]
    assert card.cause is CardCause.BACK_DATED
    assert ["happened", at("2026-03-05", "10:00").isoformat()] in card.derivation["evidence"]


def test_a_fresh_step_beside_hides_no_entry_in_a_batch(sqlite_platform: Platform) -> None:
    sqlite_platform.tells(at("2026-03-02", "18:00"))
    sqlite_platform.tells(at("2026-03-05", "18:00"))
    cases = [f"2026-{number:03}" for number in range(1, 6)]
    old = [pushed(case, f"A-{case}", "2026-03-02T17:30", operator="李敏") for case in cases]
    fresh = [pushed(case, f"B-{case}", "2026-03-06T10:00", operator="李敏") | {"kind": "decide"} for case in cases]
    sqlite_platform.tells(at("2026-03-06", "18:00"), *old, *fresh)
    sqlite_platform.clerk_runs(at("2026-03-06", "18:00"))
    found = [card.cause for card in sqlite_platform.cards() if card.clock is ClockName.CONDUCT]
    assert found == [CardCause.ENTERED_IN_BATCH] * 5
