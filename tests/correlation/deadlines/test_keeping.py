"""Limits and cards in the database: from rows that a platform pushes to what the clerk has written down."""

from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlmodel import col, delete, select, update

from correlation.deadlines.calendars import CalendarBook
from correlation.deadlines.facts import Limit
from correlation.deadlines.loading import Catalogues, load_told
from correlation.deadlines.trying import World, moved, open_cases
from storage.intervals import Span
from storage.models import (
    CardCause,
    CatalogueChange,
    Closure,
    Deadline,
    FormerLimits,
    Item,
    LinkBasis,
    OpeningHours,
    ProposalState,
    Role,
    Source,
    Standing,
    User,
)
from storage.statutory import special_days
from tests.correlation.deadlines.cases import RULES, at
from tests.correlation.deadlines.platform import SOURCE, Platform, step
from tests.sample import COUNTERS, HALL

NINE = at("2026-03-02", "09:00")


def test_a_case_goes_from_open_to_red_and_a_late_word_withdraws_its_cards(a_platform: Platform) -> None:
    a_platform.tells(NINE, step("S1", "receive", "2026-03-02T08:50"), step("S2", "accept", "2026-03-02T08:55"))
    a_platform.clerk_runs(NINE)
    deadline = a_platform.deadline()
    assert (deadline.standing, deadline.provisional) == (Standing.OPEN, False)
    assert (deadline.promised_late_from, deadline.legal_late_from) == (
        at("2026-03-10", "00:00"),
        at("2026-03-31", "00:00"),
    )
    assert deadline.next_at == at("2026-03-06", "09:00")
    assert a_platform.clerk_runs(at("2026-03-06", "08:59")) == 0, "nothing has to be looked at before"
    for moment, standing in (
        (at("2026-03-06", "09:00"), Standing.DUE_SOON),
        (at("2026-03-10", "00:00"), Standing.YELLOW),
        (at("2026-03-14", "00:01"), Standing.RED),
    ):
        assert a_platform.clerk_runs(moment) == 1
        assert a_platform.deadline().standing is standing
    reminder, yellow, red = a_platform.cards()
    assert [card.cause for card in (reminder, yellow, red)] == [
        CardCause.DUE_SOON,
        CardCause.PAST_PROMISED,
        CardCause.NOT_CORRECTED,
    ]
    assert red.raised_at == yellow.correct_by == at("2026-03-14", "00:00"), "not when the clerk happened to look"
    assert [day["counted"] for day in yellow.derivation["days"] if "counted" in day] == [1, 2, 3, 4, 5]
    told = at("2026-03-16", "11:00")
    a_platform.tells(told, step("S3", "decide", "2026-03-09T16:00"))
    a_platform.clerk_runs(told)
    assert a_platform.deadline().standing is Standing.DONE
    assert [card.withdrawn_at for card in a_platform.cards()] == [None, told, told]


def test_a_closure_puts_off_until_when_a_written_card_has_to_be_corrected(a_platform: Platform) -> None:
    a_platform.tells(NINE, step("S2", "accept", "2026-03-02T08:55"))
    a_platform.look_around_and_run(at("2026-03-10", "00:00"))
    noted = at("2026-03-12", "06:00")
    with a_platform.database.transaction() as session:
        session.add(Closure(hall_id=HALL, day=date(2026, 3, 12), reason="台风", noted_at=noted))
    a_platform.look_around_and_run(noted)
    until = {card.kind: card.correct_by for card in a_platform.cards()}
    assert until == {"reminder": None, "yellow": at("2026-03-17", "00:00")}
    a_platform.clerk_runs(at("2026-03-16", "23:59"))
    assert a_platform.deadline().standing is Standing.YELLOW
    a_platform.clerk_runs(at("2026-03-17", "00:00"))
    assert a_platform.deadline().standing is Standing.RED
    with a_platform.database.transaction() as session:
        session.exec(select(Closure)).one().withdrawn_at = at("2026-03-17")
    a_platform.look_around_and_run(at("2026-03-17"))
    assert [card.correct_by for card in a_platform.cards() if card.kind == "yellow"] == [at("2026-03-17", "00:00")]


def test_hours_that_a_hall_tells_later_change_nothing_that_was_before(sqlite_platform: Platform) -> None:
    """Before that the usual ones count: else its nights would have been working time all at once."""
    told = at("2026-03-04", "13:00")
    calendars = CalendarBook()
    with sqlite_platform.database.transaction() as session:
        session.exec(delete(OpeningHours).where(col(OpeningHours.hall_id) == HALL))
        calendars.refresh(session)
    usual = [calendars.of(HALL)[-1][1].hours(day) for day in (date(2026, 3, 2), date(2026, 3, 4))]
    with sqlite_platform.database.transaction() as session:
        session.add(OpeningHours(hall_id=HALL, weekday=2, opens="09:00", closes="20:00", valid_from=told))
        calendars.refresh(session)
    hours = calendars.of(HALL)[-1][1].hours
    assert list(hours(date(2026, 3, 2))) == list(usual[0])
    ends = Span(told, at("2026-03-04", "20:00"))
    morning = [span for span in usual[1] if span.start < told]
    assert list(hours(date(2026, 3, 4))) == [*morning, ends]


def test_a_clerk_that_was_away_finds_the_same_cards_as_one_that_was_there(sqlite_platform: Platform) -> None:
    sqlite_platform.tells(NINE, step("S1", "accept", "2026-03-02T08:55"))
    sqlite_platform.clerk_runs(at("2026-05-04"))
    raised = [at("2026-03-06", "09:00"), at("2026-03-10", "00:00"), at("2026-03-14", "00:00")]
    assert [card.raised_at for card in sqlite_platform.cards()] == raised


def test_suspensions_and_extensions_that_a_platform_tells_count(a_platform: Platform) -> None:
    suspension = {"record": "suspension", "id": "P1", "case": "2026-001", "reason": "hearing"}
    a_platform.tells(NINE, step("S1", "accept", "2026-03-02T08:55"))
    a_platform.tells(at("2026-03-04"), {**suspension, "start": "2026-03-04T09:00:00+08:00"})
    a_platform.clerk_runs(at("2026-03-04"))
    assert a_platform.deadline().standing is Standing.STOPPED
    ended = {"start": "2026-03-04T09:00:00+08:00", "end": "2026-03-11T17:00:00+08:00"}
    extension = {
        "record": "extension",
        "id": "E1",
        "case": "2026-001",
        "days": 2,
        "approved": "2026-03-11T18:00:00+08:00",
    }
    a_platform.tells(at("2026-03-12"), {**suspension, **ended}, extension)
    a_platform.clerk_runs(at("2026-03-12"))
    assert a_platform.deadline().promised_late_from == at("2026-03-20", "00:00")


def test_an_item_of_the_platform_s_own_catalogue_has_its_limits_and_links(sqlite_platform: Platform) -> None:
    item = {
        "record": "item",
        "code": "JZ-0103",
        "version": "3",
        "name": "食品经营许可",
        "valid_from": "2026-01-01T00:00:00+08:00",
        "legal_limit": 10,
        "promised_limit": 8,
        "links": [{"kind": "accept", "limit": 1}, {"kind": "review", "limit": 2}],
    }
    steps = (step("S1", "receive", "2026-03-02T08:50"), step("S2", "accept", "2026-03-02T08:55"))
    sqlite_platform.tells(NINE, item, *steps)
    sqlite_platform.clerk_runs(at("2026-03-05"))
    assert sqlite_platform.deadline().promised_late_from == at("2026-03-13", "00:00")
    assert [(card.cause, card.link) for card in sqlite_platform.cards()] == [(CardCause.LINK_LATE, "review")]
    changed = {**item, "legal_limit": 5, "promised_limit": None}
    sqlite_platform.tells(at("2026-03-05"), changed)
    assert sqlite_platform.look_around_and_run(at("2026-03-05", "11:00")) == 1
    assert sqlite_platform.deadline().legal_late_from == at("2026-03-10", "00:00")


ITEM = {
    "record": "item",
    "code": "JZ-0103",
    "version": "3",
    "name": "食品经营许可",
    "valid_from": "2026-01-01T00:00:00+08:00",
    "legal_limit": 20,
}


def test_an_item_that_its_source_sends_again_counts_from_then_on_and_what_was_said_before_stays_said(
    a_platform: Platform,
) -> None:
    a_platform.tells(NINE, ITEM | {"promised_limit": 3}, step("S1", "accept", "2026-03-02T08:55"))
    a_platform.look_around_and_run(at("2026-03-06", "09:00"))
    asked = at("2026-03-06", "09:00")
    before = a_platform.explained(asked)
    assert [card.kind for card in before.cards] == ["reminder", "yellow"]
    again = at("2026-03-06", "10:00")
    a_platform.tells(again, ITEM | {"promised_limit": 8})
    a_platform.look_around_and_run(at("2026-03-06", "11:00"))
    assert replace(a_platform.explained(asked), next_at=None) == replace(before, next_at=None)
    assert {card.kind: card.withdrawn_at for card in a_platform.cards()} == {"reminder": None, "yellow": again}
    assert a_platform.deadline().promised_late_from == at("2026-03-13", "00:00")
    a_platform.tells(at("2026-03-09"), ITEM | {"promised_limit": 2})
    a_platform.look_around_and_run(at("2026-03-09", "11:00"))
    assert replace(a_platform.explained(asked), next_at=None) == replace(before, next_at=None)
    raised = [card.raised_at for card in a_platform.cards() if card.withdrawn_at is None and card.kind == "yellow"]
    assert raised == [at("2026-03-09")], "nobody could have known it before"


def test_a_version_that_begins_later_or_is_heard_of_later_changes_nothing_of_before(a_platform: Platform) -> None:
    a_platform.tells(NINE, step("S1", "accept", "2026-03-02T08:55"))
    a_platform.tells(at("2026-03-03"), ITEM | {"promised_limit": 8})
    begins = {"version": "4", "valid_from": "2026-03-03T00:00:00+08:00", "promised_limit": 1}
    a_platform.tells(at("2026-03-03"), ITEM | begins)
    limits = []
    for day in ("2026-03-02", "2026-03-03"):
        limits += [one.clock.limit for one in a_platform.explained(at(day)).limits if one.clock.name == "promised"]
    assert limits == [Limit(5), Limit(8)], "as declared, then as the source says of that day"


def test_a_word_that_a_newer_push_had_overtaken_is_believed_at_no_time(a_platform: Platform) -> None:
    a_platform.tells(at("2026-03-02", "18:00"), step("S1", "accept", "2026-03-02T10:00"), number=1)
    a_platform.tells(at("2026-03-09", "18:00"), step("S2", "decide", "2026-03-09T15:00"), number=5)
    a_platform.tells(at("2026-03-11", "18:00"), step("S2", "decide", "2026-03-10T15:00"), number=3)
    asked = at("2026-03-12")
    before = a_platform.explained(asked)
    assert (before.standing, [card.kind for card in before.cards]) == (Standing.DONE, ["reminder"])
    a_platform.tells(at("2026-03-13", "18:00"), step("S2", "decide", "2026-03-09T16:00"), number=6)
    assert replace(a_platform.explained(asked), next_at=None) == before


def test_a_record_that_turns_out_to_be_of_another_case_has_been_of_this_one_until_then(a_platform: Platform) -> None:
    result = {"record": "result", "id": "B1", "case": "2026-001", "decision": "granted"}
    decided = result | {"decided": "2026-03-06T10:00:00+08:00"}
    a_platform.tells(NINE, step("S1", "accept", "2026-03-02T08:55"), step("S2", "review", "2026-03-02T08:57"))
    a_platform.tells(at("2026-03-06", "18:00"), decided)
    asked = at("2026-03-12")
    a_platform.clerk_runs(asked)
    before = a_platform.explained(asked)
    assert (before.standing, [card.kind for card in before.cards]) == (Standing.DONE, ["reminder"])
    moved = at("2026-03-13", "18:00")
    reviewed = step("S2", "review", "2026-03-02T08:57")
    a_platform.tells(moved, decided | {"case": "2026-002"}, reviewed | {"case": "2026-003"})
    a_platform.clerk_runs(moved)
    assert replace(a_platform.explained(asked), next_at=None) == replace(before, next_at=None)
    assert [(card.kind, card.raised_at) for card in a_platform.explained(moved).cards][1:] == [("yellow", moved)]
    again = at("2026-03-16")
    a_platform.tells(again, decided)
    assert [card.withdrawn_at for card in a_platform.explained(again).cards][1:] == [again], "and of this one again"


def test_a_case_that_several_departments_handle_has_their_limit_by_law(sqlite_platform: Platform) -> None:
    item = {
        "record": "item",
        "code": "JZ-0103",
        "version": "3",
        "name": "投资项目联合审批",
        "valid_from": "2026-01-01T00:00:00+08:00",
    }
    longer = {
        "record": "extension",
        "id": "E1",
        "case": "2026-001",
        "days": 30,
        "approved": "2026-03-05T18:00:00+08:00",
    }
    accepted = step("S2", "accept", "2026-03-02T08:55")
    sqlite_platform.tells(NINE, item, accepted)
    late_from = []
    for day, told in enumerate([accepted | {"joint": True}, accepted, item | {"joint": True}, longer], start=3):
        sqlite_platform.tells(at(f"2026-03-{day:02}"), told)
        sqlite_platform.look_around_and_run(at(f"2026-03-{day:02}", "11:00"))
        late_from.append(sqlite_platform.deadline().legal_late_from)
    days = [at("2026-05-09", "00:00"), at("2026-03-31", "00:00"), at("2026-05-09", "00:00"), at("2026-05-29", "00:00")]
    assert late_from == days


def test_a_day_on_which_the_hall_is_closed_moves_the_limits_of_its_cases(a_platform: Platform) -> None:
    a_platform.tells(NINE, step("S1", "accept", "2026-03-02T08:55"))
    a_platform.look_around_and_run(NINE)
    assert a_platform.look_around_and_run(NINE) == 0, "nothing has changed"
    with a_platform.database.transaction() as session:
        closure = Closure(hall_id=HALL, day=date(2026, 3, 4), reason="台风", noted_at=at("2026-03-03"))
        session.add(closure)
    a_platform.look_around_and_run(at("2026-03-03"))
    deadline = a_platform.deadline()
    assert deadline.promised_late_from == at("2026-03-11", "00:00")
    assert "cc: 1 closures" in deadline.calendar
    with a_platform.database.transaction() as session:
        session.get_one(Closure, closure.id).withdrawn_at = at("2026-03-04")
    a_platform.look_around_and_run(at("2026-03-04"))
    assert a_platform.deadline().promised_late_from == at("2026-03-10", "00:00")


def test_an_item_declared_to_be_handled_jointly_has_the_longer_limit_of_the_law(a_platform: Platform) -> None:
    a_platform.tells(NINE, step("S1", "accept", "2026-03-02T08:55"))
    with a_platform.database.transaction() as session:
        session.get_one(Item, "JZ-0103").legal_days = None
    a_platform.look_around_and_run(NINE)
    assert a_platform.deadline().legal_late_from == at("2026-03-31", "00:00")
    with a_platform.database.transaction() as session:
        session.get_one(Item, "JZ-0103").joint = True
    a_platform.look_around_and_run(NINE)
    assert a_platform.deadline().legal_late_from == at("2026-05-09", "00:00")


def test_limits_that_are_declared_when_there_are_cases_are_known_from_then_on(a_platform: Platform) -> None:
    with a_platform.database.transaction() as session:
        session.delete(session.get_one(Item, "JZ-0103"))
    a_platform.tells(NINE, step("S1", "accept", "2026-03-02T08:55"))
    a_platform.look_around_and_run(at("2026-03-11"))
    declared_at = at("2026-03-12", "10:00")
    with a_platform.database.transaction() as session:
        session.add(Item(code="JZ-0103", name="食品经营许可", promised_days=5, limits_known_at=declared_at))
    a_platform.look_around_and_run(declared_at)
    assert {card.raised_at for card in a_platform.cards()} == {declared_at}
    assert a_platform.explained(at("2026-03-11")).cards == ()
    assert a_platform.explained(declared_at).standing is Standing.YELLOW


def test_what_was_declared_before_holds_for_the_days_before(a_platform: Platform) -> None:
    a_platform.tells(NINE, step("S1", "accept", "2026-03-02T08:55"))
    corrected = at("2026-03-12", "10:00")
    with a_platform.database.transaction() as session:
        session.add(FormerLimits(code="JZ-0103", known_until=corrected, legal_days=20, promised_days=5))
        item = session.get_one(Item, "JZ-0103")
        item.promised_days, item.limits_known_at = 15, corrected
    a_platform.look_around_and_run(corrected)
    assert [card.kind for card in a_platform.explained(at("2026-03-11")).cards] == ["reminder", "yellow"]
    assert a_platform.explained(corrected).standing is Standing.OPEN


def test_declared_limits_with_a_day_are_those_of_cases_received_since(a_platform: Platform) -> None:
    a_platform.tells(NINE, step("S1", "accept", "2026-03-02T08:55"))
    for day, late_from in ((date(2026, 3, 3), None), (date(2026, 3, 2), at("2026-03-10", "00:00"))):
        with a_platform.database.transaction() as session:
            session.get_one(Item, "JZ-0103").limits_from = day
        a_platform.look_around_and_run(NINE)
        assert a_platform.deadline().promised_late_from == late_from


def test_a_declared_limit_that_is_corrected_withdraws_the_cards_that_it_does_not_give(a_platform: Platform) -> None:
    a_platform.tells(NINE, step("S1", "accept", "2026-03-02T08:55"))
    a_platform.look_around_and_run(at("2026-03-10"))
    with a_platform.database.transaction() as session:
        session.get_one(Item, "JZ-0103").promised_days = 15
    corrected = at("2026-03-11")
    a_platform.look_around_and_run(corrected)
    assert [card.withdrawn_at for card in a_platform.cards()] == [corrected, corrected]
    assert a_platform.deadline().standing is Standing.OPEN


PROPOSED = {"limit_unit": "days", "links": [], "fees": []}


def test_what_two_people_approved_goes_before_the_source_and_cards_of_before_stay_on_record(
    a_platform: Platform,
) -> None:
    a_platform.tells(NINE, step("S1", "accept", "2026-03-02T08:55"))
    a_platform.look_around_and_run(at("2026-03-10", "09:00"))
    assert [card.kind for card in a_platform.cards()] == ["reminder", "yellow"]
    with a_platform.database.transaction() as session:
        session.add(User(id=1, name="wang", role=Role.ADMIN, password_hash="", created_at=NINE))
        session.flush()
        change = CatalogueChange(
            code="JZ-0103",
            valid_from=at("2026-03-01", "00:00"),
            content={**PROPOSED, "legal_limit": 20, "promised_limit": 8},
            reason="公示有误",
            proposed_by=1,
            proposed_at=NINE,
        )
        session.add(change)
    assert a_platform.look_around_and_run(at("2026-03-10", "09:30")) == 0, "a draft changes nothing"
    approved = at("2026-03-10", "10:00")
    with a_platform.database.transaction() as session:
        stored = session.get_one(CatalogueChange, change.id)
        stored.state, stored.decided_at = ProposalState.APPROVED, approved
    a_platform.look_around_and_run(at("2026-03-10", "11:00"))
    assert a_platform.deadline().promised_late_from == at("2026-03-13", "00:00")
    withdrawn = {card.kind: card.withdrawn_at for card in a_platform.cards()}
    assert withdrawn == {"reminder": None, "yellow": approved}, "when it was approved; a reminder accuses nobody"


def test_trying_a_version_tells_which_open_cases_move_and_keeps_nothing(sqlite_platform: Platform) -> None:
    now = at("2026-03-10", "09:00")
    sqlite_platform.tells(NINE, step("S1", "accept", "2026-03-02T08:55"))
    sqlite_platform.look_around_and_run(now)
    change = CatalogueChange(
        code="JZ-0103",
        valid_from=at("2026-03-01", "00:00"),
        content={**PROPOSED, "legal_limit": 20, "promised_limit": 8},
        reason="",
        proposed_by=1,
        proposed_at=now,
    )
    with sqlite_platform.database.transaction() as session:
        chosen = open_cases(session)
        told = load_told(session, chosen.ids)
        calendars = CalendarBook()
        calendars.refresh(session)
        as_it_is = World(Catalogues(session, told), calendars.of)
        changed = World(Catalogues(session, told, trying=(change, now)), calendars.of)
        typhoon = Closure(hall_id=HALL, day=date(2026, 3, 4), reason="台风", noted_at=now)
        closed = World(as_it_is.catalogues, calendars.tried(session, [typhoon]))
        (one,) = moved(told, as_it_is, changed, RULES, now)
        (other,) = moved(told, as_it_is, closed, RULES, now)
        assert moved(told, as_it_is, as_it_is, RULES, now) == []
    assert (one.before.late_from, one.after.late_from) == (at("2026-03-10", "00:00"), at("2026-03-13", "00:00"))
    assert (one.before.yellow, one.after.yellow) == (1, 0)
    assert other.after.late_from == at("2026-03-11", "00:00")


def test_closures_of_a_hall_to_which_a_case_comes_later_change_nothing_of_before(a_platform: Platform) -> None:
    """A source of several halls: the receipt names no counter, a later step one of a hall that was closed."""
    with a_platform.database.transaction() as session:
        session.get_one(Source, SOURCE).hall_id = None
        closed = (date(2026, 3, 4), date(2026, 3, 5), date(2026, 3, 6))
        session.add_all(Closure(hall_id=HALL, day=day, reason="台风", noted_at=at("2026-03-03")) for day in closed)
    a_platform.tells(
        at("2026-03-02"), step("1", "receive", "2026-03-02T09:00"), step("2", "accept", "2026-03-02T09:30")
    )
    before = at("2026-03-11")
    a_platform.clerk_runs(before)
    as_it_was = a_platform.explained(before)
    assert [card.kind for card in as_it_was.cards] == ["reminder", "yellow"]
    came = at("2026-03-11", "15:00")
    a_platform.tells(came, step("3", "review", "2026-03-11T14:00") | {"counter": COUNTERS[0]})
    a_platform.clerk_runs(came)
    replayed = a_platform.explained(before)
    assert (replayed.cards, replayed.standing) == (as_it_was.cards, as_it_was.standing)
    assert {card.kind: card.withdrawn_at for card in a_platform.cards() if card.kind == "yellow"} == {"yellow": came}
    assert a_platform.deadline().promised_late_from == at("2026-03-13", "00:00"), "from then on those of its hall count"


@pytest.mark.parametrize(
    ("then", "is_moved"),
    [
        ("03-04=holiday", True),  # while the case was open, and corrected since
        ("02-03=holiday", False),  # before it was opened
    ],
)
def test_a_newer_calendar_reckons_the_cases_anew_that_were_open_on_days_that_it_counts_otherwise(
    sqlite_platform: Platform, then: str, is_moved: bool
) -> None:
    """What is remembered is what an older `chinesecalendar` had said, and the limits were by that."""
    sqlite_platform.tells(NINE, step("S2", "accept", "2026-03-02T08:55"))
    sqlite_platform.look_around_and_run(NINE)
    right, old = sqlite_platform.deadline().promised_late_from, at("2026-03-11", "00:00")
    assert right == at("2026-03-10", "00:00")
    _was_reckoned(sqlite_platform, "limits:statutory:2026", f"{special_days(2026)} {then}", old)
    assert sqlite_platform.look_around_and_run(at("2026-03-03")) == int(is_moved)
    assert sqlite_platform.deadline().promised_late_from == (right if is_moved else old)
    assert sqlite_platform.look_around_and_run(at("2026-03-03", "11:00")) == 0, "once"


def test_a_year_that_is_announced_reckons_the_provisional_cases_anew(sqlite_platform: Platform) -> None:
    sqlite_platform.tells(NINE, step("S2", "accept", "2026-03-02T08:55"))
    sqlite_platform.look_around_and_run(NINE)
    with sqlite_platform.database.transaction() as session:
        session.execute(delete(LinkBasis).where(col(LinkBasis.key) == "limits:statutory:2026"))
        session.execute(update(Deadline).values(provisional=True))
    assert sqlite_platform.look_around_and_run(at("2026-03-03")) == 1
    assert sqlite_platform.deadline().provisional is False


def _was_reckoned(platform: Platform, key: str, by: str, late_from: datetime) -> None:
    with platform.database.transaction() as session:
        session.execute(update(LinkBasis).where(col(LinkBasis.key) == key).values(value=by))
        session.execute(update(Deadline).values(promised_late_from=late_from))
