"""Footage whose clock was in doubt says so wherever it is shown, in words and in the JSON."""

import pytest
from sqlmodel import col, select

from storage.models import FootageLink, Segment, Step
from tests.sample import CAMERA
from tests.web.pages.conftest import SignIn
from web.services import Services

SPAN = "?hall=cc&counter=cc-1&from=2026-11-23T09:30:00&to=2026-11-23T09:50:00"
DAY = f"/calendar/{CAMERA}"
WORDS = {
    "en": ("Clock not trusted", "clock was off by +7.2 s", "right to within 0.5 s"),
    "zh": ("时钟不可信", "摄像机时钟偏差 +7.2 秒", "误差不超过 0.5 秒"),
}


@pytest.fixture
def pages(day: Services) -> list[tuple[str, str]]:
    """Path and query of the pages that show footage: of a step, of an absence, of a span, of a day."""
    with day.database.transaction() as session:
        link = session.exec(
            select(FootageLink).where(col(FootageLink.step_id).is_not(None), col(FootageLink.camera_id).is_not(None))
        ).first()
        assert link is not None
        step = session.get_one(Step, link.step_id)
        return [(f"/cases/{step.case_id}", f"?step={step.id}"), ("/absences/1", ""), ("/span", SPAN), (DAY, "")]


def doubt(day: Services, offset_us: int, error_us: int) -> None:
    with day.database.transaction() as session:
        for row in session.exec(select(Segment)):
            row.clock_offset_us, row.clock_error_us = offset_us, error_us
            session.add(row)


def test_footage_that_can_be_trusted_is_not_marked(sign_in: SignIn, pages: list[tuple[str, str]]) -> None:
    client = sign_in("inspector")
    for path, query in pages:
        assert "Clock not trusted" not in client.get(path + query).text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_camera_whose_clock_was_wrong_marks_its_footage(
    sign_in: SignIn, day: Services, pages: list[tuple[str, str]], language: str
) -> None:
    doubt(day, 7_200_000, 500_000)
    client = sign_in("inspector")
    for path, query in pages:
        page = client.get(path + query, headers={"Accept-Language": language}).text
        assert [word for word in WORDS[language] if word not in page] == [], path


def test_a_step_of_the_recorders_clock_marks_the_footage_too(
    sign_in: SignIn, day: Services, pages: list[tuple[str, str]]
) -> None:
    doubt(day, 0, 10_450_000)
    client = sign_in("inspector")
    for path, query in pages:
        page = client.get(path + query, headers={"Accept-Language": "en"}).text
        assert "was in doubt; the time shown is right to within 10.4 s" in page, path


def test_the_json_says_which_part_of_the_footage_and_by_how_much(
    sign_in: SignIn, day: Services, pages: list[tuple[str, str]]
) -> None:
    doubt(day, -7_200_000, 500_000)
    client = sign_in("inspector")
    for path, query in pages:
        told = client.get(f"{path}.json{query}").json()
        found = told["result"]["cameras"][0]["clock_untrusted"] if path == "/span" else told["clock_untrusted"]
        assert {(span["camera_off_s"], span["error_s"]) for span in found} == {(-7.2, 0.5)}
        assert found[0]["start"] < found[0]["end"]
