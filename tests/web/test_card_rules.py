"""A site's own versions of the rules for cards, as its file declares them."""

from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path

import pytest
from sqlmodel import select

from correlation.deadlines.rules import shipped_rules
from storage.database import Database
from storage.models import Audience, Card, CardKind, Case, Deadline, Declared, Source, Standing
from storage.secrets import SecretBox
from tests.correlation.deadlines.cases import at
from tests.correlation.deadlines.platform import Platform, step
from tests.web.conftest import NOON
from tests.web.test_settings_file import GOOD, read
from web.card_rules import rules_with
from web.declared_rules import CardRulesDeclaration, EscalationDeclaration
from web.services import Services
from web.settings_file import SettingsError
from web.site import Change, SiteError, apply_site

DAY = date(2026, 3, 1)
STRICTER = CardRulesDeclaration(version="city-2026", effective=DAY, source="佛府办〔2026〕1号", correction_days=1)


def declared(**more: str) -> str:
    said = {
        "version": '"city-2026"',
        "effective": "2026-03-01",
        "source": '"佛府办〔2026〕1号"',
        "correction_days": "1",
    }
    return "[[card_rules]]\n" + "".join(f"{key} = {value}\n" for key, value in (said | more).items())


@pytest.fixture
def secrets(tmp_path: Path) -> SecretBox:
    return SecretBox(tmp_path / "secret.key")


def test_what_a_version_does_not_say_is_as_it_comes_along() -> None:
    said = CardRulesDeclaration(
        version="v", effective=DAY, source="本地", remind_days=2, remind_at="08:30", batch_cases=3,
        escalation=(EscalationDeclaration(card="yellow", after_hours=4, to="district"),),
    )  # fmt: skip
    rules = rules_with(shipped_rules(), [said])
    (usual,) = shipped_rules().cards
    assert rules.of(date(2026, 2, 28).toordinal()) == (shipped_rules().laws[0], usual)
    own = rules.of(DAY.toordinal())[1]
    assert own is not None
    assert (own.ahead.days, own.ahead.hours, own.ahead.at) == (2, usual.ahead.hours, time(8, 30))
    assert (own.conduct.batch_cases, own.conduct.pause_days) == (3, usual.conduct.pause_days)
    assert (own.correction_days, own.explain_days) == (usual.correction_days, usual.explain_days)
    assert [(each.kind, each.after_hours, each.to) for each in own.escalation] == [
        (CardKind.YELLOW, 4, Audience.DISTRICT)
    ]
    assert all(source.endswith("; 本地") for source in own.sources.values())


def test_everything_goes_by_the_rules_of_the_file(services: Services, tmp_path: Path) -> None:
    assert services.rules == shipped_rules()
    cards = replace(services, settings=read(tmp_path, GOOD + declared())).rules.cards
    assert [(each.version, each.correction_days) for each in cards] == [("usual-2026", 3), ("city-2026", 1)]


def test_cases_are_judged_by_the_version_of_the_day_on_which_they_were_received(sqlite_database: Database) -> None:
    platform = Platform(sqlite_database, rules_with(shipped_rules(), [STRICTER]))
    before = step("S1", "accept", "2026-02-27T10:00")
    platform.tells(at("2026-02-27", "11:00"), before | {"case": "before"})
    platform.tells(at("2026-03-02", "11:00"), step("S2", "accept", "2026-03-02T10:00"))
    platform.clerk_runs(at("2026-03-20"))

    def days_to_correct(number: str) -> tuple[str, datetime | None]:
        with sqlite_database.transaction() as session:
            yellow = select(Card).join(Case).where(Case.number == number, Card.kind == CardKind.YELLOW)
            card = session.exec(yellow).one()
            return card.derivation["cards"], card.correct_by

    assert days_to_correct("before") == ("usual-2026", at("2026-03-12", "00:00"))
    assert days_to_correct("2026-001") == ("city-2026", at("2026-03-12", "00:00"))


def test_a_version_by_which_cases_were_judged_neither_changes_nor_goes_and_a_new_one_judges_none_that_is_there(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    def apply(rules: str) -> list[Change]:
        with sqlite_database.transaction() as session:
            return apply_site(session, read(tmp_path, GOOD + rules), secrets, b"pepper", NOON)

    apply(declared())
    assert apply(declared(correction_days="2")) == [Change("card_rules", "city-2026", "changed")], "it judged nothing"
    with sqlite_database.transaction() as session:
        session.add(Source(id="city"))
        session.flush()
        session.add(Case(id=1, source_id="city", number="1", opened_at=at("2026-03-02")))
        session.flush()
        judged = Deadline(case_id=1, standing=Standing.OPEN, law="1", calendar="1", reckoned_at=NOON, rules="city-2026")
        session.add(judged)
    with pytest.raises(SiteError, match="judged by this version"):
        apply(declared(correction_days="3"))
    with pytest.raises(SiteError, match="judged by this version"):
        apply("")
    following = declared(correction_days="2") + declared(version='"next"', effective="2026-03-02")
    with pytest.raises(SiteError, match="Choose a later day"):
        apply(following)
    assert apply(following.replace("2026-03-02", "2026-03-03")) == [Change("card_rules", "next", "added")]
    with sqlite_database.transaction() as session:
        assert session.get(Declared, ("card_rules", "city-2026")) is not None


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        (declared(effective="2025-12-31"), "No cards are raised before 2026-01-01"),
        (declared(version='"usual-2026"'), "of this name comes along"),
    ],
)
def test_a_version_that_cannot_follow_is_refused(
    rules: str, problem: str, sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    with sqlite_database.transaction() as session, pytest.raises(SiteError, match=problem):
        apply_site(session, read(tmp_path, GOOD + rules), secrets, b"pepper", NOON)


def test_two_versions_of_one_name_or_day_are_refused(tmp_path: Path) -> None:
    for second in (declared(effective="2026-05-01"), declared(version='"other"')):
        with pytest.raises(SettingsError, match="two of them"):
            read(tmp_path, GOOD + declared() + second)
