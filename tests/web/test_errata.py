"""Publishing the draft of an erratum, by its page and by a program."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from storage.models import AccessEntry, EvaluatedUnit, Evaluation, EvaluationState, Role, User
from tests.web.conftest import NOON, SignedIn
from tests.web.evaluated import an_evaluation
from tests.web.pages.chinese import problems
from web.services import Services

COUNTED_AT = "2026-03-02T04:00:00Z"
FORM = {"counted_at": COUNTED_AT, "erratum": "办件2补报"}
ADDRESS, FOR_PROGRAMS = "/evaluation/2/publish", "/api/v1/evaluation/2/publish"
SHOWN = "/evaluation?month=2026-02&number=2"


@pytest.fixture(autouse=True)
def _drafted(services: Services) -> None:
    draft: dict[str, Any] = {"state": EvaluationState.DRAFT, "number": 2, "replaces_id": 1, "differs": True}
    with services.database.transaction() as session:
        an_evaluation(session, NOON, ("tax", "civil"))
        assert an_evaluation(session, NOON, ("tax", "civil"), **draft) == 2


def published(services: Services) -> list[int]:
    with services.database.transaction() as session:
        query = select(Evaluation.number).where(Evaluation.state == EvaluationState.PUBLISHED)
        return list(session.exec(query.order_by(col(Evaluation.number))))


def for_all_halls(services: Services, role: Role) -> None:
    with services.database.transaction() as session:
        session.exec(select(User).where(User.role == role)).one().all_halls = True


def test_nobody_publishes_without_signing_in(anonymous: TestClient, services: Services) -> None:
    assert anonymous.post(ADDRESS, data=FORM).status_code in (303, 401, 403)
    assert anonymous.post(FOR_PROGRAMS, json=FORM).status_code in (401, 403)
    assert published(services) == [1]


def test_who_may_not_publish_or_sees_some_halls_alone_is_sent_away(signed_in: SignedIn, services: Services) -> None:
    for role in ("inspector", "department", "investigator", "supervisor"):
        client = signed_in(role)
        assert client.post(ADDRESS, data=FORM).status_code == 403
        assert client.post(FOR_PROGRAMS, json=FORM).status_code == 403
        if role != "investigator":
            assert f'action="{ADDRESS}"' not in client.get("/evaluation?month=2026-02").text
    assert published(services) == [1]


def test_a_draft_is_published_as_it_was_shown(signed_in: SignedIn, services: Services) -> None:
    for_all_halls(services, Role.SUPERVISOR)
    client = signed_in("supervisor")
    assert f'action="{ADDRESS}"' not in client.get("/evaluation?month=2026-02").text, "what is not shown"
    shown = client.get(f"{SHOWN}&lang=en").text
    assert f'action="{ADDRESS}"' in shown
    assert f'value="{COUNTED_AT}"' in shown
    answer = client.post(ADDRESS, data=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{SHOWN}&done=published")
    page = client.get("/evaluation.json").json()
    assert (page["shown"]["number"], page["shown"]["erratum"]) == (2, "办件2补报")
    assert (page["shown"]["published_by"], page["erratum_drafted"]) == ("supervisor", None)
    assert [each["number"] for each in page["versions"]] == [2, 1], "both stay"
    with services.database.transaction() as session:
        units = select(EvaluatedUnit.evaluation_id).distinct().order_by(col(EvaluatedUnit.evaluation_id))
        assert list(session.exec(units)) == [1, 2]
        [logged] = session.exec(select(AccessEntry).where(AccessEntry.action == "publish"))
        assert (logged.subject, logged.purpose) == ("evaluation:2026-02/2", "办件2补报")
    assert client.post(ADDRESS, data=FORM).status_code == 409, "once"


def test_a_program_publishes_it_too(signed_in: SignedIn, services: Services) -> None:
    answer = signed_in("admin").post(FOR_PROGRAMS, json=FORM)
    assert (answer.status_code, answer.json()["state"], answer.json()["number"]) == (200, "published", 2)
    assert published(services) == [1, 2]


def test_what_was_counted_again_since_it_was_shown_is_not_published_unseen(
    signed_in: SignedIn, services: Services
) -> None:
    with services.database.transaction() as session:
        session.get_one(Evaluation, 2).counted_at = NOON + timedelta(days=1)
    answer = signed_in("admin").post(ADDRESS, data=FORM, headers={"Accept-Language": "en"})
    assert answer.status_code == 409
    assert problems(answer.text) == ["This month was counted again since you saw the draft. Look at it once more."]
    assert published(services) == [1]
    assert 'value="2026-03-03T04:00:00Z"' in answer.text, "the form is that of the draft as it is now"
    assert f">{FORM['erratum']}</textarea>" in answer.text, "what was typed is kept"
    again = signed_in("admin").post(ADDRESS, data=FORM | {"counted_at": "2026-03-03T04:00:00Z"})
    assert (again.status_code, published(services)) == (303, [1, 2])


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["This draft is published already: see what was published meanwhile.", "This was not kept:"]),
        ("zh-CN", ["此草稿已经发布，请查看期间发布的内容。", "以下内容未保存："]),
    ],
)
def test_who_publishes_an_erratum_after_somebody_else_sees_theirs_and_keeps_the_words(
    signed_in: SignedIn, services: Services, language: str, said: list[str]
) -> None:
    for_all_halls(services, Role.SUPERVISOR)
    assert signed_in("supervisor").post(ADDRESS, data=FORM | {"erratum": "甲的理由"}).status_code == 303
    answer = signed_in("admin").post(ADDRESS, data=FORM, headers={"Accept-Language": language})
    assert answer.status_code == 409
    assert problems(answer.text) == said[:1]
    assert f'{said[1]}</p><p class="told break">{FORM["erratum"]}</p>' in answer.text
    assert "甲的理由" in answer.text, "what the other said"
    assert f'action="{ADDRESS}"' not in answer.text
    with services.database.transaction() as session:
        assert session.get_one(Evaluation, 2).erratum == "甲的理由"


def test_who_publishes_an_erratum_of_which_nothing_is_left_keeps_the_words(
    signed_in: SignedIn, services: Services
) -> None:
    with services.database.transaction() as session:
        session.get_one(Evaluation, 2).differs = False
    answer = signed_in("admin").post(ADDRESS, data=FORM, headers={"Accept-Language": "en"})
    assert problems(answer.text) == ["What is published comes out the same again: there is nothing left to correct."]
    assert FORM["erratum"] in answer.text
    assert published(services) == [1]


@pytest.mark.parametrize(("differs", "status"), [(False, 409), (None, 404)])
def test_only_what_would_correct_something_is_published(
    signed_in: SignedIn, services: Services, differs: bool | None, status: int
) -> None:
    with services.database.transaction() as session:
        session.get_one(Evaluation, 2).differs = differs
    for answer in (signed_in("admin").post(ADDRESS, data=FORM), signed_in("admin").post(FOR_PROGRAMS, json=FORM)):
        assert answer.status_code == status
    assert published(services) == [1]


def test_a_reason_that_is_missing_is_told_beside_its_field(signed_in: SignedIn, services: Services) -> None:
    client = signed_in("admin")
    for language, said in (("en", "This is needed."), ("zh-CN", "此项必填。")):
        page = client.post(ADDRESS, data=FORM | {"erratum": " "}, headers={"Accept-Language": language})
        assert page.status_code == 422
        assert problems(page.text) == [said]
        assert f'action="{ADDRESS}"' in page.text
    assert client.post(ADDRESS, data=FORM | {"counted_at": "x"}).status_code == 422
    assert published(services) == [1]
