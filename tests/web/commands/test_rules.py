"""`hallwatch rules`: a site's own versions of the rules, tried, added and taken back."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from correlation.deadlines.keeping import DeadlineKeeper
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from storage.models import AccessEntry, Card, CardKind, Deadline, Item, Source
from tests.web.commands.conftest import Run
from web.composition import build_services
from web.services import Services
from web.settings_file import read_settings

NOW = datetime(2026, 4, 1, 4, tzinfo=UTC)
OWN = """
[[cards]]
version = "foshan"
effective = {day}
source = "佛监〔2026〕1号"
correction_days = 5
[cards.conduct]
batch_cases = 10
"""
Write = Callable[[str], str]


@pytest.fixture
def services(site: Path) -> Services:
    return build_services(read_settings(site, {"CAMERA_PASSWORD": "geheim"}))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> str:
        file = tmp_path / "own.toml"
        file.write_text(text, "utf-8")
        return str(file)

    return written


def tell_late_case(services: Services) -> None:
    """Received on 2 March with five days promised, and still open."""
    with services.database.transaction() as session:
        session.add(Source(id="city", hall_id="cc"))
        session.add(Item(code="JZ-1", name="食品经营许可", promised_days=5))
    told = {"case": "2026-001", "step": "1", "kind": "accept", "item": "JZ-1", "start": "2026-03-02T09:00:00+08:00"}
    said: dict[str, Any] = {"sequence": 1, "name": "push", "sha256": "1", "now": datetime(2026, 3, 2, 2, tzinfo=UTC)}
    accept_batch(services.database, "city", read_rows([told]), **said)


def corrected_by(services: Services) -> datetime | None:
    keeper = DeadlineKeeper(services.database)
    keeper.look_around(NOW)
    keeper.run_once(NOW)
    with services.database.transaction() as session:
        yellow = session.exec(select(Card).where(Card.kind == CardKind.YELLOW, Card.withdrawn_at == None))  # noqa: E711
        return yellow.one().correct_by


def test_a_new_site_sets_a_version_before_its_first_data_and_cards_are_raised_by_it(
    hallwatch: Run, services: Services, write: Write
) -> None:
    said = " ".join(hallwatch("rules", "add", write(OWN.format(day="2026-01-01"))).output.split())
    assert "Added cards/foshan, from 2026-01-01 on." in said
    assert "Otherwise than usual-2026: correction_days, conduct.batch_cases." in said
    tell_late_case(services)
    assert corrected_by(services) == datetime(2026, 3, 17, 16, tzinfo=UTC), "five working days, not three"
    with services.database.transaction() as session:
        assert session.exec(select(Deadline)).one().rules == "foshan"
        assert {card.derivation["rests_on"] for card in session.exec(select(Card))} == {"佛监〔2026〕1号"}
        assert [entry.subject for entry in session.exec(select(AccessEntry)) if "rules" in entry.subject] == [
            "rules:cards/foshan"
        ]
    listed = hallwatch("rules", "list").output
    assert "佛监〔2026〕1号" in listed
    assert "usual-2026" in listed
    assert "is judged by it" in hallwatch("rules", "remove", "cards", "foshan", code=1).output


def test_what_was_judged_is_never_judged_otherwise_but_a_dry_run_tells_what_would_be(
    hallwatch: Run, services: Services, write: Write
) -> None:
    tell_late_case(services)
    before = corrected_by(services)
    past = write(OWN.format(day="2026-02-01"))
    refused = hallwatch("rules", "add", past, code=1).output
    assert "cards[foshan].effective: a case was received on 2026-03-02" in " ".join(refused.split())
    tried = hallwatch("rules", "add", past, "--dry-run", code=1).output
    assert "Case 2026-001 of city" in tried
    ahead = write(OWN.format(day="2100-01-01"))
    tried = hallwatch("rules", "add", ahead, "--dry-run").output
    assert "Open cases whose cards would be others: 0." in tried
    tried = hallwatch("rules", "add", ahead, "--dry-run", "--as-if-since", "2026-01-01").output
    assert "Open cases whose cards would be others, as if since 2026-01-01: 1." in tried
    assert "foshan" not in hallwatch("rules", "list").output
    hallwatch("rules", "add", ahead)
    assert corrected_by(services) == before
    hallwatch("rules", "remove", "cards", "foshan")
    assert "no such version" in hallwatch("rules", "remove", "cards", "foshan", code=1).output
    assert "no such version" in hallwatch("rules", "remove", "cards", "usual-2026", code=1).output
    assert "--dry-run" in hallwatch("rules", "add", ahead, "--as-if-since", "2026-01-01", code=1).output
