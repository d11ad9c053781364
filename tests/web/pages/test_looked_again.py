"""What was looked at again is listed, with how far it is and what is said otherwise."""

import csv
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from analytics.reanalysis import ask, differences, said
from storage.intervals import Span
from storage.models import Reanalysis
from tests.web.pages.a_day import NOW, OTHER_COUNTER
from tests.web.pages.conftest import SignIn
from web.services import Services

START = NOW - timedelta(hours=2)
_MINUTE = timedelta(minutes=1)


def asked(session: Session, counter: str, **values: object) -> Reanalysis:
    row = ask(session, counter, Span(START, START + 10 * _MINUTE), "duty", NOW)
    for name, value in values.items():
        setattr(row, name, value)
    return row


def states(*each: tuple[datetime, datetime, str]) -> dict[str, object]:
    told = [[start.isoformat(), end.isoformat(), staff] for start, end, staff in each]
    return {"states": told, "absences": [], "events": []}


@pytest.fixture
def again(day: Services) -> Services:
    """One is done and says otherwise for four minutes; others are half done, wait, were replaced, are elsewhere."""
    end = START + 10 * _MINUTE
    before = states((START, end, "unstaffed"))
    after = states((START, START + 4 * _MINUTE, "staffed"), (START + 4 * _MINUTE, end, "unstaffed"))
    with day.database.transaction() as session:
        done = asked(session, "cc-1", done_at=NOW, alive_at=NOW, changes=differences(before, after))
        asked(session, "cc-1", alive_at=NOW, watched_to=START + 5 * _MINUTE)
        asked(session, "cc-1")
        asked(session, "cc-1", done_at=NOW, changes={}, superseded_by=done.id)
        asked(session, OTHER_COUNTER)
    return day


def test_anonymous_readers_and_roles_without_the_board_see_nothing(anonymous: TestClient, sign_in: SignIn) -> None:
    assert (anonymous.get("/looked-again").status_code, anonymous.get("/looked-again.json").status_code) == (303, 401)
    assert sign_in("department").get("/looked-again").status_code == 403
    assert sign_in("supervisor").get("/looked-again?hall=nh").status_code == 404


def test_each_says_how_far_it_is_and_what_is_said_otherwise(again: Services, sign_in: SignIn) -> None:
    rows = sign_in("supervisor").get("/looked-again.json").json()["rows"]
    assert [(row["progress"], row["share"]) for row in rows] == [
        *[("instead", 0.0), ("waits", 0.0), ("looks", 0.5), ("done", 1.0)]
    ]
    told = rows[3]["difference"]
    assert {each["state"]: (each["before"], each["after"]) for each in told["states"]} == {
        "staffed": (0, 240),
        "unstaffed": (600, 360),
        "unknown": (0, 0),
    }
    assert [(each["before"], each["after"]) for each in told["changed"]] == [("unstaffed", "staffed")]
    page = sign_in("supervisor").get("/looked-again", headers={"Accept-Language": "zh"}).text
    assert "1 段的结论有变化" in page
    assert "50 %" in page


def test_the_list_of_absences_leads_there_and_it_may_be_empty(day: Services, sign_in: SignIn) -> None:
    supervisor = sign_in("supervisor")
    assert 'href="/looked-again"' in supervisor.get("/absences").text
    assert 'href="/looked-again"' not in sign_in("department").get("/absences").text
    assert "Nothing was looked at again" in supervisor.get("/looked-again").text


def test_what_is_kept_of_a_real_one_can_be_shown(day: Services, sign_in: SignIn) -> None:
    with day.database.transaction() as session:
        span = Span(START, START + 10 * _MINUTE)
        same = said(session, "cc-1", span)
        asked(session, "cc-1", done_at=NOW, changes=differences(same, same))
    page = sign_in("supervisor").get("/looked-again").text
    assert "Nothing is said otherwise." in page
    assert 'name="hall"' not in page, "nobody chooses among one hall"


def test_an_edge_that_moved_within_a_second_is_told_with_its_length(day: Services, sign_in: SignIn) -> None:
    edge, later = START + _MINUTE, START + _MINUTE + timedelta(milliseconds=400)
    before, after = (states((START, at, "unstaffed"), (at, START + 10 * _MINUTE, "staffed")) for at in (edge, later))
    with day.database.transaction() as session:
        asked(session, "cc-1", done_at=NOW, changes=differences(before, after))
    page = sign_in("supervisor").get("/looked-again").text
    assert "08:41:00</time> (0.4 s): Staffed → Unstaffed" in page


def test_what_the_watcher_asked_for_itself_is_its_own_word(day: Services, sign_in: SignIn) -> None:
    with day.database.transaction() as session:
        ask(session, "cc-1", Span(START, START + _MINUTE), "watcher", NOW)
    page = sign_in("admin").get("/looked-again", headers={"Accept-Language": "zh"}).text
    assert "<span>识别程序<span" in page
    assert 'name="hall"' in page


def test_what_was_looked_at_again_is_taken_along(again: Services, anonymous: TestClient, sign_in: SignIn) -> None:
    assert anonymous.get("/looked-again.csv").status_code != 200
    assert sign_in("department").get("/looked-again.csv").status_code == 403
    supervisor = sign_in("supervisor")
    assert 'href="/looked-again.xlsx' in supervisor.get("/looked-again").text
    rows = list(csv.DictReader(supervisor.get("/looked-again.csv").text.lstrip("\ufeff").splitlines()))
    assert [(row["progress"], row["staffed_after_s"], row["absences_after"]) for row in rows] == [
        *[("instead", "", ""), ("waits", "", ""), ("looks", "", ""), ("done", "240.0", "0")]
    ]
