"""How far a case has come, as a line of dots in a real browser: the line runs from dot to dot, and through none."""

from datetime import timedelta
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import FloatRect, Page
from sqlmodel import select

from storage.models import Case, Source, Step, StepKind
from tests.web.pages.a_day import NOW
from tests.web.pages.browser import IN_BROWSER
from web.services import Services

pytestmark = IN_BROWSER
_DOT_FROM, _DOT, _EDGE = 1, 16, 4
"""In pixels: from the top of a stage to its dot, how wide that is, and what of it its edge may take."""


@pytest.fixture
def half_done(day: Services) -> int:
    """A case that was received and reviewed, though nobody has said that it was accepted."""
    with day.database.transaction() as session:
        source = session.exec(select(Source.id)).first()
        assert source is not None
        case = Case(source_id=source, number="HALF-1", opened_at=NOW - timedelta(days=1))
        session.add(case)
        session.flush()
        assert case.id is not None
        for kind in (StepKind.RECEIVE, StepKind.REVIEW):
            at: dict[str, Any] = dict.fromkeys(("start", "end", "first_received_at", "received_at"), case.opened_at)
            session.add(Step(case_id=case.id, source_id=source, reference=f"HALF-{kind}", kind=kind, **at))
        return case.id


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_dot_is_crossed_by_the_line(half_done: int, page: Page, language: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/cases/{half_done}?lang={language}")
    found: dict[str, int] = {}
    for stage in page.locator(".stage-of-case").all():
        box = stage.bounding_box()
        assert box is not None
        state = stage.get_attribute("data-state") or ""
        found[state] = max(found.get(state, 0), _colours_within(page, box))
    assert found == {"done": 1, "not_reported": 1, "next": 1, "to_come": 1}


def _colours_within(page: Page, stage: FloatRect) -> int:
    side = _DOT - 2 * _EDGE
    clip: FloatRect = {
        "x": stage["x"] + stage["width"] / 2 - side / 2,
        "y": stage["y"] + _DOT_FROM + _EDGE,
        "width": side,
        "height": side,
    }
    drawn = cv2.imdecode(np.frombuffer(page.screenshot(clip=clip), np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None
    return len(np.unique(drawn.reshape(-1, 3), axis=0))
