"""The pages of absences that footage looked at again has changed: what people have said is found there and in lists."""

from collections.abc import Sequence
from typing import Any

from fastapi.testclient import TestClient

from analytics.judging import judge_anew
from analytics.presence import Transition
from analytics.rewriting import rewrite_presence
from storage.intervals import Span
from storage.models import CustomerState, StaffState
from tests.web.pages.a_day import NOW, ago
from tests.web.pages.conftest import SignIn
from web.services import Services

STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
WHY = {"act": "dispute", "ground": "was_there", "text": "弯腰取材料，没有离开"}


def looked_again(day: Services, *states: tuple[float, StaffState], end: float) -> None:
    """At counter 1, each from so many minutes ago."""
    people = {STAFFED: 1, UNSTAFFED: 0}
    told = [
        Transition(
            "cc-1",
            ago(minutes),
            staff,
            CustomerState.NONE,
            staff_count=people.get(staff),
            staff_most=people.get(staff),
        )
        for minutes, staff in states
    ]
    span = Span(ago(states[0][0]), ago(end))
    with day.database.transaction() as session:
        rewrite_presence(session, "cc-1", span, told, "marker")
        judge_anew(session, "cc-1", span, NOW)


def say(client: TestClient, absence: int, **word: str) -> int:
    return client.post(f"/api/v1/absences/{absence}/words", json=word).status_code


def listed(client: TestClient, dispute: str) -> list[int]:
    return [each["id"] for each in client.get(f"/absences.json?dispute={dispute}").json()["absences"]]


def bars(page: dict[str, Any], name: str) -> Sequence[Any]:
    (lane,) = (lane for lane in page["timeline"]["lanes"] if lane["name"] == name)
    return [bar["href"] for bar in lane["bars"]]


def test_a_dispute_of_what_was_none_is_settled_and_stays_in_the_lists(day: Services, sign_in: SignIn) -> None:
    department, supervisor = sign_in("department"), sign_in("supervisor")
    assert say(department, 1, **WHY) == 200
    looked_again(day, (62, STAFFED), end=54)
    assert (listed(supervisor, "disputed"), listed(supervisor, "settled")) == ([], [1])
    assert supervisor.get("/absences.json").json()["undecided"] == 0
    assert say(supervisor, 1, act="uphold", text="x") == 409
    text = department.get("/absences/1").text
    for words in (WHY["text"], "Settled: taken back before a decision", "by what is known by now it was none"):
        assert words in text
    assert "settled in favour of whoever disputed it" in text
    assert 'id="say-form"' not in supervisor.get("/absences/1").text
    told = department.get("/absences/1.json").json()
    assert (told["dispute"]["standing"], told["dispute"]["decide_until"], told["dispute"]["is_overdue"]) == (
        "settled",
        None,
        False,
    )
    assert bars(told, "absences") == []
    assert ",settled," in department.get("/absences.csv?dispute=settled").text


def test_a_decision_is_found_where_it_was_though_the_absence_begins_earlier_by_now(
    day: Services, sign_in: SignIn
) -> None:
    department, supervisor = sign_in("department"), sign_in("supervisor")
    assert say(department, 1, **WHY) == 200
    assert say(supervisor, 1, act="withdraw", text="已核对录像") == 200
    looked_again(day, (64, UNSTAFFED), end=54)
    assert listed(supervisor, "withdrawn") == [1]
    assert len(listed(supervisor, "")) == 2, "counter 2 has the other"
    assert "已核对录像" in department.get("/absences/1").text


def test_the_page_of_what_is_part_of_another_by_now_leads_there(day: Services, sign_in: SignIn) -> None:
    client = sign_in("supervisor")
    looked_again(day, (62, UNSTAFFED), (54, STAFFED), end=53)
    looked_again(day, (80, UNSTAFFED), (70, UNKNOWN), end=62)
    both = client.get("/absences.json?counter=cc-1&hall=cc").json()["absences"]
    (other,) = (each["id"] for each in both if each["id"] != 1)
    looked_again(day, (70, UNSTAFFED), end=62)
    (left,) = client.get("/absences.json?counter=cc-1&hall=cc").json()["absences"]
    assert (left["id"], left["start"], left["end"]) == (other, both[1]["start"], both[0]["end"])
    told = client.get("/absences/1.json").json()
    assert [each["id"] for each in told["part_now_of"]] == [other]
    assert bars(told, "absences") == [f"/absences/{other}"]
    text = client.get("/absences/1").text
    assert "it is part of another" in text
    assert f'href="/absences/{other}"' in text
    assert "it was none" not in text
