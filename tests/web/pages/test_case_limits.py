"""The page of a case shows its limits day by day, and its cards."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, delete, select

from storage.models import CardCause, RecordRevision, Step
from tests.web.pages.a_day import NOW, ago
from tests.web.pages.conftest import SignIn
from web.pages.case_limits import case_limits
from web.services import Services


def test_both_limits_are_shown_with_their_days_and_the_rules_they_rest_on(sign_in: SignIn) -> None:
    shown = sign_in("inspector").get("/cases/2.json").json()["deadlines"]
    legal, promised = (row for row in shown["limits"] if row["clock"] in ("legal", "promised"))
    assert shown["standing"] == "done"
    assert (promised["amount"], promised["last_at"]) == (7, "2026-12-02T15:59:59.999999Z")
    assert promised["days"][:2] == [
        {
            "first": "2026-11-23",
            "last": "2026-11-23",
            "state": "workday",
            "numbers": None,
            "seconds": None,
            "skipped": "first_day",
            "why": "",
            "is_announced": True,
        },
        {
            "first": "2026-11-24",
            "last": "2026-11-27",
            "state": "workday",
            "numbers": [1, 4],
            "seconds": None,
            "skipped": None,
            "why": "",
            "is_announced": True,
        },
    ]
    assert legal["law"] == "行政许可法-2004"
    page = sign_in("inspector").get("/cases/2").text
    assert "days 1 to 4" in page
    assert "7 working days" in page
    assert "Time allowed: " not in page
    assert "Time allowed, 23 Nov " in page, "a line of weeks tells days"


def test_a_case_that_nobody_decides_gets_its_cards_by_what_is_known(day: Services) -> None:
    later = NOW.replace(month=12, day=9)
    with day.database.transaction() as session:
        for step in session.exec(select(Step).where(Step.case_id == 2, col(Step.kind).in_(["decide", "close"]))):
            session.execute(delete(RecordRevision).where(col(RecordRevision.record_id) == step.id))
        case = case_limits(session, 2, later)
        assert case_limits(session, 2, ago(60 * 24)) is None, "nothing had been told of it by then"
    assert case is not None
    assert [card.cause for card in case.cards] == [
        CardCause.DUE_SOON,
        CardCause.PAST_PROMISED,
        CardCause.NOT_CORRECTED,
    ]
    assert case.cards[1].correct_by == datetime(2026, 12, 8, 15, 59, 59, 999999, UTC)


def test_the_page_says_beside_where_it_stands_that_stamps_contradict_each_other(day: Services, sign_in: SignIn) -> None:
    assert "In doubt" not in sign_in("inspector").get("/cases/2").text
    with day.database.transaction() as session:
        accept = session.exec(select(Step).where(Step.case_id == 2, Step.kind == "accept")).one()
        decide = session.exec(select(Step).where(Step.case_id == 2, Step.kind == "decide")).one()
        of_decide = (col(RecordRevision.record_id) == decide.id, col(RecordRevision.record) == "step")
        said = session.exec(select(RecordRevision).where(*of_decide)).one()
        said.row = said.row | {"start": (accept.start - timedelta(hours=1)).isoformat()}
    found = sign_in("inspector").get("/cases/2.json").json()["deadlines"]
    assert (found["standing"], found["stamps_contradict"]) == ("done", True)
    page = sign_in("inspector").get("/cases/2").text
    limits = page[page.index('id="limits"') :]
    assert limits.count("In doubt</span>") == 1 + sum(bool(row["ended_at"]) for row in found["limits"])
    assert "stamped in an order that cannot be" in limits


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_case_without_a_limit_is_not_told_as_in_time(day: Services, sign_in: SignIn, is_closed: bool) -> None:
    ends = ("decide", "close", "deliver")
    with day.database.transaction() as session:
        for step in session.exec(select(Step).where(Step.case_id == 2)):
            of_step = (col(RecordRevision.record_id) == step.id, col(RecordRevision.record) == "step")
            if step.kind in ends and not is_closed:
                session.execute(delete(RecordRevision).where(*of_step))
                continue
            for said in session.exec(select(RecordRevision).where(*of_step)):
                said.row = {**said.row, "item": "nobody declared it", "due": None}
    found = sign_in("inspector").get("/cases/2.json").json()["deadlines"]
    assert found["standing"] == ("done" if is_closed else "open")
    assert [row["clock"] for row in found["limits"] if row["clock"] != "delivery"] == []
    page = sign_in("inspector").get("/cases/2").text
    head = page[page.index('id="limits"') :].partition("</div>")[0]
    assert ("in time" in head.lower(), "Limit unknown" in head) == (False, True)


def test_a_chinese_reader_sees_no_english(sign_in: SignIn) -> None:
    page = sign_in("inspector").get("/cases/2", headers={"Accept-Language": "zh"}).text
    assert "第 1 至 4 天" in page
    assert "首日，不计入" in page
