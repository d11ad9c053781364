"""What is published of the evaluation: as it was frozen, and of no unit that is one or two persons."""

import csv
import io
import re

import pytest
from fastapi.testclient import TestClient

from storage.models import EvaluationState
from tests.web.conftest import NOON
from tests.web.evaluated import an_evaluation
from web.services import Services


@pytest.fixture
def published(services: Services) -> Services:
    """A month, the same with an erratum, and a draft of the next."""
    with services.database.transaction() as session:
        an_evaluation(session, NOON, ("tax", "civil"))
        an_evaluation(session, NOON, ("tax", "civil"), number=2, erratum="漏计一件")
        an_evaluation(session, NOON, ("tax", "civil"), month="2026-03", state=EvaluationState.DRAFT)
    return services


def test_a_draft_is_not_there(anonymous: TestClient, published: Services) -> None:
    assert anonymous.get("/public/evaluation.json").json()["months"] == ["2026-02"]
    for query in ("month=2026-03", "month=2026-02&number=3", "number=9", "month=9999-99"):
        assert anonymous.get(f"/public/evaluation.json?{query}").status_code == 404


def test_before_the_first_is_published_there_is_no_month_to_choose(anonymous: TestClient) -> None:
    page = anonymous.get("/public/evaluation?lang=en").text
    assert "Nothing has been published yet" in page
    assert 'name="month"' not in page


def test_when_a_month_is_published_is_told_as_the_site_does_it(anonymous: TestClient, services: Services) -> None:
    by_hand = anonymous.get("/public/evaluation?lang=en").text
    assert "A month stands here once it is over and has been published." in by_hand
    section = services.settings.evaluation.model_copy(update={"publish_day": 10})
    object.__setattr__(services, "settings", services.settings.model_copy(update={"evaluation": section}))
    by_the_clerk = anonymous.get("/public/evaluation?lang=en").text
    assert "Each month is published from day 10 of the next one on." in by_the_clerk
    assert "has been published." not in by_the_clerk
    assert anonymous.get("/public/evaluation.json").json()["publish_day"] == 10


def test_the_best_comes_first_with_the_shares_that_the_public_watches(
    anonymous: TestClient, published: Services
) -> None:
    page = anonymous.get("/public/evaluation.json").json()
    civil, tax = page["units"]
    assert (civil["id"], tax["id"]) == ("civil", "tax")
    assert (civil["cases"], civil["on_time"], civil["early"]) == (400, 1.0, 0.5)
    assert civil["points"] > tax["points"]
    halls = {unit["id"]: unit for unit in anonymous.get("/public/evaluation.json?kind=hall").json()["units"]}
    assert halls["nh"]["on_time"] == 0.75
    assert halls["nh"]["satisfied"] is None, "nobody has rated there"


def test_between_which_points_may_lie_by_chance_is_read_without_a_mouse(
    anonymous: TestClient, published: Services
) -> None:
    civil, _tax = anonymous.get("/public/evaluation.json").json()["units"]
    for language, said in (("en", "between which they may lie by chance"), ("zh", "偶然因素影响下得分可能的范围")):
        page = anonymous.get(f"/public/evaluation?lang={language}").text
        words = re.sub(r"<[^>]*>", "", page)
        assert f"{civil['low']:.2f}–{civil['high']:.2f}" in words
        assert said in words


def test_errata_stay_visible_beside_what_was_published_first(anonymous: TestClient, published: Services) -> None:
    page = anonymous.get("/public/evaluation.json").json()
    assert [(version["number"], version["erratum"]) for version in page["versions"]] == [(2, "漏计一件"), (1, "")]
    assert page["shown"]["number"] == 2
    assert "漏计一件" in anonymous.get("/public/evaluation").text
    assert anonymous.get("/public/evaluation.json?number=1").json()["shown"]["number"] == 1


@pytest.mark.parametrize(
    ("language", "said", "leads"),
    [
        ("en", "This version was corrected: number 2 holds.", "Show number 2"),
        ("zh", "此版本已更正，以第 2 版为准。", "查看第 2 版"),
    ],
)
def test_what_was_corrected_says_so_and_leads_to_what_holds(
    anonymous: TestClient, published: Services, language: str, said: str, leads: str
) -> None:
    page = anonymous.get(f"/public/evaluation?month=2026-02&number=1&lang={language}").text
    assert said in page
    [address] = re.findall(rf'<a href="([^"]*)">{leads}</a>', page)
    assert said not in anonymous.get(f"/public/evaluation{address.replace('&amp;', '&')}").text
    assert anonymous.get("/public/evaluation.json?number=1").json()["corrected_by"]["number"] == 2
    assert anonymous.get("/public/evaluation.json").json()["corrected_by"] is None


def test_counters_and_operators_are_not_public(anonymous: TestClient, published: Services) -> None:
    for kind in ("counter", "group"):
        assert anonymous.get(f"/public/evaluation.json?kind={kind}").status_code == 422


def test_it_is_taken_along_as_a_file(anonymous: TestClient, published: Services) -> None:
    text = anonymous.get("/public/evaluation.csv").text.removeprefix("\ufeff")
    best = next(csv.DictReader(io.StringIO(text)))
    assert (best["id"], best["number"], best["cases"]) == ("civil", "2", "400")
    assert best["erratum"] == "漏计一件", "the file says by itself that it is a correction, and of what"
    first = anonymous.get("/public/evaluation.csv?number=1").text.removeprefix("\ufeff")
    assert next(csv.DictReader(io.StringIO(first)))["erratum"] == ""
