"""The page of a card beside which another limit holds by now."""

from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from correlation.catalogue.versions import first_moment
from correlation.deadlines.keeping import DeadlineKeeper
from correlation.deadlines.rules import shipped_rules
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from storage.models import Card, CardKind, CatalogueChange, FormerLimits, Item, ProposalState
from tests.web.conftest import NOON, Clock, SignedIn
from web.catalogue_entry import EMPTY
from web.services import Services

EARLIER = "The card says what was known when it was raised."
LATER_CASES = "For cases received now the catalogue has another limit"


@pytest.fixture(autouse=True)
def _late(services: Services, clock: Clock) -> None:
    """Of hall cc, accepted on 27 February, due on 6 March by the five days that its item promised."""
    with services.database.transaction() as session:
        session.add(Item(code="FOOD", name="食品经营许可", legal_days=20, promised_days=5))
    row = {"record": "step", "case": "2026-9", "step": "s9", "kind": "accept", "item": "FOOD", "counter": "1"}
    rows = read_rows([row | {"start": "2026-02-27T09:00:00+08:00"}])
    accept_batch(services.database, "cc-platform", rows, sequence=1, name="push", sha256="1", now=NOON)
    clock.forward(timedelta(days=5))
    keep(services, clock)


def keep(services: Services, clock: Clock) -> None:
    keeper = DeadlineKeeper(services.database, shipped_rules())
    keeper.look_around(clock())
    keeper.run_once(clock())


def approve(services: Services, clock: Clock, days: int, since: date) -> None:
    """A version of the item by which cases received since then have so many days."""
    with services.database.transaction() as session:
        content = {**EMPTY, "name": "食品经营许可", "legal_limit": 20, "promised_limit": days, "limit_unit": "days"}
        said: dict[str, Any] = {"code": "FOOD", "valid_from": first_moment(since), "content": content, "number": 1}
        decided: dict[str, Any] = {"state": ProposalState.APPROVED, "decided_at": clock(), "reason": "公示有误"}
        by: dict[str, Any] = {"proposed_by": 1, "proposed_at": clock()}
        session.add(CatalogueChange(**said, **decided, **by))
    clock.forward(timedelta(minutes=1))
    keep(services, clock)


def card(services: Services) -> int:
    with services.database.transaction() as session:
        return session.exec(select(Card.id).where(Card.kind == CardKind.YELLOW)).one() or 0


def page(client: TestClient, number: int, language: str = "en") -> str:
    return client.get(f"/cards/{number}", headers={"Accept-Language": language}).text


def test_nothing_is_said_while_the_limit_is_that_of_the_card(services: Services, signed_in: SignedIn) -> None:
    client = signed_in("supervisor")
    found = client.get(f"/cards/{card(services)}.json").json()["limit_now"]
    assert (found["is_other"], found["of_new_cases"]) == (False, None)
    assert EARLIER not in page(client, card(services))


def test_a_card_tells_the_limit_that_its_case_has_by_what_is_known_now(
    services: Services, signed_in: SignedIn, clock: Clock
) -> None:
    approve(services, clock, 15, date(2026, 1, 1))
    client = signed_in("supervisor")
    found = client.get(f"/cards/{card(services)}.json").json()
    assert found["card"]["derivation"]["limit"]["amount"] == 5, "as it was written"
    assert found["limit_now"]["of_case"] == {"amount": 15, "unit": "days"}
    assert found["limit_now"]["last_at"].startswith("2026-03-19T15:59:59")
    assert "the limit of this case is 15 working days, in time until" in page(client, card(services))
    assert "本办件的时限为 15 个工作日" in page(client, card(services), "zh")


def test_a_card_tells_that_later_cases_have_another_limit(
    services: Services, signed_in: SignedIn, clock: Clock
) -> None:
    approve(services, clock, 15, date(2026, 3, 5))
    client = signed_in("supervisor")
    found = client.get(f"/cards/{card(services)}.json").json()["limit_now"]
    assert (found["is_other"], found["of_new_cases"]) == (False, {"amount": 15, "unit": "days"})
    english = page(client, card(services))
    assert (EARLIER in english, f"{LATER_CASES} for this item: 15 working days." in english) == (False, True)


def test_a_card_tells_that_no_such_limit_is_left(services: Services, signed_in: SignedIn, clock: Clock) -> None:
    with services.database.transaction() as session:
        item = session.get_one(Item, "FOOD")
        session.add(FormerLimits(code="FOOD", known_until=clock(), legal_days=20, promised_days=5))
        item.promised_days, item.limits_known_at = None, clock()
    assert "no such limit counts for this case" in page(signed_in("supervisor"), card(services))
