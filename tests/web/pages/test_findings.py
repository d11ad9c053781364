"""Findings on the pages: what was found, what it rests on, and who may read it."""

import pytest
from sqlmodel import select

from storage.models import Case, Finding, FindingKind, FootageLink, Outcome, Step, StepKind
from tests.web.pages.a_day import NOW
from tests.web.pages.conftest import SignIn
from web.services import Services

DOUBT = "The time of this step is in doubt"


@pytest.fixture
def contradiction(day: Services) -> tuple[Case, Step]:
    """The second case's review, which happened in a back office, is stamped before its acceptance."""
    with day.database.transaction() as session:
        case = session.exec(select(Case).where(Case.number == "CC-2026-00002")).one()
        steps = {step.kind: step for step in session.exec(select(Step).where(Step.case_id == case.id))}
        review, accept = steps[StepKind.REVIEW], steps[StepKind.ACCEPT]
        assert review.id is not None
        evidence = {
            "stamped": review.start.isoformat(),
            "before": [{"step": accept.id, "kind": "accept", "stamped": accept.start.isoformat()}],
        }
        kind = FindingKind.STEP_OUT_OF_ORDER
        session.add(Finding(kind=kind, step_id=review.id, found_at=NOW, evidence=evidence))
        return case, review


def test_stamps_that_contradict_each_other_are_a_finding_in_both_languages(
    sign_in: SignIn, contradiction: tuple[Case, Step]
) -> None:
    client = sign_in("inspector")
    page = client.get("/findings").text
    assert "Step stamped before one that has to come first" in page
    assert "Stamped before Accept, " in page
    chinese = client.get("/findings", headers={"Accept-Language": "zh"}).text
    assert "登记时间早于其前置环节“受理”" in chinese


def test_one_that_was_found_at_no_counter_is_seen_by_its_cases_hall_alone(
    sign_in: SignIn, contradiction: tuple[Case, Step]
) -> None:
    case, _ = contradiction
    client = sign_in("admin")

    def kinds(query: str) -> set[str]:
        return {finding["kind"] for finding in client.get(f"/findings.json{query}").json()["findings"]}

    assert "step_out_of_order" in kinds("") & kinds(f"?hall={case.hall_id}")
    assert "step_out_of_order" not in kinds("?hall=nh")


@pytest.mark.parametrize(("language", "words"), [("zh", "不等于全部相符"), ("en", "does not say that all agreed")])
def test_a_day_of_which_nothing_can_be_known_is_not_told_as_one_on_which_all_agreed(
    sign_in: SignIn, language: str, words: str
) -> None:
    asked = "/findings?from=2020-01-01&to=2020-01-02"
    assert words in sign_in("inspector").get(asked, headers={"Accept-Language": language}).text


def test_another_halls_user_does_not_see_it(sign_in: SignIn, day: Services, contradiction: tuple[Case, Step]) -> None:
    with day.database.transaction() as session:
        session.get_one(Case, contradiction[0].id).hall_id = "nh"
    found = sign_in("inspector").get("/findings.json").json()["findings"]
    assert {finding["kind"] for finding in found} == {"step_while_unstaffed"}


def test_its_clip_is_offered_with_a_notice_that_its_time_is_in_doubt(
    sign_in: SignIn, day: Services, contradiction: tuple[Case, Step]
) -> None:
    case, review = contradiction
    with day.database.transaction() as session:
        link = session.exec(select(FootageLink).where(FootageLink.step_id == review.id)).one()
        link.outcome, link.camera_id = Outcome.CLIP, "cc-cam-1"
    client = sign_in("inspector")
    page = client.get(f"/cases/{case.id}?step={review.id}").text
    assert DOUBT in page
    assert "<clip-player" in page
    assert "Stamps contradict each other" in page
    others = {step["id"]: step for step in client.get(f"/cases/{case.id}.json").json()["steps"]}
    found = others.pop(review.id)
    assert (found["time_in_doubt"], found["findings"][0]["before"][0]["kind"]) == (True, "accept")
    for step_id, other in others.items():
        assert not other["time_in_doubt"]
        assert DOUBT not in client.get(f"/cases/{case.id}?step={step_id}").text
