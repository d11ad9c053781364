"""A case at a glance: what was reported, what is next, what is to come."""

from datetime import timedelta

from sqlmodel import select

from storage.models import AccessEntry, StepKind
from tests.web.pages.a_day import NOW
from tests.web.pages.conftest import SignIn
from web.pages.case_progress import StageState, progress
from web.pages.step_rows import StepRow
from web.services import Services

D, U, N, C, S = StageState.DONE, StageState.UNDER_WAY, StageState.NEXT, StageState.TO_COME, StageState.NOT_REPORTED


def step(kind: StepKind, minutes: float = -1) -> StepRow:
    """It ends that many minutes from now."""
    end = NOW + timedelta(minutes=minutes)
    return StepRow(
        *(
            1,
            1,
            "2026-1",
            "cc-platform",
            kind,
            "",
            "",
            None,
            "",
            end - timedelta(minutes=2),
            end,
            None,
            end,
            1,
            None,
            (),
        ),
        time_in_doubt=False,
    )


def states(*steps: StepRow, closed: bool = False) -> list[StageState]:
    return [stage.state for stage in progress(steps, NOW if closed else None, NOW)]


def test_a_case_without_steps_waits_to_be_received() -> None:
    assert states() == [N, C, C, C, C]


def test_after_a_step_comes_the_next() -> None:
    assert states(step(StepKind.RECEIVE), step(StepKind.ACCEPT)) == [D, D, N, C, C]


def test_while_a_step_lasts_nothing_else_is_next() -> None:
    assert states(step(StepKind.RECEIVE), step(StepKind.ACCEPT, 3)) == [D, U, C, C, C]


def test_what_was_passed_over_was_not_reported() -> None:
    assert states(step(StepKind.RECEIVE), step(StepKind.DECIDE)) == [D, S, S, D, N]


def test_a_closed_case_has_nothing_to_come_even_if_the_platform_only_said_so() -> None:
    assert states(step(StepKind.RECEIVE), closed=True) == [D, S, S, S, D]


def test_a_delivery_is_shown_once_it_is_reported() -> None:
    assert states(step(StepKind.CLOSE), step(StepKind.DELIVER)) == [S, S, S, S, D, D]


def test_other_steps_move_nothing() -> None:
    assert states(step(StepKind.OTHER)) == [N, C, C, C, C]


def test_the_page_of_a_case_shows_it(sign_in: SignIn) -> None:
    shown = sign_in("inspector").get("/cases/1.json").json()["progress"]
    assert [(stage["kind"], stage["state"]) for stage in shown] == [
        (kind, "done") for kind in ("receive", "accept", "review", "decide", "close")
    ]


def test_a_case_page_that_renews_itself_is_one_look_in_the_access_log(sign_in: SignIn, day: Services) -> None:
    inspector = sign_in("inspector")
    for _ in range(3):
        inspector.get("/cases/1", headers={"HX-Request-Type": "partial", "HX-Target": "div#case"})
    sign_in("investigator").get("/cases/1")
    with day.database.transaction() as session:
        looks = session.exec(select(AccessEntry).where(AccessEntry.action == "case")).all()
        assert len({look.user_id for look in looks}) == len(looks) == 2
