"""All cases under way at a glance; every number is the length of a list."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from storage.database import Database
from storage.models import Case, Deadline, Department, Source, Standing
from tests.sample import HALL, a_hall
from tests.web.pages.a_day import NOW, OTHER_HALL
from tests.web.pages.conftest import SignIn
from web import case_due
from web.services import Services

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# Standing, promised and legal limit, the platform's date: hours from now; None is not known.
LIMITS: dict[str, tuple[Standing | None, float | None, float | None, float | None]] = {
    "late by promise": (Standing.YELLOW, -1, 50, 50),
    "late by law": (Standing.RED, None, -2, 50),
    "due today by promise": (Standing.DUE_SOON, 2, 50, -9),
    "due later": (Standing.OPEN, 60, 90, -9),
    "suspended": (Standing.STOPPED, None, None, -9),
    "waiting": (Standing.WAITING, None, None, -9),
    "without a limit": (Standing.OPEN, None, None, None),
    "late by its platform": (None, None, None, -3),
    "due today by its platform": (None, None, None, 3),
    "no date at all": (None, None, None, None),
    "of an item without limits": (Standing.OPEN, None, None, -4),
    "decided in time and not closed": (Standing.DONE, -1, 50, None),
    "decided today and not closed": (Standing.DONE, 2, 50, None),
}
LATE = {"late by promise", "late by law", "late by its platform", "of an item without limits"}
TODAY = {"due today by promise", "due today by its platform"}


def after(hours: float | None) -> datetime | None:
    return None if hours is None else NOW + hours * HOUR


def add_cases(database: Database) -> None:
    with database.transaction() as session:
        for name, (standing, promised, legal, announced) in LIMITS.items():
            case = Case(
                source_id="cc-platform",
                number=f"{HALL} {name}",
                hall_id=HALL,
                item_code="limits",
                item_name="时限",
                department_name="窗口",
                opened_at=NOW - DAY,
                due_at=after(announced),
            )
            session.add(case)
            session.flush()
            if standing is not None:
                session.add(
                    Deadline(
                        case_id=case.id or 0,
                        standing=standing,
                        promised_late_from=after(promised),
                        legal_late_from=after(legal),
                        law="1",
                        calendar="1",
                        reckoned_at=NOW,
                    )
                )


@pytest.fixture
def limited(day: Services) -> Services:
    """Only such cases under way."""
    with day.database.transaction() as session:
        for case in session.exec(select(Case)):
            case.closed_at = NOW - 40 * DAY
            case.opened_at = NOW - 60 * DAY
    add_cases(day.database)
    return day


def numbers(sign_in: SignIn, query: str) -> set[str]:
    found = sign_in("inspector").get(f"/cases.json?{query}").json()["cases"]
    return {case["number"].removeprefix(f"{HALL} ") for case in found}


def test_each_number_is_the_length_of_a_list(sign_in: SignIn, limited: Services) -> None:
    total = sign_in("inspector").get("/overview.json").json()["total"]
    assert total == {
        "open": len(LIMITS), "due_today": 2, "due_soon": 1, "late": 4, "stopped": 1, "waiting": 1, "no_limit": 2,
    }  # fmt: skip
    assert numbers(sign_in, "status=open") == set(LIMITS)
    marked = sign_in("inspector").get("/cases?status=open&q=limits&lang=en").text
    assert marked.count('data-state="late">Past the limit') == len(LATE)
    assert numbers(sign_in, "status=overdue") == numbers(sign_in, "status=late&q=limits") == LATE
    assert numbers(sign_in, "status=today") == TODAY
    assert numbers(sign_in, "status=still") == {"suspended", "waiting"}
    page = sign_in("inspector").get("/overview?by=hall").text
    assert '<a class="figure" href="/cases?status=still">' in page
    for status, count in (("today", 2), ("still", 2)):
        assert f'<a href="/cases?status={status}&amp;hall={HALL}">{count}</a>' in page


def test_a_date_that_may_still_move_makes_no_case_late_but_one_that_has_passed_for_certain_does(
    sign_in: SignIn, limited: Services
) -> None:
    with limited.database.transaction() as session:
        for deadline in session.exec(select(Deadline)):
            deadline.provisional = bool(deadline.promised_late_from or deadline.legal_late_from)
            if deadline.standing is Standing.RED:
                deadline.standing = Standing.OPEN  # its only limit may still move
    firm = LATE - {"late by law"}
    assert numbers(sign_in, "status=overdue") == numbers(sign_in, "status=late&q=limits") == firm
    assert "late by law" in numbers(sign_in, "status=unknown")
    total = sign_in("inspector").get("/overview.json").json()["total"]
    assert (total["late"], total["no_limit"]) == (len(firm), 3)
    marked = sign_in("inspector").get("/cases?status=open&q=limits&lang=en").text
    assert marked.count('data-state="late">Past the limit') == len(firm)


def test_a_suspended_case_is_not_late_by_what_its_platform_once_announced(sign_in: SignIn, limited: Services) -> None:
    cases = sign_in("inspector").get("/cases.json?q=limits").json()["cases"]
    due = {case["number"].removeprefix(f"{HALL} "): case["due_at"] for case in cases}
    assert [name for name, at in due.items() if at is None] == [
        name for name in due if name in ("suspended", "waiting", "without a limit", "no date at all")
    ]


@pytest.mark.parametrize("by", ["district", "hall", "department", "item"])
def test_rows_add_up_and_the_latest_come_first(sign_in: SignIn, limited: Services, by: str) -> None:
    with limited.database.transaction() as session:
        session.add(Source(id="nh-platform", hall_id=OTHER_HALL))
        session.add(Department(id="more", name="另一部门"))
        session.flush()
        session.add(Case(source_id="nh-platform", number="1", hall_id=OTHER_HALL, department_id="more",
                         item_code="other", opened_at=NOW))  # fmt: skip
    page = sign_in("admin").get(f"/overview.json?by={by}").json()
    assert [row["cases"]["late"] for row in page["rows"]] == [4, 0]
    assert sum(row["cases"]["open"] for row in page["rows"]) == page["total"]["open"] == len(LIMITS) + 1
    shown = sign_in("admin").get(f"/overview?by={by}").text
    assert "Case overview" in shown
    for row in page["rows"]:
        if row["of"] and row["of"]["id"]:
            query = f"{by}={row['of']['id']}"
            assert f'href="/cases?status=open&amp;{query}"' in shown
            listed = sign_in("admin").get(f"/cases.json?status=open&{query}").json()["cases"]
            assert len(listed) == row["cases"]["open"], "every number is the length of a list"


def test_the_overview_is_narrowed_to_a_district_and_leads_to_lists_of_it(sign_in: SignIn, limited: Services) -> None:
    with limited.database.transaction() as session:
        session.add(Case(source_id="cc-platform", number="far", hall_id=OTHER_HALL, opened_at=NOW, item_code="x"))
    admin = sign_in("admin")
    page = admin.get("/overview.json?district=nanhai&by=item").json()
    assert (page["total"]["open"], [district["id"] for district in page["districts"]]) == (1, ["nanhai", "chancheng"])
    assert (
        'href="/cases?status=open&amp;item=x&amp;district=nanhai"'
        in admin.get("/overview?district=nanhai&by=item").text
    )
    assert [case["number"] for case in admin.get("/cases.json?district=nanhai&status=open").json()["cases"]] == ["far"]
    for path in ("/overview", "/cases", "/overview.json", "/cases.csv"):
        assert sign_in("inspector").get(f"{path}?district=nanhai").status_code == 404


def test_nobody_counts_what_lies_outside_the_scope(sign_in: SignIn, limited: Services) -> None:
    before = sign_in("inspector").get("/overview.json").json()["total"]
    with limited.database.transaction() as session:
        session.add(Case(source_id="cc-platform", number="far", hall_id=OTHER_HALL, opened_at=NOW))
    assert sign_in("inspector").get("/overview.json").json()["total"] == before
    assert sign_in("admin").get("/overview.json").json()["total"]["open"] == before["open"] + 1
    assert sign_in("department").get("/overview.json").json()["total"]["open"] == 0


def test_the_trend_has_each_day_once_in_the_halls_zone(sign_in: SignIn, limited: Services) -> None:
    with limited.database.transaction() as session:
        for number, (closed, due) in enumerate([(HOUR, -HOUR), (HOUR, 2 * HOUR), (11 * HOUR, 2 * HOUR)]):
            session.add(Case(source_id="cc-platform", number=f"done {number}", hall_id=HALL, opened_at=NOW - 2 * DAY,
                             closed_at=NOW - closed, due_at=NOW - due))  # fmt: skip
    trend = sign_in("inspector").get("/overview.json").json()["trend"]
    assert len(trend) == 30
    assert (trend[-1]["day"], trend[0]["day"]) == ("2026-11-23", "2026-10-25")
    assert [(d["closed"], d["closed_late"]) for d in trend[-2:]] == [(1, 0), (2, 1)]
    assert [d["opened"] for d in trend[-3:]] == [3, len(LIMITS), 0]
    heading, *lines = sign_in("inspector").get("/overview/trend.csv").text.removeprefix("\ufeff").splitlines()
    assert heading == "day (Asia/Shanghai),opened,closed,closed_late"
    assert lines == [f"{d['day']},{d['opened']},{d['closed']},{d['closed_late']}" for d in trend]
    shown = sign_in("inspector").get(f"/overview?hall={HALL}&by=item").text
    assert f'href="/overview/trend.csv?hall={HALL}&amp;by=item"' in shown


def test_the_query_and_the_row_mean_the_same(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        session.add(Source(id="cc-platform", hall_id=HALL))
    add_cases(database)
    with database.transaction() as session:
        query = select(Case, Deadline, case_due.due(), case_due.is_late(NOW)).outerjoin(
            Deadline, col(Deadline.case_id) == col(Case.id)
        )
        for case, deadline, due, late in session.execute(query):
            first = case_due.late_from(case, deadline)
            is_done = deadline is not None and deadline.standing is Standing.DONE
            assert bool(late) == (not is_done and first is not None and first <= NOW)
            assert (due is None) == (first is None)
