"""A case all of whose steps are corrected to be of another: what was said about it stays."""

from dataclasses import replace

from sqlmodel import select

from correlation.deadlines.card_log import say
from storage.models import CardAct, CardWord, Case, Role, Standing, User
from tests.correlation.deadlines.cases import at
from tests.correlation.deadlines.platform import Platform, step

CORRECTED = at("2026-03-12", "09:00")
ACCEPTED = step("S1", "accept", "2026-03-02T08:55")


def numbers(platform: Platform) -> set[str]:
    with platform.database.transaction() as session:
        return set(session.exec(select(Case.number)))


def carded(platform: Platform) -> list[int]:
    """Past its promised limit, and explained."""
    told = at("2026-03-02", "09:00")
    platform.tells(told, ACCEPTED)
    platform.clerk_runs(at("2026-03-10"))
    cards = [card.id or 0 for card in platform.cards()]
    with platform.database.transaction() as session:
        session.add(User(id=1, name="u", password_hash="", role=Role.DEPARTMENT, created_at=told))
        session.flush()
        say(session, cards[-1], CardAct.EXPLAIN, "编号有误", 1, at("2026-03-10", "10:00"))
    return cards


def test_its_cards_stand_until_then_with_what_was_said_of_them(a_platform: Platform) -> None:
    cards = carded(a_platform)
    before = a_platform.explained(at("2026-03-11"))
    a_platform.tells(CORRECTED, ACCEPTED | {"case": "2026-002"})
    a_platform.clerk_runs(CORRECTED)
    assert numbers(a_platform) == {"2026-001", "2026-002"}
    with a_platform.database.transaction() as session:
        emptied = session.exec(select(Case).where(Case.number == "2026-001")).one()
        assert (emptied.due_at, emptied.closed_at) == (None, CORRECTED), "nothing is awaited of it"
        own = [card for card in a_platform.cards() if card.case_id == emptied.id]
        assert [word.text for word in session.exec(select(CardWord))] == ["编号有误"]
    assert [card.id for card in own] == cards
    assert [(card.kind, card.withdrawn_at) for card in own] == [("reminder", None), ("yellow", CORRECTED)]
    assert a_platform.clerk_runs(at("2026-06-01")) == 1, "of the other case"
    assert len([card for card in a_platform.cards() if card.case_id == emptied.id]) == len(own), "no limit runs"
    assert replace(a_platform.explained(at("2026-03-11")), next_at=None) == replace(before, next_at=None)


def test_it_goes_on_where_its_steps_come_back(a_platform: Platform) -> None:
    carded(a_platform)
    a_platform.tells(CORRECTED, ACCEPTED | {"case": "2026-002"})
    a_platform.tells(at("2026-03-12", "10:00"), ACCEPTED)
    a_platform.clerk_runs(at("2026-03-12", "10:00"))
    assert numbers(a_platform) == {"2026-001"}, "nobody was told anything of the other"
    with a_platform.database.transaction() as session:
        assert session.exec(select(Case)).one().closed_at is None
    assert a_platform.deadline().standing is Standing.YELLOW


def test_one_about_which_nobody_was_told_anything_goes(a_platform: Platform) -> None:
    a_platform.tells(at("2026-03-02", "09:00"), ACCEPTED)
    a_platform.tells(at("2026-03-02", "10:00"), ACCEPTED | {"case": "2026-002"})
    assert numbers(a_platform) == {"2026-002"}
