"""Events that are no absences on the pages: lists, one of them, the day of a counter, and the form of their rule."""

import re

import pytest
from sqlmodel import select

from storage.models import Absence, AbsenceRule, CustomerState, EventKind, Presence, StaffState
from tests.web.pages.a_day import ago
from tests.web.pages.conftest import SignIn
from tests.web.pages.test_dry_run import tried
from web.services import Services

EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh"}


def becomes(day: Services, kind: EventKind, people: tuple[int, int] | None = None) -> None:
    """The absence of the morning at counter 1."""
    with day.database.transaction() as session:
        absence = session.get_one(Absence, 1)
        absence.kind = kind
        absence.people_seen, absence.people_rule = people or (None, None)


@pytest.mark.parametrize(
    ("kind", "people", "english", "chinese"),
    [
        (
            EventKind.TOO_FEW,
            (1, 2),
            ["Too few staff", "1 of 2 there", "Fewer than 2 people"],
            ["在岗人数不足", "应到 2 人"],
        ),
        (EventKind.UNATTENDED, None, ["Customer unattended", "A customer waited for longer"], ["有人等候无人接待"]),
        (
            EventKind.QUEUE,
            (7, 5),
            ["Long queue", "7 people, more than 5", "held against nobody"],
            ["排队过长", "7 人，超过 5 人"],
        ),
        (
            EventKind.CROWD,
            (6, 3),
            ["Crowd in the staff zone", "More than 3 people"],
            ["工作人员区人员聚集", "不针对任何人"],
        ),
        (EventKind.NEVER_STAFFED, None, ["Not staffed at opening", "after the hall opened"], ["开门后未到岗"]),
        (EventKind.LEFT_EARLY, None, ["Left early", "before the hall closed"], ["提前离岗", "直至关门"]),
    ],
)
def test_each_kind_is_said_in_words_with_its_numbers(
    sign_in: SignIn,
    day: Services,
    kind: EventKind,
    people: tuple[int, int] | None,
    english: list[str],
    chinese: list[str],
) -> None:
    becomes(day, kind, people)
    client = sign_in("inspector")
    assert [word for word in english if word not in client.get("/absences/1", headers=EN).text] == []
    assert [word for word in chinese if word not in client.get("/absences/1", headers=ZH).text] == []
    told = client.get("/absences/1.json").json()
    assert (told["absence"]["kind"], told["is_absence"]) == (kind.value, kind is EventKind.TOO_FEW)


def test_lists_are_filtered_by_kind_and_the_day_has_a_lane_for_other_events(sign_in: SignIn, day: Services) -> None:
    becomes(day, EventKind.QUEUE, (7, 5))
    client = sign_in("supervisor")
    queues = client.get("/absences.json?kind=queue").json()["absences"]
    assert [(row["id"], row["people_seen"], row["people_rule"]) for row in queues] == [(1, 7, 5)]
    assert 1 not in [row["id"] for row in client.get("/absences.json?kind=absence").json()["absences"]]
    assert client.get("/absences.json?kind=nonsense").status_code == 422
    page = client.get("/counters/cc-1/day.json?day=2026-11-23").json()
    lanes = {lane["name"]: lane["bars"] for lane in page["timeline"]["lanes"]}
    assert [(bar["state"], bar["words"]) for bar in lanes["events"]] == [("event", "queue")]
    assert lanes["absences"] == []
    assert page["spent"]["absences"] == 0
    assert "Another event: Long queue" in client.get("/counters/cc-1/day?day=2026-11-23", headers=EN).text
    alert = next(row for row in client.get("/alerts.json?state=all").json()["alerts"] if row["absence_id"] == 1)
    assert (alert["people_seen"], alert["people_rule"]) == (7, 5)


def test_the_form_of_a_rule_keeps_what_else_is_looked_for_and_an_empty_field_switches_it_off(
    sign_in: SignIn, day: Services
) -> None:
    client = sign_in("admin")
    form = {"threshold_s": "600", "waiting_threshold_s": "90", "required_staff": "2", "queue_length": "5"}
    missing = client.post("/admin/rules?edit=1", data=form)
    assert (missing.status_code, "give both, or neither" in missing.text) == (422, True)
    assert client.post("/admin/rules?edit=1", data=form | {"queue_s": "60"}).status_code == 303
    with day.database.transaction() as session:
        rule = session.exec(select(AbsenceRule).where(AbsenceRule.version == 3)).one()
        assert (rule.required_staff, rule.queue_length, rule.queue_s, rule.crowd_size) == (2, 5, 60, None)
        number = rule.id
    page = client.get(f"/admin/rules?edit={number}").text
    assert re.search(r'name="queue_length"[^>]*value="5"', page)
    off = {"threshold_s": "600", "waiting_threshold_s": "90", "required_staff": "2", "queue_length": "", "queue_s": ""}
    assert client.post(f"/admin/rules?edit={number}", data=off).status_code == 303
    with day.database.transaction() as session:
        assert session.exec(select(AbsenceRule).where(AbsenceRule.version == 4)).one().queue_length is None


def test_the_dry_run_finds_what_else_a_rule_would_look_for(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        for row in session.exec(select(Presence).where(Presence.counter_id == "cc-1")):
            session.delete(row)
        session.flush()
        for start, end, staff, customers in ((90, 60, 1, 6), (60, 50, 1, 0)):
            session.add(
                Presence(
                    counter_id="cc-1",
                    start=ago(start),
                    end=ago(end),
                    staff=StaffState.STAFFED,
                    customer=CustomerState.WAITING if customers else CustomerState.NONE,
                    staff_count=staff,
                    staff_most=staff,
                    customer_count=customers,
                )
            )
    client = sign_in("admin")
    query = "counter=cc-1&threshold_s=600&required_staff=2&queue_length=5&queue_s=300&crowd_size=&crowd_s="
    page = tried(client, query)
    assert {alert["kind"] for alert in page["alerts"]} == {"too_few", "queue"}
    assert [setting["value"] for setting in page["further"] if setting["name"].startswith("queue")] == [5, 300]
    assert tried(client, "counter=cc-1&threshold_s=600&queue_length=6&queue_s=300")["alerts"] == []
    shown = client.get(f"/admin/rules/dry-run?{query}", headers=EN).text
    assert "Long queue" in shown
    assert 'name="queue_s" value="300"' in shown
    assert client.get("/admin/rules/dry-run.json?queue_length=5").status_code == 422
