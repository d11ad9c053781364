"""What an erratum changes is told unit by unit, and what it corrects says so."""

import re
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from correlation.evaluation.scoring import evaluate
from storage.models import EvaluatedUnit, Evaluation, EvaluationState, UnitKind
from tests.correlation.evaluation.numbers import FORMULA, SOME
from tests.web.conftest import NOON, SignedIn
from tests.web.evaluated import an_evaluation
from web.services import Services

DRAFTED = "/evaluation.json?month=2026-02&number=2&kind="


@pytest.fixture(autouse=True)
def _drafted(services: Services) -> None:
    """The draft of an erratum by which department tax and hall cc have no late case any more, and civil is second."""
    draft: dict[str, Any] = {"state": EvaluationState.DRAFT, "number": 2, "replaces_id": 1, "differs": True}
    with services.database.transaction() as session:
        an_evaluation(session, NOON, ("tax", "civil"))
        an_evaluation(session, NOON, ("tax", "civil"), **draft)
        for kind, key in ((UnitKind.DEPARTMENT, "tax"), (UnitKind.HALL, "cc")):
            _mend(unit_of(session, kind, key))
        tax, civil = (unit_of(session, UnitKind.DEPARTMENT, key) for key in ("tax", "civil"))
        tax.rank, tax.best_rank, tax.worst_rank = 1, 1, 1
        civil.rank, civil.best_rank, civil.worst_rank = 2, 2, 2


def unit_of(session: Session, kind: UnitKind, key: str, evaluation: int = 2) -> EvaluatedUnit:
    of_unit = EvaluatedUnit.kind == kind, EvaluatedUnit.key == key, EvaluatedUnit.evaluation_id == evaluation
    return session.exec(select(EvaluatedUnit).where(*of_unit)).one()


def _mend(unit: EvaluatedUnit) -> None:
    found = evaluate(replace(SOME, late=0), FORMULA)
    assert found.total is not None
    unit.points, unit.low, unit.high = found.total.points, found.total.low, found.total.high
    on_time = found.indicators["on_time"]
    assert on_time is not None
    kept = {"points": on_time.points, "low": on_time.low, "high": on_time.high}
    unit.indicators = {**unit.indicators, "on_time": kept}


def publish(services: Services) -> None:
    with services.database.transaction() as session:
        found = session.get_one(Evaluation, 2)
        found.state, found.published_at, found.erratum, found.differs = EvaluationState.PUBLISHED, NOON, "补报", None


def corrected(client: TestClient, kind: str = "department") -> dict[str, Any]:
    return {unit["id"]: unit for unit in client.get(f"{DRAFTED}{kind}").json()["corrected"]}


def test_the_draft_says_of_each_unit_which_points_and_ranks_become_others(signed_in: SignedIn) -> None:
    units = corrected(signed_in("admin"))
    tax, civil = units["tax"], units["civil"]
    assert [each["indicator"] and each["indicator"]["id"] for each in tax["points"]] == [None, "on_time"]
    assert all(each["before"]["points"] < each["after"]["points"] for each in tax["points"])
    assert (civil["points"], civil["has_other_rank"]) == ([], True), "somebody else's points moved it"
    assert (civil["rank_before"]["rank"], civil["rank_after"]["rank"]) == (1, 2)
    assert sorted(corrected(signed_in("admin"), "hall")) == ["cc"], "nothing of hall nh changes"
    assert corrected(signed_in("admin"), "counter") == {}


def test_points_before_and_after_stand_beside_each_other(signed_in: SignedIn) -> None:
    tax = corrected(signed_in("admin"))["tax"]["points"][0]
    for language, differs, nothing in (
        ("en", "What differs from number 1", "Points and ranks of these units stay as they are."),
        ("zh", "与第 1 版的差异", "这些单位的得分和名次没有变化。"),
    ):
        page = signed_in("admin").get(f"/evaluation?month=2026-02&number=2&lang={language}").text
        words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page))
        assert differs in words
        assert nothing not in words
        before, after = (
            f"{each['points']:.2f} ({each['low']:.2f}–{each['high']:.2f})" for each in (tax["before"], tax["after"])
        )
        assert f"{before} → {after}" in words
        counters = signed_in("admin").get(f"/evaluation?month=2026-02&number=2&kind=counter&lang={language}").text
        assert nothing in counters
        assert differs not in signed_in("admin").get(f"/evaluation?month=2026-02&number=1&lang={language}").text


def test_of_a_draft_whoever_sees_a_part_reads_of_no_other_unit_and_of_no_rank(signed_in: SignedIn) -> None:
    [tax] = corrected(signed_in("department")).values()
    assert (tax["id"], tax["has_other_rank"]) == ("tax", False)
    assert (tax["rank_before"], tax["rank_after"]) == (None, None)
    assert corrected(signed_in("supervisor")) == {}
    assert sorted(corrected(signed_in("supervisor"), "hall")) == ["cc"]


def test_of_a_published_erratum_everybody_reads_what_it_changed(signed_in: SignedIn, services: Services) -> None:
    publish(services)
    for role in ("department", "supervisor", "admin"):
        assert sorted(corrected(signed_in(role))) == ["civil", "tax"]


def test_a_unit_that_has_points_now_or_none_any_more_is_told(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.delete(unit_of(session, UnitKind.HALL, "nh"))
        session.delete(unit_of(session, UnitKind.HALL, "cc", evaluation=1))
    units = corrected(signed_in("admin"), "hall")
    assert sorted(units) == ["cc", "nh"]
    assert all(each["before"] is None for each in units["cc"]["points"])
    assert all(each["after"] is None for each in units["nh"]["points"])


@pytest.mark.parametrize(
    ("language", "said", "leads"),
    [
        ("en", "This version was corrected: number 2 holds.", "Show number 2"),
        ("zh", "此版本已更正，以第 2 版为准。", "查看第 2 版"),
    ],
)
def test_what_was_corrected_says_so_and_leads_to_what_holds(
    signed_in: SignedIn, services: Services, language: str, said: str, leads: str
) -> None:
    first, client = "/evaluation{}?month=2026-02&number=1&lang=" + language, signed_in("department")
    assert said not in client.get(first.format("")).text, "a draft corrects nothing yet"
    assert client.get(first.format(".json")).json()["corrected_by"] is None
    publish(services)
    page = client.get(first.format("")).text
    assert said in page
    [address] = re.findall(rf'<a href="([^"]*)">{leads}</a>', page)
    newest = client.get(address.replace("&amp;", "&"))
    assert newest.status_code == 200
    assert said not in newest.text
    assert client.get(first.format(".json")).json()["corrected_by"]["number"] == 2
