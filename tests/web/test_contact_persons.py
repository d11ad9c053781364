"""The page of a card names who of the department is told of it."""

from datetime import timedelta
from typing import Any

import pytest

from storage.models import Contact
from tests.web.carded import LATE_FROM, a_card
from tests.web.conftest import NOON, Clock, SignedIn
from web.services import Services

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _persons(services: Services, clock: Clock) -> None:
    clock.now = max(NOON, LATE_FROM) + DAY
    now = clock.now
    with services.database.transaction() as session:
        session.add(a_card(1, id=1))
        session.add(a_card(2, id=2))
        for reference, department, start, end in (
            ("former", "tax", now - 9 * DAY, now - DAY),
            ("own", "tax", now - DAY, None),
            ("next", "tax", now + DAY, None),
            ("other", "civil", now - DAY, None),
        ):
            said: dict[str, Any] = {"source_id": "cc-platform", "reference": reference, "department_ref": department}
            said |= {"first_received_at": now, "received_at": now, "valid_from": start, "valid_to": end}
            name, phone = f"{reference} person", f"0757-{reference}"
            session.add(Contact(**said, department_id=department, name=name, phone=phone, mail="a@hall.example"))


def test_the_person_in_force_is_named_and_reached_by_who_answers_or_judges(signed_in: SignedIn) -> None:
    for role, phone in (("supervisor", "0757-own"), ("department", "0757-own"), ("inspector", None)):
        (person,) = signed_in(role).get("/cards/1.json").json()["contacts"]
        assert (person["name"], person["phone"]) == ("own person", phone), role
        shown = signed_in(role).get("/cards/1").text
        assert "own person" in shown
        assert ("0757-own" in shown) is (phone is not None), role
        assert not any(other in shown for other in ("former person", "next person", "other person"))


def test_a_card_of_another_hall_names_nobody(signed_in: SignedIn) -> None:
    for role in ("supervisor", "department", "inspector"):
        for ending in ("", ".json"):
            answer = signed_in(role).get(f"/cards/2{ending}")
            assert answer.status_code == 404, (role, ending)
            assert "own person" not in answer.text


def test_that_none_was_reported_is_said(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        for number in range(1, 5):
            session.delete(session.get_one(Contact, number))
    client = signed_in("supervisor")
    client.headers["Accept-Language"] = "en"
    assert client.get("/cards/1.json").json()["contacts"] == []
    assert "none was reported" in client.get("/cards/1").text
