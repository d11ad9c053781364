"""What a partial clip lacks, in words: a moment is no span, and of a span of nothing nothing is said."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from storage.models import FootageLink
from tests.web.pages.a_day import ago
from tests.web.pages.conftest import SignIn
from web.services import Services


@pytest.fixture
def client(sign_in: SignIn) -> TestClient:
    return sign_in("supervisor")


def lacks(day: Services, seconds: float, cause: str) -> None:
    """The clip of absence 2, from 10:33:00 on."""
    with day.database.transaction() as session:
        link = session.exec(select(FootageLink).where(FootageLink.absence_id == 2)).one()
        end = ago(7) + timedelta(seconds=seconds)
        link.missing = [{"start": ago(7).isoformat(), "end": end.isoformat(), "cause": cause}]


def test_a_span_says_from_when_to_when(client: TestClient, day: Services) -> None:
    lacks(day, 20, "packets_lost")
    page = client.get("/absences/2").text
    assert "Missing:" in page
    assert "10:33:00" in page
    assert "10:33:20" in page


def test_what_is_on_its_way_within_a_second_is_a_moment(client: TestClient, day: Services) -> None:
    lacks(day, 0.4, "not_yet")
    notice = client.get("/absences/2").text.split("Missing:")[1].split("</p>")[0]
    assert notice.count("10:33:00</time>") == 1
    assert "(Not arrived yet)" in notice
    assert "–" not in notice


def test_of_a_span_of_nothing_nothing_is_said(client: TestClient, day: Services) -> None:
    lacks(day, 0, "not_yet")
    page = client.get("/absences/2").text
    assert "Missing:" not in page
    assert 'class="notice warn"' not in page
