"""What cannot be taken back is asked about before it is done."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page

from storage.deletion_pause import pause_deletion, paused_since
from storage.models import Evaluation, EvaluationState, Hold
from tests.ingest.video.encoded import START
from tests.sample import CAMERA
from tests.web.evaluated import an_evaluation
from tests.web.pages.browser import IN_BROWSER
from web.services import Services

pytestmark = IN_BROWSER


def still_held(services: Services) -> bool:
    with services.database.transaction() as session:
        return session.get_one(Hold, 900).lifted_at is None


def still_paused(services: Services) -> bool:
    with services.database.transaction() as session:
        return paused_since(session) is not None


def still_drafted(services: Services) -> bool:
    with services.database.transaction() as session:
        return session.get_one(Evaluation, 902).state is EvaluationState.DRAFT


ERRATUM = "/evaluation?month=2025-11&number=2"


@pytest.mark.parametrize(
    ("address", "action", "is_as_before"),
    [
        ("/holds", "/holds/900/lift", still_held),
        ("/deletions", "/deletions/resume", still_paused),
        (ERRATUM, "/evaluation/902/publish", still_drafted),
    ],
)
def test_who_says_no_changes_nothing(
    day: Services, page: Page, address: str, action: str, is_as_before: Callable[[Services], bool]
) -> None:
    with day.database.transaction() as session:
        pause_deletion(session, START)
        an_evaluation(session, START, ("tax", "civil"), month="2025-11", id=901)
        draft: dict[str, Any] = {"state": EvaluationState.DRAFT, "number": 2, "replaces_id": 901, "differs": True}
        an_evaluation(session, START, ("tax", "civil"), month="2025-11", id=902, **draft)
        session.add(Hold(id=900, camera_id=CAMERA, start=START, end=START, reason="", owner_id=1, set_at=START))
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        if len(asked) > 1:
            dialog.accept()
        else:
            dialog.dismiss()

    page.on("dialog", answer)
    page.goto(address)
    for words in page.locator("textarea[required]").all():
        words.fill("补报")
    button = page.locator(f"form[action='{action}'] button")
    button.click()
    assert (len(asked), is_as_before(day)) == (1, True)
    with page.expect_navigation():
        button.click()
    assert (len(asked), is_as_before(day)) == (2, False)
