"""The tablet at the counter: a link that an administrator makes, five buttons, and what is kept of them."""

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from storage.models import Batch, Rating, RatingDevice, RecordKind, RecordRevision, Step
from tests.web.conftest import NOON, Clock, SignedIn
from web.services import Services


@pytest.fixture
def link(signed_in: SignedIn) -> str:
    made = signed_in("admin").post("/api/v1/rating-devices", json={"counter": "cc-1"})
    assert made.status_code == 201
    found: str = made.json()["link"]
    return found


def rate(client: TestClient, link: str, level: object, ticket: str = "") -> int:
    ticket = ticket or client.get(f"{link}.json").json()["ticket"]
    return client.post(link, data={"level": level, "ticket": ticket}).status_code


def ratings(services: Services) -> list[Rating]:
    with services.database.transaction() as session:
        return list(session.exec(select(Rating)))


def test_only_administrators_make_links_and_only_for_counters_that_exist(
    anonymous: TestClient, signed_in: SignedIn
) -> None:
    wanted = {"counter": "cc-1"}
    assert anonymous.post("/api/v1/rating-devices", json=wanted).status_code == 401
    assert signed_in("supervisor").post("/api/v1/rating-devices", json=wanted).status_code == 403
    assert signed_in("admin").post("/api/v1/rating-devices", json={"counter": "none"}).status_code == 422


def test_a_link_that_nobody_made_leads_nowhere(anonymous: TestClient, link: str) -> None:
    for path in ("/rate/x", f"{link[:-1]}x" if link[-1] != "x" else f"{link[:-1]}y", f"{link}/none"):
        assert anonymous.get(path).status_code == 404
    assert anonymous.post(f"{link[:-2]}--", data={"level": 5, "ticket": "a" * 20}).status_code == 404


def test_a_customer_before_a_wrong_link_is_led_to_the_staff_and_to_no_page_of_theirs(
    anonymous: TestClient, link: str
) -> None:
    asked = {"Accept": "text/html", "Accept-Language": "en"}
    for path in ("/rate/x", f"/rate/{'a' * 43}", f"{link}/none"):
        page = anonymous.get(path, headers=asked).text
        assert "Tell the staff" in page
        assert "/sign-in" not in page
        assert 'class="rail' not in page
    refused = anonymous.post(link, data={"level": 9, "ticket": "a" * 20}, headers=asked)
    assert refused.status_code == 422
    assert f'href="{link}"' in refused.text, "back to the five buttons"


def test_the_link_is_not_kept_and_can_be_taken_back(
    anonymous: TestClient, signed_in: SignedIn, services: Services, link: str
) -> None:
    with services.database.transaction() as session:
        device = session.get_one(RatingDevice, 1)
        assert link.rpartition("/")[2] not in device.token_hash
    form = signed_in("admin").get("/admin/devices?new=true", headers={"Accept-Language": "zh"}).text
    assert re.search(r'<option value="cc-2"[^>]*>[^<]*大厅[^<]* · 2 ', form), "a number alone is of any hall"
    page = signed_in("admin").post("/admin/devices", data={"counter": "cc-2"})
    assert "/rate/" in page.text, "shown once"
    assert "/rate/" not in signed_in("admin").get("/admin/devices").text
    assert anonymous.get(link).status_code == 200
    assert signed_in("admin").post("/admin/devices/remove?edit=1").status_code == 303
    gone = anonymous.get(link, headers={"Accept": "text/html", "Accept-Language": "en"})
    assert gone.status_code == 404
    assert "This link is wrong or was taken back." in gone.text
    assert "widen your scope" not in gone.text
    assert rate(anonymous, link, 5, "a" * 20) == 404


def test_a_customer_rates_without_signing_in_and_is_thanked(
    anonymous: TestClient, services: Services, link: str
) -> None:
    page = anonymous.get(f"{link}?lang=en").text
    assert page.count('<button name="level"') == 5
    assert "Very satisfied" in page
    ticket = re.findall(r'name="ticket" value="([^"]+)"', page)[0]
    answer = anonymous.post(link, data={"level": 4, "ticket": ticket})
    assert answer.headers["location"] == f"{link}/thanks"
    assert f'content="6; url={link}"' in anonymous.get(f"{link}/thanks").text
    assert anonymous.post(link, data={"level": 1, "ticket": ticket}).status_code == 303
    (kept,) = ratings(services)
    assert (kept.level, kept.counter_id, kept.rated) == (4, "cc-1", NOON), "the same form counts once"


def test_it_is_tied_to_the_case_in_work_there(anonymous: TestClient, services: Services, link: str) -> None:
    with services.database.transaction() as session:
        step = session.get_one(Step, 1)
        step.start, step.end = NOON - timedelta(minutes=9), NOON - timedelta(minutes=2)
    assert rate(anonymous, link, 2) == 303
    (kept,) = ratings(services)
    assert (kept.case_number, kept.case_source_id) == ("2026-1", "cc-platform")
    with services.database.transaction() as session:
        revision = session.get_one(RecordRevision, (RecordKind.RATING, kept.id, 1))
        assert revision.row["case"] == "2026-1"
        batch = session.get_one(Batch, revision.batch_id)
        assert (batch.source_id, batch.rows, batch.accepted) == ("hallwatch-ratings", 1, 1)


def test_where_no_case_is_in_work_it_is_tied_to_none(anonymous: TestClient, services: Services, link: str) -> None:
    assert [rate(anonymous, link, level) for level in (5, 1)] == [303, 303]
    assert [(kept.case_number, kept.case_source_id) for kept in ratings(services)] == [("", None)] * 2
    with services.database.transaction() as session:
        assert [batch.rows for batch in session.exec(select(Batch))] == [2], "one batch a day"


def test_what_is_no_level_is_refused(anonymous: TestClient, services: Services, link: str) -> None:
    assert [rate(anonymous, link, level, "a" * 20) for level in (0, 6, "x")] == [422] * 3
    assert rate(anonymous, link, 5, "short") == 422
    assert ratings(services) == []


def test_a_tablet_takes_no_flood(anonymous: TestClient, services: Services, link: str, clock: Clock) -> None:
    assert [rate(anonymous, link, 1, f"ticket-number-{n:03}") for n in range(11)] == [303] * 10 + [429]
    clock.forward(timedelta(minutes=5))
    assert rate(anonymous, link, 1) == 303
    assert len(ratings(services)) == 11


def test_another_site_cannot_rate(anonymous: TestClient, link: str) -> None:
    sent = {"level": 1, "ticket": "a" * 20}
    assert anonymous.post(link, data=sent, headers={"Origin": "https://evil.example"}).status_code == 403
