"""The course of a case in one picture: what was allowed, what was late, what did not count, and its cards."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from correlation.deadlines.clocks import Basis
from storage.models import CardCause, CardKind, CardState, ClockName, LimitUnit, Standing, StepKind, SuspensionReason
from web.i18n import Language
from web.pages.case_course import Stop, course
from web.pages.case_limits import CardRow, CaseLimits, LimitRow
from web.pages.rendering import environment
from web.pages.timelines import Bar

DAY = timedelta(days=1)
BEGAN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
NOW = BEGAN + 9 * DAY
STEP = Bar("step", BEGAN, BEGAN + DAY / 24, "accept")
PROMISED = LimitRow(
    clock=ClockName.PROMISED,
    link=None,
    basis=Basis.ACCEPTED,
    started_at=BEGAN,
    amount=5,
    unit=LimitUnit.DAYS,
    last_at=BEGAN + 7 * DAY,
    days_left=None,
    seconds_left=None,
    provisional=False,
    ended_at=None,
    ended_late=False,
    days=(),
    law="",
    calendar="",
    is_joint=False,
)
LEGAL = replace(PROMISED, clock=ClockName.LEGAL, last_at=BEGAN + 28 * DAY)
CARD = CardRow(
    id=7,
    kind=CardKind.YELLOW,
    cause=CardCause.PAST_PROMISED,
    clock=ClockName.PROMISED,
    link=None,
    late_from=BEGAN + 7 * DAY,
    raised_at=BEGAN + 7 * DAY,
    correct_by=None,
    withdrawn_at=None,
    state=CardState.RAISED,
    log=(),
)
HEARING = Stop(SuspensionReason.HEARING, BEGAN + DAY, None, "听证〔2026〕1号", None)


def lanes(
    *limits: LimitRow, cards: tuple[CardRow, ...] = (), stops: tuple[Stop, ...] = ()
) -> dict[str, list[tuple[str, datetime, datetime]]]:
    found = course([STEP], CaseLimits(Standing.YELLOW, limits, cards, None), stops, "Asia/Shanghai", NOW)
    assert found is not None
    return {lane.name: [(bar.state, bar.start, bar.end) for bar in lane.bars] for lane in found.lanes}


def test_a_limit_is_allowed_until_its_last_day_and_overdue_from_then_on() -> None:
    found = lanes(LEGAL, PROMISED)
    assert found["limit_promised"] == [
        ("allowed", BEGAN, BEGAN + 7 * DAY),
        ("overdue", BEGAN + 7 * DAY, NOW),
    ]
    assert found["limit_legal"] == [("allowed", BEGAN, BEGAN + 28 * DAY)]
    ended = replace(PROMISED, ended_at=BEGAN + 6 * DAY)
    assert lanes(ended)["limit_promised"] == [("allowed", BEGAN, BEGAN + 7 * DAY)]
    delivery = replace(PROMISED, clock=ClockName.DELIVERY)
    assert len(lanes(delivery)["limit_delivery"]) == 1, "not every platform tells of handing over"


def test_while_it_stands_still_it_is_allowed_until_now_and_the_pause_lasts() -> None:
    found = lanes(replace(PROMISED, last_at=None), stops=(HEARING,))
    assert found["limit_promised"] == [("allowed", BEGAN, NOW)]
    assert found["suspensions"] == [("suspended", BEGAN + DAY, NOW)]


def test_single_links_share_a_line_and_cards_lead_to_what_is_said_of_them() -> None:
    links = [replace(PROMISED, clock=ClockName.LINK, link=kind) for kind in (StepKind.ACCEPT, StepKind.REVIEW)]
    withdrawn, unwritten = replace(CARD, withdrawn_at=NOW), replace(CARD, id=None)
    found = lanes(*links, cards=(CARD, withdrawn))
    assert len(found["limit_link"]) == 4
    assert [(state, start) for state, start, _ in found["cards"]] == [("yellow", CARD.raised_at)]
    line = course([STEP], CaseLimits(Standing.YELLOW, (), (CARD, unwritten), None), (HEARING,), "Asia/Shanghai", NOW)
    assert line is not None
    assert [bar.href for bar in line.lanes[-1].bars] == ["/cards/7", "#limits"]


def test_a_card_and_a_step_of_a_moment_are_told_by_that_moment_alone() -> None:
    """A card's bar is wide enough to be seen: its end is no time at which anything is, and may still be to come."""
    raised = replace(CARD, raised_at=NOW)
    stamp = Bar("step", BEGAN, BEGAN, "accept")
    line = course([stamp], CaseLimits(Standing.YELLOW, (PROMISED,), (raised,), None), (), "Asia/Shanghai", NOW)
    assert line is not None
    for language, told in (
        (Language.EN, ["Step: Accept, 2 Mar 09:00", "Yellow card: The promised limit has passed, 11 Mar 09:00"]),
        (Language.ZH, ["环节：受理，03-02 09:00", "黄牌：已超出承诺时限，03-11 09:00"]),
    ):
        macros: Any = environment(language).get_template("parts/footage.html").module
        titles = re.findall("<title>(.*?)</title>", macros.timeline(line))
        assert (titles[0], titles[-1]) == (told[0], told[-1])
        assert any("–" in title for title in titles), "a limit has its beginning and its end"


def test_without_a_limit_there_is_nothing_to_draw() -> None:
    assert course([STEP], None, (), "Asia/Shanghai", NOW) is None
    assert course([STEP], CaseLimits(Standing.WAITING, (), (), None), (), "Asia/Shanghai", NOW) is None
